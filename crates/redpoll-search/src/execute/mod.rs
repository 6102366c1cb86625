//! From a query's tree to results.
//!
//! A query is first made a plan (`plan`): terms are looked up and counted over the whole snapshot,
//! patterns become the terms they mean, the nearest vectors are found. Then each part of the
//! snapshot is gone through on its own (`build`, `iter`), and the best documents are kept
//! (`collect`).

mod build;
mod collect;
mod estimate;
mod expand;
mod intersection;
mod iter;
mod matched;
mod near;
mod options;
mod plan;
mod profile;
mod run;
mod search;
mod sources;
mod union;
mod vectors;
mod vocabulary;
mod word;
mod worth;

pub use matched::QueryTerms;
pub use options::{
    Helpers, Hit, Interrupt, Limits, Never, NewThreads, Part, SearchError, SearchOptions,
    SearchResults, Sort,
};
pub use profile::{IteratorProfile, VectorProfile};
pub use search::Search;
