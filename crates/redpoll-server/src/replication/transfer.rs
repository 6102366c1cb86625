//! A full sync as the replica sees it: the primary's snapshot takes the place of the data.
//!
//! Who has data keeps them, and answers from them, until the snapshot has come whole: it goes into
//! a file without a name first. Who has none loads it as it comes. With `repl-diskless-load swapdb`
//! it is loaded as it comes in any case, beside the data that there are.

use super::follower::{LOADING, Link, superseded};
use super::handshake::{Announced, Line, is_timeout};
use parking_lot::MutexGuard;
use redpoll_client::Transport;
use redpoll_client::full_sync::{End, Marked};
use redpoll_config::ReplDisklessLoad;
use redpoll_engine::Engine;
use redpoll_engine::following::random_id;
use redpoll_engine::persistence::{LoadError, Loaded, Merge};
use redpoll_engine::replication::{LinkState, Position, SyncReport};
use redpoll_keyspace::{Keys, clock};
use redpoll_types::rng::SmallRng;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::process;
use std::time::{Duration, Instant};

/// Bytes that go to the file and come from it at once.
const CHUNK: usize = 256 << 10;
/// How often the primary is shown that a replica which loads is alive.
const COMFORT: Duration = Duration::from_secs(1);

impl Link {
    /// Replaces the data by the primary's. Answers the stream's first bytes.
    pub(super) fn take_snapshot(
        &mut self,
        line: &mut Line,
        id: &str,
        offset: u64,
    ) -> io::Result<Vec<u8>> {
        let end = match line.announced()? {
            Announced::End(end) => end,
            Announced::Table(offer) => {
                let taken = self.take_table(line, &offer, (id, offset));
                self.tables_failed = if taken.is_ok() { 0 } else { self.tables_failed + 1 };
                return taken;
            }
        };
        self.tables_failed = 0;
        self.set_state(LinkState::Sync);
        let begun = Instant::now();
        let total = if let End::Length(length) = end { Some(length) } else { None };
        self.engine.replication.update_link(self.epoch, |link| {
            link.sync_bytes = (total, 0);
            link.table = None;
        });
        let buffer = std::mem::take(&mut line.buffer);
        let (stream, patience) = (&mut *line.stream, &*line.patience);
        let inner = Watched { stream, link: self, patience, heard: Instant::now() };
        let mut marked = Marked::new(inner, buffer, end);
        let (loaded, bytes, rest) = match self.set_aside(&mut marked)? {
            None if self.swaps() => {
                let load = |engine: &Engine, keys: &mut Keys<'_>| {
                    engine.load_from(keys, &mut marked, Merge::Replace)
                };
                let loaded = self.load_beside(load)?;
                (loaded, marked.given(), marked.rest()?)
            }
            Some(file) => {
                let (bytes, rest) = (marked.given(), marked.rest()?);
                let file = BufReader::with_capacity(CHUNK, file);
                let stream = &mut *line.stream;
                let mut file = Comforting { file, stream, link: self, comforted: Instant::now() };
                let _alone = self.make_way()?;
                (self.load_snapshot(&mut file)?, bytes, rest)
            }
            None => {
                let _alone = self.make_way()?;
                let loaded = self.load_snapshot(&mut marked)?;
                (loaded, marked.given(), marked.rest()?)
            }
        };
        let at = Position { id: id.to_owned(), offset, db: loaded.position.db };
        self.adopt(&at)?;
        let keys = loaded.keys;
        log::info!("MASTER <-> REPLICA sync: Finished with success ({keys} keys, {bytes} bytes)");
        let seconds = begun.elapsed().as_secs_f64();
        self.report(SyncReport { carrier: "stream", bytes, keys, seconds });
        Ok(rest)
    }

    /// Goes on from the place at which the primary's snapshot was taken.
    pub(super) fn adopt(&self, at: &Position) -> io::Result<()> {
        if !at.is_possible(self.engine.keyspace.databases()) {
            let db = at.db;
            return Err(io::Error::other(format!(
                "the stream is in database {db}, which is not here"
            )));
        }
        match self.engine.replication.adopt(self.epoch, at) {
            true => Ok(()),
            false => Err(superseded()),
        }
    }

    /// Says how a full sync went that is done.
    pub(super) fn report(&self, report: SyncReport) {
        self.engine.replication.update_link(self.epoch, |link| {
            link.table = None;
            link.last_sync = Some(report);
        });
    }

    /// Whether there are data to keep while a snapshot comes.
    pub(super) fn has_data(&self) -> bool {
        let keyspace = &self.engine.keyspace;
        let has_keys = (0..keyspace.databases()).any(|db| keyspace.len(db) > 0);
        has_keys || self.engine.scripts.library_counts().0 > 0
    }

    /// Whether what comes is loaded beside the data that there are.
    pub(super) fn swaps(&self) -> bool {
        self.engine.config.repl_diskless_load() == ReplDisklessLoad::Swapdb && self.has_data()
    }

    /// Puts the snapshot into a file, if there are data to keep meanwhile.
    fn set_aside(&self, snapshot: &mut impl Read) -> io::Result<Option<File>> {
        if !self.has_data() || self.swaps() {
            return Ok(None);
        }
        let mut file = match nameless_file() {
            Ok(file) => file,
            Err(error) => {
                log::warn!("The old data go before the snapshot comes; no file for it: {error}");
                return Ok(None);
            }
        };
        log::info!("MASTER <-> REPLICA sync: receiving the snapshot into a file");
        let mut out = BufWriter::with_capacity(CHUNK, &mut file);
        io::copy(snapshot, &mut out)?;
        out.flush()?;
        drop(out);
        file.rewind()?;
        Ok(Some(file))
    }

    /// Gives up the stream that belongs to the old data; the guard keeps other links from loading.
    pub(super) fn make_way(&self) -> io::Result<MutexGuard<'static, ()>> {
        // A link that was superseded in the middle of this ends soon.
        let alone = LOADING.lock();
        log::info!("MASTER <-> REPLICA sync: Flushing old data");
        match self.give_up_stream() {
            true => Ok(alone),
            false => Err(superseded()),
        }
    }

    /// Whether the stream that belongs to the old data could be given up.
    fn give_up_stream(&self) -> bool {
        let id_meanwhile = random_id(&mut SmallRng::new(clock::now_ms() as u64));
        self.engine.replication.give_up_stream(self.epoch, id_meanwhile)
    }

    fn load_snapshot(&self, snapshot: &mut (impl Read + Send)) -> io::Result<Loaded> {
        self.load(|engine, keys| engine.load_from(keys, snapshot, Merge::Replace))
    }

    /// What was there makes way for what `load` loads; if that breaks off, nothing stays.
    pub(super) fn load(
        &self,
        load: impl FnOnce(&Engine, &mut Keys<'_>) -> Result<Loaded, LoadError>,
    ) -> io::Result<Loaded> {
        let mut keys = self.engine.keyspace.keys(0, clock::now_ms());
        keys.see_expired(true);
        let _loading = self.engine.begin_loading();
        self.engine.empty_all(&mut keys);
        log::info!("MASTER <-> REPLICA sync: Loading DB in memory");
        let loaded = load(&self.engine, &mut keys);
        if loaded.is_err() {
            self.engine.empty_all(&mut keys);
        }
        drop(keys);
        self.has_loaded(loaded)
    }

    /// What `load` loads takes the place of what is there, at one moment; if that breaks off, what
    /// is there stays.
    pub(super) fn load_beside(
        &self,
        load: impl FnOnce(&Engine, &mut Keys<'_>) -> Result<Loaded, LoadError>,
    ) -> io::Result<Loaded> {
        let _alone = LOADING.lock();
        log::info!("MASTER <-> REPLICA sync: Loading DB in memory, beside the old data");
        let loaded = self.engine.load_beside(load, || {
            let swaps = self.give_up_stream();
            if swaps {
                log::info!("MASTER <-> REPLICA sync: Swapping active DB with loaded DB");
            }
            swaps
        });
        self.has_loaded(loaded.transpose().ok_or_else(superseded)?)
    }

    fn has_loaded(&self, loaded: Result<Loaded, LoadError>) -> io::Result<Loaded> {
        let loaded = loaded.map_err(|error| io::Error::other(error.to_string()))?;
        loaded.notes.iter().for_each(|note| log::warn!("{note}"));
        let aof = &self.engine.persistence.aof;
        if aof.is_enabled() {
            // The log so far is that of other data.
            aof.keeper()?.replaced()?;
        }
        Ok(loaded)
    }
}

/// A file in the data directory that is gone when it is closed, whatever happens.
pub(super) fn nameless_file() -> io::Result<File> {
    let name = format!("temp-sync-{}.rdb", process::id());
    let file = File::options().read(true).write(true).create(true).truncate(true).open(&name)?;
    fs::remove_file(&name)?;
    Ok(file)
}

/// The primary's stream while a snapshot comes: what has come is counted, and it ends when another
/// primary is to be followed.
struct Watched<'a> {
    stream: &'a mut dyn Transport,
    link: &'a Link,
    patience: &'a (dyn Fn(Duration) -> io::Result<()> + Sync),
    heard: Instant,
}

impl Read for Watched<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = loop {
            if self.link.has_ended() {
                return Err(superseded());
            }
            match self.stream.read(out) {
                Err(error) if is_timeout(&error) => (self.patience)(self.heard.elapsed())?,
                count => break count?,
            }
        };
        self.heard = Instant::now();
        self.link.engine.replication.note_received(count);
        self.link.engine.replication.update_link(self.link.epoch, |link| {
            link.sync_bytes.1 += count as u64;
            link.last_heard = clock::now_ms();
            link.sync_heard = link.last_heard;
        });
        Ok(count)
    }
}

/// The file with the snapshot; while it is read, the primary is shown now and then that we live.
struct Comforting<'a> {
    file: BufReader<File>,
    stream: &'a mut dyn Transport,
    link: &'a Link,
    comforted: Instant,
}

impl Read for Comforting<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.comforted.elapsed() >= COMFORT {
            self.comforted = Instant::now();
            if self.link.has_ended() {
                return Err(superseded());
            }
            // A link that is broken is found so when the stream is read.
            let _ = self.stream.write_all(b"\n");
        }
        self.file.read(out)
    }
}
