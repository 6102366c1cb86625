//! The data of all databases at one moment.

use super::delay::Delay;
use crate::engine::Engine;
use crate::search::Record;
use redpoll_keyspace::access::{self, Clock, Pace};
use redpoll_keyspace::entry::Payload;
use redpoll_keyspace::snapshot::{Batch, Captured, Snapshot as Data};
use redpoll_keyspace::{Keys, clock};
use redpoll_persist::ValueRef;
use redpoll_persist::file::{FUNCTIONS_VERSION, FileWriter, Header, NEWEST_VERSION, record};
use redpoll_script::LibraryInfo;
use redpoll_types::value::Value;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// The name of the facts that define searches: a record each.
pub(super) const SEARCH_FACT: &str = "redpoll-search";

/// For how long written bytes are held back: a replica that nothing comes to gives its primary up.
const HELD_MAX: Duration = Duration::from_millis(500);
/// After so many keys, whether it has been so long is looked at.
const LOOK: u32 = 8;

/// See the module's head. Libraries of functions belong to it. It can be written once: what has
/// been written is not kept.
pub struct Snapshot {
    libraries: Vec<Arc<LibraryInfo>>,
    /// What defines searches.
    searches: Vec<Record>,
    data: Option<Data>,
    /// If access clocks count uses, how fast they do.
    uses: Option<Pace>,
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

/// How far the writing of a snapshot has come.
#[derive(Debug, Default)]
pub struct Progress {
    /// Keys that have been written.
    pub keys: AtomicU64,
    /// Keys that there are.
    pub total: AtomicU64,
    /// The most bytes of what was about to change that ever waited to be written.
    pub captured: AtomicU64,
}

impl Snapshot {
    /// One that holds no keys.
    pub fn without_keys(engine: &Engine) -> Self {
        let libraries = engine.scripts.libraries();
        Snapshot { libraries, searches: engine.search.records(), data: None, uses: None }
    }

    /// Takes a snapshot of this moment, for which all stripes are locked; they stay so if they
    /// were. It costs the moment only: its data are captured while it is written, or by those who
    /// change them.
    pub fn take(engine: &Engine, keys: &mut Keys<'_>) -> io::Result<Self> {
        let held = keys.holds_all();
        keys.lock_all();
        let libraries = engine.scripts.libraries();
        let searches = engine.search.records();
        let data = Data::begin(keys);
        if !held {
            keys.unlock();
        }
        let keyspace = keys.keyspace();
        Ok(Snapshot {
            libraries,
            searches,
            data: Some(data.ok_or_else(|| io::Error::other("too many snapshots at once"))?),
            uses: (keyspace.clock() == Clock::Uses).then(|| keyspace.pace()),
        })
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.data.as_ref().map_or(0, Data::len)
    }

    /// Whether it holds no keys.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// If access clocks count uses, how fast they do.
    pub(super) fn uses(&self) -> Option<Pace> {
        self.uses
    }

    /// What defines searches.
    pub(super) fn searches(&self) -> &[Record] {
        &self.searches
    }

    /// The libraries of functions.
    pub(super) fn libraries(&self) -> &[Arc<LibraryInfo>] {
        &self.libraries
    }

    /// Writes all of it, with these facts about the server, unless `given_up` is set meanwhile.
    /// Stripes are locked one after the other, if `keys` does not hold all.
    pub(super) fn write(
        mut self,
        keys: &mut Keys<'_>,
        out: &mut dyn Write,
        aux: Vec<(&'static str, String)>,
        mut form: Form,
        (progress, given_up): (&Progress, &AtomicBool),
    ) -> io::Result<()> {
        let go_on = || !given_up.load(Relaxed);
        let header = Header { version: self.version(keys), aux };
        let mut file = FileWriter::new(out, &header, form.compress, form.checksum);
        self.searches.iter().for_each(|record| file.aux(SEARCH_FACT, &record.to_bytes()));
        self.libraries.iter().for_each(|library| file.function(&library.code));
        let mut databases = Databases::of(&self);
        progress.keys.store(0, Relaxed);
        progress.total.store(databases.keys() as u64, Relaxed);
        let uses = self.uses;
        let (mut count, mut flushed) = (0u32, Instant::now());
        self.each(keys, progress, |entry| {
            databases.select(entry.db, &mut file);
            file.key(key_of(&entry, form.access, uses));
            progress.keys.fetch_add(1, Relaxed);
            count = count.wrapping_add(1);
            if count.is_multiple_of(LOOK) && flushed.elapsed() >= HELD_MAX {
                file.flush();
                flushed = Instant::now();
            }
            form.delay.after_key(go_on);
            go_on() && !file.has_failed()
        });
        if !go_on() {
            return Err(io::Error::other("the snapshot was given up"));
        }
        file.finish().map(drop)
    }

    /// The oldest version of the format that can hold all of it.
    fn version(&mut self, keys: &mut Keys<'_>) -> u16 {
        let oldest = ValueRef::Int(0).version();
        let is_newer = |value: &Value| ValueRef::Value(value).version() > oldest;
        let newer = self.data.as_mut().is_some_and(|data| data.any(keys, is_newer));
        let functions = if self.libraries.is_empty() { oldest } else { FUNCTIONS_VERSION };
        if newer { NEWEST_VERSION } else { oldest.max(functions) }
    }

    /// Shows every key once, in no order, until `show` answers false.
    pub(super) fn each(
        &mut self,
        keys: &mut Keys<'_>,
        progress: &Progress,
        mut show: impl FnMut(Captured<'_, Value>) -> bool,
    ) {
        let Some(data) = &mut self.data else { return };
        let (mut batch, mut goes_on) = (Batch::new(), true);
        while goes_on && data.next(keys, &mut batch) {
            fetch(&batch);
            batch.each(|entry| {
                goes_on = show(entry);
                goes_on
            });
        }
        progress.captured.store(data.peak_bytes() as u64, Relaxed);
    }
}

/// Bytes of a line of the cache, and how many bytes of a value are worth being fetched ahead: what
/// is behind them the processor fetches by itself.
const LINE: usize = 64;
const AHEAD: usize = 1024;

/// Brings strings into the cache, all of a batch together: they lie anywhere in memory, and copied
/// one after the other each would be waited for.
fn fetch(batch: &Batch<Value>) {
    let mut seen = 0u8;
    batch.each(|entry| {
        if let Payload::Value(Value::Str(text)) = entry.payload {
            let text = text.as_bytes();
            let ahead = &text[..text.len().min(AHEAD)];
            seen ^= ahead.iter().step_by(LINE).fold(0, |all, byte| all ^ byte);
        }
        true
    });
    std::hint::black_box(seen);
}

/// An entry as it is written; `access`: with how long or how often it is used.
pub(super) fn key_of<'a>(
    entry: &Captured<'a, Value>,
    access: bool,
    uses: Option<Pace>,
) -> record::Key<'a> {
    let Captured { key, expiry, .. } = *entry;
    let (mut idle, mut frequency) = (None, None);
    match uses.filter(|_| access) {
        // Reads move the clock on, so that it may be later than the snapshot's moment.
        Some(pace) => {
            frequency = Some(access::frequency(entry.access, clock::now_ms(), pace) as u8);
        }
        None if access => idle = Some(access::idle_seconds(entry.access, clock::now_ms())),
        None => {}
    }
    record::Key { key, value: value_of(entry), expiry, idle, frequency }
}

/// What an entry held.
pub(super) fn value_of<'a>(entry: &Captured<'a, Value>) -> ValueRef<'a> {
    match entry.payload {
        Payload::Int(value) => ValueRef::Int(value),
        Payload::Value(value) => ValueRef::Value(value),
        Payload::Inline(text) => ValueRef::Text(text),
    }
}

/// The databases of a snapshot, as they are announced: the keys of one may come in several runs, as
/// what is about to change comes first, and the sizes are told before the first.
struct Databases {
    /// By number: keys, and those that expire.
    sizes: Vec<Option<(usize, usize)>>,
    selected: Option<usize>,
}

impl Databases {
    fn of(snapshot: &Snapshot) -> Self {
        let databases = snapshot.data.as_ref().map_or(&[][..], |data| data.databases());
        let mut sizes = Vec::new();
        for database in databases {
            sizes.resize(database.number, None);
            sizes.push(Some((database.keys, database.volatile)));
        }
        Databases { sizes, selected: None }
    }

    fn keys(&self) -> usize {
        self.sizes.iter().flatten().map(|(keys, _)| keys).sum()
    }

    #[inline]
    fn select<W: Write>(&mut self, number: usize, file: &mut FileWriter<W>) {
        if self.selected == Some(number) {
            return;
        }
        self.selected = Some(number);
        match self.sizes.get_mut(number).and_then(Option::take) {
            Some((keys, volatile)) => file.database(number, keys, volatile),
            None => file.select(number),
        }
    }
}
