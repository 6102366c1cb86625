//! What was delivered and not yet acknowledged, in the order of the ids and in that of time.

use super::StreamId;
use super::group::ConsumerId;
use crate::tree::Item;

/// An entry that a group has delivered, or that was given back to the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    pub(super) id: StreamId,
    /// When it was last delivered, in milliseconds since 1970. Of those given back: a negative
    /// number, which tells their order.
    pub(super) time: i64,
    pub(super) deliveries: u64,
    pub(super) owner: Option<ConsumerId>,
}

impl Pending {
    /// The entry's id.
    pub fn id(&self) -> StreamId {
        self.id
    }

    /// The consumer that has it; `None` if it was given back to the group.
    pub fn owner(&self) -> Option<ConsumerId> {
        self.owner
    }

    /// When it was last delivered, in milliseconds since 1970; 0 if it was given back.
    pub fn delivered(&self) -> i64 {
        self.time.max(0)
    }

    /// How often it was delivered.
    pub fn deliveries(&self) -> u64 {
        self.deliveries
    }

    pub(super) fn due(&self) -> Due {
        Due { key: (self.time, self.id) }
    }
}

impl Item for Pending {
    type Key = StreamId;
    const UNIT_WEIGHT: bool = true;

    fn key(&self) -> &StreamId {
        &self.id
    }

    fn weight(&self) -> u64 {
        1
    }
}

/// The id of a pending entry, in the list of its consumer.
#[derive(Clone, Copy)]
pub(super) struct Owned(pub StreamId);

impl Item for Owned {
    type Key = StreamId;
    const UNIT_WEIGHT: bool = true;

    fn key(&self) -> &StreamId {
        &self.0
    }

    fn weight(&self) -> u64 {
        1
    }
}

/// A pending entry in the order in which they may be claimed: those given back first, then those
/// delivered longest ago.
#[derive(Clone, Copy)]
pub(super) struct Due {
    pub key: (i64, StreamId),
}

impl Item for Due {
    type Key = (i64, StreamId);
    const UNIT_WEIGHT: bool = true;

    fn key(&self) -> &(i64, StreamId) {
        &self.key
    }

    fn weight(&self) -> u64 {
        1
    }
}
