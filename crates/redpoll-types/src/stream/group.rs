//! A group of consumers: how far it has read, what is pending, and who its consumers are.

use super::pending::{Due, Owned, Pending};
use super::{Log, StreamId};
use crate::footprint;
use crate::tree::CowTree;
use std::collections::BTreeMap;

/// A consumer's number within its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsumerId(u32);

/// A consumer.
#[derive(Clone)]
pub struct Consumer {
    name: Box<[u8]>,
    seen: i64,
    active: Option<i64>,
    pending: CowTree<Owned>,
}

impl Consumer {
    /// Its name.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// When it last asked for anything, in milliseconds since 1970.
    pub fn seen(&self) -> i64 {
        self.seen
    }

    /// When it last got anything; `None` if never.
    pub fn active(&self) -> Option<i64> {
        self.active
    }

    /// How many entries it has pending.
    pub fn pending_count(&self) -> u64 {
        self.pending.weight()
    }

    /// How many entries it has pending from `start` on. O(log n).
    pub fn pending_count_from(&self, start: StreamId) -> u64 {
        self.pending.weight() - self.pending.partition_point(|id| *id < start)
    }

    /// The ids of its pending entries from `start` on.
    pub fn pending_from(&self, start: StreamId) -> impl Iterator<Item = StreamId> {
        let from = self.pending.partition_point(|id| *id < start);
        self.pending.range(from..).map(|owned| owned.0)
    }
}

/// A group of consumers.
#[derive(Clone)]
pub struct Group {
    last_delivered: StreamId,
    entries_read: Option<u64>,
    pending: CowTree<Pending>,
    /// The pending entries in the order in which they may be claimed. Made when it is first asked
    /// for, as most groups never are.
    by_time: Option<CowTree<Due>>,
    /// How many pending entries nobody has.
    released: u64,
    /// The time that the next entry gets that is given back; see [`Pending`].
    next_release: i64,
    names: BTreeMap<Box<[u8]>, ConsumerId>,
    /// By number; numbers of consumers that are gone are given again.
    consumers: Vec<Option<Consumer>>,
}

impl Group {
    pub(super) fn new(last_delivered: StreamId, entries_read: Option<u64>) -> Self {
        Group {
            last_delivered,
            entries_read,
            pending: CowTree::new(),
            by_time: None,
            released: 0,
            next_release: i64::MIN,
            names: BTreeMap::new(),
            consumers: Vec::new(),
        }
    }

    /// The id of the last entry that was delivered as new.
    pub fn last_delivered(&self) -> StreamId {
        self.last_delivered
    }

    /// How many entries the group has read, counted from the first that the stream ever had; `None`
    /// if that cannot be told.
    pub fn entries_read(&self) -> Option<u64> {
        self.entries_read
    }

    /// Moves the group to another place in the stream.
    pub fn set_position(&mut self, last_delivered: StreamId, entries_read: Option<u64>) {
        self.last_delivered = last_delivered;
        self.entries_read = entries_read;
    }

    /// Moves the group forward to `id`, if it is behind; answers whether it was.
    pub fn advance_to(&mut self, id: StreamId) -> bool {
        let behind = id > self.last_delivered;
        if behind {
            self.last_delivered = id;
        }
        behind
    }

    /// Notes that the entry `id` of `log` has been read; answers whether the group has moved.
    pub fn read(&mut self, id: StreamId, log: &Log) -> bool {
        let last = self.last_delivered;
        if id <= last {
            return false;
        }
        let counts = last >= log.first_id() && !log.has_holes_from(last);
        match self.entries_read {
            Some(read) if counts => self.entries_read = Some(read + 1),
            _ if log.added() > 0 => self.entries_read = log.added_up_to(id),
            _ => {}
        }
        self.last_delivered = id;
        true
    }

    /// The number of consumers.
    pub fn consumer_count(&self) -> usize {
        self.names.len()
    }

    /// The consumers, in the order of their names.
    pub fn consumers(&self) -> impl Iterator<Item = &Consumer> {
        self.names.values().filter_map(|id| self.consumer(*id))
    }

    /// The number of the consumer of this name.
    pub fn find_consumer(&self, name: &[u8]) -> Option<ConsumerId> {
        self.names.get(name).copied()
    }

    /// The consumer of this number.
    pub fn consumer(&self, id: ConsumerId) -> Option<&Consumer> {
        self.consumers.get(id.0 as usize)?.as_ref()
    }

    fn consumer_mut(&mut self, id: ConsumerId) -> Option<&mut Consumer> {
        self.consumers.get_mut(id.0 as usize)?.as_mut()
    }

    /// The name of a pending entry's owner; empty if nobody has it.
    pub fn owner_name(&self, pending: &Pending) -> &[u8] {
        pending.owner.and_then(|id| self.consumer(id)).map_or(&[], Consumer::name)
    }

    /// The consumer of this name, made if need be, and whether it was made.
    pub fn consumer_or_new(&mut self, name: &[u8], now: i64) -> (ConsumerId, bool) {
        if let Some(id) = self.find_consumer(name) {
            return (id, false);
        }
        let consumer =
            Consumer { name: name.into(), seen: now, active: None, pending: CowTree::new() };
        let free = self.consumers.iter().position(Option::is_none);
        let index = free.unwrap_or(self.consumers.len());
        match self.consumers.get_mut(index) {
            Some(place) => *place = Some(consumer),
            None => self.consumers.push(Some(consumer)),
        }
        // There are fewer consumers than words in all requests of a server's life.
        let id = ConsumerId(index as u32);
        self.names.insert(name.into(), id);
        (id, true)
    }

    /// Sets when a consumer has asked for something, and when it has got something.
    pub fn set_times(&mut self, id: ConsumerId, seen: i64, active: Option<i64>) {
        if let Some(consumer) = self.consumer_mut(id) {
            consumer.seen = seen;
            consumer.active = active;
        }
    }

    /// Notes that a consumer asks for something.
    pub fn saw(&mut self, id: ConsumerId, now: i64) {
        if let Some(consumer) = self.consumer_mut(id) {
            consumer.seen = now;
        }
    }

    /// Notes that a consumer gets something.
    pub fn gave(&mut self, id: ConsumerId, now: i64) {
        if let Some(consumer) = self.consumer_mut(id) {
            consumer.active = Some(now);
        }
    }

    /// Removes a consumer with all that it has pending; returns how much that was.
    pub fn remove_consumer(&mut self, name: &[u8]) -> Option<u64> {
        let id = self.names.remove(name)?;
        let consumer = self.consumers.get_mut(id.0 as usize)?.take()?;
        for owned in &consumer.pending {
            let removed = self.pending.remove_by(|key| key.cmp(&owned.0));
            if let (Some(index), Some(pending)) = (&mut self.by_time, removed) {
                let due = pending.due().key;
                index.remove_by(|key| key.cmp(&due));
            }
        }
        Some(consumer.pending_count())
    }

    /// The number of pending entries.
    pub fn pending_count(&self) -> u64 {
        self.pending.weight()
    }

    /// The number of pending entries that nobody has, as they were given back.
    pub fn released_count(&self) -> u64 {
        self.released
    }

    /// A pending entry.
    pub fn get(&self, id: StreamId) -> Option<&Pending> {
        self.pending.get_by(|key| key.cmp(&id))
    }

    /// The highest id of a pending entry.
    pub fn last_pending(&self) -> Option<StreamId> {
        self.pending.iter().next_back().map(Pending::id)
    }

    /// How many entries are pending from `start` on. O(log n).
    pub fn pending_count_from(&self, start: StreamId) -> u64 {
        self.pending.weight() - self.pending.partition_point(|id| *id < start)
    }

    /// The pending entries from `start` on, from both ends.
    pub fn pending_from(&self, start: StreamId) -> impl DoubleEndedIterator<Item = &Pending> {
        let from = self.pending.partition_point(|id| *id < start);
        self.pending.range(from..)
    }

    /// The pending entries, those first that are to be claimed first: those given back in their
    /// order, then those delivered longest ago.
    pub fn by_time(&mut self) -> impl Iterator<Item = &Pending> {
        let pending = &self.pending;
        let index = self.by_time.get_or_insert_with(|| {
            let mut all: Vec<Due> = pending.iter().map(Pending::due).collect();
            all.sort_unstable_by_key(|due| due.key);
            all.into_iter().collect()
        });
        index.iter().filter_map(|due| pending.get_by(|key| key.cmp(&due.key.1)))
    }

    /// Makes an entry pending for `owner`, delivered `deliveries` times, last at `time`; whoever
    /// had it loses it.
    pub fn assign(&mut self, id: StreamId, owner: ConsumerId, time: i64, deliveries: u64) {
        let time = time.max(0);
        self.put(Pending { id, time, deliveries, owner: Some(owner) });
    }

    /// Gives an entry back to the group: it is pending, but nobody's, and the first to be claimed
    /// after those given back before it.
    pub fn release(&mut self, id: StreamId, deliveries: u64) {
        let time = self.next_release;
        self.next_release += 1;
        self.put(Pending { id, time, deliveries, owner: None });
    }

    /// Removes a pending entry; answers whether it was there.
    pub fn acknowledge(&mut self, id: StreamId) -> bool {
        let Some(pending) = self.pending.remove_by(|key| key.cmp(&id)) else { return false };
        self.forget(&pending);
        true
    }

    pub(super) fn put(&mut self, pending: Pending) {
        let id = pending.id;
        let old = self.pending.insert_by(|key| key.cmp(&id), pending);
        match (old.as_ref().and_then(|old| old.owner), pending.owner) {
            // The usual change: its owner gets it again.
            (Some(before), Some(now)) if before == now => {
                if let (Some(index), Some(old)) = (&mut self.by_time, old) {
                    let due = old.due().key;
                    index.remove_by(|key| key.cmp(&due));
                }
            }
            _ => {
                if let Some(old) = old {
                    self.forget(&old);
                }
                match pending.owner.map(|owner| self.consumer_mut(owner)) {
                    Some(Some(consumer)) => {
                        consumer.pending.insert_by(|key| key.cmp(&id), Owned(id));
                    }
                    _ => self.released += 1,
                }
            }
        }
        if let Some(index) = &mut self.by_time {
            let due = pending.due();
            index.insert_by(|key| key.cmp(&due.key), due);
        }
    }

    /// Takes an entry that is no longer pending out of everything but `pending`.
    fn forget(&mut self, pending: &Pending) {
        match pending.owner.map(|owner| self.consumer_mut(owner)) {
            Some(Some(consumer)) => {
                consumer.pending.remove_by(|key| key.cmp(&pending.id));
            }
            _ => self.released -= 1,
        }
        if let Some(index) = &mut self.by_time {
            let due = pending.due().key;
            index.remove_by(|key| key.cmp(&due));
        }
    }

    pub(super) fn memory_usage(&self, samples: usize) -> usize {
        let consumers = self.consumers().map(|consumer| {
            2 * footprint::allocated(consumer.name.len())
                + size_of::<(Box<[u8]>, ConsumerId)>()
                + consumer.pending.memory_usage(samples, |_| 0)
        });
        footprint::allocated(footprint::ARC_HEADER + size_of::<Group>())
            + footprint::buffer::<Option<Consumer>>(self.consumers.capacity())
            + consumers.sum::<usize>()
            + self.pending.memory_usage(samples, |_| 0)
            + self.by_time.as_ref().map_or(0, |index| index.memory_usage(samples, |_| 0))
    }

    pub(super) fn free_effort(&self) -> usize {
        2 + 3 * self.consumer_count() + self.pending_count() as usize / 16
    }
}
