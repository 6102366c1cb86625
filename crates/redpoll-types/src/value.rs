//! `Value`: whatever a key may hold that does not fit into its entry.

use crate::hash::Hash;
use crate::list::List;
use crate::listpack::Listpack;
use crate::set::Set;
use crate::stream::Stream;
use crate::string::Str;
use crate::suggestions::Suggestions;
use crate::zset::ZSet;
use redpoll_memory::tiers::{self, Tier};

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
    /// Suggestions.
    Suggestions(Suggestions),
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
    /// Suggestions.
    Suggestions,
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
            // What programs know the type by is the name that RediSearch has registered.
            Type::Suggestions => "trietype0",
        }
    }
}

/// What was cut out of a value, and has only to be freed.
pub trait Part: Send + 'static {
    /// Roughly how many allocations it takes to free it.
    fn free_effort(&self) -> usize;
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

typed!(List, Set, ZSet, Hash, Stream, Suggestions);

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
            Value::Suggestions(_) => Type::Suggestions,
        }
    }

    /// The bytes that can move between the tiers of memory as a whole: those of a string and of a
    /// packed collection. `None`: the value is a large collection, whose parts move one by one
    /// ([`Value::visit_parts`]), or one that is always in DRAM.
    pub fn movable(&self) -> Option<&[u8]> {
        match self {
            Value::Str(text) => Some(text.as_bytes()),
            Value::List(list) => list.as_packed().map(Listpack::as_bytes),
            Value::Set(set) => set.as_packed().map(Listpack::as_bytes),
            Value::ZSet(zset) => zset.as_packed().map(Listpack::as_bytes),
            Value::Hash(hash) => hash.as_packed().map(Listpack::as_bytes),
            Value::Stream(_) | Value::Suggestions(_) => None,
        }
    }

    /// Bytes of the payload in far memory. O(1) for strings and packed collections, O(elements)
    /// for large ones.
    pub fn far_bytes(&self) -> usize {
        let far = |bytes: &[u8]| if tiers::tier_of(bytes) == Tier::Far { bytes.len() } else { 0 };
        if let Some(bytes) = self.movable() {
            return far(bytes);
        }
        match self {
            Value::List(list) => list.chunks().map(|chunk| far(chunk.as_bytes())).sum(),
            Value::Hash(hash) => {
                let parts = hash.iter().flat_map(|field| [field.name, field.value]);
                parts.filter_map(|part| part.bytes()).map(far).sum()
            }
            Value::Set(set) => set.iter().filter_map(|member| member.bytes()).map(far).sum(),
            Value::Stream(stream) => stream.log().nodes().map(|(_, bytes)| far(bytes)).sum(),
            Value::ZSet(zset) => zset.far_bytes(),
            Value::Str(_) | Value::Suggestions(_) => 0,
        }
    }

    /// Moves those bytes to a tier; returns how many moved. Nothing moves while somebody reads
    /// them, and nothing into a tier that is full. O(bytes).
    pub fn relocate(&mut self, tier: Tier) -> usize {
        let packed = match self {
            Value::Str(text) => {
                let own = text.own_mut();
                return own.map_or(0, |own| match tiers::relocate(own, tier) {
                    true => own.len(),
                    false => 0,
                });
            }
            Value::List(list) => list.as_packed_mut(),
            Value::Set(set) => set.as_packed_mut(),
            Value::ZSet(zset) => zset.as_packed_mut(),
            Value::Hash(hash) => hash.as_packed_mut(),
            Value::Stream(_) | Value::Suggestions(_) => None,
        };
        packed.map_or(0, |packed| packed.relocate(tier))
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
            Value::Suggestions(_) => "raw",
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
            Value::Suggestions(suggestions) => suggestions.is_empty(),
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
            Value::Suggestions(suggestions) => suggestions.memory_usage(samples),
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
            Value::Suggestions(suggestions) => suggestions.free_effort(),
        }
    }
}
