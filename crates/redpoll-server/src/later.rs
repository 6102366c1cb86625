//! What is executed later: the lanes that take long, so that those who ask for little need not wait
//! for all who ask for much.
//!
//! A worker that finds requests of fifteen connections executes one after the other. Where ten of
//! them are searches of thirty microseconds, a GET among them would take a third of a millisecond.
//! So whatever takes long, by what its commands have taken of late, goes last
//! ([`redpoll_engine::Executor::is_long`]), and in between the worker looks at its descriptors
//! again. In each turn they get as much time as the others together (`Worker::run_later`).

use crate::hands::Lane;
use redpoll_engine::client::ClientId;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

/// So many bytes of requests are kept for later at most.
const MOST: usize = 4 << 20;

/// See the module's head.
#[derive(Default)]
pub struct Later {
    lanes: RefCell<VecDeque<(ClientId, Lane)>>,
    /// Bytes of their requests.
    bytes: Cell<usize>,
}

impl Later {
    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.lanes.borrow().is_empty()
    }

    /// Whether one more lane may wait.
    pub fn has_room(&self) -> bool {
        self.bytes.get() < MOST
    }

    /// Keeps what a connection's lane holds.
    pub fn add(&self, client: ClientId, lane: &mut Lane) {
        self.bytes.update(|bytes| bytes + lane.input.len());
        self.lanes.borrow_mut().push_back((client, lane.take()));
    }

    /// The one that has waited longest.
    pub fn next(&self) -> Option<(ClientId, Lane)> {
        let next = self.lanes.borrow_mut().pop_front();
        let len = next.as_ref().map_or(0, |(_, lane)| lane.input.len());
        self.bytes.update(|bytes| bytes - len);
        next
    }
}
