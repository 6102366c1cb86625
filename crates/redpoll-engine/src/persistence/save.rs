//! Saving: a snapshot becomes the snapshot file.

use super::delay::Delay;
use super::snapshot::{Form, Progress, Snapshot};
use crate::engine::Engine;
use crate::replication::Position;
use redpoll_keyspace::{Keys, clock};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::*};

/// After a failure, save points wait so long before they try again.
const RETRY_MS: i64 = 5000;

/// Why nothing was saved.
#[derive(Debug)]
pub enum SaveError {
    /// A snapshot is being written in the background.
    InProgress,
    /// The file could not be written.
    Failed(io::Error),
}

impl fmt::Display for SaveError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SaveError::InProgress => out.write_str("Background save already in progress"),
            SaveError::Failed(error) => write!(out, "the snapshot cannot be written: {error}"),
        }
    }
}

impl std::error::Error for SaveError {}

impl Engine {
    /// Saves all data before it returns; no lock is held while the file is written, unless the
    /// caller holds all.
    pub fn save(&self, keys: &mut Keys<'_>) -> Result<(), SaveError> {
        if self.persistence.saving.swap(true, AcqRel) {
            return Err(SaveError::InProgress);
        }
        self.persistence.given_up.store(false, Release);
        let result = self.snapshot(keys).and_then(|taken| self.write(taken, keys));
        self.persistence.saving.store(false, Release);
        result
    }

    /// Saves all data in the background.
    pub fn save_later(self: &Arc<Self>, keys: &mut Keys<'_>) -> Result<(), SaveError> {
        if self.persistence.saving.swap(true, AcqRel) {
            return Err(SaveError::InProgress);
        }
        self.persistence.scheduled.store(false, Release);
        self.persistence.given_up.store(false, Release);
        self.persistence.status.lock().tried_at = keys.now();
        let taken = match self.snapshot(keys) {
            Ok(taken) => taken,
            Err(error) => {
                self.background_ended(true);
                return Err(error);
            }
        };
        let engine = Arc::clone(self);
        let job = move || {
            let result = engine.write(taken, &mut engine.any_keys());
            engine.background_ended(result.is_err());
        };
        let begun = self.persistence.spawn("save", Box::new(job));
        begun.map_err(|error| {
            self.background_ended(true);
            SaveError::Failed(error)
        })
    }

    /// Asks for a save in the background as soon as none is running (FLUSHALL).
    pub fn schedule_save(&self) {
        self.persistence.scheduled.store(true, Release);
    }

    /// Whether a snapshot is being written in the background.
    pub fn is_saving(&self) -> bool {
        self.persistence.saving.load(Acquire)
    }

    /// Whether a save point asks for a snapshot now, or somebody has scheduled one.
    pub fn is_save_due(&self, now: i64) -> bool {
        if self.is_saving() {
            return false;
        }
        if self.persistence.scheduled.load(Acquire) {
            return true;
        }
        let status = self.persistence.status();
        if status.failed && now - status.tried_at < RETRY_MS {
            return false;
        }
        let (dirty, elapsed) = (self.stats.dirty(), (now - status.saved_at).max(0) as u64 / 1000);
        let points = self.config.save();
        points.iter().any(|point| dirty >= point.changes && dirty > 0 && elapsed > point.seconds)
    }

    /// Whether writes are refused because the last snapshot failed
    /// (`stop-writes-on-bgsave-error`).
    pub(crate) fn refuses_writes(&self) -> bool {
        self.persistence.status.lock().failed
            && self.config.stop_writes_on_bgsave_error()
            && !self.config.save().is_empty()
    }

    /// A snapshot, how many changes it holds, with those of the command that takes it, and where
    /// the replication stream was.
    fn snapshot(&self, keys: &mut Keys<'_>) -> Result<Taken, SaveError> {
        // Counted before: a change that falls between belongs to the next one as well.
        let dirty = self.stats.dirty() + keys.effects.dirty;
        let held = keys.holds_all();
        keys.lock_all();
        let position = self.replication.position();
        let snapshot = Snapshot::take(self, keys);
        if !held {
            keys.unlock();
        }
        Ok(Taken { snapshot: snapshot.map_err(SaveError::Failed)?, dirty, position })
    }

    /// A view of the keys for a thread that writes a snapshot.
    pub(super) fn any_keys(&self) -> Keys<'_> {
        self.keyspace.keys(0, clock::now_ms())
    }

    fn write(&self, taken: Taken, keys: &mut Keys<'_>) -> Result<(), SaveError> {
        let Taken { snapshot, dirty, position } = taken;
        let (form, name) = (self.form(), self.config.dbfilename());
        let mut aux = self.facts();
        aux.extend(position.iter().flat_map(position_facts));
        let storage = self.persistence.storage().map_err(SaveError::Failed)?;
        let watch = (&self.persistence.progress, &self.persistence.given_up);
        let mut parts = Some((snapshot, aux));
        let mut fill = |out: &mut dyn io::Write| match parts.take() {
            Some((snapshot, aux)) => snapshot.write(keys, out, aux, form, watch),
            None => Err(io::Error::other("a snapshot can be written once")),
        };
        storage.replace(name.as_path(), &mut fill).map_err(SaveError::Failed)?;
        self.stats.saved_dirty.fetch_add(dirty, Relaxed);
        let mut status = self.persistence.status.lock();
        status.saved_at = clock::now_ms();
        status.saves += 1;
        let mended = std::mem::take(&mut status.failed);
        drop(status);
        if mended {
            self.outcome_changed();
        }
        Ok(())
    }

    /// How the configuration wants snapshots.
    pub(super) fn form(&self) -> Form {
        let config = &self.config;
        Form {
            compress: config.rdbcompression(),
            checksum: config.rdbchecksum(),
            delay: Delay::new(config.rdb_key_save_delay()),
            access: config.maxmemory() > 0 && config.maxmemory_policy().evicts(),
        }
    }

    /// Writes a snapshot to where a replica gets it.
    pub fn stream(
        &self,
        snapshot: Snapshot,
        facts: Vec<(&'static str, String)>,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let watch = (&Progress::default(), &AtomicBool::new(false));
        snapshot.write(&mut self.any_keys(), out, facts, self.form(), watch)
    }

    /// Writes a snapshot that an append-only file begins with: as commands, if the configuration
    /// does not want a snapshot there. It tells nothing of the replication stream.
    pub fn write_base(
        &self,
        snapshot: Snapshot,
        as_snapshot: bool,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        if !as_snapshot {
            let noted = self.config.aof_timestamp_enabled();
            let time = noted.then(|| clock::now_ms() / 1000);
            return snapshot.write_commands(&mut self.any_keys(), out, time);
        }
        let mut facts = self.facts();
        if let Some(fact) = facts.iter_mut().find(|(name, _)| *name == "aof-base") {
            fact.1 = "1".to_owned();
        }
        self.stream(snapshot, facts, out)
    }

    /// What a snapshot for replicas tells of the server, and of the stream that goes on from here.
    pub fn facts_for_replicas(&self, at: &Position) -> Vec<(&'static str, String)> {
        let mut facts = self.facts();
        facts.extend(position_facts(at));
        facts
    }

    fn background_ended(&self, failed: bool) {
        let mut status = self.persistence.status.lock();
        // A snapshot that was given up says nothing of the next one.
        if !self.persistence.given_up.load(Acquire) {
            status.failed = failed;
        }
        status.took_seconds = Some((clock::now_ms() - status.tried_at).max(0) / 1000);
        drop(status);
        self.outcome_changed();
        self.persistence.saving.store(false, Release);
    }

    /// Refuses writes, or does so no longer, and tells then.
    fn outcome_changed(&self) {
        // Executors learn from their settings whether writes are refused.
        self.config_changed();
        let mut status = self.persistence.status.lock();
        status.told_failed = status.failed;
    }

    /// What a snapshot tells of the server. Redis and Valkey look for some of these names.
    fn facts(&self) -> Vec<(&'static str, String)> {
        vec![
            ("redis-ver", REDIS_VERSION.to_owned()),
            ("redpoll-ver", env!("CARGO_PKG_VERSION").to_owned()),
            ("redis-bits", "64".to_owned()),
            ("ctime", (clock::now_ms() / 1000).to_string()),
            ("used-mem", self.used_memory.load(Relaxed).to_string()),
            ("aof-base", "0".to_owned()),
        ]
    }
}

/// A snapshot that is to be written.
struct Taken {
    snapshot: Snapshot,
    dirty: u64,
    position: Option<Position>,
}

fn position_facts(at: &Position) -> [(&'static str, String); 3] {
    [
        ("repl-stream-db", at.db.to_string()),
        ("repl-id", at.id.clone()),
        ("repl-offset", at.offset.to_string()),
    ]
}

/// The version of Redis whose behaviour this server has.
const REDIS_VERSION: &str = "7.2.4";
