//! `FT.GET index key` and `FT.MGET index key …`: documents of an index. No score, language or
//! payload is among their fields.

use crate::prelude::*;
use crate::search::common;
use redpoll_engine::search::SearchIndex;
use redpoll_types::hash::Hash;

pub const GET: Command = Command {
    spec: Spec {
        name: "ft.get",
        arity: 3,
        keys: &[KeySpec::at(2).ro().access()],
        deprecated: Some(("2.0.0", "`HGETALL`")),
        summary: "Returns a hash that an index holds.",
        complexity: "O(N) where N is the number of fields.",
        args: &[Arg::string("index"), Arg::key("key", 0)],
        ..SPEC
    },
    run: |ctx, args| {
        let index = common::index(ctx, args.at(1))?;
        document(ctx, &index, args.at(2))
    },
};

pub const MGET: Command = Command {
    spec: Spec {
        name: "ft.mget",
        arity: -3,
        keys: &[KeySpec::range(2, -1, 1).ro().access()],
        deprecated: Some(("2.0.0", "`HGETALL`")),
        summary: "Returns hashes that an index holds.",
        complexity: "O(N) where N is the number of fields of all.",
        args: &[Arg::string("index"), Arg::key("key", 0).multiple()],
        ..SPEC
    },
    run: |ctx, args| {
        let index = common::index(ctx, args.at(1))?;
        ctx.reply.array(args.len() - 2);
        args.iter_from(2).try_for_each(|key| document(ctx, &index, key))
    },
};

const SPEC: Spec =
    Spec { flags: Flags::READONLY, group: Group::Search, since: "1.0.0", ..Spec::EMPTY };

/// Answers with a document; null if the index has none of this name.
fn document(ctx: &mut Ctx<'_>, index: &SearchIndex, key: &[u8]) -> Result {
    let now = u64::try_from(ctx.keys.now()).unwrap_or(0);
    let there = index.index.contains(key);
    // A key that has become something else is no document any more.
    let hash = ctx.keys.read::<Hash>(key).ok().flatten().filter(|_| there);
    let Some(hash) = hash else {
        ctx.reply.null();
        return Ok(());
    };
    let schema = index.index.schema();
    let options = schema.options();
    let special = [&options.score_field, &options.language_field, &options.payload_field];
    let fields: Vec<_> = hash
        .live(now)
        .map(|field| (field.name.to_vec(), field.value.to_vec()))
        .filter(|(name, _)| {
            !special
                .iter()
                .any(|other| other.as_ref().is_some_and(|other| other.eq_ignore_ascii_case(name)))
        })
        .collect();
    ctx.reply.array(2 * fields.len());
    for (name, value) in fields {
        ctx.reply.bulk(&name);
        ctx.reply.bulk_or_null((!value.is_empty()).then_some(&value[..]));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn gets_what_the_index_holds() {
        check(
            "FT.CREATE i PREFIX 1 d: SCHEMA t TEXT | HSET d:1 t x e '' | HSET other t x | \
             FT.GET i d:1 | FT.GET i other | FT.GET i d:2 | FT.MGET i d:1 d:2 | FT.GET none d:1",
            "OK | 2 | 1 | [t x e nil] | nil | nil | [[t x e nil] nil] | none: no such index",
        );
    }

    #[test]
    fn refuses() {
        check(
            "FT.GET i | FT.MGET i",
            "ERR wrong number of arguments for 'ft.get' command | \
             ERR wrong number of arguments for 'ft.mget' command",
        );
    }
}
