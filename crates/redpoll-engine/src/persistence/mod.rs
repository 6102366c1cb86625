//! Snapshots of the data: taking them, writing them, loading them.
//!
//! The engine opens no file. What it needs of the world it asks of a [`Storage`], which the program
//! gives it: a file that takes the place of the old one when it is complete, the file that is
//! there, a thread for what must not keep a client waiting.
//!
//! A snapshot is taken in a moment with all stripes locked (`redpoll_keyspace::snapshot`): that is
//! when its caller notes where the change log or the replication stream is. Its data are captured
//! while it is written, and so it can be written once.
//!
//! The files: `snapshot` the data at one moment, `save` writing it, `commands` writing it as
//! commands, `load` and `intake` reading it back, `progress` how far that has come, `replay`
//! running the commands of an append-only file, `aof` what the engine knows of it; `table` laying
//! the data out in chunks that replicas read, and `table_intake` taking them in; `insert` is what
//! both ways of loading share.

mod aof;
mod beside;
mod commands;
mod delay;
mod insert;
mod intake;
mod load;
mod logging;
mod progress;
mod replay;
mod save;
mod snapshot;
mod table;
mod table_intake;

pub use aof::{Aof, AofStatus, LogKeeper};
pub use load::{LoadError, Loaded, Loading, Merge, restore};
pub use progress::LoadProgress;
pub use replay::{Replay, ReplayEnd, ReplayError, Replayed};
pub use save::SaveError;
pub use snapshot::{Progress, Snapshot};
pub use table::ChunkOut;
pub use table_intake::{Chunk, ChunkLane, ChunkSource};

use parking_lot::Mutex;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::*};

/// Writes all bytes of a file.
pub type Fill<'a> = dyn FnMut(&mut dyn Write) -> io::Result<()> + 'a;

/// What the engine needs of the world for its snapshots.
pub trait Storage: Send + Sync {
    /// Replaces the file of this name in the data directory by one that `fill` writes. The old one
    /// stays if anything fails, and when this returns without an error, the new one is on disk.
    fn replace(&self, name: &Path, fill: &mut Fill<'_>) -> io::Result<()>;

    /// The file of this name and its size, if there is one.
    fn open(&self, name: &Path) -> io::Result<Option<(Box<dyn Read + Send>, u64)>>;

    /// Does `own` in this thread, and `help` in as many others as there are further cores, at the
    /// same time. Returns when all have done it.
    fn together(&self, name: &str, help: &(dyn Fn() + Sync), own: &mut dyn FnMut());

    /// Does something in a thread of its own.
    fn spawn(&self, name: &str, job: Box<dyn FnOnce() + Send>) -> io::Result<()>;
}

/// What is known of snapshots, for INFO, LASTSAVE and save points.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// When data was last saved, in milliseconds since 1970; at first the server's start.
    pub saved_at: i64,
    /// Snapshots written.
    pub saves: u64,
    /// Whether the last one in the background failed.
    pub failed: bool,
    /// The same, as others are told: when writes are refused for it, or no longer.
    pub told_failed: bool,
    /// When the last one in the background was begun; 0: never.
    pub tried_at: i64,
    /// How long it took, in seconds; `None`: there was none.
    pub took_seconds: Option<i64>,
    /// Keys that were loaded at the start.
    pub loaded: u64,
    /// Keys that were left out then because they had expired.
    pub loaded_expired: u64,
}

/// See the module's head.
#[derive(Default)]
pub struct Persistence {
    storage: OnceLock<Box<dyn Storage>>,
    status: Mutex<Status>,
    /// The append-only file.
    pub aof: Aof,
    /// How far loading has come.
    pub load_progress: LoadProgress,
    /// Whether data is being loaded.
    loading: AtomicU8,
    /// Whether a snapshot is being written in the background.
    saving: AtomicBool,
    /// How far it has come.
    pub progress: Progress,
    /// Whether the one that is being written is to be given up.
    given_up: AtomicBool,
    /// Whether one is to be begun as soon as possible (FLUSHALL).
    scheduled: AtomicBool,
    /// Whether RESTORE takes payloads with a wrong checksum (DEBUG SET-SKIP-CHECKSUM-VALIDATION).
    pub skip_checksum: AtomicBool,
}

impl Persistence {
    pub(crate) fn started(now: i64) -> Self {
        let status = Status { saved_at: now, ..Status::default() };
        Persistence { status: Mutex::new(status), ..Persistence::default() }
    }

    /// Gives the engine its storage; a second one is not taken.
    pub fn set_storage(&self, storage: Box<dyn Storage>) {
        let _ = self.storage.set(storage);
    }

    fn storage(&self) -> io::Result<&dyn Storage> {
        let storage = self.storage.get().map(|storage| &**storage);
        storage.ok_or_else(|| io::Error::other("there is no storage"))
    }

    /// Does something in a thread of its own.
    pub fn spawn(&self, name: &str, job: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        self.storage()?.spawn(name, job)
    }

    /// Gives the snapshot up that is being written, if one is.
    pub fn give_up_save(&self) {
        self.given_up.store(self.saving.load(Acquire), Release);
    }

    /// What is known of snapshots.
    pub fn status(&self) -> Status {
        self.status.lock().clone()
    }
}
