//! `FT.HYBRID index SEARCH query VSIM field vector …`: a search for words and one for vectors, put
//! together into one order.
//!
//! Both searches run on one snapshot. The best of each, as many as the window has, get a common
//! score (`combine`); documents with that score then go through the steps of FT.AGGREGATE.

mod combine;
mod request;

use super::aggregate::Source;
use super::query::QueryOptions;
use super::running::{self, Way};
use super::{common, rows};
use crate::prelude::*;
use redpoll_engine::search::{Running, SearchIndex, Words};
use redpoll_resp::Proto;
use redpoll_search::Snapshot;
use redpoll_search::aggregate::{Arrange, Limits, Pipeline, Row, Step};
use redpoll_search::execute::{SearchOptions, Sort};
use redpoll_search::query::Dialect;
use redpoll_search::schema::{FieldKind, Metric};
use redpoll_types::rng::Rng;
use request::Hybrid;

pub const HYBRID: Command = Command {
    spec: Spec {
        name: "ft.hybrid",
        arity: -7,
        flags: Flags::READONLY,
        locks: Locks::Own,
        group: Group::Search,
        since: "8.4.0",
        summary: "Searches for words and for vectors, and puts the results into one order.",
        complexity: "O(N+M) where N is what the search for words takes and M the one for vectors.",
        args: ARGS,
        ..Spec::EMPTY
    },
    run,
};

const ARGS: &[Arg] = &[
    Arg::string("index"),
    Arg::string("query").token("SEARCH"),
    Arg::string("scorer").token("SCORER").optional(),
    Arg::block("vsim_clause", &[Arg::string("field"), Arg::string("vector")]).token("VSIM"),
    Arg::string("knn").token("KNN").optional(),
    Arg::string("range").token("RANGE").optional(),
    Arg::string("filter").token("FILTER").optional(),
    Arg::string("combine").token("COMBINE").optional(),
    Arg::block("limit", &[Arg::integer("offset"), Arg::integer("num")]).token("LIMIT").optional(),
    Arg::string("sortby").token("SORTBY").optional(),
    Arg::flag("nosort", "NOSORT").optional(),
    Arg::string("load").token("LOAD").optional(),
    Arg::string("groupby").token("GROUPBY").optional().multiple(),
    Arg::string("apply").token("APPLY").optional().multiple(),
    Arg::string("params").token("PARAMS").optional(),
    Arg::integer("timeout").token("TIMEOUT").optional(),
];

/// Rows that are given if nothing is said about it.
const ROWS: usize = 10;

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    common::catch_up(ctx);
    let mut words = Words::new(args.iter_from(1));
    let index = common::index(ctx, words.next_word().unwrap_or_default())?;
    let hybrid = Hybrid::parse(ctx, &mut words)?;
    let running = Running::begin(ctx, hybrid.timeout_ms);
    let snapshot = index.index.snapshot();
    let metric = metric(&snapshot, hybrid.field)?;
    let Some(found) = find(ctx, &index, &snapshot, &hybrid, &running)? else { return Ok(()) };
    let ordered = hybrid.combine.order(&found, metric);
    let (pipeline, rows) = rows_of(ctx, &snapshot, &hybrid, &ordered)?;
    running::ended(ctx, &running, found.interrupted, false)?;
    reply(ctx, &pipeline, &rows, &running, &found);
    Ok(())
}

/// What both searches have found, the best first.
struct Found {
    texts: Vec<(redpoll_search::index::DocAddress, f64)>,
    vectors: Vec<(redpoll_search::index::DocAddress, f64)>,
    interrupted: bool,
    truncated: bool,
}

/// How the vectors of a field are compared.
fn metric(snapshot: &Snapshot, name: &[u8]) -> Result<Metric> {
    let schema = snapshot.schema();
    let field = schema.id(name).and_then(|id| schema.get(id));
    match field.map(|field| &field.kind) {
        Some(FieldKind::Vector(vector)) => Ok(vector.metric),
        Some(_) => Err(named("Expected a vector field", name)),
        None => Err(named("Unknown field", name)),
    }
}

fn named(what: &str, name: &[u8]) -> Error {
    Error::text(format!("{what} `{}`", String::from_utf8_lossy(name)))
}

/// Runs both searches. None: that is to be done in the background.
fn find(
    ctx: &mut Ctx<'_>,
    index: &SearchIndex,
    snapshot: &Snapshot,
    hybrid: &Hybrid<'_>,
    running: &std::sync::Arc<Running>,
) -> Result<Option<Found>> {
    let texts = hybrid.query.prepare(index, hybrid.text)?;
    let query = QueryOptions {
        dialect: Dialect::from_number(2).unwrap_or_default(),
        parameters: hybrid.parameters()?,
        ..QueryOptions::new(ctx)
    };
    let vectors = query.prepare(index, &hybrid.vector_query())?;
    let by_score = SearchOptions {
        scorer: hybrid.scorer,
        limit: hybrid.combine.window,
        scores: true,
        ..running::options(ctx, running)
    };
    let planning = snapshot.planning_cost(&vectors.root, &by_score);
    let cost = |matching: u64| matching.saturating_add(planning);
    let Way::Here(search) = running::way(ctx, (snapshot, &texts.root), by_score, cost)? else {
        return Ok(None);
    };
    let found = search.run();
    let by_distance = SearchOptions {
        sort: Sort::Distance { name: request::DISTANCE.to_vec(), descending: false },
        limit: hybrid.combine.window.max(hybrid.nearest),
        ..running::options(ctx, running)
    };
    let near = snapshot.plan(&vectors.root, by_distance);
    let near = near.map_err(|error| running::search_error(&error))?.run();
    let may_read = |address| {
        let session = &*ctx.session;
        session.is_unrestricted() || session.may_read(snapshot.key(address))
    };
    let texts = found.hits.iter().map(|hit| (hit.address, hit.score));
    let vectors = near.hits.iter().filter_map(|hit| {
        let (_, distance) = hit.distances.first()?;
        Some((hit.address, *distance))
    });
    Ok(Some(Found {
        texts: texts.filter(|(address, _)| may_read(*address)).collect(),
        vectors: vectors.filter(|(address, _)| may_read(*address)).collect(),
        interrupted: found.interrupted || near.interrupted,
        truncated: found.truncated || near.truncated,
    }))
}

/// Sends documents through the steps.
fn rows_of(
    ctx: &mut Ctx<'_>,
    snapshot: &Snapshot,
    hybrid: &Hybrid<'_>,
    ordered: &[combine::Combined],
) -> Result<(Pipeline, Vec<Row>)> {
    let names = hybrid.names();
    let schema = snapshot.schema();
    let is_field = |name: &[u8]| {
        schema.id(name).is_some()
            || names.iter().any(|known| known == name)
            || matches!(name, b"__key" | b"__score")
    };
    let limits = {
        let config = ctx.engine.search.config.read();
        Limits { groups: config.max_aggregate_groups, rows: config.max_aggregate_results }
    };
    let mut plan = hybrid.plan.clone();
    let loads = |step: &Step| matches!(step, Step::Load(_) | Step::LoadAll | Step::Group { .. });
    if !plan.steps.iter().any(loads) {
        let own = [&b"__key"[..], b"__score"].map(|name| (name.to_vec(), name.to_vec()));
        plan.steps.insert(0, Step::Load(own.to_vec()));
    }
    if !hybrid.limited {
        match plan.steps.last_mut() {
            Some(Step::Arrange(arrange)) => arrange.count = ROWS,
            _ => plan.steps.push(Step::Arrange(Arrange { count: ROWS, ..Arrange::default() })),
        }
    }
    let seed = ctx.rng.next_u64();
    let mut pipeline = plan.compile(&is_field, limits, seed).map_err(common::error)?;
    let mut source = Source::new(ctx, snapshot, &pipeline, &names);
    for document in ordered {
        let Some(row) = source.row(&document.hit(hybrid)) else { continue };
        // Those beyond a limit count, too.
        let _ = pipeline.push(row).map_err(common::error)?;
    }
    let rows = pipeline.finish().map_err(common::error)?;
    Ok((pipeline, rows))
}

fn reply(ctx: &mut Ctx<'_>, pipeline: &Pipeline, rows: &[Row], running: &Running, found: &Found) {
    let reply = &mut ctx.reply;
    reply.map(4);
    reply.simple("total_results");
    reply.count(pipeline.total());
    reply.simple("results");
    reply.array(rows.len());
    let columns = pipeline.columns();
    for row in rows {
        rows::fields(reply, &columns, row);
        reply.flow();
    }
    let warnings = super::results::warning_texts(found.interrupted, found.truncated);
    reply.simple("warnings");
    reply.array(warnings.len());
    warnings.iter().for_each(|text| reply.simple(text));
    reply.simple("execution_time");
    let text = redpoll_search::number::general(running.micros() as f64 / 1000.0);
    match reply.proto() {
        Proto::Resp2 => reply.bulk(text.as_bytes()),
        _ => reply.double_text(text.as_bytes()),
    }
}
