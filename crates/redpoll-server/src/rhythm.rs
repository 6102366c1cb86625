//! When a client will come next, if it comes at regular intervals.
//!
//! Whoever asks something every ten milliseconds finds the server asleep each time, and waking it
//! takes fifty times as long as the answer. But the intervals that lie behind tell when the next
//! request will come; so a poller can be awake by then, and look for it during a short
//! [`Window`].
//!
//! A client's clock may run from its last answer (ask, sleep, ask) or from its last request (a
//! timer). Both intervals are kept, and the one that varies less is believed. What belongs together
//! is a *visit*: requests with no pause between them in which the server would have gone to sleep.

use std::time::{Duration, Instant};

/// Intervals that are remembered.
const KEPT: usize = 16;
/// As many must be known before anything is expected.
const ENOUGH: usize = 6;
/// Shorter intervals are not worth sleeping for, and longer ones not worth remembering.
const INTERVALS: (Duration, Duration) = (Duration::from_micros(250), Duration::from_secs(60));
/// Intervals that vary by more are not regular.
const SPREAD_MAX: u64 = 250_000;
/// A window begins so much before the earliest expected moment.
const EARLY: u64 = 3_000;
/// It goes on for so long after the latest one, at least.
const LATE: u64 = 40_000;
/// Windows in vain, one after the other, until one is left out.
const VAIN_MAX: u32 = 3;
/// As many are left out at most.
const LEFT_OUT_MAX: u32 = 256;

/// A client's stay: from its first request until the server gave up looking for more.
#[derive(Clone, Copy, Debug)]
pub struct Visit {
    /// When the first request came.
    pub came: Instant,
    /// When the last one was answered.
    pub left: Instant,
    /// The longest pause between two requests.
    pub pause: Duration,
}

/// A span of time in which a request is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// From when.
    pub from: Instant,
    /// Until when.
    pub to: Instant,
}

impl Window {
    /// How long.
    pub fn len(&self) -> Duration {
        self.to - self.from
    }
}

/// See the module's head.
#[derive(Debug, Default)]
pub struct Rhythm {
    /// Nanoseconds from the last answer, and from the first request of the visit before.
    intervals: [[u64; KEPT]; 2],
    /// The longest pauses within visits, in nanoseconds.
    pauses: [u64; KEPT],
    /// Visits since the rhythm began.
    count: usize,
    last: Option<Visit>,
    /// Windows in vain, one after the other.
    vain: u32,
    /// Windows to leave out.
    left_out: u32,
}

impl Rhythm {
    /// When the client was last answered.
    pub fn left(&self) -> Option<Instant> {
        self.last.map(|visit| visit.left)
    }

    /// Notes a visit that is over.
    pub fn note(&mut self, visit: Visit) {
        let Some(last) = self.last.replace(visit) else { return };
        let since = [last.left, last.came].map(|then| visit.came.saturating_duration_since(then));
        let slot = self.count % KEPT;
        if since[0] < INTERVALS.0 {
            // It was not over: the server looked away too soon.
            let before = self.count.saturating_sub(1) % KEPT;
            self.pauses[before] = self.pauses[before].max(nanos(since[0]));
            self.last = Some(Visit { came: last.came, ..visit });
            return;
        }
        if since[0] > INTERVALS.1 {
            self.count = 0;
            return;
        }
        for (intervals, since) in self.intervals.iter_mut().zip(since) {
            intervals[slot] = nanos(since);
        }
        self.pauses[slot] = nanos(visit.pause);
        self.count += 1;
    }

    /// Notes how a window has ended.
    pub fn window_over(&mut self, met: bool) {
        if met {
            self.vain = 0;
            return;
        }
        self.vain += 1;
        if self.vain >= VAIN_MAX {
            self.left_out = (1 << (self.vain - VAIN_MAX).min(31)).min(LEFT_OUT_MAX);
        }
    }

    /// When the next request is expected, if that can be told.
    pub fn expect(&mut self) -> Option<Window> {
        let last = self.last?;
        let [answer, request] = [0, 1].map(|which| self.middle(&self.intervals[which]));
        let (low, high, origin) = match (answer?, request?) {
            (answer, request) if answer.1 - answer.0 <= request.1 - request.0 => {
                (answer.0, answer.1, last.left)
            }
            (_, request) => (request.0, request.1, last.came),
        };
        let spread = high - low;
        if spread > SPREAD_MAX {
            return None;
        }
        if self.left_out > 0 {
            self.left_out -= 1;
            return None;
        }
        let from = origin + Duration::from_nanos(low.saturating_sub(EARLY + spread / 8));
        let to = origin + Duration::from_nanos(high + spread.max(LATE));
        Some(Window { from, to })
    }

    /// How long to look for more once a request is answered, if that is known.
    pub fn linger(&self) -> Option<Duration> {
        let known = self.count.min(KEPT);
        let longest = self.pauses[..known].iter().max().filter(|_| known >= ENOUGH)?;
        Some(Duration::from_nanos(longest * 2 + EARLY))
    }

    /// What nearly all of these lie between: one in sixteen may be shorter, and two longer, as
    /// whoever sleeps wakes late rather than early.
    fn middle(&self, intervals: &[u64; KEPT]) -> Option<(u64, u64)> {
        let known = self.count.min(KEPT);
        if known < ENOUGH {
            return None;
        }
        let mut sorted = *intervals;
        let sorted = &mut sorted[..known];
        sorted.sort_unstable();
        Some((sorted[known / 16], sorted[known - 1 - known.div_ceil(8)]))
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// How much time may go into looking ahead.
#[derive(Debug)]
pub struct Budget {
    /// Nanoseconds that may be used; below 0 after a window that was longer than that.
    credit: i64,
    at: Instant,
    used_until: Instant,
}

impl Budget {
    /// Nothing yet.
    pub fn new(now: Instant) -> Self {
        Budget { credit: 0, at: now, used_until: now }
    }

    /// Whether so much more may be used, where `share` nanoseconds come with each second.
    pub fn allows(&mut self, time: Duration, now: Instant, share: u64) -> bool {
        let passed = nanos(now.saturating_duration_since(self.at)).min(1_000_000_000);
        self.at = self.at.max(now);
        let share = i64::try_from(share).unwrap_or(i64::MAX);
        let more = i128::from(share) * i128::from(passed) / 1_000_000_000;
        self.credit = self.credit.saturating_add(more as i64).min(share);
        i64::try_from(nanos(time)).is_ok_and(|time| time <= self.credit)
    }

    /// Notes that the time between the two was used. Answers how much of it had not been noted yet:
    /// one may look for several clients at once.
    pub fn used(&mut self, from: Instant, to: Instant) -> u64 {
        let time = nanos(to.saturating_duration_since(from.max(self.used_until)));
        self.used_until = self.used_until.max(to);
        self.credit = self.credit.saturating_sub(i64::try_from(time).unwrap_or(i64::MAX));
        time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    /// Visits of a microsecond each, these microseconds from an answer to the next request.
    fn visits(rhythm: &mut Rhythm, begin: Instant, intervals: &[u64]) -> Instant {
        let mut now = begin;
        for interval in intervals {
            let came = now + micros(*interval);
            now = came + micros(1);
            rhythm.note(Visit { came, left: now, pause: Duration::ZERO });
        }
        now
    }

    #[test]
    fn regular_visits_are_expected() {
        let mut rhythm = Rhythm::default();
        let begin = Instant::now();
        let intervals = [10_080, 10_100, 10_090, 10_120, 10_085, 10_095, 10_100, 10_090];
        let now = visits(&mut rhythm, begin, &intervals);
        let window = rhythm.expect().expect("it is regular");
        assert!(window.from > now + micros(10_050) && window.from < now + micros(10_085));
        assert!(window.to > now + micros(10_120) && window.to < now + micros(10_250));
        assert!(rhythm.linger().is_some_and(|linger| linger < micros(20)));
    }

    #[test]
    fn one_that_is_late_now_and_then_is_regular_still() {
        let mut rhythm = Rhythm::default();
        let mut intervals = [5_050; 16];
        intervals[3] = 9_000;
        intervals[11] = 30_000;
        visits(&mut rhythm, Instant::now(), &intervals);
        assert!(rhythm.expect().is_some_and(|window| window.len() < micros(100)));
    }

    #[test]
    fn a_timer_is_told_from_a_sleeper() {
        // Requests come every 2000 µs whatever the answers take.
        let mut rhythm = Rhythm::default();
        let begin = Instant::now();
        for number in 0..12u32 {
            let came = begin + number * micros(2_000);
            let left = came + micros(u64::from(number % 5) * 100 + 2);
            rhythm.note(Visit { came, left, pause: Duration::ZERO });
        }
        let window = rhythm.expect().expect("it is regular");
        let next = begin + 12 * micros(2_000);
        assert!(window.from < next && next < window.to && window.len() < micros(100));
    }

    #[test]
    fn no_pattern_is_no_pattern() {
        let mut rhythm = Rhythm::default();
        let begin = Instant::now();
        let now = visits(&mut rhythm, begin, &[1_000; 5]);
        assert_eq!(rhythm.expect(), None, "too few");
        visits(&mut rhythm, now, &[700, 2_000, 5_000, 900, 40_000, 1_000, 1_500, 12_000]);
        assert_eq!(rhythm.expect(), None);
    }

    #[test]
    fn windows_in_vain_become_rare() {
        let mut rhythm = Rhythm::default();
        visits(&mut rhythm, Instant::now(), &[10_000; 16]);
        let mut opened = 0;
        for _ in 0..1000 {
            if rhythm.expect().is_some() {
                opened += 1;
                rhythm.window_over(false);
            }
        }
        assert!((3..20).contains(&opened), "{opened}");
        rhythm.window_over(true);
        rhythm.left_out = 0;
        assert!(rhythm.expect().is_some() && rhythm.expect().is_some());
    }

    #[test]
    fn who_was_left_too_soon_is_looked_for_longer() {
        let mut rhythm = Rhythm::default();
        let now = visits(&mut rhythm, Instant::now(), &[10_000; 16]);
        let came = now + micros(30);
        rhythm.note(Visit { came, left: came + micros(1), pause: Duration::ZERO });
        assert!(rhythm.linger().is_some_and(|linger| linger >= micros(60)));
        assert!(rhythm.expect().is_some(), "it is one visit");
    }

    #[test]
    fn the_budget_bounds_what_is_used() {
        let begin = Instant::now();
        let mut budget = Budget::new(begin);
        assert!(!budget.allows(micros(1), begin, 8_000_000));
        let now = begin + Duration::from_secs(1);
        assert!(budget.allows(micros(100), now, 8_000_000));
        // Two clients that are waited for at the same time cost once.
        assert_eq!(budget.used(now, now + micros(100)), 100_000);
        assert_eq!(budget.used(now + micros(50), now + micros(150)), 50_000);
        let mut used = 0;
        let mut at = now + micros(150);
        while budget.allows(micros(100), at, 8_000_000) {
            used += budget.used(at, at + micros(100));
            at += micros(100);
        }
        assert!(used < 8_000_000, "{used}");
        assert!(!budget.allows(micros(1), at, 0));
    }
}
