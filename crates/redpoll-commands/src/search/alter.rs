//! `FT.ALTER index [SKIPINITIALSCAN] SCHEMA ADD field type …`: add fields to an index.

use super::common;
use crate::prelude::*;

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
    run,
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

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let index = ctx.engine.search.index(args.at(1));
    let index = index.ok_or_else(|| common::unknown(args.at(1)))?;
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
    index.add_fields(&words, skips).map_err(common::error)?;
    ctx.engine.search.wake_workers();
    common::changed(ctx);
    ctx.reply.ok();
    Ok(())
}
