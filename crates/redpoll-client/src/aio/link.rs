//! What requesters and the driver share: the carrier, what is on its way, and who waits.

use super::carrier::{Arrival, Carrier};
use super::pushes::Pushes;
use super::slots::{Replies, Slots};
use crate::cmd::Expect;
use crate::decode::{DecodeError, Decoder};
use crate::error::Error;
use crate::transport::Transport;
use crate::value::Value;
use redpoll_shm::spin::Spin;
use redpoll_shm::{Client, Want};
use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::Waker;
use std::time::Duration;
use tokio::sync::broadcast;

/// Bytes asked of the carrier at a time.
const READ_BYTES: usize = 64 * 1024;

/// Bytes that wait to be written beyond which requests wait themselves.
const UNSENT_MAX: usize = 1024 * 1024;

/// Times that a stream is read before others get a turn.
const READS_MAX: usize = 16;

/// How long a requester looks for its reply by itself. It keeps its thread from other tasks
/// meanwhile; to be woken costs as much.
const SPIN: Duration = Duration::from_micros(20);

/// Pushes kept for one that listens.
const PUSHES_KEPT: usize = 4096;

/// A [`Link`] behind a lock that is held for short: a look, a copy, or the spinning of one
/// requester as long as nobody else wants it.
pub struct Shared {
    link: Mutex<Link>,
    /// How many wait for the lock.
    wanted: AtomicUsize,
}

impl Shared {
    /// Around a link.
    pub fn new(link: Link) -> Self {
        Shared { link: Mutex::new(link), wanted: AtomicUsize::new(0) }
    }

    /// The link.
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, Link> {
        match self.link.try_lock() {
            Ok(link) => link,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                self.wanted.fetch_add(1, Relaxed);
                let link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
                self.wanted.fetch_sub(1, Relaxed);
                link
            }
        }
    }

    /// Whether somebody waits for the lock.
    pub fn is_wanted(&self) -> bool {
        self.wanted.load(Relaxed) > 0
    }
}

/// Why nothing will come any more. An [`Error`] for each who waits is made of it.
#[derive(Debug, Clone)]
pub enum Failure {
    Closed,
    Protocol(DecodeError),
    Io(io::ErrorKind, String),
}

impl Failure {
    /// The error for one of those who wait.
    pub fn error(&self) -> Error {
        match self {
            Failure::Closed => Error::Closed,
            Failure::Protocol(error) => Error::Protocol(*error),
            Failure::Io(kind, text) => Error::Io(io::Error::new(*kind, text.clone())),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
        match error.kind() {
            BrokenPipe | ConnectionReset | UnexpectedEof => Failure::Closed,
            kind => Failure::Io(kind, error.to_string()),
        }
    }
}

/// See the module's head.
pub struct Link {
    carrier: Carrier,
    decoder: Decoder,
    incoming: Box<[u8]>,
    /// Requests; those before `written` are away.
    outgoing: Vec<u8>,
    written: usize,
    slots: Slots,
    spin: Spin,
    /// Whether the descriptor is known to tell of what comes.
    armed: bool,
    failure: Option<Failure>,
    hung_up: bool,
    driver: Option<Waker>,
    /// Requesters that wait until less is unsent.
    crowd: VecDeque<Waker>,
    listeners: Option<broadcast::Sender<Value>>,
}

impl Link {
    /// Over what a blocking connection was made of; and its descriptor, for the driver.
    pub fn new((transport, decoder): (Box<dyn Transport>, Decoder)) -> io::Result<(Self, OwnedFd)> {
        let (carrier, descriptor) = Carrier::new(transport)?;
        let link = Link {
            carrier,
            decoder,
            incoming: vec![0; READ_BYTES].into_boxed_slice(),
            outgoing: Vec::new(),
            written: 0,
            slots: Slots::default(),
            spin: Spin::new(SPIN),
            armed: false,
            failure: None,
            hung_up: false,
            driver: None,
            crowd: VecDeque::new(),
            listeners: None,
        };
        Ok((link, descriptor))
    }

    /// Why it has failed, if it has.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Whether nobody has a handle any more.
    pub fn is_hung_up(&self) -> bool {
        self.hung_up
    }

    /// The last handle is gone.
    pub fn hang_up(&mut self) {
        self.hung_up = true;
        self.wake_driver();
    }

    /// Ends everything for a reason.
    pub fn fail(&mut self, failure: Failure) {
        if self.failure.is_none() {
            self.failure = Some(failure);
        }
        self.listeners = None;
        self.slots.wake_all();
        self.crowd.drain(..).for_each(Waker::wake);
    }

    /// Whether requests must wait until some of those before them are away.
    pub fn is_crowded(&self) -> bool {
        self.outgoing.len() - self.written > UNSENT_MAX
    }

    /// Wakes this one when it is less crowded.
    pub fn queue_up(&mut self, waker: &Waker) {
        self.crowd.push_back(waker.clone());
    }

    /// Sends a request, as much of it as there is room for.
    pub fn begin(&mut self, encode: &dyn Fn(&mut Vec<u8>), expect: Expect) -> usize {
        encode(&mut self.outgoing);
        let slot = self.slots.begin(expect);
        if self.armed
            && let Carrier::Rings(client) = &self.carrier
        {
            // The requester looks by itself; the server need not ring.
            client.disarm(Want::Bytes);
            self.armed = false;
        }
        self.flush();
        if self.unsent() {
            self.wake_driver();
        }
        slot
    }

    /// Sends what is not answered.
    pub fn post(&mut self, requests: &[u8]) -> Result<(), Error> {
        if let Some(failure) = &self.failure {
            return Err(failure.error());
        }
        self.outgoing.extend_from_slice(requests);
        self.flush();
        if self.unsent() {
            self.armed = false;
            self.wake_driver();
        }
        Ok(())
    }

    /// Whether requests wait for room.
    pub fn unsent(&self) -> bool {
        self.written < self.outgoing.len()
    }

    /// Writes what there is room for.
    pub fn flush(&mut self) {
        while self.written < self.outgoing.len() {
            match self.carrier.write(&self.outgoing[self.written..]) {
                Ok(0) => return,
                Ok(count) => self.written += count,
                // The server may have said why; whoever reads comes to the end.
                Err(error) => return self.fail(error.into()),
            }
        }
        self.outgoing.clear();
        self.outgoing.shrink_to(UNSENT_MAX);
        self.written = 0;
        self.crowd.drain(..).for_each(Waker::wake);
    }

    /// Reads what there is and gives it to those who wait for it. True: there may be more.
    pub fn receive(&mut self) -> bool {
        for _ in 0..READS_MAX {
            match self.carrier.read(&mut self.incoming) {
                Ok(Arrival::Bytes(count)) => {
                    self.decoder.feed(&self.incoming[..count]);
                    self.deliver();
                }
                Ok(Arrival::Nothing) => return false,
                Ok(Arrival::End) => {
                    self.fail(Failure::Closed);
                    return false;
                }
                Err(error) => {
                    self.fail(error.into());
                    return false;
                }
            }
        }
        true
    }

    /// Gives out what is decoded.
    pub fn deliver(&mut self) {
        loop {
            let value = match self.decoder.next() {
                Ok(Some(value)) => value,
                Ok(None) => return,
                Err(error) => return self.fail(Failure::Protocol(error)),
            };
            match self.slots.deliver(value) {
                Ok(()) => {}
                Err(push @ Value::Push(_)) => {
                    // Nobody may listen.
                    let _ = self.listeners.as_ref().map(|listeners| listeners.send(push));
                }
                Err(_) => {
                    let text = "a reply that nobody has asked for".to_owned();
                    return self.fail(Failure::Io(io::ErrorKind::InvalidData, text));
                }
            }
        }
    }

    /// Looks for the replies to a request for a moment, where that pays.
    pub fn spin_for(&mut self, slot: usize, shared: &Shared) -> Option<Replies> {
        loop {
            let Carrier::Rings(client) = &self.carrier else { return None };
            let client: &Client = client;
            if !self.spin.wait(|| client.is_ready(Want::Bytes) || shared.is_wanted()) {
                return None;
            }
            self.receive();
            let replies = self.slots.take(slot);
            if replies.is_some() || shared.is_wanted() || self.failure.is_some() {
                return replies;
            }
            self.flush();
        }
    }

    /// Takes the replies to a request, if they are there, or else wakes this one once they are.
    pub fn take_or_wait(&mut self, slot: usize, waker: &Waker) -> Option<Result<Replies, Error>> {
        if let Some(replies) = self.slots.take(slot) {
            return Some(Ok(replies));
        }
        if let Some(failure) = &self.failure {
            return Some(Err(failure.error()));
        }
        self.slots.wait(slot, waker);
        None
    }

    /// Nobody waits for this request any more.
    pub fn abandon(&mut self, slot: usize) {
        self.slots.abandon(slot);
    }

    /// Sees to it that what comes is noticed, if somebody waits for anything.
    pub fn settle(&mut self) {
        while !self.armed && self.failure.is_none() {
            let unsent = self.unsent();
            if !self.slots.any_waiting() && self.listeners.is_none() && !unsent {
                return;
            }
            self.armed = self.carrier.arm(unsent);
            if !self.armed {
                self.flush();
                if self.receive() {
                    // Others get a turn.
                    return self.wake_driver();
                }
            }
        }
    }

    /// The descriptor is readable. False: this is the end.
    pub fn answer(&mut self) -> bool {
        self.armed = false;
        let open = self.carrier.answer().unwrap_or(false);
        self.flush();
        open
    }

    /// Whether the driver must wait for room by its descriptor.
    pub fn wants_writable(&self) -> bool {
        self.unsent() && matches!(self.carrier, Carrier::Stream(_))
    }

    /// Whether it is shared memory.
    pub fn is_rings(&self) -> bool {
        matches!(self.carrier, Carrier::Rings(_))
    }

    /// Notes how to wake the driver.
    pub fn note_driver(&mut self, waker: &Waker) {
        match &mut self.driver {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }

    fn wake_driver(&self) {
        if let Some(driver) = &self.driver {
            driver.wake_by_ref();
        }
    }

    /// One more who listens to pushes.
    pub fn listen(&mut self) -> Pushes {
        if self.failure.is_some() {
            return Pushes::ended();
        }
        let listeners = self.listeners.get_or_insert_with(|| broadcast::Sender::new(PUSHES_KEPT));
        let pushes = Pushes::new(listeners.subscribe());
        self.settle();
        pushes
    }
}
