//! Aggregations: a pipeline of steps over the rows that a query finds.
//!
//! A plan names fields; compiled against what documents have, it becomes a pipeline whose rows hold
//! values in numbered columns. Rows are pushed through one by one: a step passes them on, drops
//! them, or gathers them until the last one has come (`group`, `arrange`). What is gathered is
//! bounded: groups by a limit, sorted rows by how many are wanted.

mod arrange;
mod compile;
mod cursor;
mod error;
mod group;
mod pipeline;
mod plan;
mod random;
mod reducers;
mod row;
#[cfg(test)]
mod tests;
mod texts;

pub use cursor::{Cursor, CursorError, Cursors};
pub use error::AggregateError;
pub use pipeline::{Columns, Flow, Input, Pipeline};
pub use plan::{Arrange, Limits, Plan, Reduce, SortKey, Step};
pub use row::Row;
pub use texts::Texts;
