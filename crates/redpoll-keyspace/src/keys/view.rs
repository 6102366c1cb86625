//! How a command sees the keyspace, for other threads that do a part of its work.

use super::Keys;
use crate::keyspace::Keyspace;

/// The database, the moment, and what is noted.
#[derive(Clone, Copy)]
pub struct View {
    db: usize,
    now: i64,
    gone_by: i64,
    reaps: bool,
    no_touch: bool,
    wanted: u32,
}

impl Keys<'_> {
    /// How this sees the keyspace.
    pub fn view(&self) -> View {
        View {
            db: self.db,
            now: self.now,
            gone_by: self.gone_by,
            reaps: self.reaps,
            no_touch: self.no_touch,
            wanted: self.effects.wanted,
        }
    }
}

impl View {
    /// The keys seen in the same way, none of them locked.
    pub fn keys(self, keyspace: &Keyspace) -> Keys<'_> {
        let mut keys = keyspace.keys(self.db, self.now);
        let View { gone_by, reaps, no_touch, wanted, .. } = self;
        (keys.gone_by, keys.reaps, keys.no_touch) = (gone_by, reaps, no_touch);
        keys.effects.wanted = wanted;
        keys
    }
}
