//! Locking stripes: one, those of some keys, all.

use super::*;
use crate::lock::Busy;

impl Keys<'_> {
    /// The stripe of this number: locked already, or else locked from here on alone, in place of
    /// the one that this call locked before. For commands that walk everything.
    pub fn stripe(&mut self, number: usize) -> &mut Stripe {
        if !self.guards.holds(number) {
            debug_assert!(!matches!(self.guards, Guards::Many(_)), "two locks out of order");
            self.unlock();
            self.guards = Guards::One(number, self.keyspace.lock(number));
        }
        self.guards.stripe_mut(number)
    }

    /// A stripe that is locked. Panics if it is not.
    pub fn held_stripe(&mut self, number: usize) -> &mut Stripe {
        self.guards.stripe_mut(number)
    }

    /// Whether the stripes of all these keys are locked.
    pub fn holds_keys<'k>(&self, mut keys: impl Iterator<Item = &'k [u8]>) -> bool {
        keys.all(|key| self.guards.holds(self.keyspace.stripe_of(self.keyspace.hash(key))))
    }

    /// Locks the stripe of a key alone, unless all are locked: for commands that find out their
    /// keys one by one and need no atomicity between them.
    pub fn lock_key(&mut self, key: &[u8]) {
        let number = self.keyspace.stripe_of(self.hash(key));
        self.stripe(number);
    }

    /// Locks the stripe of one hash, in place of what was locked before, unless a holder has it
    /// that is busy for long.
    #[inline]
    pub fn lock_hash(&mut self, hash: u64) -> Result<(), Busy> {
        self.unlock();
        let number = self.keyspace.stripe_of(hash);
        self.guards = Guards::One(number, self.keyspace.lock_unless_busy(number)?);
        Ok(())
    }

    /// Locks the stripes of all these keys; what was locked before is given back first. The keys'
    /// cache lines are asked for, so that the misses of a command with many keys overlap.
    pub fn lock_keys<'k>(&mut self, keys: impl Iterator<Item = &'k [u8]>) {
        if matches!(self.guards, Guards::All(_)) {
            return;
        }
        self.unlock();
        let mut hashes: Vec<u64> = keys.map(|key| self.keyspace.hash(key)).collect();
        hashes.sort_unstable_by_key(|&hash| self.keyspace.stripe_of(hash));
        let mut held = Vec::with_capacity(hashes.len());
        for number in hashes.iter().map(|&hash| self.keyspace.stripe_of(hash)) {
            if held.last().is_none_or(|(last, _)| *last != number) {
                held.push((number, self.keyspace.lock(number)));
            }
        }
        self.guards = match held.len() {
            1 => held.pop().map_or(Guards::None, |(number, guard)| Guards::One(number, guard)),
            _ => Guards::Many(held),
        };
        self.prefetch(&hashes);
    }

    /// Starts loading what these hashes' keys need into the processor's cache.
    fn prefetch(&self, hashes: &[u64]) {
        // More would push each other out again before they are used.
        const MAX: usize = 256;
        let hashes = &hashes[..hashes.len().min(MAX)];
        if hashes.len() < 2 {
            return;
        }
        let table = |hash| &self.guards.stripe(self.keyspace.stripe_of(hash)).dbs()[self.db].table;
        hashes.iter().for_each(|&hash| table(hash).prefetch_bucket(hash));
        hashes.iter().for_each(|&hash| table(hash).prefetch_entry(hash));
    }

    /// Whether the stripe of a key is locked.
    pub fn holds_key(&self, key: &[u8]) -> bool {
        self.guards.holds(self.keyspace.stripe_of(self.hash(key)))
    }

    /// Locks all stripes: everything stands still until [`Keys::unlock`].
    pub fn lock_all(&mut self) {
        if matches!(self.guards, Guards::All(_)) {
            return;
        }
        self.unlock();
        let all = (0..self.keyspace.stripes()).map(|number| self.keyspace.lock(number));
        self.guards = Guards::All(all.collect());
    }

    /// Whether all stripes are locked, as in a transaction of commands that walk everything.
    pub fn holds_all(&self) -> bool {
        matches!(self.guards, Guards::All(_))
    }

    /// Gives the locks back. What the change log is to hold of what was done under them goes there
    /// first, so that nothing can come in between.
    #[inline]
    pub fn unlock(&mut self) {
        self.hand_over_log();
        self.guards = Guards::None;
    }

    /// Gives the locks back unless all are held: for the end of a walk.
    pub fn unlock_walk(&mut self) {
        if !self.holds_all() {
            self.unlock();
        }
    }
}
