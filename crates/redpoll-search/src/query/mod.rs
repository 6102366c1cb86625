//! The query language: from text to a tree that the index can answer.
//!
//! A query is parsed against the fields of an index (`fields`), with the values of its parameters
//! at hand, so that a finished tree holds no names to be looked up and no `$param`: the executor
//! sees field numbers, bytes and numbers only. `expand` then adds stems, synonyms and sounds to its
//! words, and `explain` shows what became of it.

mod ast;
mod dialect;
mod error;
mod expand;
mod explain;
mod fields;
mod parameters;
mod parse;
#[cfg(test)]
mod tests;

pub use ast::{
    AffixKind, HybridPolicy, Node, NodeKind, NodeOptions, NumericRange, ShapePredicate, ShapeQuery,
    TagQuery, TagValue, TextMask, VectorQuery, VectorSearch, VectorTuning,
};
pub use ast::{GeoRadius, GeoUnit};
pub use dialect::Dialect;
pub use error::QueryError;
pub use expand::{Expander, Sounds, expand};
pub use explain::explain;
pub use fields::{FieldId, FieldInfo, FieldKinds, Fields};
pub use parameters::Parameters;
pub use parse::{ParseOptions, parse, parse_range_bound};
