//! Walking keys that were there before an index.
//!
//! Any number of threads walk an index's keys, a stripe each, one bucket a lock: what a writer
//! changes meanwhile it tells the index itself, and with the stripe locked neither can overwrite
//! the other's news.

use super::{Search, SearchIndex};
use redpoll_keyspace::Keyspace;
use redpoll_keyspace::entry::Payload;
use redpoll_keyspace::table::Cursor;
use redpoll_types::hash::Hash;
use redpoll_types::value::Typed;
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// How long threads that have nothing to do wait before they look whether segments are to be
/// merged.
const NAP: Duration = Duration::from_millis(50);
/// An index that has not changed for so long is tidied.
const REST: Duration = Duration::from_millis(500);

/// How long a writer rests where one head is too many, times the square of their number; and how
/// long at most.
const STRAIN: Duration = Duration::from_micros(500);
const STRAIN_MAX: Duration = Duration::from_millis(50);

thread_local! {
    /// Whether this thread has written a document to an index that has too much to merge.
    static BEHIND: Cell<bool> = const { Cell::new(false) };
}

/// A walk over all stripes.
#[derive(Debug)]
pub(super) struct Scan {
    stripes: usize,
    /// Documents that are in the index are indexed again: it has become another one.
    renews: bool,
    next: AtomicUsize,
    done: AtomicUsize,
}

impl Scan {
    pub(super) fn new(stripes: usize, renews: bool) -> Self {
        Scan { stripes, renews, next: AtomicUsize::new(0), done: AtomicUsize::new(0) }
    }

    /// Which part has been walked.
    pub(super) fn progress(&self) -> f64 {
        self.done.load(Relaxed) as f64 / self.stripes.max(1) as f64
    }

    /// A stripe that nobody has taken yet.
    fn take(&self) -> Option<usize> {
        let stripe = self.next.fetch_add(1, Relaxed);
        (stripe < self.stripes).then_some(stripe)
    }

    /// Notes that a stripe has been walked; whether it was the last one.
    fn finish_one(&self) -> bool {
        self.done.fetch_add(1, Relaxed) + 1 == self.stripes
    }
}

impl Search {
    /// A thread that does [`work`](Self::work) begins.
    pub fn add_worker(&self) {
        self.workers.fetch_add(1, Relaxed);
    }

    /// Whether the configuration wants as many workers as have numbers up to this one.
    pub fn wants_worker(&self, number: usize) -> bool {
        number < self.config.read().index_threads
    }

    /// Whether nobody does what needs not be done at once, so that whoever needs it must do it.
    pub fn is_alone(&self) -> bool {
        self.workers.load(Relaxed) == 0
    }

    /// Tells the threads that there is something to do.
    pub fn wake_workers(&self) {
        self.wake.notify_all();
    }

    /// Waits until there may be something to do.
    pub fn rest(&self) {
        // Asked before, so that nothing stays locked while it waits.
        let empty = self.registry.read().indexes.is_empty();
        let nap = if empty { NAP * 20 } else { NAP };
        self.wake.wait_for(&mut self.idle.lock(), nap);
    }

    /// Notes that the calling thread has written a document, if they come faster than they are
    /// merged.
    pub(super) fn note_backlog(&self, index: &SearchIndex) {
        if index.index.backlog() > 0 {
            BEHIND.set(true);
        }
    }

    /// How long the client should wait whose commands the calling thread has just executed, as they
    /// have written documents faster than they are merged. Rarely anything. To be asked once behind
    /// the commands of each client.
    #[inline]
    pub fn strain(&self) -> Option<Duration> {
        BEHIND.take().then(|| self.measure_strain()).flatten()
    }

    #[cold]
    fn measure_strain(&self) -> Option<Duration> {
        let most = self.indexes().iter().map(|index| index.index.backlog()).max()?;
        self.wake_workers();
        if most == 0 {
            return None;
        }
        self.counters.rests.fetch_add(1, Relaxed);
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        Some(STRAIN.saturating_mul(most.saturating_mul(most)).min(STRAIN_MAX))
    }

    /// About how many bytes merges take that are under way, until they are done.
    pub fn merging_bytes(&self) -> usize {
        let registry = self.registry.read();
        registry.indexes.values().map(|index| index.index.merging_bytes()).sum()
    }

    /// Does something that needs not be done at once: walks a stripe, merges segments. Whether
    /// there was anything. No stripe must be locked. What expires at `now` is not there any more.
    pub fn work(&self, keyspace: &Keyspace, now: i64) -> bool {
        for index in self.indexes() {
            if let Some(scan) = index.scan()
                && let Some(stripe) = scan.take()
            {
                walk(&index, &scan, keyspace, stripe, now);
                if scan.finish_one() {
                    index.end_scan(&scan);
                }
                return true;
            }
        }
        let indexes = self.indexes();
        indexes.iter().any(|index| index.index.maintain())
            || indexes.iter().any(|index| index.index.tidy(REST))
    }
}

/// Hands the hashes of a stripe to the index.
fn walk(index: &SearchIndex, scan: &Scan, keyspace: &Keyspace, stripe: usize, now: i64) {
    let mut cursor = Some(Cursor::default());
    while let Some(at) = cursor {
        let guard = keyspace.lock(stripe);
        cursor = guard.dbs()[0].table.scan_step(at, &mut |entry| {
            let live = entry.expiry().is_none_or(|at| at > now);
            if let Payload::Value(value) = entry.payload()
                && let Some(hash) = Hash::of(value)
                && live
                && (scan.renews || !index.index.contains(entry.key()))
            {
                index.follow(entry.key(), Some(hash), now);
            }
        });
        drop(guard);
        // Here no writer waits for it.
        while index.index.backlog() > 0 && index.index.maintain() {}
    }
}
