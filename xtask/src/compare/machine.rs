//! How long the machine itself keeps somebody waiting who may run at any time.
//!
//! A thread on each core, with real-time priority, sleeps for a moment again and again and notes
//! how late it comes back. Nothing that a program does in its own time can delay it: what does is
//! the system, in what it does not let itself be interrupted in, and whoever runs the machine if it
//! is a virtual one. A pause of a server that is no longer than that says nothing of the server.

use super::load::{LOAD_CORE, SERVER_CORE};
use super::probe::take_priority;
use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// How long a thread sleeps: short beside a pause that counts, long beside what waking costs.
const SLEEP: Duration = Duration::from_micros(200);
/// Above the probe, which is not to be taken for the machine.
const PRIORITY: &str = "20";

/// Does some work, and answers besides how many milliseconds the machine was late at most.
pub fn during<T>(work: impl FnOnce() -> Result<T, String>) -> Result<(T, f64), String> {
    let done = &AtomicBool::new(false);
    thread::scope(|scope| {
        let watches =
            [SERVER_CORE, LOAD_CORE].map(|core| scope.spawn(move || longest_delay_ms(core, done)));
        let worked = work();
        done.store(true, Relaxed);
        let mut longest = 0.0f64;
        for watch in watches {
            longest = longest.max(watch.join().map_err(|_| "a watch failed".to_string())?);
        }
        Ok((worked?, longest))
    })
}

fn longest_delay_ms(core: &str, done: &AtomicBool) -> f64 {
    let thread = fs::read_link("/proc/thread-self").unwrap_or_default();
    if let Some(id) = thread.file_name() {
        // Where it is not allowed, it watches the other core twice.
        let _ = Command::new("taskset").args(["-c", "-p", core]).arg(id).output();
    }
    take_priority(PRIORITY);
    let mut longest = Duration::ZERO;
    while !done.load(Relaxed) {
        let begun = Instant::now();
        thread::sleep(SLEEP);
        longest = longest.max(begun.elapsed().saturating_sub(SLEEP));
    }
    longest.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_late_by_something() {
        let (answer, late_ms) = during(|| {
            // sleep: there must be time to be late in.
            thread::sleep(Duration::from_millis(20));
            Ok(7)
        })
        .expect("work that succeeds");
        assert_eq!(answer, 7);
        assert!(late_ms > 0.0);
        assert!(during(|| Err::<(), _>("no".to_string())).is_err());
    }
}
