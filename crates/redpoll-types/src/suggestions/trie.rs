//! The trie: characters lead from node to node, single ways are one edge.

use super::Entry;
use crate::footprint::{self, ARC_HEADER};
use triomphe::Arc;

/// A node, and the edge that leads to it.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    pub(super) edge: Vec<char>,
    /// The texts that end here: they differ in case only.
    pub(super) entries: Vec<Entry>,
    pub(super) children: Vec<Arc<Node>>,
    /// The best score here or below.
    pub(super) best: f32,
}

impl Node {
    /// Changes the entries at the end of `path`, and returns what `change` does.
    pub(super) fn update(
        &mut self,
        path: &[char],
        change: impl FnOnce(&mut Vec<Entry>) -> bool,
    ) -> bool {
        let changed = match path.split_first() {
            None => change(&mut self.entries),
            Some((first, _)) => {
                let at = match self.children.iter().position(|child| child.edge[0] == *first) {
                    Some(at) => at,
                    None => {
                        let child = Node { edge: path.to_vec(), ..Node::default() };
                        self.children.push(Arc::new(child));
                        self.children.len() - 1
                    }
                };
                let shared = shared(&self.children[at].edge, path);
                let child = Arc::make_mut(&mut self.children[at]);
                child.split(shared);
                let changed = child.update(&path[shared..], change);
                self.tidy(at);
                changed
            }
        };
        let own = self.entries.iter().map(|entry| entry.score);
        let below = self.children.iter().map(|child| child.best);
        self.best = own.chain(below).fold(f32::NEG_INFINITY, f32::max);
        changed
    }

    /// Makes the edge `at` characters long; what follows becomes a child.
    fn split(&mut self, at: usize) {
        if at < self.edge.len() {
            let rest = self.edge.split_off(at);
            let edge = std::mem::take(&mut self.edge);
            let below = std::mem::take(self);
            let best = below.best;
            let below = Node { edge: rest, ..below };
            *self = Node { edge, entries: Vec::new(), children: vec![Arc::new(below)], best };
        }
    }

    /// Removes a child that leads nowhere, or joins it with its only child.
    fn tidy(&mut self, at: usize) {
        if !self.children[at].entries.is_empty() || self.children[at].children.len() > 1 {
            return;
        }
        let child = Arc::make_mut(&mut self.children[at]);
        match child.children.pop() {
            None => {
                self.children.swap_remove(at);
            }
            Some(only) => {
                let only = Arc::unwrap_or_clone(only);
                let edge = [&child.edge[..], &only.edge].concat();
                *child = Node { edge, ..only };
            }
        }
    }

    /// Every entry here and below. A way down is never deeper than a text is long.
    pub(super) fn each(&self, each: &mut impl FnMut(&Entry)) {
        self.entries.iter().for_each(&mut *each);
        for child in &self.children {
            child.each(each);
        }
    }

    /// Adds what this node and those below take, until enough texts have been seen.
    pub(super) fn weigh(&self, seen: &mut Seen) {
        seen.bytes += footprint::buffer::<char>(self.edge.capacity())
            + footprint::buffer::<Entry>(self.entries.capacity())
            + footprint::buffer::<Arc<Node>>(self.children.capacity());
        for entry in &self.entries {
            let payload = entry.payload.as_ref().map_or(0, |payload| shared_text(payload));
            seen.bytes += shared_text(&entry.text) + payload;
            seen.texts += 1;
        }
        for child in &self.children {
            if seen.texts >= seen.most {
                return;
            }
            seen.bytes += footprint::allocated(ARC_HEADER + size_of::<Node>());
            child.weigh(seen);
        }
    }
}

/// What has been seen of a trie.
pub(super) struct Seen {
    pub(super) texts: usize,
    pub(super) bytes: usize,
    most: usize,
}

impl Seen {
    /// Nothing yet; no more than so many texts are to be looked at.
    pub(super) fn up_to(most: usize) -> Self {
        Seen { texts: 0, bytes: 0, most }
    }
}

/// The bytes of a text behind its two counts of references.
fn shared_text(text: &[u8]) -> usize {
    footprint::allocated(2 * size_of::<usize>() + text.len())
}

fn shared(edge: &[char], path: &[char]) -> usize {
    edge.iter().zip(path).take_while(|(one, other)| one == other).count()
}
