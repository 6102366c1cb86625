//! Search indexes: which there are, and how they follow the keyspace.
//!
//! The indexes themselves are `redpoll_search`'s; here they get names, and are handed the hashes of
//! database 0. All that happens to a hash passes one hook of the keyspace, with the hash's stripe
//! locked (`document`): so an index and the keyspace agree whenever a stripe is not locked. Keys
//! that are there before an index are walked by threads of the program, a bucket a lock (`scan`).
//!
//! What defines all of it can be told as commands (`record`): that is what snapshots keep, and the
//! contents are indexed anew when they are loaded.
//!
//! Locks: the registry and the lists beside it are taken after stripes, for moments, and none while
//! another of them is held.

mod arguments;
mod config;
mod definition;
mod document;
mod fields;
mod index;
mod record;
mod running;
mod scan;
mod turns;
mod vector_fields;

pub use arguments::{BadWord, Words};
pub use config::{ConfigError, SETTINGS, SearchConfig, Setting};
pub use definition::{Definition, DefinitionError, Filter, FilterColumn};
pub use index::{Failure, FailureCount, Failures, SearchIndex, SpecialFields};
pub use record::Record;
pub use running::{IdleThreads, Running};
pub use turns::{Queue, Turns};

use parking_lot::{Condvar, Mutex, RwLock};
use redpoll_keyspace::{Indexed, Keyspace};
use redpoll_search::aggregate::Cursors;
use redpoll_search::dictionary::Dictionary;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// A name as maps have it.
pub type Name = Box<[u8]>;

/// All indexes, and what belongs to searching beside them.
#[derive(Default)]
pub struct Search {
    registry: RwLock<Registry>,
    /// Words for spelling, by the dictionaries' names.
    pub dictionaries: RwLock<BTreeMap<Name, Dictionary>>,
    /// Results that are fetched bit by bit.
    pub cursors: Mutex<Cursors>,
    /// What searches are set to, by directives or by FT.CONFIG.
    pub config: RwLock<SearchConfig>,
    /// Whose turn it is among long queries.
    pub turns: Arc<Turns>,
    /// What INFO tells.
    pub counters: Counters,
    /// Threads that do what needs not be done at once.
    workers: AtomicUsize,
    idle: Mutex<()>,
    wake: Condvar,
}

/// Figures for INFO.
#[derive(Debug, Default)]
pub struct Counters {
    /// Searches and aggregations.
    pub queries: AtomicU64,
    /// Those of them that ran in the background.
    pub long: AtomicU64,
    /// How long they took, in microseconds.
    pub query_micros: AtomicU64,
    /// The longest of them.
    pub longest_micros: AtomicU64,
    /// Those that ran out of time.
    pub timeouts: AtomicU64,
    /// Those that failed.
    pub failures: AtomicU64,
    /// How often a client had to rest, as it wrote documents faster than they are merged.
    pub rests: AtomicU64,
}

#[derive(Default)]
struct Registry {
    indexes: BTreeMap<Name, Arc<SearchIndex>>,
    aliases: BTreeMap<Name, Name>,
}

/// Why a name cannot be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameError {
    /// There is an index of this name.
    IndexExists,
    /// There is an index of the name that an alias is to have.
    IndexOfAlias,
    /// There is an alias of this name.
    AliasExists,
    /// There is no such index.
    NoIndex,
    /// There is no such alias.
    NoAlias,
}

impl Search {
    /// The index of this name, or that an alias of this name stands for.
    pub fn index(&self, name: &[u8]) -> Option<Arc<SearchIndex>> {
        let registry = self.registry.read();
        let name = registry.aliases.get(name).map_or(name, |target| target);
        registry.indexes.get(name).cloned()
    }

    /// All indexes, by name.
    pub fn indexes(&self) -> Vec<Arc<SearchIndex>> {
        self.registry.read().indexes.values().cloned().collect()
    }

    /// The aliases of an index.
    pub fn aliases_of(&self, index: &[u8]) -> Vec<Name> {
        let registry = self.registry.read();
        let own = registry.aliases.iter().filter(|(_, target)| ***target == *index);
        own.map(|(alias, _)| alias.clone()).collect()
    }

    /// Adds an index. All stripes must be locked, or nobody must write. Its keys are indexed by and
    /// by.
    ///
    /// # Errors
    /// If the name is taken.
    pub fn add(
        &self,
        definition: Definition,
        keyspace: &Keyspace,
        now: i64,
    ) -> Result<(), NameError> {
        let mut registry = self.registry.write();
        if registry.indexes.contains_key(&definition.name) {
            return Err(NameError::IndexExists);
        }
        if registry.aliases.contains_key(&definition.name) {
            return Err(NameError::AliasExists);
        }
        let index = Arc::new(SearchIndex::new(definition, keyspace.stripes(), now));
        registry.indexes.insert(index.name.clone(), index);
        keyspace.set_indexed(true);
        drop(registry);
        self.wake_workers();
        Ok(())
    }

    /// Removes an index, with its aliases and cursors.
    pub fn remove(&self, name: &[u8], keyspace: &Keyspace) -> Option<Arc<SearchIndex>> {
        let mut registry = self.registry.write();
        let name = registry.aliases.get(name).map_or_else(|| name.into(), Clone::clone);
        let index = registry.indexes.remove(&name)?;
        registry.aliases.retain(|_, target| *target != name);
        keyspace.set_indexed(!registry.indexes.is_empty());
        drop(registry);
        index.drop_scan();
        self.cursors.lock().drop_index(&name);
        Some(index)
    }

    /// Gives an index another name beside its own.
    ///
    /// # Errors
    /// If the name is taken, or there is no such index. An alias stands for no alias.
    pub fn add_alias(&self, alias: &[u8], index: &[u8], replace: bool) -> Result<(), NameError> {
        let mut registry = self.registry.write();
        if !registry.indexes.contains_key(index) {
            return Err(NameError::NoIndex);
        }
        if registry.indexes.contains_key(alias) {
            return Err(NameError::IndexOfAlias);
        }
        if !replace && registry.aliases.contains_key(alias) {
            return Err(NameError::AliasExists);
        }
        registry.aliases.insert(alias.into(), index.into());
        Ok(())
    }

    /// Takes a name away.
    ///
    /// # Errors
    /// If it is no alias.
    pub fn remove_alias(&self, alias: &[u8]) -> Result<(), NameError> {
        let removed = self.registry.write().aliases.remove(alias);
        removed.map(drop).ok_or(NameError::NoAlias)
    }

    /// Removes all indexes and dictionaries: the database that they are for is emptied.
    fn clear(&self, keyspace: &Keyspace) {
        let mut registry = self.registry.write();
        registry.indexes.values().for_each(|index| index.drop_scan());
        *registry = Registry::default();
        keyspace.set_indexed(false);
        drop(registry);
        self.dictionaries.write().clear();
        *self.cursors.lock() = Cursors::default();
    }

    /// Takes over what has happened in the keyspace.
    pub(crate) fn tell(&self, keyspace: &Keyspace, what: Indexed<'_>) {
        match what {
            Indexed::Key(key, hash, now) => {
                for index in self.registry.read().indexes.values() {
                    if index.follow(key, hash, now) {
                        self.note_backlog(index);
                    }
                }
            }
            Indexed::Emptied(db) => {
                if db == 0 {
                    self.clear(keyspace);
                }
            }
            Indexed::Exchanged(one, other) => {
                if one == 0 || other == 0 {
                    self.index_anew();
                }
            }
        }
    }

    /// Indexes everything anew: the keyspace holds something else.
    pub fn index_anew(&self) {
        for index in self.indexes() {
            index.index.clear();
            index.begin_scan(false);
        }
        self.wake_workers();
    }

    /// Removes temporary indexes that nobody has used for as long as they live.
    pub fn expire(&self, keyspace: &Keyspace, now: i64) {
        let over = |index: &&Arc<SearchIndex>| index.is_over(now);
        let over: Vec<_> = self.registry.read().indexes.values().filter(over).cloned().collect();
        for index in over {
            self.remove(&index.name, keyspace);
        }
        self.cursors.lock().expire(u64::try_from(now).unwrap_or(0));
    }

    /// Counts a query.
    pub fn note_query(&self, query: &Running, timed_out: bool, failed: bool) {
        let (counters, micros) = (&self.counters, query.micros());
        counters.queries.fetch_add(1, Relaxed);
        counters.long.fetch_add(u64::from(query.is_long()), Relaxed);
        counters.query_micros.fetch_add(micros, Relaxed);
        counters.longest_micros.fetch_max(micros, Relaxed);
        counters.timeouts.fetch_add(u64::from(timed_out), Relaxed);
        counters.failures.fetch_add(u64::from(failed), Relaxed);
    }
}

impl Counters {
    /// Forgets everything (CONFIG RESETSTAT).
    pub fn reset(&self) {
        let Counters { queries, long, query_micros, longest_micros, timeouts, failures, rests } =
            self;
        for counter in [queries, long, query_micros, longest_micros, timeouts, failures, rests] {
            counter.store(0, Relaxed);
        }
    }
}
