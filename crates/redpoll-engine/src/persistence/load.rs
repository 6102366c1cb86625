//! Loading: the snapshot file becomes data.

use super::intake;
use super::snapshot::SEARCH_FACT;
use crate::engine::Engine;
use crate::replication::Position;
use crate::search::Record;
use crate::spec::Flags;
use redpoll_keyspace::entry::is_inline;
use redpoll_keyspace::{Expiry, Keys, Owned, clock};
use redpoll_persist::file::Item;
use redpoll_persist::{Error, Object};
use redpoll_types::string::Str;
use redpoll_types::value::Value;
use std::fmt;
use std::io::Read;
use std::sync::atomic::Ordering::*;

/// What becomes of a key that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// There must be none: it would mean that the file holds a key twice.
    Refuse,
    /// What the file has takes its place.
    Replace,
}

/// What loading has found.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// Keys that are there now.
    pub keys: u64,
    /// Keys that had expired: left out, or to be removed at once.
    pub expired: u64,
    /// Keys left out because their collections had no elements.
    pub empty: u64,
    /// Where the replication stream was, as far as the file tells; without an id, nothing is known.
    pub position: Position,
    /// The version of the file's format.
    pub version: u16,
    /// Bytes of the file that belong to the snapshot.
    pub bytes: u64,
    /// Bytes of memory that the writer of the file had in use; 0: it does not say.
    pub used_memory: u64,
    /// What defines searches.
    pub(super) searches: Vec<Record>,
    /// Code of libraries of functions that nobody has taken in yet.
    pub(super) libraries: Vec<Vec<u8>>,
    /// What the file tells of itself, for the log.
    pub facts: Vec<String>,
    /// What the log should warn of: things of the file that were passed over.
    pub notes: Vec<String>,
}

/// Why the file was not loaded, or not to its end.
#[derive(Debug)]
pub enum LoadError {
    /// There is no file.
    Missing,
    /// The program is to end before all is loaded.
    Ended,
    /// It cannot be opened.
    Io(std::io::Error),
    /// It is damaged, or of an unknown kind.
    Bad(Error),
}

impl fmt::Display for LoadError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Ended => out.write_str("the program ends"),
            LoadError::Missing => out.write_str("there is no snapshot file"),
            LoadError::Io(error) => write!(out, "the snapshot file cannot be read: {error}"),
            LoadError::Bad(error) => write!(out, "the snapshot file cannot be loaded: {error}"),
        }
    }
}

impl std::error::Error for LoadError {}

impl From<Error> for LoadError {
    fn from(error: Error) -> Self {
        LoadError::Bad(error)
    }
}

/// While it lives, clients are told that data is being loaded.
pub struct Loading<'a>(&'a Engine);

/// Nothing is loaded; or what there is to be; or what will take the place of what there is.
const IDLE: u8 = 0;
const IN_PLACE: u8 = 1;
pub(super) const BESIDE: u8 = 2;

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        // Before anybody is let in whose changes the log is to have.
        self.0.keyspace.log_switch().set_suspended(false);
        self.0.persistence.loading.store(IDLE, Release);
    }
}

impl Engine {
    /// Takes everything out, libraries of functions too: something else is to be loaded. No stripe
    /// is locked when it returns.
    pub fn empty_all(&self, keys: &mut Keys<'_>) {
        keys.lock_all();
        let emptied: Vec<_> = (0..self.keyspace.databases()).map(|db| keys.empty(db)).collect();
        self.scripts.flush_libraries();
        keys.unlock();
        emptied.into_iter().for_each(|part| part.free_later(&self.keyspace));
    }

    /// Refuses commands that need data until the answer is dropped.
    pub fn begin_loading(&self) -> Loading<'_> {
        self.begin_loading_as(IN_PLACE)
    }

    pub(super) fn begin_loading_as(&self, how: u8) -> Loading<'_> {
        self.persistence.load_progress.begin(clock::now_ms());
        self.persistence.loading.store(how, Release);
        self.keyspace.log_switch().set_suspended(how == IN_PLACE);
        Loading(self)
    }

    /// Whether data is being loaded, so that there is none.
    #[inline(always)]
    pub fn is_loading(&self) -> bool {
        self.persistence.loading.load(Relaxed) == IN_PLACE
    }

    /// Whether data is being loaded beside what there is.
    #[inline(always)]
    pub fn is_loading_beside(&self) -> bool {
        self.persistence.loading.load(Relaxed) == BESIDE
    }

    /// Which of clients' commands are refused for what is being loaded, by their flags; `None` if
    /// nothing is.
    #[inline(always)]
    pub(crate) fn refused_while_loading(&self) -> Option<fn(Flags) -> bool> {
        match self.persistence.loading.load(Acquire) {
            IDLE => None,
            IN_PLACE => Some(|flags| !flags.has(Flags::LOADING)),
            _ => Some(|flags| flags.has(Flags::NO_ASYNC_LOADING)),
        }
    }

    /// Loads the snapshot file into the keyspace. What was loaded before an error stays.
    pub fn load(&self, keys: &mut Keys<'_>, merge: Merge) -> Result<Loaded, LoadError> {
        let name = self.config.dbfilename();
        let storage = self.persistence.storage().map_err(LoadError::Io)?;
        let file = storage.open(name.as_path()).map_err(LoadError::Io)?;
        let (file, size) = file.ok_or(LoadError::Missing)?;
        self.persistence.load_progress.expect(size);
        self.load_from(keys, file, merge)
    }

    /// Loads a snapshot from where it comes. What was loaded before an error stays.
    pub fn load_from(
        &self,
        keys: &mut Keys<'_>,
        source: impl Read + Send,
        merge: Merge,
    ) -> Result<Loaded, LoadError> {
        self.take_in(keys, |keys| {
            keys.select(0);
            intake::load(self, keys, source, merge)
        })
    }

    /// Lets `load` fill the keyspace at hand, of which nobody is told meanwhile. The database stays
    /// the one that is at hand.
    pub(super) fn take_in(
        &self,
        keys: &mut Keys<'_>,
        load: impl FnOnce(&mut Keys<'_>) -> Result<Loaded, LoadError>,
    ) -> Result<Loaded, LoadError> {
        let (db, wanted) = (keys.db(), std::mem::take(&mut keys.effects.wanted));
        let loaded = load(keys);
        keys.unlock_walk();
        keys.select(db);
        keys.effects.wanted = wanted;
        match self.are_beside(keys) {
            true => loaded,
            false => self.loaded(loaded?),
        }
    }

    /// What remains to be done when all keys are there.
    pub(super) fn loaded(&self, mut loaded: Loaded) -> Result<Loaded, LoadError> {
        self.take_in_searches(std::mem::take(&mut loaded.searches));
        let mut status = self.persistence.status.lock();
        (status.loaded, status.loaded_expired) = (loaded.keys, loaded.expired);
        Ok(loaded)
    }

    /// Makes the indexes that a snapshot defines, and lets them walk what was loaded.
    fn take_in_searches(&self, records: Vec<Record>) {
        let now = clock::now_ms();
        for record in records {
            self.search.restore(&record, &self.keyspace, now);
        }
        self.search.index_anew();
    }
}

/// Notes that are kept: the first few say what kind of thing is passed over.
const NOTES_MAX: usize = 16;

impl LoadError {
    /// Whether this is what a reader of the file would have met first.
    pub(super) fn comes_before(&self, other: &LoadError) -> bool {
        match (self, other) {
            (LoadError::Bad(one), LoadError::Bad(other)) => one.offset < other.offset,
            (_, other) => matches!(other, LoadError::Bad(_)),
        }
    }
}

impl Loaded {
    /// Where the stream was, if the file tells it.
    pub fn position(&self) -> Option<&Position> {
        (self.position.id.len() == 40).then_some(&self.position)
    }

    /// Adds what another thread has found.
    pub(super) fn add(&mut self, other: Loaded) {
        self.keys += other.keys;
        self.expired += other.expired;
        self.empty += other.empty;
        self.notes.extend(other.notes);
        self.notes.truncate(NOTES_MAX);
    }

    /// Adds what another thread has found, which may have read anything.
    pub(super) fn join(&mut self, mut other: Loaded) {
        if other.position().is_some() {
            self.position = std::mem::take(&mut other.position);
        }
        self.searches.append(&mut other.searches);
        self.add(other);
    }

    /// Notes what stands in the file beside the records.
    pub(super) fn note_item(&mut self, item: Item) {
        match item {
            Item::Aux(name, value) if name == SEARCH_FACT.as_bytes() => {
                self.searches.extend(Record::from_bytes(&value));
            }
            Item::Aux(name, value) => self.note_fact(&name, &value),
            Item::EmptyKey(key) => {
                self.empty += 1;
                self.note("skipping empty key:", &key);
            }
            Item::EarlyFunction(name) => self.note("skipping a function of a preview:", &name),
            Item::ModuleAux(name) => self.note("skipping data of the module", name.as_bytes()),
            Item::Function(code) => self.libraries.push(code),
            Item::Record(_) | Item::Database(_) | Item::Sizes(..) => {}
        }
    }

    fn note_fact(&mut self, name: &[u8], value: &[u8]) {
        let Ok(value) = std::str::from_utf8(value) else { return };
        let number = || value.parse::<u64>().ok();
        match name {
            b"redis-ver" | b"valkey-ver" => {
                let writer: String = value.chars().filter(|c| !c.is_control()).take(64).collect();
                self.fact(format!("Loading RDB produced by version {writer}"));
            }
            b"ctime" => {
                let age = value.parse::<i64>().ok().map(|at| (clock::now_ms() / 1000 - at).max(0));
                if let Some(age) = age {
                    self.fact(format!("RDB age {age} seconds"));
                }
            }
            b"used-mem" => {
                self.used_memory = number().unwrap_or(0);
                let megabytes = self.used_memory as f64 / f64::from(1 << 20);
                self.fact(format!("RDB memory usage when created {megabytes:.2} Mb"));
            }
            b"aof-base" if value == "1" => self.fact("RDB is base AOF".to_owned()),
            b"repl-id" => self.position.id = value.to_owned(),
            b"repl-offset" => self.position.offset = value.parse().unwrap_or(0),
            b"repl-stream-db" => self.position.db = value.parse().unwrap_or(0),
            _ => {}
        }
    }

    fn fact(&mut self, text: String) {
        if self.facts.len() < NOTES_MAX {
            self.facts.push(text);
        }
    }

    /// Notes that something was passed over.
    fn note(&mut self, what: &str, name: &[u8]) {
        if self.notes.len() < NOTES_MAX {
            let name = String::from_utf8_lossy(&name[..name.len().min(64)]).into_owned();
            self.notes.push(format!("{what} {name}"));
        }
    }
}

/// Puts a value that was read at a key, in place of what is there.
pub fn restore(keys: &mut Keys<'_>, key: &[u8], value: Object, expiry: Option<i64>) {
    match value {
        Object::Text(text) if is_inline(text.len()) => {
            keys.set_string(key, &text, expiry.map_or(Expiry::Clear, Expiry::At));
        }
        Object::Text(text) => {
            keys.put(key, Owned::Value(Value::Str(Str::new(text))), expiry);
        }
        Object::Value(value) => keys.put(key, Owned::Value(value), expiry),
    }
}
