//! A full sync as the replica sees it: the primary's snapshot takes the place of the data.
//!
//! Who has data keeps them, and answers from them, until the snapshot has come whole: it goes into
//! a file without a name first. Who has none loads it as it comes.

use super::follower::{LOADING, Link, superseded};
use super::handshake::{Line, is_timeout};
use parking_lot::MutexGuard;
use redpoll_client::Transport;
use redpoll_client::full_sync::{End, Marked};
use redpoll_engine::following::random_id;
use redpoll_engine::persistence::{Loaded, Merge};
use redpoll_engine::replication::{LinkState, Position};
use redpoll_keyspace::clock;
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
        self.set_state(LinkState::Sync);
        let end = line.announced_end()?;
        let total = if let End::Length(length) = end { Some(length) } else { None };
        self.engine.replication.update_link(self.epoch, |link| link.sync_bytes = (total, 0));
        let buffer = std::mem::take(&mut line.buffer);
        let (stream, patience) = (&mut *line.stream, &*line.patience);
        let inner = Watched { stream, link: self, patience, heard: Instant::now() };
        let mut marked = Marked::new(inner, buffer, end);
        let (loaded, bytes, rest) = match self.set_aside(&mut marked)? {
            Some(file) => {
                let (bytes, rest) = (marked.given(), marked.rest()?);
                let file = BufReader::with_capacity(CHUNK, file);
                let stream = &mut *line.stream;
                let mut file = Comforting { file, stream, link: self, comforted: Instant::now() };
                let _alone = self.make_way()?;
                (self.load(&mut file)?, bytes, rest)
            }
            None => {
                let _alone = self.make_way()?;
                let loaded = self.load(&mut marked)?;
                (loaded, marked.given(), marked.rest()?)
            }
        };
        let at = Position { id: id.to_owned(), offset, db: loaded.position.db };
        if !self.engine.replication.adopt(self.epoch, &at) {
            return Err(superseded());
        }
        let keys = loaded.keys;
        log::info!("MASTER <-> REPLICA sync: Finished with success ({keys} keys, {bytes} bytes)");
        Ok(rest)
    }

    /// Puts the snapshot into a file, if there are data to keep meanwhile.
    fn set_aside(&self, snapshot: &mut impl Read) -> io::Result<Option<File>> {
        let keyspace = &self.engine.keyspace;
        let has_keys = (0..keyspace.databases()).any(|db| keyspace.len(db) > 0);
        if !has_keys && self.engine.scripts.library_counts().0 == 0 {
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
    fn make_way(&self) -> io::Result<MutexGuard<'static, ()>> {
        // A link that was superseded in the middle of this ends soon.
        let alone = LOADING.lock();
        log::info!("MASTER <-> REPLICA sync: Flushing old data");
        let id_meanwhile = random_id(&mut SmallRng::new(clock::now_ms() as u64));
        match self.engine.replication.give_up_stream(self.epoch, id_meanwhile) {
            true => Ok(alone),
            false => Err(superseded()),
        }
    }

    /// What was there makes way for the snapshot; of one that breaks off, nothing stays.
    fn load(&self, snapshot: &mut (impl Read + Send)) -> io::Result<Loaded> {
        let mut keys = self.engine.keyspace.keys(0, clock::now_ms());
        keys.see_expired(true);
        let _loading = self.engine.begin_loading();
        self.engine.empty_all(&mut keys);
        log::info!("MASTER <-> REPLICA sync: Loading DB in memory");
        let loaded = self.engine.load_from(&mut keys, snapshot, Merge::Replace);
        if loaded.is_err() {
            self.engine.empty_all(&mut keys);
        }
        let loaded = loaded.map_err(|error| io::Error::other(error.to_string()))?;
        loaded.notes.iter().for_each(|note| log::warn!("{note}"));
        drop(keys);
        let aof = &self.engine.persistence.aof;
        if aof.is_enabled() {
            // The log so far is that of other data.
            aof.keeper()?.replaced()?;
        }
        Ok(loaded)
    }
}

/// A file in the data directory that is gone when it is closed, whatever happens.
fn nameless_file() -> io::Result<File> {
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
