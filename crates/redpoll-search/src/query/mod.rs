//! The query language: from text to a tree that the index can answer.
//!
//! A query is parsed against the fields of an index (`fields`), with the values of its parameters at
//! hand, so that a finished tree holds no names to be looked up and no `$param`: the executor sees
//! field numbers, bytes and numbers only.

mod ast;
mod fields;

pub use ast::{
    AffixKind, HybridPolicy, Node, NodeKind, NodeOptions, NumericRange, ShapePredicate, ShapeQuery,
    TagQuery, TagValue, TextMask, VectorQuery, VectorSearch, VectorTuning,
};
pub use ast::{GeoRadius, GeoUnit};
pub use fields::{FieldId, FieldInfo, FieldKinds, Fields};
