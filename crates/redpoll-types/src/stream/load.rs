//! How a dump becomes a stream: node by node, group by group, each checked as it comes.

use super::node::Node;
use super::{ConsumerId, Group, Pending, Stream, StreamId};
use crate::listpack::Listpack;
use std::fmt;

/// A part of a dump that contradicts itself or the parts before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid;

impl fmt::Display for Invalid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the parts of the stream contradict each other")
    }
}

impl std::error::Error for Invalid {}

impl Stream {
    /// Adds a node behind those that are there. All of the bytes are checked: that they are a
    /// listpack, a node of a stream, and in order.
    pub fn load_node(&mut self, first: StreamId, listpack: Box<[u8]>) -> Result<(), Invalid> {
        let listpack = Listpack::from_bytes(listpack).map_err(|_| Invalid)?;
        let node = Node::load(first, listpack.into_bytes().into_vec()).ok_or(Invalid)?;
        if self.log_mut().push_node(node) { Ok(()) } else { Err(Invalid) }
    }

    /// Ends a log: the last id, the highest deleted one, and how many entries were added.
    pub fn load_numbers(
        &mut self,
        last: StreamId,
        max_deleted: StreamId,
        added: u64,
    ) -> Result<(), Invalid> {
        let log = self.log_mut();
        if last < log.last_node_end() || added < log.len() {
            return Err(Invalid);
        }
        log.set_last_id(last);
        log.set_max_deleted_id(max_deleted);
        log.set_added(added);
        log.find_first();
        Ok(())
    }

    /// Adds a group; the next calls fill it.
    pub fn load_group(
        &mut self,
        name: &[u8],
        last_delivered: StreamId,
        entries_read: Option<u64>,
    ) -> Result<&mut Group, Invalid> {
        if !self.create_group(name, last_delivered, entries_read) {
            return Err(Invalid);
        }
        self.group_mut(name).map(|(group, _)| group).ok_or(Invalid)
    }
}

impl Group {
    /// Adds a consumer.
    pub fn load_consumer(
        &mut self,
        name: &[u8],
        seen: i64,
        active: Option<i64>,
    ) -> Result<ConsumerId, Invalid> {
        let (id, new) = self.consumer_or_new(name, seen);
        self.set_times(id, seen, active);
        if new { Ok(id) } else { Err(Invalid) }
    }

    /// Adds a pending entry; nobody has it until [`Group::load_owner`] says who.
    pub fn load_pending(
        &mut self,
        id: StreamId,
        time: i64,
        deliveries: u64,
    ) -> Result<(), Invalid> {
        if self.get(id).is_some() {
            return Err(Invalid);
        }
        self.put(Pending { id, time: time.max(0), deliveries, owner: None });
        Ok(())
    }

    /// Says who has a pending entry.
    pub fn load_owner(&mut self, id: StreamId, owner: ConsumerId) -> Result<(), Invalid> {
        let pending = *self.get(id).filter(|pending| pending.owner.is_none()).ok_or(Invalid)?;
        self.assign(id, owner, pending.time, pending.deliveries);
        Ok(())
    }

    /// Ends a group: entries that no consumer has got were given back to the group.
    pub fn load_end(&mut self) {
        let mut free: Vec<Pending> = self.pending_from(StreamId::MIN).copied().collect();
        free.retain(|pending| pending.owner.is_none());
        free.sort_by_key(|pending| pending.time);
        for pending in free {
            self.release(pending.id, pending.deliveries);
        }
    }
}
