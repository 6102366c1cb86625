//! `--intrinsic-latency N`: how long the system keeps this program from running. No server is
//! asked; a short computation is timed over and over, and what it takes longer than ever is time
//! that somebody else had the processor.

use std::hint::black_box;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::random::Random;
use crate::interrupt;
use crate::session::Session;
use crate::stop::Stop;

/// Steps of the computation: some microseconds.
const STEPS: u32 = 1000;

/// Measures for as many seconds as the options say.
pub fn run(session: &mut Session) -> Result<(), Stop> {
    let stopped = interrupt::flag();
    let seconds = u64::try_from(session.options.intrinsic_seconds).unwrap_or(0);
    let start = Instant::now();
    let mut random = Random::new();
    let mut longest = 0;
    let mut runs = 0u64;
    while start.elapsed() < Duration::from_secs(seconds) && !stopped.load(Ordering::Relaxed) {
        let begin = Instant::now();
        for _ in 0..STEPS {
            black_box(random.bits());
        }
        let micros = begin.elapsed().as_micros();
        runs += 1;
        if micros > longest {
            longest = micros;
            let line = format!("Max latency so far: {longest} microseconds.\n");
            session.print(line.as_bytes())?;
        }
    }
    let average = start.elapsed().as_secs_f64() * 1e6 / runs.max(1) as f64;
    let text = format!(
        "\n{runs} total runs (avg latency: {average:.4} microseconds / {:.2} nanoseconds \
         per run).\n\
         Worst run took {:.0}x longer than the average latency.\n",
        average * 1e3,
        longest as f64 / average
    );
    session.print(text.as_bytes())
}
