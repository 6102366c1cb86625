//! Passing over records: where they end, without reading what they hold.
//!
//! Records tell no lengths, so whoever wants to hand them out must pass over each. That is cheap
//! where a value is one packed string, and a few loads an element where it is not.

use crate::kind::{opcode, value as kind};
use crate::read::{Dialect, module};
use crate::source::byte;
use crate::{Fault, Result, SliceSource, Source, length, text};

/// How far the records at the front of some bytes reach.
pub(super) struct Passed {
    /// The bytes of whole records.
    pub(super) len: usize,
    /// Why there are not more.
    pub(super) stop: Stop,
}

/// See [`Passed`].
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The bytes end, perhaps within a record.
    Cut,
    /// Something stands there that belongs to no key.
    Beside,
    /// No record can be read there.
    Bad,
}

/// Passes over all records at the front of `bytes`.
pub(super) fn records(bytes: &[u8], dialect: Dialect) -> Passed {
    let mut source = SliceSource::new(bytes);
    loop {
        let len = source.given();
        match record(&mut source, dialect) {
            Ok(true) => {}
            Ok(false) => return Passed { len, stop: Stop::Beside },
            Err(error) if error.fault == Fault::Ended => return Passed { len, stop: Stop::Cut },
            Err(_) => return Passed { len, stop: Stop::Bad },
        }
    }
}

/// Passes over one record; answers false if something else stands there.
fn record(source: &mut SliceSource<'_>, dialect: Dialect) -> Result<bool> {
    loop {
        match byte(source)? {
            opcode::EXPIRE => source.pass(4)?,
            opcode::EXPIRE_MS => source.pass(8)?,
            opcode::IDLE => lengths(source, 1)?,
            opcode::FREQ => source.pass(1)?,
            // What tells nothing is passed over with the records around it.
            opcode::SLOT_INFO => return lengths(source, 3).map(|()| true),
            opcode::SLOT_IMPORT => {
                text::pass(source)?;
                return each(source, |source| lengths(source, 2)).map(|()| true);
            }
            opcode::FUNCTION_2..=opcode::MODULE_AUX
            | opcode::AUX
            | opcode::RESIZE_DB
            | opcode::SELECT_DB
            | opcode::END => return Ok(false),
            code => {
                text::pass(source)?;
                return value(source, code, dialect).map(|()| true);
            }
        }
    }
}

/// Passes over the value of a type.
pub(crate) fn value(source: &mut SliceSource<'_>, code: u8, dialect: Dialect) -> Result<()> {
    let redis = dialect == Dialect::Redis;
    match code {
        kind::STRING
        | kind::HASH_ZIPMAP
        | kind::LIST_ZIPLIST
        | kind::SET_INTSET
        | kind::ZSET_ZIPLIST
        | kind::HASH_ZIPLIST
        | kind::HASH_LISTPACK
        | kind::ZSET_LISTPACK
        | kind::SET_LISTPACK => text::pass(source),
        kind::HASH_LISTPACK_EX_EARLY if redis => text::pass(source),
        kind::HASH_LISTPACK_EX if redis => {
            source.pass(8)?;
            text::pass(source)
        }
        kind::LIST | kind::SET | kind::LIST_QUICKLIST => each(source, text::pass),
        kind::LIST_QUICKLIST_2 => each(source, |source| {
            lengths(source, 1)?;
            text::pass(source)
        }),
        kind::HASH => each(source, |source| texts(source, 2)),
        kind::HASH_2 if !redis => each(source, |source| {
            texts(source, 2)?;
            source.pass(8)
        }),
        kind::HASH_METADATA_EARLY => each(source, field_behind_expiry),
        kind::HASH_METADATA if redis => {
            source.pass(8)?;
            each(source, field_behind_expiry)
        }
        kind::ZSET => each(source, |source| {
            text::pass(source)?;
            match byte(source)? {
                // Not a number, or infinite.
                253..=255 => Ok(()),
                len => source.pass(len.into()),
            }
        }),
        kind::ZSET_2 => each(source, |source| {
            text::pass(source)?;
            source.pass(8)
        }),
        kind::STREAM => stream(source, 0),
        kind::STREAM_2 => stream(source, 1),
        kind::STREAM_3 => stream(source, 2),
        kind::MODULE_2 => {
            lengths(source, 1)?;
            module::skip(source)
        }
        _ => Err(source.error(Fault::Type(code))),
    }
}

fn field_behind_expiry(source: &mut SliceSource<'_>) -> Result<()> {
    lengths(source, 1)?;
    texts(source, 2)
}

/// A stream in the first, second or third form.
fn stream(source: &mut SliceSource<'_>, form: u8) -> Result<()> {
    each(source, |source| texts(source, 2))?;
    // The length and the last id; then the first, the highest that was deleted, and a count.
    lengths(source, if form == 0 { 3 } else { 8 })?;
    each(source, |source| {
        text::pass(source)?;
        lengths(source, if form == 0 { 2 } else { 3 })?;
        each(source, |source| {
            source.pass(24)?;
            lengths(source, 1)
        })?;
        each(source, |source| {
            text::pass(source)?;
            source.pass(if form == 2 { 16 } else { 8 })?;
            each(source, |source| source.pass(16))
        })
    })
}

/// A count, and so many of something. Each of it has a byte at least, so the bytes bound it.
fn each<'a>(
    source: &mut SliceSource<'a>,
    mut pass: impl FnMut(&mut SliceSource<'a>) -> Result<()>,
) -> Result<()> {
    for _ in 0..length::read_plain(source)? {
        pass(source)?;
    }
    Ok(())
}

fn texts(source: &mut SliceSource<'_>, count: usize) -> Result<()> {
    (0..count).try_for_each(|_| text::pass(source))
}

fn lengths(source: &mut SliceSource<'_>, count: usize) -> Result<()> {
    (0..count).try_for_each(|_| length::read_plain(source).map(drop))
}
