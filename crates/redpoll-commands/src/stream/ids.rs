//! Reading ids and intervals of ids.

use crate::prelude::*;
use redpoll_types::stream::StreamId;

fn invalid() -> Error {
    Error::text("ERR Invalid stream ID specified as stream command argument")
}

/// An id; without a sequence number, that of `0`.
pub fn id(word: &[u8]) -> Result<StreamId> {
    StreamId::parse(word, 0).ok_or_else(invalid)
}

/// Ids, all of them read before anything is done.
pub fn all<'w>(words: impl Iterator<Item = &'w [u8]>) -> Result<Vec<StreamId>> {
    words.map(id).collect()
}

/// One end of an interval: `-`, `+`, an id, or an id behind `(` that is not part of it.
fn bound(word: &[u8], missing_seq: u64) -> Result<(StreamId, bool)> {
    let parsed = match word {
        b"-" => Some((StreamId::MIN, false)),
        b"+" => Some((StreamId::MAX, false)),
        [b'(', id @ ..] if !id.is_empty() => StreamId::parse(id, missing_seq).map(|id| (id, true)),
        _ => StreamId::parse(word, missing_seq).map(|id| (id, false)),
    };
    parsed.ok_or_else(invalid)
}

/// The first id of an interval.
pub fn start(word: &[u8]) -> Result<StreamId> {
    match bound(word, 0)? {
        (id, false) => Ok(id),
        (id, true) => id.next().ok_or(Error::text("ERR invalid start ID for the interval")),
    }
}

/// The last id of an interval.
pub fn end(word: &[u8]) -> Result<StreamId> {
    match bound(word, u64::MAX)? {
        (id, false) => Ok(id),
        (id, true) => id.previous().ok_or(Error::text("ERR invalid end ID for the interval")),
    }
}
