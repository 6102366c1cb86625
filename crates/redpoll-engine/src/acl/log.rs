//! ACL LOG: what was refused, newest first, with the same refusals of a minute gathered in one
//! entry; and how often anything was refused, for INFO.

use super::check::Reason;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Refusals of one kind within so many milliseconds share an entry.
const GATHERED_MS: i64 = 60_000;
/// So many entries are looked at for one to share.
const LOOKED_AT: usize = 10;

/// The longest object and name that are kept: a client can make others long.
const TEXT_MAX: usize = 4096;

/// Where a command came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// A client.
    Toplevel,
    /// A transaction.
    Multi,
    /// A script.
    Lua,
}

impl Context {
    /// As ACL LOG calls it.
    pub fn name(self) -> &'static str {
        match self {
            Context::Toplevel => "toplevel",
            Context::Multi => "multi",
            Context::Lua => "lua",
        }
    }
}

/// What was refused, and how often.
#[derive(Clone, Debug)]
pub struct Entry {
    /// How often.
    pub count: u64,
    /// Why.
    pub reason: Reason,
    /// Where the command came from.
    pub context: Context,
    /// The command, key, channel or database.
    pub object: Vec<u8>,
    /// The user.
    pub user: Vec<u8>,
    /// The client's line of CLIENT LIST, of the last time.
    pub client: String,
    /// Its number; never used twice.
    pub id: u64,
    /// The first time, in milliseconds since 1970.
    pub created: i64,
    /// The last time.
    pub updated: i64,
}

impl Entry {
    /// A refusal of this moment.
    pub fn new(reason: Reason, context: Context, now: i64) -> Self {
        Entry {
            count: 1,
            reason,
            context,
            object: Vec::new(),
            user: Vec::new(),
            client: String::new(),
            id: 0,
            created: now,
            updated: now,
        }
    }

    fn can_share(&self, other: &Entry) -> bool {
        self.reason == other.reason
            && self.context == other.context
            && (self.updated - other.updated).abs() <= GATHERED_MS
            && self.object == other.object
            && self.user == other.user
    }
}

#[derive(Default)]
struct Log {
    entries: VecDeque<Entry>,
    next_id: u64,
}

/// See the module's head.
#[derive(Default)]
pub struct AclLog {
    log: Mutex<Log>,
    counts: [AtomicU64; Reason::ALL.len()],
}

impl AclLog {
    /// Adds a refusal, and forgets the oldest entries beyond `max`.
    pub fn add(&self, mut entry: Entry, max: usize) {
        self.counts[entry.reason as usize].fetch_add(1, Relaxed);
        entry.object.truncate(TEXT_MAX);
        entry.user.truncate(TEXT_MAX);
        let mut log = self.log.lock();
        let shared = log.entries.iter().take(LOOKED_AT).position(|known| known.can_share(&entry));
        if let Some(mut known) = shared.and_then(|index| log.entries.remove(index)) {
            (known.updated, known.client) = (entry.updated, entry.client);
            known.count += 1;
            log.entries.push_front(known);
            return;
        }
        entry.id = log.next_id;
        log.next_id += 1;
        log.entries.push_front(entry);
        log.entries.truncate(max);
    }

    /// The newest `count` entries.
    pub fn newest(&self, count: usize) -> Vec<Entry> {
        self.log.lock().entries.iter().take(count).cloned().collect()
    }

    /// Forgets all entries.
    pub fn clear(&self) {
        self.log.lock().entries.clear();
    }

    /// How often something was refused for this reason.
    pub fn count(&self, reason: Reason) -> u64 {
        self.counts[reason as usize].load(Relaxed)
    }

    /// Sets the counts back to 0; the entries stay.
    pub fn reset_counts(&self) {
        self.counts.iter().for_each(|count| count.store(0, Relaxed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(object: &str, now: i64) -> Entry {
        let object = object.as_bytes().to_vec();
        Entry { object, ..Entry::new(Reason::Key, Context::Toplevel, now) }
    }

    #[test]
    fn the_same_refusals_of_a_minute_share_an_entry() {
        let log = AclLog::default();
        for (object, now) in [("a", 0), ("b", 1), ("a", 2), ("a", 60_003)] {
            log.add(entry(object, now), 10);
        }
        let shown = log.newest(10);
        let shown: Vec<_> = shown.iter().map(|e| (&e.object[..], e.count, e.id)).collect();
        assert_eq!(shown, [(&b"a"[..], 1, 2), (b"a", 2, 0), (b"b", 1, 1)]);
        assert_eq!(log.count(Reason::Key), 4);
    }

    #[test]
    fn is_bounded() {
        let log = AclLog::default();
        (0..20).for_each(|n| log.add(entry(&n.to_string(), n), 3));
        assert_eq!(log.newest(10).len(), 3);
        log.add(entry("x", 0), 0);
        assert_eq!(log.newest(10).len(), 0);
        log.clear();
        log.reset_counts();
        assert_eq!(log.count(Reason::Key), 0);
    }
}
