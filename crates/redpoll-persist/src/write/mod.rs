//! Values, written.
//!
//! One file a type of value. What a value is in memory is written as it is, where Redis 7.0 knows
//! the form; what it does not know (a listpack of a set) is written element by element.

mod hash;
mod list;
mod set;
mod stream;
mod suggestions;
mod zset;

use crate::kind;
use crate::{Sink, text};
use redpoll_types::value::Value;

/// A value to be written.
#[derive(Clone, Copy)]
pub enum ValueRef<'a> {
    /// A string.
    Text(&'a [u8]),
    /// A string that is the text of this integer.
    Int(i64),
    /// Anything else.
    Value(&'a Value),
}

impl ValueRef<'_> {
    /// The oldest version of the format that can hold the value.
    pub fn version(self) -> u16 {
        match self {
            ValueRef::Value(Value::Hash(hash)) if hash.volatile_len() > 0 => {
                kind::VERSION_FIELD_EXPIRY
            }
            ValueRef::Value(Value::Stream(stream)) => stream::version(stream),
            _ => kind::VERSION,
        }
    }

    /// The byte that says of which type and in which encoding the value is written.
    pub fn code(self) -> u8 {
        match self {
            ValueRef::Text(_) | ValueRef::Int(_) | ValueRef::Value(Value::Str(_)) => {
                kind::value::STRING
            }
            ValueRef::Value(Value::List(_)) => kind::value::LIST_QUICKLIST_2,
            ValueRef::Value(Value::Set(set)) => set::code(set),
            ValueRef::Value(Value::ZSet(zset)) => zset::code(zset),
            ValueRef::Value(Value::Hash(hash)) => hash::code(hash),
            ValueRef::Value(Value::Stream(_)) => kind::value::STREAM_2,
            ValueRef::Value(Value::Suggestions(_)) => kind::value::MODULE_2,
        }
    }

    /// Writes the value, without its code.
    pub fn write(self, sink: &mut impl Sink, compress: bool) {
        match self {
            ValueRef::Text(text) => text::write(sink, text, compress),
            ValueRef::Int(value) => text::write_int(sink, value),
            ValueRef::Value(Value::Str(text)) => text::write(sink, text.as_bytes(), compress),
            ValueRef::Value(Value::List(list)) => list::write(sink, list, compress),
            ValueRef::Value(Value::Set(set)) => set::write(sink, set, compress),
            ValueRef::Value(Value::ZSet(zset)) => zset::write(sink, zset, compress),
            ValueRef::Value(Value::Hash(hash)) => hash::write(sink, hash, compress),
            ValueRef::Value(Value::Stream(stream)) => stream::write(sink, stream, compress),
            ValueRef::Value(Value::Suggestions(own)) => suggestions::write(sink, own, compress),
        }
    }
}

/// Writes an element of a collection.
fn element(sink: &mut impl Sink, element: redpoll_types::listpack::Element<'_>, compress: bool) {
    use redpoll_types::listpack::Element;
    match element {
        Element::Int(value) => text::write_int(sink, value),
        Element::Bytes(bytes) => text::write(sink, bytes, compress),
    }
}
