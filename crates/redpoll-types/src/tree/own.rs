//! Items changed in place where no snapshot shares them, and left alone where one does.

use super::node::{ByPosition, Node, Seek};
use super::{CowTree, Item};
use triomphe::Arc;

impl<I: Item> CowTree<I> {
    /// Shows the items from the one at `position` on, `count` of them, and answers at which
    /// position to go on: `None` when all have been shown. Ends sooner when the visitor answers
    /// false. Items in nodes that are shared with a
    /// snapshot are left out. The visitor must leave key and weight as they are. O(count · log n).
    pub fn visit_own(
        &mut self,
        mut position: u64,
        count: usize,
        mut visit: impl FnMut(&mut I) -> bool,
    ) -> Option<u64> {
        let mut goes_on = true;
        for _ in 0..count {
            if position >= self.weight {
                return None;
            }
            let see = |item: &mut I| goes_on = visit(item);
            position = own_item(self.root.as_mut()?, position, self.weight, see);
            if !goes_on {
                break;
            }
        }
        (position < self.weight).then_some(position)
    }
}

/// Shows the item at a position of a tree of this weight, unless it is shared; answers where the
/// next one is that may not be.
fn own_item<I: Item>(
    mut node: &mut Node<I>,
    position: u64,
    weight: u64,
    visit: impl FnOnce(&mut I),
) -> u64 {
    let mut seek = ByPosition::new(position, weight);
    // Where the present node begins and ends.
    let (mut start, mut end) = (0, weight);
    loop {
        node = match node {
            Node::Inner(inner) => {
                let Some(inner) = Arc::get_mut(inner) else { return end };
                let index = Seek::<I>::child(&mut seek, inner);
                start += inner.weights.iter().take(index).sum::<u64>();
                end = start + inner.weights[index];
                &mut inner.nodes[index]
            }
            Node::Leaf(items) => {
                let Some(items) = Arc::get_mut(items) else { return end };
                let slot = seek.slot(items);
                let Some(item) = items.get_mut(slot.index) else { return end };
                let next = position - slot.offset + item.weight();
                visit(item);
                return next;
            }
        }
    }
}
