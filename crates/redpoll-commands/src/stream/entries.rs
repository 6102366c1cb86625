//! Writing entries.

use crate::answer;
use redpoll_resp::Reply;
use redpoll_types::stream::{Entry, StreamId};

/// An id as a bulk string.
#[inline]
pub fn id(reply: &mut Reply<'_>, id: StreamId) {
    reply.bulk(id.write(&mut [0; 41]));
}

/// The fields of an entry: names and values in turn.
pub fn fields(reply: &mut Reply<'_>, entry: &Entry<'_>) {
    reply.array(2 * entry.fields.len());
    for (name, value) in entry.fields.clone() {
        answer::element(reply, name);
        answer::element(reply, value);
    }
}

/// An entry: its id and its fields.
#[inline]
pub fn entry(reply: &mut Reply<'_>, entry: &Entry<'_>) {
    reply.array(2);
    id(reply, entry.id);
    fields(reply, entry);
}

/// An entry, or the absent value.
pub fn entry_or_null(reply: &mut Reply<'_>, found: Option<Entry<'_>>) {
    match found {
        Some(found) => entry(reply, &found),
        None => reply.null(),
    }
}

/// Entries as an array.
pub fn all<'e>(reply: &mut Reply<'_>, entries: impl Iterator<Item = Entry<'e>>) {
    reply.array_later(|reply| {
        entries.fold(0, |count, found| {
            entry(reply, &found);
            count + 1
        })
    });
}
