//! The tree against a plain vector, and its inner laws after every step.

use super::node::{INNER_MAX, LEAF_MAX};
use super::*;
use proptest::prelude::*;

/// A member of an ordered tree.
#[derive(Clone, Debug, PartialEq)]
struct Member(u32, u32);

impl Item for Member {
    type Key = u32;
    const UNIT_WEIGHT: bool = true;

    fn key(&self) -> &u32 {
        &self.0
    }

    fn weight(&self) -> u64 {
        1
    }
}

/// A run of elements in a tree without keys.
#[derive(Clone, Debug, PartialEq)]
struct Run(Vec<u32>);

impl Item for Run {
    type Key = ();
    const UNIT_WEIGHT: bool = false;

    fn key(&self) -> &() {
        &()
    }

    fn weight(&self) -> u64 {
        self.0.len() as u64
    }
}

/// Walks the whole tree and checks sizes, weights, depths and, with `order`, separators.
fn check<I: Item>(tree: &CowTree<I>, order: impl Fn(&I::Key, &I::Key) -> Ordering + Copy) {
    let weight = match &tree.root {
        None => 0,
        Some(node) => {
            assert!(node.len() > 1 || matches!(node, Node::Leaf(_)), "a root with one child");
            check_node(node, node.height(), order, None, None)
        }
    };
    assert_eq!(tree.weight(), weight);
}

fn check_node<I: Item>(
    node: &Node<I>,
    height: u32,
    order: impl Fn(&I::Key, &I::Key) -> Ordering + Copy,
    low: Option<&I::Key>,
    high: Option<&I::Key>,
) -> u64 {
    assert!(node.len() > 0, "an empty node");
    match node {
        Node::Leaf(items) => {
            assert_eq!(height, 0, "leaves at different depths");
            assert!(items.len() <= LEAF_MAX);
            assert!(items.capacity() - items.len() <= 8, "a loose buffer");
            for item in items.iter() {
                assert!(item.weight() > 0);
                assert!(low.is_none_or(|low| order(low, item.key()).is_le()));
                assert!(high.is_none_or(|high| order(high, item.key()).is_ge()));
            }
            node.weight()
        }
        Node::Inner(inner) => {
            assert!(inner.nodes.len() <= INNER_MAX);
            assert_eq!(inner.nodes.len(), inner.keys.len());
            assert_eq!(inner.nodes.len(), inner.weights.len());
            for (i, child) in inner.nodes.iter().enumerate() {
                let low = if i == 0 { low } else { Some(&inner.keys[i]) };
                let high = inner.keys.get(i + 1).or(high);
                let weight = check_node(child, height - 1, order, low, high);
                assert_eq!(weight, inner.weights[i], "a wrong weight");
            }
            node.weight()
        }
    }
}

#[derive(Clone, Debug)]
enum Op {
    Insert(u32),
    Remove(u32),
    /// The item at a position gets the next free key above this distance from its own.
    Rekey(u64, i32),
    RemoveAt(u64),
    RemoveRange(u64, u64),
    SplitAndAppend(u64),
    Rebuild,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        12 => (0..600u32).prop_map(Op::Insert),
        5 => (0..600u32).prop_map(Op::Remove),
        4 => (0..300u64, -9..9).prop_map(|(at, by)| Op::Rekey(at, by)),
        2 => (0..300u64, -600..600).prop_map(|(at, by)| Op::Rekey(at, by)),
        3 => (0..300u64).prop_map(Op::RemoveAt),
        1 => (0..300u64, 0..40u64).prop_map(|(start, len)| Op::RemoveRange(start, start + len)),
        1 => (0..300u64).prop_map(Op::SplitAndAppend),
        1 => Just(Op::Rebuild),
    ]
}

fn apply(tree: &mut CowTree<Member>, model: &mut Vec<Member>, op: Op, stamp: u32) {
    let len = model.len() as u64;
    match op {
        Op::Insert(key) => {
            let item = Member(key, stamp);
            let old = match model.binary_search_by(|m| m.0.cmp(&key)) {
                Ok(i) => Some(std::mem::replace(&mut model[i], item.clone())),
                Err(i) => {
                    model.insert(i, item.clone());
                    None
                }
            };
            assert_eq!(tree.insert_by(|k| k.cmp(&key), item), old);
        }
        Op::Remove(key) => {
            let at = model.binary_search_by(|m| m.0.cmp(&key)).ok();
            let old = at.map(|i| model.remove(i));
            assert_eq!(tree.remove_by(|k| k.cmp(&key)), old);
        }
        Op::Rekey(position, by) => {
            let old = model.get(position as usize).map_or(700, |item| item.0);
            let mut new = old.saturating_add_signed(by);
            while model.iter().any(|item| item.0 == new) {
                new += 1;
            }
            let found = tree.rekey_by(|k| k.cmp(&old), |k| k.cmp(&new), |item| item.0 = new);
            assert_eq!(found, position < len);
            if let Some(item) = model.get_mut(position as usize) {
                item.0 = new;
            }
            model.sort_by_key(|item| item.0);
        }
        Op::RemoveAt(position) => {
            let old = (position < len).then(|| model.remove(position as usize));
            assert_eq!(tree.remove_at(position), old);
        }
        Op::RemoveRange(start, end) => {
            let (from, to) = (start.min(len) as usize, end.min(len) as usize);
            let old: Vec<Member> = model.drain(from..to).collect();
            let removed = tree.remove_range(start..end);
            check(&removed, Ord::cmp);
            assert_eq!(removed.iter().cloned().collect::<Vec<_>>(), old);
        }
        Op::SplitAndAppend(position) => {
            let right = tree.split_off(position);
            check(tree, Ord::cmp);
            check(&right, Ord::cmp);
            assert_eq!(tree.weight(), position.min(len));
            tree.append(right);
        }
        Op::Rebuild => *tree = tree.iter().cloned().collect(),
    }
}

fn compare(tree: &CowTree<Member>, model: &[Member]) {
    assert_eq!(tree.weight(), model.len() as u64);
    assert_eq!(tree.is_empty(), model.is_empty());
    assert!(tree.iter().eq(model));
    assert!(tree.iter().rev().eq(model.iter().rev()));
    for (i, member) in model.iter().enumerate() {
        assert_eq!(tree.get(i as u64), Some((member, 0)));
        assert_eq!(tree.rank_by(|k| k.cmp(&member.0)), Ok(i as u64));
    }
    for key in (0..620).step_by(7) {
        let wanted = model.binary_search_by(|m| m.0.cmp(&key));
        assert_eq!(tree.rank_by(|k| k.cmp(&key)), wanted.map(|i| i as u64).map_err(|i| i as u64));
        assert_eq!(tree.get_by(|k| k.cmp(&key)), wanted.ok().map(|i| &model[i]));
        let point = model.partition_point(|m| m.0 <= key) as u64;
        assert_eq!(tree.partition_point(|k| *k <= key), point);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_ordered_tree_is_a_sorted_vector(ops in prop::collection::vec(op(), 0..500)) {
        let (mut tree, mut model) = (CowTree::new(), Vec::new());
        let mut snapshots = Vec::new();
        for (stamp, op) in ops.into_iter().enumerate() {
            if stamp % 97 == 50 {
                snapshots.push((tree.clone(), model.clone()));
            }
            apply(&mut tree, &mut model, op, stamp as u32);
            check(&tree, Ord::cmp);
        }
        compare(&tree, &model);
        for (tree, model) in &snapshots {
            check(tree, Ord::cmp);
            compare(tree, model);
        }
    }

    #[test]
    fn ranges_are_slices(
        len in 0..300u32,
        ranges in prop::collection::vec((0..320u64, 0..320u64, 0..200usize, any::<u64>()), 1..20),
    ) {
        let model: Vec<Member> = (0..len).map(|key| Member(key, 0)).collect();
        let tree: CowTree<Member> = model.iter().cloned().collect();
        check(&tree, Ord::cmp);
        for (start, end, skip, mut sides) in ranges {
            let mut range = tree.range(start..end);
            let slice = model.get(start as usize..(end as usize).min(model.len()));
            let mut slice = slice.unwrap_or_default().iter();
            prop_assert_eq!(range.len_hint(), slice.len());
            loop {
                sides = sides.rotate_left(1);
                let (got, wanted) = match sides & 7 {
                    0 => (range.nth(skip % 20), slice.nth(skip % 20)),
                    4 => (range.nth_back(skip % 20), slice.nth_back(skip % 20)),
                    1 | 3 | 5 => (range.next_back(), slice.next_back()),
                    _ => (range.next(), slice.next()),
                };
                prop_assert_eq!(got, wanted);
                if wanted.is_none() {
                    break;
                }
            }
        }
    }
}

impl<I: Item> Range<'_, I> {
    fn len_hint(&self) -> usize {
        self.size_hint().0
    }
}

#[derive(Clone, Debug)]
enum RunOp {
    Push(bool, Vec<u32>),
    Insert(u64, Vec<u32>),
    Truncate(u64, usize),
    Split(u64),
    Cut(u64, u64),
    Remove(u64),
}

fn run() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(any::<u32>(), 1..6)
}

fn run_op() -> impl Strategy<Value = RunOp> {
    prop_oneof![
        4 => (any::<bool>(), run()).prop_map(|(front, run)| RunOp::Push(front, run)),
        6 => (0..600u64, run()).prop_map(|(at, run)| RunOp::Insert(at, run)),
        2 => (0..600u64, 0..4usize).prop_map(|(at, len)| RunOp::Truncate(at, len)),
        3 => (0..600u64).prop_map(RunOp::Split),
        1 => (0..600u64, 0..60u64).prop_map(|(start, len)| RunOp::Cut(start, start + len)),
        2 => (0..600u64).prop_map(RunOp::Remove),
    ]
}

/// The index of the run that holds a position, and the offset in it.
fn locate(model: &[Run], mut position: u64) -> (usize, u64) {
    for (index, run) in model.iter().enumerate() {
        if position < run.weight() {
            return (index, position);
        }
        position -= run.weight();
    }
    (model.len(), 0)
}

fn apply_run(tree: &mut CowTree<Run>, model: &mut Vec<Run>, op: RunOp) {
    let weight = tree.weight();
    match op {
        RunOp::Push(front, run) => {
            let (at, index) = if front { (0, 0) } else { (weight, model.len()) };
            model.insert(index, Run(run.clone()));
            tree.insert_at(at, Run(run));
        }
        RunOp::Insert(at, run) => {
            model.insert(locate(model, at).0, Run(run.clone()));
            tree.insert_at(at, Run(run));
        }
        RunOp::Truncate(at, len) => {
            let (index, offset) = locate(model, at);
            let change = |run: &mut Run, found: u64| {
                assert_eq!(found, offset);
                run.0.truncate(len);
            };
            assert_eq!(tree.update_at(at, change).is_some(), index < model.len());
            if let Some(run) = model.get_mut(index) {
                run.0.truncate(len);
            }
            model.retain(|run| !run.0.is_empty());
        }
        RunOp::Split(at) => {
            let (index, offset) = locate(model, at);
            let Some(run) = model.get_mut(index) else { return };
            let right = Run(run.0.split_off(offset as usize));
            model.insert(index + 1, right.clone());
            model.retain(|run| !run.0.is_empty());
            tree.edit_at(at, |leaf, slot| {
                leaf.insert(slot.index + 1, right);
                leaf.update(slot.index, |run| run.0.truncate(slot.offset as usize));
            });
        }
        RunOp::Cut(start, end) => {
            let from = locate(model, start).0;
            let to = if end >= weight { model.len() } else { locate(model, end).0 };
            let old: Vec<Run> = model.drain(from..to.max(from)).collect();
            let removed = tree.remove_range(start..end);
            check(&removed, |(), ()| Ordering::Equal);
            assert_eq!(removed.iter().cloned().collect::<Vec<_>>(), old);
        }
        RunOp::Remove(at) => {
            let index = locate(model, at).0;
            let old = (index < model.len()).then(|| model.remove(index));
            assert_eq!(tree.remove_at(at), old);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_tree_without_keys_is_a_vector_of_runs(ops in prop::collection::vec(run_op(), 0..300)) {
        let (mut tree, mut model) = (CowTree::new(), Vec::new());
        let mut snapshot = (tree.clone(), model.clone());
        for (step, op) in ops.into_iter().enumerate() {
            if step % 61 == 40 {
                snapshot = (tree.clone(), model.clone());
            }
            apply_run(&mut tree, &mut model, op);
            check(&tree, |(), ()| Ordering::Equal);
        }
        for (tree, model) in [(&tree, &model), (&snapshot.0, &snapshot.1)] {
            prop_assert!(tree.iter().eq(model));
            for at in 0..tree.weight() + 3 {
                let (index, offset) = locate(model, at);
                prop_assert_eq!(tree.get(at), model.get(index).map(|run| (run, offset)));
                let back = tree.range(..at).rev().count();
                let whole = if offset > 0 { index + 1 } else { index };
                prop_assert_eq!(back, whole);
                prop_assert_eq!(tree.range(at..).count(), model.len() - index);
            }
        }
    }
}

#[test]
fn appending_in_order_fills_the_nodes() {
    for keys in [(0..1000).collect::<Vec<u32>>(), (0..1000).rev().collect()] {
        let mut tree = CowTree::new();
        for key in keys {
            tree.insert_by(|k| k.cmp(&key), Member(key, 0));
        }
        check(&tree, Ord::cmp);
        assert_eq!(tree.sample_leaves(0).count(), 1000usize.div_ceil(LEAF_MAX));
    }
}

#[test]
fn a_queue_is_drained_from_either_end() {
    let mut tree: CowTree<Member> = (0..500).map(|key| Member(key, 0)).collect();
    for key in 0..250 {
        assert_eq!(tree.remove_at(0), Some(Member(key, 0)));
        assert_eq!(tree.remove_at(tree.weight() - 1), Some(Member(499 - key, 0)));
        check(&tree, Ord::cmp);
    }
    assert!(tree.is_empty() && tree.remove_at(0).is_none());
}

#[test]
fn the_estimate_of_memory_comes_close() {
    let tree: CowTree<Member> = (0..5000).map(|key| Member(key, 0)).collect();
    let exact = tree.memory_usage(0, |_| 10);
    assert!(exact >= 5000 * (size_of::<Member>() + 10));
    let sampled = tree.memory_usage(5, |_| 10);
    assert!(sampled.abs_diff(exact) * 20 < exact, "{sampled} is not near {exact}");
    assert_eq!(CowTree::<Member>::new().memory_usage(5, |_| 10), 0);
}

/// The leaves of a tree by address.
fn leaves<I: Item>(tree: &CowTree<I>) -> Vec<*const I> {
    tree.sample_leaves(0).map(<[I]>::as_ptr).collect()
}

#[test]
fn a_write_beside_a_snapshot_copies_one_leaf_only() {
    let mut tree: CowTree<Member> = (0..500).map(|key| Member(key * 2, 0)).collect();
    tree.remove_at(100);
    let snapshot = tree.clone();
    assert_eq!(leaves(&tree), leaves(&snapshot), "a clone shares everything");
    tree.insert_by(|k| k.cmp(&201), Member(201, 0));
    let (new, old) = (leaves(&tree), leaves(&snapshot));
    assert_eq!(new.len(), old.len());
    assert_eq!(new.iter().zip(&old).filter(|(a, b)| a != b).count(), 1);
    drop(snapshot);
    tree.insert_by(|k| k.cmp(&203), Member(203, 0));
    assert_eq!(tree.weight(), 501);
}
