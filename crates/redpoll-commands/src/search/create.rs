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
    Arg::one_of("indexall", &[Arg::flag("enable", "ENABLE"), Arg::flag("disable", "DISABLE")])
        .token("INDEXALL")
        .optional(),
    Arg::flag("schema", "SCHEMA"),
    Arg::block("field", super::alter::FIELD).multiple(),
];

/// As FT.CREATE, but nothing happens if there is such an index.
pub const CREATEIFNX: Command = Command {
    spec: Spec {
        name: "ft._createifnx",
        summary: "Creates an index over hashes if there is none of this name.",
        since: "2.0.0",
        ..CREATE.spec
    },
    run: |ctx, args| {
        // An alias of this name is another matter.
        if ctx.engine.search.indexes().iter().any(|index| *index.name == *args.at(1)) {
            ctx.reply.ok();
            return Ok(());
        }
        run(ctx, args)
    },
};

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

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn once_or_if_there_is_none() {
        check(
            "FT._CREATEIFNX i SCHEMA t TEXT | FT.CREATE i SCHEMA t TEXT | \
             FT._CREATEIFNX i SCHEMA x TAG | FT._LIST | FT.SEARCH i @x:{a}",
            "OK | Index already exists | OK | [i] | [0]",
        );
    }

    #[test]
    fn fields_are_many_or_not_kept() {
        check(
            "FT.CREATE i NOFIELDS MAXTEXTFIELDS SCHEMA t TEXT | FT.CREATE i SCHEMA t TEXT | \
             FT.ALIASADD i i",
            "MAXTEXTFIELDS cannot be used with NOFIELDS | OK | \
             Alias conflicts with an existing index name",
        );
    }

    #[test]
    fn all_can_be_asked_for() {
        check(
            "FT.CREATE i INDEXALL ENABLE SCHEMA t TEXT | FT.CREATE j INDEXALL NO SCHEMA t TEXT | \
             FT.CREATE k INDEXALL disable SCHEMA t TEXT",
            "OK | Invalid argument for `INDEXALL`, use ENABLE/DISABLE | OK",
        );
    }
}
