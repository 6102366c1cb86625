//! `FT.CREATE index [ON HASH] [PREFIX count prefix [prefix …]] [FILTER filter] … SCHEMA field type
//! …`: make an index.

use super::common;
use crate::prelude::*;
use redpoll_engine::search::Definition;

pub const CREATE: Command = Command {
    spec: Spec {
        name: "ft.create",
        arity: -5,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        // Its place in the change log is exact, as that of libraries of functions.
        locks: Locks::All,
        group: Group::Search,
        since: "1.0.0",
        summary: "Creates an index over hashes.",
        complexity: "O(K) where K is the number of fields; hashes that are there are indexed in \
                     the background, O(N).",
        args: ARGS,
        ..Spec::EMPTY
    },
    run,
};

const COUNTED: &[Arg] = &[Arg::integer("count"), Arg::string("word").multiple()];

const ARGS: &[Arg] = &[
    Arg::string("index"),
    Arg::flag("hash", "HASH").token("ON").optional(),
    Arg::block("prefix", COUNTED).token("PREFIX").optional(),
    Arg::string("filter").token("FILTER").optional(),
    Arg::string("default_lang").token("LANGUAGE").optional(),
    Arg::string("lang_attribute").token("LANGUAGE_FIELD").optional(),
    Arg::double("default_score").token("SCORE").optional(),
    Arg::string("score_attribute").token("SCORE_FIELD").optional(),
    Arg::string("payload_attribute").token("PAYLOAD_FIELD").optional(),
    Arg::flag("maxtextfields", "MAXTEXTFIELDS").optional(),
    Arg::integer("seconds").token("TEMPORARY").optional(),
    Arg::flag("nooffsets", "NOOFFSETS").optional(),
    Arg::flag("nohl", "NOHL").optional(),
    Arg::flag("nofields", "NOFIELDS").optional(),
    Arg::flag("nofreqs", "NOFREQS").optional(),
    Arg::block("stopwords", COUNTED).token("STOPWORDS").optional(),
    Arg::flag("skipinitialscan", "SKIPINITIALSCAN").optional(),
    Arg::flag("schema", "SCHEMA"),
    Arg::block("field", super::alter::FIELD).multiple(),
];

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    common::only_in_first(ctx)?;
    let words: Vec<&[u8]> = args.iter_from(1).collect();
    let definition = Definition::parse(&words).map_err(common::error)?;
    let (search, now) = (&ctx.engine.search, ctx.keys.now());
    search.add(definition, &ctx.engine.keyspace, now).map_err(common::name_error)?;
    common::changed(ctx);
    ctx.reply.ok();
    Ok(())
}
