//! Loading: the snapshot file becomes data.

use super::delay::Delay;
use crate::engine::Engine;
use crate::replication::Position;
use redpoll_keyspace::entry::INLINE_MAX;
use redpoll_keyspace::{Expiry, Keys, Owned};
use redpoll_persist::file::{FileReader, Item, Record};
use redpoll_persist::{Error, Fault, Object};
use redpoll_script::{Restore, Sandbox, read_library};
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
    /// Bytes of the file that belong to the snapshot.
    pub bytes: u64,
    /// What the log should tell: things of the file that were passed over.
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

/// Items between two looks at whether the program is to end.
const LOOK_EVERY: u64 = 256;

impl From<Error> for LoadError {
    fn from(error: Error) -> Self {
        LoadError::Bad(error)
    }
}

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
        let (db, wanted) = (keys.db(), std::mem::take(&mut keys.effects.wanted));
        let loaded = load(self, keys, source, merge);
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
    engine: &Engine,
    keys: &mut Keys<'_>,
    file: impl Read,
    merge: Merge,
) -> Result<Loaded, LoadError> {
    let limits = engine.settings().limits;
    let mut file = FileReader::new(file, engine.config.rdbchecksum())?;
    let mut loaded = Loaded::default();
    let mut items = 0u64;
    let mut delay = Delay::new(engine.config.key_load_delay());
    let mut functions = Functions::new(engine, merge);
    keys.select(0);
    while let Some(item) = file.next(&limits)? {
        // A start may take minutes. What holds all locks goes on: nobody could ask for the end.
        items += 1;
        if items.is_multiple_of(LOOK_EVERY) && engine.is_loading() && engine.is_ending() {
            return Err(LoadError::Ended);
        }
        match item {
            Item::Record(record) => match record.expiry {
                Some(at) if keys.is_past(at) => {
                    loaded.expired += 1;
                    // Where replicas may go on from here, they are to be told that it is gone.
                    if loaded.position().is_some() {
                        put(keys, *record, merge);
                    }
                }
                _ if !put(keys, *record, merge) => return Err(file.error(Fault::Duplicate).into()),
                _ => {
                    loaded.keys += 1;
                    keys.unlock_walk();
                    delay.after_key(|| !engine.is_ending());
                }
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
            Item::Function(code) => {
                let added = functions.add(&code);
                added.map_err(|reason| file.error(Fault::Function(reason)))?;
            }
            Item::ModuleAux(name) => loaded.note("skipping data of the module", name.as_bytes()),
            Item::Aux(name, value) => loaded.note_position(&name, &value),
            Item::Sizes(..) => {}
        }
    }
    loaded.bytes = file.offset();
    Ok(loaded)
}

/// Takes libraries of functions in.
struct Functions<'e> {
    engine: &'e Engine,
    policy: Restore,
    /// Where their code runs to register them; made for the first.
    sandbox: Option<Sandbox>,
}

impl<'e> Functions<'e> {
    fn new(engine: &'e Engine, merge: Merge) -> Self {
        let policy = match merge {
            Merge::Refuse => Restore::Append,
            Merge::Replace => Restore::Replace,
        };
        Functions { engine, policy, sandbox: None }
    }

    fn add(&mut self, code: &[u8]) -> Result<(), String> {
        let scripts = &self.engine.scripts;
        let limit = self.engine.config.script_memory_limit();
        let sandbox = match &mut self.sandbox {
            Some(sandbox) => sandbox,
            none => none.insert(Sandbox::new(usize::try_from(limit).unwrap_or(usize::MAX))?),
        };
        let (library, _) = read_library(sandbox, scripts, code)?;
        scripts.restore(vec![library], self.policy)
    }
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
