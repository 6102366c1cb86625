//! `FT.PROFILE index SEARCH|AGGREGATE [LIMITED] QUERY query …`: run a query and tell how it went.

use super::{aggregate, common, results, rows, search};
use crate::prelude::*;
use redpoll_resp::{Proto, Reply};
use redpoll_search::number::general;
use redpoll_search::query::{Node, NodeKind};

pub const PROFILE: Command = Command {
    spec: Spec {
        name: "ft.profile",
        arity: -5,
        flags: Flags::READONLY,
        locks: Locks::Own,
        group: Group::Search,
        since: "2.2.0",
        summary: "Runs a query and tells how it went.",
        complexity: "O(N), as the query",
        args: &[
            Arg::string("index"),
            Arg::one_of(
                "querytype",
                &[Arg::flag("search", "SEARCH"), Arg::flag("aggregate", "AGGREGATE")],
            ),
            Arg::flag("limited", "LIMITED").optional(),
            Arg::string("query").token("QUERY"),
        ],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    common::catch_up(ctx);
    let searches = match args.at(2).to_ascii_uppercase().as_slice() {
        b"SEARCH" => true,
        b"AGGREGATE" => false,
        _ => return Err(Error::text("No `SEARCH` or `AGGREGATE` provided")),
    };
    let query = 3 + usize::from(args.is(3, "limited"));
    if !args.is(query, "query") {
        return Err(Error::text("The QUERY keyword is expected"));
    }
    let words: Vec<&[u8]> = [args.at(1)].into_iter().chain(args.iter_from(query + 1)).collect();
    let modern = ctx.reply.proto() != Proto::Resp2;
    match modern {
        true => {
            ctx.reply.map(2);
            ctx.reply.simple("Results");
        }
        false => ctx.reply.array(2),
    }
    let profile = if searches {
        let found = search::find(ctx, &words)?;
        let micros = found.deadline.micros();
        results::reply(ctx, &found);
        Profile {
            micros,
            total_micros: found.deadline.micros(),
            count: found.results.total,
            processors: &["Index", "Scorer", "Sorter", "Loader"],
            warnings: (found.results.interrupted, found.results.truncated),
            root: found.prepared.root,
        }
    } else {
        let made = aggregate::make(ctx, &words)?;
        let micros = made.deadline.micros();
        rows::reply(&mut ctx.reply, &made.pipeline, &made.rows, made.total, made.timed_out);
        Profile {
            micros,
            total_micros: made.deadline.micros(),
            count: made.total as u64,
            processors: &["Index", "Loader", "Pipeline"],
            warnings: (made.timed_out, false),
            root: made.prepared.root,
        }
    };
    if modern {
        ctx.reply.simple("Profile");
    }
    profile.reply(&mut ctx.reply);
    Ok(())
}

/// How a query went.
struct Profile {
    micros: u64,
    total_micros: u64,
    count: u64,
    processors: &'static [&'static str],
    warnings: (bool, bool),
    root: Node,
}

impl Profile {
    fn reply(&self, reply: &mut Reply<'_>) {
        let milliseconds = |micros: u64| general(micros as f64 / 1000.0);
        reply.map(5);
        reply.simple("Total profile time");
        reply.double_text(milliseconds(self.total_micros).as_bytes());
        reply.simple("Query time");
        reply.double_text(milliseconds(self.micros).as_bytes());
        results::warnings(reply, self.warnings.0, self.warnings.1);
        reply.simple("Iterators profile");
        iterator(reply, &self.root, Some(self.count));
        reply.simple("Result processors profile");
        reply.array(self.processors.len());
        for processor in self.processors {
            reply.map(1);
            reply.simple("Type");
            reply.bulk(processor.as_bytes());
        }
    }
}

/// A part of the query, and those below it.
fn iterator(reply: &mut Reply<'_>, node: &Node, count: Option<u64>) {
    let (kind, text): (&str, Option<&[u8]>) = match &node.kind {
        NodeKind::Empty => ("EMPTY", None),
        NodeKind::All => ("WILDCARD", None),
        NodeKind::Term { text, .. } => ("TEXT", Some(text)),
        NodeKind::Exact(_) => ("EXACT", None),
        NodeKind::Intersection(_) => ("INTERSECT", None),
        NodeKind::Union(_) => ("UNION", None),
        NodeKind::Not(_) => ("NOT", None),
        NodeKind::Optional(_) => ("OPTIONAL", None),
        NodeKind::Affix { text, .. } => ("PREFIX", Some(text)),
        NodeKind::Wildcard { pattern } => ("WILDCARD-PATTERN", Some(pattern)),
        NodeKind::Fuzzy { text, .. } => ("FUZZY", Some(text)),
        NodeKind::Tag(_) => ("TAG", None),
        NodeKind::Numeric(_) => ("NUMERIC", None),
        NodeKind::Geo(_) => ("GEO", None),
        NodeKind::Shape(_) => ("GEOSHAPE", None),
        NodeKind::Vector(_) => ("VECTOR", None),
        NodeKind::Missing(_) => ("MISSING", None),
        NodeKind::Keys(_) => ("ID-LIST", None),
    };
    let children = node.children();
    let entries = 1
        + usize::from(text.is_some())
        + usize::from(count.is_some())
        + usize::from(!children.is_empty());
    reply.map(entries);
    reply.simple("Type");
    reply.simple(kind);
    if let Some(text) = text {
        reply.simple("Term");
        reply.bulk(text);
    }
    if let Some(count) = count {
        reply.simple("Counter");
        reply.count(usize::try_from(count).unwrap_or(usize::MAX));
    }
    if !children.is_empty() {
        reply.simple("Child iterators");
        reply.array(children.len());
        children.iter().for_each(|child| iterator(reply, child, None));
    }
}
