//! One connection that asks again and again while others work: what a patient client feels.
//!
//! The probe shares its core with the load. So as not to take its own waiting for the server's, it
//! asks the system for real-time priority (as root it gets it): it then runs the moment its reply
//! is there, and a pause that it sees was a pause of the server, or of the machine.

use super::server::{Client, Server};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

/// The probe's real-time priority.
const PRIORITY: &str = "10";

/// Latencies of a probe, sorted, in milliseconds.
pub struct Latencies {
    sorted_ms: Vec<f64>,
}

impl Latencies {
    fn new(mut unsorted_ms: Vec<f64>) -> Latencies {
        unsorted_ms.sort_by(f64::total_cmp);
        Latencies { sorted_ms: unsorted_ms }
    }

    /// The longest, 0 of none.
    pub fn max_ms(&self) -> f64 {
        self.sorted_ms.last().copied().unwrap_or(0.0)
    }

    /// The latency that `quantile` (0 to 1) of the requests did not exceed.
    pub fn quantile_ms(&self, quantile: f64) -> f64 {
        let rank = (quantile * self.sorted_ms.len() as f64).ceil() as usize;
        self.sorted_ms.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
    }
}

/// Sends one PING after the other while `work` runs, and returns what both came to.
pub fn during<T: Send>(
    server: &Server,
    work: impl FnOnce() -> Result<T, String> + Send,
) -> Result<(T, Latencies), String> {
    asking(server, |client, _| client.ask(&["PING"]).map(drop), work)
}

/// As [`during`], with a GET of the key that `key` names for each request, by its number.
pub fn reading<T: Send>(
    server: &Server,
    key: impl Fn(u64) -> String + Send,
    work: impl FnOnce() -> Result<T, String> + Send,
) -> Result<(T, Latencies), String> {
    asking(server, move |client, number| client.command(&["GET", &key(number)]), work)
}

/// As [`reading`], with a SET of the key.
pub fn writing<T: Send>(
    server: &Server,
    key: impl Fn(u64) -> String + Send,
    work: impl FnOnce() -> Result<T, String> + Send,
) -> Result<(T, Latencies), String> {
    asking(server, move |client, number| client.command(&["SET", &key(number), "v"]), work)
}

fn asking<T: Send>(
    server: &Server,
    ask: impl Fn(&mut Client, u64) -> Result<(), String> + Send,
    work: impl FnOnce() -> Result<T, String> + Send,
) -> Result<(T, Latencies), String> {
    let mut client = server.connect()?;
    let done = &AtomicBool::new(false);
    thread::scope(|scope| {
        let probe = scope.spawn(move || {
            take_priority(PRIORITY);
            let mut latencies_ms = Vec::new();
            while !done.load(Ordering::Relaxed) {
                let start = Instant::now();
                ask(&mut client, latencies_ms.len() as u64)?;
                latencies_ms.push(start.elapsed().as_secs_f64() * 1e3);
            }
            Ok::<_, String>(Latencies::new(latencies_ms))
        });
        let worked = work();
        done.store(true, Ordering::Relaxed);
        let latencies = probe.join().map_err(|_| "the probe failed".to_string())??;
        Ok((worked?, latencies))
    })
}

/// Asks for real-time priority for the calling thread; goes on without.
pub fn take_priority(priority: &str) {
    let thread = std::fs::read_link("/proc/thread-self").unwrap_or_default();
    if let Some(id) = thread.file_name() {
        let _ = Command::new("chrt").args(["-f", "-p", priority]).arg(id).output();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_sorted_latencies() {
        let latencies = Latencies::new((1..=100).rev().map(f64::from).collect());
        assert_eq!(latencies.max_ms(), 100.0);
        assert_eq!(latencies.quantile_ms(0.99), 99.0);
        assert_eq!(latencies.quantile_ms(0.5), 50.0);
        assert_eq!(Latencies::new(Vec::new()).quantile_ms(0.99), 0.0);
    }
}
