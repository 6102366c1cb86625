//! Vectors: how they are kept, how far they are apart, and how the nearest are found.
//!
//! All vectors of a field are in one structure, whatever part of the index their documents are in,
//! and it is only ever added to: a search asks for each vector whether its document is there, and
//! so sees the documents of its snapshot, and no others. A vector is put in before its document can
//! be seen. What belongs to no document any more is shed when there is much of it, by building the
//! structure anew.

mod distance;
mod graph;
mod nodes;
mod search;
mod value;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::RwLock;

pub use distance::distance;
pub use search::{Found, Wanted};
pub use value::Vector;

use crate::index::Snapshot;
use crate::schema::VectorField;
use graph::Graph;
use nodes::Nodes;

/// The place of a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot(u32);

/// The vectors of a field.
#[derive(Debug)]
pub struct VectorIndex {
    options: VectorField,
    nodes: Nodes,
    graph: Option<Graph>,
    /// The vectors that documents have, by id.
    slots: RwLock<HashMap<u64, u32>>,
    /// Vectors of documents that are deleted.
    dead: AtomicUsize,
    /// Which index this one was built from: what tells it from those of other fields.
    lineage: Arc<()>,
}

/// An index with fewer deleted vectors is not built anew.
const DEAD_MIN: usize = 1024;
/// Nor is one of which less than one in so many is deleted.
const DEAD_PART: usize = 4;

impl VectorIndex {
    /// No vectors yet.
    pub fn new(options: VectorField) -> Self {
        Self::with_lineage(options, Arc::new(()))
    }

    fn with_lineage(options: VectorField, lineage: Arc<()>) -> Self {
        let graph = options.algorithm.graph().map(Graph::new);
        VectorIndex {
            options,
            nodes: Nodes::default(),
            graph,
            slots: RwLock::default(),
            dead: AtomicUsize::new(0),
            lineage,
        }
    }

    /// Adds a vector that belongs to no document yet. Any number of threads may.
    pub fn add(&self, vector: Vector) -> Slot {
        let level = self.graph.as_ref().map_or(0, |graph| graph.level_of(self.nodes.len()));
        let slot = self.nodes.push(vector, level, self.graph.as_ref());
        if let Some(graph) = &self.graph {
            graph.insert(&self.nodes, slot, self.options.metric);
        }
        Slot(slot)
    }

    /// Gives a vector to the document of an id.
    pub fn publish(&self, slot: Slot, id: u64) {
        self.nodes.set_id(slot.0, id);
        self.slots.write().insert(id, slot.0);
    }

    /// The vector of a place.
    pub fn vector(&self, slot: Slot) -> Option<&Vector> {
        self.nodes.vector(slot.0)
    }

    /// A document is deleted. Its vector stays for those who still see it.
    pub fn note_deletion(&self, id: u64) {
        if self.slots.read().contains_key(&id) {
            self.dead.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many vectors there are, those of deleted documents included.
    pub fn len(&self) -> usize {
        self.nodes.len() as usize
    }

    /// About how many vectors there are of documents that are not deleted.
    fn live(&self) -> usize {
        self.slots.read().len().saturating_sub(self.dead.load(Ordering::Relaxed))
    }

    /// Whether so much is deleted that it should be built anew.
    pub fn needs_rebuild(&self) -> bool {
        let dead = self.dead.load(Ordering::Relaxed);
        dead >= DEAD_MIN && dead >= self.len() / DEAD_PART
    }

    /// The same without the vectors of documents that are not in the snapshot. None if nothing is
    /// to be gained, as far as the snapshot shows.
    pub fn rebuild(&self, snapshot: &Snapshot) -> Option<VectorIndex> {
        let new = Self::with_lineage(self.options, Arc::clone(&self.lineage));
        self.complete(&new, snapshot);
        (new.len() < self.len()).then_some(new)
    }

    /// Adds to `new`, which was built from this, what is in the snapshot and not yet in it.
    pub fn complete(&self, new: &VectorIndex, snapshot: &Snapshot) {
        for slot in 0..self.nodes.len() {
            let Some(id) = self.nodes.id(slot) else { continue };
            if new.slots.read().contains_key(&id) {
                continue;
            }
            let vector = self.nodes.vector(slot).filter(|_| snapshot.locate(id).is_some());
            if let Some(vector) = vector {
                new.publish(new.add(vector.clone()), id);
            }
        }
        let gone = new.slots.read().keys().filter(|id| snapshot.locate(**id).is_none()).count();
        new.dead.store(gone, Ordering::Relaxed);
    }

    /// Whether the one was built from the other.
    pub fn descends_from(&self, other: &VectorIndex) -> bool {
        Arc::ptr_eq(&self.lineage, &other.lineage)
    }

    /// Bytes on the heap, about.
    pub fn heap_bytes(&self) -> usize {
        self.nodes.heap_bytes() + self.slots.read().capacity() * 18
    }
}
