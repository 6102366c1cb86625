//! What a worker's turns share with those that happen within them.
//!
//! A script that runs for too long lets its worker serve the other connections in between
//! ([`Common::meanwhile`]), from within the turn that it is part of. So what both need is borrowed
//! only for moments, and a connection is borrowed while it is served: the script's own is passed
//! over.

mod waits;

use crate::connection::{Connection, Next};
use crate::foresight::Foresight;
use crate::gathering::Gathering;
use crate::hands::{Hands, Lane};
use crate::hot::Hot;
use crate::later::Later;
use crate::mailbox::{Mailbox, Message};
use crate::pollers::Pollers;
use ahash::AHashMap;
use redpoll_config::TlsAuthClientsUser;
use redpoll_engine::client::{ClientId, Origin};
use redpoll_engine::{Engine, Session};
use redpoll_keyspace::clock;
use redpoll_transport::Stream;
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

/// The event number of the mailbox; no client has it.
pub const MAILBOX: u64 = 0;
/// That of the timer for clients that are expected; none has it either.
pub const ALARM: u64 = u64::MAX;
/// Events taken at once.
pub const EVENTS: usize = 256;

/// A connection, borrowed while it is served.
pub type Shared = Rc<RefCell<Connection>>;

/// What the worker's turns share with those that happen within them.
pub struct Common {
    pub engine: Arc<Engine>,
    mailbox: Arc<Mailbox>,
    /// To whom connections move that go over to shared memory.
    pollers: Arc<Pollers>,
    /// Those that are looked at again and again.
    pub hot: RefCell<Vec<Hot>>,
    /// Those that are expected.
    pub foresight: RefCell<Foresight>,
    pub epoll: OwnedFd,
    seed: u64,
    connections: RefCell<AHashMap<ClientId, Shared>>,
    /// Connections that have more to execute.
    pub again: RefCell<VecDeque<ClientId>>,
    /// Connections that wait for the end of a pause.
    pub paused: RefCell<Vec<ClientId>>,
    /// When blocking commands and rests end, the soonest first.
    pub deadlines: RefCell<BinaryHeap<Reverse<(i64, ClientId)>>>,
    /// Connections whose bytes wait to be executed, in lanes.
    pub ready: RefCell<VecDeque<(ClientId, Lane)>>,
    /// Those whose commands take long, so that the others go first.
    pub later: Later,
    /// What has been reported of connections that could not be served at that moment.
    missed: RefCell<Vec<(ClientId, epoll::EventFlags)>>,
    /// Clients that were woken at such a moment.
    wake_later: RefCell<Vec<ClientId>>,
    /// Connections to be closed as soon as no script is busy.
    close_later: RefCell<Vec<ClientId>>,
    /// Connections with replies that wait for the log.
    held: RefCell<Vec<ClientId>>,
    /// Replicas, and when they are sent something.
    pub gathering: RefCell<Gathering>,
    /// For the turns within turns; made when first needed.
    nested: RefCell<Option<Hands>>,
    is_nested: Cell<bool>,
}

impl Common {
    /// What a worker shares with the turns within its turns.
    pub fn new(
        engine: Arc<Engine>,
        (mailbox, pollers): (Arc<Mailbox>, Arc<Pollers>),
        epoll: OwnedFd,
        seed: u64,
    ) -> Self {
        Common {
            engine,
            mailbox,
            pollers,
            hot: RefCell::default(),
            foresight: RefCell::new(Foresight::new()),
            epoll,
            seed,
            connections: RefCell::default(),
            again: RefCell::default(),
            paused: RefCell::default(),
            deadlines: RefCell::default(),
            ready: RefCell::default(),
            later: Later::default(),
            missed: RefCell::default(),
            wake_later: RefCell::default(),
            close_later: RefCell::default(),
            held: RefCell::default(),
            gathering: RefCell::default(),
            nested: RefCell::default(),
            is_nested: Cell::new(false),
        }
    }

    pub fn find(&self, client: ClientId) -> Option<Shared> {
        self.connections.borrow().get(&client).cloned()
    }

    /// Executes what the next lane holds; returns the lane.
    pub fn run_lane(&self, hands: &mut Hands, now: i64) -> Option<Lane> {
        let (client, mut lane) = self.ready.borrow_mut().pop_front()?;
        self.serve(hands, client, now, |connection, hands, now| {
            connection.in_lane = false;
            connection.finish_lane(&mut hands.executor, &mut hands.scratch, &mut lane, now)
        });
        Some(lane)
    }

    pub fn read_mail(&self, hands: &mut Hands, now: i64) {
        let mut messages = Vec::new();
        self.mailbox.take(&mut messages);
        for message in messages {
            match message {
                Message::Connection(stream) => self.add(hands, stream, now),
                Message::Moved(connection) => self.adopt(hands, *connection, now),
                Message::Wake(client) => self.wake(hands, client, now),
                Message::WakeInTime(client) => {
                    if self.gathering.borrow_mut().offer(client, Instant::now()) {
                        self.wake(hands, client, now);
                    }
                }
            }
        }
    }

    /// Sends those something for whom enough has been gathered.
    pub fn send_gathered(&self, hands: &mut Hands, now: i64) {
        if self.gathering.borrow().next().is_none() {
            return;
        }
        let moment = Instant::now();
        loop {
            let due = self.gathering.borrow_mut().due(moment);
            let Some(client) = due else { return };
            self.wake(hands, client, now);
        }
    }

    /// Lets a connection look at its outbox and at what others want of it.
    fn wake(&self, hands: &mut Hands, client: ClientId, now: i64) {
        let waits = |connection: &Shared| {
            connection.try_borrow().map_or(true, |connection| connection.session.waiting.is_some())
        };
        // To end a wait takes locks that a busy script may have.
        let put_off =
            self.engine.scripts.busy().is_some() && self.find(client).is_some_and(|c| waits(&c));
        if put_off {
            return self.wake_later.borrow_mut().push(client);
        }
        self.serve(hands, client, now, |connection, hands, now| {
            connection.woken(&mut hands.executor, &mut hands.scratch, now)
        });
    }

    fn add(&self, hands: &mut Hands, stream: Stream, now: i64) {
        let address = stream.address();
        let origin = Origin {
            address: address.peer.clone(),
            local_address: address.local.clone(),
            descriptor: stream.descriptor(),
            unix: address.unix,
            rdma: address.rdma,
            tls: stream.is_tls(),
            certificate_users: self.certificate_users(&stream),
        };
        let client = self.engine.clients.add(origin, self.mailbox.clone(), now);
        self.mailbox.has_registered();
        let id = client.id;
        let mut session = Session::new(client, self.engine.users.are_open());
        // The user whom the client's certificate names, if it names one.
        let named = session.client.origin.certificate_users.clone();
        named.iter().any(|user| self.engine.enter(&mut session, user.as_bytes()));
        if !self.watch(&stream, id) {
            self.engine.clients.remove(id);
            return;
        }
        let buffered = stream.has_buffered();
        let connection = Rc::new(RefCell::new(Connection::new(stream, session)));
        self.connections.borrow_mut().insert(id, connection);
        if buffered {
            // It came with the end of the handshake; the poller knows nothing of it.
            self.serve(hands, id, now, |connection, hands, now| {
                connection.has_arrived(false);
                Self::turn(connection, hands, now)
            });
        }
    }

    /// Takes a connection over from another worker.
    fn adopt(&self, hands: &mut Hands, connection: Connection, now: i64) {
        let id = connection.session.client.id;
        if !self.watch(&connection.stream, id) {
            let mut connection = connection;
            return hands.executor.disconnect(&mut connection.session);
        }
        self.connections.borrow_mut().insert(id, Rc::new(RefCell::new(connection)));
        // What was sent to it on its way has woken nobody.
        self.serve(hands, id, now, |connection, hands, now| {
            connection.look_at_rings();
            connection.woken(&mut hands.executor, &mut hands.scratch, now)
        });
    }

    /// Lets go of a connection that another worker takes over.
    pub fn forget(&self, client: ClientId) {
        self.gathering.borrow_mut().forget(client);
        self.connections.borrow_mut().remove(&client);
    }

    /// Keeps a connection that was to move.
    pub fn keep_rings(&self, shared: Shared) {
        let client = shared.borrow().session.client.id;
        self.heat(&shared, &mut shared.borrow_mut(), None);
        self.connections.borrow_mut().insert(client, shared);
    }

    /// Tells the poller of a stream. False if that fails.
    fn watch(&self, stream: &Stream, id: ClientId) -> bool {
        let data = epoll::EventData::new_u64(id);
        // Each arrival is told once: the poller has no list of descriptors to look at again in each
        // round, and is never asked to watch something else.
        let flags = epoll::EventFlags::IN
            | epoll::EventFlags::OUT
            | epoll::EventFlags::RDHUP
            | epoll::EventFlags::ET;
        let watched = epoll::add(&self.epoll, stream, data, flags);
        watched.inspect_err(|error| log::warn!("Can't watch a connection: {error}")).is_ok()
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

    /// Takes note of what a descriptor reports. Answers whether the connection's bytes are in the
    /// lane now, to be executed from there; else everything has been done.
    pub fn arrived(
        &self,
        hands: &mut Hands,
        client: ClientId,
        flags: epoll::EventFlags,
        lane: &mut Lane,
        now: i64,
    ) -> bool {
        use epoll::EventFlags as E;
        let Some(shared) = self.find(client) else { return false };
        let Ok(mut connection) = shared.try_borrow_mut() else {
            // It runs the script within which this turn happens.
            self.missed.borrow_mut().push((client, flags));
            return false;
        };
        let rings = connection.stream.rings().is_some();
        // Without flags, the rings were looked at, and nobody has rung.
        if rings && !flags.is_empty() {
            let hung_up = flags.intersects(E::RDHUP | E::HUP | E::ERR);
            connection.answer_bell(&hands.executor, hung_up);
        }
        // The descriptor of RDMA says only that something has happened.
        let rdma = connection.stream.stir();
        if (rings || rdma || flags.contains(E::OUT)) && !connection.writable(&hands.executor) {
            drop(connection);
            self.close(hands, client);
            return false;
        }
        if rings {
            connection.look_at_rings();
            if connection.is_gone() {
                drop(connection);
                self.close(hands, client);
                return false;
            }
        } else if rdma {
            let ended = connection.stream.has_ended();
            if ended || connection.stream.has_buffered() {
                connection.has_arrived(ended);
            }
        } else if flags.intersects(E::IN | E::RDHUP | E::HUP | E::ERR) {
            connection.has_arrived(flags.intersects(E::RDHUP | E::HUP | E::ERR));
        }
        if connection.in_lane {
            // It reads on when that has been executed.
            return false;
        }
        if connection.can_start_lane() {
            let started = connection.start_lane(&hands.executor, lane);
            connection.in_lane = started.is_ok();
            drop(connection);
            match started {
                Ok(()) => return true,
                Err(next) => self.serve(hands, client, now, |_, _, _| next),
            }
        } else {
            drop(connection);
            self.serve(hands, client, now, Self::turn);
        }
        false
    }

    /// Serves a connection whose rings have something.
    pub fn serve_rings(&self, hands: &mut Hands, client: ClientId, now: i64) {
        self.serve(hands, client, now, |connection, hands, now| {
            connection.look_at_rings();
            match connection.writable(&hands.executor) {
                true => Self::turn(connection, hands, now),
                false => Next::Close,
            }
        });
    }

    fn turn(connection: &mut Connection, hands: &mut Hands, now: i64) -> Next {
        connection.turn(&mut hands.executor, &mut hands.scratch, now)
    }

    /// Lets a connection do something, and carries out what it wants next.
    fn serve(
        &self,
        hands: &mut Hands,
        client: ClientId,
        now: i64,
        act: impl FnOnce(&mut Connection, &mut Hands, i64) -> Next,
    ) {
        let Some(shared) = self.find(client) else { return };
        let Ok(mut connection) = shared.try_borrow_mut() else {
            // Somebody wakes the client that runs the script within which this happens.
            self.wake_later.borrow_mut().push(client);
            return;
        };
        // A fault in a command must cost its own connection only. The executor holds nothing across
        // commands but counters, and locks are given back while the panic unwinds.
        let next = catch_unwind(AssertUnwindSafe(|| act(&mut connection, hands, now)));
        let next = next.unwrap_or_else(|_| {
            log::error!("A command panicked; closing client {}", connection.session.client.id);
            Next::Close
        });
        if connection.held_until().is_some() && !connection.in_held {
            connection.in_held = true;
            self.held.borrow_mut().push(client);
        }
        connection.count_rings(&hands.executor);
        // Not while a lane of it waits here.
        let stays = connection.in_lane || connection.is_hot || next == Next::Close;
        if !stays && connection.stream.rings().is_some() {
            if let Some(poller) = self.pollers.next() {
                drop(connection);
                return self.hand_over(shared, poller);
            }
            self.heat(&shared, &mut connection, None);
        }
        match next {
            Next::Close => {
                drop(connection);
                return self.close(hands, client);
            }
            Next::Again => self.again.borrow_mut().push_back(client),
            Next::Paused(_) => self.paused.borrow_mut().push(client),
            // One that is hot is looked at anyway.
            Next::Wait if connection.should_read() && !connection.is_hot && !connection.in_lane => {
                self.again.borrow_mut().push_back(client)
            }
            Next::Wait => {}
        }
        if let Some(waiter) = &connection.session.waiting
            && waiter.due() != i64::MAX
            && !waiter.is_done()
        {
            // What is due already and still waits is in the hands of another thread: look later.
            let due = waiter.due().max(now + 1);
            self.deadlines.borrow_mut().push(Reverse((due, client)));
        }
        if let Some(due) = connection.rests_until() {
            self.deadlines.borrow_mut().push(Reverse((due, client)));
        }
    }

    fn close(&self, hands: &mut Hands, client: ClientId) {
        if self.is_nested.get() {
            // What it has registered may lie under locks that this very thread holds.
            return self.close_later.borrow_mut().push(client);
        }
        let connection = self.connections.borrow_mut().remove(&client);
        self.gathering.borrow_mut().forget(client);
        if let Some(connection) = connection {
            if connection.borrow().is_hot {
                self.hot.borrow_mut().retain(|hot| hot.client != client);
            }
            hands.executor.disconnect(&mut connection.borrow_mut().session);
            // Dropping the stream takes it out of the poller.
        }
    }

    /// Once a second: closes connections that are silent or do not read, and gives room to those
    /// that are stuck.
    pub fn look_over(&self, hands: &mut Hands, now: i64) {
        let all: Vec<(ClientId, Shared)> = {
            let connections = self.connections.borrow();
            connections.iter().map(|(id, shared)| (*id, Rc::clone(shared))).collect()
        };
        for (client, shared) in all {
            let mut connection = shared.borrow_mut();
            if connection.is_overdue(&hands.executor, now) {
                drop(connection);
                self.close(hands, client);
            } else if connection.make_room() {
                self.again.borrow_mut().push_back(client);
            }
        }
    }

    /// A turn within a command: serves the other connections once, without waiting for anything.
    pub fn meanwhile(&self) {
        if self.is_nested.replace(true) {
            return;
        }
        let hands = self.nested.borrow_mut().take();
        let mut hands = hands.unwrap_or_else(|| Hands::new(&self.engine, !self.seed));
        let now = clock::now_ms();
        self.ready.borrow_mut().extend(std::iter::from_fn(|| self.later.next()));
        while self.run_lane(&mut hands, now).is_some() {}
        let mut events = Vec::with_capacity(EVENTS);
        let timeout = Timespec { tv_sec: 0, tv_nsec: 0 };
        // A failure will show itself in the worker's own turn.
        let _ = epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&timeout));
        self.add_ready(&mut events, EVENTS);
        for event in &events {
            match event.data.u64() {
                MAILBOX => self.read_mail(&mut hands, now),
                client => {
                    let mut lane = Lane::with_buffer();
                    if self.arrived(&mut hands, client, event.flags, &mut lane, now) {
                        self.ready.borrow_mut().push_back((client, lane));
                        self.run_lane(&mut hands, now);
                    }
                }
            }
        }
        self.go_on(&mut hands, now);
        self.send_gathered(&mut hands, now);
        self.release_held(&mut hands, now);
        *self.nested.borrow_mut() = Some(hands);
        self.is_nested.set(false);
    }
}
