//! Loading: the snapshot file becomes data.

use crate::engine::Engine;
use crate::replication::Position;
use redpoll_keyspace::entry::INLINE_MAX;
use redpoll_keyspace::{Expiry, Keys, Owned};
use redpoll_persist::file::{FileReader, Item, Record};
use redpoll_persist::{Error, Fault, Object};
use redpoll_types::limits::Limits;
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
    /// What the log should tell: things of the file that were passed over.
    pub notes: Vec<String>,
}

/// Why the file was not loaded, or not to its end.
#[derive(Debug)]
pub enum LoadError {
    /// There is no file.
    Missing,
    /// It cannot be opened.
    Io(std::io::Error),
    /// It is damaged, or of an unknown kind.
    Bad(Error),
}

impl fmt::Display for LoadError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Missing => out.write_str("there is no snapshot file"),
            LoadError::Io(error) => write!(out, "the snapshot file cannot be read: {error}"),
            LoadError::Bad(error) => write!(out, "the snapshot file cannot be loaded: {error}"),
        }
    }
}

impl std::error::Error for LoadError {}

/// While it lives, clients are told that data is being loaded.
pub struct Loading<'a>(&'a Engine);

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        self.0.persistence.loading.store(false, Release);
    }
}

impl Engine {
    /// Refuses commands that need data until the answer is dropped.
    pub fn begin_loading(&self) -> Loading<'_> {
        self.persistence.loading.store(true, Release);
        Loading(self)
    }

    /// Whether data is being loaded.
    #[inline(always)]
    pub fn is_loading(&self) -> bool {
        self.persistence.loading.load(Relaxed)
    }

    /// Loads the snapshot file into the keyspace. What was loaded before an error stays.
    pub fn load(&self, keys: &mut Keys<'_>, merge: Merge) -> Result<Loaded, LoadError> {
        let name = self.config.dbfilename();
        let storage = self.persistence.storage().map_err(LoadError::Io)?;
        let file = storage.open(name.as_path()).map_err(LoadError::Io)?;
        let file = file.ok_or(LoadError::Missing)?;
        self.load_from(keys, file, merge)
    }

    /// Loads a snapshot from where it comes. What was loaded before an error stays.
    pub fn load_from(
        &self,
        keys: &mut Keys<'_>,
        source: impl Read,
        merge: Merge,
    ) -> Result<Loaded, LoadError> {
        let limits = self.settings().limits;
        let check = self.config.rdbchecksum();
        let (db, wanted) = (keys.db(), std::mem::take(&mut keys.effects.wanted));
        let loaded = load(keys, source, check, merge, &limits).map_err(LoadError::Bad);
        keys.unlock_walk();
        keys.select(db);
        keys.effects.wanted = wanted;
        let loaded = loaded?;
        let mut status = self.persistence.status.lock();
        (status.loaded, status.loaded_expired) = (loaded.keys, loaded.expired);
        Ok(loaded)
    }
}

fn load(
    keys: &mut Keys<'_>,
    file: impl Read,
    check: bool,
    merge: Merge,
    limits: &Limits,
) -> Result<Loaded, Error> {
    let mut file = FileReader::new(file, check)?;
    let mut loaded = Loaded::default();
    keys.select(0);
    while let Some(item) = file.next(limits)? {
        match item {
            Item::Record(record) => match record.expiry {
                Some(at) if at <= keys.now() => {
                    loaded.expired += 1;
                    // Where replicas may go on from here, they are to be told that it is gone.
                    if loaded.position().is_some() {
                        put(keys, *record, merge);
                    }
                }
                _ if !put(keys, *record, merge) => return Err(file.error(Fault::Duplicate)),
                _ => loaded.keys += 1,
            },
            Item::Database(number) => {
                let databases = keys.keyspace().databases();
                let db = usize::try_from(number).ok().filter(|&db| db < databases);
                let db = db.ok_or_else(|| file.error(Fault::Database(number)))?;
                keys.select(db);
            }
            Item::EmptyKey(key) => {
                loaded.empty += 1;
                loaded.note("skipping empty key:", &key);
            }
            Item::EarlyFunction(name) => loaded.note("skipping a function of a preview:", &name),
            Item::Function(_) => loaded.note("skipping a library of functions", b""),
            Item::ModuleAux(name) => loaded.note("skipping data of the module", name.as_bytes()),
            Item::Aux(name, value) => loaded.note_position(&name, &value),
            Item::Sizes(..) => {}
        }
    }
    Ok(loaded)
}

impl Loaded {
    /// Where the stream was, if the file tells it.
    pub fn position(&self) -> Option<&Position> {
        (self.position.id.len() == 40).then_some(&self.position)
    }

    fn note_position(&mut self, name: &[u8], value: &[u8]) {
        let Ok(value) = std::str::from_utf8(value) else { return };
        match name {
            b"repl-id" => self.position.id = value.to_owned(),
            b"repl-offset" => self.position.offset = value.parse().unwrap_or(0),
            b"repl-stream-db" => self.position.db = value.parse().unwrap_or(0),
            _ => {}
        }
    }

    /// Notes that something was passed over. The first few say what kind of thing it is.
    fn note(&mut self, what: &str, name: &[u8]) {
        const NOTES_MAX: usize = 16;
        if self.notes.len() < NOTES_MAX {
            let name = String::from_utf8_lossy(&name[..name.len().min(64)]).into_owned();
            self.notes.push(format!("{what} {name}"));
        }
    }
}

/// Puts a key in; answers false if it may not be there.
fn put(keys: &mut Keys<'_>, record: Record, merge: Merge) -> bool {
    let Record { key, value, expiry, idle, frequency } = record;
    keys.lock_key(&key);
    if merge == Merge::Refuse && keys.contains(&key) {
        return false;
    }
    restore(keys, &key, value, expiry);
    keys.set_access(&key, idle, frequency);
    true
}

/// Puts a value that was read at a key, in place of what is there.
pub fn restore(keys: &mut Keys<'_>, key: &[u8], value: Object, expiry: Option<i64>) {
    match value {
        Object::Text(text) if text.len() <= INLINE_MAX => {
            keys.set_string(key, &text, expiry.map_or(Expiry::Clear, Expiry::At));
        }
        Object::Text(text) => {
            keys.put(key, Owned::Value(Value::Str(Str::new(text))), expiry);
        }
        Object::Value(value) => keys.put(key, Owned::Value(value), expiry),
    }
}
