//! A search: planned, then run, by one thread or by several.

use std::ops::ControlFlow;
use std::sync::Arc;

use parking_lot::Mutex;

use super::estimate;
use super::options::{Hit, SearchError, SearchOptions, SearchResults};
use super::plan::{Planned, plan};
use super::profile::{Counts, IteratorProfile};
use super::run::{Outcome, Run};
use crate::index::Snapshot;
use crate::query::Node;

/// A query that comes by fewer documents than this is not worth another thread.
const THREAD_COST: u64 = 100_000;

/// A search whose words have been looked up, so that it is known about how long it takes.
pub struct Search(Arc<Shared>);

struct Shared {
    snapshot: Snapshot,
    planned: Planned,
    options: SearchOptions,
    counts: Option<Counts>,
}

impl Shared {
    fn run(&self) -> Run<'_> {
        let Shared { snapshot, planned, options, counts } = self;
        Run { snapshot, planned, options, watch: counts.as_ref() }
    }

    /// What iterators have done, if that is wanted.
    fn profile(&self) -> Option<IteratorProfile> {
        self.counts.as_ref().map(|counts| counts.tell(&self.planned.plan))
    }
}

impl Snapshot {
    /// Searches.
    ///
    /// # Errors
    /// If the query's vector or shape does not fit the field.
    pub fn search(
        &self,
        query: &Node,
        options: &SearchOptions,
    ) -> Result<SearchResults, SearchError> {
        Ok(self.plan(query, options.clone())?.run())
    }

    /// See [`Search::for_each`].
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn for_each(
        &self,
        query: &Node,
        options: &SearchOptions,
        each: impl FnMut(&Hit) -> ControlFlow<()>,
    ) -> Result<SearchResults, SearchError> {
        Ok(self.plan(query, options.clone())?.for_each(each))
    }

    /// Makes ready for a search. Searches for vectors are done by that already.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn plan(&self, query: &Node, options: SearchOptions) -> Result<Search, SearchError> {
        let planned = plan(self, query, &options)?;
        let counts = options.profile.then(|| Counts::new(&planned.plan));
        Ok(Search(Arc::new(Shared { snapshot: self.clone(), planned, options, counts })))
    }

    /// About how many documents and terms making ready for a search comes by.
    pub fn planning_cost(&self, query: &Node, options: &SearchOptions) -> u64 {
        estimate::planning(self, query, options)
    }
}

impl Search {
    /// About how many documents it will come by.
    pub fn cost(&self) -> u64 {
        estimate::running(&Run { watch: None, ..self.0.run() })
    }

    /// Searches.
    pub fn run(&self) -> SearchResults {
        let run = self.0.run();
        let mut outcome = self.all_parts();
        outcome.interrupted |= self.0.planned.interrupted;
        SearchResults {
            total: outcome.total,
            hits: run.hits(outcome.kept),
            interrupted: outcome.interrupted,
            truncated: self.0.planned.truncated,
            profile: self.0.profile(),
        }
    }

    /// Calls `each` for every document that answers the query, in the order in which they were
    /// indexed, with its score if the options want scores, until it says to stop. Offset, limit and
    /// sort of the options do not matter. The results hold no hits.
    pub fn for_each(&self, mut each: impl FnMut(&Hit) -> ControlFlow<()>) -> SearchResults {
        let Shared { snapshot, planned, options, .. } = &*self.0;
        let mut results = SearchResults {
            interrupted: planned.interrupted,
            truncated: planned.truncated,
            ..SearchResults::default()
        };
        let mut total = 0;
        let mut counted = |hit: &Hit| {
            total += 1;
            each(hit)
        };
        let run = self.0.run();
        for part in 0..snapshot.parts().len() as u32 {
            if run.each(part, &mut counted).is_break() {
                results.interrupted |= options.interrupt.stop();
                break;
            }
        }
        results.total = total;
        results.profile = self.0.profile();
        results
    }

    /// Goes through all parts, with others if it is worth it.
    fn all_parts(&self) -> Outcome {
        let run = self.0.run();
        let parts = self.0.snapshot.parts().len();
        if let Some(helpers) = &self.0.options.helpers
            && parts > 1
            && self.cost() >= THREAD_COST
        {
            return self.share(&**helpers);
        }
        let mut outcome = run.outcome();
        for part in 0..parts as u32 {
            if outcome.interrupted {
                break;
            }
            run.part(part, &mut outcome);
        }
        outcome
    }

    fn share(&self, helpers: &dyn super::Helpers) -> Outcome {
        let shared = Arc::clone(&self.0);
        let views = shared.snapshot.parts();
        // The largest parts first, so that no thread begins with one when the others are done.
        let mut order: Vec<u32> = (0..views.len() as u32).collect();
        order.sort_by_key(|part| std::cmp::Reverse(views[*part as usize].docs));
        // Whoever begins a part takes up what another has left off with.
        let outcomes: Arc<Mutex<Vec<Outcome>>> = Arc::default();
        let left = Arc::clone(&outcomes);
        helpers.share(
            order.len(),
            Arc::new(move |number| {
                let run = shared.run();
                let mine = left.lock().pop();
                let mut mine = mine.unwrap_or_else(|| run.outcome());
                if !mine.interrupted {
                    run.part(order[number], &mut mine);
                }
                left.lock().push(mine);
            }),
        );
        let mut all = std::mem::take(&mut *outcomes.lock()).into_iter();
        let mut first = all.next().unwrap_or_else(|| self.0.run().outcome());
        all.for_each(|other| first.merge(other));
        first
    }
}
