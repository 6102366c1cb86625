//! Lines in the log that say how far loading or saving has come, where that takes more than a
//! moment: one for each tenth, but not more than one a second and not less than one in five.

use redpoll_engine::Engine;
use redpoll_keyspace::clock;
use std::sync::atomic::{AtomicBool, Ordering::*};
use std::thread;
use std::time::{Duration, Instant};

/// Lines are at least so far apart, and at most.
const APART: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));
/// How often it is looked how far loading has come.
const LOOK: Duration = Duration::from_millis(200);

/// When to write the next line.
struct Pace {
    said_at: Instant,
    tenths: u64,
}

impl Pace {
    fn new(now: Instant) -> Self {
        Pace { said_at: now, tenths: 0 }
    }

    /// Whether to say that so much is done; then it counts as said.
    fn is_due(&mut self, (done, total): (u64, u64), now: Instant) -> bool {
        let tenths = (done.saturating_mul(10)).checked_div(total).unwrap_or(0);
        let elapsed = now - self.said_at;
        let due = elapsed >= APART.1 || (elapsed >= APART.0 && tenths > self.tenths);
        if due {
            *self = Pace { said_at: now, tenths };
        }
        due
    }
}

fn percent((done, total): (u64, u64)) -> f64 {
    done as f64 * 100.0 / total.max(1) as f64
}

/// Loads, and says meanwhile how far that has come.
pub fn while_loading<T>(engine: &Engine, load: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    let watch = || {
        let mut pace = Pace::new(Instant::now());
        while !done.load(Acquire) {
            thread::park_timeout(LOOK);
            let progress = &engine.persistence.load_progress;
            let (total, passed) = progress.bytes();
            if !done.load(Acquire) && pace.is_due((passed, total), Instant::now()) {
                let (percent, megabytes) = (percent((passed, total)), total >> 20);
                let left = progress.seconds_left(clock::now_ms());
                log::info!("Loading: {percent:.0}% of {megabytes} MB, about {left} seconds left");
            }
        }
    };
    thread::scope(|scope| {
        let watcher = thread::Builder::new().name("progress".to_owned());
        // Without it, nothing is said.
        let watcher = watcher.spawn_scoped(scope, watch).ok();
        let loaded = load();
        done.store(true, Release);
        watcher.inspect(|watcher| watcher.thread().unpark());
        loaded
    })
}

/// How far a snapshot has come that is being written.
#[derive(Default)]
pub struct Saving {
    pace: Option<Pace>,
}

impl Saving {
    /// To be called now and then: says how far it has come, if that is due.
    pub fn look(&mut self, engine: &Engine) {
        if !engine.is_saving() {
            self.pace = None;
            return;
        }
        let (progress, now) = (&engine.persistence.progress, Instant::now());
        let keys = (progress.keys.load(Relaxed), progress.total.load(Relaxed));
        if self.pace.get_or_insert_with(|| Pace::new(now)).is_due(keys, now) {
            let (percent, (done, total)) = (percent(keys), keys);
            log::info!("Saving: {percent:.0}%, {done} of {total} keys");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_distance() {
        let begun = Instant::now();
        let at = |ms| begun + Duration::from_millis(ms);
        let mut pace = Pace::new(begun);
        assert!(!pace.is_due((50, 100), at(999)));
        assert!(pace.is_due((50, 100), at(1000)));
        assert!(!pace.is_due((59, 100), at(5999)));
        assert!(pace.is_due((59, 100), at(6000)));
        assert!(pace.is_due((60, 100), at(7000)));
        // Nothing is known of how much there is.
        assert!(!pace.is_due((60, 0), at(9000)));
        assert!(pace.is_due((0, 0), at(12_000)));
    }
}
