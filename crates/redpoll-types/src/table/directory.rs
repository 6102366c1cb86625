//! A directory: which node is responsible for a hash.
//!
//! Extendible hashing. All hashes a directory sees share their first `base` bits; the next `bits`
//! bits number a slot, and a slot names a node. A node of depth d is responsible for the hashes
//! that share its first d bits, so it stands in a run of `2^(base + bits - d)` neighbouring slots.
//! When a node splits, half of its run goes to the new node; only when the run is a single slot
//! does the directory double first, which copies slots and touches no node.
//!
//! Slots hold numbers and not pointers, because a pointer in every slot of a run would look like
//! sharing: a node's reference count must be one unless a snapshot holds it too.

use triomphe::Arc;

use crate::footprint;

/// Something that is responsible for all hashes that share its first bits.
pub(super) trait Node: Clone {
    /// How many bits those are.
    fn depth(&self) -> u8;
}

/// Nodes, and the slots that lead to them.
#[derive(Clone)]
pub(super) struct Directory<T> {
    /// `2^bits` numbers of nodes, in the order of the hashes.
    slots: Box<[u32]>,
    /// The nodes, in no order.
    nodes: Vec<Arc<T>>,
    /// Hash bits that all nodes here share and slots leave out.
    base: u8,
    /// Hash bits that number a slot.
    bits: u8,
}

impl<T: Node> Directory<T> {
    /// A directory of one node, which is responsible for every hash that comes here.
    pub(super) fn new(node: T) -> Self {
        let base = node.depth();
        Self { slots: Box::new([0]), nodes: vec![Arc::new(node)], base, bits: 0 }
    }

    /// All nodes, in no order.
    pub(super) fn nodes(&self) -> &[Arc<T>] {
        &self.nodes
    }

    /// How many hash bits number a slot.
    pub(super) fn bits(&self) -> u8 {
        self.bits
    }

    /// The node responsible for `hash`.
    #[inline]
    pub(super) fn get(&self, hash: u64) -> &T {
        &self.nodes[self.index(hash)]
    }

    /// The same for changing it: a node that a snapshot holds too is copied first.
    #[inline]
    pub(super) fn get_mut(&mut self, hash: u64) -> &mut T {
        let index = self.index(hash);
        Arc::make_mut(&mut self.nodes[index])
    }

    /// The same, unless a snapshot holds the node too.
    pub(super) fn own(&mut self, hash: u64) -> Option<&mut T> {
        let index = self.index(hash);
        Arc::get_mut(&mut self.nodes[index])
    }

    /// Whether the node of `hash` stands in one slot only, so that its split doubles the directory.
    pub(super) fn is_single(&self, hash: u64) -> bool {
        self.get(hash).depth() == self.base + self.bits
    }

    /// Puts the two halves of `hash`'s node in its place.
    pub(super) fn replace_by_halves(&mut self, hash: u64, low: T, high: T) {
        if self.is_single(hash) {
            self.double();
        }
        let run = self.run(hash);
        let low_at = self.index(hash);
        let high_at = self.nodes.len() as u32;
        let middle = run.start + run.len() / 2;
        self.nodes[low_at] = Arc::new(low);
        if self.nodes.len() == self.nodes.capacity() {
            // Doubling would leave a quarter unused on average; an eighth is cheap enough to copy.
            self.nodes.reserve_exact(self.nodes.len() / 8 + 1);
        }
        self.nodes.push(Arc::new(high));
        self.slots[middle..run.end].fill(high_at);
    }

    /// A hash that belongs to the other half of what `hash`'s node was split from; `None` when that
    /// was not split here or the other half has been split further.
    pub(super) fn buddy(&self, hash: u64) -> Option<u64> {
        let depth = self.get(hash).depth();
        if depth == self.base {
            return None;
        }
        let buddy = hash ^ (1 << (64 - depth));
        (self.get(buddy).depth() == depth).then_some(buddy)
    }

    /// Puts `whole` in place of `hash`'s node and its buddy.
    pub(super) fn replace_by_whole(&mut self, hash: u64, buddy: u64, whole: T) {
        let (kept, gone) = (self.index(hash) as u32, self.index(buddy) as u32);
        let run = self.run(buddy);
        self.slots[run].fill(kept);
        self.nodes[kept as usize] = Arc::new(whole);
        self.nodes.swap_remove(gone as usize);
        let moved = self.nodes.len() as u32;
        if gone < moved {
            for slot in self.slots.iter_mut().filter(|slot| **slot == moved) {
                *slot = gone;
            }
        }
        while self.bits > 0 && self.slots.chunks_exact(2).all(|pair| pair[0] == pair[1]) {
            self.slots = self.slots.iter().copied().step_by(2).collect();
            self.bits -= 1;
        }
        if self.nodes.capacity() > self.nodes.len() * 2 {
            self.nodes.shrink_to(self.nodes.len() + self.nodes.len() / 8);
        }
    }

    /// Cuts a directory of several nodes in two, by the first bit that numbers its slots.
    pub(super) fn split(self) -> (Self, Self) {
        let half = self.slots.len() / 2;
        let part = |slots: &[u32]| {
            let mut part = Self {
                slots: slots.into(),
                nodes: Vec::with_capacity(self.nodes.len() / 2),
                base: self.base + 1,
                bits: self.bits - 1,
            };
            let mut before = None;
            for slot in &mut part.slots {
                if before != Some(*slot) {
                    before = Some(*slot);
                    part.nodes.push(Arc::clone(&self.nodes[*slot as usize]));
                }
                *slot = part.nodes.len() as u32 - 1;
            }
            part
        };
        (part(&self.slots[..half]), part(&self.slots[half..]))
    }

    /// The part of a whole directory that is responsible for the hashes which share their first
    /// `bits` bits with `hash`. `None` where a node is responsible for others as well.
    pub(super) fn part(&self, hash: u64, bits: u8) -> Option<Self> {
        let len = 1usize << self.bits.checked_sub(bits)?;
        let start = self.slot(hash) & !(len - 1);
        let mut part = Self {
            slots: self.slots[start..start + len].into(),
            nodes: Vec::new(),
            base: self.base + bits,
            bits: self.bits - bits,
        };
        let mut before = None;
        for slot in &mut part.slots {
            if before != Some(*slot) {
                before = Some(*slot);
                part.nodes.push(Arc::clone(&self.nodes[*slot as usize]));
            }
            *slot = part.nodes.len() as u32 - 1;
        }
        part.nodes.iter().all(|node| node.depth() >= part.base).then_some(part)
    }

    /// Joins what [`Directory::split`] cut; `self` is the half that comes first.
    pub(super) fn join(mut self, mut other: Self) -> Self {
        while self.bits < other.bits {
            self.double();
        }
        while other.bits < self.bits {
            other.double();
        }
        let first = self.nodes.len() as u32;
        let shifted = other.slots.iter().map(|slot| slot + first);
        self.slots = self.slots.iter().copied().chain(shifted).collect();
        self.nodes.append(&mut other.nodes);
        self.base -= 1;
        self.bits += 1;
        self
    }

    /// Bytes of the directory itself on the heap.
    pub(super) fn footprint_bytes(&self) -> usize {
        footprint::buffer::<u32>(self.slots.len())
            + footprint::buffer::<Arc<T>>(self.nodes.capacity())
    }

    fn double(&mut self) {
        self.slots = self.slots.iter().flat_map(|&slot| [slot, slot]).collect();
        self.bits += 1;
    }

    #[inline]
    fn slot(&self, hash: u64) -> usize {
        // Two shifts, as one by 64 is none.
        ((hash << self.base) >> 1 >> (63 - self.bits)) as usize
    }

    #[inline]
    fn index(&self, hash: u64) -> usize {
        self.slots[self.slot(hash)] as usize
    }

    /// The slots in which the node of `hash` stands.
    fn run(&self, hash: u64) -> std::ops::Range<usize> {
        let len = 1usize << (self.base + self.bits - self.get(hash).depth());
        let start = self.slot(hash) & !(len - 1);
        start..start + len
    }
}
