//! The set value.
//!
//! A set of integers is a sorted array, any other small set a listpack, a big one a copy-on-write
//! table. A set moves from left to right as it grows and never back, at the thresholds and under
//! the names that Redis 7.2 has (`intset`, `listpack`, `hashtable`), because OBJECT ENCODING shows
//! them and operators tune them.
//!
//! The files: `member` the table's entry, `choose` the random choices, `convert` the ways from one
//! encoding to the next, `part` what threads do side by side.

mod choose;
mod convert;
mod member;
mod part;
#[cfg(test)]
mod tests;

use crate::footprint;
use crate::intset::{self, IntSet};
use crate::limits::Limits;
use crate::listpack::{self, Element, Listpack};
use crate::number::parse_i64;
use crate::parts::Block;
use crate::table::{self, CowTable, Keyed};
pub(crate) use member::Member;
pub use part::SetPart;

/// A set of byte strings.
///
/// A clone is a snapshot: a pointer for every few thousand members of a big set, a copy of at most
/// some kilobytes of a small one. Methods that add take the [`Limits`] in force. No key holds an
/// empty set, but the type may be empty.
#[derive(Clone)]
pub struct Set {
    repr: Repr,
}

#[derive(Clone)]
enum Repr {
    Ints(IntSet),
    Packed(Listpack),
    /// Boxed so that the many small sets do not pay for the few big ones.
    Table(Box<CowTable<Member>>),
}

impl Default for Set {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Set {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_set().entries(self.iter()).finish()
    }
}

impl Set {
    /// The elements as one run of bytes, if the set is small.
    pub(crate) fn as_packed(&self) -> Option<&Listpack> {
        match &self.repr {
            Repr::Packed(pack) => Some(pack),
            _ => None,
        }
    }

    /// The same, to be moved to another tier.
    pub(crate) fn as_packed_mut(&mut self) -> Option<&mut Listpack> {
        match &mut self.repr {
            Repr::Packed(pack) => Some(pack),
            _ => None,
        }
    }

    /// Whether the members lie in blocks of their own.
    pub(crate) fn has_table(&self) -> bool {
        matches!(self.repr, Repr::Table(_))
    }

    /// See [`crate::value::Value::visit_parts`]. The members of a big set.
    pub(crate) fn visit_parts(
        &mut self,
        from: u64,
        count: usize,
        visit: &mut dyn FnMut(Block<'_>) -> bool,
    ) -> Option<u64> {
        let Repr::Table(table) = &mut self.repr else { return None };
        table.visit_own(from, count, |member| match member {
            Member::Heap(bytes) => visit(Block::Whole(bytes)),
            Member::Inline { .. } => true,
        })
    }

    /// An empty set, which becomes what its first member asks for.
    pub fn new() -> Self {
        Self { repr: Repr::Ints(IntSet::new()) }
    }

    /// How many members there are. O(1).
    pub fn len(&self) -> usize {
        match &self.repr {
            Repr::Ints(ints) => ints.len(),
            Repr::Packed(pack) => pack.len(),
            Repr::Table(table) => table.len(),
        }
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The name of the encoding, as OBJECT ENCODING replies it.
    pub fn encoding(&self) -> &'static str {
        match &self.repr {
            Repr::Ints(_) => "intset",
            Repr::Packed(_) => "listpack",
            Repr::Table(_) => "hashtable",
        }
    }

    /// Whether `member` is in the set. O(1) for a big set, O(log n) for integers, O(n) for a
    /// listpack.
    pub fn contains(&self, member: &[u8]) -> bool {
        match &self.repr {
            Repr::Ints(ints) => parse_i64(member).is_some_and(|value| ints.contains(value)),
            Repr::Packed(pack) => pack.find(member, 0).is_some(),
            Repr::Table(table) => table.contains(member),
        }
    }

    /// [`Set::contains`] for what another set's iteration yields.
    pub fn contains_element(&self, element: Element<'_>) -> bool {
        match (&self.repr, element) {
            (Repr::Ints(ints), Element::Int(value)) => ints.contains(value),
            _ => self.contains(element.as_bytes(&mut [0; 21])),
        }
    }

    /// Adds `member`; returns whether it was not there. Costs as [`Set::contains`], and once O(n)
    /// where a threshold is crossed.
    pub fn add(&mut self, member: &[u8], limits: &Limits) -> bool {
        match &mut self.repr {
            Repr::Ints(ints) => match parse_i64(member) {
                Some(value) => {
                    let added = ints.insert(value);
                    self.leave_ints(limits);
                    added
                }
                None => self.add_to_ints(member, limits),
            },
            Repr::Packed(pack) => {
                if pack.find(member, 0).is_some() {
                    return false;
                }
                let full = pack.len() >= limits.set_max_listpack_entries;
                let long = member.len() > limits.set_max_listpack_value;
                if full || long || !pack.can_grow(member.len()) {
                    self.make_table();
                    return self.add(member, limits);
                }
                pack.push_back(member);
                true
            }
            Repr::Table(table) => table.insert_with(member, || Member::new(member)),
        }
    }

    /// [`Set::add`] for what another set's iteration yields.
    pub fn add_element(&mut self, element: Element<'_>, limits: &Limits) -> bool {
        match (&mut self.repr, element) {
            (Repr::Ints(ints), Element::Int(value)) => {
                let added = ints.insert(value);
                self.leave_ints(limits);
                added
            }
            _ => self.add(element.as_bytes(&mut [0; 21]), limits),
        }
    }

    /// Removes `member`; returns whether it was there. Costs as [`Set::contains`].
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match &mut self.repr {
            Repr::Ints(ints) => parse_i64(member).is_some_and(|value| ints.remove(value)),
            Repr::Packed(pack) => match pack.find(member, 0) {
                Some(cursor) => {
                    pack.remove(cursor);
                    true
                }
                None => false,
            },
            Repr::Table(table) => table.remove(member).is_some(),
        }
    }

    /// All members: integers ascending, a listpack's in the order they came, a table's in no useful
    /// order.
    pub fn iter(&self) -> Iter<'_> {
        Iter(match &self.repr {
            Repr::Ints(ints) => Walk::Ints(ints.iter()),
            Repr::Packed(pack) => Walk::Packed(pack.iter()),
            Repr::Table(table) => Walk::Table(table.iter()),
        })
    }

    /// Visits about `count` members and returns the cursor to go on with, 0 when done; the
    /// guarantee is [`CowTable::scan`]'s. A small set is visited as a whole.
    pub fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(Element<'_>)) -> u64 {
        match &self.repr {
            Repr::Table(table) => {
                table.scan(cursor, count, |member| visit(Element::Bytes(member.key())))
            }
            _ => {
                self.iter().for_each(visit);
                0
            }
        }
    }

    /// Estimates the bytes the set takes on the heap, from the first `samples` members of a table
    /// (0: all).
    pub fn memory_usage(&self, samples: usize) -> usize {
        match &self.repr {
            Repr::Ints(ints) => footprint::allocated(ints.bytes_len()),
            Repr::Packed(pack) => footprint::allocated(pack.bytes_len()),
            Repr::Table(table) => {
                footprint::allocated(size_of_val(&**table)) + table.memory_bytes(samples)
            }
        }
    }

    /// Roughly how many allocations it takes to free the set.
    pub fn free_effort(&self) -> usize {
        match &self.repr {
            Repr::Table(table) => table.len(),
            _ => 1,
        }
    }
}

impl<'a> IntoIterator for &'a Set {
    type Item = Element<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// The members of a set; made by [`Set::iter`].
pub struct Iter<'a>(Walk<'a>);

enum Walk<'a> {
    Ints(intset::Iter<'a>),
    Packed(listpack::Iter<'a>),
    Table(table::Iter<'a, Member>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        match &mut self.0 {
            Walk::Ints(ints) => ints.next().map(Element::Int),
            Walk::Packed(pack) => pack.next(),
            Walk::Table(table) => table.next().map(|member| Element::Bytes(member.key())),
        }
    }
}
