//! Waiting for a moment without giving the processor away, where that pays.
//!
//! To spin is right while the other side runs on another core and answers soon. It is wrong where
//! both share a core, or other work wants it: then every turn of the loop keeps the very thing
//! from happening that is waited for. Nobody tells a process which it is (affinity, containers,
//! load), so the loop finds out while it runs: if the clock jumps between two looks, somebody else
//! has had the core meanwhile, and there is no spinning for a while, twice as long each time that
//! happens again. And if spinning has been in vain several times in a row, it is tried only now and
//! then.

use std::hint::spin_loop;
use std::time::{Duration, Instant};

/// Looks between two readings of the clock.
const LOOKS: usize = 32;
/// A jump of the clock that means that the core was taken away.
const JUMP: Duration = Duration::from_micros(40);
/// The first rest, and the longest.
const RESTS: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(256));
/// After so many waits in vain, only one of that many is spun.
const VAIN_MAX: u32 = 8;

/// How a side has fared with spinning.
#[derive(Clone, Debug)]
pub struct Spin {
    budget: Duration,
    rest: Duration,
    resting_until: Option<Instant>,
    vain: u32,
}

impl Spin {
    /// Spins for so long at most; never on a machine with one processor.
    pub fn new(budget: Duration) -> Self {
        let mut spin = Spin { budget, rest: RESTS.0, resting_until: None, vain: 0 };
        spin.set_budget(budget);
        spin
    }

    /// Changes how long.
    pub fn set_budget(&mut self, budget: Duration) {
        self.budget = if processors() > 1 { budget } else { Duration::ZERO };
    }

    /// How long.
    pub fn budget(&self) -> Duration {
        self.budget
    }

    /// Whether the core was found to be wanted by others not long ago.
    pub fn rests(&mut self, now: Instant) -> bool {
        match self.resting_until {
            Some(until) if now < until => true,
            Some(_) => {
                self.resting_until = None;
                false
            }
            None => false,
        }
    }

    /// Notes that so much time has passed between two looks. Answers whether others want the core.
    pub fn passed(&mut self, now: Instant, time: Duration) -> bool {
        if time < JUMP {
            return false;
        }
        self.resting_until = Some(now + self.rest);
        self.rest = (self.rest * 2).min(RESTS.1);
        true
    }

    /// Notes that spinning has paid off.
    pub fn paid_off(&mut self) {
        self.vain = 0;
        self.rest = (self.rest / 2).max(RESTS.0);
    }

    /// Looks again and again until it is there. False: better sleep now.
    #[inline]
    pub fn wait(&mut self, is_there: impl Fn() -> bool) -> bool {
        self.wait_times(1, is_there)
    }

    /// The same for so many times as long.
    #[inline]
    pub fn wait_times(&mut self, times: u32, is_there: impl Fn() -> bool) -> bool {
        // Something that comes at once costs no reading of the clock.
        for _ in 0..LOOKS {
            if is_there() {
                return true;
            }
            spin_loop();
        }
        self.wait_longer(times, is_there)
    }

    fn wait_longer(&mut self, times: u32, is_there: impl Fn() -> bool) -> bool {
        if self.budget.is_zero() {
            return is_there();
        }
        if self.vain >= VAIN_MAX {
            self.vain += 1;
            if !self.vain.is_multiple_of(VAIN_MAX) {
                return is_there();
            }
        }
        let begun = Instant::now();
        if self.rests(begun) {
            return is_there();
        }
        let mut last = begun;
        loop {
            for _ in 0..LOOKS {
                if is_there() {
                    self.paid_off();
                    return true;
                }
                spin_loop();
            }
            let now = Instant::now();
            if self.passed(now, now - last) {
                return is_there();
            }
            if now - begun >= self.budget * times {
                self.vain += 1;
                return is_there();
            }
            last = now;
        }
    }
}

/// Processors of the machine: those that we may not use run our peers.
fn processors() -> usize {
    // sched_getaffinity would tell ours only.
    let text = std::fs::read_to_string("/sys/devices/system/cpu/online").unwrap_or_default();
    let counted = text.trim().split(',').map(|range| {
        let mut ends = range.split('-').map(|end| end.parse::<usize>().unwrap_or(0));
        let first = ends.next().unwrap_or(0);
        ends.next().unwrap_or(first).saturating_sub(first) + 1
    });
    let listed: usize = counted.sum();
    listed.max(std::thread::available_parallelism().map_or(1, usize::from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn what_comes_is_seen_and_what_does_not_come_ends() {
        let mut spin = Spin::new(Duration::from_micros(200));
        let looks = Cell::new(0);
        let later = |wanted: u32| {
            looks.set(looks.get() + 1);
            looks.get() > wanted
        };
        assert!(spin.wait(|| later(10)));
        let begun = Instant::now();
        assert!(!spin.wait(|| false));
        // Generous: the machine may be busy.
        assert!(begun.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_jump_of_the_clock_makes_it_rest_for_longer_each_time() {
        let mut spin = Spin::new(Duration::from_micros(50));
        let now = Instant::now();
        assert!(!spin.passed(now, Duration::from_micros(1)));
        assert!(!spin.rests(now));
        assert!(spin.passed(now, Duration::from_millis(4)));
        assert!(spin.rests(now) && !spin.rests(now + Duration::from_millis(2)));
        assert!(spin.passed(now, Duration::from_millis(4)));
        assert!(spin.rests(now + Duration::from_micros(1500)));
        assert!(!spin.rests(now + Duration::from_micros(2500)));
    }
}
