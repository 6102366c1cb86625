//! A small hash: fields in a listpack.
//!
//! Without expiries it is `name value name value …`. Once a field has been given an expiry it is
//! `name value expiry …`, 0 for none, ordered by expiry with those that have none last, so that the
//! next to expire is the first; this is the order of Redis 7.4's `listpackex` too, and dumps copy
//! it.

use super::{Expiry, FieldRef};
use crate::listpack::{Builder, Corrupt, Cursor, Element, Listpack};
use crate::number::write_i64;

/// Fields in a listpack, with or without a place for expiries.
#[derive(Clone)]
pub(super) struct Packed {
    pack: Listpack,
    with_expiry: bool,
}

/// Where a field is.
struct Place {
    name: Cursor,
    value: Cursor,
    /// Where its expiry is, and which.
    expiry: Option<(Cursor, Expiry)>,
}

impl Packed {
    pub(super) fn new() -> Self {
        Self { pack: Listpack::new(), with_expiry: false }
    }

    /// Takes over a listpack after checking that it holds whole fields of distinct names, and
    /// expiries in order where they should be. O(n).
    pub(super) fn from_listpack(pack: Listpack, with_expiry: bool) -> Result<Self, Corrupt> {
        let packed = Self { pack, with_expiry };
        if !packed.pack.len().is_multiple_of(packed.stride()) {
            return Err(Corrupt);
        }
        if with_expiry {
            let expiries = packed.pack.iter().skip(2).step_by(3);
            if !expiries.clone().all(|expiry| matches!(expiry, Element::Int(0..))) {
                return Err(Corrupt);
            }
            if !expiries.map(|expiry| sort_key(to_expiry(expiry))).is_sorted() {
                return Err(Corrupt);
            }
        }
        let mut seen = std::collections::HashSet::new();
        if !packed.iter().all(|field| seen.insert(field.name.to_vec())) {
            return Err(Corrupt);
        }
        Ok(packed)
    }

    pub(super) fn listpack(&self) -> &Listpack {
        &self.pack
    }

    /// The same, to be moved to another tier of memory.
    pub(super) fn listpack_mut(&mut self) -> &mut Listpack {
        &mut self.pack
    }

    pub(super) fn with_expiry(&self) -> bool {
        self.with_expiry
    }

    /// Elements of a field.
    fn stride(&self) -> usize {
        if self.with_expiry { 3 } else { 2 }
    }

    pub(super) fn len(&self) -> usize {
        self.pack.len() / self.stride()
    }

    pub(super) fn get(&self, name: &[u8]) -> Option<FieldRef<'_>> {
        self.find(name).map(|place| FieldRef {
            name: self.pack.at(place.name),
            value: self.pack.at(place.value),
            expiry: place.expiry.and_then(|(_, expiry)| expiry),
        })
    }

    pub(super) fn nth(&self, index: usize) -> Option<FieldRef<'_>> {
        let cursor = self.pack.seek((index * self.stride()) as i64)?;
        Iter { elements: self.pack.iter_from(cursor), with_expiry: self.with_expiry }.next()
    }

    pub(super) fn iter(&self) -> Iter<'_> {
        Iter { elements: self.pack.iter(), with_expiry: self.with_expiry }
    }

    /// Puts a field in. `expiry` maps the old expiry to the new one; returns the old one if there
    /// was such a field. Gives no expiry to a hash that has no place for it.
    pub(super) fn put(
        &mut self,
        name: &[u8],
        value: &[u8],
        expiry: impl FnOnce(Expiry) -> Expiry,
    ) -> Option<Expiry> {
        let Some(place) = self.find(name) else {
            let expiry = expiry(None);
            self.insert(name, value, expiry);
            return None;
        };
        let old = place.expiry.and_then(|(_, old)| old);
        let new = expiry(old);
        if old == new {
            self.pack.replace(place.value, value);
        } else {
            self.pack.remove_entries(place.name, self.stride());
            self.insert(name, value, new);
        }
        Some(old)
    }

    /// Gives the field another expiry; the hash must have a place for it.
    pub(super) fn set_expiry(&mut self, name: &[u8], expiry: Expiry) {
        if let Some(place) = self.find(name) {
            let value = self.pack.at(place.value).to_vec();
            self.pack.remove_entries(place.name, self.stride());
            self.insert(name, &value, expiry);
        }
    }

    /// Removes a field; returns the expiry it had if there was such a field.
    pub(super) fn remove(&mut self, name: &[u8]) -> Option<Expiry> {
        let place = self.find(name)?;
        self.pack.remove_entries(place.name, self.stride());
        Some(place.expiry.and_then(|(_, expiry)| expiry))
    }

    /// Removes up to `max` fields that have expired and returns their names.
    pub(super) fn take_expired(&mut self, now_ms: u64, max: usize) -> Vec<Vec<u8>> {
        if !self.with_expiry {
            return Vec::new();
        }
        let expired = self.iter().take_while(|field| field.expired(now_ms)).take(max);
        let names: Vec<_> = expired.map(|field| field.name.to_vec()).collect();
        self.pack.remove_range(0, names.len() * self.stride());
        names
    }

    /// The earliest expiry.
    pub(super) fn next_expiry(&self) -> Expiry {
        if self.with_expiry { self.iter().next()?.expiry } else { None }
    }

    /// Makes a place for expiries.
    pub(super) fn add_expiries(&mut self) {
        if self.with_expiry {
            return;
        }
        let mut pack = Builder::with_capacity(self.pack.bytes_len() + 2 * self.len());
        for field in self.iter() {
            pack.push_element(field.name);
            pack.push_element(field.value);
            pack.push_i64(0);
        }
        *self = Self { pack: pack.finish(), with_expiry: true };
    }

    fn find(&self, name: &[u8]) -> Option<Place> {
        let name = self.pack.find(name, self.stride() - 1)?;
        let value = self.pack.next(name)?;
        let expiry = if self.with_expiry {
            let cursor = self.pack.next(value)?;
            Some((cursor, to_expiry(self.pack.at(cursor))))
        } else {
            None
        };
        Some(Place { name, value, expiry })
    }

    /// Puts a field that is not there in its place: at the end, but before later expiries.
    fn insert(&mut self, name: &[u8], value: &[u8], expiry: Expiry) {
        if !self.with_expiry {
            self.pack.push_back_all([name, value]);
            return;
        }
        let mut later = None;
        if expiry.is_some() {
            let mut cursor = self.pack.first();
            while let Some(at) = cursor {
                let Some(here) = self.pack.next(at).and_then(|value| self.pack.next(value)) else {
                    break;
                };
                if sort_key(to_expiry(self.pack.at(here))) > sort_key(expiry) {
                    later = Some(at);
                    break;
                }
                cursor = self.pack.next(here);
            }
        }
        let mut buffer = [0; 21];
        let expiry = write_i64(expiry.map_or(0, |at_ms| at_ms as i64), &mut buffer);
        self.pack.insert_all_before(later, [name, value, expiry]);
    }
}

/// The expiry an element stands for.
fn to_expiry(element: Element<'_>) -> Expiry {
    element.as_i64().filter(|&at_ms| at_ms > 0).map(|at_ms| at_ms as u64)
}

/// Orders expiries with "never" last.
fn sort_key(expiry: Expiry) -> u64 {
    expiry.unwrap_or(u64::MAX)
}

/// The fields of a small hash.
pub(super) struct Iter<'a> {
    elements: crate::listpack::Iter<'a>,
    with_expiry: bool,
}

impl<'a> Iterator for Iter<'a> {
    type Item = FieldRef<'a>;

    fn next(&mut self) -> Option<FieldRef<'a>> {
        let (name, value) = (self.elements.next()?, self.elements.next()?);
        let expiry = if self.with_expiry { to_expiry(self.elements.next()?) } else { None };
        Some(FieldRef { name, value, expiry })
    }
}
