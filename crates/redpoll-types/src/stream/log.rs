//! The log of a stream: its entries, in nodes, and what is known of those that are gone.

use super::node::{Fields, Node, Walk};
use super::{StreamId, Threshold, Trim};
use crate::limits::Limits;
use crate::parts::Block;
use crate::tree::{self, CowTree, Item};
use crate::value::Part;

/// An entry.
#[derive(Clone)]
pub struct Entry<'a> {
    /// Its id.
    pub id: StreamId,
    /// Its fields.
    pub fields: Fields<'a>,
}

/// What trimming has removed.
#[derive(Default)]
#[must_use = "drop it where time matters least"]
pub struct Trimmed {
    /// How many entries.
    pub count: u64,
    /// Those of them that went as one piece.
    cut: CowTree<Node>,
    cut_nodes: usize,
}

impl Part for Trimmed {
    fn free_effort(&self) -> usize {
        if self.cut.is_empty() { 0 } else { 2 * self.cut_nodes }
    }
}

/// From how many entries on they are cut off as one piece: it takes as long as removing some nodes
/// one by one.
const CUT_FROM: u64 = if cfg!(test) { 8 } else { 1024 };

/// The entries, ordered by id.
#[derive(Clone, Default)]
pub struct Log {
    nodes: CowTree<Node>,
    node_count: usize,
    first: StreamId,
    last: StreamId,
    max_deleted: StreamId,
    added: u64,
}

impl Log {
    /// The number of entries. O(1).
    pub fn len(&self) -> u64 {
        self.nodes.weight()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The number of nodes.
    pub fn node_count(&self) -> usize {
        self.node_count
    }

    /// The nodes: each one's id, and its listpack in Redis's layout. What a dump is made of.
    pub fn nodes(&self) -> impl Iterator<Item = (StreamId, &[u8])> {
        self.nodes.iter().map(Node::view)
    }

    /// See [`crate::value::Value::visit_parts`]. The nodes.
    pub(crate) fn visit_parts(
        &mut self,
        from: u64,
        count: usize,
        visit: &mut dyn FnMut(Block<'_>) -> bool,
    ) -> Option<u64> {
        self.nodes.visit_own(from, count, |node| node.part().is_none_or(&mut *visit))
    }

    /// The id of the first entry; `0-0` if there is none.
    pub fn first_id(&self) -> StreamId {
        self.first
    }

    /// The highest id that was ever given or set.
    pub fn last_id(&self) -> StreamId {
        self.last
    }

    /// The highest id that was deleted by name.
    pub fn max_deleted_id(&self) -> StreamId {
        self.max_deleted
    }

    /// How many entries were ever added.
    pub fn added(&self) -> u64 {
        self.added
    }

    /// The id of the last entry that is there.
    pub fn last_entry_id(&self) -> Option<StreamId> {
        self.range_back(StreamId::MIN, StreamId::MAX).next().map(|entry| entry.id)
    }

    /// Sets what XSETID can set.
    pub fn set_last_id(&mut self, last: StreamId) {
        self.last = last;
    }

    /// Sets how many entries were ever added.
    pub fn set_added(&mut self, added: u64) {
        self.added = added;
    }

    /// Sets the highest id that was deleted by name.
    pub fn set_max_deleted_id(&mut self, id: StreamId) {
        self.max_deleted = id;
    }

    /// Adds an entry, whose id must be above the last one. `words` are names and values in turn, at
    /// least one pair, and less than [`super::NODE_BYTES_MAX`] bytes of them.
    pub fn add<'w>(
        &mut self,
        id: StreamId,
        words: impl Iterator<Item = &'w [u8]> + Clone,
        limits: &Limits,
    ) {
        let size = words.clone().map(<[u8]>::len).sum();
        let mut reserve = 0;
        let pushed = self.nodes.weight().checked_sub(1).is_some_and(|last| {
            let pushed = self.nodes.update_at(last, |node, _| {
                reserve = node.bytes_len();
                node.push(id, words.clone(), size, limits)
            });
            pushed == Some(true)
        });
        if !pushed {
            let node = Node::new(id, words, reserve);
            self.nodes.insert_by(|key| key.cmp(&id), node);
            self.node_count += 1;
        }
        if self.nodes.weight() == 1 {
            self.first = id;
        }
        self.last = id;
        self.added += 1;
    }

    /// Adds a node of a dump behind the present ones; answers false if it is not in order.
    pub(super) fn push_node(&mut self, node: Node) -> bool {
        let id = node.view().0;
        if !self.nodes.is_empty() && self.last_node_end() >= id {
            return false;
        }
        self.nodes.insert_by(|key| key.cmp(&id), node);
        self.node_count += 1;
        true
    }

    /// The last id in the last node, deleted or not.
    pub(super) fn last_node_end(&self) -> StreamId {
        let last = self.nodes.iter().next_back();
        last.map_or(StreamId::MIN, Node::last_id)
    }

    /// The position behind the last node that may hold `id`.
    fn end_of(&self, id: StreamId) -> u64 {
        self.nodes.partition_point(|first| *first <= id)
    }

    fn node_of(&self, id: StreamId) -> Option<&Node> {
        let position = self.end_of(id).checked_sub(1)?;
        self.nodes.get(position).map(|(node, _)| node)
    }

    /// The entry `id`. O(log n + entries of a node).
    pub fn get(&self, id: StreamId) -> Option<Entry<'_>> {
        let raw = self.node_of(id)?.find(id)?;
        Some(Entry { id, fields: raw.fields })
    }

    /// Whether there is an entry `id`.
    pub fn contains(&self, id: StreamId) -> bool {
        self.get(id).is_some()
    }

    /// The entries from `start` to `end`, both included, in order.
    pub fn range(&self, start: StreamId, end: StreamId) -> Entries<'_> {
        let from = self.end_of(start).saturating_sub(1);
        let nodes = self.nodes.range(from..);
        Entries { nodes, walk: None, start, end, backwards: false }
    }

    /// About how many entries there are from `start` to `end`: up to a node's more at either side.
    /// O(log n).
    pub fn about_between(&self, start: StreamId, end: StreamId) -> u64 {
        let before = self.end_of(start).saturating_sub(1);
        let first = self.nodes.get(before).map_or(before, |(_, within)| before - within);
        self.end_of(end).saturating_sub(first)
    }

    /// How many entries there are from `start` to `end`. O(log n + entries of two nodes).
    pub fn count_between(&self, start: StreamId, end: StreamId) -> u64 {
        let up_to = end.next().map_or(self.len(), |next| self.rank(next));
        up_to.saturating_sub(self.rank(start))
    }

    /// How many entries come before `id`.
    fn rank(&self, id: StreamId) -> u64 {
        let (Some(at), Some(before)) = (self.end_of(id).checked_sub(1), id.previous()) else {
            return 0;
        };
        let Some((node, within)) = self.nodes.get(at) else { return 0 };
        at - within + self.range(*node.key(), before).count() as u64
    }

    /// As [`Log::range`], from the last to the first.
    pub fn range_back(&self, start: StreamId, end: StreamId) -> Entries<'_> {
        let nodes = self.nodes.range(..self.end_of(end));
        Entries { nodes, walk: None, start, end, backwards: true }
    }

    /// All entries.
    pub fn iter(&self) -> Entries<'_> {
        self.range(StreamId::MIN, StreamId::MAX)
    }

    /// Deletes an entry by name; answers whether it was there. O(log n + entries of a node).
    pub fn delete(&mut self, id: StreamId) -> bool {
        if !self.contains(id) {
            return false;
        }
        let (end, weight) = (self.end_of(id), self.nodes.weight());
        let emptied = self.nodes.update_at(end.saturating_sub(1), |node, _| {
            node.delete(id);
            // The last node stays as it is: how full it is decides when the next one begins.
            if node.live() > 0 && end < weight {
                node.tidy();
            }
            node.live() == 0
        });
        self.node_count -= usize::from(emptied == Some(true));
        self.max_deleted = self.max_deleted.max(id);
        if id == self.first {
            self.find_first();
        }
        true
    }

    pub(super) fn find_first(&mut self) {
        self.first = self.iter().next().map_or(StreamId::MIN, |entry| entry.id);
    }

    /// Removes entries from the front as `trim` asks. `may_go` is asked for each entry, and keeps
    /// it by answering false; without it whole nodes go at once, in O(log n + entries of a node)
    /// but for dropping what is returned.
    pub fn trim(
        &mut self,
        trim: &Trim,
        mut may_go: Option<&mut dyn FnMut(StreamId) -> bool>,
    ) -> Trimmed {
        let mut trimmed = match may_go {
            None => self.cut(trim),
            Some(_) => Trimmed::default(),
        };
        let removed = &mut trimmed.count;
        // The position of the node at hand: before it are entries that had to stay.
        let mut position = 0;
        while let Some((node, _)) = self.nodes.get(position) {
            let live = node.live();
            if trim.is_reached(self.len()) || trim.limit.is_some_and(|max| *removed + live > max) {
                break;
            }
            let whole = trim.takes_node(self.len(), live, || node.last_id());
            if whole && may_go.is_none() {
                self.nodes.remove_at(position);
                self.node_count -= 1;
                *removed += live;
                continue;
            }
            if !whole && trim.approximate {
                break;
            }
            let gone = self.trim_node(position, trim, &mut may_go);
            *removed += gone;
            position += live - gone;
            if !whole {
                break;
            }
        }
        if *removed > 0 {
            self.find_first();
        }
        trimmed
    }

    /// Cuts off whole nodes that go, if there are many.
    fn cut(&mut self, trim: &Trim) -> Trimmed {
        let goes = match trim.until {
            Threshold::Len(max) => self.len().saturating_sub(max),
            // The last of the nodes that begin before may hold what stays.
            Threshold::Id(min) => self.end_of(min).saturating_sub(1),
        };
        let goes = trim.limit.map_or(goes, |limit| goes.min(limit));
        if goes < CUT_FROM {
            return Trimmed::default();
        }
        let count = self.nodes.get(goes).map_or(self.len(), |(_, within)| goes - within);
        let rest = self.nodes.split_off(count);
        let cut = std::mem::replace(&mut self.nodes, rest);
        // Counting the shorter part is enough.
        let cut_nodes = match cut.weight() <= self.nodes.weight() {
            true => cut.iter().count(),
            false => self.node_count - self.nodes.iter().count(),
        };
        self.node_count -= cut_nodes;
        Trimmed { count, cut, cut_nodes }
    }

    /// Removes entries from within a node; returns how many.
    fn trim_node(
        &mut self,
        position: u64,
        trim: &Trim,
        may_go: &mut Option<&mut dyn FnMut(StreamId) -> bool>,
    ) -> u64 {
        let mut len = self.nodes.weight();
        let changed = self.nodes.update_at(position, |node, _| {
            let gone = node.delete_while(|id| {
                if trim.is_reached(len) || trim.keeps(id) {
                    return None;
                }
                let goes = may_go.as_mut().is_none_or(|may_go| may_go(id));
                len -= u64::from(goes);
                Some(goes)
            });
            (gone, node.live() == 0)
        });
        let (gone, emptied) = changed.unwrap_or((0, false));
        self.node_count -= usize::from(emptied);
        gone
    }

    /// Whether an entry was deleted by name at or behind `id`, so that counting from there on is no
    /// longer possible.
    pub fn has_holes_from(&self, id: StreamId) -> bool {
        !self.is_empty() && !self.max_deleted.is_zero() && id <= self.max_deleted
    }

    /// How many entries were added up to `id`, as far as that can be told.
    pub fn added_up_to(&self, id: StreamId) -> Option<u64> {
        if self.added == 0 {
            return Some(0);
        }
        if self.is_empty() && id <= self.last {
            return Some(self.added);
        }
        if !id.is_zero() && id < self.max_deleted {
            return None;
        }
        if id >= self.last {
            return (id == self.last).then_some(self.added);
        }
        let whole = self.max_deleted.is_zero() || self.max_deleted < self.first;
        let before = self.added.saturating_sub(self.len());
        match id.cmp(&self.first) {
            std::cmp::Ordering::Less if whole => Some(before),
            std::cmp::Ordering::Equal if whole => Some(before + 1),
            _ => None,
        }
    }

    /// The bytes on the heap, estimated from some of the nodes (all of them if `samples` is 0).
    pub fn memory_usage(&self, samples: usize) -> usize {
        self.nodes.memory_usage(samples, Node::heap_bytes)
    }

    /// Roughly how many allocations it takes to free the log.
    pub fn free_effort(&self) -> usize {
        2 * self.node_count
    }
}

/// The entries of a range, in one direction.
#[derive(Clone)]
pub struct Entries<'a> {
    nodes: tree::Range<'a, Node>,
    walk: Option<Walk<'a>>,
    start: StreamId,
    end: StreamId,
    backwards: bool,
}

impl<'a> Entries<'a> {
    /// The walk through the next node in the direction.
    fn next_walk(&mut self) -> Option<Walk<'a>> {
        Some(match self.backwards {
            true => self.nodes.next_back()?.walk_up_to(self.end),
            false => self.nodes.next()?.walk_from(self.start),
        })
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            let Some(walk) = &mut self.walk else {
                self.walk = Some(self.next_walk()?);
                continue;
            };
            let raw = if self.backwards { walk.next_back() } else { walk.next() };
            let Some(raw) = raw else {
                self.walk = None;
                continue;
            };
            if raw.id < self.start || raw.id > self.end {
                let beyond = if self.backwards { raw.id < self.start } else { raw.id > self.end };
                if beyond {
                    self.start = StreamId::MAX;
                    self.end = StreamId::MIN;
                    return None;
                }
                continue;
            }
            if !raw.is_deleted() {
                return Some(Entry { id: raw.id, fields: raw.fields });
            }
        }
    }
}
