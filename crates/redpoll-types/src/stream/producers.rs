//! What producers have added under ids of their own, so that it is not added again.
//!
//! A producer that has got no answer sends its message again, under the same id. For each producer
//! the ids of its last messages are kept for some time, each with the id that its entry got.

use super::StreamId;
use crate::footprint;
use ahash::AHashMap;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

/// How many ids of each producer are remembered, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotenceLimits {
    /// Seconds.
    pub seconds: u64,
    /// Ids of one producer.
    pub ids: usize,
}

/// See the module's head.
#[derive(Clone)]
pub struct Producers {
    limits: IdempotenceLimits,
    producers: BTreeMap<Box<[u8]>, Producer>,
    /// The producer that was looked over last for ids to be forgotten.
    looked_at: Box<[u8]>,
    added: u64,
    duplicates: u64,
}

#[derive(Clone, Default)]
struct Producer {
    /// Oldest first.
    order: VecDeque<(StreamId, Box<[u8]>)>,
    ids: AHashMap<Box<[u8]>, StreamId>,
}

impl Producer {
    fn forget_oldest(&mut self) {
        if let Some((_, id)) = self.order.pop_front() {
            self.ids.remove(&id);
        }
    }

    /// Forgets what was added up to `until`, in milliseconds since 1970.
    fn forget_until(&mut self, until: u64) {
        while self.order.front().is_some_and(|(entry, _)| entry.ms <= until) {
            self.forget_oldest();
        }
    }
}

impl Producers {
    pub(super) fn new(limits: IdempotenceLimits) -> Self {
        Producers {
            limits,
            producers: BTreeMap::new(),
            looked_at: Box::default(),
            added: 0,
            duplicates: 0,
        }
    }

    /// How much is remembered.
    pub fn limits(&self) -> IdempotenceLimits {
        self.limits
    }

    /// Sets how much is remembered. A change forgets all that there is; answers whether it was one.
    pub fn set_limits(&mut self, limits: IdempotenceLimits) -> bool {
        let changed = self.limits != limits;
        if changed {
            self.limits = limits;
            self.producers.clear();
        }
        changed
    }

    /// The entry that `producer` has added as `id`, if that is remembered. Counts it as sent twice.
    pub fn duplicate(&mut self, producer: &[u8], id: &[u8], now_ms: u64) -> Option<StreamId> {
        let until = self.until(now_ms);
        let known = self.producers.get_mut(producer)?;
        known.forget_until(until);
        let entry = known.ids.get(id).copied()?;
        self.duplicates += 1;
        Some(entry)
    }

    /// The entry that `producer` has added as `id`, whether or not its time is over.
    pub fn get(&self, producer: &[u8], id: &[u8]) -> Option<StreamId> {
        self.producers.get(producer)?.ids.get(id).copied()
    }

    /// Remembers that `producer` has added `entry` as `id`, which it has not added before.
    pub fn record(&mut self, producer: &[u8], id: &[u8], entry: StreamId, now_ms: u64) {
        self.look_over(now_ms);
        let max = self.limits.ids;
        let known = match self.producers.get_mut(producer) {
            Some(known) => known,
            None => self.producers.entry(producer.into()).or_default(),
        };
        known.ids.insert(id.into(), entry);
        known.order.push_back((entry, id.into()));
        if known.order.len() > max {
            known.forget_oldest();
        }
        self.added += 1;
    }

    /// The moment up to which everything is forgotten.
    fn until(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.limits.seconds.saturating_mul(1000))
    }

    /// Forgets what one producer after the other has added too long ago: two of them for each
    /// message, so that those who have gone silent are forgotten in time.
    fn look_over(&mut self, now_ms: u64) {
        let until = self.until(now_ms);
        for _ in 0..2 {
            let behind = (Bound::Excluded(&*self.looked_at), Bound::Unbounded);
            let Some((name, next)) = self.producers.range_mut::<[u8], _>(behind).next() else {
                self.looked_at = Box::default();
                return;
            };
            next.forget_until(until);
            let empty = next.order.is_empty();
            self.looked_at = name.clone();
            if empty {
                self.producers.remove(&self.looked_at);
            }
        }
    }

    /// The number of producers of whom anything is remembered.
    pub fn producer_count(&self) -> usize {
        self.producers.len()
    }

    /// The number of ids that are remembered.
    pub fn id_count(&self) -> usize {
        self.producers.values().map(|producer| producer.order.len()).sum()
    }

    /// The number of ids that were ever remembered.
    pub fn added(&self) -> u64 {
        self.added
    }

    /// The number of messages that were sent twice.
    pub fn duplicates(&self) -> u64 {
        self.duplicates
    }

    pub(super) fn memory_usage(&self) -> usize {
        let producers = self.producers.iter().map(|(name, producer)| {
            let ids = producer.order.iter().map(|(_, id)| 2 * footprint::allocated(id.len()));
            footprint::allocated(name.len())
                + size_of::<Producer>()
                + footprint::buffer::<(StreamId, Box<[u8]>)>(producer.order.capacity())
                + footprint::buffer::<(Box<[u8]>, StreamId)>(producer.ids.capacity())
                + ids.sum::<usize>()
        });
        footprint::allocated(footprint::ARC_HEADER + size_of::<Self>()) + producers.sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(ms: u64) -> StreamId {
        StreamId::new(ms, 0)
    }

    #[test]
    fn the_last_ids_are_remembered_for_a_while() {
        let mut producers = Producers::new(IdempotenceLimits { seconds: 10, ids: 2 });
        producers.record(b"p", b"1", id(1000), 1000);
        producers.record(b"p", b"2", id(2000), 2000);
        assert_eq!(producers.duplicate(b"p", b"1", 3000), Some(id(1000)));
        assert_eq!(producers.duplicate(b"q", b"1", 3000), None);
        producers.record(b"p", b"3", id(3000), 3000);
        assert_eq!(producers.duplicate(b"p", b"1", 3000), None);
        assert_eq!(producers.duplicate(b"p", b"2", 11_999), Some(id(2000)));
        assert_eq!(producers.duplicate(b"p", b"2", 12_000), None);
        assert_eq!((producers.added(), producers.duplicates()), (3, 2));
    }

    #[test]
    fn silent_producers_are_forgotten() {
        let mut producers = Producers::new(IdempotenceLimits { seconds: 1, ids: 9 });
        for number in 0..100u64 {
            producers.record(&number.to_be_bytes(), b"1", id(5), 5);
        }
        for round in 0..101u64 {
            producers.record(b"loud", &round.to_be_bytes(), id(2000 + round), 2000 + round);
        }
        assert_eq!(producers.producer_count(), 1);
        assert_eq!(producers.id_count(), 9);
    }
}
