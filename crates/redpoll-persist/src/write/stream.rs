//! Streams: their nodes as they are, then the numbers of the log, then the groups.
//!
//! The form is that of Redis 7.0. It has no room for when a consumer last got an entry, apart from
//! when it was last seen, nor for the ids of producers; a stream with entries that were given back
//! to their group is marked as newer, as Redis 7.0 takes them for damage.

use crate::kind;
use crate::{Sink, length, text};
use redpoll_types::stream::{Group, Stream, StreamId};

/// How many entries a group has read, if that is not known: -1.
const READ_UNKNOWN: u64 = u64::MAX;

pub(super) fn version(stream: &Stream) -> u16 {
    match stream.groups().any(|(_, group)| group.released_count() > 0) {
        true => kind::VERSION_FIELD_EXPIRY,
        false => kind::VERSION,
    }
}

pub(super) fn write(sink: &mut impl Sink, stream: &Stream, compress: bool) {
    let log = stream.log();
    length::write(sink, log.node_count() as u64);
    for (first, listpack) in log.nodes() {
        text::write(sink, &raw_id(first), false);
        text::write(sink, listpack, compress);
    }
    length::write(sink, log.len());
    for id in [log.last_id(), log.first_id(), log.max_deleted_id()] {
        write_id(sink, id);
    }
    length::write(sink, log.added());
    length::write(sink, stream.group_count() as u64);
    for (name, group) in stream.groups() {
        text::write(sink, name, compress);
        write_group(sink, group, compress);
    }
}

fn write_group(sink: &mut impl Sink, group: &Group, compress: bool) {
    write_id(sink, group.last_delivered());
    length::write(sink, group.entries_read().unwrap_or(READ_UNKNOWN));
    length::write(sink, group.pending_count());
    for pending in group.pending_from(StreamId::MIN) {
        sink.put(&raw_id(pending.id()));
        sink.put(&pending.delivered().to_le_bytes());
        length::write(sink, pending.deliveries());
    }
    length::write(sink, group.consumer_count() as u64);
    for consumer in group.consumers() {
        text::write(sink, consumer.name(), compress);
        sink.put(&consumer.seen().to_le_bytes());
        length::write(sink, consumer.pending_count());
        consumer.pending_from(StreamId::MIN).for_each(|id| sink.put(&raw_id(id)));
    }
}

fn write_id(sink: &mut impl Sink, id: StreamId) {
    length::write(sink, id.ms);
    length::write(sink, id.seq);
}

/// An id as 16 bytes, high byte first: so their order is that of the ids.
fn raw_id(id: StreamId) -> [u8; 16] {
    (u128::from(id.ms) << 64 | u128::from(id.seq)).to_be_bytes()
}
