//! A pass: a snapshot laid out in a table, for all replicas that wait for one.

use super::carriers;
use crate::replication::snapshot;
use redpoll_engine::Engine;
use redpoll_engine::persistence::{ChunkOut, Progress, Snapshot};
use redpoll_engine::replication::{Position, Replica};
use redpoll_keyspace::clock;
use redpoll_sync::chunk::{Kind, Sum};
use redpoll_sync::window::{Overdue, Slot};
use redpoll_sync::wire::{self, Offer};
use redpoll_sync::{Admits, Token, Window};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How often readers are looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How often a primary that has nothing to say shows that it lives.
const COMFORT: Duration = Duration::from_secs(1);
/// For how long others may wait for a slow reader: those who read the same table, all in all, and
/// those who wait for the next one, beyond what its pace is worth.
const PATIENCE: Duration = Duration::from_secs(3);
/// A replica that knows of so many bytes that it can read is told of further ones later, and of
/// several chunks at once.
const ENOUGH: usize = 8 << 20;

/// Passes so far: the number of each is its own, also to whoever reads an old chunk.
static PASSES: AtomicU64 = AtomicU64::new(0);

/// Lets these replicas read a snapshot of this moment; they follow the stream from then on.
pub fn serve(engine: &Arc<Engine>, replicas: &[Arc<Replica>]) {
    let begun = Instant::now();
    let epoch = (clock::now_ms() as u64) << 16 | PASSES.fetch_add(1, Relaxed) & 0xffff;
    let memory = usize::try_from(engine.config.repl_sync_memory()).unwrap_or(usize::MAX);
    let window = match Window::new(memory, epoch) {
        Ok(window) => Arc::new(window),
        Err(error) => {
            log::warn!("There is no memory for a sync table, sending a stream instead: {error}");
            return snapshot::send(engine, replicas);
        }
    };
    let mut pass = Pass {
        engine,
        window: &window,
        slot: None,
        readers: Vec::new(),
        chunks: 0,
        bytes: 0,
        keys: 0,
        unsaid: String::new(),
        unsaid_bytes: 0,
        looked: Instant::now(),
        comforted: Instant::now(),
    };
    let outcome = pass.run(&window, replicas);
    engine.replication.tables.close(&window);
    let (count, bytes, chunks) = (pass.readers.len(), pass.bytes, pass.chunks);
    match outcome {
        Ok(()) => {
            let seconds = begun.elapsed().as_secs_f64();
            let rate = bytes as f64 / 1e6 / seconds;
            log::info!(
                "Synchronization with {count} replicas by a sync table succeeded: {bytes} bytes in \
                 {chunks} chunks, {seconds:.3} s, {rate:.0} MB/s"
            );
        }
        Err(error) => {
            log::warn!("A full sync failed: {error}");
            replicas.iter().for_each(|replica| replica.client.kill());
        }
    }
}

/// See the module's head.
struct Pass<'w> {
    engine: &'w Engine,
    window: &'w Window,
    /// What is being filled.
    slot: Option<Slot<'w>>,
    /// Those who read, all of them let into the window.
    readers: Vec<Arc<Replica>>,
    chunks: u64,
    bytes: u64,
    keys: u64,
    /// The lines of chunks that nobody has been told of, and how many bytes those have.
    unsaid: String,
    unsaid_bytes: usize,
    looked: Instant,
    /// When something was said last.
    comforted: Instant,
}

impl Pass<'_> {
    fn run(&mut self, window: &Arc<Window>, replicas: &[Arc<Replica>]) -> io::Result<()> {
        let engine = self.engine;
        let admits: Arc<Admits> = {
            let window = Arc::clone(window);
            Arc::new(move |token| window.knows(token))
        };
        let exports = carriers::exports(engine, window.area(), &admits);
        let ways: Vec<_> = exports.iter().map(|it| (it.name().to_owned(), it.address())).collect();
        let mut tokens = Vec::new();
        for replica in replicas {
            let token = Token::new()?;
            let full = || io::Error::other("too many replicas for one sync table");
            window.admit(replica.client.id, token.clone()).ok_or_else(full)?;
            tokens.push(token);
            self.readers.push(Arc::clone(replica));
        }

        let mut keys = engine.keyspace.keys(0, clock::now_ms());
        keys.lock_all();
        let at = engine.begin_sync(&mut keys, replicas);
        let snapshot = Snapshot::take(engine, &mut keys);
        drop(keys);
        let snapshot = snapshot?;

        engine.replication.tables.open(Arc::clone(window));
        let Position { id, offset, .. } = &at;
        let (slot, area) = (window.slot_len(), window.area().len());
        for (replica, token) in replicas.iter().zip(tokens) {
            let address = replica.address();
            log::info!("Full resync requested by replica {address}: it reads a sync table");
            let offer = Offer {
                token,
                epoch: window.epoch(),
                slots: area / slot,
                slot,
                keys: snapshot.len() as u64,
                ways: ways.clone(),
            };
            let line = offer.to_line();
            replica.client.send(format!("+FULLRESYNC {id} {offset}\r\n{line}\r\n").as_bytes());
        }
        let facts = engine.facts_for_replicas(&at);
        engine.lay_out(snapshot, facts, self, &Progress::default())?;
        self.slot = None;
        self.unsaid += &wire::end_line(self.chunks, self.keys);
        self.tell();
        let now = clock::now_ms();
        self.readers.iter().for_each(|replica| replica.snapshot_sent(now));
        while !self.window.drain(LOOK) {
            self.look()?;
        }
        engine.replication.tables.served.fetch_add(self.readers.len() as u64, Relaxed);
        Ok(())
    }

    fn say(&mut self, line: &str) {
        self.comforted = Instant::now();
        self.readers.iter().for_each(|replica| replica.client.send(line.as_bytes()));
    }

    /// Tells of chunks that nobody has been told of.
    fn tell(&mut self) {
        if !self.unsaid.is_empty() {
            let lines = std::mem::take(&mut self.unsaid);
            self.unsaid_bytes = 0;
            self.say(&lines);
        }
    }

    /// Lets those go who have gone, or are too slow; fails if nobody is left.
    fn look(&mut self) -> io::Result<()> {
        if self.engine.replication.tables.awaited.load(Relaxed) {
            // A primary that had no processor itself has not waited.
            self.window.awaited(self.looked.elapsed().min(2 * LOOK));
        }
        self.looked = Instant::now();
        let silence = Duration::from_secs(self.engine.config.repl_timeout().unsigned_abs());
        let overdue = self.window.overdue(silence, PATIENCE);
        let (engine, window) = (self.engine, self.window);
        self.readers.retain(|replica| {
            let id = replica.client.id;
            let why = overdue.iter().find(|(name, _)| *name == id).map(|(_, why)| why);
            if why.is_none() && engine.clients.get(id).is_some() {
                return true;
            }
            if let Some(why) = why {
                let why = match why {
                    Overdue::Silent => "it reads nothing",
                    Overdue::Slow => "others wait for it",
                };
                let address = replica.address();
                log::warn!("Disconnecting replica {address} (sync table): {why}");
                engine.replication.tables.dropped.fetch_add(1, Relaxed);
                replica.client.kill();
            }
            window.named(id).into_iter().for_each(|reader| window.leave(reader));
            false
        });
        if self.readers.is_empty() {
            return Err(io::Error::other("no replica is left"));
        }
        if self.comforted.elapsed() >= COMFORT {
            // An empty line means nothing within a table's directory; behind its end the stream
            // comes, in which there must be none.
            if self.readers.iter().all(|replica| replica.is_being_sent()) {
                self.say("\r\n");
            }
        }
        Ok(())
    }
}

impl ChunkOut for Pass<'_> {
    fn room(&mut self) -> io::Result<&mut [u8]> {
        if self.slot.is_none() {
            self.slot = self.window.acquire(Duration::ZERO);
        }
        while self.slot.is_none() {
            // Nobody can be waited for who has not been told.
            self.tell();
            self.slot = self.window.acquire(LOOK);
            if self.slot.is_none() {
                self.look()?;
            }
        }
        match &mut self.slot {
            Some(slot) => Ok(slot.room()),
            None => Err(io::Error::other("there is no slot")),
        }
    }

    fn enough(&self) -> usize {
        self.window.chunk_len()
    }

    fn seal(&mut self, len: usize, kind: Kind, keys: u32, sum: Sum) -> io::Result<()> {
        if self.looked.elapsed() >= LOOK {
            self.look()?;
        }
        let published = self.slot.take().and_then(|slot| slot.publish(len, kind, keys, sum));
        let published = published.ok_or_else(|| io::Error::other("no replica is left"))?;
        self.chunks += 1;
        self.keys += u64::from(keys);
        self.bytes += published.len as u64;
        self.engine.replication.tables.bytes.fetch_add(published.len as u64, Relaxed);
        self.unsaid += &wire::chunk_line(published.number, published.slot, published.len, kind);
        self.unsaid_bytes += published.len;
        if published.least_unread < ENOUGH + self.unsaid_bytes {
            self.tell();
        }
        Ok(())
    }
}
