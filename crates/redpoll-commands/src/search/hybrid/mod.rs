//! `FT.HYBRID index SEARCH query VSIM field vector …`: a search for words and one for vectors, put
//! together into one order.
//!
//! Both searches run on one snapshot. The best of each, as many as the window has, get a common
//! score (`combine`); documents with that score then go through the steps of FT.AGGREGATE. With
//! WITHCURSOR the two searches are answered apart (`cursors`).

mod combine;
mod cursors;
mod explain;
mod request;
mod vsim;

use super::aggregate::{MATCHED_TERMS_MAX, Source};
use super::running::{self, Way};
use super::{common, results, rows};
use crate::prelude::*;
use redpoll_engine::search::{Running, SearchIndex, Words};
use redpoll_resp::{Proto, Reply};
use redpoll_search::Snapshot;
use redpoll_search::aggregate::{Arrange, Limits, Pipeline, Row, Step};
use redpoll_search::execute::{IteratorProfile, QueryTerms, SearchOptions, SearchResults, Sort};
use redpoll_search::index::DocAddress;
use redpoll_search::query::Node;
use redpoll_search::schema::Metric;
use redpoll_search::score::Explanation;
use redpoll_types::rng::Rng;
use request::Hybrid;
use std::collections::HashMap;
use std::sync::Arc;

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
    Arg::block(
        "search_clause",
        &[
            Arg::flag("search", "SEARCH"),
            Arg::string("query"),
            Arg::string("scorer").token("SCORER").optional(),
            Arg::string("yield_score_as").token("YIELD_SCORE_AS").optional(),
        ],
    ),
    Arg::block(
        "vsim_clause",
        &[
            Arg::flag("vsim", "VSIM"),
            Arg::string("field"),
            Arg::string("vector"),
            Arg::one_of("vector_query_type", &[Arg::block("knn_clause", KNN), RANGE]).optional(),
            Arg::string("filter").token("FILTER").optional(),
            Arg::string("yield_score_as").token("YIELD_SCORE_AS").optional(),
        ],
    ),
    Arg::block("combine", &[Arg::flag("combine", "COMBINE"), Arg::one_of("method", METHODS)])
        .optional(),
    Arg::block("limit", &[Arg::integer("offset"), Arg::integer("num")]).token("LIMIT").optional(),
    Arg::one_of("sorting", &[Arg::string("sortby").token("SORTBY"), Arg::flag("nosort", "NOSORT")])
        .optional(),
    Arg::string("params").token("PARAMS").optional(),
    Arg::integer("timeout").token("TIMEOUT").optional(),
    Arg::string("format").token("FORMAT").optional(),
    Arg::flag("explainscore", "EXPLAINSCORE").optional(),
    Arg::flag("withcursor", "WITHCURSOR").optional(),
    Arg::string("load").token("LOAD").optional().multiple(),
    Arg::string("groupby").token("GROUPBY").optional().multiple(),
    Arg::string("apply").token("APPLY").optional().multiple(),
    Arg::string("filter").token("FILTER").optional().multiple(),
];

const KNN: &[Arg] = &[
    Arg::flag("knn", "KNN"),
    Arg::integer("count"),
    Arg::integer("k").token("K"),
    Arg::integer("ef_runtime").token("EF_RUNTIME").optional(),
    Arg::double("shard_k_ratio").token("SHARD_K_RATIO").optional(),
];

const RANGE: Arg = Arg::block(
    "range_clause",
    &[
        Arg::flag("range", "RANGE"),
        Arg::integer("count"),
        Arg::double("radius").token("RADIUS"),
        Arg::double("epsilon").token("EPSILON").optional(),
    ],
);

const METHODS: &[Arg] = &[
    Arg::block(
        "rrf_method",
        &[
            Arg::flag("rrf", "RRF"),
            Arg::integer("count"),
            Arg::double("constant").token("CONSTANT").optional(),
            Arg::integer("window").token("WINDOW").optional(),
            Arg::string("yield_score_as").token("YIELD_SCORE_AS").optional(),
        ],
    ),
    Arg::block(
        "linear_method",
        &[
            Arg::flag("linear", "LINEAR"),
            Arg::integer("count"),
            Arg::double("alpha").token("ALPHA").optional(),
            Arg::double("beta").token("BETA").optional(),
            Arg::integer("window").token("WINDOW").optional(),
            Arg::string("yield_score_as").token("YIELD_SCORE_AS").optional(),
        ],
    ),
];

/// Rows that are given if nothing is said about it.
const ROWS: usize = 10;

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    common::catch_up(ctx);
    let words: Vec<&[u8]> = args.iter_from(1).collect();
    let Some(searched) = search(ctx, &words, false)? else { return Ok(()) };
    if let Some(options) = searched.hybrid.cursor {
        return cursors::reply(ctx, &searched, options);
    }
    let made = searched.rows(ctx)?;
    ctx.reply.map(4);
    made.reply(&mut ctx.reply);
    Ok(())
}

/// Makes the rows that `words` ask for: index, searches, steps; and tells what iterators have done.
/// None: that is to be done in the background.
pub(super) fn profiled(ctx: &mut Ctx<'_>, words: &[&[u8]]) -> Result<Option<Made>> {
    let Some(searched) = search(ctx, words, true)? else { return Ok(None) };
    match searched.hybrid.cursor {
        Some(_) => Err(Error::text("FT.PROFILE does not support cursor")),
        None => searched.rows(ctx).map(Some),
    }
}

/// Both searches, done.
struct Searched<'a> {
    hybrid: Hybrid<'a>,
    index: Arc<SearchIndex>,
    snapshot: Snapshot,
    metric: Metric,
    running: Arc<Running>,
    found: Found,
}

/// Searches as `words` say. None: that is to be done in the background.
fn search<'a>(
    ctx: &mut Ctx<'_>,
    words: &[&'a [u8]],
    profile: bool,
) -> Result<Option<Searched<'a>>> {
    let mut words = Words::new(words.iter().copied());
    let name = words.next_word().unwrap_or_default();
    let (index, restricted) = common::searched(ctx, name, profile)?;
    let hybrid = Hybrid::parse(ctx, &mut words)?;
    let running = Running::begin(ctx, hybrid.timeout_ms);
    let snapshot = index.index.snapshot();
    let metric = hybrid.vsim.metric(snapshot.schema())?;
    let mut found = find(ctx, &index, &snapshot, &hybrid, &running, profile)?;
    if let Some(found) = found.as_mut().filter(|_| restricted) {
        found.retain(|address| ctx.session.may_read(snapshot.key(address)));
    }
    Ok(found.map(|found| Searched { hybrid, index, snapshot, metric, running, found }))
}

impl Searched<'_> {
    /// The rows of both searches together.
    fn rows(self, ctx: &mut Ctx<'_>) -> Result<Made> {
        let Searched { hybrid, snapshot, metric, running, mut found, .. } = self;
        let ordered = hybrid.combine.order(&found, metric);
        let terms = |snapshot: &Snapshot, ctx: &Ctx<'_>| {
            let query = found.query.as_ref()?;
            Some(QueryTerms::new(snapshot, query, &running::options(ctx, &running)))
        };
        let (pipeline, rows) = rows_of(ctx, &snapshot, &hybrid, &ordered, terms)?;
        let interrupted = found.text_end.interrupted || found.vector_end.interrupted;
        running::ended(ctx, &running, interrupted, false)?;
        let explanations = hybrid.explain.then(|| {
            let explained = |row: &Row| {
                let combined = &ordered[row.document as usize];
                let words = found.explanations.remove(&combined.address);
                (combined.score, explain::explain(combined, &hybrid, words))
            };
            rows.iter().map(explained).collect()
        });
        Ok(Made { pipeline, rows, explanations, running, found })
    }
}

/// Rows that have been made.
pub(super) struct Made {
    pipeline: Pipeline,
    rows: Vec<Row>,
    /// Each row's score, and how it came about, if that is asked for.
    explanations: Option<Vec<(f64, Explanation)>>,
    running: Arc<Running>,
    pub(super) found: Found,
}

/// How a search came to its end.
#[derive(Clone, Copy, Default)]
struct End {
    interrupted: bool,
    truncated: bool,
}

impl End {
    fn of(results: &SearchResults) -> Self {
        End { interrupted: results.interrupted, truncated: results.truncated }
    }
}

/// What both searches have found, the best first.
#[derive(Default)]
pub(super) struct Found {
    pub(super) texts: Vec<(DocAddress, f64)>,
    pub(super) vectors: Vec<(DocAddress, f64)>,
    /// How the scores of the words came about, if that is asked for.
    explanations: HashMap<DocAddress, Explanation>,
    /// The query for words.
    query: Option<Node>,
    text_end: End,
    vector_end: End,
    /// What the iterators of each have done.
    pub(super) text_profile: Option<IteratorProfile>,
    pub(super) vector_profile: Option<IteratorProfile>,
}

/// Runs both searches. None: that is to be done in the background.
fn find(
    ctx: &mut Ctx<'_>,
    index: &SearchIndex,
    snapshot: &Snapshot,
    hybrid: &Hybrid<'_>,
    running: &Arc<Running>,
    profile: bool,
) -> Result<Option<Found>> {
    let query = hybrid.text_query(index)?;
    let vectors = hybrid.vsim.query(index, &hybrid.query)?;
    let by_score = SearchOptions {
        scorer: hybrid.scorer,
        limit: hybrid.combine.window,
        scores: true,
        explain: hybrid.explain,
        profile,
        ..running::options(ctx, running)
    };
    let planning = snapshot.planning_cost(&vectors, &by_score);
    let cost = |matching: u64| matching.saturating_add(planning);
    let Way::Here(search) = running::way(ctx, (snapshot, &query), by_score, cost)? else {
        return Ok(None);
    };
    let mut found = search.run();
    if hybrid.normalized {
        let best = running::best_score(ctx, (snapshot, &query), hybrid.scorer, running)?;
        found.hits.iter_mut().for_each(|hit| hit.score /= best);
    }
    let explained =
        found.hits.iter_mut().filter_map(|hit| Some((hit.address, hit.explanation.take()?)));
    let explanations = explained.collect();
    let by_distance = SearchOptions {
        sort: Sort::Distance { name: vsim::DISTANCE.to_vec(), descending: false },
        limit: hybrid.combine.window,
        profile,
        ..running::options(ctx, running)
    };
    let near = snapshot.plan(&vectors, by_distance);
    let near = near.map_err(|error| running::search_error(&error))?.run();
    let texts = found.hits.iter().map(|hit| (hit.address, hit.score));
    let vectors = near.hits.iter().filter_map(|hit| {
        let (_, distance) = hit.distances.first()?;
        Some((hit.address, *distance))
    });
    Ok(Some(Found {
        texts: texts.collect(),
        vectors: vectors.collect(),
        explanations,
        query: Some(query),
        text_end: End::of(&found),
        vector_end: End::of(&near),
        text_profile: found.profile,
        vector_profile: near.profile,
    }))
}

/// Sends documents through the steps.
fn rows_of(
    ctx: &mut Ctx<'_>,
    snapshot: &Snapshot,
    hybrid: &Hybrid<'_>,
    ordered: &[combine::Combined],
    terms: impl FnOnce(&Snapshot, &Ctx<'_>) -> Option<QueryTerms>,
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
    let loads = |step: &&Step| matches!(step, Step::Load(_) | Step::LoadAll);
    let loading = plan.steps.iter().take_while(loads).count();
    let groups = plan.steps.iter().any(|step| matches!(step, Step::Group { .. }));
    let own = hybrid.own_columns(loading == 0 && !groups);
    if !own.is_empty() {
        let own = own.into_iter().map(|name| (name.to_vec(), name.to_vec())).collect();
        plan.steps.insert(loading, Step::Load(own));
    }
    if !hybrid.limited {
        match plan.steps.last_mut() {
            Some(Step::Arrange(arrange)) => arrange.count = ROWS,
            _ => plan.steps.push(Step::Arrange(Arrange { count: ROWS, ..Arrange::default() })),
        }
    }
    let seed = ctx.rng.next_u64();
    let mut pipeline = plan.compile(&is_field, limits, seed).map_err(common::error)?;
    let terms = if pipeline.wants_terms() { terms(snapshot, ctx) } else { None };
    let mut source = Source::new(ctx, snapshot, &pipeline, &names);
    let mut row = Row::default();
    for (document, number) in ordered.iter().zip(0u32..) {
        if !source.fill(&document.hit(hybrid), &mut row) {
            continue;
        }
        row.document = number;
        // What only its vector has found has no words to tell.
        let found = terms.as_ref().filter(|_| document.text.is_some());
        row.terms = found.map(|terms| terms.of(document.address, MATCHED_TERMS_MAX).into());
        // Those beyond a limit count, too.
        let _ = pipeline.push(&mut row).map_err(common::error)?;
    }
    let rows = pipeline.finish().map_err(common::error)?;
    Ok((pipeline, rows))
}

impl Made {
    /// The four entries of a map.
    pub(super) fn reply(&self, reply: &mut Reply<'_>) {
        reply.simple("total_results");
        reply.count(self.pipeline.total());
        reply.simple("results");
        reply.array(self.rows.len());
        let columns = self.pipeline.columns();
        for (at, row) in self.rows.iter().enumerate() {
            let explanation = self.explanations.as_ref().and_then(|all| all.get(at));
            rows::fields(reply, &columns, row, explanation);
            reply.flow();
        }
        let warnings = self.warnings();
        reply.simple("warnings");
        reply.array(warnings.len());
        warnings.iter().for_each(|text| reply.simple(text));
        reply.simple("execution_time");
        let text = redpoll_search::number::general(self.running.micros() as f64 / 1000.0);
        match reply.proto() {
            Proto::Resp2 => reply.bulk(text.as_bytes()),
            _ => reply.double_text(text.as_bytes()),
        }
    }

    /// How many documents came out of both searches.
    pub(super) fn total(&self) -> usize {
        self.pipeline.total()
    }

    /// What was not looked at to the end, and in which of the searches.
    pub(super) fn warnings(&self) -> Vec<String> {
        self.found.warnings()
    }
}

impl Found {
    /// Leaves out the documents for which `shows` answers false.
    fn retain(&mut self, shows: impl Fn(DocAddress) -> bool) {
        self.texts.retain(|(address, _)| shows(*address));
        self.vectors.retain(|(address, _)| shows(*address));
    }

    fn warnings(&self) -> Vec<String> {
        let mut all = Vec::new();
        for (end, name) in [(&self.text_end, "SEARCH"), (&self.vector_end, "VSIM")] {
            let texts = results::warning_texts(end.interrupted, end.truncated);
            all.extend(texts.into_iter().map(|text| format!("{text} ({name})")));
        }
        all
    }
}
