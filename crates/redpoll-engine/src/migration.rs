//! MIGRATE: keys that move to another server.
//!
//! Commands see no socket and no lock is held while the other server is waited for. So a key is
//! packed under its lock, sent by a thread of the program without any, and removed under its lock
//! again if it is still what was sent. If it has changed in between, the new state is sent; if it
//! was deleted, it is deleted over there. To everybody it looks as if the key had moved at one
//! moment, the one of its removal here.

use crate::block::Waiter;
use crate::client::flags;
use crate::engine::Engine;
use redpoll_keyspace::entry::Payload;
use redpoll_keyspace::{Keys, clock};
use redpoll_persist::{ValueRef, payload};
use redpoll_resp::Reply;
use redpoll_types::value::Value;
use std::sync::Arc;

/// What MIGRATE asks for.
#[derive(Clone, Debug)]
pub struct Migration {
    /// The other server's host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Its database.
    pub target_db: i64,
    /// How long one exchange may take, in milliseconds.
    pub timeout_ms: u64,
    /// Keep the keys here, too.
    pub copy: bool,
    /// Replace what is there.
    pub replace: bool,
    /// A user, if not the default one, and a password.
    pub login: Option<(Option<Vec<u8>>, Vec<u8>)>,
    /// The database here.
    pub db: usize,
    /// The keys that are there, packed.
    pub parcels: Vec<Parcel>,
}

/// A key, packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// The key.
    pub key: Box<[u8]>,
    /// Its value as DUMP gives it.
    pub payload: Vec<u8>,
    /// When it expires, in milliseconds since 1970.
    pub expiry: Option<i64>,
}

/// What has become of a key since it was packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handover {
    /// Nothing: it is removed here now.
    Removed,
    /// It has changed, to this.
    Changed(Parcel),
    /// It is no longer there.
    Gone,
}

/// Carries a migration out in another thread, and answers the client that waits for it.
pub type Migrator = dyn Fn(&Arc<Engine>, Migration, Arc<Waiter>) + Send + Sync;

/// What DUMP answers for an entry, and RESTORE takes.
pub fn dump(payload: Payload<'_, Value>, compress: bool) -> Vec<u8> {
    let value = match payload {
        Payload::Inline(text) => ValueRef::Text(text),
        Payload::Int(value) => ValueRef::Int(value),
        Payload::Value(value) => ValueRef::Value(value),
    };
    let mut dumped = Vec::new();
    payload::write(&mut dumped, value, compress);
    dumped
}

impl Parcel {
    /// Packs a key whose stripe is locked; `None` if it is not there.
    pub fn pack(keys: &mut Keys<'_>, key: &[u8], compress: bool) -> Option<Self> {
        let entry = keys.peek(key)?;
        let payload = dump(entry.payload(), compress);
        Some(Parcel { key: key.into(), payload, expiry: entry.expiry() })
    }

    /// For how long the key still lives, as RESTORE wants it: 0 for ever.
    pub fn ttl_ms(&self) -> i64 {
        self.expiry.map_or(0, |at| (at - clock::now_ms()).max(1))
    }
}

impl Engine {
    /// Gives MIGRATE its way to other servers; a second one is not taken.
    pub fn set_migrator(&self, migrator: Box<Migrator>) {
        let _ = self.migrator.set(migrator);
    }

    /// Begins a migration; false if there is no way to other servers.
    pub(crate) fn migrate(self: &Arc<Self>, migration: Migration, waiter: Arc<Waiter>) -> bool {
        let migrator = self.migrator.get();
        migrator.inspect(|migrator| migrator(self, migration, waiter)).is_some()
    }

    /// Answers a client that waits for something other than its keys, unless its wait is over.
    pub fn answer(&self, waiter: &Waiter, write: impl FnOnce(&mut Reply<'_>)) {
        if !waiter.begin_serving() {
            return;
        }
        let mut out = Vec::new();
        write(&mut Reply::new(&mut out, waiter.proto));
        self.waiters.remove(waiter.id);
        waiter.client.set_flag(flags::BLOCKED, false);
        if waiter.wants_reply {
            waiter.client.post(&out);
        }
        waiter.finish();
        waiter.client.wake();
    }
}
