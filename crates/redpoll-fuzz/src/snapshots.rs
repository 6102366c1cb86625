//! Target: a sequence of commands, with snapshots that are taken slowly in between.
//!
//! Whatever a command does to a value, and by whatever way, a snapshot that began before must not
//! see it. What comes of a snapshot is compared, byte for byte as DUMP would have it, with what was
//! there when it began.

use crate::grammar::{Step, decode};
use crate::store::{Store, show};
use redpoll_engine::migration::dump;
use redpoll_keyspace::snapshot::{Batch, Snapshot};
use std::collections::BTreeMap;

/// Snapshots at once.
const MOST: usize = 3;

/// Keys of all databases: what DUMP answers, and when they expire.
type Copied = BTreeMap<(usize, Vec<u8>), (Vec<u8>, Option<i64>)>;

struct Taking {
    snapshot: Snapshot,
    come: Copied,
    expected: Copied,
}

impl Taking {
    fn begin(store: &Store) -> Self {
        let keyspace = &store.engine().keyspace;
        let (mut keys, mut expected) = (keyspace.keys(0, store.now), Copied::new());
        keys.lock_all();
        for stripe in 0..keyspace.stripes() {
            for (db, part) in keys.held_stripe(stripe).dbs().iter().enumerate() {
                for entry in part.table.iter() {
                    let held = (dump(entry.payload(), false), entry.expiry());
                    expected.insert((db, entry.key().to_vec()), held);
                }
            }
        }
        let snapshot = Snapshot::begin(&mut keys).expect("fewer than there may be");
        Taking { snapshot, come: Copied::new(), expected }
    }

    /// Lets some more come; false at the end.
    fn step(&mut self, store: &Store) -> bool {
        let mut keys = store.engine().keyspace.keys(0, store.now);
        let mut batch = Batch::new();
        let more = self.snapshot.next(&mut keys, &mut batch);
        batch.each(|entry| {
            let held = (dump(entry.payload, false), entry.expiry);
            let twice = self.come.insert((entry.db, entry.key.to_vec()), held);
            assert!(twice.is_none(), "{} comes twice", entry.key.escape_ascii());
            true
        });
        more
    }

    fn finish(mut self, store: &Store, history: &[String]) {
        while self.step(store) {}
        for (key, held) in &self.expected {
            let (shown, tail) = (key.1.escape_ascii(), history.join("\n"));
            assert!(self.come.get(key) == Some(held), "{shown} in {}, after\n{tail}", key.0);
        }
        assert_eq!(self.come.len(), self.expected.len(), "after\n{}", history.join("\n"));
    }
}

/// The target.
pub fn run(data: &[u8]) {
    let (mut store, mut history) = (Store::default(), Vec::new());
    let (mut taking, rhythm): (Vec<Taking>, _) = (Vec::new(), 1 + data.len() % 5);
    for (turn, step) in decode(data).into_iter().enumerate() {
        if turn % rhythm == 0 && taking.len() < MOST {
            history.push("a snapshot".to_owned());
            taking.push(Taking::begin(&store));
        }
        let mut run = |words: &[Vec<u8>]| {
            history.push(show(words));
            store.run(words);
        };
        match step {
            Step::Command { words, damaged } => {
                run(&words);
                if damaged {
                    run(&[b"RESET".to_vec()]);
                }
            }
            Step::Transaction(commands) => {
                run(&[b"MULTI".to_vec()]);
                commands.iter().for_each(|words| run(words));
                run(&[b"EXEC".to_vec()]);
            }
            Step::Wait(millis, active) => store.advance(millis, active),
        }
        if turn % 2 == 0 && !taking.is_empty() {
            let chosen = turn / 2 % taking.len();
            if !taking[chosen].step(&store) {
                taking.remove(chosen).finish(&store, &history);
            }
        }
    }
    taking.into_iter().for_each(|one| one.finish(&store, &history));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command_sequences::seeds;
    use crate::mutate::{Random, mutate};

    #[test]
    fn what_is_changed_meanwhile_is_not_seen() {
        let (seeds, mut random) = (seeds(), Random::new(5));
        seeds.iter().for_each(|seed| run(seed));
        for _ in 0..if cfg!(miri) { 1 } else { 60 } {
            let (one, other) = (random.below(seeds.len()), random.below(seeds.len()));
            run(&mutate(&seeds[one], &seeds[other], &mut random));
        }
    }
}
