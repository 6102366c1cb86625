//! Removing keys that MIGRATE has sent.

use super::Executor;
use crate::migration::{Handover, Parcel};
use redpoll_keyspace::clock;
use redpoll_keyspace::effect::Class;
use std::sync::Arc;

impl Executor {
    /// Removes a key that has been sent, if it is still what was sent.
    pub fn hand_over(&mut self, db: usize, sent: &Parcel) -> Handover {
        self.refresh_settings();
        let engine = Arc::clone(&self.engine);
        let compress = engine.config.rdbcompression();
        let hash = engine.keyspace.hash(&sent.key);
        let mut keys = engine.keyspace.keys_one(hash, db, clock::now_ms());
        Self::attend(&engine, &self.settings, &mut keys);
        let handover = match Parcel::pack(&mut keys, &sent.key, compress) {
            None => Handover::Gone,
            Some(now) if now != *sent => Handover::Changed(now),
            Some(_) => {
                keys.delete(&sent.key);
                keys.wrote(&sent.key, Class::Generic, "del", 1);
                keys.log(db, [&b"DEL"[..], &sent.key]);
                Handover::Removed
            }
        };
        let (now, ready) = (keys.now(), Self::settle(&engine, &self.stats, &mut keys, None));
        drop(keys);
        if !ready.is_empty() {
            self.serve_unasked(ready, now);
        }
        handover
    }
}
