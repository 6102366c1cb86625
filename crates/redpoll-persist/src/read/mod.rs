//! Values, read.
//!
//! One file a type of value; this one chooses among them. Elements become one of our own encodings
//! by the limits in force, whatever encoding they were written in.

mod hash;
mod list;
pub(crate) mod module;
mod packed;
mod set;
mod stream;
mod suggestions;
mod zset;

use crate::kind::value as kind;
use crate::{Fault, Result, Source, text};
use redpoll_types::limits::Limits;
use redpoll_types::value::Value;

/// Whose numbers of types count, where the two differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Redis, and Valkey before its version 9.
    Redis,
    /// Valkey from version 9 on.
    Valkey,
}

/// A value that has been read.
#[derive(Clone)]
pub enum Object {
    /// A string, which may be the text of an integer.
    Text(Vec<u8>),
    /// A collection, not empty.
    Value(Value),
}

/// Reads the value of a type; `None` if it is a collection without elements, which no key can hold.
pub fn value(
    source: &mut impl Source,
    code: u8,
    dialect: Dialect,
    limits: &Limits,
) -> Result<Option<Object>> {
    let value: Value = match (code, dialect) {
        (kind::STRING, _) => return text::read(source).map(|text| Some(Object::Text(text))),
        (kind::LIST, _) => list::plain(source, limits)?.into(),
        (kind::LIST_ZIPLIST, _) => list::ziplist(source, limits)?.into(),
        (kind::LIST_QUICKLIST, _) => list::quicklist(source, limits)?.into(),
        (kind::LIST_QUICKLIST_2, _) => list::quicklist_2(source, limits)?.into(),
        (kind::SET, _) => set::plain(source, limits)?.into(),
        (kind::SET_INTSET, _) => set::intset(source, limits)?.into(),
        (kind::SET_LISTPACK, _) => set::listpack(source, limits)?.into(),
        (kind::ZSET, _) => zset::plain(source, zset::text_score, limits)?.into(),
        (kind::ZSET_2, _) => zset::plain(source, zset::binary_score, limits)?.into(),
        (kind::ZSET_ZIPLIST, _) => zset::ziplist(source, limits)?.into(),
        (kind::ZSET_LISTPACK, _) => zset::listpack(source, limits)?.into(),
        (kind::HASH, _) => hash::plain(source, limits)?.into(),
        (kind::HASH_2, Dialect::Valkey) => hash::valkey(source, limits)?.into(),
        (kind::HASH_ZIPMAP, _) => hash::zipmap(source, limits)?.into(),
        (kind::HASH_ZIPLIST, _) => hash::ziplist(source, limits)?.into(),
        (kind::HASH_LISTPACK, _) => hash::listpack(source, limits)?.into(),
        (kind::HASH_METADATA_EARLY, Dialect::Redis) => hash::metadata_early(source, limits)?.into(),
        (kind::HASH_METADATA, Dialect::Redis) => hash::metadata(source, limits)?.into(),
        (kind::HASH_LISTPACK_EX_EARLY, Dialect::Redis) => {
            hash::listpack_ex_early(source, limits)?.into()
        }
        (kind::HASH_LISTPACK_EX, Dialect::Redis) => hash::listpack_ex(source, limits)?.into(),
        (kind::STREAM, _) => stream::read(source, stream::Form::First)?.into(),
        (kind::STREAM_2, _) => stream::read(source, stream::Form::Numbers)?.into(),
        (kind::STREAM_3, _) => stream::read(source, stream::Form::Active)?.into(),
        (kind::MODULE_2, _) => suggestions::read(source)?.into(),
        (kind::MODULE, _) => return Err(source.error(Fault::Module)),
        _ => return Err(source.error(Fault::Type(code))),
    };
    Ok((!value.is_empty()).then_some(Object::Value(value)))
}

/// Room for as many elements as were announced, within reason.
fn some_room(count: u64) -> usize {
    count.min(1024) as usize
}
