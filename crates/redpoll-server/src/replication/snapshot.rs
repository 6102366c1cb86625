//! A full sync: one snapshot, encoded once for all replicas that wait for it, straight into their
//! connections.

use redpoll_engine::Engine;
use redpoll_engine::following::random_id;
use redpoll_engine::persistence::Snapshot;
use redpoll_engine::replication::{Position, Replica};
use redpoll_keyspace::clock;
use redpoll_types::rng::SmallRng;
use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::process;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

/// What is given to connections at once.
const CHUNK: usize = 64 << 10;
/// What may wait in a connection before more is given to it.
const UNSENT_MAX: usize = 4 << 20;
/// How long to wait for a connection to send before looking again.
const NAP: Duration = Duration::from_millis(1);
/// While others wait for a snapshot, a connection that is waited for is given a second for so many
/// bytes, and this long beyond that.
const PACE: usize = 1 << 20;
const AWAITED_MAX: Duration = Duration::from_secs(10);
/// What is put down at once: a primary that had no processor itself has not waited.
const LOOK_MAX: Duration = Duration::from_millis(100);

/// Takes a snapshot and sends it to these replicas, which follow the stream from then on. They all
/// want the data, or none does.
pub fn send(engine: &Arc<Engine>, replicas: &[Arc<Replica>]) {
    let begun = Instant::now();
    let mut keys = engine.keyspace.keys(0, clock::now_ms());
    keys.lock_all();
    let at = engine.begin_sync(&mut keys, replicas);
    let without_data = replicas.iter().any(|replica| replica.announced.without_data);
    let snapshot = match without_data {
        true => Ok(Snapshot::without_keys(engine)),
        false => Snapshot::take(engine, &mut keys),
    };
    drop(keys);
    let Position { id, offset, .. } = &at;
    for replica in replicas {
        log::info!("Full resync requested by replica {}: sending it a snapshot", replica.address());
        if replica.announced.named_offset {
            replica.client.send(format!("+FULLRESYNC {id} {offset}\r\n").as_bytes());
        }
    }
    let mark = random_id(&mut SmallRng::new(clock::now_ms() as u64 ^ *offset));
    let facts = engine.facts_for_replicas(&at);
    let mut fanout = Fanout {
        engine,
        patience: Duration::from_secs(engine.config.repl_timeout().unsigned_abs()),
        receivers: replicas.iter().map(Receiver::new).collect(),
        buffer: Vec::with_capacity(CHUNK),
        sent: 0,
    };
    let written = snapshot
        .and_then(|snapshot| transmit(engine, snapshot, facts, &mark, &mut fanout))
        .and_then(|()| fanout.flush());
    if let Err(error) = written {
        log::warn!("A full sync failed: {error}");
        replicas.iter().for_each(|replica| replica.client.kill());
        return;
    }
    let (sent, alive) = (fanout.sent, fanout.receivers);
    for Receiver { replica, .. } in &alive {
        if replica.announced.eof {
            replica.client.send(mark.as_bytes());
        }
        replica.snapshot_sent(clock::now_ms());
    }
    let seconds = begun.elapsed().as_secs_f64();
    let count = alive.len();
    log::info!("Synchronization with {count} replicas succeeded: {sent} bytes in {seconds:.3} s");
}

/// Sends a snapshot to all replicas. They know its end by a mark; if one does not understand that,
/// the snapshot is put into a file first, as its length has to be told in front.
fn transmit(
    engine: &Engine,
    snapshot: Snapshot,
    facts: Vec<(&'static str, String)>,
    mark: &str,
    fanout: &mut Fanout<'_>,
) -> io::Result<()> {
    if fanout.receivers.iter().all(|it| it.replica.announced.eof) {
        fanout.announce(mark, 0);
        return engine.stream(snapshot, facts, fanout);
    }
    let mut file = nameless_file()?;
    engine.stream(snapshot, facts, &mut file)?;
    fanout.announce(mark, file.stream_position()?);
    file.rewind()?;
    io::copy(&mut file, fanout).map(drop)
}

/// A file in the data directory that is gone when it is closed.
fn nameless_file() -> io::Result<File> {
    let path = format!("temp-sync-{}.rdb", process::id());
    let file = File::options().read(true).write(true).create(true).truncate(true).open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

/// Gives bytes to several replicas, as fast as the slowest takes them. Those that have gone, and
/// those that take nothing for `repl-timeout`, are left behind.
struct Fanout<'a> {
    engine: &'a Engine,
    patience: Duration,
    receivers: Vec<Receiver>,
    buffer: Vec<u8>,
    sent: u64,
}

impl Fanout<'_> {
    /// Tells each replica how it will know the snapshot's end.
    fn announce(&self, mark: &str, length: u64) {
        for Receiver { replica, .. } in &self.receivers {
            let line = match replica.announced.eof {
                true => format!("$EOF:{mark}\r\n"),
                false => format!("${length}\r\n"),
            };
            replica.client.send(line.as_bytes());
        }
    }

    fn send(&mut self) -> io::Result<()> {
        self.wait_for_room();
        if self.receivers.is_empty() {
            return Err(io::Error::other("no replica is left"));
        }
        for receiver in &mut self.receivers {
            receiver.unsent += self.buffer.len();
            receiver.replica.client.send(&self.buffer);
        }
        self.sent += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Waits until all connections have sent most of what they were given. Those that never will
    /// are left behind, and are waited for together.
    fn wait_for_room(&mut self) {
        let (engine, patience) = (self.engine, self.patience);
        loop {
            let mut full = false;
            self.receivers.retain_mut(|receiver| {
                let room = receiver.room(engine, patience);
                full |= room == Room::None;
                room != Room::Never
            });
            if !full {
                return;
            }
            thread::sleep(NAP);
        }
    }
}

/// One of those that a snapshot is sent to.
struct Receiver {
    replica: Arc<Replica>,
    /// What its connection had not sent when it was looked at, and since when it has sent nothing.
    unsent: usize,
    since: Instant,
    /// When it was looked at, if it was waited for then.
    waited: Option<Instant>,
    /// For how long others have waited, less what it was given for what it has taken.
    owed: Duration,
}

/// Whether a connection can be given more.
#[derive(PartialEq)]
enum Room {
    Enough,
    None,
    Never,
}

impl Receiver {
    fn new(replica: &Arc<Replica>) -> Self {
        let (replica, unsent) = (Arc::clone(replica), replica.unsent());
        Receiver { replica, unsent, since: Instant::now(), waited: None, owed: Duration::ZERO }
    }

    fn room(&mut self, engine: &Engine, patience: Duration) -> Room {
        let client = &self.replica.client;
        if engine.clients.get(client.id).is_none() {
            return Room::Never;
        }
        let unsent = self.replica.unsent();
        let taken = self.unsent.saturating_sub(unsent);
        if taken > 0 {
            self.since = Instant::now();
        }
        self.unsent = unsent;
        let worth = Duration::from_secs_f64(taken as f64 / PACE as f64);
        self.owed = self.owed.saturating_sub(worth);
        let waited = self.waited.take();
        if unsent <= UNSENT_MAX {
            return Room::Enough;
        }
        self.waited = Some(Instant::now());
        if let Some(waited) = waited
            && engine.replication.streams_awaited.load(Relaxed)
        {
            self.owed += waited.elapsed().min(LOOK_MAX);
        }
        let address = self.replica.address();
        if self.since.elapsed() > patience {
            log::warn!("Disconnecting timedout replica (full sync): {address}");
        } else if self.owed > AWAITED_MAX {
            log::warn!("Disconnecting replica {address} (full sync): others wait for it");
        } else {
            return Room::None;
        }
        client.kill();
        Room::Never
    }
}

impl Write for Fanout<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() { Ok(()) } else { self.send() }
    }
}
