//! A worker: one thread, one event loop, its share of the connections.
//!
//! It waits for descriptors, reads what a connection has sent, executes it as a batch and answers
//! with one write, before it turns to the next connection: one with a pipeline of ten thousand
//! commands gets one buffer's worth at a time, so that the others wait a fraction of a millisecond
//! at most.

use crate::connection::{Connection, Next};
use crate::mailbox::{Mailbox, Message};
use ahash::AHashMap;
use arrayvec::ArrayVec;
use redpoll_config::TlsAuthClientsUser;
use redpoll_engine::client::{ClientId, Origin};
use redpoll_engine::executor::Plan;
use redpoll_engine::{Engine, Executor, Session};
use redpoll_keyspace::clock;
use redpoll_resp::{Batch, Parsed};
use redpoll_transport::Stream;
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

/// The event number of the mailbox; no client has it.
const MAILBOX: u64 = 0;
/// Events taken at once.
const EVENTS: usize = 256;
/// Connections served together.
const LANES: usize = 16;
/// Commands planned together at most: what is asked for must still be in the nearest cache when it
/// is used.
const PLANNED_MAX: usize = 48;
/// Bytes read from a connection at once.
const READ_SIZE: usize = 16 << 10;
/// How often connections are looked over for timeouts, in milliseconds.
const LOOK_OVER_MS: i64 = 1000;
/// How often clients that wait for the end of a pause try again, in milliseconds.
const PAUSE_RETRY_MS: i64 = 5;

/// What a connection has sent, on its way from parsing to execution.
pub struct Lane {
    /// The bytes.
    pub input: Vec<u8>,
    /// The commands of the batch at hand.
    pub batch: Batch,
    /// What the parser said of it.
    pub parsed: Parsed,
    /// What the executor knows of it.
    pub plan: Plan,
    /// Whether its entries have been asked for already.
    pub prefetched: bool,
}

impl Default for Lane {
    fn default() -> Self {
        let parsed = Parsed { consumed: 0, missing: 0, error: None };
        Lane {
            input: Vec::new(),
            batch: Batch::default(),
            parsed,
            plan: Plan::default(),
            prefetched: false,
        }
    }
}

impl Lane {
    fn with_buffer() -> Self {
        Lane { input: Vec::with_capacity(READ_SIZE), ..Lane::default() }
    }
}

/// Buffers that all connections of a worker share.
pub struct Scratch {
    /// Replies.
    pub output: Vec<u8>,
    /// For a connection that is served alone.
    pub lane: Lane,
    /// For a connection that has bytes of its own waiting; brings no buffer.
    pub own: Lane,
}

/// See the module's head.
pub struct Worker {
    engine: Arc<Engine>,
    executor: Executor,
    mailbox: Arc<Mailbox>,
    epoll: OwnedFd,
    connections: AHashMap<ClientId, Connection>,
    scratch: Scratch,
    lanes: Vec<Lane>,
    /// Connections that have more to execute.
    again: VecDeque<ClientId>,
    /// Connections that wait for the end of a pause.
    paused: Vec<ClientId>,
    /// When blocking commands end, the soonest first.
    deadlines: BinaryHeap<Reverse<(i64, ClientId)>>,
    next_look_over: i64,
}

impl Worker {
    pub fn new(engine: Arc<Engine>, mailbox: Arc<Mailbox>, number: usize) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let data = epoll::EventData::new_u64(MAILBOX);
        epoll::add(&epoll, mailbox.as_fd(), data, epoll::EventFlags::IN)?;
        let seed = clock::now_ms() as u64 ^ (number as u64 + 2) << 48;
        Ok(Worker {
            executor: Executor::new(Arc::clone(&engine), seed),
            engine,
            mailbox,
            epoll,
            connections: AHashMap::new(),
            scratch: Scratch {
                output: Vec::with_capacity(READ_SIZE),
                lane: Lane::with_buffer(),
                own: Lane::default(),
            },
            lanes: (0..LANES).map(|_| Lane::with_buffer()).collect(),
            again: VecDeque::new(),
            paused: Vec::new(),
            deadlines: BinaryHeap::new(),
            next_look_over: 0,
        })
    }

    /// Serves its connections for ever.
    pub fn run(&mut self) {
        let mut events = Vec::with_capacity(EVENTS);
        loop {
            events.clear();
            let timeout = self.timeout(clock::now_ms());
            if let Err(error) =
                epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&timeout))
                && error != rustix::io::Errno::INTR
            {
                log::error!("Waiting for events failed: {error}");
            }
            let woken = Instant::now();
            let now = clock::now_ms();
            for group in events.chunks(LANES) {
                self.serve_group(group, now);
            }
            self.go_on(now);
            self.end_waits(now);
            if now >= self.next_look_over {
                self.look_over(now);
            }
            let stats = self.executor.stats();
            let micros = woken.elapsed().as_micros() as u64;
            stats.turns.add(1);
            stats.turn_micros.add(micros);
            stats.longest_turn_micros.raise(micros);
        }
    }

    /// How long to wait for events.
    fn timeout(&self, now: i64) -> Timespec {
        let mut until = self.next_look_over;
        if let Some(Reverse((deadline, _))) = self.deadlines.peek() {
            until = until.min(*deadline);
        }
        if !self.paused.is_empty() {
            until = until.min(now + PAUSE_RETRY_MS);
        }
        let wait = if self.again.is_empty() { (until - now).max(0) } else { 0 };
        Timespec { tv_sec: wait / 1000, tv_nsec: wait % 1000 * 1_000_000 }
    }

    fn read_mail(&mut self, now: i64) {
        let mut messages = Vec::new();
        self.mailbox.take(&mut messages);
        for message in messages {
            match message {
                Message::Connection(stream) => self.add(stream, now),
                Message::Wake(client) => self.serve(client, now, Connection::woken),
            }
        }
    }

    fn add(&mut self, stream: Stream, now: i64) {
        let address = stream.address();
        let origin = Origin {
            address: address.peer.clone(),
            local_address: address.local.clone(),
            descriptor: stream.descriptor(),
            unix: address.unix,
            certificate_users: self.certificate_users(&stream),
        };
        let client = self.engine.clients.add(origin, self.mailbox.clone(), now);
        let id = client.id;
        let mut session = Session::new(client, self.engine.users.are_open());
        // The user whom the client's certificate names, if it names one.
        let named = session.client.origin.certificate_users.clone();
        named.iter().any(|user| self.engine.enter(&mut session, user.as_bytes()));
        let data = epoll::EventData::new_u64(id);
        // Each arrival is told once: the poller has no list of descriptors to look at again in each
        // round, and is never asked to watch something else.
        let flags = epoll::EventFlags::IN
            | epoll::EventFlags::OUT
            | epoll::EventFlags::RDHUP
            | epoll::EventFlags::ET;
        if let Err(error) = epoll::add(&self.epoll, &stream, data, flags) {
            log::warn!("Can't watch a new connection: {error}");
            self.engine.clients.remove(id);
            return;
        }
        let buffered = stream.has_buffered();
        self.connections.insert(id, Connection::new(stream, session));
        if buffered {
            // It came with the end of the handshake; the poller knows nothing of it.
            self.serve(id, now, |connection, executor, scratch, now| {
                connection.has_arrived(false);
                connection.turn(executor, scratch, now)
            });
        }
    }

    /// The users that the certificate of a client names.
    fn certificate_users(&self, stream: &Stream) -> Vec<String> {
        let asked = self.engine.config.tls_auth_clients_user();
        if asked == TlsAuthClientsUser::Off || !stream.is_tls() {
            return Vec::new();
        }
        let identity = stream.peer_identity().unwrap_or_default();
        match asked {
            TlsAuthClientsUser::Off => Vec::new(),
            TlsAuthClientsUser::CommonName => identity.common_name.into_iter().collect(),
            TlsAuthClientsUser::Uri => identity.uris,
        }
    }

    /// Serves a few connections together: all are read, parsed and planned before the first
    /// executes, so that the cache misses of commands that come one by one from many clients
    /// overlap as those of a pipeline do.
    fn serve_group(&mut self, events: &[epoll::Event], now: i64) {
        let mut lanes = std::mem::take(&mut self.lanes);
        let mut ready: ArrayVec<ClientId, LANES> = ArrayVec::new();
        let mut planned = 0;
        for event in events {
            match event.data.u64() {
                MAILBOX => self.read_mail(now),
                client => {
                    let lane = &mut lanes[ready.len()];
                    if self.arrived(client, event.flags, lane, now) {
                        planned += lane.batch.len();
                        ready.push(client);
                    }
                }
            }
            if planned >= PLANNED_MAX {
                self.run_lanes(&mut ready, &mut lanes, now);
                planned = 0;
            }
        }
        self.run_lanes(&mut ready, &mut lanes, now);
        self.lanes = lanes;
    }

    fn run_lanes(&mut self, ready: &mut ArrayVec<ClientId, LANES>, lanes: &mut [Lane], now: i64) {
        if ready.len() > 1 {
            for (client, lane) in ready.iter().zip(&mut *lanes) {
                if let Some(connection) = self.connections.get(client) {
                    self.executor.prefetch(&connection.session, &lane.plan);
                    lane.prefetched = true;
                }
            }
        }
        for (client, lane) in ready.drain(..).zip(lanes) {
            self.serve(client, now, |connection, executor, scratch, now| {
                connection.finish_lane(executor, scratch, lane, now)
            });
        }
    }

    /// Takes note of what a descriptor reports. Answers whether the connection's bytes are in the
    /// lane now, to be executed from there; else everything has been done.
    fn arrived(
        &mut self,
        client: ClientId,
        flags: epoll::EventFlags,
        lane: &mut Lane,
        now: i64,
    ) -> bool {
        use epoll::EventFlags as E;
        let Some(connection) = self.connections.get_mut(&client) else { return false };
        if flags.contains(E::OUT) && !connection.writable(&self.executor) {
            self.close(client);
            return false;
        }
        if flags.intersects(E::IN | E::RDHUP | E::HUP | E::ERR) {
            connection.has_arrived(flags.intersects(E::RDHUP | E::HUP | E::ERR));
        }
        if connection.can_start_lane() {
            match connection.start_lane(&self.executor, lane) {
                Ok(()) => return true,
                Err(next) => self.serve(client, now, |_, _, _, _| next),
            }
        } else {
            self.serve(client, now, Connection::turn);
        }
        false
    }

    /// Lets a connection do something, and carries out what it wants next.
    fn serve(
        &mut self,
        client: ClientId,
        now: i64,
        act: impl FnOnce(&mut Connection, &mut Executor, &mut Scratch, i64) -> Next,
    ) {
        let Some(connection) = self.connections.get_mut(&client) else { return };
        let (executor, scratch) = (&mut self.executor, &mut self.scratch);
        // A fault in a command must cost its own connection only. The executor holds nothing across
        // commands but counters, and locks are given back while the panic unwinds.
        let next = catch_unwind(AssertUnwindSafe(|| act(connection, executor, scratch, now)));
        let next = next.unwrap_or_else(|_| {
            log::error!("A command panicked; closing client {}", connection.session.client.id);
            Next::Close
        });
        match next {
            Next::Close => return self.close(client),
            Next::Again => self.again.push_back(client),
            Next::Paused(_) => self.paused.push(client),
            Next::Wait if connection.should_read() => self.again.push_back(client),
            Next::Wait => {}
        }
        if let Some(waiter) = &connection.session.waiting
            && waiter.due() != i64::MAX
        {
            self.deadlines.push(Reverse((waiter.due(), client)));
        }
    }

    fn close(&mut self, client: ClientId) {
        if let Some(mut connection) = self.connections.remove(&client) {
            self.executor.disconnect(&mut connection.session);
            // Dropping the stream takes it out of the poller.
        }
    }

    /// Goes on with connections that had more than one turn's worth, and with paused ones.
    fn go_on(&mut self, now: i64) {
        for _ in 0..self.again.len() {
            if let Some(client) = self.again.pop_front() {
                self.serve(client, now, Connection::turn);
            }
        }
        for client in std::mem::take(&mut self.paused) {
            self.serve(client, now, Connection::turn);
        }
    }

    /// Ends blocking commands whose time is over, and tries those again that want it by now.
    fn end_waits(&mut self, now: i64) {
        while let Some(&Reverse((deadline, client))) = self.deadlines.peek() {
            if deadline > now {
                return;
            }
            self.deadlines.pop();
            let waiter = self.connections.get(&client).and_then(|it| it.session.waiting.as_ref());
            match waiter {
                Some(waiter) if waiter.deadline <= now => {
                    self.serve(client, now, Connection::timed_out);
                }
                Some(waiter) if waiter.look_again_at() <= now => {
                    self.serve(client, now, Connection::look_again);
                }
                _ => {}
            }
        }
    }

    /// Once a second: closes connections that are silent or do not read.
    fn look_over(&mut self, now: i64) {
        self.next_look_over = now + LOOK_OVER_MS;
        let executor = &self.executor;
        let overdue: Vec<ClientId> = self
            .connections
            .iter_mut()
            .filter_map(|(id, connection)| connection.is_overdue(executor, now).then_some(*id))
            .collect();
        overdue.into_iter().for_each(|client| self.close(client));
    }
}
