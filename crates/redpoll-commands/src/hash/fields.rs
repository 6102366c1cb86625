//! What the commands on hashes share.

use crate::prelude::*;
use redpoll_keyspace::Owned;
use redpoll_types::hash::Hash;

/// The moment of the command, as hashes count time. For the commands of a primary or of a log,
/// which name absolute times and say when fields go, it is before all times.
#[inline]
pub fn now(ctx: &Ctx<'_>) -> u64 {
    if ctx.session.is_primary {
        return 0;
    }
    u64::try_from(ctx.keys.now()).unwrap_or(0)
}

/// Fields that a command has dealt with, noted only if somebody wants to know them.
pub struct Noted<'a> {
    wanted: bool,
    fields: Vec<&'a [u8]>,
}

impl<'a> Noted<'a> {
    /// None yet.
    #[inline]
    pub fn of(ctx: &Ctx<'_>) -> Self {
        Noted { wanted: ctx.keys.effects.wants_fields(), fields: Vec::new() }
    }

    /// Notes a field.
    #[inline]
    pub fn note(&mut self, field: &'a [u8]) {
        if self.wanted {
            self.fields.push(field);
        }
    }

    /// The fields, if they are wanted.
    pub fn fields(&self) -> impl Iterator<Item = &'a [u8]> {
        self.fields.iter().copied()
    }
}

/// How many fields have not expired. O(1), and O(n) in the moments between a field's expiry and its
/// removal.
pub fn live_len(hash: &Hash, now: u64) -> usize {
    match hash.next_expiry() {
        Some(at) if at < now => hash.live(now).count(),
        _ => hash.len(),
    }
}

/// Changes the hash at `key` with `change`, or makes one if there is none; `change` must leave at
/// least one field there unless it fails.
#[inline]
pub fn change<R>(
    ctx: &mut Ctx<'_>,
    key: &[u8],
    change: impl FnOnce(&mut Hash) -> Result<R>,
) -> Result<R> {
    if let Some(hash) = ctx.keys.write::<Hash>(key)? {
        return change(hash);
    }
    let mut hash = Hash::new();
    let result = change(&mut hash)?;
    ctx.keys.put(key, Owned::Value(hash.into()), None);
    Ok(result)
}
