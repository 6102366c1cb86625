//! What a worker writes down: every latency, and what was done in each tenth of a second.

use hdrhistogram::Histogram;
use std::time::Duration;

/// Length of an interval of the timeline.
pub const INTERVAL: Duration = Duration::from_millis(100);

/// Latencies below this many nanoseconds are told apart no further than to 8 nanoseconds.
const LATENCY_NS_MIN: u64 = 8;

/// Longer latencies count as this one.
const LATENCY_NS_MAX: u64 = 600_000_000_000;

/// What happened in one interval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Interval {
    /// Requests answered.
    pub requests: u64,
    /// The longest latency among them, in nanoseconds.
    pub latency_ns_max: u64,
}

/// Latencies and timeline of a worker, or of a whole test.
#[derive(Debug, Clone)]
pub struct Record {
    /// Every request's latency in nanoseconds.
    pub latency: Histogram<u64>,
    /// From the start, without gaps.
    pub timeline: Vec<Interval>,
    /// When the last reply came, in nanoseconds from the start.
    pub last_ns: u64,
    /// Sum of the latencies in nanoseconds: the histogram knows the mean only to its digits.
    sum_ns: u128,
}

impl Record {
    /// An empty record that keeps `digits` significant digits (1 to 5).
    pub fn new(digits: u8) -> Record {
        let latency =
            Histogram::new_with_bounds(LATENCY_NS_MIN, LATENCY_NS_MAX, digits.clamp(1, 5))
                .expect("constant bounds and digits in range");
        Record { latency, timeline: Vec::new(), last_ns: 0, sum_ns: 0 }
    }

    /// Writes down `count` requests that were answered at `now_ns` after `latency_ns`.
    pub fn add(&mut self, count: u64, latency_ns: u64, now_ns: u64) {
        self.latency.saturating_record_n(latency_ns, count);
        self.sum_ns += u128::from(latency_ns) * u128::from(count);
        self.last_ns = self.last_ns.max(now_ns);
        let index = (now_ns / INTERVAL.as_nanos() as u64) as usize;
        if index >= self.timeline.len() {
            self.timeline.resize(index + 1, Interval::default());
        }
        let interval = &mut self.timeline[index];
        interval.requests += count;
        interval.latency_ns_max = interval.latency_ns_max.max(latency_ns);
    }

    /// Adds what another worker wrote down at the same time.
    pub fn merge(&mut self, other: &Record) {
        // Both have the same bounds, which is all that adding asks for.
        let _ = self.latency.add(&other.latency);
        self.sum_ns += other.sum_ns;
        self.last_ns = self.last_ns.max(other.last_ns);
        if self.timeline.len() < other.timeline.len() {
            self.timeline.resize(other.timeline.len(), Interval::default());
        }
        for (mine, theirs) in self.timeline.iter_mut().zip(&other.timeline) {
            mine.requests += theirs.requests;
            mine.latency_ns_max = mine.latency_ns_max.max(theirs.latency_ns_max);
        }
    }

    /// Requests written down.
    pub fn requests(&self) -> u64 {
        self.latency.len()
    }

    /// The mean latency in nanoseconds, 0 of none.
    pub fn mean_ns(&self) -> f64 {
        if self.requests() == 0 { 0.0 } else { self.sum_ns as f64 / self.requests() as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_fall_into_their_intervals() {
        let mut record = Record::new(3);
        record.add(2, 1000, 50_000_000);
        record.add(3, 4000, 250_000_000);
        assert_eq!(record.requests(), 5);
        let requests: Vec<u64> = record.timeline.iter().map(|interval| interval.requests).collect();
        assert_eq!(requests, [2, 0, 3]);
        assert_eq!(record.timeline[2].latency_ns_max, 4000);
        assert_eq!(record.mean_ns(), 2800.0);
    }

    #[test]
    fn merging_is_like_having_written_into_one() {
        let (mut one, mut other, mut both) = (Record::new(3), Record::new(3), Record::new(3));
        for (index, record) in [&mut one, &mut other].into_iter().enumerate() {
            let (latency, now) = (1000 << index, 10_000_000 + 300_000_000 * index as u64);
            record.add(7, latency, now);
            both.add(7, latency, now);
        }
        one.merge(&other);
        assert_eq!(one.latency, both.latency);
        assert_eq!(one.timeline, both.timeline);
        assert_eq!((one.last_ns, one.mean_ns()), (both.last_ns, both.mean_ns()));
    }

    #[test]
    fn no_latency_is_too_long_or_too_short() {
        let mut record = Record::new(4);
        record.add(1, 0, 0);
        record.add(1, u64::MAX / 2, 0);
        assert_eq!(record.requests(), 2);
    }
}
