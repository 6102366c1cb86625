//! Big sets in parts; see [`crate::table::Part`].

use super::{Member, Repr, Set};
use crate::table::{CowTable, Hashed, Keyed, Part};

impl Set {
    /// The table of a big set.
    pub(crate) fn table(&self) -> Option<&CowTable<Member>> {
        match &self.repr {
            Repr::Table(table) => Some(table),
            _ => None,
        }
    }

    /// Whether the set can be visited in parts.
    pub fn has_parts(&self) -> bool {
        self.table().is_some()
    }

    /// How many bits tell the parts apart, at most, that [`SetPart::of`] can cut.
    pub fn part_bits(&self) -> u8 {
        self.table().map_or(0, CowTable::part_bits)
    }

    /// Visits the members of a part with their hashes, always in the same order.
    pub fn visit_part<'a>(&'a self, part: Part, mut visit: impl FnMut(Hashed<'a>)) {
        if let Some(table) = self.table() {
            table.visit_part(part, |hashed, _| visit(hashed));
        }
    }

    /// Visits the members of a part in the same order.
    pub fn walk_part<'a>(&'a self, part: Part, mut visit: impl FnMut(&'a [u8])) {
        if let Some(table) = self.table() {
            table.walk_part(part, |member| visit(member.key()));
        }
    }

    /// [`Set::contains`] for what another set's part has shown.
    #[inline]
    pub fn contains_hashed(&self, member: Hashed<'_>) -> bool {
        match &self.repr {
            Repr::Table(table) => table.get_hashed(member).is_some(),
            _ => self.contains(member.key),
        }
    }
}

/// A part of a big set that is being made.
pub struct SetPart {
    table: CowTable<Member>,
}

impl SetPart {
    /// An empty one.
    pub fn new(part: Part) -> Self {
        SetPart { table: CowTable::of_part(part) }
    }

    /// One with all members of a set, which are shared with it. `None` if the set is too small to
    /// be cut into such parts.
    pub fn of(set: &Set, part: Part) -> Option<Self> {
        Some(SetPart { table: set.table()?.share_part(part)? })
    }

    /// Adds a member of this part.
    pub fn add(&mut self, member: Hashed<'_>) {
        self.table.insert_hashed(member, || Member::new(member.key));
    }

    /// Removes a member of this part.
    pub fn remove(&mut self, member: Hashed<'_>) {
        self.table.remove_hashed(member);
    }

    /// A big set of all parts in their order.
    pub fn join(parts: Vec<SetPart>) -> Set {
        let tables = parts.into_iter().map(|part| part.table).collect();
        Set { repr: Repr::Table(Box::new(CowTable::join_parts(tables))) }
    }
}
