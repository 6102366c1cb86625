//! What has come for the append-only file and has not been taken up by the pen.

use super::pen::Part;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// See the module's head.
#[derive(Default)]
pub struct Queue {
    pub parts: VecDeque<Part>,
    /// Bytes in it.
    pub bytes: usize,
    /// How often something was appended to it.
    pub appends: usize,
    /// About how many appends share a flush.
    pub siblings: usize,
    /// Since when the first of them waits, without anybody being about to flush.
    pub since: Option<Instant>,
    /// So many appends are worth waking the thread.
    pub awaited: usize,
    /// The log's offset behind its last byte.
    pub end: u64,
    /// Somebody wants everything on disk.
    pub flush: bool,
    /// Nothing more is to come.
    pub ended: bool,
    /// The thread waits for something to do.
    pub waits: bool,
}

impl Queue {
    /// Moves what there is to do to `work`, and answers the offset that it comes to.
    pub fn take(&mut self, work: &mut VecDeque<Part>) -> u64 {
        work.append(&mut self.parts);
        self.siblings = self.appends.max(self.siblings * 3 / 4);
        self.appends = 0;
        self.bytes = 0;
        self.since = None;
        self.end
    }

    /// Until when those that are there wait for more; `None`: no longer.
    pub fn due(&self, patience: Duration) -> Option<Instant> {
        let due = self.since? + patience;
        (due > Instant::now()).then_some(due)
    }
}
