//! `FT.SEARCH index query [option …]`: the documents that answer a query.

use super::query::{Prepared, distances};
use super::request::Request;
use super::running::{self, DOCUMENT, Times, Way};
use super::{common, load, results};
use crate::prelude::*;
use redpoll_engine::background;
use redpoll_engine::search::{Running, Words};
use redpoll_search::Snapshot;
use redpoll_search::document::Value;
use redpoll_search::execute::{Hit, SearchOptions, SearchResults, Sort};
use redpoll_search::query::Fields;
use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Instant;

pub const SEARCH: Command = Command {
    spec: Spec {
        name: "ft.search",
        arity: -3,
        flags: Flags::READONLY,
        // It runs on a snapshot of the index, and takes a document's stripe while it reads it.
        locks: Locks::Own,
        group: Group::Search,
        since: "1.0.0",
        summary: "Returns the documents of an index that answer a query.",
        complexity: "O(N) where N is the number of documents that its words are in.",
        args: ARGS,
        ..Spec::EMPTY
    },
    run,
};

const COUNTED: &[Arg] = &[Arg::integer("count"), Arg::string("word").multiple()];

const ARGS: &[Arg] = &[
    Arg::string("index"),
    Arg::string("query"),
    Arg::flag("nocontent", "NOCONTENT").optional(),
    Arg::flag("verbatim", "VERBATIM").optional(),
    Arg::flag("nostopwords", "NOSTOPWORDS").optional(),
    Arg::flag("withscores", "WITHSCORES").optional(),
    Arg::flag("withpayloads", "WITHPAYLOADS").optional(),
    Arg::flag("withsortkeys", "WITHSORTKEYS").optional(),
    Arg::block("filter", &[Arg::string("numeric_field"), Arg::double("min"), Arg::double("max")])
        .token("FILTER")
        .optional()
        .multiple(),
    Arg::block(
        "geo_filter",
        &[
            Arg::string("geo_field"),
            Arg::double("lon"),
            Arg::double("lat"),
            Arg::double("radius"),
            Arg::string("unit"),
        ],
    )
    .token("GEOFILTER")
    .optional()
    .multiple(),
    Arg::block("in_keys", COUNTED).token("INKEYS").optional(),
    Arg::block("in_fields", COUNTED).token("INFIELDS").optional(),
    Arg::block("return", COUNTED).token("RETURN").optional(),
    Arg::string("summarize").token("SUMMARIZE").optional(),
    Arg::string("highlight").token("HIGHLIGHT").optional(),
    Arg::integer("slop").token("SLOP").optional(),
    Arg::integer("timeout").token("TIMEOUT").optional(),
    Arg::flag("inorder", "INORDER").optional(),
    Arg::string("language").token("LANGUAGE").optional(),
    Arg::string("expander").token("EXPANDER").optional(),
    Arg::string("scorer").token("SCORER").optional(),
    Arg::flag("explainscore", "EXPLAINSCORE").optional(),
    Arg::string("payload").token("PAYLOAD").optional(),
    Arg::string("sortby").token("SORTBY").optional(),
    Arg::block("limit", &[Arg::integer("offset"), Arg::integer("num")]).token("LIMIT").optional(),
    Arg::block("params", COUNTED).token("PARAMS").optional(),
    Arg::integer("dialect").token("DIALECT").optional(),
];

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    common::catch_up(ctx);
    let words: Vec<&[u8]> = args.iter_from(1).collect();
    if let Some(found) = find(ctx, &words, false)? {
        results::reply(ctx, &found);
        running::remark(ctx, &found.running, &found.prepared);
    }
    Ok(())
}

/// What a search has found, and what it was asked for.
pub(super) struct Found<'a> {
    pub(super) request: Request<'a>,
    pub(super) prepared: Prepared,
    pub(super) snapshot: Snapshot,
    pub(super) results: SearchResults,
    pub(super) running: Arc<Running>,
    pub(super) times: Times,
}

/// Runs the search that `words` ask for: index, query, options; `profile`: and tells what iterators
/// have done. None: it is to be run in the background.
pub(super) fn find<'a>(
    ctx: &mut Ctx<'_>,
    words: &[&'a [u8]],
    profile: bool,
) -> Result<Option<Found<'a>>> {
    ctx.session.remark = None;
    let begun = Instant::now();
    let mut words = Words::new(words.iter().copied());
    let name = words.next_word().unwrap_or_default();
    let (index, restricted) = common::searched(ctx, name, profile)?;
    let text = words.next_word().unwrap_or_default();
    let request = Request::parse(ctx, &mut words)?;
    let shortens = request.summarize.is_some() || request.highlight.is_some();
    if shortens && index.index.schema().options().no_highlight {
        return Err(Error::text(
            "Cannot use HIGHLIGHT/SUMMARIZE because NOOFSETS was specified at index level",
        ));
    }
    let prepared = request.query.prepare(&index, text)?;
    let mut times = Times { parsing: running::micros_since(begun), planning: 0 };
    let running = Running::begin(ctx, request.timeout_ms);
    let snapshot = index.index.snapshot();
    let mut search =
        Search { ctx, request: &request, prepared: &prepared, snapshot: &snapshot, restricted };
    let results = search.run(&running, profile, &mut times).transpose();
    let Some(results) = results else { return Ok(None) };
    let timed_out = results.as_ref().is_ok_and(|results| results.interrupted);
    let ended = running::ended(ctx, &running, timed_out, results.is_err());
    // Who asks where the time goes is answered even if it was not enough.
    if !profile {
        ended?;
    }
    Ok(Some(Found { request, prepared, snapshot, results: results?, running, times }))
}

struct Search<'s, 'c, 'a> {
    ctx: &'s mut Ctx<'c>,
    request: &'s Request<'a>,
    prepared: &'s Prepared,
    snapshot: &'s Snapshot,
    /// Only documents are shown whose keys the user may read.
    restricted: bool,
}

/// How results come into their order.
enum Order {
    /// The search does it.
    BySearch(Sort),
    /// By a field that the index does not keep: documents are looked at.
    ByDocuments { path: Vec<u8>, numeric: bool, descending: bool },
}

impl Search<'_, '_, '_> {
    fn run(
        &mut self,
        running: &Arc<Running>,
        profile: bool,
        times: &mut Times,
    ) -> Result<Option<SearchResults>> {
        let order = self.order()?;
        let (offset, limit) = (self.request.offset, self.request.limit);
        // Results that are sorted or left out afterwards are all needed.
        let by_documents = matches!(order, Order::ByDocuments { .. });
        let whole = self.restricted || by_documents;
        let sort = match &order {
            Order::BySearch(sort) => sort.clone(),
            Order::ByDocuments { .. } => Sort::Indexed,
        };
        let options = SearchOptions {
            scorer: self.request.scorer,
            payload: self.request.payload.map(<[u8]>::to_vec),
            sort,
            offset: if whole { 0 } else { offset },
            limit: if whole { usize::MAX >> 1 } else { limit },
            scores: self.request.scores,
            explain: self.request.explain,
            profile,
            ..running::options(self.ctx, running)
        };
        let cost = |matching: u64| {
            let shown = if self.request.no_content { 0 } else { matching.min(limit as u64) };
            matching + DOCUMENT * if by_documents { matching } else { shown }
        };
        let way = running::way(self.ctx, (self.snapshot, &self.prepared.root), options, cost)?;
        let Way::Here(search) = way else { return Ok(None) };
        times.planning = running.micros();
        let mut results = search.run();
        if self.request.normalized {
            let query = (self.snapshot, &self.prepared.root);
            let best = running::best_score(self.ctx, query, self.request.scorer, running)?;
            results.hits.iter_mut().for_each(|hit| normalize(hit, best));
        }
        if self.restricted {
            let session = &*self.ctx.session;
            results.hits.retain(|hit| session.may_read(self.snapshot.key(hit.address)));
            results.total = results.hits.len() as u64;
        }
        if let Order::ByDocuments { path, numeric, descending } = order {
            self.sort_by_documents(&mut results.hits, &path, numeric, descending);
        }
        if whole {
            let hits = std::mem::take(&mut results.hits);
            results.hits = hits.into_iter().skip(offset).take(limit).collect();
        }
        Ok(Some(results))
    }

    fn order(&self) -> Result<Order> {
        let Some((name, descending)) = self.request.sort else {
            return Ok(Order::BySearch(Sort::Score));
        };
        if distances(&self.prepared.root).iter().any(|known| known == name) {
            return Ok(Order::BySearch(Sort::Distance { name: name.to_vec(), descending }));
        }
        let schema = self.snapshot.schema();
        let field = schema.field(name).and_then(|info| Some((info, schema.get(info.id)?)));
        match field {
            Some((info, field)) if field.sortable.is_some() => {
                Ok(Order::BySearch(Sort::Field { field: info.id, descending }))
            }
            Some((info, field)) => Ok(Order::ByDocuments {
                path: field.path.clone(),
                numeric: info.kinds.numeric,
                descending,
            }),
            None => Err(Error::text(format!(
                "Property `{}` not loaded nor in schema",
                String::from_utf8_lossy(name)
            ))),
        }
    }

    fn sort_by_documents(
        &mut self,
        hits: &mut [Hit],
        path: &[u8],
        numeric: bool,
        descending: bool,
    ) {
        for hit in &mut *hits {
            background::step(DOCUMENT as usize);
            let key = self.snapshot.key(hit.address);
            let value = load::with_hash(self.ctx, key, |hash, now| {
                hash.get(path, now).map(|value| value.to_vec())
            });
            hit.sort_value = match value.flatten() {
                None => Value::None,
                Some(text) if numeric => {
                    let number = std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok());
                    number.map_or(Value::None, Value::Number)
                }
                Some(text) => Value::Text(text.into()),
            };
        }
        hits.sort_by(|one, other| compare(&one.sort_value, &other.sort_value, descending));
    }
}

/// Divides a score by the best one.
fn normalize(hit: &mut Hit, best: f64) {
    let own = hit.score;
    hit.score /= best;
    if let Some(explanation) = &mut hit.explanation {
        explanation.text = format!(
            "Final BM25STD.NORM: {:.2} = Original Score: {own:.2} / Max Score: {best:.2}",
            hit.score
        );
    }
}

/// What has no value comes last.
fn compare(one: &Value, other: &Value, descending: bool) -> Ordering {
    let order = match (one, other) {
        (Value::None, Value::None) => return Ordering::Equal,
        (Value::None, _) => return Ordering::Greater,
        (_, Value::None) => return Ordering::Less,
        (Value::Number(one), Value::Number(other)) => one.total_cmp(other),
        (Value::Text(one), Value::Text(other)) => one.cmp(other),
        (Value::Number(_), Value::Text(_)) => Ordering::Less,
        (Value::Text(_), Value::Number(_)) => Ordering::Greater,
    };
    if descending { order.reverse() } else { order }
}
