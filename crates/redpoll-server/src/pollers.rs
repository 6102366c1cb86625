//! The pollers as workers see them: threads to which connections move that have gone over to shared
//! memory.
//!
//! A poller is a worker ([`crate::worker`]) that looks at rings between two looks at its
//! descriptors. They are threads of their own so that a client that comes over a socket need not
//! wait behind rings, and so that `shm-poll-threads` says how many cores polling may take.

use crate::mailbox::Mailbox;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// All pollers' mailboxes; none for a worker that is one.
#[derive(Default)]
pub struct Pollers {
    mailboxes: Vec<Arc<Mailbox>>,
    next: AtomicUsize,
}

impl Pollers {
    /// These.
    pub fn new(mailboxes: Vec<Arc<Mailbox>>) -> Self {
        Pollers { mailboxes, next: AtomicUsize::new(0) }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.mailboxes.is_empty()
    }

    /// The one whose turn it is, if there is any.
    pub fn next(&self) -> Option<&Arc<Mailbox>> {
        let turn = self.next.fetch_add(1, Relaxed);
        self.mailboxes.get(turn % self.mailboxes.len().max(1))
    }
}
