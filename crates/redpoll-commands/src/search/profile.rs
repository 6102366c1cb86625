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
    if searches {
        let found = search::find(ctx, &words)?;
        head(&mut ctx.reply, "Results");
        let query_micros = found.deadline.micros();
        results::reply(ctx, &found);
        Profile {
            query_micros,
            total_micros: found.deadline.micros(),
            count: found.results.total,
            processors: &["Index", "Scorer", "Sorter", "Loader"],
            warnings: results::warning_texts(found.results.interrupted, found.results.truncated),
            root: &found.prepared.root,
        }
        .reply(&mut ctx.reply);
    } else {
        let made = aggregate::make(ctx, &words)?;
        head(&mut ctx.reply, "Results");
        let query_micros = made.deadline.micros();
        rows::reply(&mut ctx.reply, &made.pipeline, &made.rows, made.total, made.timed_out);
        Profile {
            query_micros,
            total_micros: made.deadline.micros(),
            count: made.total as u64,
            processors: &["Index", "Loader", "Pipeline"],
            warnings: results::warning_texts(made.timed_out, false),
            root: &made.prepared.root,
        }
        .reply(&mut ctx.reply);
    }
    Ok(())
}

/// The reply has two parts, with names where the protocol has maps.
fn head(reply: &mut Reply<'_>, first: &str) {
    if reply.proto() == Proto::Resp2 {
        reply.array(2);
    } else {
        reply.map(2);
        reply.simple(first);
    }
}

/// How a query went.
struct Profile<'a> {
    query_micros: u64,
    total_micros: u64,
    count: u64,
    processors: &'static [&'static str],
    warnings: Vec<&'static str>,
    root: &'a Node,
}

impl Profile<'_> {
    /// One shard, which is this server, and nobody who coordinates it with others.
    fn reply(&self, reply: &mut Reply<'_>) {
        if reply.proto() != Proto::Resp2 {
            reply.simple("Profile");
        }
        reply.map(2);
        reply.simple("Shards");
        reply.array(1);
        self.shard(reply);
        reply.simple("Coordinator");
        reply.map(0);
    }

    fn shard(&self, reply: &mut Reply<'_>) {
        let times = [("Total profile time", self.total_micros), ("Query time", self.query_micros)];
        reply.map(times.len() + 3);
        for (name, micros) in times {
            reply.simple(name);
            reply.double_text(general(micros as f64 / 1000.0).as_bytes());
        }
        reply.simple("Warning");
        let none = ["None"];
        let warnings = if self.warnings.is_empty() { &none } else { self.warnings.as_slice() };
        reply.array(warnings.len());
        warnings.iter().for_each(|text| reply.simple(text));
        reply.simple("Iterators profile");
        iterator(reply, self.root, Some(self.count));
        reply.simple("Result processors profile");
        reply.array(self.processors.len());
        for processor in self.processors {
            reply.map(1);
            reply.simple("Type");
            reply.simple(processor);
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
