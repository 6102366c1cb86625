//! What each iterator of a search has done: for FT.PROFILE.
//!
//! Iterators are wrapped in ones that look at the clock before and after each call, so that a
//! search that is watched takes longer than others; what it is told to do is the same, but for the
//! short cuts that do without iterators, which are not taken.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use super::iter::{DocIter, END, Iter};
use super::plan::{Kind, Listed, Plan, Union, VectorMode};
use crate::index::dict::{TEXT, split_key};
use crate::number::general;
use crate::score::{Explanation, Scoring};

/// What an iterator has done, in all parts together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IteratorProfile {
    /// What kind it is, as FT.PROFILE names it.
    pub kind: &'static str,
    /// What a union is made of, as FT.PROFILE names it.
    pub query: Option<Vec<u8>>,
    /// Whether it is a union of what the query does not name one by one.
    pub derived: bool,
    /// The term, or the range.
    pub term: Option<Vec<u8>>,
    /// How long it and those below it took.
    pub nanos: u64,
    /// How many documents it has given.
    pub reads: u64,
    /// About how many documents it was expected to come by; none if it has no list of them.
    pub estimate: Option<u64>,
    /// How vectors were searched.
    pub vectors: Option<VectorProfile>,
    /// Whether there is one below it at all times.
    pub single: bool,
    /// Those below it.
    pub children: Vec<IteratorProfile>,
}

/// How vectors were searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VectorProfile {
    /// The way, as FT.PROFILE names it.
    pub mode: &'static str,
    /// How many vectors were asked of the index at once, if that was done.
    pub batch: Option<usize>,
}

/// Counts for each node of a plan, in the order in which they are written.
#[derive(Debug, Default)]
pub struct Counts(Vec<Count>);

/// What an iterator has done so far.
#[derive(Debug, Default)]
pub struct Count {
    nanos: AtomicU64,
    reads: AtomicU64,
    estimate: AtomicU64,
}

impl Counts {
    /// Nothing yet, for a plan.
    pub fn new(plan: &Plan) -> Self {
        Counts((0..size(plan)).map(|_| Count::default()).collect())
    }

    /// Watches an iterator of the node of this number.
    pub fn watch<'a>(&'a self, node: usize, inner: Iter<'a>) -> Iter<'a> {
        let Some(count) = self.0.get(node) else { return inner };
        count.estimate.fetch_add(inner.cost(), Relaxed);
        Iter::other(Watched { inner, count })
    }

    /// What has come of it.
    pub fn tell(&self, plan: &Plan) -> IteratorProfile {
        self.tell_node(plan, &mut 0)
    }

    fn tell_node(&self, plan: &Plan, next: &mut usize) -> IteratorProfile {
        let mut profile = IteratorProfile { kind: kind(plan), ..IteratorProfile::default() };
        if let Some(count) = self.0.get(*next) {
            profile.nanos = count.nanos.load(Relaxed);
            profile.reads = count.reads.load(Relaxed);
            profile.estimate = has_list(plan).then(|| count.estimate.load(Relaxed));
        }
        match &plan.kind {
            Kind::Term { key, .. } => profile.term = Some(split_key(key).to_vec()),
            Kind::Number { range, .. } => {
                let (min, max) = (general(range.min), general(range.max));
                profile.term = Some(format!("{min} - {max}").into_bytes());
            }
            Kind::Or { of, .. } => {
                profile.derived = *of != Union::Any;
                profile.query = Some(of.describe());
            }
            Kind::Docs { of: Listed::Vectors(mode), .. } => profile.vectors = Some(mode.tell()),
            Kind::Not(_) | Kind::Optional(_) => profile.single = true,
            _ => {}
        }
        *next += 1;
        let below = children(plan).into_iter();
        profile.children = below.map(|child| self.tell_node(child, next)).collect();
        // A filter is part of the search for vectors.
        let first = profile.children.first().filter(|first| first.children.is_empty());
        if let Some(vectors) = first.and_then(|first| first.vectors.clone())
            && vectors.is_filtered()
        {
            profile.kind = VECTOR;
            profile.vectors = Some(vectors);
            profile.single = true;
            profile.children.remove(0);
        }
        profile
    }
}

/// The nodes directly below a node.
pub fn children(plan: &Plan) -> Vec<&Plan> {
    match &plan.kind {
        Kind::And { children, .. } | Kind::Or { children, .. } => children.iter().collect(),
        Kind::Not(inner) | Kind::Optional(inner) => vec![inner],
        _ => Vec::new(),
    }
}

/// How many nodes there are from a node on downwards.
pub fn size(plan: &Plan) -> usize {
    1 + children(plan).into_iter().map(size).sum::<usize>()
}

fn kind(plan: &Plan) -> &'static str {
    match &plan.kind {
        Kind::None => "EMPTY",
        Kind::All => "WILDCARD",
        Kind::Term { key, .. } if key.first() == Some(&TEXT) => "TEXT",
        Kind::Term { .. } => "TAG",
        Kind::And { .. } => "INTERSECT",
        Kind::Or { .. } => "UNION",
        Kind::Not(_) => "NOT",
        Kind::Optional(_) => "OPTIONAL",
        Kind::Number { .. } => "NUMERIC",
        Kind::Geo { .. } => "GEO",
        Kind::Shape { .. } => "GEO-SHAPE",
        Kind::Docs { of: Listed::Keys, .. } => "ID-LIST",
        Kind::Docs { of: Listed::Vectors(VectorMode::Within), .. } => "METRIC - VECTOR DISTANCE",
        Kind::Docs { of: Listed::Vectors(_), .. } => VECTOR,
    }
}

const VECTOR: &str = "VECTOR";

/// Whether the index has a list of the node's documents.
fn has_list(plan: &Plan) -> bool {
    matches!(plan.kind, Kind::Term { .. } | Kind::Number { .. } | Kind::Geo { .. })
}

impl Union {
    fn describe(&self) -> Vec<u8> {
        match self {
            Union::Any => b"UNION".to_vec(),
            Union::Tags => b"TAG".to_vec(),
            Union::Pattern { kind, text } => [kind.as_bytes(), b" - ", text].concat(),
        }
    }
}

impl VectorMode {
    fn tell(self) -> VectorProfile {
        let (mode, batch) = match self {
            VectorMode::Nearest => ("STANDARD_KNN", None),
            VectorMode::Within => ("RANGE_QUERY", None),
            VectorMode::AdHoc => ("HYBRID_ADHOC_BF", None),
            VectorMode::Batches(size) => ("HYBRID_BATCHES", Some(size)),
            VectorMode::BatchesThenAdHoc(size) => ("HYBRID_BATCHES_TO_ADHOC_BF", Some(size)),
        };
        VectorProfile { mode, batch }
    }
}

impl VectorProfile {
    /// Whether there was a filter.
    fn is_filtered(&self) -> bool {
        self.mode.starts_with("HYBRID")
    }
}

/// An iterator that is watched.
struct Watched<'a> {
    inner: Iter<'a>,
    count: &'a Count,
}

impl<'a> Watched<'a> {
    /// `found` says whether an answer is a document: one that there is none is no reading.
    fn timed<R: Copy>(
        &mut self,
        act: impl FnOnce(&mut Iter<'a>) -> R,
        found: impl FnOnce(R) -> bool,
    ) -> R {
        let start = Instant::now();
        let result = act(&mut self.inner);
        let nanos = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.count.nanos.fetch_add(nanos, Relaxed);
        self.count.reads.fetch_add(u64::from(found(result)), Relaxed);
        result
    }
}

impl DocIter for Watched<'_> {
    fn doc(&self) -> u32 {
        self.inner.doc()
    }

    fn step(&mut self) -> u32 {
        self.timed(Iter::step, |doc| doc != END)
    }

    fn seek(&mut self, target: u32) -> u32 {
        self.timed(|inner| inner.seek(target), |doc| doc != END)
    }

    fn cost(&self) -> u64 {
        self.inner.cost()
    }

    fn contains(&mut self, doc: u32) -> bool {
        self.timed(|inner| inner.contains(doc), |there| there)
    }

    fn prefers_contains(&self) -> bool {
        self.inner.prefers_contains()
    }

    fn score(&mut self, scoring: &Scoring<'_>) -> f64 {
        self.inner.score(scoring)
    }

    fn bound(&mut self, scoring: &Scoring<'_>) -> f64 {
        self.inner.bound(scoring)
    }

    fn explain(&mut self, scoring: &Scoring<'_>) -> Explanation {
        self.inner.explain(scoring)
    }

    fn has_positions(&self) -> bool {
        self.inner.has_positions()
    }

    fn positions(&mut self, out: &mut Vec<u32>) {
        self.inner.positions(out);
    }

    fn slop(&mut self) -> u32 {
        self.inner.slop()
    }
}
