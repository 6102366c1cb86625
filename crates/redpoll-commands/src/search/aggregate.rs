//! `FT.AGGREGATE index query [step …]`: rows made of the documents that answer a query.

use super::plan::Aggregation;
use super::query::{Prepared, distances};
use super::rows::{self, Summary};
use super::running::{self, DOCUMENT, Times, Way};
use super::{common, load};
use crate::prelude::*;
use redpoll_engine::acl::patterns::Access;
use redpoll_engine::background;
use redpoll_engine::search::{Running, SearchIndex, Words};
use redpoll_search::Snapshot;
use redpoll_search::aggregate::{
    AggregateError, Cursor, Input, Limits, Pipeline, Row, Step, Texts,
};
use redpoll_search::document::ValueRef;
use redpoll_search::execute::{
    Hit, IteratorProfile, QueryTerms, Search, SearchOptions, SearchResults,
};
use redpoll_search::expression::Value;
use redpoll_search::query::{Node, NodeKind, VectorSearch};
use redpoll_search::schema::{FieldKind, Schema};
use redpoll_types::rng::Rng;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

pub const AGGREGATE: Command = Command {
    spec: Spec {
        name: "ft.aggregate",
        arity: -3,
        flags: Flags::READONLY,
        locks: Locks::Own,
        group: Group::Search,
        since: "1.1.0",
        summary: "Makes rows of the documents that answer a query: grouped, computed, sorted.",
        complexity: "O(N) where N is the number of documents that answer the query.",
        args: &[
            Arg::string("index"),
            Arg::string("query"),
            Arg::flag("verbatim", "VERBATIM").optional(),
            Arg::string("load").token("LOAD").optional(),
            Arg::integer("timeout").token("TIMEOUT").optional(),
            Arg::string("groupby").token("GROUPBY").optional().multiple(),
            Arg::string("sortby").token("SORTBY").optional(),
            Arg::string("apply").token("APPLY").optional().multiple(),
            Arg::block("limit", &[Arg::integer("offset"), Arg::integer("num")])
                .token("LIMIT")
                .optional(),
            Arg::string("filter").token("FILTER").optional(),
            Arg::flag("withcursor", "WITHCURSOR").optional(),
            Arg::string("params").token("PARAMS").optional(),
            Arg::string("scorer").token("SCORER").optional(),
            Arg::flag("addscores", "ADDSCORES").optional(),
            Arg::integer("dialect").token("DIALECT").optional(),
        ],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    common::catch_up(ctx);
    let words: Vec<&[u8]> = args.iter_from(1).collect();
    let Some(made) = make(ctx, &words, false)? else { return Ok(()) };
    running::remark(ctx, &made.running, &made.prepared);
    reply(ctx, made)
}

/// Answers with all rows, or with the first ones and a cursor for the others.
fn reply(ctx: &mut Ctx<'_>, made: Made<'_>) -> Result {
    let Some(cursor) = made.aggregation.cursor else {
        rows::reply(&mut ctx.reply, &made.pipeline.columns(), &made.rows, made.summary);
        return Ok(());
    };
    let Made { pipeline, rows: all, summary, index, .. } = made;
    let opened = Cursor::new(&index, pipeline, all, cursor.count, cursor.max_idle_ms);
    let mut opened = opened.counting(made.aggregation.counts.then_some(summary.total));
    let first = opened.read(None);
    let columns = opened.pipeline.columns();
    // Nothing may fail once rows are on their way.
    let id = match opened.is_done() {
        true => 0,
        false => {
            let now = now_of(ctx);
            let added = ctx.engine.search.cursors.lock().add(opened, now);
            added.map_err(common::error)?
        }
    };
    ctx.reply.array(2);
    rows::reply(&mut ctx.reply, &columns, &first, summary);
    ctx.reply.int(id as i64);
    Ok(())
}

/// Whether rows may be left for a cursor, if they are to be.
fn check_cursor(
    ctx: &Ctx<'_>,
    index: &SearchIndex,
    aggregation: &Aggregation<'_>,
    profile: bool,
) -> Result {
    match aggregation.cursor {
        None => Ok(()),
        Some(_) if profile => Err(Error::text("FT.PROFILE does not support cursor")),
        // Others could read on.
        Some(_) => common::permit(ctx, index, Access::READ),
    }
}

pub(super) fn now_of(ctx: &Ctx<'_>) -> u64 {
    u64::try_from(ctx.keys.now()).unwrap_or(0)
}

/// Rows that have been made.
pub(super) struct Made<'a> {
    pub(super) aggregation: Aggregation<'a>,
    pub(super) pipeline: Pipeline,
    pub(super) rows: Vec<Row>,
    pub(super) summary: Summary,
    pub(super) index: redpoll_engine::search::Name,
    pub(super) prepared: Prepared,
    pub(super) running: Arc<Running>,
    /// How many documents the query has found, and what its iterators have done.
    pub(super) found: u64,
    pub(super) profile: Option<IteratorProfile>,
    pub(super) times: Times,
    /// Whether documents were read.
    pub(super) loads: bool,
}

/// Makes the rows that `words` ask for: index, query, steps; `profile`: and tells what iterators
/// have done. None: that is to be done in the background.
pub(super) fn make<'a>(
    ctx: &mut Ctx<'_>,
    words: &[&'a [u8]],
    profile: bool,
) -> Result<Option<Made<'a>>> {
    ctx.session.remark = None;
    let begun = Instant::now();
    let mut words = Words::new(words.iter().copied());
    let name = words.next_word().unwrap_or_default();
    let (index, restricted) = common::searched(ctx, name, profile)?;
    let text = words.next_word().unwrap_or_default();
    let mut aggregation = Aggregation::parse(ctx, &mut words)?;
    check_cursor(ctx, &index, &aggregation, profile)?;
    let prepared = aggregation.query.prepare(&index, text)?;
    let parsing = running::micros_since(begun);
    let running = Running::begin(ctx, aggregation.timeout_ms);
    let snapshot = index.index.snapshot();
    let names = distances(&prepared.root);
    let mut pipeline = compiled(ctx, &mut aggregation, snapshot.schema(), &names)?;
    let options = SearchOptions {
        scorer: aggregation.scorer,
        scores: aggregation.add_scores,
        profile,
        ..running::options(ctx, &running)
    };
    let terms = query_terms(ctx, &pipeline, &snapshot, &prepared, &running);
    let loads = reads_documents(&pipeline, &snapshot, &names);
    let each = ROW + if loads { DOCUMENT } else { 0 };
    let way = running::way(ctx, (&snapshot, &prepared.root), options, |count| count * each)?;
    let Way::Here(search) = way else { return Ok(None) };
    let times = Times { parsing, planning: running.micros() };
    let best = match aggregation.add_scores && aggregation.normalized {
        true => {
            running::best_score(ctx, (&snapshot, &prepared.root), aggregation.scorer, &running)?
        }
        false => 1.0,
    };
    let mut source = Source::new(ctx, &snapshot, &pipeline, &names);
    (source.terms, source.best, source.restricted) = (terms, best, restricted);
    let nearest = names.first().filter(|_| is_nearest(&prepared.root));
    let (results, failure) = push_all(&search, &mut source, &mut pipeline, nearest);
    running::ended(ctx, &running, results.interrupted, failure.is_some())?;
    if let Some(error) = failure {
        return Err(common::error(error));
    }
    let rows = pipeline.finish().map_err(common::error)?;
    let summary = Summary {
        total: pipeline.total(),
        timed_out: results.interrupted,
        truncated: results.truncated,
    };
    Ok(Some(Made {
        aggregation,
        pipeline,
        rows,
        summary,
        index: index.name.clone(),
        prepared,
        running,
        found: results.total,
        profile: results.profile,
        times,
        loads,
    }))
}

/// The steps, for the fields that documents may have. Distances are shown without being asked for.
fn compiled(
    ctx: &mut Ctx<'_>,
    aggregation: &mut Aggregation<'_>,
    schema: &Schema,
    names: &[Vec<u8>],
) -> Result<Pipeline> {
    if !names.is_empty() {
        let own = names.iter().map(|name| (name.clone(), name.clone())).collect();
        aggregation.plan.steps.insert(0, Step::Load(own));
    }
    let is_field = |name: &[u8]| {
        schema.id(name).is_some()
            || names.iter().any(|known| known == name)
            || name == b"__key"
            || (name == b"__score" && aggregation.add_scores)
    };
    let config = ctx.engine.search.config.read().clone();
    let limits = Limits { groups: config.max_aggregate_groups, rows: config.max_aggregate_results };
    let seed = ctx.rng.next_u64();
    let mut pipeline = aggregation.plan.compile(&is_field, limits, seed).map_err(common::error)?;
    if aggregation.counts {
        pipeline.count_all();
    }
    Ok(pipeline)
}

/// Whether a query is for the nearest vectors of all.
fn is_nearest(root: &Node) -> bool {
    match &root.kind {
        NodeKind::Vector(query) => {
            query.filter.is_none() && matches!(query.search, VectorSearch::Nearest(_))
        }
        _ => false,
    }
}

/// Sends all documents through the steps, until those want no more or fail: those of the least
/// distance first, if a distance is named.
fn push_all(
    search: &Search,
    source: &mut Source<'_, '_>,
    pipeline: &mut Pipeline,
    nearest: Option<&Vec<u8>>,
) -> (SearchResults, Option<AggregateError>) {
    let mut failure = None;
    let mut row = Row::default();
    let mut push = |hit: &Hit| {
        if !source.fill(hit, &mut row) {
            return ControlFlow::Continue(());
        }
        match pipeline.push(&mut row) {
            Ok(flow) => flow,
            Err(error) => {
                failure = Some(error);
                ControlFlow::Break(())
            }
        }
    };
    let Some(name) = nearest else {
        let results = search.for_each(push);
        return (results, failure);
    };
    let mut hits = Vec::new();
    let results = search.for_each(|hit| {
        hits.push(hit.clone());
        ControlFlow::Continue(())
    });
    let distance = |hit: &Hit| {
        let found = hit.distances.iter().find(|(known, _)| known == name);
        found.map_or(f64::INFINITY, |(_, distance)| *distance)
    };
    hits.sort_by(|one, other| distance(one).total_cmp(&distance(other)));
    let _ = hits.iter().try_for_each(&mut push);
    (results, failure)
}

/// The terms of a query, if rows ask by which of them documents were found.
fn query_terms(
    ctx: &Ctx<'_>,
    pipeline: &Pipeline,
    snapshot: &Snapshot,
    prepared: &Prepared,
    running: &Arc<Running>,
) -> Option<QueryTerms> {
    let options = || running::options(ctx, running);
    pipeline.wants_terms().then(|| QueryTerms::new(snapshot, &prepared.root, &options()))
}

/// No row is told more of the words by which it was found.
pub(super) const MATCHED_TERMS_MAX: usize = 100;

/// What a row costs on its way, where a document that is gone past costs 1.
const ROW: u64 = 4;

/// Whether rows need more of their documents than the index has.
fn reads_documents(pipeline: &Pipeline, snapshot: &Snapshot, distances: &[Vec<u8>]) -> bool {
    let read = |input: &Input| matches!(origin(input, snapshot, distances), Origin::Field { .. });
    pipeline.loads_all() || pipeline.inputs().iter().any(read)
}

/// Where a column's value is from.
enum Origin {
    Key,
    Score,
    Distance(Vec<u8>),
    /// A column of the index: what it sorts the field by.
    Sorted(usize),
    /// The document.
    Field {
        path: Vec<u8>,
        numeric: bool,
    },
}

/// Makes rows of documents.
pub(super) struct Source<'s, 'c> {
    ctx: &'s mut Ctx<'c>,
    snapshot: &'s Snapshot,
    columns: Vec<(usize, Origin)>,
    all: bool,
    /// Only documents are taken whose keys the user may read.
    restricted: bool,
    /// The query's terms, if rows are told by which of them documents were found.
    terms: Option<QueryTerms>,
    texts: Texts,
    /// What scores are divided by.
    best: f64,
}

impl<'s, 'c> Source<'s, 'c> {
    pub(super) fn new(
        ctx: &'s mut Ctx<'c>,
        snapshot: &'s Snapshot,
        pipeline: &Pipeline,
        distances: &[Vec<u8>],
    ) -> Self {
        let column = |input: &Input| (input.column, origin(input, snapshot, distances));
        let columns = pipeline.inputs().iter().map(column).collect();
        let (all, texts) = (pipeline.loads_all(), Texts::default());
        let (terms, restricted) = (None, false);
        Source { ctx, snapshot, columns, all, restricted, terms, texts, best: 1.0 }
    }

    /// Makes `row` that of a document. False if there is no document any more, or it may not be
    /// seen.
    pub(super) fn fill(&mut self, hit: &Hit, row: &mut Row) -> bool {
        row.clear();
        let seen = !self.restricted || self.ctx.session.may_read(self.snapshot.key(hit.address));
        if !seen || !self.values(hit, row) {
            return false;
        }
        if let Some(terms) = &self.terms {
            row.terms = Some(terms.of(hit.address, MATCHED_TERMS_MAX).into());
        }
        true
    }

    fn values(&mut self, hit: &Hit, row: &mut Row) -> bool {
        let mut wanted = Vec::new();
        for (column, origin) in &self.columns {
            let value = match origin {
                Origin::Key => Some(Value::text(self.snapshot.key(hit.address))),
                Origin::Score => Some(Value::Number(hit.score / self.best)),
                Origin::Distance(name) => {
                    let found = hit.distances.iter().find(|(known, _)| known == name);
                    found.map(|(_, distance)| Value::Number(*distance))
                }
                Origin::Sorted(sorted) => match self.snapshot.column_value(hit.address, *sorted) {
                    ValueRef::None => None,
                    ValueRef::Number(number) => Some(Value::Number(number)),
                    ValueRef::Text(text) => Some(self.texts.value(text)),
                },
                Origin::Field { path, numeric } => {
                    wanted.push((*column, path, *numeric));
                    None
                }
            };
            set(row, *column, value);
        }
        if wanted.is_empty() && !self.all {
            return true;
        }
        background::step(DOCUMENT as usize);
        let all = self.all;
        let options = self.snapshot.schema().options();
        let found = load::with_hash(self.ctx, self.snapshot.key(hit.address), |hash, now| {
            for (column, path, numeric) in wanted {
                let value = hash.get(path, now).map(|value| as_value(value.to_vec(), numeric));
                set(row, column, value);
            }
            if all {
                let fields = load::all(hash, now, options).into_iter();
                row.others =
                    fields.map(|(name, value)| (name.into(), Value::text(value))).collect();
            }
        });
        found.is_some()
    }
}

fn set(row: &mut Row, column: usize, value: Option<Value>) {
    if row.values.len() <= column {
        row.values.resize(column + 1, None);
    }
    row.values[column] = value;
}

fn as_value(text: Vec<u8>, numeric: bool) -> Value {
    let number = numeric.then(|| std::str::from_utf8(&text).ok()?.parse().ok()).flatten();
    number.map_or_else(|| Value::text(&text), Value::Number)
}

fn origin(input: &Input, snapshot: &Snapshot, distances: &[Vec<u8>]) -> Origin {
    let (name, schema) = (&*input.path, snapshot.schema());
    if distances.iter().any(|known| known == name) {
        return Origin::Distance(name.to_vec());
    }
    let field = schema.id(name).and_then(|id| Some((id, schema.get(id)?)));
    match (name, field) {
        (_, Some((id, field))) => {
            let numeric = field.kind == FieldKind::Numeric;
            // What no LOAD asks for is taken as it is sorted by, in lower case.
            let words = matches!(field.kind, FieldKind::Text(_) | FieldKind::Tag(_));
            let as_it_is = words && !input.loaded
                || numeric
                || field.sortable.is_some_and(|sortable| sortable.unnormalized);
            let column = snapshot.sort_column(id).filter(|_| field.sortable.is_some() && as_it_is);
            let path = || field.path.clone();
            column.map_or_else(|| Origin::Field { path: path(), numeric }, Origin::Sorted)
        }
        (b"__key", _) => Origin::Key,
        (b"__score", _) => Origin::Score,
        _ => Origin::Field { path: name.to_vec(), numeric: false },
    }
}
