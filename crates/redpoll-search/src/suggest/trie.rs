//! The trie: characters lead from node to node, single ways are one edge.

use super::Entry;

/// A node, and the edge that leads to it.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    pub(super) edge: Vec<char>,
    /// The texts that end here: they differ in case only.
    pub(super) entries: Vec<Entry>,
    pub(super) children: Vec<Node>,
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
                        self.children.push(Node { edge: path.to_vec(), ..Node::default() });
                        self.children.len() - 1
                    }
                };
                let shared = shared(&self.children[at].edge, path);
                self.children[at].split(shared);
                let changed = self.children[at].update(&path[shared..], change);
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
            *self = Node { edge, entries: Vec::new(), children: vec![below], best };
        }
    }

    /// Removes a child that leads nowhere, or joins it with its only child.
    fn tidy(&mut self, at: usize) {
        let child = &mut self.children[at];
        if !child.entries.is_empty() {
            return;
        }
        match child.children.len() {
            0 => {
                self.children.swap_remove(at);
            }
            1 => {
                if let Some(only) = child.children.pop() {
                    let edge = [std::mem::take(&mut child.edge), only.edge].concat();
                    *child = Node { edge, ..only };
                }
            }
            _ => {}
        }
    }

    /// Every entry here and below. A way down is never deeper than a text is long.
    pub(super) fn each(&self, each: &mut impl FnMut(&Entry)) {
        self.entries.iter().for_each(&mut *each);
        for child in &self.children {
            child.each(each);
        }
    }
}

fn shared(edge: &[char], path: &[char]) -> usize {
    edge.iter().zip(path).take_while(|(one, other)| one == other).count()
}
