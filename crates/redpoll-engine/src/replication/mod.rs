//! Replication: what a server knows of its replicas and of its primary. No I/O.
//!
//! As a primary, the server numbers the bytes of the change log (the replication offset) under an
//! id. A replica asks for the stream from an offset of an id on (PSYNC). If the [`Backlog`] still
//! holds that, it gets it; if not, it gets a snapshot first, which the program takes and sends:
//! [`Order::FullSync`]. As a replica, the server takes id and offset over from its primary, so that
//! its own replicas, and later those of whoever is promoted, go on without a snapshot.
//!
//! The stream's bytes are kept once: each replica's connection fetches them from the backlog when
//! it can send ([`Replication::give`]), and what a slow one has not been given yet stays there.
//!
//! Lock order: stripes, the change log, this, clients' outboxes.

mod backlog;
mod failover;
mod link;
mod replica;
mod tables;

use crate::change_log::Sink;
use crate::client::Client;
use backlog::Backlog;
pub use failover::{Failover, FailoverState};
pub use link::{Epoch, Link, LinkState, Primary, SyncReport, TableSync};
use parking_lot::Mutex;
use redpoll_resp::request::encode_words;
pub use replica::{Announced, Replica};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::*};
use std::sync::{OnceLock, mpsc};
use tables::Tables;

/// What the program is asked to do, as it takes time or a network.
pub enum Order {
    /// Take a snapshot and send it to this replica.
    FullSync(Arc<Replica>),
    /// Follow another primary from now on, or none.
    Follow(Option<(Primary, Epoch)>),
}

/// What becomes of a PSYNC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The replica goes on from where it was.
    Partial,
    /// It gets a snapshot.
    Full,
}

/// A place in the stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The stream's id.
    pub id: String,
    /// The offset of the last byte before the place.
    pub offset: u64,
    /// The database that what follows belongs to, until it selects another one.
    pub db: usize,
}

impl Position {
    /// Whether a stream can be at this place, of which a file or a primary tells: one can go on
    /// counting from its offset, and its database is one of so many.
    pub fn is_possible(&self, databases: usize) -> bool {
        is_id(&self.id) && self.offset <= OFFSET_MAX && self.db < databases
    }
}

/// Whether this may be a stream's id.
pub fn is_id(id: &str) -> bool {
    id.len() == 40 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The largest offset that is believed: so many bytes more can follow as nobody will ever send.
pub const OFFSET_MAX: u64 = 1 << 62;

/// Bytes that may gather beside a snapshot for one replica when `client-output-buffer-limit` sets
/// no limit.
const PENDING_MAX: usize = 1 << 30;

/// See the module's head.
pub struct Replication {
    state: Mutex<State>,
    offset: AtomicU64,
    /// Bytes of a primary's stream that have come and not been run.
    unread: AtomicU64,
    follows: AtomicBool,
    attached: AtomicBool,
    epoch: AtomicU64,
    failover: Mutex<Option<Failover>>,
    failing_over: AtomicBool,
    replica_count: AtomicUsize,
    pending_max: AtomicUsize,
    orders: OnceLock<Mutex<mpsc::Sender<Order>>>,
    /// The tables that are being read, and what has been done by tables.
    pub tables: Tables,
    /// Whether replicas wait for those who are sent a snapshot to be done.
    pub streams_awaited: AtomicBool,
    /// PSYNCs answered with a snapshot, without one, and in vain asked to be without one.
    pub syncs: [AtomicU64; 3],
    /// Bytes of streams and snapshots that a primary has sent us, and that replicas were sent.
    pub traffic: [AtomicU64; 2],
}

struct State {
    id: String,
    /// The id of the stream that ours goes on from, and up to which offset it is the same.
    previous: Option<(String, u64)>,
    backlog: Option<Backlog>,
    backlog_size: usize,
    replicas: Vec<Arc<Replica>>,
    link: Option<Link>,
    /// The database at the end of the stream; as a replica only.
    db: usize,
}

/// The ids of the stream, and what is kept of it, for INFO.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The stream's id.
    pub id: String,
    /// The stream that it goes on from, and up to which offset both are the same.
    pub previous: Option<(String, u64)>,
    /// The offset of the backlog's first byte and the number of its bytes, if there is one.
    pub backlog: Option<(u64, usize)>,
}

impl Replication {
    /// A primary without replicas whose stream has this id.
    pub fn new(id: String, backlog_size: usize) -> Self {
        Replication {
            state: Mutex::new(State {
                id,
                previous: None,
                backlog: None,
                backlog_size,
                replicas: Vec::new(),
                link: None,
                db: 0,
            }),
            offset: AtomicU64::new(0),
            unread: AtomicU64::new(0),
            follows: AtomicBool::new(false),
            attached: AtomicBool::new(false),
            epoch: AtomicU64::new(0),
            failover: Mutex::default(),
            failing_over: AtomicBool::new(false),
            replica_count: AtomicUsize::new(0),
            pending_max: AtomicUsize::new(PENDING_MAX),
            orders: OnceLock::new(),
            tables: Tables::default(),
            streams_awaited: AtomicBool::new(false),
            syncs: [const { AtomicU64::new(0) }; 3],
            traffic: [const { AtomicU64::new(0) }; 2],
        }
    }

    /// Gives orders a taker; a second one is not taken.
    pub fn set_taker(&self, orders: mpsc::Sender<Order>) {
        let _ = self.orders.set(Mutex::new(orders));
    }

    /// Takes over what the configuration says of buffers.
    pub fn configure(&self, backlog_size: usize, pending_max: usize) {
        let mut state = self.state.lock();
        state.backlog_size = backlog_size;
        let needed = state.needed();
        if let Some(backlog) = &mut state.backlog {
            backlog.resize(backlog_size, needed);
        }
        // Less than the backlog would let replicas go that it could serve.
        let pending_max = if pending_max == 0 { PENDING_MAX } else { pending_max };
        self.pending_max.store(pending_max.max(backlog_size), Relaxed);
    }

    /// Whether the server is a replica.
    #[inline(always)]
    pub fn is_replica(&self) -> bool {
        self.follows.load(Relaxed)
    }

    /// The offset of the stream's last byte.
    pub fn offset(&self) -> u64 {
        self.offset.load(Acquire)
    }

    /// The stream's id.
    pub fn id(&self) -> String {
        self.state.lock().id.clone()
    }

    /// What INFO tells of the stream.
    pub fn facts(&self) -> Facts {
        let state = self.state.lock();
        Facts {
            id: state.id.clone(),
            previous: state.previous.clone(),
            backlog: state.backlog.as_ref().map(|backlog| (backlog.first(), backlog.held())),
        }
    }

    /// Goes on under another id; the stream so far stays known under the old one.
    pub fn change_id(&self, id: String) {
        let mut state = self.state.lock();
        let old = std::mem::replace(&mut state.id, id);
        state.previous = Some((old, self.offset() + 1));
    }

    /// All replicas.
    pub fn replicas(&self) -> Vec<Arc<Replica>> {
        self.state.lock().replicas.clone()
    }

    /// The replicas that follow and have come at least as far as `offset`.
    pub fn acknowledged_by(&self, offset: u64) -> usize {
        let state = self.state.lock();
        let has = |replica: &&Arc<Replica>| replica.is_online() && replica.acknowledged() >= offset;
        state.replicas.iter().filter(has).count()
    }

    /// The replicas that follow and have the stream on disk at least up to `offset`.
    pub fn persisted_by(&self, offset: u64) -> usize {
        let state = self.state.lock();
        let has =
            |replica: &&Arc<Replica>| replica.is_online() && replica.persisted() >= offset.max(1);
        state.replicas.iter().filter(has).count()
    }

    /// The replicas that follow and were heard of within so many seconds.
    pub fn near(&self, lag_seconds: i64, now: i64) -> usize {
        let state = self.state.lock();
        let is_near = |replica: &&Arc<Replica>| {
            replica.is_online() && (now - replica.last_heard()) / 1000 <= lag_seconds
        };
        state.replicas.iter().filter(is_near).count()
    }

    /// Registers a replica that wants the stream from `offset` of `id` on, if it names them.
    pub fn register(
        &self,
        (client, announced): (&Arc<Client>, Announced),
        wanted: Option<(&str, u64)>,
        now: i64,
    ) -> Asked {
        let psync2 = announced.psync2;
        let replica = Arc::new(Replica::new(Arc::clone(client), announced, now));
        let mut state = self.state.lock();
        state.replicas.retain(|other| other.client.id != client.id);
        state.replicas.push(Arc::clone(&replica));
        self.replica_count.store(state.replicas.len(), Relaxed);
        let known = wanted.filter(|(id, offset)| state.has(id, *offset));
        let Some((_, next)) = known else {
            drop(state);
            self.syncs[0].fetch_add(1, Relaxed);
            if wanted.is_some() {
                self.syncs[2].fetch_add(1, Relaxed);
            }
            self.order(Order::FullSync(replica));
            return Asked::Full;
        };
        let accepted = match psync2 {
            true => format!("+CONTINUE {}\r\n", state.id),
            false => "+CONTINUE\r\n".to_owned(),
        };
        replica.client.send(accepted.as_bytes());
        replica.continue_from(next);
        self.syncs[1].fetch_add(1, Relaxed);
        Asked::Partial
    }

    /// Says that a snapshot of this very moment is taken for these replicas. To be called with all
    /// stripes locked. Answers where the stream goes on.
    pub fn begin_sync(&self, replicas: &[Arc<Replica>]) -> Position {
        let mut state = self.state.lock();
        let next = self.offset() + 1;
        replicas.iter().for_each(|replica| replica.begin(next));
        let size = state.backlog_size;
        state.backlog.get_or_insert_with(|| Backlog::new(size, next));
        self.position_in(&state)
    }

    /// Where the stream is, if there is one. Agrees with the data while all stripes are locked.
    pub fn position(&self) -> Option<Position> {
        let state = self.state.lock();
        state.backlog.is_some().then(|| self.position_in(&state))
    }

    fn position_in(&self, state: &State) -> Position {
        // A primary selects a database whenever somebody joins.
        let db = if state.link.is_some() { state.db } else { 0 };
        Position { id: state.id.clone(), offset: self.offset(), db }
    }

    /// Takes the place over that a snapshot file was saved at: a replica goes on from there, and a
    /// primary knows replicas again that have come as far.
    pub fn resume(&self, at: &Position, as_replica: bool) {
        let mut state = self.state.lock();
        match as_replica {
            true => state.id = at.id.clone(),
            false => state.previous = Some((at.id.clone(), at.offset + 1)),
        }
        state.db = at.db;
        self.offset.store(at.offset, Release);
        state.replace_backlog(at.offset + 1);
    }

    /// Notes how much of the primary's stream has come and not been run.
    pub fn set_unread(&self, bytes: usize) {
        self.unread.store(bytes as u64, Relaxed);
    }

    /// The offset up to which the primary's stream has come.
    pub fn read_offset(&self) -> u64 {
        self.offset() + self.unread.load(Relaxed)
    }

    /// Whether there is data that replicas may have: not while the server itself waits for its own.
    pub fn can_serve(&self) -> bool {
        let state = self.state.lock();
        state.link.as_ref().is_none_or(|link| link.state == LinkState::Connected)
    }

    /// Whether the change log is to be attached, asked once: it stays so.
    pub fn attach_once(&self) -> bool {
        !self.attached.swap(true, AcqRel)
    }

    /// Notes what a replica has said of its progress. Answers whether the client is a replica.
    pub fn acknowledge(
        &self,
        client: &Client,
        offset: u64,
        persisted: Option<u64>,
        now: i64,
    ) -> bool {
        let state = self.state.lock();
        let replica = state.replicas.iter().find(|replica| replica.client.id == client.id);
        if let Some(replica) = replica {
            // Nobody has what has not been written yet.
            let most = self.offset();
            let (offset, persisted) = (offset.min(most), persisted.map(|to| to.min(most)));
            replica.acknowledge(offset, persisted, now);
        }
        replica.is_some()
    }

    /// Notes that a replica is done with chunks of the table. Nothing comes of it if it has no such
    /// chunks.
    pub fn table_done(&self, client: &Client, numbers: &[u64], now: i64) {
        self.tables.done(client.id, numbers);
        let state = self.state.lock();
        let replica = state.replicas.iter().find(|replica| replica.client.id == client.id);
        replica.into_iter().for_each(|replica| replica.hear(now));
    }

    /// Whether all replicas have acknowledged the whole stream.
    pub fn is_caught_up(&self) -> bool {
        let offset = self.offset();
        self.state.lock().replicas.iter().all(|replica| replica.acknowledged() == offset)
    }

    /// Forgets a client that has gone, if it was a replica.
    pub fn remove(&self, client: &Client) {
        if self.replica_count.load(Relaxed) == 0 {
            return;
        }
        let mut state = self.state.lock();
        state.replicas.retain(|replica| replica.client.id != client.id);
        self.replica_count.store(state.replicas.len(), Relaxed);
        // It may have been the one that was behind.
        state.trim();
    }

    /// Moves what a replica's connection is to send to `out`: what it was sent otherwise, and up to
    /// `max` bytes of the stream behind that. For the thread that serves it.
    pub fn give(&self, client: &Client, max: usize, out: &mut Vec<u8>) {
        let mut state = self.state.lock();
        let end = self.offset() + 1;
        let State { replicas, backlog, .. } = &mut *state;
        let replica = replicas.iter().find(|replica| replica.client.id == client.id);
        if let (Some(replica), Some(backlog)) = (replica, backlog) {
            replica.give(backlog, end, max, out);
        } else {
            client.take_outbox(out);
        }
    }

    /// The number of replicas.
    #[inline]
    pub fn replica_count(&self) -> usize {
        self.replica_count.load(Relaxed)
    }

    /// Counts the PSYNCs and the bytes from 0 again.
    pub fn reset_counts(&self) {
        let counts = self.syncs.iter().chain(&self.traffic);
        counts.for_each(|count| count.store(0, Relaxed));
    }

    /// So many bytes have come from our primary.
    pub fn note_received(&self, bytes: usize) {
        self.traffic[0].fetch_add(bytes as u64, Relaxed);
    }

    /// So many bytes have been sent to a replica.
    pub fn note_sent(&self, bytes: usize) {
        self.traffic[1].fetch_add(bytes as u64, Relaxed);
    }

    /// Puts a command into the stream that is no change: PING, REPLCONF GETACK.
    pub fn say(&self, words: &[&[u8]]) {
        if !self.is_replica() && self.replica_count() > 0 {
            let mut bytes = Vec::new();
            encode_words(&mut bytes, words.iter().copied());
            let mut state = self.state.lock();
            self.stream_in(&mut state, &bytes);
            // Somebody may wait for an answer.
            state.replicas.iter().for_each(|replica| replica.client.wake());
        }
    }

    /// Bytes that wait for replicas: in their connections, and of the stream.
    pub fn waiting_bytes(&self) -> usize {
        if self.replica_count() == 0 {
            return 0;
        }
        let state = self.state.lock();
        let own: usize = state.replicas.iter().map(|replica| replica.waiting_bytes()).sum();
        own + state.shared()
    }

    /// Bytes of the stream that are kept beyond the backlog, once for all replicas that are still
    /// to be sent them.
    pub fn shared_bytes(&self) -> usize {
        self.state.lock().shared()
    }

    /// The next bytes of the stream, from the change log.
    fn stream(&self, bytes: &[u8]) {
        self.stream_in(&mut self.state.lock(), bytes);
    }

    fn stream_in(&self, state: &mut State, bytes: &[u8]) {
        let end = self.offset.fetch_add(bytes.len() as u64, AcqRel) + bytes.len() as u64 + 1;
        if let Some(backlog) = &mut state.backlog {
            backlog.write(bytes);
        }
        let pending_max = self.pending_max.load(Relaxed);
        state.replicas.iter().for_each(|replica| replica.feed(end, pending_max));
        state.trim();
    }

    /// Lets all replicas go: the data is to be another, or the stream's id is.
    pub fn drop_replicas(&self) {
        self.state.lock().drop_replicas();
    }

    /// Forgets the backlog, after a time without replicas; not if one has come meanwhile.
    pub fn drop_backlog(&self, id: String) {
        let mut state = self.state.lock();
        if state.replicas.is_empty() {
            // Whoever comes back has missed what was not kept, and must not take it for the same.
            (state.id, state.previous, state.backlog) = (id, None, None);
        }
    }

    /// Goes on under an id that nobody can know: whoever asks for the stream gets a snapshot.
    pub fn break_off(&self, id: String) {
        let mut state = self.state.lock();
        state.id = id;
        state.previous = None;
    }

    fn order(&self, order: Order) {
        if let Some(orders) = self.orders.get() {
            // Without a taker (in tests, or while the program ends) nothing can be done.
            let _ = orders.lock().send(order);
        }
    }
}

impl State {
    fn drop_replicas(&self) {
        self.replicas.iter().for_each(|replica| replica.let_go());
    }

    /// Whether the stream from `offset` on is here, for who has followed `id` up to there.
    fn has(&self, id: &str, offset: u64) -> bool {
        let same = id.eq_ignore_ascii_case(&self.id)
            || self.previous.as_ref().is_some_and(|(old, until)| id == old && offset <= *until);
        same && self.backlog.as_ref().is_some_and(|backlog| backlog.has(offset))
    }

    /// Goes on with another backlog, that of another stream.
    fn replace_backlog(&mut self, next: u64) {
        self.drop_replicas();
        self.backlog = Some(Backlog::new(self.backlog_size, next));
    }

    /// From which offset on replicas still are to be given the stream.
    fn needed(&self) -> u64 {
        self.replicas.iter().filter_map(|replica| replica.needs()).min().unwrap_or(u64::MAX)
    }

    /// Forgets what is neither the backlog's nor needed by a replica.
    fn trim(&mut self) {
        let needed = self.needed();
        if let Some(backlog) = &mut self.backlog {
            backlog.trim(needed);
        }
    }

    fn shared(&self) -> usize {
        self.backlog.as_ref().map_or(0, Backlog::shared)
    }
}

impl Sink for Replication {
    fn append(&self, bytes: &[u8]) -> bool {
        // A replica's stream is its primary's, byte by byte.
        if !self.is_replica() {
            self.stream(bytes);
        }
        true
    }

    fn takes(&self) -> u8 {
        2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_that_cannot_be_are_known() {
        let at = |id: &str, offset, db| Position { id: id.to_owned(), offset, db };
        let id = "a1".repeat(20);
        assert!(at(&id, OFFSET_MAX, 15).is_possible(16));
        for impossible in [
            at(&id, OFFSET_MAX + 1, 0),
            at(&id, 0, 16),
            at("", 0, 0),
            at(&id[1..], 0, 0),
            at(&format!("{}\r", &id[1..]), 0, 0),
            at(&format!("{} ", &id[1..]), 0, 0),
        ] {
            assert!(!impossible.is_possible(16), "{impossible:?}");
        }
    }
}
