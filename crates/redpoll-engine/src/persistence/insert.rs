//! Putting records that have been read into the keyspace: one thread's share of it.

use super::delay::Delay;
use super::load::{LoadError, Loaded, Merge, restore};
use crate::engine::Engine;
use redpoll_keyspace::Keys;
use redpoll_memory::huge::Filling;
use redpoll_memory::slices::LongTurns;
use redpoll_persist::file::{Item, Record, Records};
use redpoll_persist::{Error, Fault};
use redpoll_types::limits::Limits;

/// Records that are decoded before they are put in, so that the misses of their buckets overlap.
const TOGETHER: usize = 16;

/// See the module's head.
pub(super) struct Insert<'e> {
    engine: &'e Engine,
    merge: Merge,
    /// How collections are to be encoded.
    pub(super) limits: Limits,
    /// What has come of it.
    pub(super) loaded: Loaded,
    /// Records that have been read, the hashes of their keys, and the offsets behind them.
    group: Vec<(Record, u64, u64)>,
    delay: Delay,
    /// All of it is memory that is touched for the first time, and nobody waits for this thread.
    _long: (Filling, LongTurns),
}

impl<'e> Insert<'e> {
    /// Nothing has been put in yet.
    pub(super) fn new(engine: &'e Engine, merge: Merge) -> Self {
        Insert {
            engine,
            merge,
            limits: engine.settings().limits,
            loaded: Loaded::default(),
            group: Vec::with_capacity(TOGETHER),
            delay: Delay::new(engine.config.key_load_delay()),
            _long: (Filling::begin(), LongTurns::begin()),
        }
    }

    /// Puts all records in, expired ones too if `all`; `passed` is told how many bytes they had.
    /// What else stands there is noted.
    pub(super) fn all(
        &mut self,
        keys: &mut Keys<'_>,
        records: &mut Records<'_>,
        all: bool,
        passed: impl Fn(u64),
    ) -> Result<(), LoadError> {
        let mut before = records.offset();
        loop {
            let mut beside = None;
            let mut end = None;
            while end.is_none() && beside.is_none() && self.group.len() < TOGETHER {
                match records.next(&self.limits) {
                    Ok(Some(Item::Record(record))) => {
                        let hash = keys.keyspace().hash(&record.key);
                        keys.keyspace().prefetch_bucket(keys.db(), hash);
                        self.group.push((record, hash, records.offset()));
                    }
                    Ok(Some(item)) => beside = Some(item),
                    Ok(None) => end = Some(Ok(())),
                    Err(error) => end = Some(Err(error.into())),
                }
            }
            let mut group = std::mem::take(&mut self.group);
            for (record, hash, offset) in group.drain(..) {
                self.put(keys, (record, hash), offset, all)?;
            }
            self.group = group;
            passed(records.offset() - before);
            before = records.offset();
            if let Some(item) = beside {
                self.beside(keys, item, records.offset())?;
            }
            if let Some(end) = end {
                return end;
            }
        }
    }

    /// Notes what is no record; another database becomes the one that records belong to.
    pub(super) fn beside(
        &mut self,
        keys: &mut Keys<'_>,
        item: Item,
        offset: u64,
    ) -> Result<(), LoadError> {
        match item {
            Item::Database(number) => {
                let databases = self.engine.keyspace.databases();
                let known = usize::try_from(number).ok().filter(|number| *number < databases);
                let fault = Fault::Database(number);
                let number = known.ok_or(Error { offset, fault })?;
                keys.unlock_walk();
                keys.select(number);
            }
            item => self.loaded.note_item(item),
        }
        Ok(())
    }

    /// Puts one record in.
    pub(super) fn one(
        &mut self,
        keys: &mut Keys<'_>,
        record: Record,
        offset: u64,
        all: bool,
    ) -> Result<(), LoadError> {
        let hash = keys.keyspace().hash(&record.key);
        self.put(keys, (record, hash), offset, all)
    }

    /// Puts a key in, unless it has expired and nobody needs to know.
    fn put(
        &mut self,
        keys: &mut Keys<'_>,
        (record, hash): (Record, u64),
        offset: u64,
        all: bool,
    ) -> Result<(), LoadError> {
        let engine = self.engine;
        let Record { key, value, expiry, idle, frequency } = record;
        let gone = expiry.is_some_and(|at| keys.is_past(at));
        if gone {
            self.loaded.expired += 1;
            if !all {
                return Ok(());
            }
        }
        keys.set_hint(&key, hash);
        keys.lock_key(&key);
        let twice = self.merge == Merge::Refuse && keys.contains(&key);
        if !twice {
            restore(keys, &key, value, expiry);
            keys.set_access(&key, idle, frequency);
        }
        keys.clear_hint();
        if twice && !gone {
            return Err(Error { offset, fault: Fault::Duplicate }.into());
        }
        if !gone {
            self.loaded.keys += 1;
        }
        if engine.config.key_load_delay() != 0 {
            keys.unlock_walk();
            self.delay.after_key(|| !engine.is_ending());
            if engine.is_loading() && engine.is_ending() {
                return Err(LoadError::Ended);
            }
        }
        Ok(())
    }
}
