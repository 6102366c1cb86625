//! The graph of small worlds: each vector has edges to near ones, in layers that are thinner the
//! higher they are. A search goes down the layers, in each towards the query, and looks around in
//! the lowest.
//!
//! Vectors are added side by side; a node's edges are changed under a lock of its own, and read
//! without.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::nodes::{Node, Nodes};
use super::{Vector, distance};
use crate::schema::{HnswOptions, Metric};

/// A graph.
#[derive(Debug)]
pub struct Graph {
    pub options: HnswOptions,
    /// The node that searches begin at, plus one, below its level; zero for none.
    entry: AtomicU64,
    /// Held by who puts a node above all others.
    raising: Mutex<()>,
    visited: Mutex<Vec<Visited>>,
}

/// No graph has more layers.
const LEVEL_MAX: usize = 24;

/// A node, and how far it is from the query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    pub distance: f64,
    pub node: u32,
}

impl Eq for Near {}

impl Ord for Near {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.distance.total_cmp(&other.distance).then(self.node.cmp(&other.node))
    }
}

impl PartialOrd for Near {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Which nodes a search has been at.
#[derive(Debug, Default)]
pub struct Visited {
    rounds: Vec<u16>,
    round: u16,
}

impl Visited {
    fn begin(&mut self, nodes: u32) {
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            self.rounds.fill(0);
            self.round = 1;
        }
        if self.rounds.len() < nodes as usize {
            // Room for what is added meanwhile.
            self.rounds.resize(nodes as usize * 5 / 4 + 64, 0);
        }
    }

    /// Whether it is the first time that the search is at `node`.
    pub fn first(&mut self, node: u32) -> bool {
        if self.rounds.len() <= node as usize {
            self.rounds.resize(node as usize * 5 / 4 + 64, 0);
        }
        std::mem::replace(&mut self.rounds[node as usize], self.round) != self.round
    }
}

impl Graph {
    pub fn new(options: HnswOptions) -> Self {
        let options = HnswOptions { m: options.m.max(2), ..options };
        Graph {
            options,
            entry: AtomicU64::new(0),
            raising: Mutex::new(()),
            visited: Mutex::default(),
        }
    }

    /// How many edges a node may have in a layer.
    pub fn edges_max(&self, layer: usize) -> usize {
        if layer == 0 { self.options.m * 2 } else { self.options.m }
    }

    /// How many layers above the lowest the node is in that will be the `index`th: by chance, but
    /// the same every time.
    pub fn level_of(&self, index: u32) -> usize {
        let mut bits = (u64::from(index) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits ^= bits >> 31;
        let uniform = ((bits >> 11) as f64 + 1.0) / (1u64 << 53) as f64;
        let level = -uniform.ln() / (self.options.m as f64).ln();
        (level as usize).min(LEVEL_MAX)
    }

    fn entry(&self) -> Option<(u32, usize)> {
        let packed = self.entry.load(Ordering::Acquire);
        let node = (packed as u32).checked_sub(1)?;
        Some((node, (packed >> 32) as usize))
    }

    /// Links a node that has been added.
    pub fn insert(&self, nodes: &Nodes, slot: u32, metric: Metric) {
        let Some(node) = nodes.get(slot) else { return };
        let level = node.level();
        let raising = match self.entry() {
            Some((_, top)) if level <= top => None,
            _ => Some(self.raising.lock()),
        };
        let search = Searcher { nodes, query: &node.vector, metric };
        if let Some((entry, top)) = self.entry() {
            let mut near = search.near(entry);
            for layer in (level + 1..=top).rev() {
                near = search.descend(near, layer);
            }
            let ef = self.options.ef_construction.max(self.options.m);
            let mut layers: Vec<Vec<Near>> = Vec::with_capacity(level.min(top) + 1);
            self.with_visited(nodes, |visited| {
                for layer in (0..=level.min(top)).rev() {
                    visited.begin(nodes.len());
                    let accept = |other: u32| other != slot;
                    let from = layers.last().filter(|found| !found.is_empty());
                    let from = from.map_or(std::slice::from_ref(&near), Vec::as_slice);
                    layers.push(search.around(from, layer, ef, visited, &accept));
                }
            });
            // From the lowest layer up: a search that comes down to the node must find the way on.
            for (layer, found) in layers.iter().rev().enumerate() {
                self.link(nodes, slot, node, found, layer, metric);
            }
        }
        if raising.is_some() && self.entry().is_none_or(|(_, top)| level > top) {
            self.entry.store((level as u64) << 32 | u64::from(slot + 1), Ordering::Release);
        }
    }

    /// Calls `run` with a set of nodes that is used again.
    pub fn with_visited<T>(&self, nodes: &Nodes, run: impl FnOnce(&mut Visited) -> T) -> T {
        let visited = self.visited.lock().pop();
        let mut visited = visited.unwrap_or_default();
        visited.begin(nodes.len());
        let result = run(&mut visited);
        self.visited.lock().push(visited);
        result
    }

    /// Where a search of the lowest layer begins.
    pub fn start(&self, search: &Searcher<'_>) -> Option<Near> {
        let (entry, top) = self.entry()?;
        let near = search.near(entry);
        Some((1..=top).rev().fold(near, |near, layer| search.descend(near, layer)))
    }

    fn link(
        &self,
        nodes: &Nodes,
        slot: u32,
        node: &Node,
        found: &[Near],
        layer: usize,
        metric: Metric,
    ) {
        let chosen = choose(nodes, found, self.options.m, metric);
        {
            let _changing = node.changing.lock();
            node.set_neighbours(layer, chosen.iter().map(|near| near.node));
        }
        for near in chosen {
            let Some(other) = nodes.get(near.node) else { continue };
            let _changing = other.changing.lock();
            if other.add_neighbour(layer, slot) {
                continue;
            }
            let search = Searcher { nodes, query: &other.vector, metric };
            let mut all: Vec<Near> = other.neighbours(layer).map(|n| search.near(n)).collect();
            all.push(Near { distance: near.distance, node: slot });
            all.sort_unstable();
            let kept = choose(nodes, &all, self.edges_max(layer), metric);
            other.set_neighbours(layer, kept.iter().map(|near| near.node));
        }
    }
}

/// Of candidates, nearest first, those that are nearer to the query than to any chosen before:
/// edges that lead into different directions.
fn choose(nodes: &Nodes, candidates: &[Near], max: usize, metric: Metric) -> Vec<Near> {
    let mut chosen: Vec<Near> = Vec::with_capacity(max);
    for candidate in candidates {
        if chosen.len() >= max {
            break;
        }
        let Some(vector) = nodes.vector(candidate.node) else { continue };
        let search = Searcher { nodes, query: vector, metric };
        if chosen.iter().all(|other| search.near(other.node).distance > candidate.distance) {
            chosen.push(*candidate);
        }
    }
    chosen
}

/// A query on its way through the graph.
pub struct Searcher<'a> {
    pub nodes: &'a Nodes,
    pub query: &'a Vector,
    pub metric: Metric,
}

impl Searcher<'_> {
    /// A node with its distance. One that is not there yet is infinitely far.
    #[inline]
    pub fn near(&self, node: u32) -> Near {
        match self.nodes.vector(node) {
            Some(vector) => self.near_vector(node, vector),
            None => Near { distance: f64::INFINITY, node },
        }
    }

    #[inline]
    fn near_vector(&self, node: u32, vector: &Vector) -> Near {
        let distance = distance(self.metric, self.query, vector);
        // What is no number is farther than all that is.
        let distance = if distance.is_nan() { f64::INFINITY } else { distance };
        Near { distance, node }
    }

    /// Goes from neighbour to neighbour in a layer, as long as it comes nearer.
    fn descend(&self, mut near: Near, layer: usize) -> Near {
        loop {
            let Some(node) = self.nodes.get(near.node) else { return near };
            let best = node.neighbours(layer).map(|node| self.near(node)).min();
            match best.filter(|best| best.distance < near.distance) {
                Some(best) => near = best,
                None => return near,
            }
        }
    }

    /// The `ef` nearest in a layer that are accepted, nearest first. The way may lead over others.
    pub fn around(
        &self,
        from: &[Near],
        layer: usize,
        ef: usize,
        visited: &mut Visited,
        accept: &dyn Fn(u32) -> bool,
    ) -> Vec<Near> {
        let mut open: BinaryHeap<Reverse<Near>> = BinaryHeap::new();
        let mut best: BinaryHeap<Near> = BinaryHeap::with_capacity(ef + 1);
        for near in from {
            if visited.first(near.node) {
                open.push(Reverse(*near));
                if accept(near.node) {
                    best.push(*near);
                }
            }
        }
        let mut worst = f64::INFINITY;
        let mut batch: Vec<(u32, &Vector)> = Vec::new();
        while let Some(Reverse(near)) = open.pop() {
            if near.distance > worst {
                break;
            }
            let Some(node) = self.nodes.get(near.node) else { continue };
            batch.clear();
            let new = node.neighbours(layer).filter(|neighbour| visited.first(*neighbour));
            batch.extend(new.filter_map(|node| Some((node, self.nodes.vector(node)?))));
            // Without this, each vector would be waited for on its own.
            std::hint::black_box(batch.iter().fold(0, |sum, (_, vector)| sum ^ vector.touch()));
            for (neighbour, vector) in &batch {
                let (neighbour, near) = (*neighbour, self.near_vector(*neighbour, vector));
                if near.distance > worst {
                    continue;
                }
                open.push(Reverse(near));
                if accept(neighbour) {
                    best.push(near);
                    if best.len() > ef {
                        best.pop();
                    }
                    if best.len() == ef {
                        worst = best.peek().map_or(f64::INFINITY, |near| near.distance);
                    }
                }
            }
        }
        best.into_sorted_vec()
    }
}
