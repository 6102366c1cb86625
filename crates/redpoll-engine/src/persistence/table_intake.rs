//! Taking chunks of a primary's table in, by as many threads as there are cores.
//!
//! All do the same: each has a lane of its own, takes the next chunk and puts its records in. Which
//! chunk is whose is the source's business. What a chunk holds is trusted in nothing: records are
//! read as those of any file.

use super::insert::Insert;
use super::intake::Functions;
use super::load::{LoadError, Loaded, Merge};
use crate::engine::Engine;
use parking_lot::Mutex;
use redpoll_keyspace::Keys;
use redpoll_persist::Pieces;
use redpoll_persist::file::{Item, Records, StreamedRecords};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Gives chunks to several threads.
pub trait ChunkSource: Sync {
    /// A lane for a thread.
    fn lane(&self) -> io::Result<Box<dyn ChunkLane + '_>>;
}

/// One thread's way to chunks.
pub trait ChunkLane {
    /// The next chunk; `None` behind the last. What was given before is gone.
    fn next(&mut self) -> io::Result<Option<Chunk<'_>>>;
}

/// A chunk.
pub enum Chunk<'a> {
    /// Whole records.
    Whole(&'a [u8]),
    /// Records as they come, good only when they have been read to their end without an error.
    Pieces(&'a mut dyn Pieces),
}

/// What all threads share.
struct Intake<'e> {
    engine: &'e Engine,
    source: &'e dyn ChunkSource,
    /// Somebody has failed, and nobody is to go on.
    stopped: AtomicBool,
    outcome: Mutex<Outcome>,
}

#[derive(Default)]
struct Outcome {
    loaded: Loaded,
    /// Code of libraries, and where it stood.
    libraries: Vec<(Vec<u8>, u64)>,
    failure: Option<LoadError>,
}

impl Engine {
    /// Loads all chunks that there are, in place of what is there. What was loaded before an error
    /// stays. Keys that have expired are loaded, too: the primary says when they go.
    pub fn load_table(
        &self,
        keys: &mut Keys<'_>,
        source: &dyn ChunkSource,
    ) -> Result<Loaded, LoadError> {
        self.take_in(keys, |keys| load(self, keys, source))
    }
}

fn load(
    engine: &Engine,
    keys: &mut Keys<'_>,
    source: &dyn ChunkSource,
) -> Result<Loaded, LoadError> {
    let outcome = Mutex::default();
    let intake = Intake { engine, source, stopped: AtomicBool::new(false), outcome };
    let (now, sees_expired) = (keys.now(), keys.sees_expired());
    let keyspace = keys.keyspace();
    let help = || {
        let mut keys = keyspace.keys(0, now);
        keys.see_expired(sees_expired);
        intake.work(&mut keys);
    };
    let alone = keys.holds_all() || engine.config.key_load_delay() != 0;
    let mut own = || intake.work(keys);
    match engine.persistence.storage() {
        Ok(storage) if !alone => storage.together("load", &help, &mut own),
        _ => own(),
    }
    let Outcome { mut loaded, mut libraries, failure } = intake.outcome.into_inner();
    if let Some(failure) = failure {
        return Err(failure);
    }
    if engine.are_beside(keys) {
        loaded.libraries = libraries.into_iter().map(|(code, _)| code).collect();
        return Ok(loaded);
    }
    // Lua stays with its thread, so that this one takes all of them in.
    Functions::new(engine, Merge::Replace).add_all(&mut libraries)?;
    Ok(loaded)
}

impl Intake<'_> {
    fn work(&self, keys: &mut Keys<'_>) {
        let mut insert = Insert::new(self.engine, Merge::Replace);
        keys.unlock_walk();
        let done = self.take_all(keys, &mut insert);
        keys.unlock_walk();
        let mut outcome = self.outcome.lock();
        let Insert { loaded, .. } = insert;
        outcome.loaded.join(loaded);
        if let Err(error) = done {
            self.stopped.store(true, Relaxed);
            // The first one is the cause; others may have failed because of it.
            outcome.failure.get_or_insert(error);
        }
    }

    fn take_all(&self, keys: &mut Keys<'_>, insert: &mut Insert<'_>) -> Result<(), LoadError> {
        let mut lane = self.source.lane().map_err(LoadError::Io)?;
        while !self.stopped.load(Relaxed) {
            if self.engine.is_loading() && self.engine.is_ending() {
                return Err(LoadError::Ended);
            }
            let Some(chunk) = lane.next().map_err(LoadError::Io)? else { break };
            keys.select(0);
            match chunk {
                Chunk::Whole(bytes) => {
                    let mut records = Records::new(bytes);
                    let progress = &self.engine.persistence.load_progress;
                    insert.all(keys, &mut records, true, |bytes| progress.pass(bytes))?;
                }
                Chunk::Pieces(pieces) => self.take_pieces(keys, insert, pieces)?,
            }
            keys.unlock_walk();
            let libraries = std::mem::take(&mut insert.loaded.libraries);
            if !libraries.is_empty() {
                let libraries = libraries.into_iter().map(|code| (code, 0));
                self.outcome.lock().libraries.extend(libraries);
            }
        }
        Ok(())
    }

    /// Most often one large record, or a few.
    fn take_pieces(
        &self,
        keys: &mut Keys<'_>,
        insert: &mut Insert<'_>,
        pieces: &mut dyn Pieces,
    ) -> Result<(), LoadError> {
        let mut records = StreamedRecords::new(pieces);
        let mut items = Vec::new();
        while let Some(item) = records.next(&insert.limits)? {
            items.push(item);
        }
        for item in items {
            match item {
                Item::Record(record) => insert.one(keys, record, 0, true)?,
                item => insert.beside(keys, item, 0)?,
            }
        }
        self.engine.persistence.load_progress.pass(records.offset());
        Ok(())
    }
}
