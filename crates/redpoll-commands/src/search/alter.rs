//! `FT.ALTER index [SKIPINITIALSCAN] SCHEMA ADD field type …`: add fields to an index.

use super::common;
use crate::prelude::*;
use redpoll_engine::acl::patterns::Access;

pub const ALTER: Command = Command {
    spec: Spec {
        name: "ft.alter",
        arity: -6,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        locks: Locks::All,
        group: Group::Search,
        since: "1.0.0",
        summary: "Adds fields to an index.",
        complexity: "O(N) in the background, where N is the number of hashes.",
        args: &[
            Arg::string("index"),
            Arg::flag("skipinitialscan", "SKIPINITIALSCAN").optional(),
            Arg::flag("schema", "SCHEMA"),
            Arg::flag("add", "ADD"),
            Arg::block("field", FIELD).multiple(),
        ],
        ..Spec::EMPTY
    },
    run: |ctx, args| run(ctx, args, false),
};

/// A field of an index.
pub(super) const FIELD: &[Arg] = &[
    Arg::string("field_name"),
    Arg::string("alias").token("AS").optional(),
    Arg::one_of(
        "field_type",
        &[
            Arg::flag("text", "TEXT"),
            Arg::flag("tag", "TAG"),
            Arg::flag("numeric", "NUMERIC"),
            Arg::flag("geo", "GEO"),
            Arg::flag("geoshape", "GEOSHAPE"),
            Arg::flag("vector", "VECTOR"),
        ],
    ),
    Arg::string("options").optional().multiple(),
];

/// As FT.ALTER, but nothing happens if there is a field of the first name.
pub const ALTERIFNX: Command = Command {
    spec: Spec {
        name: "ft._alterifnx",
        summary: "Adds fields to an index if it does not have them.",
        since: "2.0.0",
        ..ALTER.spec
    },
    run: |ctx, args| run(ctx, args, true),
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>, if_new: bool) -> Result {
    let index = common::unused(ctx, args.at(1), Access::READ)?;
    let skips = args.is(2, "skipinitialscan");
    let schema = 2 + usize::from(skips);
    if !args.is(schema, "schema") {
        return Err(Error::text("ALTER must be followed by SCHEMA"));
    }
    if !args.is(schema + 1, "add") {
        return Err(Error::text("Unknown action passed to ALTER SCHEMA"));
    }
    let words: Vec<&[u8]> = args.iter_from(schema + 2).collect();
    if words.is_empty() {
        return Err(Error::text("No fields provided"));
    }
    if if_new && index.index.schema().id(words[0]).is_some() {
        ctx.reply.ok();
        return Ok(());
    }
    index.add_fields(&words, skips).map_err(common::error)?;
    ctx.engine.search.wake_workers();
    common::changed(ctx);
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn once_or_if_it_is_new() {
        check(
            "FT.CREATE i SCHEMA t TEXT | FT.ALTER i SCHEMA ADD n NUMERIC | \
             FT.ALTER i SCHEMA ADD n NUMERIC | FT._ALTERIFNX i SCHEMA ADD n NUMERIC | \
             FT._ALTERIFNX i SCHEMA ADD m NUMERIC | HSET d m 1 | FT.SEARCH i '@m:[1 1]' NOCONTENT",
            "OK | OK | Duplicate field in schema - n | OK | OK | 1 | [1 d]",
        );
    }
}
