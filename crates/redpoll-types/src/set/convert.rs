//! From one encoding of a set to the next, and from and to what a dump holds.

use std::collections::HashSet;

use super::{Member, Repr, Set};
use crate::intset::{self, IntSet};
use crate::limits::Limits;
use crate::listpack::{Builder, Corrupt, Listpack};
use crate::number::{i64_text_len, parse_i64};
use crate::table::CowTable;

impl Set {
    /// An empty set ready for `expected` members, of which `first` is one: it starts in the
    /// encoding that Redis would start it in, which spares conversions on the way.
    pub fn for_members(first: &[u8], expected: usize, limits: &Limits) -> Self {
        let repr = if parse_i64(first).is_some() && expected <= limits.set_max_intset_entries {
            Repr::Ints(IntSet::new())
        } else if expected <= limits.set_max_listpack_entries {
            Repr::Packed(Listpack::new())
        } else {
            Repr::Table(Box::default())
        };
        Self { repr }
    }

    /// Prepares for a set of about `expected` members: beyond its encoding's threshold it becomes a
    /// table at once. O(n) then.
    pub fn expect(&mut self, expected: usize, limits: &Limits) {
        let threshold = match self.repr {
            Repr::Ints(_) => limits.set_max_intset_entries,
            Repr::Packed(_) => limits.set_max_listpack_entries,
            Repr::Table(_) => return,
        };
        if expected > threshold {
            self.make_table();
        }
    }

    /// The set of an intset; a table if it is beyond the limits. O(n) then.
    pub fn from_intset(ints: IntSet, limits: &Limits) -> Self {
        let mut set = Self { repr: Repr::Ints(ints) };
        set.leave_ints(limits);
        set
    }

    /// The set of a listpack of members, which are checked to be distinct; a table if they are
    /// beyond the limits. O(n).
    pub fn from_listpack(pack: Listpack, limits: &Limits) -> Result<Self, Corrupt> {
        let (mut seen, mut longest) = (HashSet::new(), 0);
        for element in &pack {
            longest = longest.max(element.len());
            if !seen.insert(element.to_vec()) {
                return Err(Corrupt);
            }
        }
        let fits = seen.len() <= limits.set_max_listpack_entries
            && longest <= limits.set_max_listpack_value;
        let mut set = Self { repr: Repr::Packed(pack) };
        if !fits {
            set.make_table();
        }
        Ok(set)
    }

    /// The intset, if that is the encoding.
    pub fn as_intset(&self) -> Option<&IntSet> {
        match &self.repr {
            Repr::Ints(ints) => Some(ints),
            _ => None,
        }
    }

    /// The listpack, if that is the encoding.
    pub fn as_listpack(&self) -> Option<&Listpack> {
        match &self.repr {
            Repr::Packed(pack) => Some(pack),
            _ => None,
        }
    }

    /// Becomes an intset if all members are integers and few enough, as the result of a SINTERSTORE
    /// of integer sets should. O(n).
    pub fn make_intset(&mut self, limits: &Limits) {
        if matches!(self.repr, Repr::Ints(_)) || self.len() > ints_max(limits) {
            return;
        }
        let mut ints = IntSet::new();
        for element in self.iter() {
            let Some(value) = element.as_i64() else { return };
            ints.insert(value);
        }
        self.repr = Repr::Ints(ints);
    }

    /// Becomes a table where an intset has outgrown its threshold.
    pub(super) fn leave_ints(&mut self, limits: &Limits) {
        if matches!(&self.repr, Repr::Ints(ints) if ints.len() > ints_max(limits)) {
            self.make_table();
        }
    }

    /// Adds a member that is no integer to an intset: it becomes a listpack, or a table where a
    /// listpack would be beyond its limits already.
    pub(super) fn add_to_ints(&mut self, member: &[u8], limits: &Limits) -> bool {
        let Repr::Ints(ints) = &self.repr else { return self.add(member, limits) };
        let (low, high) = ints.range().unwrap_or_default();
        let longest = i64_text_len(low).max(i64_text_len(high)).max(member.len());
        let fits = ints.len() < limits.set_max_listpack_entries
            && longest <= limits.set_max_listpack_value;
        if fits {
            let mut pack = Builder::with_capacity(ints.bytes_len() + member.len());
            ints.iter().for_each(|value| pack.push_i64(value));
            pack.push(member);
            self.repr = Repr::Packed(pack.finish());
            return true;
        }
        self.make_table();
        self.add(member, limits)
    }

    /// Becomes a table.
    pub(super) fn make_table(&mut self) {
        if matches!(self.repr, Repr::Table(_)) {
            return;
        }
        let mut table = CowTable::new();
        for element in self.iter() {
            table.insert(Member::new(element.as_bytes(&mut [0; 21])));
        }
        self.repr = Repr::Table(Box::new(table));
    }
}

/// Most members of an intset.
fn ints_max(limits: &Limits) -> usize {
    limits.set_max_intset_entries.min(intset::MEMBERS_MAX)
}
