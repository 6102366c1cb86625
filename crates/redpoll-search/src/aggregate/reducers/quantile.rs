//! Quantiles of a stream of numbers in little memory.
//!
//! A sorted list of samples, each of which stands for a range of ranks: `gap` is how far its lowest
//! possible rank lies above that of the sample before, `slack` how wide its range is. Samples whose
//! ranges fit into the error that is allowed at their rank are merged. Small quantiles are the most
//! precise ones. (Cormode, Korn, Muthukrishnan, Srivastava: Effective Computation of Biased
//! Quantiles over Data Streams.)

/// How far off a rank may be, as a share of it.
const ERROR: f64 = 0.01;

/// The numbers so far.
#[derive(Debug)]
pub(in super::super) struct Quantiles {
    buffer: Vec<f64>,
    capacity: usize,
    samples: Vec<Sample>,
    count: usize,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    value: f64,
    gap: f64,
    slack: f64,
}

impl Quantiles {
    pub(super) fn new(capacity: usize) -> Self {
        Quantiles { buffer: Vec::new(), capacity, samples: Vec::new(), count: 0 }
    }

    pub(super) fn add(&mut self, value: f64) {
        if value.is_nan() {
            return;
        }
        self.buffer.push(value);
        if self.buffer.len() == self.capacity {
            self.flush();
            self.compress();
        }
    }

    /// The number below which this share of all lies; NaN if there are none.
    pub(super) fn at(&mut self, share: f64) -> f64 {
        self.flush();
        let Some(first) = self.samples.first() else {
            return f64::NAN;
        };
        let rank = (share * self.count as f64).ceil();
        let rank = rank + (allowed(rank) / 2.0).floor();
        let (mut reached, mut answer) = (0.0, first.value);
        for sample in &self.samples[1..] {
            if reached + sample.gap + sample.slack >= rank {
                break;
            }
            reached += sample.gap;
            answer = sample.value;
        }
        answer
    }

    /// Moves what is buffered in among the samples.
    fn flush(&mut self) {
        self.buffer.sort_by(f64::total_cmp);
        let mut merged = Vec::with_capacity(self.samples.len() + self.buffer.len());
        let mut old = self.samples.drain(..).peekable();
        let mut rank = 0.0;
        self.count += self.buffer.len();
        for value in self.buffer.drain(..) {
            while let Some(sample) = old.next_if(|sample| sample.value <= value) {
                rank += sample.gap;
                merged.push(sample);
            }
            let last = old.peek().is_none();
            let slack = if last { 0.0 } else { (allowed(rank).floor() - 1.0).max(0.0) };
            merged.push(Sample { value, gap: 1.0, slack });
        }
        merged.extend(old);
        self.samples = merged;
    }

    /// Merges samples with their right neighbours where the error allows it.
    fn compress(&mut self) {
        let Some(mut right) = self.samples.pop() else { return };
        let mut rank = self.count as f64 - 1.0 - right.gap;
        let mut kept = Vec::with_capacity(self.samples.len());
        while let Some(sample) = self.samples.pop() {
            let gap = sample.gap;
            // The least value stays what it is.
            if gap + right.gap + right.slack <= allowed(rank) && !self.samples.is_empty() {
                right.gap += gap;
            } else {
                kept.push(std::mem::replace(&mut right, sample));
            }
            rank -= gap;
        }
        kept.push(right);
        kept.reverse();
        self.samples = kept;
    }
}

/// How wide a sample's range may be at a rank.
fn allowed(rank: f64) -> f64 {
    2.0 * ERROR * rank
}

#[cfg(test)]
mod tests {
    use super::Quantiles;

    fn of(numbers: impl Iterator<Item = f64>, share: f64) -> f64 {
        let mut quantiles = Quantiles::new(500);
        numbers.for_each(|number| quantiles.add(number));
        quantiles.at(share)
    }

    #[test]
    fn few_numbers_are_exact() {
        let numbers = || [3.0, 1.0, 4.0, 2.0].into_iter();
        assert_eq!(of(numbers(), 0.0), 1.0);
        assert_eq!(of(numbers(), 0.5), 2.0);
        assert_eq!(of(numbers(), 1.0), 4.0);
        assert!(of([].into_iter(), 0.5).is_nan());
        assert_eq!(of([f64::NAN, 7.0].into_iter(), 0.5), 7.0);
    }

    #[test]
    fn many_numbers_are_close_and_take_little_memory() {
        let mut quantiles = Quantiles::new(500);
        for number in 0..200_000u64 {
            quantiles.add((number.wrapping_mul(7_919) % 200_000) as f64);
        }
        assert!(quantiles.samples.len() < 3_000, "{}", quantiles.samples.len());
        for share in [0.01, 0.1, 0.5, 0.9, 0.99] {
            let (got, want) = (quantiles.at(share), share * 200_000.0);
            assert!((got - want).abs() <= want * 0.03 + 1.0, "{share}: {got}");
        }
    }
}
