//! Full-text search: where queries run, how long they may take, and what they may ask for.
//!
//! The names that Redis 8 has, too, mean the same here; FT.CONFIG sets the same values.

use super::*;
use crate::choice::{SearchMode, SearchScorer, SearchTimeout};
use crate::config::Config;
use crate::directive::Flags;
use crate::kind::{Kind, Notation};

directives! {
    after background::END;
    section "Search";

    search_mode: Word(SearchMode, Parallel), "search-mode", [],
        "Searches: beside writes and each other, in turns, or each at once and by itself.";
    search_threads: Count(0, 0, 1024), "search-threads", [],
        "Threads for long searches; 0 takes as many as `background-threads`.";
    search_nice: Int(0, 0, 19), "search-nice", [IMMUTABLE],
        "How far these stand back from others on a busy machine: 0 not at all.";
    search_index_threads: Count(0, 0, 1024), "search-index-threads", [],
        "Threads that index keys that are there already, and merge; 0 takes one for each core.";
    search_timeout: Count(500, 0, LONG_MAX), "search-timeout", [],
        "Milliseconds that a search may take; 0: as long as it likes.";
    search_on_timeout: Word(SearchTimeout, Return), "search-on-timeout", [],
        "What becomes of a search that takes longer: it returns what it has, or fails.";
    search_default_dialect: Int(1, 1, 4), "search-default-dialect", [],
        "The dialect of queries that name none.";
    search_default_scorer: Word(SearchScorer, Bm25Std), "search-default-scorer", [],
        "The scorer of queries that name none.";
    search_bm25std_tanh_factor: Int(4, 1, 10_000), "search-bm25std-tanh-factor", [],
        "What the scores of BM25STD.TANH are divided by first, if a query does not say.";
    search_min_prefix: Count(2, 1, LONG_MAX), "search-min-prefix", [],
        "The fewest characters of a prefix that is searched for.";
    search_max_prefix_expansions: Count(200, 1, LONG_MAX), "search-max-prefix-expansions", [],
        "How many terms a pattern may mean.";
    search_max_search_results: Int(1_000_000, -1, LONG_MAX), "search-max-search-results", [],
        "How many results FT.SEARCH gives at most; -1: all.";
    search_max_aggregate_results: Int(-1, -1, LONG_MAX), "search-max-aggregate-results", [],
        "How many rows FT.AGGREGATE gives at most; -1: all.";
    search_max_aggregate_groups: Count(1048576, 1, LONG_MAX), "search-max-aggregate-groups", [],
        "How many groups FT.AGGREGATE makes at most.";
    search_cursor_max_idle: Count(300000, 0, LONG_MAX), "search-cursor-max-idle", [],
        "Milliseconds that a cursor may lie idle.";
    search_cursor_read_size: Count(1000, 1, LONG_MAX), "search-cursor-read-size", [],
        "How many rows a read of a cursor gives, if it does not say.";
}
