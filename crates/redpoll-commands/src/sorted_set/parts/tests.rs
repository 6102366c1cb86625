//! Large sorted sets against maps, by one thread and by several.

use super::super::algebra::{Computed, common, subtract, unite};
use super::super::operands::into_set;
use super::*;
use crate::testing::TestServer;
use proptest::prelude::*;
use redpoll_types::set::Set;
use std::collections::BTreeMap;

type Model = BTreeMap<Vec<u8>, f64>;

/// A set to compute with.
#[derive(Clone, Debug)]
struct Made {
    members: Model,
    plain: bool,
    /// A compact encoding, if that is allowed for so many.
    packed: bool,
    weight: f64,
}

/// A value that both kinds of inputs borrow from.
enum Held {
    Set(Set),
    ZSet(ZSet),
}

fn limits(packed: bool) -> Limits {
    let most = if packed { 1000 } else { 0 };
    Limits {
        set_max_listpack_entries: most,
        set_max_intset_entries: most,
        zset_max_listpack_entries: most,
        ..Limits::default()
    }
}

impl Made {
    fn hold(&self) -> Held {
        let limits = limits(self.packed);
        if self.plain {
            let mut set = Set::new();
            for member in self.members.keys() {
                set.add(member, &limits);
            }
            return Held::Set(set);
        }
        Held::ZSet(ZSet::from_members(self.members.clone(), &limits))
    }

    fn scored(&self) -> impl Iterator<Item = (&Vec<u8>, f64)> {
        self.members.iter().map(|(member, score)| (member, if self.plain { 1.0 } else { *score }))
    }

    fn score(&self, member: &Vec<u8>) -> Option<f64> {
        self.members.get(member).map(|score| if self.plain { 1.0 } else { *score })
    }
}

fn score() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => (-9..9i32).prop_map(f64::from),
        8 => -1e6..1e6f64,
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
    ]
}

fn made() -> impl Strategy<Value = Made> {
    let member = prop_oneof![
        (0..900u32).prop_map(|number| number.to_string().into_bytes()),
        (0..90u32).prop_map(|number| format!("a longer member {number}").into_bytes()),
    ];
    let of = |len| prop::collection::btree_map(member.clone(), score(), len);
    let members = prop_oneof![of(0..40), of(60..300), of(300..800)];
    let weight = prop_oneof![Just(1.0), Just(0.0), -3.0..3.0f64, Just(f64::INFINITY)];
    (members, any::<bool>(), prop::bool::weighted(0.2), weight)
        .prop_map(|(members, plain, packed, weight)| Made { members, plain, packed, weight })
}

fn inputs<'a>(made: &[Made], held: &'a [Held]) -> Weighted<'a> {
    let input = |held: &'a Held| match held {
        Held::Set(set) => Input::Set(set),
        Held::ZSet(set) => Input::ZSet(set),
    };
    held.iter().map(input).map(Some).zip(made.iter().map(|made| made.weight)).collect()
}

fn union_of(sorted: &[&Made], aggregate: Aggregate) -> Model {
    let mut union = Model::new();
    for made in sorted {
        for (member, score) in made.scored() {
            let score = number(aggregate.weigh(score, made.weight));
            let joined = union.get(member).map_or(score, |before| aggregate.join(*before, score));
            union.insert(member.clone(), joined);
        }
    }
    union
}

fn intersection_of(sorted: &[&Made], aggregate: Aggregate) -> Model {
    let (first, others) = sorted.split_first().expect("one at least");
    let joined = |(member, score): (&Vec<u8>, f64)| {
        let score = number(aggregate.weigh(score, first.weight));
        let joined = others.iter().try_fold(score, |joined, other| {
            // What is no number is seen to when it is joined, as in Redis.
            let score = aggregate.weigh(other.score(member)?, other.weight);
            Some(aggregate.join(joined, score))
        });
        Some((member.clone(), joined?))
    };
    first.scored().filter_map(joined).collect()
}

/// What a result holds, and that both ways to use it agree.
fn check(result: impl Fn(Want) -> Computed<'static>, want: &Model, crew: Crew<'_>) {
    assert_eq!(result(Want::Count).len(), want.len());
    let mut order: Vec<(&[u8], f64)> =
        want.iter().map(|(member, score)| (&member[..], *score)).collect();
    // Both zeros are equal.
    order.sort_by(|a, b| (a.1 + 0.0).total_cmp(&(b.1 + 0.0)).then(a.0.cmp(b.0)));
    let order: Vec<(Vec<u8>, f64)> = order.iter().map(|it| (it.0.to_vec(), it.1)).collect();
    if let Computed::Parts(parts) = result(Want::Order) {
        let runs = parts.order(crew);
        let found = runs.iter().flat_map(Run::members);
        let found: Vec<_> = found.map(|(member, score)| (member.to_vec(), score)).collect();
        assert_eq!(found, order);
    }
    for packed in [false, true] {
        let set = into_set(result(Want::Set), &limits(packed), crew);
        let is_packed = packed && want.len() <= 1000 || want.is_empty();
        assert_eq!(set.encoding(), if is_packed { "listpack" } else { "skiplist" });
        let found: Vec<_> = set.iter().map(|(it, score)| (it.to_vec(), score)).collect();
        assert_eq!(found, order);
        for (rank, (member, score)) in order.iter().enumerate() {
            assert_eq!(set.score(member), Some(*score));
            assert_eq!(set.rank(member), Some((rank, *score)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn large_sets_agree_with_maps(
        mut all in prop::collection::vec(made(), 1..5),
        twice in any::<bool>(),
        threads in any::<bool>(),
        aggregate in prop::sample::select(vec![
            Aggregate::Sum, Aggregate::Min, Aggregate::Max, Aggregate::Count,
        ]),
    ) {
        if twice {
            all.push(all[0].clone());
        }
        let held: &'static [Held] = all.iter().map(Made::hold).collect::<Vec<_>>().leak();
        let inputs = inputs(&all, held);
        let server = TestServer::with_threads();
        let crew = if threads { Crew::with(&server.engine) } else { Crew::ALONE };

        let mut sorted: Vec<&Made> = all.iter().collect();
        sorted.sort_by_key(|made| made.members.len());
        let united = |want| unite(inputs.clone(), aggregate, (want, crew));
        check(united, &union_of(&sorted, aggregate), crew);
        let found = |want| common(inputs.clone(), aggregate, (want, crew));
        check(found, &intersection_of(&sorted, aggregate), crew);
        let elsewhere = |member: &Vec<u8>| all[1..].iter().any(|it| it.score(member).is_some());
        let first = all[0].scored().map(|(member, score)| (member.clone(), score));
        let rest = first.filter(|(member, _)| !elsewhere(member)).collect();
        check(|want| subtract(inputs.clone(), (want, crew)), &rest, crew);
    }
}

/// All commands, with threads and without, of keys in every form.
#[test]
fn commands_answer_the_same_with_threads() {
    let (mut one, mut many) = (TestServer::new(), TestServer::with_threads());
    let mut sessions = [one.client(), many.client()];
    let mut both = |line: &str| {
        let [first, second] = &mut sessions;
        let mut answers = [one.ask(first, line), many.ask(second, line)];
        if !line.starts_with('Z') || line.contains("CARD") || line.contains("STORE") {
            answers = answers.map(|answer| {
                let mut lines: Vec<&str> = answer.lines().collect();
                lines.sort_unstable();
                lines.join("\n")
            });
        }
        assert_eq!(answers[0], answers[1], "{line}");
        answers[0].clone()
    };
    let mut fill = |key: &str, numbers: std::ops::Range<u32>, step: usize| {
        let numbers: Vec<u32> = numbers.step_by(step).collect();
        let members: Vec<String> = numbers.iter().map(|number| format!("m{number}")).collect();
        both(&format!("SADD s{key} {}", members.join(" ")));
        let pairs = numbers.iter().map(|number| format!("{} m{number}", number * 7919 % 500));
        both(&format!("ZADD z{key} {}", pairs.collect::<Vec<_>>().join(" ")));
    };
    fill("a", 0..3000, 1);
    fill("b", 1500..4000, 1);
    fill("c", 0..3000, 7);
    fill("few", 1400..1420, 2);
    let sets = ["a b", "b a", "a a", "a b c few none", "c a b", "few a", "a few", "none", "c"];
    for keys in sets {
        let named = |kind: &str| {
            let names = keys.split(' ').map(|key| format!("{kind}{key}"));
            names.collect::<Vec<_>>().join(" ")
        };
        let count = keys.split(' ').count();
        for command in ["UNION", "INTER", "DIFF"] {
            let plain = named("s");
            both(&format!("S{command} {plain}"));
            both(&format!("S{command}STORE d {plain}"));
            both("SMEMBERS d");
            both("OBJECT ENCODING d");
            both(&format!("S{command}CARD {count} {plain}"));
            both(&format!("S{command}CARD {count} {plain} LIMIT 700"));
            let mixed = named("z").replacen('z', "s", usize::from(keys.len() % 2 == 1));
            for options in ["", "AGGREGATE MIN", "AGGREGATE MAX"] {
                let options = if command == "DIFF" { "" } else { options };
                both(&format!("Z{command} {count} {mixed} {options} WITHSCORES"));
                both(&format!("Z{command}STORE d {count} {mixed} {options}"));
                both("ZRANGE d 0 -1 WITHSCORES");
                both("OBJECT ENCODING d");
            }
        }
        both(&format!("ZINTERCARD {count} {}", named("z")));
    }
    // The destination among the sources.
    for line in ["SUNIONSTORE sa sa sb", "SDIFFSTORE sa sa sc", "SINTERSTORE sb sa sb"] {
        both(line);
        both("SMEMBERS sa");
        both("SMEMBERS sb");
    }
    for line in ["ZUNIONSTORE za 3 za zb za", "ZDIFFSTORE za 2 za zc", "ZINTERSTORE zb 2 za zb"] {
        both(line);
        both("ZRANGE za 0 -1 WITHSCORES");
        both("ZRANGE zb 0 -1 WITHSCORES");
    }
    assert!(both("ZCARD zb").as_str() > ":1000");
    let info = many.ask(&mut sessions[1], "INFO background");
    assert!(!info.contains("background_finished:0"), "{info}");
    assert!(info.contains("background_faults:0"), "{info}");
}
