//! How a dump becomes a stream: node by node, group by group, each checked as it comes.

use super::layout::{DELETED, HEADER, SAME_FIELDS};
use super::node::Node;
use super::{ConsumerId, Group, Pending, Stream, StreamId};
use crate::listpack::{Iter, Listpack};
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
        let node = node(first, listpack.into_bytes().into_vec()).ok_or(Invalid)?;
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

/// The node that these bytes, whose listpack is known to be one, make up; `None` if they are no
/// node of a stream.
pub(super) fn node(first: StreamId, bytes: Vec<u8>) -> Option<Node> {
    let mut elements = Iter::new(&bytes, HEADER, bytes.len() - 1);
    let mut number = || elements.next()?.as_i64();
    let (live, deleted, fields) = (number()?, number()?, number()?);
    if live < 1 || deleted < 0 || fields < 1 {
        return None;
    }
    for _ in 0..fields {
        elements.next()?;
    }
    if elements.next()?.as_i64()? != 0 {
        return None;
    }
    let (mut found_live, mut found_deleted, mut last) = (0, 0, None);
    while let Some(flags) = elements.next() {
        let flags = flags.as_i64().filter(|flags| (0..4).contains(flags))?;
        let (ms, seq) = (elements.next()?.as_i64()?, elements.next()?.as_i64()?);
        let id = (first.ms.wrapping_add(ms as u64), first.seq.wrapping_add(seq as u64));
        if last >= Some(id) || id < (first.ms, first.seq) {
            return None;
        }
        last = Some(id);
        let (values, others) = match flags & SAME_FIELDS {
            0 => elements
                .next()?
                .as_i64()
                .filter(|fields| *fields >= 1)?
                .checked_mul(2)
                .map(|values| (values, 4))?,
            _ => (fields, 3),
        };
        for _ in 0..values {
            elements.next()?;
        }
        if elements.next()?.as_i64()? != values + others {
            return None;
        }
        *(if flags & DELETED != 0 { &mut found_deleted } else { &mut found_live }) += 1;
    }
    let live = u32::try_from(live).ok()?;
    let good = found_live == i64::from(live) && found_deleted == deleted;
    good.then(|| Node::of(first, live, bytes))
}
