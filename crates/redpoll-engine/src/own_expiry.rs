//! Keys with an expiry that clients have written on a replica which takes writes: no primary will
//! say when they go, so the replica removes them itself.

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
    pub(crate) fn slice(&self, after: Option<&(usize, Box<[u8]>)>) -> Vec<(usize, Box<[u8]>)> {
        use std::ops::Bound::{Excluded, Unbounded};
        let from = after.map_or(Unbounded, |after| Excluded(after.clone()));
        self.keys.lock().range((from, Unbounded)).take(SLICE).cloned().collect()
    }

    /// Forgets a key, which is locked.
    pub(crate) fn forget(&self, key: &(usize, Box<[u8]>)) {
        let mut keys = self.keys.lock();
        keys.remove(key);
        self.any.store(!keys.is_empty(), Release);
    }
}
