//! INFO's section `Search`: indexes, what they take, and how queries go.

use super::text::Text;
use crate::prelude::*;
use crate::server::survey::Survey;
use redpoll_engine::search::SearchIndex;
use redpoll_search::index::Statistics;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

pub(super) fn write(text: &mut Text, ctx: &Ctx<'_>, _survey: &Survey) {
    let search = &ctx.engine.search;
    let indexes = search.indexes();
    let figures: Vec<_> = indexes.iter().map(|index| index.index.statistics()).collect();
    let sum = |of: fn(&Statistics) -> u64| figures.iter().map(of).sum::<u64>();
    let failures: u64 = indexes.iter().map(|index| index.failures().all.count).sum();
    text.field("search_number_of_indexes", indexes.len());
    text.field("search_number_of_active_indexes_indexing", indexing(&indexes));
    text.field("search_number_of_documents", sum(|it| it.docs));
    text.field("search_number_of_terms", sum(|it| it.terms));
    text.field("search_used_memory_indexes", sum(|it| it.bytes));
    text.field("search_used_memory_vector_index", sum(|it| it.vector_bytes));
    text.field("search_segments", sum(|it| it.segments));
    text.field("search_marked_deleted_documents", sum(|it| it.deleted));
    text.field("search_total_merges", sum(|it| it.merges.total));
    text.field("search_running_merges", sum(|it| it.merging));
    text.field("search_errors_indexing_failures", failures);
    queries(text, ctx);
}

fn queries(text: &mut Text, ctx: &Ctx<'_>) {
    let search = &ctx.engine.search;
    let (mode, threads) = {
        let config = search.config.read();
        (config.mode, config.threads)
    };
    let (queue, counters) = (search.turns.queue(), &search.counters);
    text.field("search_mode", mode.name());
    text.field("search_threads", threads);
    text.field("search_long_queries_running", queue.running);
    text.field("search_long_queries_waiting", queue.waiting);
    text.field("search_turns_passed", queue.passed);
    text.field("search_cursors", search.cursors.lock().len());
    text.field("search_total_queries_processed", counters.queries.load(Relaxed));
    text.field("search_total_long_queries", counters.long.load(Relaxed));
    let micros = counters.query_micros.load(Relaxed);
    text.field("search_total_query_execution_time_ms", micros / 1000);
    text.field("search_longest_query_us", counters.longest_micros.load(Relaxed));
    text.field("search_total_query_timeouts", counters.timeouts.load(Relaxed));
    text.field("search_total_query_errors", counters.failures.load(Relaxed));
    text.field("search_total_writers_held_back", counters.rests.load(Relaxed));
}

/// How many of the indexes walk keys that were there before.
fn indexing(indexes: &[Arc<SearchIndex>]) -> usize {
    indexes.iter().filter(|index| index.scanned().is_some()).count()
}
