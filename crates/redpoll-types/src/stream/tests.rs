//! Streams against simple models.

use super::*;
use crate::limits::Limits;
use crate::listpack::Listpack;
use proptest::prelude::*;
use std::collections::BTreeMap;

type Words = Vec<Vec<u8>>;

fn id(ms: u64, seq: u64) -> StreamId {
    StreamId::new(ms, seq)
}

fn small() -> Limits {
    Limits { stream_node_max_entries: 4, stream_node_max_bytes: 200, ..Limits::default() }
}

fn add(log: &mut Log, id: StreamId, words: &[&[u8]], limits: &Limits) {
    log.add(id, words.iter().copied(), limits);
}

fn words_of(entry: &Entry<'_>) -> Words {
    entry.fields.clone().flat_map(|(name, value)| [name.to_vec(), value.to_vec()]).collect()
}

fn all(log: &Log) -> Vec<(StreamId, Words)> {
    log.iter().map(|entry| (entry.id, words_of(&entry))).collect()
}

/// Everything that must agree within a log, and with the entries that it should hold.
fn assert_log(log: &Log, model: &BTreeMap<StreamId, Words>) {
    let expected: Vec<_> = model.iter().map(|(id, words)| (*id, words.clone())).collect();
    assert_eq!(all(log), expected);
    let mut backwards: Vec<_> =
        log.range_back(StreamId::MIN, StreamId::MAX).map(|e| e.id).collect();
    backwards.reverse();
    assert_eq!(backwards, model.keys().copied().collect::<Vec<_>>());
    assert_eq!(log.len(), model.len() as u64);
    assert_eq!(log.first_id(), model.keys().next().copied().unwrap_or_default());
    assert_eq!(log.last_entry_id(), model.keys().next_back().copied());
    assert_eq!(log.node_count(), log.nodes().count());
    let mut last = None;
    for (first, bytes) in log.nodes() {
        assert!(last < Some(first), "nodes out of order");
        assert!(Listpack::from_bytes(bytes.into()).is_ok(), "no listpack");
        assert!(load::node(first, bytes.to_vec()).is_some(), "no node");
        last = Some(first);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Add(u64, u64, Words),
    Delete(usize),
    TrimLen(u64, bool),
    TrimId(usize, bool, u64),
    Snapshot,
}

fn words() -> impl Strategy<Value = Words> {
    let word = prop_oneof![
        4 => "[ab]{1,2}".prop_map(String::into_bytes),
        1 => any::<i64>().prop_map(|number| number.to_string().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..80),
    ];
    let pairs = prop::collection::vec((word.clone(), word), 1..4);
    pairs.prop_map(|pairs| pairs.into_iter().flat_map(|(name, value)| [name, value]).collect())
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..3u64, 0..5u64, words()).prop_map(|(ms, seq, words)| Step::Add(ms, seq, words)),
        4 => any::<usize>().prop_map(Step::Delete),
        1 => (0..40u64, any::<bool>()).prop_map(|(len, approx)| Step::TrimLen(len, approx)),
        1 => (any::<usize>(), any::<bool>(), 0..9u64)
            .prop_map(|(place, approx, limit)| Step::TrimId(place, approx, limit)),
        1 => Just(Step::Snapshot),
    ]
}

fn nth(model: &BTreeMap<StreamId, Words>, place: usize) -> StreamId {
    let place = place.checked_rem(model.len()).unwrap_or(0);
    model.keys().nth(place).copied().unwrap_or(id(1, 1))
}

proptest! {
    #[test]
    fn a_log_is_an_ordered_map(steps in prop::collection::vec(step(), 1..120)) {
        let limits = small();
        let (mut log, mut model) = (Log::default(), BTreeMap::new());
        let mut snapshot = None;
        let mut last = StreamId::MIN;
        for step in steps {
            match step {
                Step::Add(ms, seq, words) => {
                    last = id(last.ms + ms, if ms == 0 { last.seq + seq + 1 } else { seq });
                    let refs: Vec<&[u8]> = words.iter().map(|word| &**word).collect();
                    add(&mut log, last, &refs, &limits);
                    model.insert(last, words);
                }
                Step::Delete(place) => {
                    let id = nth(&model, place);
                    prop_assert_eq!(log.delete(id), model.remove(&id).is_some());
                    prop_assert!(!log.delete(id));
                }
                Step::TrimLen(len, approximate) => {
                    let trim = Trim { until: Threshold::Len(len), approximate, limit: None };
                    let before = log.len();
                    let removed = log.trim(&trim, None).count;
                    prop_assert_eq!(log.len(), before - removed);
                    prop_assert!(log.len() >= len.min(before));
                    prop_assert!(approximate || log.len() <= len);
                    (0..removed).for_each(|_| drop(model.pop_first()));
                }
                Step::TrimId(place, approximate, limit) => {
                    let min = nth(&model, place);
                    let limit = approximate.then_some(limit);
                    let trim = Trim { until: Threshold::Id(min), approximate, limit };
                    let removed = log.trim(&trim, None).count;
                    prop_assert!(limit.is_none_or(|limit| removed <= limit));
                    (0..removed).for_each(|_| drop(model.pop_first()));
                    prop_assert!(approximate || model.keys().next().is_none_or(|id| *id >= min));
                }
                Step::Snapshot => {
                    if let Some((old, entries)) = snapshot.replace((log.clone(), all(&log))) {
                        prop_assert_eq!(all(&old), entries);
                    }
                }
            }
            assert_log(&log, &model);
            prop_assert_eq!(log.node_count(), log.nodes().count());
        }
        prop_assert_eq!(log.last_id(), last);
        if let Some((old, entries)) = snapshot {
            prop_assert_eq!(all(&old), entries);
        }
    }

    #[test]
    fn ranges(
        ids in prop::collection::btree_set((0..9u64, 0..9u64), 0..40),
        gone in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        bounds in prop::collection::vec(((0..10u64, 0..10u64), (0..10u64, 0..10u64)), 8),
    ) {
        let mut log = Log::default();
        let mut model: Vec<StreamId> = ids.iter().map(|(ms, seq)| id(ms + 1, *seq)).collect();
        for id in &model {
            add(&mut log, *id, &[b"f", b"v"], &small());
        }
        for index in gone {
            if !model.is_empty() {
                let id = model.remove(index.index(model.len()));
                prop_assert!(log.delete(id));
            }
        }
        for ((ms, seq), (end_ms, end_seq)) in bounds {
            let (start, end) = (id(ms, seq), id(end_ms, end_seq));
            let wanted: Vec<_> =
                model.iter().copied().filter(|id| (start..=end).contains(id)).collect();
            prop_assert_eq!(log.count_between(start, end), wanted.len() as u64);
            let found: Vec<_> = log.range(start, end).map(|entry| entry.id).collect();
            prop_assert_eq!(&found, &wanted);
            let mut found: Vec<_> = log.range_back(start, end).map(|entry| entry.id).collect();
            found.reverse();
            prop_assert_eq!(found, wanted);
            prop_assert_eq!(log.contains(start), model.contains(&start));
        }
    }

    #[test]
    fn a_dump_makes_the_same_stream(entries in prop::collection::vec(words(), 0..60), gone: u8) {
        let mut stream = Stream::new();
        for (number, words) in entries.iter().enumerate() {
            let refs = words.iter().map(|word| &**word);
            stream.log_mut().add(id(number as u64 / 7 + 1, number as u64), refs, &small());
        }
        let ids: Vec<_> = stream.log().iter().map(|entry| entry.id).collect();
        ids.iter().skip(1).step_by(usize::from(gone) + 1).for_each(|id| {
            stream.log_mut().delete(*id);
        });
        let mut copy = Stream::new();
        for (first, bytes) in stream.log().nodes() {
            prop_assert!(copy.load_node(first, bytes.into()).is_ok());
            prop_assert!(copy.load_node(first, bytes.into()).is_err(), "twice");
        }
        let log = stream.log();
        let numbers = copy.load_numbers(log.last_id(), log.max_deleted_id(), log.added());
        prop_assert!(numbers.is_ok());
        prop_assert_eq!(all(copy.log()), all(log));
        prop_assert_eq!(copy.log().first_id(), log.first_id());
    }

    #[test]
    fn corrupt_nodes_are_refused_or_harmless(
        entries in prop::collection::vec(words(), 1..5),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut log = Log::default();
        for (number, words) in entries.iter().enumerate() {
            log.add(id(1, number as u64), words.iter().map(|word| &**word), &Limits::default());
        }
        let Some((first, bytes)) = log.nodes().next() else { return Ok(()) };
        let mut bytes = bytes.to_vec();
        for (index, byte) in damage {
            let len = bytes.len();
            bytes[index.index(len)] = byte;
        }
        let mut stream = Stream::new();
        if stream.load_node(first, bytes.into()).is_ok() {
            let read = all(stream.log());
            prop_assert_eq!(read.len() as u64, stream.log().len());
            let last = stream.log().last_node_end();
            let _ = stream.load_numbers(last, StreamId::MIN, 9999);
            for (id, _) in read {
                prop_assert!(stream.log_mut().delete(id));
            }
            prop_assert!(stream.log().is_empty());
        }
    }

    #[test]
    fn a_group_keeps_its_books(
        steps in prop::collection::vec((0..7u8, 0..12u64, 0..3u8, 0..50i64), 1..200),
    ) {
        let mut group = Group::new(StreamId::MIN, Some(0));
        // Owner (none: given back, with its turn), time, deliveries.
        let mut model: BTreeMap<StreamId, (Option<u8>, i64, u64)> = BTreeMap::new();
        let mut turn = i64::MIN;
        for (what, seq, consumer, time) in steps {
            let entry = id(1, seq);
            let name = [b'a' + consumer];
            match what {
                0..=2 => {
                    let (owner, _) = group.consumer_or_new(&name, 5);
                    let deliveries = group.get(entry).map_or(1, |old| old.deliveries() + 1);
                    group.assign(entry, owner, time, deliveries);
                    model.insert(entry, (Some(consumer), time, deliveries));
                }
                3 => {
                    if let Some(held) = model.get_mut(&entry) {
                        group.release(entry, 7);
                        *held = (None, turn, 7);
                        turn += 1;
                    }
                }
                4 => {
                    prop_assert_eq!(group.acknowledge(entry), model.remove(&entry).is_some());
                }
                5 if time == 0 => {
                    let held = model.values().filter(|(owner, ..)| *owner == Some(consumer));
                    let count = held.count() as u64;
                    let known = group.find_consumer(&name).is_some();
                    prop_assert_eq!(group.remove_consumer(&name), known.then_some(count));
                    model.retain(|_, (owner, ..)| *owner != Some(consumer));
                }
                _ => {
                    let mut order: Vec<_> =
                        model.iter().map(|(id, (_, time, _))| (*time, *id)).collect();
                    order.sort_unstable();
                    let found: Vec<_> = group.by_time().map(Pending::id).collect();
                    prop_assert_eq!(found, order.iter().map(|(_, id)| *id).collect::<Vec<_>>());
                }
            }
            let found: Vec<_> = group
                .pending_from(StreamId::MIN)
                .map(|p| (p.id(), group.owner_name(p).to_vec(), p.delivered(), p.deliveries()))
                .collect();
            let wanted: Vec<_> = model
                .iter()
                .map(|(id, (owner, time, deliveries))| {
                    let name: Vec<u8> = owner.iter().map(|owner| b'a' + owner).collect();
                    (*id, name, (*time).max(0), *deliveries)
                })
                .collect();
            prop_assert_eq!(found, wanted);
            let released = model.values().filter(|(owner, ..)| owner.is_none()).count();
            prop_assert_eq!(group.released_count(), released as u64);
            for consumer in group.consumers() {
                let number = consumer.name()[0] - b'a';
                let held = model.iter().filter(|(_, (owner, ..))| *owner == Some(number));
                let held: Vec<_> = held.map(|(id, _)| *id).collect();
                prop_assert_eq!(consumer.pending_count(), held.len() as u64);
                prop_assert_eq!(consumer.pending_from(StreamId::MIN).collect::<Vec<_>>(), held);
            }
        }
    }
}

#[test]
fn counts_and_lengths_grow_in_the_head() {
    // 300 entries in one node: its numbers outgrow their first encoding twice.
    let limits = Limits { stream_node_max_entries: 0, stream_node_max_bytes: 0, ..small() };
    let mut log = Log::default();
    let mut model = BTreeMap::new();
    for number in 1..=300 {
        add(&mut log, id(number, 0), &[b"field", b"value"], &limits);
        model.insert(id(number, 0), vec![b"field".to_vec(), b"value".to_vec()]);
    }
    assert_eq!(log.node_count(), 1);
    assert_log(&log, &model);
    for number in 1..=299 {
        assert!(log.delete(id(number, 0)));
        model.remove(&id(number, 0));
    }
    assert_log(&log, &model);
    assert_eq!(log.max_deleted_id(), id(299, 0));
}

#[test]
fn nodes_that_are_mostly_deleted_are_written_anew() {
    let mut log = Log::default();
    for number in 1..=200 {
        add(&mut log, id(number, 0), &[b"field", b"value"], &Limits::default());
    }
    let sizes = |log: &Log| log.nodes().map(|(_, bytes)| bytes.len()).collect::<Vec<_>>();
    let before = sizes(&log);
    for number in (1..=100).filter(|number| number % 10 != 0) {
        log.delete(id(number, 0));
    }
    let after = sizes(&log);
    assert!(after[0] < before[0] / 2, "{before:?} {after:?}");
    assert_eq!(after[1], before[1]);
    assert_eq!(log.len(), 110);
    assert_eq!(log.first_id(), id(10, 0));
}

#[test]
fn entries_of_equal_fields_share_the_names() {
    let name = [b'n'; 50];
    let mut log = Log::default();
    for number in 1..=50 {
        add(&mut log, id(number, 0), &[&name, b"1"], &Limits::default());
    }
    let bytes: usize = log.nodes().map(|(_, bytes)| bytes.len()).sum();
    assert!(bytes < 50 * 12, "{bytes}");
}

#[test]
fn trimming_and_references() {
    let make = || {
        let mut stream = Stream::new();
        for number in 1..=10 {
            stream.log_mut().add(id(number, 0), [&b"f"[..], b"v"].into_iter(), &small());
        }
        stream.create_group(b"g", id(6, 0), None);
        if let Some((group, _)) = stream.group_mut(b"g") {
            let (consumer, _) = group.consumer_or_new(b"c", 0);
            group.assign(id(2, 0), consumer, 1, 1);
            group.assign(id(5, 0), consumer, 1, 1);
        }
        stream
    };
    let trim = Trim { until: Threshold::Id(id(9, 0)), approximate: false, limit: None };
    let ids = |stream: &Stream| stream.log().iter().map(|entry| entry.id.ms).collect::<Vec<_>>();
    let pending = |stream: &Stream| stream.group(b"g").map_or(0, Group::pending_count);

    let mut stream = make();
    assert_eq!(stream.trim(&trim, References::Keep).count, 8);
    assert_eq!((ids(&stream), pending(&stream)), (vec![9, 10], 2));
    let mut stream = make();
    assert_eq!(stream.trim(&trim, References::Delete).count, 8);
    assert_eq!((ids(&stream), pending(&stream)), (vec![9, 10], 0));
    let mut stream = make();
    assert_eq!(stream.trim(&trim, References::MustBeNone).count, 4);
    assert_eq!((ids(&stream), pending(&stream)), (vec![2, 5, 7, 8, 9, 10], 2));
    let trim = Trim { until: Threshold::Len(3), approximate: false, limit: None };
    let mut stream = make();
    assert_eq!(stream.trim(&trim, References::MustBeNone).count, 4);
    assert_eq!(ids(&stream), [2, 5, 7, 8, 9, 10]);
}

#[test]
fn groups_come_from_dumps() {
    let mut stream = Stream::new();
    let Ok(group) = stream.load_group(b"g", id(5, 0), Some(3)) else { panic!("a group") };
    for number in 1..=3 {
        assert!(group.load_pending(id(number, 0), 10 - number as i64, 2).is_ok());
    }
    assert!(group.load_pending(id(1, 0), 1, 1).is_err());
    let Ok(consumer) = group.load_consumer(b"c", 7, None) else { panic!("a consumer") };
    assert!(group.load_consumer(b"c", 7, None).is_err());
    assert!(group.load_owner(id(2, 0), consumer).is_ok());
    assert!(group.load_owner(id(2, 0), consumer).is_err(), "it has an owner");
    assert!(group.load_owner(id(9, 0), consumer).is_err(), "it is not pending");
    group.load_end();
    assert_eq!(group.released_count(), 2);
    let order: Vec<_> = group.by_time().map(|pending| pending.id().ms).collect();
    assert_eq!(order, [3, 1, 2]);
    assert_eq!(group.get(id(2, 0)).map(Pending::delivered), Some(8));
    assert!(stream.load_group(b"g", id(5, 0), None).is_err());
}

#[test]
fn snapshots_share_and_stay() {
    let mut stream = Stream::new();
    stream.log_mut().add(id(1, 0), [&b"f"[..], b"v"].into_iter(), &small());
    stream.create_group(b"g", StreamId::MIN, None);
    let before = stream.clone();
    if let Some((group, log)) = stream.group_mut(b"g") {
        assert!(group.read(id(1, 0), log));
        let (consumer, _) = group.consumer_or_new(b"c", 0);
        group.assign(id(1, 0), consumer, 1, 1);
    }
    stream.log_mut().delete(id(1, 0));
    assert_eq!(
        before.group(b"g").map(|group| (group.pending_count(), group.last_delivered())),
        Some((0, StreamId::MIN))
    );
    assert_eq!(before.log().len(), 1);
    assert_eq!(stream.log().len(), 0);
    assert!(stream.memory_usage(0) > 100 && stream.free_effort() > 0);
}
