//! The hash value.
//!
//! A small hash is a listpack, a big one a copy-on-write table whose entries hold name and value in
//! one allocation. It moves from the one to the other as it grows and never back, at the thresholds
//! and under the names that Redis has (`listpack`, `hashtable`, and `listpackex` once a field of a
//! small hash has been given an expiry).
//!
//! Fields may expire one by one. An expired field is as good as absent: methods that look take
//! `now_ms` and do not see it, but it counts in [`Hash::len`] until [`Hash::take_expired`] removes
//! it. A field has expired when `now_ms` is past its expiry, as keys do.
//!
//! The files: `packed` and `fields` the two encodings, `field` the table's entry, `expire`
//! expiries, `choose` the random choices, `convert` the ways in and out.

mod choose;
mod convert;
mod expire;
mod field;
mod fields;
mod packed;
#[cfg(test)]
mod tests;

pub use expire::{Condition, FieldExpiry, Persisted, SetExpiry};

use crate::footprint;
use crate::limits::Limits;
use crate::listpack::{Element, Listpack};
use crate::parts::Block;
use fields::Fields;
use packed::Packed;

/// When a field expires, in milliseconds since 1970; `None` for never.
pub type Expiry = Option<u64>;

/// A map from byte strings to byte strings.
///
/// A clone is a snapshot: a pointer for every few thousand fields of a big hash, a copy of at most
/// some kilobytes of a small one. Methods that add take the [`Limits`] in force. No key holds an
/// empty hash, but the type may be empty.
#[derive(Clone)]
pub struct Hash {
    repr: Repr,
}

#[derive(Clone)]
enum Repr {
    Packed(Packed),
    /// Boxed so that the many small hashes do not pay for the few big ones.
    Table(Box<Fields>),
}

/// A field as iteration yields it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldRef<'a> {
    /// The field's name.
    pub name: Element<'a>,
    /// The field's value.
    pub value: Element<'a>,
    /// When it expires.
    pub expiry: Expiry,
}

impl FieldRef<'_> {
    /// Whether the field has expired.
    pub fn expired(&self, now_ms: u64) -> bool {
        expired(self.expiry, now_ms)
    }
}

fn expired(expiry: Expiry, now_ms: u64) -> bool {
    expiry.is_some_and(|at_ms| at_ms < now_ms)
}

/// What becomes of a field's expiry when it is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// It goes, as HSET has it.
    Clear,
    /// It stays, as HINCRBY has it.
    Keep,
}

impl Default for Hash {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.iter()).finish()
    }
}

impl Hash {
    /// The elements as one run of bytes, if the hash is small.
    pub(crate) fn as_packed(&self) -> Option<&Listpack> {
        match &self.repr {
            Repr::Packed(packed) => Some(packed.listpack()),
            _ => None,
        }
    }

    /// The same, to be moved to another tier.
    pub(crate) fn as_packed_mut(&mut self) -> Option<&mut Listpack> {
        match &mut self.repr {
            Repr::Packed(packed) => Some(packed.listpack_mut()),
            _ => None,
        }
    }

    /// See [`crate::value::Value::visit_parts`]. The fields of a big hash.
    pub(crate) fn visit_parts(
        &mut self,
        from: u64,
        count: usize,
        visit: &mut dyn FnMut(Block<'_>) -> bool,
    ) -> Option<u64> {
        match &mut self.repr {
            Repr::Table(fields) => fields.visit_parts(from, count, visit),
            Repr::Packed(_) => None,
        }
    }

    /// An empty hash.
    pub fn new() -> Self {
        Self { repr: Repr::Packed(Packed::new()) }
    }

    /// How many fields there are, those expired and not yet removed included. O(1).
    pub fn len(&self) -> usize {
        match &self.repr {
            Repr::Packed(packed) => packed.len(),
            Repr::Table(fields) => fields.len(),
        }
    }

    /// Whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The name of the encoding, as OBJECT ENCODING replies it.
    pub fn encoding(&self) -> &'static str {
        match &self.repr {
            Repr::Packed(packed) if packed.with_expiry() => "listpackex",
            Repr::Packed(_) => "listpack",
            Repr::Table(_) => "hashtable",
        }
    }

    /// The value of field `name`. O(1), O(n) for a small hash.
    pub fn get(&self, name: &[u8], now_ms: u64) -> Option<Element<'_>> {
        self.find(name).filter(|field| !field.expired(now_ms)).map(|field| field.value)
    }

    /// Whether there is a field `name`. Costs as [`Hash::get`].
    pub fn contains(&self, name: &[u8], now_ms: u64) -> bool {
        self.get(name, now_ms).is_some()
    }

    /// Length in bytes of the value of field `name`, 0 if there is none. Costs as [`Hash::get`].
    pub fn value_len(&self, name: &[u8], now_ms: u64) -> usize {
        self.get(name, now_ms).map_or(0, |value| value.len())
    }

    /// Sets field `name` to `value`; returns whether there was no such field. An expired one counts
    /// as none, and its expiry goes whatever `ttl` says. Costs as [`Hash::get`], and once O(n)
    /// where a threshold is crossed.
    pub fn set(
        &mut self,
        name: &[u8],
        value: &[u8],
        ttl: Ttl,
        now_ms: u64,
        limits: &Limits,
    ) -> bool {
        self.make_room(name, value, limits);
        let keep = |old: Expiry| match ttl {
            Ttl::Keep if !expired(old, now_ms) => old,
            _ => None,
        };
        let old = match &mut self.repr {
            Repr::Packed(packed) => packed.put(name, value, keep),
            Repr::Table(fields) => fields.put(name, value, keep),
        };
        if old.is_none() {
            self.leave_listpack(limits);
        }
        old.is_none_or(|old| expired(old, now_ms))
    }

    /// Removes field `name`; returns whether there was one that had not expired. Costs as
    /// [`Hash::get`].
    pub fn delete(&mut self, name: &[u8], now_ms: u64) -> bool {
        let old = match &mut self.repr {
            Repr::Packed(packed) => packed.remove(name),
            Repr::Table(fields) => fields.remove(name),
        };
        old.is_some_and(|old| !expired(old, now_ms))
    }

    /// All fields, expired ones included: a small hash's in the order they came or expire, a
    /// table's in no useful order.
    pub fn iter(&self) -> Iter<'_> {
        Iter(match &self.repr {
            Repr::Packed(packed) => Walk::Packed(packed.iter()),
            Repr::Table(fields) => Walk::Table(fields.iter()),
        })
    }

    /// The fields that have not expired.
    pub fn live(&self, now_ms: u64) -> impl Iterator<Item = FieldRef<'_>> {
        self.iter().filter(move |field| !field.expired(now_ms))
    }

    /// Visits about `count` fields that have not expired and returns the cursor to go on with, 0
    /// when done; the guarantee is [`crate::table::CowTable::scan`]'s. A small hash is visited as a
    /// whole.
    pub fn scan(
        &self,
        cursor: u64,
        count: usize,
        now_ms: u64,
        mut visit: impl FnMut(FieldRef<'_>),
    ) -> u64 {
        match &self.repr {
            Repr::Table(fields) => fields.table().scan(cursor, count, |field| {
                let field = fields::view(field);
                if !field.expired(now_ms) {
                    visit(field);
                }
            }),
            Repr::Packed(_) => {
                self.live(now_ms).for_each(visit);
                0
            }
        }
    }

    /// Estimates the bytes the hash takes on the heap, from the first `samples` fields of a table
    /// (0: all).
    pub fn memory_usage(&self, samples: usize) -> usize {
        match &self.repr {
            Repr::Packed(packed) => footprint::allocated(packed.listpack().bytes_len()),
            Repr::Table(fields) => fields.memory_usage(samples),
        }
    }

    /// Roughly how many allocations it takes to free the hash.
    pub fn free_effort(&self) -> usize {
        match &self.repr {
            Repr::Packed(_) => 1,
            Repr::Table(fields) => fields.len(),
        }
    }

    /// The field `name`, expired or not.
    fn find(&self, name: &[u8]) -> Option<FieldRef<'_>> {
        match &self.repr {
            Repr::Packed(packed) => packed.get(name),
            Repr::Table(fields) => fields.get(name),
        }
    }
}

impl<'a> IntoIterator for &'a Hash {
    type Item = FieldRef<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// The fields of a hash; made by [`Hash::iter`].
pub struct Iter<'a>(Walk<'a>);

enum Walk<'a> {
    Packed(packed::Iter<'a>),
    Table(fields::Iter<'a>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = FieldRef<'a>;

    fn next(&mut self) -> Option<FieldRef<'a>> {
        match &mut self.0 {
            Walk::Packed(fields) => fields.next(),
            Walk::Table(fields) => fields.next(),
        }
    }
}
