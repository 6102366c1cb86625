//! The end of the commands that store a sorted set which they have computed.

use crate::prelude::*;
use redpoll_keyspace::Owned;
use redpoll_types::zset::ZSet;

/// Puts a computed set at `key` in place of what is there, or removes the key if the set is empty;
/// answers how many members it has.
pub fn store(ctx: &mut Ctx<'_>, key: &[u8], set: ZSet, event: &'static str) {
    let len = set.len();
    ctx.reply.count(len);
    if len > 0 {
        ctx.keys.put(key, Owned::Value(set.into()), None);
        ctx.wrote(key, Class::ZSet, event, 1);
    } else if ctx.keys.delete(key) {
        ctx.wrote(key, Class::Generic, "del", 1);
    }
}
