//! A stream: a log of entries that are added at its end, and groups of consumers that read it.
//!
//! The [`Log`] keeps its entries in nodes of some kilobytes, each a listpack in which an entry
//! whose fields have the names of the node's first one stores only values, and ids are stored as
//! differences. The nodes are chunks of a [`crate::tree::CowTree`] by id, shared between a stream
//! and its snapshots; their bytes are those of Redis, so that a dump copies them.
//!
//! A [`Group`] knows how far it has read, which entries are pending (delivered and not yet
//! acknowledged), and its consumers. [`Producers`] remembers what was added under which id of the
//! producer's own, so that sending it twice adds it once.
//!
//! The files: `id`, `node` one listpack and `layout` its parts, `log` the entries, `group` and
//! `pending` those who read, `producers` those who write, `mark` which of these have changed since
//! a moment, `load` how a dump becomes a stream.

mod group;
mod id;
mod layout;
mod load;
mod log;
mod mark;
mod node;
mod pending;
mod producers;
#[cfg(test)]
mod tests;

pub use group::{Consumer, ConsumerId, Group};
pub use id::{IdText, StreamId};
pub use load::Invalid;
pub use log::{Entries, Entry, Log, Trimmed};
pub use mark::Mark;
pub use node::{Fields, NODE_BYTES_MAX};
pub use pending::Pending;
pub use producers::{IdempotenceLimits, Producers};

use crate::footprint;
use crate::value::Part;
use std::collections::BTreeMap;
use triomphe::Arc;

/// A stream. A clone is a snapshot that shares nodes, groups and pending entries.
#[derive(Clone, Default)]
pub struct Stream {
    inner: Box<Inner>,
}

#[derive(Clone, Default)]
struct Inner {
    log: Log,
    /// By name. A group is copied as a whole if a snapshot shares it; what is large in it is
    /// shared again.
    groups: BTreeMap<Box<[u8]>, Arc<Group>>,
    producers: Option<Arc<Producers>>,
}

/// What trimming removes, and when it stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trim {
    /// Up to where entries are removed.
    pub until: Threshold,
    /// Only whole nodes are removed.
    pub approximate: bool,
    /// The most entries to remove.
    pub limit: Option<u64>,
}

/// Where trimming ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threshold {
    /// At this many entries.
    Len(u64),
    /// At the first entry that is not below this id.
    Id(StreamId),
}

impl Trim {
    /// Whether a log of `len` entries is short enough.
    fn is_reached(&self, len: u64) -> bool {
        matches!(self.until, Threshold::Len(max) if len <= max)
    }

    /// Whether a node of `live` entries goes as a whole.
    fn takes_node(&self, len: u64, live: u64, last_id: impl FnOnce() -> StreamId) -> bool {
        match self.until {
            Threshold::Len(max) => len - live >= max,
            Threshold::Id(min) => last_id() < min,
        }
    }

    /// Whether the entry `id` and all behind it stay.
    fn keeps(&self, id: StreamId) -> bool {
        matches!(self.until, Threshold::Id(min) if id >= min)
    }
}

/// What becomes of the references that groups have to an entry that is removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum References {
    /// They stay, and name an entry that is gone.
    #[default]
    Keep,
    /// They are removed, too.
    Delete,
    /// The entry is removed only if there are none: all groups have read and acknowledged it.
    MustBeNone,
}

impl Part for Arc<Group> {
    fn free_effort(&self) -> usize {
        Group::free_effort(self)
    }
}

impl Stream {
    /// An empty stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// The entries.
    pub fn log(&self) -> &Log {
        &self.inner.log
    }

    /// The entries, to be changed.
    pub fn log_mut(&mut self) -> &mut Log {
        &mut self.inner.log
    }

    /// The number of groups.
    pub fn group_count(&self) -> usize {
        self.inner.groups.len()
    }

    /// The groups and their names, in the order of the names.
    pub fn groups(&self) -> impl Iterator<Item = (&[u8], &Group)> {
        self.inner.groups.iter().map(|(name, group)| (&**name, &**group))
    }

    /// A group.
    pub fn group(&self, name: &[u8]) -> Option<&Group> {
        self.inner.groups.get(name).map(|group| &**group)
    }

    /// A group to be changed, and the log that it reads.
    pub fn group_mut(&mut self, name: &[u8]) -> Option<(&mut Group, &Log)> {
        let Inner { log, groups, .. } = &mut *self.inner;
        Some((Arc::make_mut(groups.get_mut(name)?), log))
    }

    /// Makes a group that has read up to `last_delivered`; answers false if there is one of this
    /// name.
    pub fn create_group(
        &mut self,
        name: &[u8],
        last_delivered: StreamId,
        entries_read: Option<u64>,
    ) -> bool {
        if self.inner.groups.contains_key(name) {
            return false;
        }
        let group = Arc::new(Group::new(last_delivered, entries_read));
        self.inner.groups.insert(name.into(), group);
        true
    }

    /// Removes a group and returns it, if it was there.
    pub fn destroy_group(&mut self, name: &[u8]) -> Option<impl Part + use<>> {
        self.inner.groups.remove(name)
    }

    /// How many entries a group has still to read, as far as that can be told.
    pub fn lag(&self, group: &Group) -> Option<u64> {
        let (log, last) = (self.log(), group.last_delivered());
        if log.is_empty() {
            return Some(0);
        }
        if last < log.first_id() && log.max_deleted_id() < log.first_id() {
            return Some(log.len());
        }
        let read = group.entries_read().filter(|_| !log.has_holes_from(last));
        read.or_else(|| log.added_up_to(last)).map(|read| log.added().saturating_sub(read))
    }

    /// Whether any group has not read the entry `id` yet, or has not acknowledged it.
    pub fn is_referenced(&self, id: StreamId) -> bool {
        is_referenced(&self.inner.groups, id)
    }

    /// Removes an entry as pending from all groups; answers whether it was in any.
    pub fn drop_references(&mut self, id: StreamId) -> bool {
        drop_references(&mut self.inner.groups, id)
    }

    /// Removes entries from the front. See [`Log::trim`].
    pub fn trim(&mut self, trim: &Trim, references: References) -> Trimmed {
        let Inner { log, groups, .. } = &mut *self.inner;
        if groups.is_empty() {
            return log.trim(trim, None);
        }
        match references {
            References::Keep => log.trim(trim, None),
            References::Delete => {
                let mut drop_all = |id| {
                    drop_references(groups, id);
                    true
                };
                log.trim(trim, Some(&mut drop_all))
            }
            References::MustBeNone => log.trim(trim, Some(&mut |id| !is_referenced(groups, id))),
        }
    }

    /// What producers have added under ids of their own, if any have.
    pub fn producers(&self) -> Option<&Producers> {
        self.inner.producers.as_deref()
    }

    /// As [`Stream::producers`], to be changed; made with `limits` if need be.
    pub fn producers_mut(&mut self, limits: IdempotenceLimits) -> &mut Producers {
        let producers =
            self.inner.producers.get_or_insert_with(|| Arc::new(Producers::new(limits)));
        Arc::make_mut(producers)
    }

    /// What `OBJECT ENCODING` calls it.
    pub fn encoding(&self) -> &'static str {
        "stream"
    }

    /// The bytes on the heap, estimated from some of the nodes (all of them if `samples` is 0).
    pub fn memory_usage(&self, samples: usize) -> usize {
        let groups = self.groups().map(|(name, group)| {
            footprint::allocated(name.len())
                + size_of::<(Box<[u8]>, Arc<Group>)>()
                + group.memory_usage(samples)
        });
        footprint::allocated(size_of::<Inner>())
            + self.log().memory_usage(samples)
            + groups.sum::<usize>()
            + self.producers().map_or(0, Producers::memory_usage)
    }

    /// Roughly how many allocations it takes to free the stream.
    pub fn free_effort(&self) -> usize {
        let groups = self.groups().map(|(_, group)| group.free_effort());
        1 + self.log().free_effort() + groups.sum::<usize>()
    }
}

fn is_referenced(groups: &BTreeMap<Box<[u8]>, Arc<Group>>, id: StreamId) -> bool {
    groups.values().any(|group| id > group.last_delivered() || group.get(id).is_some())
}

fn drop_references(groups: &mut BTreeMap<Box<[u8]>, Arc<Group>>, id: StreamId) -> bool {
    let mut dropped = false;
    for group in groups.values_mut() {
        if group.get(id).is_some() {
            dropped |= Arc::make_mut(group).acknowledge(id);
        }
    }
    dropped
}
