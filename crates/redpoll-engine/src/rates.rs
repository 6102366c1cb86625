//! What happens in a second: the `instantaneous_` figures of INFO.
//!
//! The counters are sampled about ten times a second, and the figure is the mean of the last
//! samples; so one INFO does not disturb what another sees, and a short burst shows.

use crate::engine::Engine;
use parking_lot::Mutex;
use std::sync::atomic::Ordering::Relaxed;

/// Samples that the mean is taken of.
const SAMPLES: usize = 16;
/// The time between two samples, at least.
const INTERVAL_MS: i64 = 100;

/// The number of counters that are sampled.
const COUNTERS: usize = 7;

/// Amounts in a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerSecond {
    /// Commands executed.
    pub commands: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Turns of the event loops.
    pub turns: u64,
    /// Time in them, in microseconds.
    pub turn_micros: u64,
    /// Bytes received from a primary; a part of those above.
    pub from_primary: u64,
    /// Bytes sent to replicas; likewise.
    pub to_replicas: u64,
}

#[derive(Default)]
struct Samples {
    /// When the counters were read last, and what they were.
    last: Option<(i64, [u64; COUNTERS])>,
    /// Amounts in a second, the next one to be overwritten at `next`.
    samples: Vec<[u64; COUNTERS]>,
    next: usize,
}

/// See the module's head.
#[derive(Default)]
pub struct Rates(Mutex<Samples>);

impl Rates {
    fn sample(&self, now: i64, counters: [u64; COUNTERS]) {
        let mut all = self.0.lock();
        let (before, old) = *all.last.get_or_insert((now, counters));
        // The clock may have been set back.
        if (before..before.saturating_add(INTERVAL_MS)).contains(&now) {
            return;
        }
        all.last = Some((now, counters));
        let Ok(millis) = u64::try_from(now - before) else { return };
        // A counter that CONFIG RESETSTAT has set back counts as unmoved.
        let rate = |index: usize| {
            let grown = counters[index].saturating_sub(old[index]);
            grown.saturating_mul(1000) / millis
        };
        let sample = std::array::from_fn(rate);
        if all.samples.len() < SAMPLES {
            all.samples.push(sample);
        } else {
            let next = all.next;
            all.samples[next] = sample;
            all.next = (next + 1) % SAMPLES;
        }
    }

    /// The means of the last samples; all 0 before the first two.
    pub fn per_second(&self) -> PerSecond {
        let all = self.0.lock();
        let count = all.samples.len().max(1) as u64;
        let mean =
            |index: usize| all.samples.iter().map(|sample| sample[index]).sum::<u64>() / count;
        PerSecond {
            commands: mean(0),
            bytes_in: mean(1),
            bytes_out: mean(2),
            turns: mean(3),
            turn_micros: mean(4),
            from_primary: mean(5),
            to_replicas: mean(6),
        }
    }
}

impl Engine {
    /// Bytes that have come: from clients, and from the primary.
    pub fn bytes_in(&self) -> u64 {
        let from_primary = self.replication.traffic[0].load(Relaxed);
        self.stats.sum(|thread| &thread.bytes_in) + from_primary
    }

    /// Samples the counters of [`Rates`]. To be called ten times a second; more does no harm.
    pub fn sample_rates(&self, now: i64) {
        let stats = &self.stats;
        let [from_primary, to_replicas] = &self.replication.traffic;
        let counters = [
            stats.sum(|thread| &thread.executed),
            self.bytes_in(),
            stats.sum(|thread| &thread.bytes_out),
            stats.sum(|thread| &thread.turns),
            stats.sum(|thread| &thread.turn_micros),
            from_primary.load(Relaxed),
            to_replicas.load(Relaxed),
        ];
        self.rates.sample(now, counters);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_of_the_last_samples() {
        let rates = Rates::default();
        rates.sample(0, [0; COUNTERS]);
        assert_eq!(rates.per_second(), PerSecond::default());
        rates.sample(100, [10, 200, 0, 1, 50, 100, 0]);
        let (turns, turn_micros) = (10, 500);
        let seen = PerSecond {
            commands: 100,
            bytes_in: 2000,
            turns,
            turn_micros,
            from_primary: 1000,
            ..PerSecond::default()
        };
        assert_eq!(rates.per_second(), seen);
        rates.sample(150, [99; COUNTERS]);
        rates.sample(200, [0; COUNTERS]);
        assert_eq!(rates.per_second().commands, 50);
        (0..SAMPLES as i64).for_each(|step| rates.sample(300 + step * 100, [0; COUNTERS]));
        assert_eq!(rates.per_second().commands, 0);
    }
}
