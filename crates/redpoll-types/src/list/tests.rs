//! The list against a plain deque.

use super::*;
use proptest::prelude::*;
use std::collections::VecDeque;

type Model = VecDeque<Vec<u8>>;

/// Chunks of three elements, so that a few dozen make a tree; and chunks of the smallest size.
fn limits() -> impl Strategy<Value = Limits> {
    prop_oneof![3 => Just(3), 1 => Just(1), 1 => Just(-1)]
        .prop_map(|size| Limits { list_max_listpack_size: size, ..Limits::default() })
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => (0..6u8).prop_map(|n| vec![b'a' + n]),
        3 => (-3..3i64).prop_map(|n| n.to_string().into_bytes()),
        2 => (0..700usize).prop_map(|len| vec![b'x'; len]),
        // Too large for any chunk but its own.
        1 => (0..2usize).prop_map(|more| vec![b'y'; 9000 + more]),
    ]
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![Just(End::Front), Just(End::Back)]
}

#[derive(Clone, Debug)]
enum Op {
    Push(End, Vec<u8>),
    Pop(End),
    Set(i64, Vec<u8>),
    Insert(End, Vec<u8>, Vec<u8>),
    Remove(i64, Vec<u8>),
    Trim(i64, i64),
    Cut(u64, u64),
    Redump,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        14 => (end(), value()).prop_map(|(end, value)| Op::Push(end, value)),
        4 => end().prop_map(Op::Pop),
        4 => (-40..40i64, value()).prop_map(|(index, value)| Op::Set(index, value)),
        6 => (end(), value(), value())
            .prop_map(|(end, pivot, value)| Op::Insert(end, pivot, value)),
        3 => (-3..3i64, value()).prop_map(|(count, value)| Op::Remove(count, value)),
        1 => (-60..3i64, 10..60i64).prop_map(|(start, stop)| Op::Trim(start, stop)),
        1 => (0..40u64, 0..12u64).prop_map(|(start, len)| Op::Cut(start, start + len)),
        1 => Just(Op::Redump),
    ]
}

fn model_index(model: &Model, index: i64) -> Option<usize> {
    let index = if index < 0 { index + model.len() as i64 } else { index };
    usize::try_from(index).ok().filter(|index| *index < model.len())
}

fn model_remove(model: &mut Model, count: i64, value: &[u8]) -> usize {
    let mut matches: Vec<usize> = (0..model.len()).filter(|i| model[*i] == value).collect();
    if count < 0 {
        matches.reverse();
    }
    let most = if count == 0 { usize::MAX } else { count.unsigned_abs() as usize };
    matches.truncate(most);
    matches.sort_unstable();
    for index in matches.iter().rev() {
        model.remove(*index);
    }
    matches.len()
}

fn apply(list: &mut List, model: &mut Model, op: Op, limits: &Limits) {
    match op {
        Op::Push(end, value) => {
            list.push(end, &value, limits);
            if end == End::Front { model.push_front(value) } else { model.push_back(value) }
        }
        Op::Pop(end) => {
            let wanted = if end == End::Front { model.pop_front() } else { model.pop_back() };
            assert_eq!(list.pop(end, limits), wanted);
        }
        Op::Set(index, value) => {
            let at = model_index(model, index);
            assert_eq!(list.set(index, &value, limits), at.is_some());
            if let Some(at) = at {
                model[at] = value;
            }
        }
        Op::Insert(side, pivot, value) => {
            let at = model.iter().position(|element| *element == pivot);
            if let Some(at) = at {
                model.insert(at + usize::from(side == End::Back), value.clone());
            }
            let wanted = at.map(|_| model.len());
            assert_eq!(list.insert(side, &pivot, &value, limits), wanted);
        }
        Op::Remove(count, value) => {
            let wanted = model_remove(model, count, &value);
            assert_eq!(list.remove(count, &value, limits), wanted);
        }
        Op::Trim(start, stop) => {
            drop(list.trim(start, stop, limits));
            let len = model.len() as i64;
            let from = |index: i64| if index < 0 { index + len } else { index };
            let (start, stop) = (from(start).max(0), from(stop).min(len - 1));
            let kept = (start..=stop).map(|index| model[index as usize].clone()).collect();
            *model = kept;
        }
        Op::Cut(start, end) => {
            drop(list.remove_range(start..end, limits));
            let len = model.len() as u64;
            model.drain(start.min(len) as usize..end.min(len) as usize);
        }
        Op::Redump => *list = List::from_chunks(list.chunks(), limits),
    }
}

fn compare(list: &List, model: &Model) {
    assert_eq!(list.len(), model.len());
    assert_eq!(list.is_empty(), model.is_empty());
    let texts: Model = list.iter().map(|element| element.to_vec()).collect();
    assert_eq!(&texts, model);
    let back: Vec<_> = list.iter().rev().map(|element| element.to_vec()).collect();
    assert!(back.iter().eq(model.iter().rev()));
    for index in -(model.len() as i64) - 1..=model.len() as i64 {
        let wanted = model_index(model, index).map(|at| model[at].clone());
        assert_eq!(list.get(index).map(|element| element.to_vec()), wanted);
    }
}

/// Every chunk within its limits, and the encoding in accordance with them.
fn check_chunks(list: &List, limits: &Limits) {
    let fill = Fill::new(limits);
    for chunk in list.chunks() {
        if let ChunkRef::Packed(listpack) = chunk {
            let len = listpack.len();
            assert!(fill.holds(listpack.bytes_len(), len) || len == 1 || list.is_empty());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_list_is_a_deque(limits in limits(), ops in prop::collection::vec(op(), 0..120)) {
        let (mut list, mut model) = (List::new(), Model::new());
        let mut snapshot = (list.clone(), model.clone());
        for (step, op) in ops.into_iter().enumerate() {
            if step == 60 {
                snapshot = (list.clone(), model.clone());
            }
            apply(&mut list, &mut model, op, &limits);
            check_chunks(&list, &limits);
        }
        compare(&list, &model);
        compare(&snapshot.0, &snapshot.1);
    }

    #[test]
    fn ranges_are_slices(
        limits in limits(),
        len in 0..40usize,
        start in -50..50i64,
        stop in -50..50i64,
        mut sides in any::<u64>(),
    ) {
        let model: Vec<Vec<u8>> = (0..len).map(|n| vec![b'z'; n * 40]).collect();
        let mut list = List::new();
        model.iter().for_each(|value| list.push_back(value, &limits));
        let from = |index: i64| if index < 0 { index + len as i64 } else { index };
        let (first, last) = (from(start).max(0), from(stop).min(len as i64 - 1));
        let mut wanted = (first..=last).map(|index| model[index as usize].clone());
        let mut got = list.range(start, stop);
        loop {
            prop_assert_eq!(got.len(), wanted.size_hint().0);
            sides = sides.rotate_left(1);
            let pair = if sides & 1 == 0 {
                (got.next(), wanted.next())
            } else {
                (got.next_back(), wanted.next_back())
            };
            prop_assert_eq!(pair.0.map(|element| element.to_vec()), pair.1.clone());
            if pair.1.is_none() {
                break;
            }
        }
    }

    #[test]
    fn positions_are_those_of_a_scan(
        limits in limits(),
        values in prop::collection::vec(value(), 0..40),
        wanted in value(),
        rank in -4..5i64,
        count in 0..4usize,
        maxlen in 0..50usize,
    ) {
        let mut list = List::new();
        values.iter().for_each(|value| list.push_back(value, &limits));
        let mut indices: Vec<usize> = (0..values.len()).collect();
        if rank < 0 {
            indices.reverse();
        }
        indices.truncate(if maxlen == 0 { usize::MAX } else { maxlen });
        indices.retain(|index| values[*index] == wanted);
        let skip = (rank.unsigned_abs() as usize).saturating_sub(1).min(indices.len());
        let mut indices = indices.split_off(skip);
        indices.truncate(if count == 0 { usize::MAX } else { count });
        if rank == 0 {
            indices.clear();
        }
        prop_assert_eq!(list.positions(&wanted, rank, count, maxlen), indices);
    }
}

#[test]
fn the_encoding_follows_size_and_comes_back_at_half() {
    let limits = Limits { list_max_listpack_size: 4, ..Limits::default() };
    let mut list = List::new();
    for n in 0..4u8 {
        list.push_back(&[n], &limits);
        assert_eq!(list.encoding(), "listpack");
    }
    list.push_back(b"more", &limits);
    assert_eq!(list.encoding(), "quicklist");
    list.pop_front(&limits);
    list.pop_front(&limits);
    assert_eq!(list.encoding(), "quicklist", "more than half are left");
    list.pop_front(&limits);
    list.pop_back(&limits);
    assert_eq!((list.encoding(), list.len()), ("listpack", 1));
}

#[test]
fn several_elements_are_prepared_for_at_once() {
    let limits = Limits::default();
    let mut list = List::new();
    list.expect(3, 8185, &limits);
    assert_eq!(list.encoding(), "listpack");
    list.expect(3, 8186, &limits);
    assert_eq!(list.encoding(), "quicklist");
    list.push_front(b"a", &limits);
    assert_eq!(list.get(0).map(|element| element.to_vec()), Some(b"a".to_vec()));
}

#[test]
fn a_huge_element_stands_alone_and_is_found() {
    let limits = Limits::default();
    let huge = vec![b'h'; 100_000];
    let mut list = List::new();
    list.push_back(b"1", &limits);
    list.push_back(&huge, &limits);
    list.push_back(b"2", &limits);
    assert_eq!(list.chunks().filter(|c| matches!(c, ChunkRef::Plain(_))).count(), 1);
    assert_eq!(list.positions(&huge, 1, 0, 0), [1]);
    assert!(list.memory_usage(0) > huge.len());
    assert!(list.set(1, b"small", &limits));
    assert_eq!(list.chunks().count(), 2, "it joins the chunk behind it");
    assert!(list.set(-1, &huge, &limits));
    assert_eq!(list.pop_back(&limits), Some(huge));
}

#[test]
fn the_index_of_a_trim_may_be_anything() {
    let limits = Limits::default();
    let mut list = List::new();
    (0..10u8).for_each(|n| list.push_back(&[n], &limits));
    drop(list.trim(i64::MIN, i64::MAX, &limits));
    assert_eq!(list.len(), 10);
    assert_eq!(list.range(i64::MIN, i64::MIN).len(), 0);
    assert_eq!(list.get(i64::MIN), None);
    drop(list.trim(5, 4, &limits));
    assert!(list.is_empty());
    assert_eq!(list.pop_back(&limits), None);
    assert_eq!(list.remove(0, b"x", &limits), 0);
}

#[test]
fn removal_starts_at_the_end_that_the_sign_names() {
    for limits in [Limits::default(), Limits { list_max_listpack_size: 3, ..Limits::default() }] {
        for (count, rest) in [(2, "bacaa"), (-2, "aabac"), (0, "bc"), (9, "bc"), (-9, "bc")] {
            let mut list = List::new();
            "aabacaa".chars().for_each(|c| list.push_back(c.to_string().as_bytes(), &limits));
            let removed = list.remove(count, b"a", &limits);
            let texts: Vec<u8> = list.iter().flat_map(|element| element.to_vec()).collect();
            assert_eq!(String::from_utf8_lossy(&texts), rest, "LREM {count}");
            assert_eq!(removed, 7 - rest.len());
        }
    }
}
