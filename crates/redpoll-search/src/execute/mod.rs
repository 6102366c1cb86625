//! From a query's tree to results.
//!
//! A query is first made a plan (`plan`): terms are looked up and counted over the whole snapshot,
//! patterns become the terms they mean, the nearest vectors are found. Then each part of the
//! snapshot is gone through on its own (`build`, `iter`), and the best documents are kept
//! (`collect`).

mod build;
mod collect;
mod expand;
mod iter;
mod options;
mod plan;
mod run;
mod sources;
mod vectors;
mod vocabulary;

pub use options::{Hit, Interrupt, Limits, Never, SearchError, SearchOptions, SearchResults, Sort};
