//! Where a query runs: at once, or, if it will take long, in the background.
//!
//! Its words are looked up first; then it is known how many documents have them. A query that comes
//! by more than `background-threshold` leaves for the background, where the command begins anew.

use super::query::Prepared;
use crate::prelude::*;
use redpoll_config::SearchTimeout;
use redpoll_engine::search::{IdleThreads, Running};
use redpoll_search::Snapshot;
use redpoll_search::execute::{Interrupt, Limits, Search, SearchError, SearchOptions};
use redpoll_search::query::Node;
use redpoll_search::score::Scorer;
use std::sync::Arc;
use std::time::Instant;

/// What a document costs that is read, where one that is gone past costs 1.
pub(super) const DOCUMENT: u64 = 10;

/// How long it took, in microseconds, to read a command, and to make ready for its query.
#[derive(Clone, Copy, Default)]
pub(super) struct Times {
    pub(super) parsing: u64,
    pub(super) planning: u64,
}

/// The microseconds since `begun`.
pub(super) fn micros_since(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// What becomes of a query.
pub(super) enum Way {
    /// It runs here, now.
    Here(Search),
    /// The command runs again in the background.
    Leaves,
}

/// The options that all queries have in common.
pub(super) fn options(ctx: &Ctx<'_>, running: &Arc<Running>) -> SearchOptions {
    let (prefix_min, expansions_max) = {
        let config = ctx.engine.search.config.read();
        (config.min_prefix, config.max_expansions)
    };
    SearchOptions {
        limits: Limits { prefix_min, expansions_max },
        interrupt: Arc::clone(running) as Arc<dyn Interrupt>,
        helpers: IdleThreads::of(ctx),
        ..SearchOptions::default()
    }
}

/// Makes ready for a query, or lets the command leave. `cost` says what it costs if so many
/// documents match.
pub(super) fn way(
    ctx: &mut Ctx<'_>,
    (snapshot, query): (&Snapshot, &Node),
    options: SearchOptions,
    cost: impl Fn(u64) -> u64,
) -> Result<Way> {
    let threshold = match ctx.may_search_aside() {
        true => ctx.engine.search.config.read().threshold as u64,
        false => u64::MAX,
    };
    let planning = match threshold {
        u64::MAX => 0,
        _ => snapshot.planning_cost(query, &options),
    };
    if planning >= threshold {
        ctx.leave(usize::try_from(planning).unwrap_or(usize::MAX));
        return Ok(Way::Leaves);
    }
    let search = snapshot.plan(query, options).map_err(|error| search_error(&error))?;
    if threshold < u64::MAX {
        let cost = planning.saturating_add(cost(search.cost()));
        if cost >= threshold {
            ctx.leave(usize::try_from(cost).unwrap_or(usize::MAX));
            return Ok(Way::Leaves);
        }
    }
    Ok(Way::Here(search))
}

/// Lets a command leave that has no query but goes by so many terms or rows, if that are many.
pub(super) fn leaves(ctx: &mut Ctx<'_>, cost: usize) -> bool {
    let many = cost >= ctx.engine.search.config.read().threshold;
    let leaves = many && ctx.may_search_aside();
    if leaves {
        ctx.leave(cost);
    }
    leaves
}

/// What scores are divided by to be between 0 and 1: the best of all. 1 if nothing scores.
pub(super) fn best_score(
    ctx: &Ctx<'_>,
    (snapshot, query): (&Snapshot, &Node),
    scorer: Scorer,
    running: &Arc<Running>,
) -> Result<f64> {
    let options = SearchOptions { scorer, limit: 1, scores: true, ..options(ctx, running) };
    let found = snapshot.search(query, &options).map_err(|error| search_error(&error))?;
    let best = found.hits.first().map(|hit| hit.score);
    Ok(best.filter(|best| *best > 0.0).unwrap_or(1.0))
}

/// Counts a query that has ended.
///
/// # Errors
/// If it ran out of time, and is to fail then.
pub(super) fn ended(ctx: &Ctx<'_>, running: &Running, timed_out: bool, failed: bool) -> Result {
    running.end();
    let search = &ctx.engine.search;
    search.note_query(running, timed_out, failed);
    if timed_out && search.config.read().on_timeout == SearchTimeout::Fail {
        return Err(Error::text("Timeout limit was reached"));
    }
    Ok(())
}

/// Lets the slow log tell how a query was understood, if it took long.
pub(super) fn remark(ctx: &mut Ctx<'_>, running: &Running, prepared: &Prepared) {
    let slow = ctx.engine.is_slow_after(running.micros());
    ctx.session.remark = slow.then(|| prepared.plan());
}

/// How RediSearch says what a search refuses.
pub(super) fn search_error(error: &SearchError) -> Error {
    Error::text(match error {
        SearchError::VectorSize { bytes, expected, .. } => format!(
            "Error parsing vector similarity query: query vector blob size ({bytes}) does not \
             match index's expected size ({expected})."
        ),
        SearchError::Shape { text, .. } => {
            format!("Error parsing geoshape: {}", String::from_utf8_lossy(text))
        }
    })
}
