//! `FT.PROFILE index SEARCH|AGGREGATE|HYBRID [LIMITED] QUERY query …`: run a query and tell how it
//! went.

use super::query::distances;
use super::running::Times;
use super::{aggregate, common, hybrid, results, rows, running, search};
use crate::prelude::*;
use redpoll_engine::search::Running;
use redpoll_resp::{Proto, Reply};
use redpoll_search::execute::IteratorProfile;
use redpoll_search::number::general;
use std::borrow::Cow;

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
    let limited = args.is(3, "limited");
    let query = 3 + usize::from(limited);
    if !args.is(query, "query") {
        return Err(Error::text("The QUERY keyword is expected"));
    }
    let words: Vec<&[u8]> = [args.at(1)].into_iter().chain(args.iter_from(query + 1)).collect();
    profile(ctx, &words, limited)
}

fn of_search(ctx: &mut Ctx<'_>, words: &[&[u8]], limited: bool) -> Result {
    let Some(found) = search::find(ctx, words, true)? else { return Ok(()) };
    let query_micros = found.running.micros();
    head(&mut ctx.reply, "Results");
    results::reply(ctx, &found);
    let (total, shown) = (found.results.total, found.results.hits.len() as u64);
    let mut processors = vec![Processor::new("Index", total, query_micros)];
    if !distances(&found.prepared.root).is_empty() {
        processors.push(Processor::new("Metrics Applier", total, 0));
    }
    let request = &found.request;
    if request.sort.is_none() || request.scores {
        processors.push(Processor::new("Scorer", total, 0));
    }
    if request.limit == 0 {
        processors.push(Processor::new("Counter", total, 0));
    } else {
        processors.push(Processor::new("Sorter", shown, 0));
    }
    if request.offset > 0 {
        processors.push(Processor::new("Pager/Limiter", shown, 0));
    }
    if !request.no_content && request.limit > 0 {
        let micros = found.running.micros() - query_micros;
        processors.push(Processor::new("Loader", shown, micros));
        if request.highlight.is_some() || request.summarize.is_some() {
            processors.push(Processor::new("Highlighter", shown, 0));
        }
    }
    Profile {
        times: found.times,
        running: &found.running,
        processors,
        warnings: results::warning_texts(found.results.interrupted, found.results.truncated),
        root: found.results.profile.as_ref(),
        limited,
    }
    .reply(&mut ctx.reply);
    running::remark(ctx, &found.running, &found.prepared);
    Ok(())
}

fn of_aggregation(ctx: &mut Ctx<'_>, words: &[&[u8]], limited: bool) -> Result {
    let Some(made) = aggregate::make(ctx, words, true)? else { return Ok(()) };
    let query_micros = made.running.micros();
    head(&mut ctx.reply, "Results");
    let columns = made.pipeline.columns();
    rows::reply(&mut ctx.reply, &columns, &made.rows, made.summary);
    let mut processors = vec![Processor::new("Index", made.found, query_micros)];
    if !distances(&made.prepared.root).is_empty() {
        processors.push(Processor::new("Metrics Applier", made.found, 0));
    }
    if made.aggregation.add_scores {
        processors.push(Processor::new("Scorer", made.found, 0));
    }
    if made.loads {
        processors.push(Processor::new("Loader", made.found, 0));
    }
    let steps = made.pipeline.steps();
    processors.extend(steps.map(|(step, passed)| Processor::new(step, passed as u64, 0)));
    Profile {
        times: made.times,
        running: &made.running,
        processors,
        warnings: results::warning_texts(made.summary.timed_out, made.summary.truncated),
        root: made.profile.as_ref(),
        limited,
    }
    .reply(&mut ctx.reply);
    running::remark(ctx, &made.running, &made.prepared);
    Ok(())
}

/// The profile is one more entry of the answer's map, without a name where there are no maps.
fn of_hybrid(ctx: &mut Ctx<'_>, words: &[&[u8]], limited: bool) -> Result {
    let Some(made) = hybrid::profiled(ctx, words)? else { return Ok(()) };
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
        iterators(reply, root.as_ref(), limited);
        processors(reply, &[Processor::new("Index", count as u64, 0)]);
    }
    reply.simple("Coordinator");
    reply.map(2);
    let told = made.warnings();
    warnings(reply, &told.iter().map(String::as_str).collect::<Vec<_>>());
    processors(reply, &[Processor::new("Hybrid Merger", made.total() as u64, 0)]);
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

/// What results go through.
struct Processor {
    kind: Cow<'static, str>,
    /// How many results came out of it.
    count: u64,
    micros: u64,
}

impl Processor {
    fn new(kind: impl Into<Cow<'static, str>>, count: u64, micros: u64) -> Self {
        Processor { kind: kind.into(), count, micros }
    }
}

/// How a query went.
struct Profile<'a> {
    times: Times,
    running: &'a Running,
    processors: Vec<Processor>,
    warnings: Vec<&'static str>,
    root: Option<&'a IteratorProfile>,
    /// Whether unions that a pattern has made are told as one.
    limited: bool,
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
        let times = [
            ("Total profile time", self.times.parsing + self.running.micros()),
            ("Parsing time", self.times.parsing),
            ("Pipeline creation time", self.times.planning),
        ];
        reply.map(times.len() + 3);
        for (name, micros) in times {
            milliseconds(reply, name, micros * 1000);
        }
        warnings(reply, &self.warnings);
        iterators(reply, self.root, self.limited);
        processors(reply, &self.processors);
    }
}

fn warnings(reply: &mut Reply<'_>, warnings: &[&str]) {
    reply.simple("Warning");
    let warnings = if warnings.is_empty() { &["None"] } else { warnings };
    reply.array(warnings.len());
    warnings.iter().for_each(|text| reply.simple(text));
}

fn iterators(reply: &mut Reply<'_>, root: Option<&IteratorProfile>, limited: bool) {
    reply.simple("Iterators profile");
    match root {
        Some(root) => iterator(reply, root, limited),
        None => reply.array(0),
    }
}

fn processors(reply: &mut Reply<'_>, all: &[Processor]) {
    reply.simple("Result processors profile");
    reply.array(all.len());
    for processor in all {
        reply.map(3);
        reply.simple("Type");
        // An expression's text is part of it.
        reply.bulk(processor.kind.as_bytes());
        milliseconds(reply, "Time", processor.micros * 1000);
        count(reply, "Results processed", processor.count);
    }
}

fn milliseconds(reply: &mut Reply<'_>, name: &str, nanos: u64) {
    reply.simple(name);
    reply.double_text(general(nanos as f64 / 1e6).as_bytes());
}

fn count(reply: &mut Reply<'_>, name: &str, count: u64) {
    reply.simple(name);
    reply.count(usize::try_from(count).unwrap_or(usize::MAX));
}

/// An iterator, and those below it.
fn iterator(reply: &mut Reply<'_>, profile: &IteratorProfile, limited: bool) {
    let below = &profile.children;
    let batches = profile.vectors.as_ref().and_then(|vectors| vectors.batch);
    let parts = [
        profile.query.is_some(),
        profile.term.is_some(),
        profile.estimate.is_some(),
        profile.vectors.is_some(),
        !below.is_empty(),
    ];
    let parts = parts.iter().filter(|there| **there).count();
    reply.map(3 + parts + if batches.is_some() { 3 } else { 0 });
    reply.simple("Type");
    reply.simple(profile.kind);
    for (name, text) in [("Query type", &profile.query), ("Term", &profile.term)] {
        if let Some(text) = text {
            reply.simple(name);
            reply.bulk(text);
        }
    }
    milliseconds(reply, "Time", profile.nanos);
    count(reply, "Number of reading operations", profile.reads);
    if let Some(estimate) = profile.estimate {
        count(reply, "Estimated number of matches", estimate);
    }
    if let Some(vectors) = &profile.vectors {
        reply.simple("Vector search mode");
        reply.simple(vectors.mode);
    }
    if let Some(size) = batches {
        count(reply, "Batches number", 1);
        count(reply, "Largest batch size", size as u64);
        count(reply, "Largest batch iteration (zero based)", 0);
    }
    match below.as_slice() {
        [] => {}
        [child] if profile.single => {
            reply.simple("Child iterator");
            iterator(reply, child, limited);
        }
        below if limited && profile.derived => {
            reply.simple("Child iterators");
            let text = format!("The number of iterators in the union is {}", below.len());
            reply.simple(&text);
        }
        below => {
            reply.simple("Child iterators");
            reply.array(below.len());
            below.iter().for_each(|child| iterator(reply, child, limited));
        }
    }
}
