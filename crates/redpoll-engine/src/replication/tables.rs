//! The sync table of a primary: the one that is being read, and what tables have done so far.
//!
//! The program makes the table and lets replicas in; commands come here with what replicas say.

use crate::client::ClientId;
use parking_lot::Mutex;
use redpoll_sync::{Token, Window};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::*};

/// See the module's head.
#[derive(Default)]
pub struct Tables {
    window: Mutex<Option<Arc<Window>>>,
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
        *self.window.lock() = Some(window);
        self.passes.fetch_add(1, Relaxed);
    }

    /// It is there no more.
    pub fn close(&self) {
        // Freed outside of the lock.
        let window = self.window.lock().take();
        drop(window);
    }

    /// The table that is being read.
    pub fn window(&self) -> Option<Arc<Window>> {
        self.window.lock().clone()
    }

    /// A replica is done with chunks.
    pub fn done(&self, client: ClientId, numbers: &[u64]) {
        let Some(window) = self.window() else { return };
        if let Some(reader) = window.named(client) {
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
        let window = self.window()?;
        let chunk = window.pin(token, number)?;
        Some(show(chunk.get(from..)?.get(..len)?))
    }
}
