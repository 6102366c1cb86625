//! Documents as they are now.

use crate::prelude::*;
use redpoll_search::schema::IndexOptions;
use redpoll_types::hash::Hash;

/// Calls `read` for the hash at a key of the first database, which is locked meanwhile. None if
/// there is no hash any more.
pub(super) fn with_hash<R>(
    ctx: &mut Ctx<'_>,
    key: &[u8],
    read: impl FnOnce(&Hash, u64) -> R,
) -> Option<R> {
    let before = ctx.keys.db();
    ctx.keys.select(0);
    ctx.keys.lock_key(key);
    let now = u64::try_from(ctx.keys.now()).unwrap_or(0);
    let found = match ctx.keys.peek(key).map(|entry| entry.into_payload()) {
        Some(redpoll_keyspace::entry::Payload::Value(value)) => {
            <Hash as redpoll_types::value::Typed>::of(value).map(|hash| read(hash, now))
        }
        _ => None,
    };
    ctx.keys.unlock_walk();
    ctx.keys.select(before);
    found
}

/// The fields of a hash and their values, without those in which it says something of itself.
pub(super) fn all(hash: &Hash, now: u64, options: &IndexOptions) -> Vec<(Vec<u8>, Vec<u8>)> {
    let fields = hash.live(now).map(|field| (field.name.to_vec(), field.value.to_vec()));
    fields.filter(|(name, _)| !options.is_special(name)).collect()
}
