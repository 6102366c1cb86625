//! What a session has registered elsewhere, and how it is taken back.

use crate::engine::Engine;
use crate::pubsub::Kind;
use crate::session::{Session, Watched};
use redpoll_keyspace::Keys;
use redpoll_keyspace::lock::Busy;
use redpoll_keyspace::watch::WatchFlag;

impl Engine {
    /// Watches a key for a session. Locks the key's stripe alone.
    pub fn watch(&self, session: &mut Session, keys: &mut Keys<'_>, key: &[u8]) {
        let db = session.db;
        if session.watched.iter().any(|watched| watched.db == db && *watched.key == *key) {
            return;
        }
        keys.lock_key(key);
        let existed = keys.contains(key);
        let stripe = self.keyspace.stripe_of(self.keyspace.hash(key));
        keys.held_stripe(stripe).watch(db, key, &session.watch_flag);
        session.client.keeps(key);
        session.watched.push(Watched { db, key: key.into(), existed });
    }

    /// Forgets all watches of a session. No stripe may be locked by the caller, but for a busy
    /// script's: what cannot be taken back because of one stays there and is of no effect.
    pub fn unwatch(&self, session: &mut Session) {
        for watched in session.watched.drain(..) {
            session.client.drops(&watched.key);
            let stripe = self.keyspace.stripe_of(self.keyspace.hash(&watched.key));
            match self.keyspace.lock_unless_busy(stripe) {
                Ok(mut stripe) => {
                    stripe.unwatch(watched.db, &watched.key, &session.watch_flag);
                }
                Err(Busy) => {
                    session.watch_flag = WatchFlag::default();
                    break;
                }
            }
        }
        session.set_watch_broken(false);
    }

    /// Takes all subscriptions of a session back, silently.
    pub fn unsubscribe_all(&self, session: &mut Session) {
        let id = session.client.id;
        let subscriptions = std::mem::take(&mut session.subscriptions);
        for (kind, names) in [
            (Kind::Channel, subscriptions.channels),
            (Kind::Pattern, subscriptions.patterns),
            (Kind::Shard, subscriptions.shard_channels),
        ] {
            for name in &names {
                session.client.drops(name);
                self.pubsub.unsubscribe(kind, name, id);
            }
        }
    }
}
