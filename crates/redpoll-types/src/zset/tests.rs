//! The sorted set, in both its forms, against a plain sorted vector.

use super::*;
use crate::rng::SmallRng;
use proptest::prelude::*;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

type Model = Vec<(f64, Vec<u8>)>;

/// Sets that are always big, always small, and such that change on the way.
fn limits() -> impl Strategy<Value = Limits> {
    prop_oneof![Just(0), Just(20), Just(10_000)].prop_map(|entries| Limits {
        zset_max_listpack_entries: entries,
        zset_max_listpack_value: if entries == 20 { 5 } else { 64 },
        ..Limits::default()
    })
}

fn score() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => (-4..5i32).prop_map(f64::from),
        2 => (-8..9i32).prop_map(|n| f64::from(n) / 3.0),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        1 => Just(-0.0),
        1 => Just(1e300),
        1 => Just((1u64 << 62) as f64),
        1 => any::<f64>(),
    ]
}

fn member() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => (0..40u32).prop_map(|n| format!("m{n}").into_bytes()),
        3 => (-20..20i32).prop_map(|n| n.to_string().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..7),
    ]
}

fn order(a: &(f64, Vec<u8>), score: f64, member: &[u8]) -> Ordering {
    a.0.partial_cmp(&score).unwrap().then_with(|| a.1.as_slice().cmp(member))
}

fn place(model: &mut Model, member: Vec<u8>, score: f64) {
    let at = model.partition_point(|pair| order(pair, score, &member).is_lt());
    model.insert(at, (score, member));
}

fn pairs<'a>(all: impl Iterator<Item = (Element<'a>, f64)>) -> Model {
    all.map(|(member, score)| (score, member.to_vec())).collect()
}

#[derive(Clone, Debug)]
enum Op {
    Update(Vec<u8>, f64, Update),
    Remove(Vec<u8>),
    PopMin,
    PopMax,
    Cut(usize, usize),
    CutScores(ScoreRange),
    Compact,
}

fn update() -> impl Strategy<Value = Update> {
    let condition = prop_oneof![3 => Just(0), 1 => 1..5];
    (condition, prop::bool::weighted(0.2)).prop_map(|(condition, increment)| Update {
        only_new: condition == 1,
        only_present: condition == 2,
        only_greater: condition == 3,
        only_less: condition == 4,
        increment,
    })
}

fn scores() -> impl Strategy<Value = ScoreRange> {
    let ends = (score(), score(), any::<bool>(), any::<bool>());
    ends.prop_filter("an end is no NaN", |(min, max, ..)| !min.is_nan() && !max.is_nan()).prop_map(
        |(min, max, min_excluded, max_excluded)| ScoreRange {
            min,
            max,
            min_excluded,
            max_excluded,
        },
    )
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        20 => (member(), score(), update()).prop_map(|(m, s, how)| Op::Update(m, s, how)),
        4 => member().prop_map(Op::Remove),
        1 => Just(Op::PopMin),
        1 => Just(Op::PopMax),
        1 => (0..40usize, 0..12usize).prop_map(|(start, len)| Op::Cut(start, start + len)),
        1 => scores().prop_map(|range| Op::CutScores(ScoreRange { max: range.min, ..range })),
        1 => Just(Op::Compact),
    ]
}

/// ZADD by the book.
fn model_update(model: &mut Model, member: Vec<u8>, score: f64, how: Update) -> Updated {
    if score.is_nan() {
        return Updated::NotANumber;
    }
    let Some(at) = model.iter().position(|pair| pair.1 == member) else {
        if how.only_present {
            return Updated::Refused;
        }
        place(model, member, score);
        return Updated::Added(score);
    };
    let old = model[at].0;
    let new = if how.increment { old + score } else { score };
    if how.only_new {
        return Updated::Refused;
    }
    if new.is_nan() {
        return Updated::NotANumber;
    }
    if (how.only_greater && new <= old) || (how.only_less && new >= old) {
        return Updated::Refused;
    }
    if new == old {
        return Updated::Same(old);
    }
    model.remove(at);
    place(model, member, new);
    Updated::Changed(new)
}

fn apply(set: &mut ZSet, model: &mut Model, op: Op, limits: &Limits) {
    match op {
        Op::Update(member, score, how) => {
            let got = set.update(&member, score, how, limits);
            assert_eq!(got, model_update(model, member, score, how));
        }
        Op::Remove(member) => {
            let at = model.iter().position(|pair| pair.1 == member);
            assert_eq!(set.remove(&member), at.map(|at| model.remove(at).0));
        }
        Op::PopMin => {
            let wanted = (!model.is_empty()).then(|| model.remove(0));
            assert_eq!(set.pop_min(), wanted.map(|(score, member)| (member, score)));
        }
        Op::PopMax => {
            let wanted = model.pop().map(|(score, member)| (member, score));
            assert_eq!(set.pop_max(), wanted);
        }
        Op::Cut(start, end) => {
            let (from, to) = (start.min(model.len()), end.min(model.len()));
            assert_eq!(set.remove_range(start..end), model.drain(from..to).count());
        }
        Op::CutScores(range) => {
            let before = model.len();
            model.retain(|pair| !range.contains(pair.0));
            let ranks = set.ranks_by_score(&range);
            assert_eq!(set.remove_range(ranks), before - model.len());
        }
        Op::Compact => set.compact(limits),
    }
}

fn compare(set: &ZSet, model: &Model) {
    assert_eq!((set.len(), set.is_empty()), (model.len(), model.is_empty()));
    assert_eq!(&pairs(set.iter()), model);
    assert!(pairs(set.iter().rev()).iter().eq(model.iter().rev()));
    for (rank, (score, member)) in model.iter().enumerate() {
        assert_eq!(set.score(member), Some(*score));
        assert_eq!(set.rank(member), Some((rank, *score)));
        assert_eq!(set.rev_rank(member), Some((model.len() - 1 - rank, *score)));
        assert_eq!(set.get(rank).map(|(m, s)| (m.to_vec(), s)), Some((member.clone(), *score)));
    }
    assert_eq!(set.rank(b"nobody"), None);
    assert!(set.get(model.len()).is_none());
    if let Some(pairs) = set.as_listpack() {
        assert_eq!(packed::validate(pairs), Ok(()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_sorted_set_is_a_sorted_vector(
        limits in limits(),
        ops in prop::collection::vec(op(), 0..150),
    ) {
        let (mut set, mut model) = (ZSet::new(), Model::new());
        let mut snapshot = (set.clone(), model.clone());
        for (step, op) in ops.into_iter().enumerate() {
            if step == 70 {
                snapshot = (set.clone(), model.clone());
            }
            apply(&mut set, &mut model, op, &limits);
        }
        compare(&set, &model);
        compare(&snapshot.0, &snapshot.1);
    }

    #[test]
    fn scores_select_ranks(
        limits in limits(),
        members in prop::collection::vec((member(), score()), 0..60),
        range in scores(),
        skip in 0..20usize,
    ) {
        let mut set = ZSet::new();
        for (member, score) in &members {
            set.insert(member, *score, &limits);
        }
        let mut wanted = pairs(set.iter());
        wanted.retain(|pair| range.contains(pair.0));
        let ranks = set.ranks_by_score(&range);
        prop_assert_eq!(ranks.len(), wanted.len());
        prop_assert_eq!(set.range(ranks.clone()).len(), wanted.len());
        prop_assert_eq!(&pairs(set.range(ranks.clone())), &wanted);
        let tail = wanted.get(skip..).unwrap_or_default();
        prop_assert_eq!(pairs(set.range(ranks.clone()).skip(skip)), tail);
        wanted.reverse();
        let tail = wanted.get(skip..).unwrap_or_default();
        prop_assert_eq!(pairs(set.range(ranks).rev().skip(skip)), tail);
    }

    #[test]
    fn byte_order_selects_ranks(
        limits in limits(),
        members in prop::collection::vec(member(), 0..60),
        min in member(),
        max in member(),
        kinds in (0..4u8, 0..4u8),
    ) {
        fn end(kind: u8, text: &[u8]) -> LexEnd<'_> {
            match kind {
                0 => LexEnd::Lowest,
                1 => LexEnd::Highest,
                2 => LexEnd::Included(text),
                _ => LexEnd::Excluded(text),
            }
        }
        let range = LexRange { min: end(kinds.0, &min), max: end(kinds.1, &max) };
        let mut set = ZSet::new();
        for member in &members {
            set.insert(member, 7.0, &limits);
        }
        let mut wanted = pairs(set.iter());
        wanted.retain(|pair| range.contains(&pair.1));
        let ranks = set.ranks_by_lex(&range);
        prop_assert_eq!(ranks.len(), wanted.len());
        prop_assert_eq!(&pairs(set.range(ranks.clone())), &wanted);
        prop_assert_eq!(set.remove_range(ranks.clone()), wanted.len());
        prop_assert!(set.iter().all(|(member, _)| !range.contains(&member.to_vec())));
    }

    #[test]
    fn a_set_built_at_once_is_the_same(
        limits in limits(),
        members in prop::collection::vec((member(), score()), 0..60),
    ) {
        let number = |score: f64| if score.is_nan() { 0.0 } else { score };
        let mut set = ZSet::new();
        for (member, score) in &members {
            set.insert(member, number(*score), &limits);
        }
        set.compact(&limits);
        let built = ZSet::from_members(members, &limits);
        prop_assert_eq!(built.encoding(), set.encoding());
        compare(&built, &pairs(set.iter()));
        let distinct = set.iter().rev().map(|(member, score)| (member.to_vec(), score));
        let built = ZSet::from_distinct(distinct.collect(), &limits);
        prop_assert_eq!(built.encoding(), set.encoding());
        compare(&built, &pairs(set.iter()));
    }

    #[test]
    fn a_slice_is_a_set_of_its_members(
        limits in limits(),
        members in prop::collection::vec((member(), -9..9i32), 0..60),
        start in 0..40usize, len in 0..40usize,
    ) {
        let set = ZSet::from_members(members.iter().map(|(m, s)| (m, f64::from(*s))), &limits);
        let slice = set.slice(start..start + len, &limits);
        let wanted = pairs(set.range(start..start + len));
        compare(&slice, &wanted);
        let members = wanted.iter().map(|(score, member)| (member, *score));
        let built = ZSet::from_members(members, &limits);
        prop_assert_eq!(slice.encoding(), built.encoding());
    }

    #[test]
    fn indices_select_ranks(len in 0..30usize, start in -40..40i64, stop in -40..40i64) {
        let mut set = ZSet::new();
        for n in 0..len {
            set.insert(&[n as u8], n as f64, &Limits::default());
        }
        let from = |index: i64| if index < 0 { index + len as i64 } else { index };
        let within = |i: &i64| (from(start)..=from(stop)).contains(i);
        let wanted: Vec<f64> = (0..len as i64).filter(within).map(|i| i as f64).collect();
        let got = set.range(set.ranks_by_index(start, stop));
        prop_assert_eq!(got.map(|(_, score)| score).collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn hostile_listpacks_are_refused_or_harmless(texts in prop::collection::vec(
        prop_oneof![member(), (-3..3i32).prop_map(|n| n.to_string().into_bytes())], 0..9,
    )) {
        if let Ok(set) = ZSet::from_listpack(texts.iter().collect(), &Limits::default()) {
            let model = pairs(set.iter());
            compare(&set, &model);
            prop_assert!(model.windows(2).all(|w| order(&w[0], w[1].0, &w[1].1).is_lt()));
        }
    }
}

fn numbered(count: usize, limits: &Limits) -> ZSet {
    let mut set = ZSet::new();
    for n in 0..count {
        set.insert(format!("member-{n}").as_bytes(), n as f64, limits);
    }
    set
}

#[test]
fn the_form_follows_number_and_length() {
    let limits = Limits::default();
    let mut set = numbered(128, &limits);
    assert_eq!(set.encoding(), "listpack");
    set.insert(b"member-5", 1.0, &limits);
    assert_eq!(set.encoding(), "listpack", "nothing was added");
    set.insert(b"one more", 1.0, &limits);
    assert_eq!((set.encoding(), set.len()), ("skiplist", 129));
    set.remove(b"one more");
    assert_eq!(set.encoding(), "skiplist", "it stays so");
    set.compact(&limits);
    assert_eq!((set.encoding(), set.len()), ("listpack", 128));
    set.insert(&[b'x'; 65], 1.0, &limits);
    assert_eq!(set.encoding(), "skiplist");
    set.remove(b"member-0");
    set.compact(&limits);
    assert_eq!(set.encoding(), "skiplist", "a member is too long");
    assert_eq!(ZSet::with_hint(129, 0, &limits).encoding(), "skiplist");
    assert_eq!(ZSet::with_hint(1, 65, &limits).encoding(), "skiplist");
    assert_eq!(ZSet::with_hint(128, 64, &limits).encoding(), "listpack");
}

#[test]
fn whole_scores_are_stored_as_integers() {
    let limits = Limits::default();
    let mut set = ZSet::new();
    for (member, score) in
        [("a", -0.0), ("b", 1.5), ("c", 3.0), ("d", (1u64 << 62) as f64), ("e", 2e19)]
    {
        set.insert(member.as_bytes(), score, &limits);
    }
    let stored: Vec<_> = set.as_listpack().unwrap().iter().skip(1).step_by(2).collect();
    let wanted = [
        Element::Int(0),
        Element::Bytes(b"1.5"),
        Element::Int(3),
        Element::Int(1 << 62),
        Element::Bytes(b"2e+19"),
    ];
    assert_eq!(stored, wanted);
    assert_eq!(set.score(b"e"), Some(2e19));
}

#[test]
fn a_score_that_is_no_number_is_refused() {
    let limits = Limits::default();
    let mut set = ZSet::new();
    assert_eq!(set.insert(b"a", f64::NAN, &limits), Updated::NotANumber);
    set.insert(b"a", f64::INFINITY, &limits);
    let how = Update { increment: true, ..Update::default() };
    assert_eq!(set.update(b"a", f64::NEG_INFINITY, how, &limits), Updated::NotANumber);
    assert_eq!(set.score(b"a"), Some(f64::INFINITY));
    assert_eq!(set.update(b"b", 2.0, how, &limits).score(), Some(2.0));
}

#[test]
fn bad_listpacks_are_refused() {
    let limits = Limits { zset_max_listpack_entries: 2, ..Limits::default() };
    for texts in [
        &["a"][..],
        &["a", "1", "b"],
        &["a", "x"],
        &["a", "nan"],
        &["b", "1", "a", "1"],
        &["a", "2", "b", "1"],
        &["a", "1", "a", "1"],
        &["a", "1", "b", "1", "a", "2"],
    ] {
        let pairs: Listpack = texts.iter().collect();
        assert!(ZSet::from_listpack(pairs, &limits).is_err(), "{texts:?}");
    }
    let pairs: Listpack = ["a", "1", "b", "1", "c", "1.5"].iter().collect();
    let set = ZSet::from_listpack(pairs, &limits).unwrap();
    assert_eq!((set.len(), set.encoding(), set.free_effort()), (3, "skiplist", 3));
}

#[test]
fn random_members_come_with_equal_probability() {
    let mut rng = SmallRng::new(7);
    for limits in [Limits::default(), Limits { zset_max_listpack_entries: 0, ..Limits::default() }]
    {
        let set = numbered(10, &limits);
        let mut single = BTreeMap::<Vec<u8>, usize>::new();
        let mut chosen = BTreeMap::<Vec<u8>, usize>::new();
        for _ in 0..2000 {
            *single.entry(set.random(&mut rng).unwrap().0.to_vec()).or_default() += 1;
            let some = set.sample(4, &mut rng);
            let distinct: BTreeSet<_> = some.iter().map(|(member, _)| member.to_vec()).collect();
            assert_eq!(distinct.len(), 4);
            distinct.into_iter().for_each(|member| *chosen.entry(member).or_default() += 1);
        }
        assert!(single.len() == 10 && single.values().all(|n| (120..280).contains(n)));
        assert!(chosen.len() == 10 && chosen.values().all(|n| (680..920).contains(n)));
        assert_eq!(set.sample(99, &mut rng).len(), 10);
    }
    assert!(ZSet::new().random(&mut rng).is_none());
}

#[test]
fn a_scan_sees_every_member() {
    for count in [10, 1000] {
        let set = numbered(count, &Limits::default());
        let (mut cursor, mut seen) = (0, BTreeSet::new());
        loop {
            cursor = set.scan(cursor, 20, |member, score| {
                assert_eq!(set.score(&member.to_vec()), Some(score));
                seen.insert(member.to_vec());
            });
            if cursor == 0 {
                break;
            }
        }
        assert_eq!(seen.len(), count);
    }
}

/// What Redis 7.0 needs for a member: 24 bytes for its dictEntry, 8 to 16 for the bucket, about 45
/// for the node of the skip list, and the string.
#[test]
fn a_member_takes_less_than_in_redis() {
    let set = numbered(5_000, &Limits { zset_max_listpack_entries: 0, ..Limits::default() });
    let per_member = set.memory_usage(0) / set.len();
    // Nodes are small in tests, which costs some bytes.
    assert!((50..90).contains(&per_member), "{per_member} bytes a member");
    let sampled = set.memory_usage(5) / set.len();
    assert!(sampled.abs_diff(per_member) <= 4, "{sampled} against {per_member}");
}
