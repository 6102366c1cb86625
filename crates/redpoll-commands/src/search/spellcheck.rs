//! `FT.SPELLCHECK index query [DISTANCE distance] [TERMS INCLUDE|EXCLUDE dictionary] …`:
//! corrections for words that the index does not know.

use super::query::QueryOptions;
use super::{common, running};
use crate::prelude::*;
use redpoll_engine::search::Words;
use redpoll_resp::Proto;
use redpoll_search::spelling::{self, Check, Misspelling};

pub const SPELLCHECK: Command = Command {
    spec: Spec {
        name: "ft.spellcheck",
        arity: -3,
        flags: Flags::READONLY,
        locks: Locks::Own,
        group: Group::Search,
        since: "1.4.0",
        summary: "Suggests corrections for the words of a query that an index does not know.",
        complexity: "O(N) where N is the number of words of the index.",
        args: &[
            Arg::string("index"),
            Arg::string("query"),
            Arg::integer("distance").token("DISTANCE").optional(),
            Arg::block(
                "terms",
                &[
                    Arg::one_of(
                        "inclusion",
                        &[Arg::flag("include", "INCLUDE"), Arg::flag("exclude", "EXCLUDE")],
                    ),
                    Arg::string("dictionary"),
                ],
            )
            .token("TERMS")
            .optional()
            .multiple(),
            Arg::integer("dialect").token("DIALECT").optional(),
        ],
        ..Spec::EMPTY
    },
    run,
};

/// So many terms are walked past in the time that a document takes.
const TERMS: usize = 8;

/// What is asked for besides the query.
struct Options<'a> {
    query: QueryOptions<'a>,
    distance: usize,
    include: Vec<&'a [u8]>,
    exclude: Vec<&'a [u8]>,
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    common::catch_up(ctx);
    let index = common::index(ctx, args.at(1))?;
    let mut words = Words::new(args.iter_from(3));
    let options = parse_options(ctx, &mut words)?;
    let prepared = options.query.prepare(&index, args.at(2))?;
    let snapshot = index.index.snapshot();
    if running::leaves(ctx, snapshot.terms_len() / TERMS) {
        return Ok(());
    }
    let found = {
        let dictionaries = ctx.engine.search.dictionaries.read();
        let named = |names: &[&[u8]]| {
            let dictionary = |name: &&[u8]| {
                dictionaries.get(*name).ok_or_else(|| {
                    let name = String::from_utf8_lossy(name);
                    Error::text(format!("Dict does not exist: {name}"))
                })
            };
            names.iter().map(dictionary).collect::<Result<Vec<_>>>()
        };
        let (include, exclude) = (named(&options.include)?, named(&options.exclude)?);
        let check = Check { distance: options.distance, include: &include, exclude: &exclude };
        spelling::check(&prepared.root, &snapshot, check)
    };
    reply(ctx, &found, snapshot.docs().max(1) as f64);
    Ok(())
}

fn parse_options<'a>(ctx: &Ctx<'_>, words: &mut Words<'a>) -> Result<Options<'a>> {
    let query = QueryOptions { verbatim: true, ..QueryOptions::new(ctx) };
    let mut options = Options { query, distance: 1, include: Vec::new(), exclude: Vec::new() };
    let mut behind_terms = false;
    while let Some(word) = words.next_word() {
        if parse::is(word, "distance") {
            let missing = "DISTANCE arg is given but no DISTANCE comes after";
            if words.is_empty() {
                return Err(Error::text(missing));
            }
            let distance = words.number().ok().filter(|distance| (1..=4).contains(distance));
            options.distance = distance.ok_or(Error::text(
                "bad distance given, distance must be a natural number between 1 to 4",
            ))?;
        } else if parse::is(word, "terms") {
            let missing = "TERM arg is given but no TERM params comes after";
            let (Some(kind), Some(dictionary)) = (words.next_word(), words.next_word()) else {
                return Err(Error::text(missing));
            };
            match kind.to_ascii_uppercase().as_slice() {
                b"INCLUDE" => options.include.push(dictionary),
                b"EXCLUDE" => options.exclude.push(dictionary),
                _ => {
                    return Err(Error::text("bad format, exclude/include operation was not given"));
                }
            }
            behind_terms = true;
        } else if !options.query.option(word, words)? && !behind_terms {
            // Words behind a dictionary may be there, and mean nothing.
            let word = String::from_utf8_lossy(word);
            return Err(Error::text(format!("Unknown argument `{word}`")));
        }
    }
    Ok(options)
}

fn reply(ctx: &mut Ctx<'_>, found: &[Misspelling], docs: f64) {
    let reply = &mut ctx.reply;
    if reply.proto() == Proto::Resp2 {
        reply.array(found.len());
        for misspelling in found {
            reply.array(3);
            reply.simple("TERM");
            reply.bulk(&misspelling.word);
            reply.array(misspelling.corrections.len());
            for (word, count) in &misspelling.corrections {
                reply.array(2);
                reply.double(*count as f64 / docs);
                reply.bulk(word);
            }
        }
        return;
    }
    reply.map(1);
    reply.simple("results");
    reply.map(found.len());
    for misspelling in found {
        reply.bulk(&misspelling.word);
        reply.array(misspelling.corrections.len());
        for (word, count) in &misspelling.corrections {
            reply.map(1);
            reply.bulk(word);
            reply.double(*count as f64 / docs);
        }
    }
}
