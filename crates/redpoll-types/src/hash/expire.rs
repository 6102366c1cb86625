//! Expiries of fields: what the commands of the HEXPIRE family need.

use super::{Expiry, Hash, Repr};

/// Expiries that a field can have, in milliseconds since 1970; others are cut to them. (A listpack
/// holds signed integers, and 0 for none; commands refuse far smaller numbers than the largest.)
pub(super) const AT_MIN: u64 = 1;
pub(super) const AT_MAX: u64 = i64::MAX as u64;

/// Under which condition HEXPIRE sets an expiry. A field without one counts as never expiring for
/// `Greater` and `Less`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Always.
    Always,
    /// NX: only if it has none.
    Absent,
    /// XX: only if it has one.
    Present,
    /// GT: only if it is later than the present one.
    Greater,
    /// LT: only if it is earlier than the present one.
    Less,
}

/// What [`Hash::set_expiry`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetExpiry {
    /// There is no such field (HEXPIRE replies -2).
    NoField,
    /// The condition does not hold (0).
    ConditionNotMet,
    /// The expiry is set (1).
    Set,
    /// The expiry is not in the future: the field is deleted (2).
    Deleted,
}

/// What [`Hash::expiry`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldExpiry {
    /// There is no such field (HTTL replies -2).
    NoField,
    /// The field does not expire (-1).
    Never,
    /// The field expires at this many milliseconds since 1970.
    At(u64),
}

/// What [`Hash::persist`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persisted {
    /// There is no such field (HPERSIST replies -2).
    NoField,
    /// The field had no expiry (-1).
    Never,
    /// The expiry is gone (1).
    Removed,
}

impl Condition {
    /// Whether `new_ms` may take the place of `old`.
    fn allows(self, old: Expiry, new_ms: u64) -> bool {
        match (self, old) {
            (Self::Always, _) | (Self::Absent | Self::Less, None) => true,
            (Self::Absent, Some(_)) | (Self::Present | Self::Greater, None) => false,
            (Self::Present, Some(_)) => true,
            (Self::Greater, Some(old_ms)) => new_ms > old_ms,
            (Self::Less, Some(old_ms)) => new_ms < old_ms,
        }
    }
}

impl Hash {
    /// Lets field `name` expire at `at_ms` if `condition` holds; deletes it if that is not after
    /// `now_ms`. Costs as [`Hash::get`], and the first time O(n) for a small hash.
    pub fn set_expiry(
        &mut self,
        name: &[u8],
        at_ms: u64,
        condition: Condition,
        now_ms: u64,
    ) -> SetExpiry {
        let Some(field) = self.find(name).filter(|field| !field.expired(now_ms)) else {
            return SetExpiry::NoField;
        };
        if !condition.allows(field.expiry, at_ms) {
            return SetExpiry::ConditionNotMet;
        }
        if at_ms <= now_ms {
            self.delete(name, now_ms);
            return SetExpiry::Deleted;
        }
        self.write_expiry(name, Some(at_ms.clamp(AT_MIN, AT_MAX)));
        SetExpiry::Set
    }

    /// When field `name` expires. Costs as [`Hash::get`].
    pub fn expiry(&self, name: &[u8], now_ms: u64) -> FieldExpiry {
        match self.find(name).filter(|field| !field.expired(now_ms)) {
            None => FieldExpiry::NoField,
            Some(field) => field.expiry.map_or(FieldExpiry::Never, FieldExpiry::At),
        }
    }

    /// Takes the expiry of field `name` away. Costs as [`Hash::get`].
    pub fn persist(&mut self, name: &[u8], now_ms: u64) -> Persisted {
        match self.expiry(name, now_ms) {
            FieldExpiry::NoField => Persisted::NoField,
            FieldExpiry::Never => Persisted::Never,
            FieldExpiry::At(_) => {
                self.write_expiry(name, None);
                Persisted::Removed
            }
        }
    }

    /// When the next field expires, or has expired if it is still there; `None` if no field
    /// expires. O(1); O(n) in a snapshot of a big hash.
    pub fn next_expiry(&self) -> Expiry {
        match &self.repr {
            Repr::Packed(packed) => packed.next_expiry(),
            Repr::Table(fields) => fields.next_expiry(),
        }
    }

    /// Removes up to `max` fields that have expired, the earliest first, and returns their names.
    /// O(log n) each.
    pub fn take_expired(&mut self, now_ms: u64, max: usize) -> Vec<Vec<u8>> {
        match &mut self.repr {
            Repr::Packed(packed) => packed.take_expired(now_ms, max),
            Repr::Table(fields) => fields.take_expired(now_ms, max),
        }
    }

    /// Makes ready a clone that is to live on under a key of its own, as COPY makes one: finds its
    /// expiring fields, which a snapshot does without. Changing it would do so too, in the middle
    /// of a write. O(n) for a big hash with expiring fields, nothing for others.
    pub fn adopt(&mut self) {
        if let Repr::Table(fields) = &mut self.repr {
            fields.build_index();
        }
    }

    /// How many fields expire. O(1), O(n) for a small hash.
    pub fn volatile_len(&self) -> usize {
        match &self.repr {
            Repr::Packed(packed) => packed.iter().filter(|field| field.expiry.is_some()).count(),
            Repr::Table(fields) => fields.volatile(),
        }
    }

    fn write_expiry(&mut self, name: &[u8], expiry: Expiry) {
        match &mut self.repr {
            Repr::Packed(packed) => {
                packed.add_expiries();
                packed.set_expiry(name, expiry);
            }
            Repr::Table(fields) => fields.set_expiry(name, expiry),
        }
    }
}
