//! Searches for vectors: they are done while the plan is made, and the documents found take their
//! place in it.

use super::build::Builder;
use super::iter::{DocIter, END};
use super::options::SearchError;
use super::plan::{Distances, Kind, Listed, Plan, Planner, VectorMode};
use crate::index::bits::Bits;
use crate::index::{DocAddress, Snapshot};
use crate::query::{HybridPolicy, NodeKind, NodeOptions, VectorQuery, VectorSearch};
use crate::schema::FieldKind;
use crate::vector::{Found, Vector, VectorIndex, Wanted};
use std::sync::Arc;

/// Documents between two looks at whether to give up.
const STOP_INTERVAL: u32 = 1024;
/// How much dearer a step in the graph is than a vector that is looked at in passing.
const STEP_COST: u64 = 8;

/// The plan of a search for vectors.
pub fn plan(
    planner: &mut Planner<'_>,
    query: &VectorQuery,
    options: &NodeOptions,
) -> Result<Plan, SearchError> {
    let snapshot = planner.snapshot;
    let weight = options.weight;
    let field = query.field;
    let Some(FieldKind::Vector(definition)) = snapshot.schema().get(field).map(|field| &field.kind)
    else {
        return Ok(Plan { kind: Kind::None, weight });
    };
    let expected = definition.dimensions * definition.element.bytes();
    let Some(vector) = Vector::from_bytes(&query.vector, definition) else {
        return Err(SearchError::VectorSize { field, bytes: query.vector.len(), expected });
    };
    let filter = match &query.filter {
        Some(filter) if !matches!(filter.kind, NodeKind::All) => Some(planner.node(filter)?),
        _ => None,
    };
    let Some(index) = snapshot.vectors(field) else {
        return Ok(Plan { kind: Kind::None, weight });
    };
    let interrupt = Arc::clone(&planner.options.interrupt);
    let stop = || interrupt.stop();
    let mut wanted = Wanted {
        vector: &vector,
        snapshot,
        filter: None,
        ef: query.tuning.ef_runtime.or(query.tuning.search_window),
        epsilon: query.tuning.epsilon,
        stop: &stop,
    };
    let (found, mode) = match (query.search, &filter) {
        (VectorSearch::Within(radius), _) => (index.within(&wanted, radius), VectorMode::Within),
        (VectorSearch::Nearest(count), None) => {
            (index.nearest(&wanted, count), VectorMode::Nearest)
        }
        (VectorSearch::Nearest(count), Some(filter)) => {
            let passing = Passing::new(snapshot, filter, &stop);
            let filter = |address: DocAddress| passing.contains(address);
            wanted.filter = Some(&filter);
            nearest_passing(index, &wanted, &passing, query, count)
        }
    };
    let parts = by_part(snapshot, &found);
    let docs = Kind::Docs { parts, of: Listed::Vectors(mode) };
    let name = query.score_as.as_ref().or(options.yield_distance_as.as_ref());
    if let Some(name) = name {
        let by_doc = found.iter().map(|found| (found.address, found.distance)).collect();
        planner.distances.push(Distances { name: name.clone(), by_doc });
    }
    let docs = Plan { kind: docs, weight };
    Ok(match filter {
        Some(filter) => {
            Plan { kind: Kind::And { children: vec![docs, filter], near: None }, weight: 1.0 }
        }
        None => docs,
    })
}

/// The nearest among documents that pass a filter: by way of the graph if many do, else by looking
/// at each.
fn nearest_passing(
    index: &VectorIndex,
    wanted: &Wanted<'_>,
    passing: &Passing,
    query: &VectorQuery,
    count: usize,
) -> (Vec<Found>, VectorMode) {
    let all = index.len() as u64;
    // The fewer pass, the longer is the way through the graph from one to the next.
    let graph_cost = index.search_width(wanted.ef, count) * all / passing.count.max(1) * STEP_COST;
    let each = match query.tuning.hybrid_policy {
        Some(HybridPolicy::AdHoc) => true,
        Some(HybridPolicy::Batches) => false,
        None => passing.count <= graph_cost,
    };
    let mut mode = VectorMode::AdHoc;
    if !each {
        let found = index.nearest(wanted, count);
        // The graph may not lead to all of them.
        if found.len() as u64 >= passing.count.min(count as u64) {
            return (found, VectorMode::Batches(count));
        }
        mode = VectorMode::BatchesThenAdHoc(count);
    }
    (index.nearest_of(wanted, passing.iter(), count), mode)
}

fn by_part(snapshot: &Snapshot, found: &[Found]) -> Vec<Vec<u32>> {
    let mut docs = vec![Vec::new(); snapshot.parts().len()];
    for found in found {
        docs[found.address.part as usize].push(found.address.doc);
    }
    docs.iter_mut().for_each(|docs| docs.sort_unstable());
    docs
}

/// The documents that pass a filter.
struct Passing {
    parts: Vec<Bits>,
    count: u64,
}

impl Passing {
    fn new(snapshot: &Snapshot, filter: &Plan, stop: &dyn Fn() -> bool) -> Self {
        let mut count = 0u64;
        let mut parts = Vec::with_capacity(snapshot.parts().len());
        for (number, view) in snapshot.parts().iter().enumerate() {
            let mut bits = Bits::new(view.docs);
            let mut iter = Builder { part: number, view, watch: None }.build(filter, false);
            let mut doc = iter.seek(0);
            let mut steps = 0u32;
            while doc != END {
                if view.is_live(doc) {
                    bits.insert(doc);
                    count += 1;
                }
                steps += 1;
                if steps.is_multiple_of(STOP_INTERVAL) && stop() {
                    break;
                }
                doc = iter.step();
            }
            parts.push(bits);
        }
        Passing { parts, count }
    }

    fn contains(&self, address: DocAddress) -> bool {
        self.parts.get(address.part as usize).is_some_and(|bits| bits.contains(address.doc))
    }

    fn iter(&self) -> impl Iterator<Item = DocAddress> + '_ {
        self.parts.iter().enumerate().flat_map(|(part, bits)| {
            let mut from = Some(0);
            std::iter::from_fn(move || {
                let doc = bits.next_from(from?)?;
                from = doc.checked_add(1);
                Some(DocAddress { part: part as u32, doc })
            })
        })
    }
}
