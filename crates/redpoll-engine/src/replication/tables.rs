//! The sync tables of a primary: those that are being read, and what tables have done so far.
//!
//! The program makes the table and lets replicas in; commands come here with what replicas say.

use crate::client::ClientId;
use parking_lot::Mutex;
use redpoll_sync::{Token, Window};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::*};

/// See the module's head.
#[derive(Default)]
pub struct Tables {
    windows: Mutex<Vec<Arc<Window>>>,
    /// Whether replicas wait for those who read to be done.
    pub awaited: AtomicBool,
    /// Tables that have been laid out.
    pub passes: AtomicU64,
    /// Replicas that read one whole.
    pub served: AtomicU64,
    /// Replicas that were let go because they were too slow.
    pub dropped: AtomicU64,
    /// Bytes of chunks that were written, once for all who read them.
    pub bytes: AtomicU64,
}

impl Tables {
    /// A table is there from now on.
    pub fn open(&self, window: Arc<Window>) {
        self.windows.lock().push(window);
        self.passes.fetch_add(1, Relaxed);
    }

    /// It is there no more.
    pub fn close(&self, window: &Arc<Window>) {
        let mut windows = self.windows.lock();
        let at = windows.iter().position(|open| Arc::ptr_eq(open, window));
        let closed = at.map(|at| windows.remove(at));
        // Freed outside of the lock.
        drop(windows);
        drop(closed);
    }

    /// The tables that are being read, the oldest first.
    pub fn windows(&self) -> Vec<Arc<Window>> {
        self.windows.lock().clone()
    }

    /// A replica is done with chunks.
    pub fn done(&self, client: ClientId, numbers: &[u64]) {
        let windows = self.windows();
        let reads = windows.iter().find_map(|window| Some((window, window.named(client)?)));
        if let Some((window, reader)) = reads {
            window.done(reader, numbers);
        }
    }

    /// Shows bytes of a chunk to whoever has the token of a replica that is not done with it.
    /// `None`: there is no such chunk, or it is shorter.
    pub fn fetch<T>(
        &self,
        token: &Token,
        (number, from, len): (u64, usize, usize),
        show: impl FnOnce(&[u8]) -> T,
    ) -> Option<T> {
        let windows = self.windows();
        let chunk = windows.iter().find_map(|window| window.pin(token, number))?;
        Some(show(chunk.get(from..)?.get(..len)?))
    }
}
