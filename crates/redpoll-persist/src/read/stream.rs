//! Streams, in the three forms of Redis 5.0, 7.0 and 7.2.

use crate::source::array;
use crate::{Error, Fault, Result, Source, length, text};
use redpoll_types::stream::{ConsumerId, Group, Invalid, Stream, StreamId};

/// What a form has beyond the one before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// Redis 5.0.
    First,
    /// Redis 7.0: more numbers of the log, and how many entries a group has read.
    Numbers,
    /// Redis 7.2: when a consumer last got an entry.
    Active,
}

/// A stream.
pub(super) fn read(source: &mut impl Source, form: Form) -> Result<Stream> {
    let mut stream = Stream::new();
    for _ in 0..length::read_plain(source)? {
        let first: [u8; 16] =
            text::read(source)?.try_into().map_err(|_| source.error(Fault::Stream))?;
        let listpack = text::read(source)?;
        let loaded = stream.load_node(id_of(first), listpack.into());
        loaded.map_err(invalid(source))?;
    }
    numbers(source, form, &mut stream)?;
    for _ in 0..length::read_plain(source)? {
        group(source, form, &mut stream)?;
    }
    Ok(stream)
}

/// What stands between the nodes and the groups.
fn numbers(source: &mut impl Source, form: Form, stream: &mut Stream) -> Result<()> {
    let len = length::read_plain(source)?;
    let last = id(source)?;
    let (mut max_deleted, mut added) = (StreamId::MIN, len);
    if form >= Form::Numbers {
        // The first entry is where it is.
        id(source)?;
        max_deleted = id(source)?;
        added = length::read_plain(source)?;
    }
    if len != stream.log().len() {
        return Err(source.error(Fault::Stream));
    }
    stream.load_numbers(last, max_deleted, added).map_err(invalid(source))
}

fn group(source: &mut impl Source, form: Form, stream: &mut Stream) -> Result<()> {
    let name = text::read(source)?;
    let last_delivered = id(source)?;
    let entries_read = match form {
        Form::First => stream.log().added_up_to(last_delivered),
        _ => {
            // A negative number means that it is not known.
            let read = length::read_plain(source)?;
            i64::try_from(read).is_ok().then_some(read)
        }
    };
    let group = stream.load_group(&name, last_delivered, entries_read);
    let group = group.map_err(invalid(source))?;
    for _ in 0..length::read_plain(source)? {
        let id = id_of(array(source)?);
        let time = i64::from_le_bytes(array(source)?);
        let deliveries = length::read_plain(source)?;
        group.load_pending(id, time, deliveries).map_err(invalid(source))?;
    }
    for _ in 0..length::read_plain(source)? {
        consumer(source, form, group)?;
    }
    group.load_end();
    Ok(())
}

fn consumer(source: &mut impl Source, form: Form, group: &mut Group) -> Result<()> {
    let name = text::read(source)?;
    let seen = i64::from_le_bytes(array(source)?);
    let active = match form {
        // Nothing better is known.
        Form::First | Form::Numbers => seen,
        Form::Active => i64::from_le_bytes(array(source)?),
    };
    let active = (active >= 0).then_some(active);
    let consumer: ConsumerId = group.load_consumer(&name, seen, active).map_err(invalid(source))?;
    for _ in 0..length::read_plain(source)? {
        let id = id_of(array(source)?);
        group.load_owner(id, consumer).map_err(invalid(source))?;
    }
    Ok(())
}

/// An id as two lengths.
fn id(source: &mut impl Source) -> Result<StreamId> {
    Ok(StreamId { ms: length::read_plain(source)?, seq: length::read_plain(source)? })
}

/// An id as 16 bytes.
fn id_of(bytes: [u8; 16]) -> StreamId {
    let whole = u128::from_be_bytes(bytes);
    StreamId { ms: (whole >> 64) as u64, seq: whole as u64 }
}

fn invalid<S: Source>(source: &S) -> impl FnOnce(Invalid) -> Error + use<S> {
    let offset = source.offset();
    move |_| Error { offset, fault: Fault::Stream }
}
