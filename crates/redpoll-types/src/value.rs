//! `Value`: whatever a key may hold that does not fit into its entry.

use crate::string::Str;

/// A value of the keyspace.
#[derive(Clone)]
pub enum Value {
    /// A long string.
    Str(Str),
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

impl Value {
    /// The value's type.
    pub fn type_of(&self) -> Type {
        match self {
            Value::Str(_) => Type::String,
        }
    }

    /// Whether a collection holds nothing. A string is never empty in this sense.
    pub fn is_empty(&self) -> bool {
        match self {
            Value::Str(_) => false,
        }
    }

    /// Roughly how many allocations it takes to free the value.
    pub fn free_effort(&self) -> usize {
        match self {
            Value::Str(_) => 1,
        }
    }
}
