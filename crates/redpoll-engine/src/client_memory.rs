//! The memory of all clients together, and the end of the largest where it is too much
//! (`maxmemory-clients`).
//!
//! The thread that serves a client reckons its memory after each turn and adds the difference to
//! the sum: nothing is paid while it stays the same. Whoever finds the sum above the limit closes
//! the largest clients; they leave the registry and the sum at once, and their threads close them.

use crate::client::{Client, ClientKind, flags};
use crate::engine::Engine;
use parking_lot::Mutex;
use std::cmp::Reverse;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering::Relaxed};

/// What a name costs beside its bytes, in the places where it is kept.
const NAME_OVERHEAD: usize = 64;

/// See the module's head.
#[derive(Default)]
pub struct ClientMemory {
    /// `maxmemory-clients` in bytes; 0: no limit, and nothing is added up.
    limit: AtomicU64,
    sum: AtomicI64,
    /// What the clients hold that are to be closed: as good as free.
    doomed: AtomicI64,
    /// One thread at a time chooses whom to close.
    choosing: Mutex<()>,
}

impl ClientMemory {
    /// The memory of all clients that count: those that may be closed for it.
    pub fn sum(&self) -> usize {
        usize::try_from(self.sum.load(Relaxed)).unwrap_or(0)
    }

    /// Whether there is a limit at all.
    pub fn is_limited(&self) -> bool {
        self.limit.load(Relaxed) > 0
    }

    fn is_exceeded(&self) -> bool {
        self.sum() as u64 > self.limit.load(Relaxed)
    }

    /// Takes note of what a client needs now.
    fn note(&self, client: &Client) {
        let exempt = flags::NO_EVICT | flags::EVICTED;
        let counts = client.flags() & exempt == 0
            && matches!(client.kind(), ClientKind::Normal | ClientKind::PubSub);
        self.set(client, if counts { client.memory() } else { 0 });
    }

    /// Forgets a client that is gone.
    pub fn forget(&self, client: &Client) {
        self.set(client, 0);
        self.doomed.fetch_sub(client.figures.doomed.swap(0, Relaxed) as i64, Relaxed);
    }

    /// Moves a client that is to be closed from one sum to the other.
    fn doom(&self, client: &Client) {
        let memory = client.figures.memory.load(Relaxed);
        self.set(client, 0);
        client.figures.doomed.store(memory, Relaxed);
        self.doomed.fetch_add(memory as i64, Relaxed);
    }

    /// Bytes held by clients that are being closed.
    pub fn doomed(&self) -> usize {
        usize::try_from(self.doomed.load(Relaxed)).unwrap_or(0)
    }

    fn set(&self, client: &Client, memory: usize) {
        if client.figures.memory.load(Relaxed) != memory {
            let before = client.figures.memory.swap(memory, Relaxed);
            self.sum.fetch_add(memory as i64 - before as i64, Relaxed);
        }
    }
}

impl Client {
    /// Counts a name that is kept for the client: a channel, a pattern, a watched key, a prefix.
    pub fn keeps(&self, name: &[u8]) {
        self.figures.registered_bytes.fetch_add(name.len() + NAME_OVERHEAD, Relaxed);
    }

    /// Takes a [`Client::keeps`] back.
    pub fn drops(&self, name: &[u8]) {
        self.figures.registered_bytes.fetch_sub(name.len() + NAME_OVERHEAD, Relaxed);
    }

    /// The client's buffers and what else is kept for it, in bytes.
    pub fn memory(&self) -> usize {
        let figures = &self.figures;
        let sum = |parts: [&AtomicUsize; 2]| parts.map(|bytes| bytes.load(Relaxed)).iter().sum();
        let held: usize = sum([&figures.query_bytes, &figures.output_bytes]);
        let kept: usize = sum([&figures.queued_bytes, &figures.registered_bytes]);
        // A buffer takes more than what is in it.
        let buffers = held.max(figures.buffer_bytes.load(Relaxed));
        size_of::<Client>() + buffers + kept + self.outbox_len()
    }
}

impl Engine {
    /// Takes note of what a client needs now, and closes the largest ones if all together need too
    /// much. For the client's thread, after each turn: one load while there is no limit.
    #[inline]
    pub fn reckon_client(&self, client: &Client) {
        let memory = &self.client_memory;
        if memory.is_limited() {
            memory.note(client);
            if memory.is_exceeded() {
                self.evict_clients();
            }
        }
    }

    /// Takes over a new limit: all clients are reckoned, and some closed if it is exceeded.
    pub(crate) fn limit_clients(&self, limit: u64) {
        let memory = &self.client_memory;
        memory.limit.store(limit, Relaxed);
        if limit > 0 {
            self.clients.all().iter().for_each(|client| memory.note(client));
            if memory.is_exceeded() {
                self.evict_clients();
            }
        }
    }

    /// Closes the largest clients until the limit is kept. O(clients · log clients).
    #[cold]
    fn evict_clients(&self) {
        let memory = &self.client_memory;
        let _one_at_a_time = memory.choosing.lock();
        let mut clients: Vec<Arc<Client>> = self.clients.all();
        clients.sort_by_key(|client| Reverse(client.figures.memory.load(Relaxed)));
        for client in clients {
            if !memory.is_exceeded() || client.figures.memory.load(Relaxed) == 0 {
                break;
            }
            client.set_flag(flags::EVICTED, true);
            memory.doom(&client);
            self.clients.remove(client.id);
            client.kill();
            self.stats.evicted_clients.fetch_add(1, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests;
