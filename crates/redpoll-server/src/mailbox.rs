//! A worker's mailbox: what other threads want it to look at, and the descriptor that wakes it.

use crate::connection::Connection;
use parking_lot::Mutex;
use redpoll_engine::client::{ClientId, Waker};
use redpoll_transport::Stream;
use rustix::event::{EventfdFlags, eventfd};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// A message to a worker.
pub enum Message {
    /// A new connection, for this worker.
    Connection(Stream),
    /// A connection that goes on with this worker.
    Moved(Box<Connection>),
    /// Something waits in a client's outbox, or somebody has a wish.
    Wake(ClientId),
    /// The same, of which more is about to follow.
    WakeInTime(ClientId),
}

/// See the module's head.
pub struct Mailbox {
    /// Whether the worker holds replies back until the log has come far enough.
    pub holds: AtomicBool,
    messages: Mutex<Vec<Message>>,
    /// Connections that the worker has not registered yet.
    arriving: AtomicUsize,
    event: OwnedFd,
}

impl Mailbox {
    /// An empty mailbox.
    pub fn new() -> io::Result<Self> {
        let event = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        Ok(Mailbox {
            holds: AtomicBool::new(false),
            messages: Mutex::default(),
            arriving: AtomicUsize::new(0),
            event,
        })
    }

    /// Leaves a message; the worker is woken if the box was empty.
    pub fn post(&self, message: Message) {
        let mut messages = self.messages.lock();
        let first = messages.is_empty();
        messages.push(message);
        drop(messages);
        if first {
            self.wake();
        }
    }

    /// Leaves a new connection.
    pub fn bring(&self, stream: Stream) {
        self.arriving.fetch_add(1, Relaxed);
        self.post(Message::Connection(stream));
    }

    /// A connection that was brought is registered now.
    pub fn has_registered(&self) {
        self.arriving.fetch_sub(1, Relaxed);
    }

    /// Connections that were brought and are not registered yet.
    pub fn arriving(&self) -> usize {
        self.arriving.load(Relaxed)
    }

    /// Wakes the worker, with or without a message.
    pub fn wake(&self) {
        // Fails only when the counter is full, and then the worker is being woken anyway.
        let _ = rustix::io::write(&self.event, &1u64.to_ne_bytes());
    }

    /// Takes all messages, in their order.
    pub fn take(&self, into: &mut Vec<Message>) {
        let mut counter = [0; 8];
        // Nothing to read: the messages came before their wake.
        let _ = rustix::io::read(&self.event, &mut counter);
        into.append(&mut self.messages.lock());
    }
}

impl AsFd for Mailbox {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.event.as_fd()
    }
}

impl Waker for Mailbox {
    fn wake(&self, client: ClientId) {
        self.post(Message::Wake(client));
    }

    fn wake_in_time(&self, client: ClientId) {
        self.post(Message::WakeInTime(client));
    }
}
