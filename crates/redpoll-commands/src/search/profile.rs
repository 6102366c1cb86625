//! `FT.PROFILE index SEARCH|AGGREGATE|HYBRID [LIMITED] QUERY query …`: run a query and tell how it
//! went.

use super::{aggregate, common, hybrid, results, rows, running, search};
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
                &[
                    Arg::flag("search", "SEARCH"),
                    Arg::flag("hybrid", "HYBRID"),
                    Arg::flag("aggregate", "AGGREGATE"),
                ],
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
    let profile = match args.at(2).to_ascii_uppercase().as_slice() {
        b"SEARCH" => of_search,
        b"AGGREGATE" => of_aggregation,
        b"HYBRID" => of_hybrid,
        _ => return Err(Error::text("No `SEARCH`, `AGGREGATE`, or `HYBRID` provided")),
    };
    let query = 3 + usize::from(args.is(3, "limited"));
    if !args.is(query, "query") {
        return Err(Error::text("The QUERY keyword is expected"));
    }
    let words: Vec<&[u8]> = [args.at(1)].into_iter().chain(args.iter_from(query + 1)).collect();
    profile(ctx, &words)
}

fn of_search(ctx: &mut Ctx<'_>, words: &[&[u8]]) -> Result {
    let Some(found) = search::find(ctx, words, true)? else { return Ok(()) };
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
    Ok(())
}

fn of_aggregation(ctx: &mut Ctx<'_>, words: &[&[u8]]) -> Result {
    let Some(made) = aggregate::make(ctx, words, true)? else { return Ok(()) };
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
    Ok(())
}

/// The profile is one more entry of the answer's map, without a name where there are no maps.
fn of_hybrid(ctx: &mut Ctx<'_>, words: &[&[u8]]) -> Result {
    let Some(made) = hybrid::make(ctx, words, true)? else { return Ok(()) };
    let reply = &mut ctx.reply;
    match reply.proto() {
        Proto::Resp2 => reply.array(9),
        _ => reply.map(5),
    }
    made.reply(reply);
    if reply.proto() != Proto::Resp2 {
        reply.simple("Profile");
    }
    reply.map(2);
    reply.simple("Shards");
    reply.array(1);
    reply.map(2);
    let found = &made.found;
    for (name, root, count) in [
        ("SEARCH", &found.text_profile, found.texts.len()),
        ("VSIM", &found.vector_profile, found.vectors.len()),
    ] {
        reply.simple(name);
        reply.map(3);
        warnings(reply, &[]);
        iterators(reply, root.as_ref());
        processors(reply, &[("Index", count as u64)], &[]);
    }
    reply.simple("Coordinator");
    reply.map(2);
    let told = made.warnings();
    warnings(reply, &told.iter().map(String::as_str).collect::<Vec<_>>());
    processors(reply, &[("Hybrid Merger", made.total() as u64)], &[]);
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
        warnings(reply, &self.warnings);
        iterators(reply, self.root);
        // The index has found what it has before anything else begins.
        let times = [self.query_micros, self.total_micros - self.query_micros];
        processors(reply, self.processors, &times);
    }
}

fn warnings(reply: &mut Reply<'_>, warnings: &[&str]) {
    reply.simple("Warning");
    let warnings = if warnings.is_empty() { &["None"] } else { warnings };
    reply.array(warnings.len());
    warnings.iter().for_each(|text| reply.simple(text));
}

fn iterators(reply: &mut Reply<'_>, root: Option<&IteratorProfile>) {
    reply.simple("Iterators profile");
    match root {
        Some(root) => iterator(reply, root),
        None => reply.array(0),
    }
}

/// What results went through, how many they were, and how many microseconds that took, if known.
fn processors(reply: &mut Reply<'_>, all: &[(&'static str, u64)], times: &[u64]) {
    reply.simple("Result processors profile");
    reply.array(all.len());
    for (number, (kind, count)) in all.iter().enumerate() {
        let micros = times.get(number);
        reply.map(2 + usize::from(micros.is_some()));
        reply.simple("Type");
        reply.simple(kind);
        if let Some(micros) = micros {
            time(reply, micros * 1000);
        }
        reply.simple("Counter");
        reply.count(usize::try_from(*count).unwrap_or(usize::MAX));
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
