//! Finding the nearest vectors, and all within a distance.

use std::collections::BinaryHeap;

use super::graph::{Graph, Near, Searcher};
use super::{Vector, VectorIndex};
use crate::index::{DocAddress, Snapshot};

/// What is looked for.
pub struct Wanted<'a> {
    /// The query.
    pub vector: &'a Vector,
    /// The documents that may be found: those of this snapshot.
    pub snapshot: &'a Snapshot,
    /// And only those for which this holds.
    pub filter: Option<&'a (dyn Fn(DocAddress) -> bool + Sync)>,
    /// How many candidates the graph keeps; none for the field's own number.
    pub ef: Option<usize>,
    /// How far beyond a range the graph looks, relative to it; none for the field's own number.
    pub epsilon: Option<f64>,
    /// Says when to give up.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

/// A document and its distance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// The document.
    pub address: DocAddress,
    /// How far it is.
    pub distance: f64,
}

/// Vectors between two looks at whether to give up.
const STOP_INTERVAL: u32 = 1024;

impl VectorIndex {
    /// The `count` nearest, nearest first.
    pub fn nearest(&self, wanted: &Wanted<'_>, count: usize) -> Vec<Found> {
        let count = count.min(self.len());
        let mut nearest = match &self.graph {
            Some(graph) => {
                let ef = wanted.ef.unwrap_or(graph.options.ef_runtime).max(count).min(self.len());
                let search = self.searcher(wanted);
                let Some(start) = graph.start(&search) else { return Vec::new() };
                graph.with_visited(&self.nodes, |visited| {
                    search.around(&[start], 0, ef, visited, &|node| self.accepts(node, wanted))
                })
            }
            None => self.scan(wanted, count),
        };
        // A graph does not always lead to every vector: with few of them, all are looked at.
        if wanted.filter.is_none() && nearest.len() < count.min(self.live()) {
            nearest = self.scan(wanted, count);
        }
        self.resolve(nearest.into_iter(), wanted, count)
    }

    /// The `count` nearest of these documents, nearest first, by looking at each.
    pub fn nearest_of(
        &self,
        wanted: &Wanted<'_>,
        docs: impl Iterator<Item = DocAddress>,
        count: usize,
    ) -> Vec<Found> {
        let search = self.searcher(wanted);
        let count = count.min(self.len());
        let mut best: BinaryHeap<(Near, DocAddress)> =
            BinaryHeap::with_capacity(count.min(1024) + 1);
        for (index, address) in docs.enumerate() {
            if (index as u32).is_multiple_of(STOP_INTERVAL) && (wanted.stop)() {
                break;
            }
            let Some(part) = wanted.snapshot.part(address.part) else { continue };
            let slot = self.slots.read().get(&part.id(address.doc)).copied();
            let Some(slot) = slot else { continue };
            best.push((search.near(slot), address));
            if best.len() > count {
                best.pop();
            }
        }
        let found =
            |(near, address): (Near, DocAddress)| Found { address, distance: near.distance };
        best.into_sorted_vec().into_iter().map(found).collect()
    }

    /// All within a distance, in no order.
    pub fn within(&self, wanted: &Wanted<'_>, radius: f64) -> Vec<Found> {
        let near = match &self.graph {
            Some(graph) => self.walk_within(graph, wanted, radius),
            None => {
                let search = self.searcher(wanted);
                let all = (0..self.nodes.len()).map(|node| search.near(node));
                all.filter(|near| near.distance <= radius).collect()
            }
        };
        let accepted = near.into_iter().filter(|near| self.accepts(near.node, wanted));
        self.resolve(accepted, wanted, usize::MAX)
    }

    /// How many candidates a search for so many keeps.
    pub fn search_width(&self, ef: Option<usize>, count: usize) -> u64 {
        let own = self.graph.as_ref().map_or(count, |graph| graph.options.ef_runtime);
        ef.unwrap_or(own).max(count) as u64
    }

    fn searcher<'a>(&'a self, wanted: &Wanted<'a>) -> Searcher<'a> {
        Searcher { nodes: &self.nodes, query: wanted.vector, metric: self.options.metric }
    }

    /// Whether the node is of a document that may be found.
    fn accepts(&self, node: u32, wanted: &Wanted<'_>) -> bool {
        let Some(id) = self.nodes.id(node) else { return false };
        let Some(address) = wanted.snapshot.locate(id) else { return false };
        wanted.filter.is_none_or(|filter| filter(address))
    }

    fn resolve(
        &self,
        near: impl Iterator<Item = Near>,
        wanted: &Wanted<'_>,
        count: usize,
    ) -> Vec<Found> {
        let found = near.filter_map(|near| {
            let address = wanted.snapshot.locate(self.nodes.id(near.node)?)?;
            Some(Found { address, distance: near.distance })
        });
        found.take(count).collect()
    }

    fn scan(&self, wanted: &Wanted<'_>, count: usize) -> Vec<Near> {
        let search = self.searcher(wanted);
        let mut best: BinaryHeap<Near> = BinaryHeap::with_capacity(count.min(1024) + 1);
        if count == 0 {
            return Vec::new();
        }
        for node in 0..self.nodes.len() {
            if node.is_multiple_of(STOP_INTERVAL) && (wanted.stop)() {
                break;
            }
            let near = search.near(node);
            let good = best.len() < count || best.peek().is_some_and(|worst| near < *worst);
            if good && self.accepts(node, wanted) {
                best.push(near);
                if best.len() > count {
                    best.pop();
                }
            }
        }
        best.into_sorted_vec()
    }

    /// Walks from the nearest outwards, as far as the range and a bit more reaches.
    fn walk_within(&self, graph: &Graph, wanted: &Wanted<'_>, radius: f64) -> Vec<Near> {
        let search = self.searcher(wanted);
        let Some(start) = graph.start(&search) else { return Vec::new() };
        let ef = wanted.ef.unwrap_or(graph.options.ef_runtime).min(self.len()).max(1);
        let epsilon = wanted.epsilon.unwrap_or(graph.options.epsilon).max(0.0);
        let reach = radius + radius.abs() * epsilon;
        let first = graph.with_visited(&self.nodes, |visited| {
            search.around(&[start], 0, ef, visited, &|_| true)
        });
        graph.with_visited(&self.nodes, |visited| {
            let mut open: Vec<Near> = first;
            open.retain(|near| visited.first(near.node));
            let mut within = Vec::new();
            let mut steps = 0u32;
            while let Some(near) = open.pop() {
                steps = steps.wrapping_add(1);
                if steps.is_multiple_of(STOP_INTERVAL) && (wanted.stop)() {
                    break;
                }
                if near.distance <= radius {
                    within.push(near);
                }
                let Some(node) = self.nodes.get(near.node) else { continue };
                for neighbour in node.neighbours(0) {
                    if visited.first(neighbour) {
                        let near = search.near(neighbour);
                        if near.distance <= reach {
                            open.push(near);
                        }
                    }
                }
            }
            within
        })
    }
}
