//! `FT.EXPLAIN index query [DIALECT dialect]` and `FT.EXPLAINCLI`: what a query means.

use super::common;
use super::request::Request;
use crate::prelude::*;
use redpoll_engine::search::Words;
use redpoll_search::query;

pub const EXPLAIN: Command = Command {
    spec: Spec {
        name: "ft.explain",
        arity: -3,
        flags: Flags::READONLY,
        group: Group::Search,
        since: "1.0.0",
        summary: "Tells what a query means, as a text.",
        complexity: "O(L) where L is the length of the query.",
        args: ARGS,
        ..Spec::EMPTY
    },
    run: |ctx, args| {
        let text = explained(ctx, args)?;
        ctx.reply.bulk(&text);
        Ok(())
    },
};

pub const EXPLAINCLI: Command = Command {
    spec: Spec {
        name: "ft.explaincli",
        arity: -3,
        flags: Flags::READONLY,
        group: Group::Search,
        since: "1.0.0",
        summary: "Tells what a query means, line by line.",
        complexity: "O(L) where L is the length of the query.",
        args: ARGS,
        ..Spec::EMPTY
    },
    run: |ctx, args| {
        let text = explained(ctx, args)?;
        let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
        ctx.reply.array(lines.len());
        lines.iter().for_each(|line| ctx.reply.bulk(line));
        Ok(())
    },
};

const ARGS: &[Arg] = &[
    Arg::string("index"),
    Arg::string("query"),
    Arg::integer("dialect").token("DIALECT").optional(),
];

fn explained(ctx: &Ctx<'_>, args: Args<'_>) -> Result<Vec<u8>> {
    let index = common::index(ctx, args.at(1))?;
    let mut words = Words::new(args.iter_from(3));
    // What a search is asked for besides may stand here too; it changes nothing.
    let request = Request::parse(ctx, &mut words)?;
    let prepared = request.query.prepare(&index, args.at(2))?;
    Ok(query::explain(&prepared.root, &*index.index.schema()))
}
