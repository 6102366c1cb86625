//! The data of all databases at one moment.

use super::delay::Delay;
use crate::engine::Engine;
use redpoll_keyspace::Keys;
use redpoll_keyspace::access::{self, Clock, Pace};
use redpoll_keyspace::entry::Payload;
use redpoll_persist::ValueRef;
use redpoll_persist::file::{FUNCTIONS_VERSION, FileWriter, Header};
use redpoll_script::LibraryInfo;
use redpoll_types::value::Value;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// See the module's head. Libraries of functions belong to it.
pub struct Snapshot {
    pub(super) libraries: Vec<Arc<LibraryInfo>>,
    databases: Vec<Database>,
    /// When it was taken, in milliseconds since 1970.
    now: i64,
    /// If access clocks count uses, how fast they do.
    uses: Option<Pace>,
}

/// One database's share.
struct Database {
    number: usize,
    volatile: usize,
    /// Keys and short strings, one after the other in the order of the records: a snapshot of
    /// millions of keys is not millions of allocations.
    bytes: Vec<u8>,
    records: Vec<Record>,
}

struct Record {
    key_len: usize,
    value: Kept,
    expiry: Option<i64>,
    access: u32,
}

enum Kept {
    /// A string of this length, which stands behind the key.
    Inline(usize),
    Int(i64),
    Value(Value),
}

/// How a snapshot is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    /// Compress strings (`rdbcompression`).
    pub compress: bool,
    /// End with a checksum (`rdbchecksum`).
    pub checksum: bool,
    /// How slowly it is written.
    pub delay: Delay,
    /// Write how long or how often keys are used, if the policy for evicting them asks for it.
    pub access: bool,
}

impl Snapshot {
    /// One that holds no keys.
    pub fn without_keys(engine: &Engine) -> Self {
        let libraries = engine.scripts.libraries();
        Snapshot { libraries, databases: Vec::new(), now: 0, uses: None }
    }

    /// Takes a snapshot. All stripes are locked for it, and stay so if they were.
    pub fn take(engine: &Engine, keys: &mut Keys<'_>) -> Self {
        let held = keys.holds_all();
        keys.lock_all();
        let libraries = engine.scripts.libraries();
        let keyspace = keys.keyspace();
        let databases = (0..keyspace.databases()).map(|number| Database::take(keys, number));
        let databases = databases.filter(|database| !database.records.is_empty()).collect();
        if !held {
            keys.unlock();
        }
        Snapshot {
            libraries,
            databases,
            now: keys.now(),
            uses: (keyspace.clock() == Clock::Uses).then(|| keyspace.pace()),
        }
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.databases.iter().map(|database| database.records.len()).sum()
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.databases.is_empty()
    }

    /// Writes all of it, with these facts about the server, unless `given_up` is set meanwhile.
    pub(super) fn write(
        &self,
        out: &mut dyn Write,
        aux: Vec<(&'static str, String)>,
        mut form: Form,
        given_up: &AtomicBool,
    ) -> io::Result<()> {
        let go_on = || !given_up.load(Relaxed);
        let version = self.databases.iter().map(Database::version).max();
        let mut version = version.unwrap_or(ValueRef::Int(0).version());
        if !self.libraries.is_empty() {
            version = version.max(FUNCTIONS_VERSION);
        }
        let header = Header { version, aux };
        let mut file = FileWriter::new(out, &header, form.compress, form.checksum);
        self.libraries.iter().for_each(|library| file.function(&library.code));
        for database in &self.databases {
            file.database(database.number, database.records.len(), database.volatile);
            database.each(|key, value, record| {
                let (mut idle, mut frequency) = (None, None);
                match self.uses.filter(|_| form.access) {
                    Some(pace) => {
                        frequency = Some(access::frequency(record.access, self.now, pace) as u8);
                    }
                    None if form.access => {
                        idle = Some(access::idle_seconds(record.access, self.now));
                    }
                    None => {}
                }
                file.key(key, value, record.expiry, idle, frequency);
                form.delay.after_key(go_on);
                go_on() && !file.has_failed()
            });
        }
        if !go_on() {
            return Err(io::Error::other("the snapshot was given up"));
        }
        file.finish().map(drop)
    }

    /// Shows every key with its database, whether it is the first of that, its value and its
    /// expiry, until `show` answers false.
    pub(super) fn each(
        &self,
        mut show: impl FnMut(usize, bool, &[u8], ValueRef<'_>, Option<i64>) -> bool,
    ) {
        let mut goes_on = true;
        for database in self.databases.iter() {
            let mut starts = true;
            database.each(|key, value, record| {
                goes_on = show(database.number, starts, key, value, record.expiry);
                starts = false;
                goes_on
            });
            if !goes_on {
                return;
            }
        }
    }
}

impl Database {
    fn take(keys: &mut Keys<'_>, number: usize) -> Self {
        let stripes = 0..keys.keyspace().stripes();
        let mut own = Database { number, volatile: 0, bytes: Vec::new(), records: Vec::new() };
        let count = stripes.clone().map(|stripe| keys.held_stripe(stripe).dbs()[number].table.len());
        own.records.reserve(count.sum());
        for stripe in stripes {
            let db = &keys.held_stripe(stripe).dbs()[number];
            own.volatile += db.volatile;
            for entry in db.table.iter() {
                own.bytes.extend_from_slice(entry.key());
                let value = match entry.payload() {
                    Payload::Int(value) => Kept::Int(value),
                    Payload::Value(value) => Kept::Value(value.clone()),
                    Payload::Inline(bytes) => {
                        own.bytes.extend_from_slice(bytes);
                        Kept::Inline(bytes.len())
                    }
                };
                let (expiry, access) = (entry.expiry(), entry.access());
                own.records.push(Record { key_len: entry.key().len(), value, expiry, access });
            }
        }
        own
    }

    /// The oldest version of the format that can hold all values.
    fn version(&self) -> u16 {
        let versions = self.records.iter().map(|record| match &record.value {
            Kept::Value(value) => ValueRef::Value(value).version(),
            _ => ValueRef::Int(0).version(),
        });
        versions.max().unwrap_or(0)
    }

    /// Shows every key with its value, until `show` answers false.
    fn each(&self, mut show: impl FnMut(&[u8], ValueRef<'_>, &Record) -> bool) {
        let mut rest = &self.bytes[..];
        for record in &self.records {
            let (key, after) = rest.split_at(record.key_len);
            rest = after;
            let value = match &record.value {
                Kept::Int(value) => ValueRef::Int(*value),
                Kept::Value(value) => ValueRef::Value(value),
                Kept::Inline(len) => {
                    let (text, after) = rest.split_at(*len);
                    rest = after;
                    ValueRef::Text(text)
                }
            };
            if !show(key, value, record) {
                return;
            }
        }
    }
}
