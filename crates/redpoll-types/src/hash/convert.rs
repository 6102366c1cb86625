//! From a listpack to a table, and from and to what a dump holds.

use super::expire::{AT_MAX, AT_MIN};
use super::fields::Fields;
use super::packed::Packed;
use super::{Expiry, Hash, Repr};
use crate::limits::Limits;
use crate::listpack::{Corrupt, Listpack};

impl Hash {
    /// Prepares for `count` more fields: more than a listpack may hold make it a table at once, as
    /// an HSET of many fields does in Redis. O(n) then.
    pub fn expect(&mut self, count: usize, limits: &Limits) {
        if count > limits.hash_max_listpack_entries {
            self.make_table();
        }
    }

    /// The hash of a listpack of names and values, or of names, values and expiries in Redis 7.4's
    /// order; checked, and a table if beyond the limits. O(n).
    pub fn from_listpack(
        pack: Listpack,
        with_expiry: bool,
        limits: &Limits,
    ) -> Result<Self, Corrupt> {
        let packed = Packed::from_listpack(pack, with_expiry)?;
        let longest = packed.iter().map(|field| field.name.len().max(field.value.len())).max();
        let fits = packed.len() <= limits.hash_max_listpack_entries
            && longest.unwrap_or(0) <= limits.hash_max_listpack_value;
        let mut hash = Self { repr: Repr::Packed(packed) };
        if !fits {
            hash.make_table();
        }
        Ok(hash)
    }

    /// Puts a field in as a dump or another hash had it; returns whether there was no such field.
    pub fn restore(&mut self, name: &[u8], value: &[u8], expiry: Expiry, limits: &Limits) -> bool {
        self.make_room(name, value, limits);
        let expiry = expiry.map(|at_ms| at_ms.clamp(AT_MIN, AT_MAX));
        let old = match &mut self.repr {
            Repr::Packed(packed) => {
                if expiry.is_some() {
                    packed.add_expiries();
                }
                packed.put(name, value, |_| expiry)
            }
            Repr::Table(fields) => fields.put(name, value, |_| expiry),
        };
        self.leave_listpack(limits);
        old.is_none()
    }

    /// The listpack, if that is the encoding, and whether it holds expiries.
    pub fn as_listpack(&self) -> Option<(&Listpack, bool)> {
        match &self.repr {
            Repr::Packed(packed) => Some((packed.listpack(), packed.with_expiry())),
            Repr::Table(_) => None,
        }
    }

    /// Leaves the listpack before a field that is too long for it.
    pub(super) fn make_room(&mut self, name: &[u8], value: &[u8], limits: &Limits) {
        if let Repr::Packed(packed) = &self.repr {
            let longest = name.len().max(value.len());
            let grows = name.len().saturating_add(value.len());
            if longest > limits.hash_max_listpack_value || !packed.listpack().can_grow(grows) {
                self.make_table();
            }
        }
    }

    /// Leaves the listpack if it holds more fields than it may.
    pub(super) fn leave_listpack(&mut self, limits: &Limits) {
        let Repr::Packed(packed) = &self.repr else { return };
        if packed.len() > limits.hash_max_listpack_entries {
            self.make_table();
        }
    }

    fn make_table(&mut self) {
        let Repr::Packed(packed) = &self.repr else { return };
        let mut fields = Fields::new();
        for field in packed.iter() {
            let (mut name, mut value) = ([0; 21], [0; 21]);
            let name = field.name.as_bytes(&mut name);
            let value = field.value.as_bytes(&mut value);
            fields.put(name, value, |_| field.expiry);
        }
        self.repr = Repr::Table(Box::new(fields));
    }
}
