//! `FT.PROFILE index SEARCH|AGGREGATE [LIMITED] QUERY query …`: run a query and tell how it went.

use super::{aggregate, common, results, rows, running, search};
use crate::prelude::*;
use redpoll_resp::{Proto, Reply};
use redpoll_search::execute::IteratorProfile;
use redpoll_search::number::general;

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
        let Some(found) = search::find(ctx, &words, true)? else { return Ok(()) };
        let query_micros = found.running.micros();
        head(&mut ctx.reply, "Results");
        results::reply(ctx, &found);
        let shown = found.results.hits.len() as u64;
        Profile {
            query_micros,
            total_micros: found.running.micros(),
            processors: &[("Index", found.results.total), ("Loader", shown)],
            warnings: results::warning_texts(found.results.interrupted, found.results.truncated),
            root: found.results.profile.as_ref(),
        }
        .reply(&mut ctx.reply);
        running::remark(ctx, &found.running, &found.prepared);
    } else {
        let Some(made) = aggregate::make(ctx, &words, true)? else { return Ok(()) };
        let query_micros = made.running.micros();
        head(&mut ctx.reply, "Results");
        let columns = made.pipeline.columns();
        rows::reply(&mut ctx.reply, &columns, &made.rows, made.total, made.timed_out);
        let shown = made.rows.len() as u64;
        Profile {
            query_micros,
            total_micros: made.running.micros(),
            processors: &[("Index", made.found), ("Pipeline", shown)],
            warnings: results::warning_texts(made.timed_out, false),
            root: made.profile.as_ref(),
        }
        .reply(&mut ctx.reply);
        running::remark(ctx, &made.running, &made.prepared);
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
    /// What results went through, and how many of them.
    processors: &'a [(&'static str, u64)],
    warnings: Vec<&'static str>,
    root: Option<&'a IteratorProfile>,
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
        match self.root {
            Some(root) => iterator(reply, root),
            None => reply.array(0),
        }
        reply.simple("Result processors profile");
        reply.array(self.processors.len());
        // The index has found what it has before anything else begins.
        let times = [self.query_micros, self.total_micros - self.query_micros];
        for ((kind, count), micros) in self.processors.iter().zip(times) {
            reply.map(3);
            reply.simple("Type");
            reply.simple(kind);
            time(reply, micros * 1000);
            reply.simple("Counter");
            reply.count(usize::try_from(*count).unwrap_or(usize::MAX));
        }
    }
}

/// A time, in milliseconds.
fn time(reply: &mut Reply<'_>, nanos: u64) {
    reply.simple("Time");
    reply.double_text(general(nanos as f64 / 1e6).as_bytes());
}

/// An iterator, and those below it.
fn iterator(reply: &mut Reply<'_>, profile: &IteratorProfile) {
    let below = &profile.children;
    reply.map(4 + usize::from(profile.term.is_some()) + usize::from(!below.is_empty()));
    reply.simple("Type");
    reply.simple(profile.kind);
    if let Some(term) = &profile.term {
        reply.simple("Term");
        reply.bulk(term);
    }
    time(reply, profile.nanos);
    for (name, count) in [("Counter", profile.reads), ("Size", profile.estimate)] {
        reply.simple(name);
        reply.count(usize::try_from(count).unwrap_or(usize::MAX));
    }
    if !below.is_empty() {
        reply.simple("Child iterators");
        reply.array(below.len());
        below.iter().for_each(|child| iterator(reply, child));
    }
}
