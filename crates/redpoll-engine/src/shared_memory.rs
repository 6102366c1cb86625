//! Clients that talk through shared memory: how many there are, and how many there may be.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use crate::engine::Engine;

/// Which shared memory a client has asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RingsWanted {
    /// Rings of so many bytes.
    OfBytes(usize),
    /// The file of this name, which it has made: the older protocol.
    Named(Vec<u8>),
}

/// What INFO tells of them, beside what the threads count.
#[derive(Debug, Default)]
pub struct SharedMemory {
    /// Clients.
    connections: AtomicUsize,
    /// Bytes of their memory.
    bytes: AtomicUsize,
    /// Clients that have got such memory so far.
    pub opened: AtomicU64,
    /// Requests for it that were refused.
    pub refused: AtomicU64,
    /// Clients that were closed because they broke the rules of the ring.
    pub broken: AtomicU64,
    /// Threads that look at rings at this moment, and do not sleep.
    pub polling: AtomicUsize,
}

impl SharedMemory {
    /// Clients.
    pub fn connections(&self) -> usize {
        self.connections.load(Relaxed)
    }

    /// Bytes of their memory.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Relaxed)
    }
}

/// A place among the clients with shared memory, given back when it is dropped.
pub struct Place {
    engine: Arc<Engine>,
    bytes: usize,
}

impl Place {
    /// A place for memory of so many bytes, unless all places are taken.
    pub fn take(engine: &Arc<Engine>, bytes: usize) -> Option<Place> {
        let (shared, max) = (&engine.shared_memory, engine.config.shm_max_connections());
        let one_more = |count: usize| (count < max).then_some(count + 1);
        shared.connections.fetch_update(Relaxed, Relaxed, one_more).ok()?;
        shared.bytes.fetch_add(bytes, Relaxed);
        Some(Place { engine: Arc::clone(engine), bytes })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let shared = &self.engine.shared_memory;
        shared.connections.fetch_sub(1, Relaxed);
        shared.bytes.fetch_sub(self.bytes, Relaxed);
    }
}
