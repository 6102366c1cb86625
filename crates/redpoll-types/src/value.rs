//! `Value`: whatever a key may hold that does not fit into its entry.

use crate::hash::Hash;
use crate::list::List;
use crate::set::Set;
use crate::stream::Stream;
use crate::string::Str;
use crate::zset::ZSet;

/// A value of the keyspace. Cloning one takes a snapshot: large collections share their chunks.
#[derive(Clone)]
pub enum Value {
    /// A long string.
    Str(Str),
    /// A list.
    List(List),
    /// A set.
    Set(Set),
    /// A sorted set.
    ZSet(ZSet),
    /// A hash.
    Hash(Hash),
    /// A stream.
    Stream(Stream),
}

/// The type of a value, as TYPE names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A string of any length.
    String,
    /// A list.
    List,
    /// A set.
    Set,
    /// A sorted set.
    ZSet,
    /// A hash.
    Hash,
    /// A stream.
    Stream,
}

impl Type {
    /// The name that TYPE and SCAN's TYPE option use.
    pub fn name(self) -> &'static str {
        match self {
            Type::String => "string",
            Type::List => "list",
            Type::Set => "set",
            Type::ZSet => "zset",
            Type::Hash => "hash",
            Type::Stream => "stream",
        }
    }
}

/// A type that a [`Value`] may hold: how to get at it, and how to make an empty one.
pub trait Typed: Sized {
    /// The value, if it is of this type.
    fn of(value: &Value) -> Option<&Self>;
    /// The value to be changed, if it is of this type.
    fn of_mut(value: &mut Value) -> Option<&mut Self>;
    /// An empty one.
    fn empty() -> Value;
}

macro_rules! typed {
    ($($type:ident),*) => {$(
        impl Typed for $type {
            fn of(value: &Value) -> Option<&Self> {
                match value {
                    Value::$type(value) => Some(value),
                    _ => None,
                }
            }

            fn of_mut(value: &mut Value) -> Option<&mut Self> {
                match value {
                    Value::$type(value) => Some(value),
                    _ => None,
                }
            }

            fn empty() -> Value {
                Value::$type($type::new())
            }
        }

        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Value::$type(value)
            }
        }
    )*};
}

typed!(List, Set, ZSet, Hash, Stream);

impl Value {
    /// The value's type.
    pub fn type_of(&self) -> Type {
        match self {
            Value::Str(_) => Type::String,
            Value::List(_) => Type::List,
            Value::Set(_) => Type::Set,
            Value::ZSet(_) => Type::ZSet,
            Value::Hash(_) => Type::Hash,
            Value::Stream(_) => Type::Stream,
        }
    }

    /// The name of its encoding, as OBJECT ENCODING gives it. (Strings in their entry have others.)
    pub fn encoding(&self) -> &'static str {
        match self {
            Value::Str(_) => "raw",
            Value::List(list) => list.encoding(),
            Value::Set(set) => set.encoding(),
            Value::ZSet(zset) => zset.encoding(),
            Value::Hash(hash) => hash.encoding(),
            Value::Stream(stream) => stream.encoding(),
        }
    }

    /// Whether a collection holds nothing. A string is never empty in this sense, nor is a stream:
    /// without entries it still has its last id and its groups.
    pub fn is_empty(&self) -> bool {
        match self {
            Value::Str(_) | Value::Stream(_) => false,
            Value::List(list) => list.is_empty(),
            Value::Set(set) => set.is_empty(),
            Value::ZSet(zset) => zset.is_empty(),
            Value::Hash(hash) => hash.is_empty(),
        }
    }

    /// Bytes on the heap, estimated from `samples` elements (0: all) where all would take long.
    pub fn memory_usage(&self, samples: usize) -> usize {
        match self {
            Value::Str(text) => text.memory_bytes(),
            Value::List(list) => list.memory_usage(samples),
            Value::Set(set) => set.memory_usage(samples),
            Value::ZSet(zset) => zset.memory_usage(samples),
            Value::Hash(hash) => hash.memory_usage(samples),
            Value::Stream(stream) => stream.memory_usage(samples),
        }
    }

    /// Roughly how many allocations it takes to free the value.
    pub fn free_effort(&self) -> usize {
        match self {
            Value::Str(_) => 1,
            Value::List(list) => list.free_effort(),
            Value::Set(set) => set.free_effort(),
            Value::ZSet(zset) => zset.free_effort(),
            Value::Hash(hash) => hash.free_effort(),
            Value::Stream(stream) => stream.free_effort(),
        }
    }
}
