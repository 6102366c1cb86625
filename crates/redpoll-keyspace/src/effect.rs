//! What follows from a write: one place for the dirty count, WATCH, notifications and waiters.
//!
//! A command changes a value and then says so once ([`crate::Keys::wrote`]). Everything else
//! follows from that: nothing is to be remembered by the command, and nothing is paid for what
//! nobody asked for. The change log for AOF and replication hangs on the same hook.

use crate::readers::Stale;
use redpoll_resp::OwnedArgs;

/// The class of an event, as `notify-keyspace-events` selects them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// `g`: commands of no type, such as DEL and EXPIRE.
    Generic = 2,
    /// `$`: strings.
    String,
    /// `l`: lists.
    List,
    /// `s`: sets.
    Set,
    /// `h`: hashes.
    Hash,
    /// `z`: sorted sets.
    ZSet,
    /// `x`: expired keys.
    Expired,
    /// `e`: evicted keys.
    Evicted,
    /// `t`: streams.
    Stream,
    /// `m`: a read of a key that is not there.
    KeyMiss = 11,
    /// `n`: a key was created.
    New = 14,
}

impl Class {
    /// The class's bit in a mask; the numbers are those of Redis.
    pub const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// A bit of [`Effects::wanted`] that no class of events has: every changed key is to be noted, as
/// somebody caches keys by their beginnings (CLIENT TRACKING BCAST).
pub const BROADCAST: u32 = 1;
/// Another: writes move the access clock, reads do not (the LRM policies).
pub const WRITE_CLOCK: u32 = 2;

/// A keyspace event that somebody may have subscribed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its class.
    pub class: Class,
    /// Its name, such as `lpush`.
    pub name: &'static str,
    /// The database.
    pub db: usize,
    /// The key.
    pub key: Box<[u8]>,
    /// The fields of a hash that it is about, if anybody wants to know them.
    pub fields: Vec<Box<[u8]>>,
}

/// The bits of a mask of events that ask for the fields of hashes; the numbers are those of Redis.
const FIELDS: u32 = 0b1111 << 19;

/// A command that the change log is to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// The database.
    pub db: usize,
    /// Its words.
    pub words: OwnedArgs,
    /// Whom it is for: see [`Logged::ALL`].
    pub targets: u8,
}

impl Logged {
    /// For the append-only file (bit 0) and for replicas (bit 1).
    pub const ALL: u8 = 3;
    /// The append-only file.
    pub const FILE: u8 = 1;

    /// A command for all.
    pub fn new(db: usize, words: OwnedArgs) -> Self {
        Logged { db, words, targets: Logged::ALL }
    }

    /// What changes nothing (PUBLISH), for replicas.
    pub fn message(db: usize, words: OwnedArgs) -> Self {
        Logged { db, words, targets: 2 }
    }
}

/// What one command has caused so far. Small, as one is made for every command.
#[derive(Debug, Default)]
pub struct Effects {
    /// Changes made: what INFO counts as `rdb_changes_since_last_save`.
    pub dirty: u64,
    /// The classes whose events are wanted, and [`BROADCAST`] and [`WRITE_CLOCK`].
    pub wanted: u32,
    /// Keys that were found to be expired and removed.
    pub expired: u32,
    /// Keys that reads have found, and not found.
    pub hits: u32,
    /// See `hits`.
    pub misses: u32,
    /// What most commands do not cause.
    rare: Option<Box<Rare>>,
}

/// Effects that few commands have.
#[derive(Debug, Default)]
pub struct Rare {
    /// Events of the classes that are wanted, in their order.
    pub events: Vec<Event>,
    /// Keys that clients wait for and that have changed, with their databases.
    pub ready: Vec<(usize, Box<[u8]>)>,
    /// What the change log is to hold, in this order.
    pub logged: Vec<Logged>,
    /// Fields of hashes that were found to be expired and removed.
    pub expired_fields: u64,
    /// How late keys were that were removed without being asked for, in milliseconds.
    pub lags_ms: Vec<i64>,
    /// Keys that clients keep in caches of their own and that have changed.
    pub stale: Vec<Stale>,
    /// Keys that have changed, under [`BROADCAST`].
    pub changed: Vec<Changed>,
    /// Whole databases have changed: no cache is worth anything.
    pub flushed: bool,
    /// Keys that were evicted.
    pub evicted: u64,
}

/// A key that has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The key.
    pub key: Box<[u8]>,
    /// Whether a client has changed it, and not time or the lack of memory.
    pub by_client: bool,
}

/// The command that stands in the change log for a key's removal.
pub fn removal(lazy: bool) -> &'static [u8] {
    if lazy { b"UNLINK" } else { b"DEL" }
}

impl Effects {
    /// No effects, for another command that wants the same events.
    pub fn renewed(&self) -> Self {
        Effects { wanted: self.wanted, ..Effects::default() }
    }

    /// The number of commands that wait to be put into the change log.
    pub fn logged_len(&self) -> usize {
        self.rare.as_ref().map_or(0, |rare| rare.logged.len())
    }

    /// Whether nothing waits to be put into the change log.
    pub fn nothing_logged(&self) -> bool {
        self.rare.as_ref().is_none_or(|rare| rare.logged.is_empty())
    }

    /// Whether somebody may want to know the fields that events are about.
    #[inline]
    pub fn wants_fields(&self) -> bool {
        self.wanted & FIELDS != 0 && self.wanted & Class::Hash.bit() != 0
    }

    /// Forgets everything but what has expired: the rest has been taken back.
    pub fn undo(&mut self) {
        let mut kept = Effects { expired: self.expired, ..self.renewed() };
        if let Some(mut rare) = self.rare.take() {
            rare.events.retain(|event| event.class == Class::Expired);
            rare.ready.clear();
            kept.rare = Some(rare);
        }
        *self = kept;
    }

    /// Adds what was caused elsewhere, behind what was caused here; what is wanted stays.
    pub fn absorb(&mut self, mut others: Effects) {
        self.dirty += others.dirty;
        self.expired += others.expired;
        self.hits += others.hits;
        self.misses += others.misses;
        let Some(mut from) = others.take_rare() else { return };
        let rare = self.rare();
        rare.events.append(&mut from.events);
        rare.ready.append(&mut from.ready);
        rare.logged.append(&mut from.logged);
        rare.expired_fields += from.expired_fields;
        rare.lags_ms.append(&mut from.lags_ms);
        rare.stale.append(&mut from.stale);
        rare.changed.append(&mut from.changed);
        rare.flushed |= from.flushed;
        rare.evicted += from.evicted;
    }

    /// The rare effects, to be added to.
    pub fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// Takes the rare effects, if there are any.
    pub fn take_rare(&mut self) -> Option<Box<Rare>> {
        self.rare.take()
    }
}
