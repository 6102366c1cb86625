//! How many keys each stripe holds, to be read without its lock.
//!
//! DBSIZE, RANDOMKEY and KEYS ask all 256 stripes. Here their answers lie side by side, sixteen to
//! a cache line, written by whoever holds the stripe's lock. Two workers that write to one line
//! wait for nothing: a store is done in the background.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// See the module's head.
pub struct Lens {
    counts: Box<[AtomicU32]>,
    stripes: usize,
}

impl Lens {
    /// All empty.
    pub fn new(stripes: usize, databases: usize) -> Self {
        let counts = (0..stripes * databases).map(|_| AtomicU32::new(0)).collect();
        Lens { counts, stripes }
    }

    /// Notes how many keys a stripe holds of a database. With the stripe's lock held.
    #[inline]
    pub fn note(&self, stripe: usize, db: usize, len: usize) {
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        self.counts[db * self.stripes + stripe].store(len, Relaxed);
    }

    /// How many keys a stripe holds of a database.
    #[inline]
    pub fn at(&self, stripe: usize, db: usize) -> usize {
        self.counts[db * self.stripes + stripe].load(Relaxed) as usize
    }

    /// How many keys each stripe holds of a database.
    pub fn of(&self, db: usize) -> impl Iterator<Item = usize> + Clone {
        let counts = &self.counts[db * self.stripes..][..self.stripes];
        counts.iter().map(|count| count.load(Relaxed) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_apart() {
        let lens = Lens::new(4, 3);
        lens.note(2, 1, 7);
        lens.note(3, 1, 1);
        assert_eq!(lens.of(1).collect::<Vec<_>>(), [0, 0, 7, 1]);
        assert_eq!((lens.at(2, 1), lens.at(2, 0)), (7, 0));
        assert_eq!(lens.of(0).sum::<usize>() + lens.of(2).sum::<usize>(), 0);
    }
}
