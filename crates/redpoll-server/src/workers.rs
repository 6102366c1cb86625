//! The workers as those see them who bring connections.

use crate::mailbox::Mailbox;
use redpoll_transport::Stream;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicUsize,
    Ordering::{Relaxed, SeqCst},
};

/// All workers' mailboxes.
pub struct Workers {
    mailboxes: Vec<Arc<Mailbox>>,
    /// Those of the pollers, who get no new connections.
    pollers: Vec<Arc<Mailbox>>,
    next: AtomicUsize,
}

impl Workers {
    /// These.
    pub fn new(mailboxes: Vec<Arc<Mailbox>>, pollers: Vec<Arc<Mailbox>>) -> Self {
        Workers { mailboxes, pollers, next: AtomicUsize::new(0) }
    }

    /// Lets those look at their connections that hold replies back.
    pub fn wake_holders(&self) {
        let all = self.mailboxes.iter().chain(&self.pollers);
        let holders = all.filter(|mailbox| mailbox.holds.load(SeqCst));
        holders.for_each(|mailbox| mailbox.wake());
    }

    /// Connections that no worker has registered yet.
    pub fn arriving(&self) -> usize {
        self.mailboxes.iter().map(|mailbox| mailbox.arriving()).sum()
    }

    /// Gives a connection to the worker whose turn it is.
    pub fn hand_out(&self, stream: Stream) {
        let turn = self.next.fetch_add(1, Relaxed);
        self.mailboxes[turn % self.mailboxes.len()].bring(stream);
    }
}
