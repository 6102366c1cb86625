//! `--latency` and `--latency-history`: round trips of PING, one after the other.
//!
//! Times are milliseconds with three digits behind the point; the clock counts nanoseconds. On a
//! terminal one line is kept up to date, with percentiles; in a pipe a line of the plain numbers
//! `min max avg samples` is all, as scripts expect it.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::format::Output;
use crate::interrupt;
use crate::session::Session;
use crate::stop::Stop;

/// How long one measurement lasts in a pipe where nothing is said.
const MEASURE: Duration = Duration::from_secs(1);

/// How long one period of the history lasts where nothing is said.
const HISTORY: Duration = Duration::from_secs(15);

/// The line on a terminal is redrawn at most this often: drawing must not disturb measuring.
const REDRAW: Duration = Duration::from_millis(50);

/// What a shell reports for a program that Ctrl-C ended.
pub const INTERRUPTED: u8 = 130;

/// Measures: once in a pipe; without end on a terminal or with a history.
pub fn run(session: &mut Session) -> Result<(), Stop> {
    session.connect_or_stop()?;
    let stopped = interrupt::flag();
    let output = session.options.style.output;
    let history = session.options.latency_history;
    let period = match session.options.interval {
        Duration::ZERO if history => HISTORY,
        Duration::ZERO => MEASURE,
        said => said,
    };
    let live = output == Output::Standard;
    let mut samples = Samples::new()?;
    let mut start = Instant::now();
    let mut drawn: Option<Instant> = None;
    loop {
        if let Some(time) = round_trip(session)? {
            samples.add(time);
        }
        let over = start.elapsed() >= period && (history || !live);
        let ended = stopped.load(Ordering::Relaxed);
        let due = drawn.is_none_or(|drawn| drawn.elapsed() >= REDRAW);
        if live && (due || over || ended) {
            session.print(format!("\x1b[0G\x1b[2K{}", samples.line(output)).as_bytes())?;
            drawn = Some(Instant::now());
        }
        if ended {
            session.print(b"\n")?;
            return Err(Stop::Code(INTERRUPTED));
        }
        if over {
            let line = if live { String::new() } else { samples.line(output) };
            let range = match output {
                Output::Standard | Output::Raw if history => {
                    format!(" -- {:.2} seconds range", start.elapsed().as_secs_f64())
                }
                _ => String::new(),
            };
            session.print(format!("{line}{range}\n").as_bytes())?;
            if !history {
                return Ok(());
            }
            samples = Samples::new()?;
            start = Instant::now();
        }
        pause(session.options.latency_pause);
    }
}

/// One round trip; `None` if the connection had to be made again meanwhile.
pub fn round_trip(session: &mut Session) -> Result<Option<Duration>, Stop> {
    let start = Instant::now();
    let answered = session.ask(&["PING"]).is_ok();
    let time = start.elapsed();
    if answered {
        return Ok(Some(time));
    }
    session.ask_persistently(&["PING"])?;
    Ok(None)
}

/// Waits between two samples; a pause of nothing gives nothing away to the scheduler.
pub fn pause(time: Duration) {
    if !time.is_zero() {
        thread::sleep(time);
    }
}

/// Nanoseconds above which the percentiles no longer tell times apart: an hour.
const NANOS_MAX: u64 = 3_600_000_000_000;

/// Round trips, in nanoseconds.
struct Samples {
    /// For percentiles, which are exact to three digits; the rest is exact.
    histogram: Histogram<u64>,
    min: u64,
    max: u64,
    sum: u128,
}

impl Samples {
    fn new() -> Result<Self, Stop> {
        let histogram = Histogram::new_with_max(NANOS_MAX, 3)
            .map_err(|error| Stop::failed(format!("Histogram of latencies: {error}")))?;
        Ok(Self { histogram, min: u64::MAX, max: 0, sum: 0 })
    }

    fn add(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.histogram.saturating_record(nanos);
        self.min = self.min.min(nanos);
        self.max = self.max.max(nanos);
        self.sum += u128::from(nanos);
    }

    fn line(&self, output: Output) -> String {
        let count = self.histogram.len();
        let millis = |nanos: u64| nanos as f64 / 1e6;
        let at = |percentile: f64| millis(self.histogram.value_at_quantile(percentile / 100.0));
        let (min, max) = (millis(self.min.min(self.max)), millis(self.max));
        let average = if count == 0 { 0.0 } else { self.sum as f64 / count as f64 / 1e6 };
        let (p50, p99, p999) = (at(50.0), at(99.0), at(99.9));
        match output {
            Output::Standard => format!(
                "min: {min:.3}, max: {max:.3}, avg: {average:.3} ({count} samples) \
                 p50: {p50:.3}, p99: {p99:.3}, p99.9: {p999:.3} ms"
            ),
            Output::Raw => format!("{min:.3} {max:.3} {average:.3} {count}"),
            Output::Csv => format!("{min:.3},{max:.3},{average:.3},{count}"),
            Output::Json | Output::QuotedJson => format!(
                "{{\"min\": {min:.3}, \"max\": {max:.3}, \"avg\": {average:.3}, \
                 \"count\": {count}, \"p50\": {p50:.3}, \"p99\": {p99:.3}, \"p99.9\": {p999:.3}}}"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_show_milliseconds_in_every_form() {
        let mut samples = Samples::new().unwrap();
        for micros in [100, 200, 300, 20_000] {
            samples.add(Duration::from_micros(micros));
        }
        assert_eq!(samples.line(Output::Raw), "0.100 20.000 5.150 4");
        assert_eq!(samples.line(Output::Csv), "0.100,20.000,5.150,4");
        let line = samples.line(Output::Standard);
        assert!(line.starts_with("min: 0.100, max: 20.000, avg: 5.150 (4 samples) p50: 0.2"));
        let json = samples.line(Output::Json);
        assert!(json.starts_with("{\"min\": 0.100, ") && json.ends_with('}'), "{json}");
    }
}
