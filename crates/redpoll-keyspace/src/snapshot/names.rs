//! The keys of one database at one moment, for KEYS: walked by several threads at once, and without
//! what the keys hold.

use super::{Batch, Epochs, Orphan, Reader, Wanted};
use crate::keys::Keys;
use crate::table::Walk;
use redpoll_types::value::Value;
use std::collections::VecDeque;
use std::sync::Arc;

/// See the module's head.
pub struct Names {
    epochs: Arc<Epochs<Value>>,
    reader: Reader,
    /// The number of the database at that moment, and that of its table.
    db: usize,
    table: u16,
    len: usize,
}

/// How far a stripe has been walked.
#[derive(Clone, Copy, Default)]
pub struct Walked(Walk);

impl Walked {
    /// Whether all of it has been.
    pub fn is_over(self) -> bool {
        self.0.is_over()
    }
}

impl Names {
    /// Those of this moment in the database at hand; all stripes must be locked. `None`: so many
    /// snapshots are being taken that there is no room for another one.
    pub fn begin(keys: &mut Keys<'_>) -> Option<Self> {
        assert!(keys.holds_all(), "a snapshot begins with all stripes locked");
        let (keyspace, db) = (keys.keyspace(), keys.db());
        let mut numbers = vec![0; keyspace.databases()].into_boxed_slice();
        for (number, db) in keys.held_stripe(0).dbs().iter().enumerate() {
            numbers[usize::from(db.table.number())] = number as u16;
        }
        let table = keys.held_stripe(0).dbs()[db].table.number();
        let epochs = Arc::clone(keyspace.epochs());
        let reader = epochs.begin(Wanted::KeysOf(table), numbers)?;
        Some(Names { epochs, reader, db, table, len: keyspace.len(db) })
    }

    /// The number of keys, expired ones that were still there included.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there were none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether somebody waits for room for another snapshot.
    pub fn are_short(&self) -> bool {
        self.epochs.is_short()
    }

    /// Adds about `most` keys of a stripe to the batch, from where the walk stands. The stripe is
    /// locked for this alone. Each stripe is to be walked to its end by one thread.
    pub fn step(
        &self,
        keys: &mut Keys<'_>,
        stripe: usize,
        walked: &mut Walked,
        most: usize,
        batch: &mut Batch<Value>,
    ) {
        let part = keys.stripe(stripe).db_of_table(self.table, self.db);
        part.table.capture_step(self.reader, &mut walked.0, most, self.db as u16, batch);
        keys.unlock_walk();
    }

    /// As [`Names::step`]; the keys are taken out of `rest` as well, a snapshot of the same moment.
    pub fn step_with(
        &self,
        rest: &Names,
        keys: &mut Keys<'_>,
        (stripe, walked): (usize, &mut Walked),
        most: usize,
        batch: &mut Batch<Value>,
    ) {
        let both = self.reader.bit() | rest.reader.bit();
        let part = keys.stripe(stripe).db_of_table(self.table, self.db);
        part.table.meet_step(self.reader, &mut walked.0, most, |entry| {
            batch.push(self.db as u16, entry);
            both
        });
        keys.unlock_walk();
    }

    /// Counts, of about `most` keys of a stripe, those that are wanted, where they stand, as
    /// [`Names::step`] walks; the others are taken out of `rest`, a snapshot of the same moment.
    /// The stripe is locked meanwhile, so `wants`, which sees key and expiry, must be quick.
    pub fn count_step(
        &self,
        rest: &Names,
        keys: &mut Keys<'_>,
        (stripe, walked): (usize, &mut Walked),
        most: usize,
        wants: impl Fn(&[u8], Option<i64>) -> bool,
    ) -> usize {
        let (mut count, all) = (0, self.reader.bit() | rest.reader.bit());
        let part = keys.stripe(stripe).db_of_table(self.table, self.db);
        part.table.meet_step(self.reader, &mut walked.0, most, |entry| {
            let wanted = wants(entry.key(), entry.expiry());
            count += usize::from(wanted);
            if wanted { self.reader.bit() } else { all }
        });
        keys.unlock_walk();
        count
    }

    /// Calls `show` for the batches that those have captured who have changed keys meanwhile. To be
    /// called when all stripes have been walked.
    pub fn captured(&self, mut show: impl FnMut(&Batch<Value>)) {
        let (mut batches, mut orphans) = (VecDeque::new(), VecDeque::new());
        self.epochs.take(self.reader, &mut batches, &mut orphans);
        batches.iter().for_each(&mut show);
        orphans.iter().for_each(|orphan| self.orphan(orphan, &mut show));
    }

    /// What is needed of a table that was taken out of the keyspace.
    fn orphan(&self, orphan: &Orphan<Value>, show: &mut impl FnMut(&Batch<Value>)) {
        let table = (**orphan).as_ref();
        if table.number() != self.table {
            return;
        }
        let (mut walk, mut batch) = (Walk::default(), Batch::of_keys());
        while !walk.is_over() {
            table.look_step(self.reader, &mut walk, 1024, &mut |entry| {
                batch.push(self.db as u16, entry);
            });
            show(&batch);
            batch.clear();
        }
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        self.epochs.end(self.reader, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Keyspace;
    use crate::keys::Expiry;
    use redpoll_types::rng::{Rng, SmallRng};
    use std::collections::BTreeSet;

    const NOW: i64 = 4_000_000_000_000;

    fn key(number: u64) -> Vec<u8> {
        format!("key:{number}").into_bytes()
    }

    fn set(keyspace: &Keyspace, number: u64) {
        let mut keys = keyspace.keys(0, NOW);
        keys.lock_key(&key(number));
        keys.set_string(&key(number), b"value", Expiry::Clear);
    }

    fn delete(keyspace: &Keyspace, number: u64) {
        let mut keys = keyspace.keys(0, NOW);
        keys.lock_key(&key(number));
        keys.delete(&key(number));
    }

    fn names_of(batch: &Batch<Value>, into: &mut Vec<Vec<u8>>) {
        batch.each(|captured| {
            into.push(captured.key.to_vec());
            true
        });
    }

    /// Whatever happens between the steps, what comes is what there was, each once.
    #[test]
    fn all_are_of_one_moment() {
        for seed in 0..if cfg!(miri) { 1 } else { 20 } {
            let (keyspace, mut rng) = (Keyspace::new(2), SmallRng::new(seed));
            let count = 200 + rng.below(4000);
            (0..count).for_each(|number| set(&keyspace, number));
            let mut keys = keyspace.keys(0, NOW);
            keys.lock_all();
            let names = Names::begin(&mut keys).expect("room for one");
            keys.unlock();
            assert_eq!(names.len() as u64, count);
            let (mut come, mut batch) = (Vec::new(), Batch::of_keys());
            let flush_at = rng.below(1024);
            for stripe in 0..keyspace.stripes() {
                let mut walked = Walked::default();
                while !walked.is_over() {
                    for _ in 0..rng.below(12) {
                        match rng.below(3) {
                            0 => set(&keyspace, count + rng.below(3000)),
                            1 => set(&keyspace, rng.below(count)),
                            _ => delete(&keyspace, rng.below(count)),
                        }
                    }
                    if stripe as u64 == flush_at {
                        let mut keys = keyspace.keys(0, NOW);
                        keys.lock_all();
                        keys.empty(0).free_later(&keyspace);
                    }
                    names.step(&mut keys, stripe, &mut walked, 16, &mut batch);
                    names_of(&batch, &mut come);
                    batch.clear();
                }
            }
            names.captured(|batch| names_of(batch, &mut come));
            assert_eq!(come.len() as u64, count, "seed {seed}");
            let come: BTreeSet<Vec<u8>> = come.into_iter().collect();
            assert_eq!(come, (0..count).map(key).collect(), "seed {seed}");
        }
    }

    /// Names that are counted in place are those that are left for the other snapshot.
    #[test]
    fn what_is_not_wanted_is_left_out() {
        for seed in 0..if cfg!(miri) { 1 } else { 20 } {
            let (keyspace, mut rng) = (Keyspace::new(1), SmallRng::new(seed));
            let count = 200 + rng.below(3000);
            (0..count).for_each(|number| set(&keyspace, number));
            let mut keys = keyspace.keys(0, NOW);
            keys.lock_all();
            let counting = Names::begin(&mut keys).expect("room for one");
            let rest = Names::begin(&mut keys).expect("room for another one");
            keys.unlock();
            let wants = |key: &[u8], _: Option<i64>| key.ends_with(b"3");
            let disturb = |rng: &mut SmallRng| match rng.below(3) {
                0 => set(&keyspace, count + rng.below(3000)),
                1 => set(&keyspace, rng.below(count)),
                _ => delete(&keyspace, rng.below(count)),
            };
            let (mut counted, mut come, mut batch) = (0, Vec::new(), Batch::of_keys());
            for stripe in 0..keyspace.stripes() {
                let mut walked = Walked::default();
                while !walked.is_over() {
                    (0..rng.below(12)).for_each(|_| disturb(&mut rng));
                    let place = (stripe, &mut walked);
                    if stripe < 80 {
                        // These are kept at once.
                        counting.step_with(&rest, &mut keys, place, 16, &mut batch);
                        let before = come.len();
                        names_of(&batch, &mut come);
                        counted += come[before..].iter().filter(|key| wants(key, None)).count();
                        batch.clear();
                        continue;
                    }
                    counted += counting.count_step(&rest, &mut keys, place, 16, wants);
                }
            }
            let mut captured = Vec::new();
            counting.captured(|batch| names_of(batch, &mut captured));
            counted += captured.iter().filter(|key| wants(key, None)).count();
            for stripe in 0..keyspace.stripes() {
                let mut walked = Walked::default();
                while !walked.is_over() {
                    (0..rng.below(12)).for_each(|_| disturb(&mut rng));
                    rest.step(&mut keys, stripe, &mut walked, 16, &mut batch);
                    assert!(
                        batch.is_empty() || {
                            let mut names = Vec::new();
                            names_of(&batch, &mut names);
                            names.iter().all(|key| wants(key, None))
                        }
                    );
                    names_of(&batch, &mut come);
                    batch.clear();
                }
            }
            rest.captured(|batch| names_of(batch, &mut come));
            come.retain(|key| wants(key, None));
            let want: BTreeSet<_> = (0..count).map(key).filter(|key| wants(key, None)).collect();
            assert_eq!((counted, come.len()), (want.len(), want.len()), "seed {seed}");
            assert_eq!(come.into_iter().collect::<BTreeSet<_>>(), want, "seed {seed}");
        }
    }

    #[test]
    fn some_seats_are_for_those_who_save() {
        let keyspace = Keyspace::new(1);
        set(&keyspace, 1);
        let mut keys = keyspace.keys(0, NOW);
        keys.lock_all();
        let taken: Vec<_> = (0..8).map_while(|_| Names::begin(&mut keys)).collect();
        assert_eq!(taken.len(), 4);
        assert!(super::super::Snapshot::begin(&mut keys).is_some());
        assert!(taken[0].are_short());
        drop(taken);
        assert!(Names::begin(&mut keys).is_some_and(|names| !names.are_short()));
    }
}
