//! What a search costs, in documents and terms that it comes by.
//!
//! A guess that is made in a moment: it decides which thread a search runs on, not what it answers.

use super::build::Builder;
use super::iter::DocIter;
use super::options::SearchOptions;
use super::plan::{Kind, Plan};
use super::run::Run;
use crate::index::Snapshot;
use crate::query::{AffixKind, Node, NodeKind, TagValue, VectorQuery, VectorSearch};
use crate::schema::{Algorithm, FieldKind};

/// How many terms of a dictionary are walked past in the time that one document takes.
const TERMS: u64 = 4;
/// Numbers of a vector that are compared in that time.
const NUMBERS: u64 = 32;
/// Vectors that a search of a graph looks at for each that it keeps.
const WALKED: u64 = 16;
/// As many are kept if the query does not say.
const WIDTH: u64 = 200;

/// Making the plan of a query.
pub fn planning(snapshot: &Snapshot, query: &Node, options: &SearchOptions) -> u64 {
    let own = match &query.kind {
        NodeKind::Affix { kind, .. } => affix(snapshot, *kind, options),
        NodeKind::Wildcard { .. } | NodeKind::Fuzzy { .. } => terms(snapshot) / TERMS,
        NodeKind::Tag(tags) => {
            let one = |value: &TagValue| match value {
                TagValue::Exact(_) | TagValue::Words(_) => 1,
                TagValue::Affix(kind, _) => affix(snapshot, *kind, options),
                TagValue::Wildcard(_) => terms(snapshot) / TERMS,
            };
            tags.values.iter().map(one).sum()
        }
        NodeKind::Vector(query) => vectors(snapshot, query),
        NodeKind::Keys(keys) => keys.len() as u64,
        _ => 1,
    };
    let below = query.children().iter().map(|child| planning(snapshot, child, options));
    own.saturating_add(below.sum())
}

/// Going through the parts.
pub fn running(run: &Run<'_>) -> u64 {
    let parts = 0..run.snapshot.parts().len();
    parts.map(|part| in_part(run, &run.planned.plan, part)).sum()
}

/// Going through a part. No iterators are made of words and what is put together of them: that
/// would be half of what it costs to go through few documents.
fn in_part(run: &Run<'_>, plan: &Plan, part: usize) -> u64 {
    let view = &run.snapshot.parts()[part];
    match &plan.kind {
        Kind::None => 0,
        Kind::All | Kind::Not(_) | Kind::Optional(_) => u64::from(view.docs),
        Kind::Term { infos, .. } => infos[part].map_or(0, |info| u64::from(info.count)),
        Kind::And { children, .. } => {
            children.iter().map(|child| in_part(run, child, part)).min().unwrap_or(0)
        }
        Kind::Or { children, .. } => children.iter().map(|child| in_part(run, child, part)).sum(),
        _ => Builder { part, view, watch: None }.build(plan, false).cost(),
    }
}

fn terms(snapshot: &Snapshot) -> u64 {
    snapshot.terms_len() as u64
}

fn affix(snapshot: &Snapshot, kind: AffixKind, options: &SearchOptions) -> u64 {
    match kind {
        // What begins alike stands together.
        AffixKind::Prefix => {
            let most = options.limits.expansions_max as u64;
            most.saturating_mul(snapshot.parts().len() as u64).min(terms(snapshot)) / TERMS
        }
        AffixKind::Suffix | AffixKind::Infix => terms(snapshot) / TERMS,
    }
}

fn vectors(snapshot: &Snapshot, query: &VectorQuery) -> u64 {
    let Some(FieldKind::Vector(field)) = snapshot.schema().get(query.field).map(|f| &f.kind) else {
        return 0;
    };
    let all = snapshot.vectors(query.field).map_or(0, |index| index.len() as u64);
    let looked_at = match (field.algorithm, query.search) {
        // How far a range reaches is not known before.
        (Algorithm::Flat, _) | (_, VectorSearch::Within(_)) => all,
        (_, VectorSearch::Nearest(count)) => {
            let width = query.tuning.ef_runtime.or(query.tuning.search_window);
            let width = width.map_or(WIDTH, |width| width as u64);
            // A filter may leave few, which are all looked at then.
            let filtered = if query.filter.is_some() { all / 4 } else { 0 };
            width.max(count as u64).saturating_mul(WALKED).max(filtered).min(all)
        }
    };
    looked_at * (field.dimensions as u64).div_ceil(NUMBERS)
}
