//! A big hash: fields in a copy-on-write table, and an index of those that expire.

use std::collections::BTreeSet;

use super::field::Field;
use super::{Expiry, FieldRef};
use crate::footprint;
use crate::listpack::Element;
use crate::parts::Block;
use crate::table::{self, CowTable, Keyed, hash_of};

/// Bytes of the index for each field that expires: a pair of 16 bytes in B-tree nodes that are
/// about two thirds full.
const INDEX_BYTES: usize = 26;

/// The fields of a big hash.
pub(super) struct Fields {
    table: CowTable<Field>,
    /// How many fields expire.
    volatile: usize,
    /// Those by expiry and the hash of their names, which takes 16 bytes however long a name is.
    /// `None` if no field expires, and in a clone until it is asked to change: a snapshot never
    /// needs the index, and copying it would stall the one who takes a snapshot.
    index: Option<BTreeSet<(u64, u64)>>,
}

impl Clone for Fields {
    fn clone(&self) -> Self {
        Self { table: self.table.clone(), volatile: self.volatile, index: None }
    }
}

impl Fields {
    pub(super) fn new() -> Self {
        Self { table: CowTable::new(), volatile: 0, index: None }
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn table(&self) -> &CowTable<Field> {
        &self.table
    }

    /// How many fields expire.
    pub(super) fn volatile(&self) -> usize {
        self.volatile
    }

    pub(super) fn visit_parts(
        &mut self,
        from: u64,
        count: usize,
        visit: &mut dyn FnMut(Block<'_>) -> bool,
    ) -> Option<u64> {
        self.table.visit_own(from, count, |field| visit(field.part()))
    }

    pub(super) fn get(&self, name: &[u8]) -> Option<FieldRef<'_>> {
        self.table.get(name).map(view)
    }

    pub(super) fn iter(&self) -> Iter<'_> {
        Iter(self.table.iter())
    }

    /// As [`super::packed::Packed::put`].
    pub(super) fn put(
        &mut self,
        name: &[u8],
        value: &[u8],
        expiry: impl FnOnce(Expiry) -> Expiry,
    ) -> Option<Expiry> {
        // Either closure of the table's call may run, and both need the same `expiry`.
        let expiry = std::cell::Cell::new(Some(expiry));
        let map = |old| expiry.take().map_or(old, |expiry| expiry(old));
        let mut new = None;
        let old = self.table.upsert(
            name,
            |field| {
                let old = field.expiry();
                let new = map(old);
                field.set(value, new);
                (old, new)
            },
            || {
                new = map(None);
                Field::new(name, value, new)
            },
        );
        match old {
            Some((old, new)) => {
                self.reindex(name, old, new);
                Some(old)
            }
            None => {
                self.reindex(name, None, new);
                None
            }
        }
    }

    /// Gives the field another expiry.
    pub(super) fn set_expiry(&mut self, name: &[u8], expiry: Expiry) {
        if let Some(field) = self.table.get_mut(name) {
            let old = field.expiry();
            field.set_expiry(expiry);
            self.reindex(name, old, expiry);
        }
    }

    /// Removes a field; returns the expiry it had if there was such a field.
    pub(super) fn remove(&mut self, name: &[u8]) -> Option<Expiry> {
        let old = self.table.remove(name)?.expiry();
        self.reindex(name, old, None);
        Some(old)
    }

    /// Removes up to `max` fields that have expired and returns their names, the earliest first.
    pub(super) fn take_expired(&mut self, now_ms: u64, max: usize) -> Vec<Vec<u8>> {
        let mut names = Vec::new();
        self.build_index();
        while names.len() < max {
            let first = self.index.as_ref().and_then(|index| index.first().copied());
            let Some((at_ms, hash)) = first.filter(|first| first.0 < now_ms) else { break };
            let due = |field: &Field| field.expiry() == Some(at_ms);
            let Some(field) = self.table.get_by_hash(hash, due) else { break };
            let name = field.key().to_vec();
            self.remove(&name);
            names.push(name);
        }
        names
    }

    /// The earliest expiry. O(log n), in a snapshot O(n).
    pub(super) fn next_expiry(&self) -> Expiry {
        match &self.index {
            _ if self.volatile == 0 => None,
            Some(index) => index.first().map(|first| first.0),
            None => self.table.iter().filter_map(Field::expiry).min(),
        }
    }

    pub(super) fn memory_usage(&self, samples: usize) -> usize {
        footprint::allocated(size_of::<Self>())
            + self.table.memory_bytes(samples)
            + self.volatile * INDEX_BYTES
    }

    /// Makes the index if fields expire and it is not there. O(n) then.
    pub(super) fn build_index(&mut self) {
        if self.volatile > 0 && self.index.is_none() {
            let items = self.table.iter().filter_map(|field| {
                let at_ms = field.expiry()?;
                Some((at_ms, hash_of(field.key())))
            });
            self.index = Some(items.collect());
        }
    }

    /// Tells the index that a field's expiry has changed in the table.
    fn reindex(&mut self, name: &[u8], old: Expiry, new: Expiry) {
        if old == new {
            return;
        }
        let volatile_before = self.volatile;
        self.volatile = volatile_before + usize::from(new.is_some()) - usize::from(old.is_some());
        if volatile_before > 0 && self.index.is_none() {
            // A clone; what it finds in the table includes this change.
            return self.build_index();
        }
        let hash = hash_of(name);
        let index = self.index.get_or_insert_default();
        if let Some(at_ms) = old {
            // Two names of one hash and one expiry share an item. Nobody has seen such a pair.
            let due = |field: &Field| field.expiry() == Some(at_ms);
            if self.table.get_by_hash(hash, due).is_none() {
                index.remove(&(at_ms, hash));
            }
        }
        if let Some(at_ms) = new {
            index.insert((at_ms, hash));
        }
        if self.volatile == 0 {
            self.index = None;
        }
    }
}

/// What callers see of a table's entry.
pub(super) fn view(field: &Field) -> FieldRef<'_> {
    FieldRef {
        name: Element::Bytes(field.key()),
        value: Element::Bytes(field.value()),
        expiry: field.expiry(),
    }
}

/// The fields of a big hash.
pub(super) struct Iter<'a>(table::Iter<'a, Field>);

impl<'a> Iterator for Iter<'a> {
    type Item = FieldRef<'a>;

    fn next(&mut self) -> Option<FieldRef<'a>> {
        self.0.next().map(view)
    }
}
