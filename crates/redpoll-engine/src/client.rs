//! What the whole server may know of a client: the registry, and the ways to reach a client from
//! any thread.
//!
//! A client's [`crate::Session`] belongs to the one thread that serves it. Others see this: figures
//! that the serving thread refreshes once a batch (for CLIENT LIST), an outbox for messages that
//! did not come from a command of the client (pub/sub, invalidations, the answer of a blocking
//! command), and a wish list (close it, unblock it).

pub mod line;

use parking_lot::{Mutex, RwLock};
use redpoll_resp::Proto;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering::*};

/// A client's number: never used twice.
pub type ClientId = u64;

/// The kind of a client, for output limits and CLIENT KILL TYPE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientKind {
    /// An ordinary one.
    Normal,
    /// A replica.
    Replica,
    /// The link to our own primary.
    Primary,
    /// One that has subscribed to something.
    PubSub,
}

/// Wakes the thread that serves a client.
pub trait Waker: Send + Sync {
    /// Makes the thread look at the client's outbox and wishes soon. Called from any thread.
    fn wake(&self, client: ClientId);

    /// The same, but others may come first: more is about to follow.
    fn wake_in_time(&self, client: ClientId) {
        self.wake(client);
    }
}

/// Where a client came from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// Its own address, as CLIENT LIST shows it (`127.0.0.1:5000`, `/path/socket:0`).
    pub address: String,
    /// The address it connected to.
    pub local_address: String,
    /// The descriptor, for CLIENT LIST.
    pub descriptor: i64,
    /// Whether it came over a Unix socket.
    pub unix: bool,
    /// Whether it came over RDMA.
    pub rdma: bool,
    /// Whether it speaks TLS.
    pub tls: bool,
    /// The users that its certificate names, in the order in which they are to be tried: the first
    /// that there is, it is logged in as. Empty unless `tls-auth-clients-user` asks for it.
    pub certificate_users: Vec<String>,
}

/// Texts that a client tells of itself.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// CLIENT SETNAME.
    pub name: String,
    /// CLIENT SETINFO LIB-NAME.
    pub lib_name: String,
    /// CLIENT SETINFO LIB-VER.
    pub lib_version: String,
    /// The ACL user.
    pub user: String,
}

/// See the module's head.
pub struct Client {
    /// Its number.
    pub id: ClientId,
    /// Where it came from.
    pub origin: Origin,
    /// When it connected, in milliseconds since 1970.
    pub created: i64,
    /// What it calls itself.
    pub names: Mutex<Names>,
    /// Figures for CLIENT LIST, refreshed by the serving thread.
    pub figures: Figures,
    /// Who is told in its place of keys that change; 0: itself.
    pub redirect: AtomicU64,
    /// The beginnings of the keys that it is told of (CLIENT TRACKING BCAST).
    pub prefixes: Mutex<BTreeSet<Box<[u8]>>>,
    /// The number of the ACL user; the default one's is 0.
    pub user_id: AtomicU64,
    waker: RwLock<Arc<dyn Waker>>,
    outbox: Mutex<Vec<u8>>,
    outbox_len: AtomicUsize,
    /// Memory of the outbox, and of what was taken from it and is not reckoned elsewhere yet.
    outbox_room: AtomicUsize,
    /// Whether its thread has been told to look at it: [`CALM`], [`IN_TIME`] or [`AT_ONCE`].
    woken: AtomicU8,
    wish: AtomicU8,
    proto: AtomicU8,
}

/// Figures that the serving thread refreshes and anybody reads.
#[derive(Debug, Default)]
pub struct Figures {
    /// The last command, in milliseconds since 1970.
    pub last_active: AtomicI64,
    /// The selected database.
    pub db: AtomicU32,
    /// Bits of [`flags`].
    pub flags: AtomicU32,
    /// The number of the last command in the command table, plus one.
    pub last_command: AtomicU32,
    /// Bytes of requests that wait to be executed.
    pub query_bytes: AtomicUsize,
    /// Bytes of replies that wait to be read by the client.
    pub output_bytes: AtomicUsize,
    /// Bytes of the replication stream that a replica's connection has not been given: they are
    /// kept once for all replicas.
    pub stream_bytes: AtomicUsize,
    /// Commands queued by MULTI, plus one; 0 outside.
    pub queued: AtomicU32,
    /// Bytes of the queued commands.
    pub queued_bytes: AtomicUsize,
    /// Channels subscribed to.
    pub channels: AtomicU32,
    /// Patterns subscribed to.
    pub patterns: AtomicU32,
    /// Shard channels subscribed to.
    pub shard_channels: AtomicU32,
    /// Keys watched.
    pub watched: AtomicU32,
    /// Commands executed.
    pub commands: AtomicU64,
    /// Bytes of names of channels, patterns, keys and prefixes that are kept for the client.
    pub registered_bytes: AtomicUsize,
    /// Bytes that the connection's own buffers take.
    pub buffer_bytes: AtomicUsize,
    /// What it held when it was chosen to be closed.
    pub(crate) doomed: AtomicUsize,
    /// All memory of the client, as the serving thread has reckoned it last.
    pub memory: AtomicUsize,
    /// Bytes received.
    pub bytes_in: AtomicU64,
    /// Bytes sent.
    pub bytes_out: AtomicU64,
}

/// Bits of [`Figures::flags`].
pub mod flags {
    /// Waits in a blocking command.
    pub const BLOCKED: u32 = 1;
    /// In MONITOR mode.
    pub const MONITOR: u32 = 2;
    /// Exempt from eviction.
    pub const NO_EVICT: u32 = 4;
    /// Leaves access clocks alone.
    pub const NO_TOUCH: u32 = 8;
    /// To be closed when its replies are sent.
    pub const CLOSING: u32 = 16;
    /// A watched key has changed.
    pub const DIRTY_EXEC: u32 = 32;
    /// Has a cache of its own and is told which keys change (CLIENT TRACKING).
    pub const TRACKING: u32 = 64;
    /// Is told of all keys with its prefixes, not only of those it has read.
    pub const BROADCAST: u32 = 128;
    /// Keeps only what it asks for (CLIENT CACHING YES).
    pub const OPT_IN: u32 = 256;
    /// Keeps everything but what it says (CLIENT CACHING NO).
    pub const OPT_OUT: u32 = 512;
    /// Is not told of what it changes itself.
    pub const NO_LOOP: u32 = 1024;
    /// CLIENT CACHING was said for the next command.
    pub const CACHING: u32 = 2048;
    /// The client that was to be told in its place is gone.
    pub const BROKEN_REDIRECT: u32 = 4096;
    /// Closed because the clients together take too much memory.
    pub const EVICTED: u32 = 8192;
    /// All that concerns a cache of its own.
    pub const ALL_TRACKING: u32 =
        TRACKING | BROADCAST | OPT_IN | OPT_OUT | NO_LOOP | CACHING | BROKEN_REDIRECT;
    /// A replica.
    pub const REPLICA: u32 = 1 << 14;
    /// Expired keys are there for it (CLIENT IMPORT-SOURCE).
    pub const IMPORT_SOURCE: u32 = 1 << 15;
    /// Understands that it is sent elsewhere (CLIENT CAPA redirect).
    pub const CAPA_REDIRECT: u32 = 1 << 16;
    /// The link to our own primary.
    pub const PRIMARY: u32 = 1 << 17;
    /// Talks through shared memory.
    pub const RINGS: u32 = 1 << 18;
    /// A command of it runs in the background.
    pub const BACKGROUND: u32 = 1 << 19;
    /// Wants a replica's answers to what it reads (READONLY).
    pub const READS_HERE: u32 = 1 << 20;
}

/// What others want of a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// It is to be closed.
    pub kill: bool,
    /// Its blocking command is to end as if its time were over.
    pub unblock: bool,
    /// Its blocking command is to end with an error.
    pub unblock_error: bool,
    /// Its blocking command, and then its connection, is to end: the server has become a replica.
    pub new_role: bool,
}

/// What an empty outbox keeps of its memory.
const OUTBOX_KEPT: usize = 4096;

const CALM: u8 = 0;
const IN_TIME: u8 = 1;
const AT_ONCE: u8 = 2;

const KILL: u8 = 1;
const UNBLOCK: u8 = 2;
const UNBLOCK_ERROR: u8 = 4;
const NEW_ROLE: u8 = 8;

/// Wakes nobody.
struct NoWaker;

impl Waker for NoWaker {
    fn wake(&self, _client: ClientId) {}
}

impl Client {
    fn new(id: ClientId, origin: Origin, waker: Arc<dyn Waker>, now: i64) -> Self {
        Client {
            id,
            origin,
            created: now,
            names: Mutex::new(Names { user: "default".to_owned(), ..Names::default() }),
            figures: Figures::default(),
            redirect: AtomicU64::new(0),
            prefixes: Mutex::default(),
            user_id: AtomicU64::new(0),
            waker: RwLock::new(waker),
            outbox: Mutex::default(),
            outbox_len: AtomicUsize::new(0),
            outbox_room: AtomicUsize::new(0),
            woken: AtomicU8::new(CALM),
            wish: AtomicU8::new(0),
            proto: AtomicU8::new(2),
        }
    }

    /// One that stands for the program itself: nobody has connected, and nobody sees it.
    pub fn nobody() -> Arc<Self> {
        Arc::new(Client::new(0, Origin::default(), Arc::new(NoWaker), 0))
    }

    /// The protocol that the client speaks now.
    pub fn proto(&self) -> Proto {
        if self.proto.load(Relaxed) == 3 { Proto::Resp3 } else { Proto::Resp2 }
    }

    /// Notes the protocol for those who send messages from other threads.
    pub fn set_proto(&self, proto: Proto) {
        self.proto.store(if proto == Proto::Resp3 { 3 } else { 2 }, Relaxed);
    }

    /// Appends encoded bytes to what the client will be sent, and wakes its thread.
    pub fn send(&self, bytes: &[u8]) {
        self.post(bytes);
        self.wake();
    }

    /// There is more for the client of what comes in many pieces: its thread may let some more come
    /// together before it looks.
    pub fn wake_in_time(&self) {
        if self.woken.compare_exchange(CALM, IN_TIME, AcqRel, Acquire).is_ok() {
            self.waker.read().wake_in_time(self.id);
        }
    }

    /// Appends encoded bytes to what the client will be sent. Its thread is still to be woken.
    pub fn post(&self, bytes: &[u8]) {
        let mut outbox = self.outbox.lock();
        let (room, needed) = (outbox.capacity(), outbox.len() + bytes.len());
        if needed > room {
            // While it grows, it is there twice.
            self.outbox_room.fetch_max(room + needed.max(2 * room), AcqRel);
        }
        outbox.extend_from_slice(bytes);
        self.outbox_len.store(outbox.len(), Release);
    }

    /// The memory that the outbox takes, at most.
    pub fn outbox_room(&self) -> usize {
        self.outbox_room.load(Acquire)
    }

    /// What was taken from the outbox is reckoned elsewhere now.
    pub fn settle_outbox(&self) {
        if self.outbox_room() > OUTBOX_KEPT {
            let outbox = self.outbox.lock();
            self.outbox_room.store(outbox.capacity(), Release);
        }
    }

    /// Bytes that wait in the outbox.
    pub fn outbox_len(&self) -> usize {
        self.outbox_len.load(Acquire)
    }

    /// Moves the outbox's bytes to the end of `out`. For the serving thread.
    pub fn take_outbox(&self, out: &mut Vec<u8>) {
        if self.outbox_len() == 0 {
            return;
        }
        let mut outbox = self.outbox.lock();
        out.append(&mut outbox);
        outbox.shrink_to(OUTBOX_KEPT);
        self.outbox_len.store(0, Release);
    }

    /// Makes the serving thread look at the client soon. Cheap if it was told already.
    pub fn wake(&self) {
        if self.woken.swap(AT_ONCE, AcqRel) != AT_ONCE {
            self.waker.read().wake(self.id);
        }
    }

    /// Another thread serves the client from now on. It must look at the client once: a wake may
    /// have gone to the other one.
    pub fn moves_to(&self, waker: Arc<dyn Waker>) {
        *self.waker.write() = waker;
    }

    /// For the serving thread, before it looks: later wakes count again.
    pub fn woken(&self) {
        self.woken.store(CALM, Release);
    }

    fn wish(&self, bit: u8) {
        self.wish.fetch_or(bit, AcqRel);
        self.wake();
    }

    /// Asks for the client to be closed.
    pub fn kill(&self) {
        self.wish(KILL);
    }

    /// Asks for the client's blocking command to end: as timed out, or with an error.
    pub fn unblock(&self, error: bool) {
        self.wish(if error { UNBLOCK_ERROR } else { UNBLOCK });
    }

    /// Asks for the client's blocking command to end because the server has become a replica.
    pub fn unblock_for_new_role(&self) {
        self.wish(NEW_ROLE);
    }

    /// Takes the wishes. For the serving thread.
    pub fn take_wishes(&self) -> Wishes {
        let bits = self.wish.swap(0, AcqRel);
        Wishes {
            kill: bits & KILL != 0,
            unblock: bits & UNBLOCK != 0,
            unblock_error: bits & UNBLOCK_ERROR != 0,
            new_role: bits & NEW_ROLE != 0,
        }
    }

    /// Whether a bit of [`flags`] is set.
    pub fn has_flag(&self, flag: u32) -> bool {
        self.flags() & flag != 0
    }

    /// All bits of [`flags`].
    #[inline(always)]
    pub fn flags(&self) -> u32 {
        self.figures.flags.load(Relaxed)
    }

    /// Sets or clears a bit of [`flags`].
    pub fn set_flag(&self, flag: u32, on: bool) {
        if on {
            self.figures.flags.fetch_or(flag, Relaxed);
        } else {
            self.figures.flags.fetch_and(!flag, Relaxed);
        }
    }

    /// Who is told in its place of keys that change: 0 itself, -1 nobody.
    pub fn redirection(&self) -> i64 {
        match self.has_flag(flags::TRACKING) {
            true => self.redirect.load(Relaxed) as i64,
            false => -1,
        }
    }

    /// What carries its bytes.
    pub fn transport(&self) -> &'static str {
        match &self.origin {
            _ if self.has_flag(flags::RINGS) => "shm",
            Origin { rdma: true, .. } => "rdma",
            Origin { unix: true, .. } => "unix",
            Origin { tls: true, .. } => "tls",
            _ => "tcp",
        }
    }

    /// What it has said it is capable of (CLIENT CAPA), as letters.
    pub fn capabilities(&self) -> &'static str {
        if self.has_flag(flags::CAPA_REDIRECT) { "r" } else { "" }
    }

    /// The client's kind.
    pub fn kind(&self) -> ClientKind {
        let figures = &self.figures;
        if self.has_flag(flags::REPLICA) {
            return ClientKind::Replica;
        }
        if self.has_flag(flags::PRIMARY) {
            return ClientKind::Primary;
        }
        let subscriptions = figures.channels.load(Relaxed)
            + figures.patterns.load(Relaxed)
            + figures.shard_channels.load(Relaxed);
        if subscriptions > 0 { ClientKind::PubSub } else { ClientKind::Normal }
    }
}

/// All clients that are connected.
#[derive(Default)]
pub struct Clients {
    clients: RwLock<BTreeMap<ClientId, Arc<Client>>>,
    last_id: AtomicU64,
    count: AtomicUsize,
}

impl Clients {
    /// Registers a new client.
    pub fn add(&self, origin: Origin, waker: Arc<dyn Waker>, now: i64) -> Arc<Client> {
        let id = self.last_id.fetch_add(1, Relaxed) + 1;
        let client = Arc::new(Client::new(id, origin, waker, now));
        client.figures.last_active.store(now, Relaxed);
        self.clients.write().insert(id, Arc::clone(&client));
        self.count.fetch_add(1, Relaxed);
        client
    }

    /// Forgets a client that has gone.
    pub fn remove(&self, id: ClientId) {
        if self.clients.write().remove(&id).is_some() {
            self.count.fetch_sub(1, Relaxed);
        }
    }

    /// The client with this number.
    pub fn get(&self, id: ClientId) -> Option<Arc<Client>> {
        self.clients.read().get(&id).cloned()
    }

    /// All clients, the oldest first.
    pub fn all(&self) -> Vec<Arc<Client>> {
        self.clients.read().values().cloned().collect()
    }

    /// The number of clients.
    pub fn len(&self) -> usize {
        self.count.load(Relaxed)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
