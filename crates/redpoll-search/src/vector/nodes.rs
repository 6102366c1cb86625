//! The vectors of an index and their edges, in an array that grows while others read it.
//!
//! The array is cut into chunks, each twice as long as the one before, which never move. All that
//! changes in a node once it is there are the numbers of its neighbours, and which document it is
//! of.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use parking_lot::Mutex;

use super::Vector;
use super::graph::Graph;

/// Nodes of the first chunk.
const FIRST: u32 = 256;
const CHUNKS: usize = 24;
/// The id of a node that is of no document yet.
const NONE: u64 = u64::MAX;

/// The nodes of an index.
#[derive(Debug)]
pub struct Nodes {
    chunks: [OnceLock<Box<[Slot]>>; CHUNKS],
    len: AtomicU32,
    bytes: AtomicU64,
}

type Slot = OnceLock<Node>;

/// A vector and its edges.
#[derive(Debug)]
pub struct Node {
    pub vector: Vector,
    id: AtomicU64,
    /// The neighbours in the lowest layer, where searches spend their time.
    lowest: Edges,
    /// Those in the layers above it, if it is in any.
    upper: Box<[Edges]>,
    /// Held while edges are changed.
    pub changing: Mutex<()>,
}

/// The neighbours of a node in a layer. Who reads while they change may see some of the old ones
/// and some of the new ones, all of which are nodes.
#[derive(Debug)]
pub struct Edges {
    len: AtomicU32,
    nodes: Box<[AtomicU32]>,
}

impl Default for Nodes {
    fn default() -> Self {
        Nodes {
            chunks: [const { OnceLock::new() }; CHUNKS],
            len: AtomicU32::new(0),
            bytes: AtomicU64::new(0),
        }
    }
}

impl Nodes {
    /// How many places have been given out. The last ones may not be filled yet.
    pub fn len(&self) -> u32 {
        self.len.load(Ordering::Acquire)
    }

    /// Adds a node that is in `level` layers above the lowest.
    pub fn push(&self, vector: Vector, level: usize, graph: Option<&Graph>) -> u32 {
        let slot = self.len.fetch_add(1, Ordering::AcqRel);
        let edges = |layer| {
            let most = graph.map_or(0, |graph| graph.edges_max(layer));
            Edges { len: AtomicU32::new(0), nodes: (0..most).map(|_| 0.into()).collect() }
        };
        let lowest = edges(0);
        let upper: Box<[Edges]> = (1..=level).map(edges).collect();
        let edge_bytes: usize = upper.iter().map(|edges| edges.nodes.len() * 4 + 24).sum();
        let bytes = size_of::<Slot>() + vector.heap_bytes() + lowest.nodes.len() * 4 + edge_bytes;
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        let node = Node { vector, id: NONE.into(), lowest, upper, changing: Mutex::new(()) };
        let (chunk, at) = place(slot);
        let new = || {
            let len = (FIRST as usize) << chunk;
            std::iter::repeat_with(OnceLock::new).take(len).collect()
        };
        let unset = self.chunks[chunk].get_or_init(new)[at].set(node);
        debug_assert!(unset.is_ok(), "a place is given out once");
        slot
    }

    /// A node.
    #[inline]
    pub fn get(&self, slot: u32) -> Option<&Node> {
        let (chunk, at) = place(slot);
        self.chunks.get(chunk)?.get()?.get(at)?.get()
    }

    /// A node's vector.
    #[inline]
    pub fn vector(&self, slot: u32) -> Option<&Vector> {
        Some(&self.get(slot)?.vector)
    }

    /// The id of the document that a node is of.
    #[inline]
    pub fn id(&self, slot: u32) -> Option<u64> {
        let id = self.get(slot)?.id.load(Ordering::Acquire);
        (id != NONE).then_some(id)
    }

    /// Says which document a node is of.
    pub fn set_id(&self, slot: u32, id: u64) {
        if let Some(node) = self.get(slot) {
            node.id.store(id, Ordering::Release);
        }
    }

    /// Bytes on the heap, about.
    pub fn heap_bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed) as usize
    }
}

/// The chunk of a place, and where it is in it.
fn place(slot: u32) -> (usize, usize) {
    let shifted = u64::from(slot) + u64::from(FIRST);
    let chunk = shifted.ilog2() - FIRST.ilog2();
    (chunk as usize, (shifted - (u64::from(FIRST) << chunk)) as usize)
}

impl Node {
    /// The highest layer that it is in.
    pub fn level(&self) -> usize {
        self.upper.len()
    }

    fn edges(&self, layer: usize) -> Option<&Edges> {
        if layer == 0 { Some(&self.lowest) } else { self.upper.get(layer - 1) }
    }

    /// Its neighbours in a layer.
    #[inline]
    pub fn neighbours(&self, layer: usize) -> impl Iterator<Item = u32> + '_ {
        let (len, nodes): (_, &[AtomicU32]) = match self.edges(layer) {
            Some(edges) => (edges.len.load(Ordering::Acquire) as usize, &edges.nodes),
            None => (0, &[]),
        };
        nodes.iter().take(len).map(|node| node.load(Ordering::Relaxed))
    }

    /// Sets its neighbours in a layer, no more than there may be. `changing` is held.
    pub fn set_neighbours(&self, layer: usize, neighbours: impl Iterator<Item = u32>) {
        let Some(edges) = self.edges(layer) else { return };
        let mut len = 0;
        for (edge, neighbour) in edges.nodes.iter().zip(neighbours) {
            edge.store(neighbour, Ordering::Relaxed);
            len += 1;
        }
        edges.len.store(len, Ordering::Release);
    }

    /// Adds a neighbour, if there is room. `changing` is held.
    pub fn add_neighbour(&self, layer: usize, neighbour: u32) -> bool {
        let Some(edges) = self.edges(layer) else { return true };
        let len = edges.len.load(Ordering::Relaxed);
        let Some(edge) = edges.nodes.get(len as usize) else { return false };
        edge.store(neighbour, Ordering::Relaxed);
        edges.len.store(len + 1, Ordering::Release);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_follow_one_another() {
        let mut want = (0, 0);
        for slot in 0..10_000 {
            assert_eq!(place(slot), want);
            want.1 += 1;
            if want.1 == (FIRST as usize) << want.0 {
                want = (want.0 + 1, 0);
            }
        }
        assert!(place(u32::MAX).0 <= CHUNKS + 8);
    }
}
