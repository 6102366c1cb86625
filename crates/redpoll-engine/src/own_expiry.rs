//! Keys with an expiry that clients have written on a replica which takes writes: no primary will
//! say when they go, so the replica removes them itself.

use crate::engine::Engine;
use crate::spec::Spec;
use parking_lot::Mutex;
use redpoll_keyspace::Keys;
use redpoll_resp::Args;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering::*};

/// Keys looked at in one go.
const SLICE: usize = 100;

/// See the module's head.
#[derive(Default)]
pub struct OwnExpiry {
    any: AtomicBool,
    keys: Mutex<BTreeSet<(usize, Box<[u8]>)>>,
}

impl OwnExpiry {
    /// Remembers those of a command's keys that expire.
    #[cold]
    pub(crate) fn note(&self, keys: &mut Keys<'_>, spec: &Spec, args: Args<'_>) {
        let db = keys.db();
        for key in spec.key_positions(args).iter().filter_map(|at| args.get(at.index)) {
            if keys.holds_key(key) && keys.peek(key).is_some_and(|entry| entry.expiry().is_some()) {
                self.keys.lock().insert((db, key.into()));
                self.any.store(true, Release);
            }
        }
    }

    /// Forgets all: the server's role is another.
    pub(crate) fn clear(&self) {
        self.keys.lock().clear();
        self.any.store(false, Release);
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        !self.any.load(Acquire)
    }

    /// Takes some keys out, from behind `after` on.
    fn slice(&self, after: Option<&(usize, Box<[u8]>)>) -> Vec<(usize, Box<[u8]>)> {
        use std::ops::Bound::{Excluded, Unbounded};
        let from = after.map_or(Unbounded, |after| Excluded(after.clone()));
        self.keys.lock().range((from, Unbounded)).take(SLICE).cloned().collect()
    }

    fn forget(&self, key: &(usize, Box<[u8]>)) {
        let mut keys = self.keys.lock();
        keys.remove(key);
        self.any.store(!keys.is_empty(), Release);
    }
}

impl Engine {
    /// Removes those of the remembered keys whose time has come. Answers how many went.
    pub(crate) fn remove_own_expired(&self, now: i64) -> u64 {
        let (mut last, mut removed) = (None, 0);
        loop {
            let slice = self.own_expiry.slice(last.as_ref());
            let Some(end) = slice.last() else { return removed };
            last = Some(end.clone());
            for key in &slice {
                let mut keys = self.keyspace.keys(key.0, now);
                keys.lock_key(&key.1);
                keys.set_reaps(true);
                let expires = keys.peek(&key.1).is_some_and(|entry| entry.expiry().is_some());
                // To look at it removes it, if its time has come.
                let stays = keys.contains(&key.1);
                removed += u64::from(keys.effects.expired);
                if !expires || !stays {
                    self.own_expiry.forget(key);
                }
            }
        }
    }
}
