//! Unions, intersections and differences of sorted sets and plain sets, whose members all have the
//! score 1.
//!
//! A result is a list of members that lie in their sets and of new scores; whoever wants it sorts
//! it or stores it. Unions and differences look members up in a table of the result, intersections
//! probe the larger sets with the members of the smallest. All that is large goes another way
//! (`parts`).

use super::parts::{self, Parts, Want};
use crate::crew::Crew;
use crate::parse;
use ahash::AHashMap;
use redpoll_engine::background::step;
use redpoll_engine::{Error, Result};
use redpoll_types::listpack::Element;
use redpoll_types::set::Set;
use redpoll_types::value::Value;
use redpoll_types::zset::{Source, ZSet};
use std::borrow::Cow;

/// A member: borrowed from its set, or the text of a number that its set stores as such.
pub type Member<'a> = Cow<'a, [u8]>;

/// One of the sets to compute with.
#[derive(Clone, Copy)]
pub enum Input<'a> {
    /// A plain set.
    Set(&'a Set),
    /// A sorted set.
    ZSet(&'a ZSet),
}

impl<'a> Input<'a> {
    /// The set that a value is.
    pub fn of(value: &'a Value) -> Option<Self> {
        match value {
            Value::Set(set) => Some(Input::Set(set)),
            Value::ZSet(set) => Some(Input::ZSet(set)),
            _ => None,
        }
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        match self {
            Input::Set(set) => set.len(),
            Input::ZSet(set) => set.len(),
        }
    }

    /// Whether it can be visited part by part.
    pub fn has_parts(&self) -> bool {
        match self {
            Input::Set(set) => set.has_parts(),
            Input::ZSet(set) => set.has_parts(),
        }
    }

    /// A snapshot of it.
    pub fn source(&self) -> Source {
        match self {
            Input::Set(set) => Source::from(*set),
            Input::ZSet(set) => Source::from(*set),
        }
    }

    fn score(&self, member: &[u8]) -> Option<f64> {
        match self {
            Input::Set(set) => set.contains(member).then_some(1.0),
            Input::ZSet(set) => set.score(member),
        }
    }

    /// Visits the members until `visit` says to stop.
    fn visit(&self, mut visit: impl FnMut(Member<'a>, f64) -> bool) {
        match self {
            Input::Set(set) => {
                let _ = set.iter().all(|member| {
                    step(1);
                    visit(text(member), 1.0)
                });
            }
            Input::ZSet(set) => {
                let _ = set.iter().all(|(member, score)| {
                    step(1);
                    visit(text(member), score)
                });
            }
        }
    }
}

fn text(member: Element<'_>) -> Member<'_> {
    match member {
        Element::Bytes(bytes) => Cow::Borrowed(bytes),
        Element::Int(_) => Cow::Owned(member.to_vec()),
    }
}

/// How the scores of a member that is in several sets come to one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aggregate {
    /// Their sum.
    #[default]
    Sum,
    /// The lowest.
    Min,
    /// The highest.
    Max,
    /// The sum of the weights of the sets that have it: scores do not count.
    Count,
}

impl Aggregate {
    /// Reads SUM, MIN, MAX or COUNT.
    pub fn parse(word: &[u8]) -> Result<Self> {
        match word {
            _ if parse::is(word, "sum") => Ok(Aggregate::Sum),
            _ if parse::is(word, "min") => Ok(Aggregate::Min),
            _ if parse::is(word, "max") => Ok(Aggregate::Max),
            _ if parse::is(word, "count") => Ok(Aggregate::Count),
            _ => Err(Error::Syntax),
        }
    }

    /// What a set adds for a member that it has.
    pub fn weigh(self, score: f64, weight: f64) -> f64 {
        if self == Aggregate::Count { weight } else { score * weight }
    }

    /// What two scores come to.
    pub fn join(self, a: f64, b: f64) -> f64 {
        match self {
            Aggregate::Sum | Aggregate::Count => number(a + b),
            // A `b` that is no number loses.
            Aggregate::Min => a.min(b),
            Aggregate::Max => a.max(b),
        }
    }
}

/// Opposite infinities add up to 0, and so does an infinite score of weight 0.
pub fn number(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}

/// The sets to compute with, none for a key that is not there, and their weights.
pub type Weighted<'a> = Vec<(Option<Input<'a>>, f64)>;

/// A result.
pub enum Computed<'a> {
    /// Members that lie in their sets.
    Members(Vec<(Member<'a>, f64)>),
    /// One of many.
    Parts(Parts),
}

impl Computed<'_> {
    /// The number of members.
    pub fn len(&self) -> usize {
        match self {
            Computed::Members(members) => members.len(),
            Computed::Parts(parts) => parts.len(),
        }
    }
}

/// Up to so many members are looked for one by one: quicker than a table.
const FEW: usize = 16;

/// All members of all sets.
pub fn unite<'a>(
    mut inputs: Weighted<'a>,
    aggregate: Aggregate,
    (want, crew): (Want, Crew<'_>),
) -> Computed<'a> {
    sort_by_len(&mut inputs);
    match parts::unite(&inputs, aggregate, want, crew) {
        Some(parts) => Computed::Parts(parts),
        None => Computed::Members(unite_few(inputs, aggregate)),
    }
}

fn unite_few(inputs: Weighted<'_>, aggregate: Aggregate) -> Vec<(Member<'_>, f64)> {
    let most: usize = inputs.iter().filter_map(|(input, _)| *input).map(|input| input.len()).sum();
    if most > FEW {
        let largest = inputs.iter().rev().find_map(|(input, _)| *input);
        let mut united = AHashMap::with_capacity(largest.map_or(0, |input| input.len()));
        visit_all(inputs, aggregate, |member, score| {
            let before = united.entry(member);
            before.and_modify(|before| *before = aggregate.join(*before, score)).or_insert(score);
        });
        return united.into_iter().collect();
    }
    let mut united: Vec<(Member<'_>, f64)> = Vec::with_capacity(most);
    visit_all(inputs, aggregate, |member, score| {
        match united.iter_mut().find(|(other, _)| *other == member) {
            Some((_, before)) => *before = aggregate.join(*before, score),
            None => united.push((member, score)),
        }
    });
    united
}

/// Visits the members of all sets, with what each set adds.
pub fn visit_all<'a>(
    inputs: Weighted<'a>,
    aggregate: Aggregate,
    mut visit: impl FnMut(Member<'a>, f64),
) {
    for (input, weight) in inputs {
        let Some(input) = input else { continue };
        input.visit(|member, score| {
            visit(member, number(aggregate.weigh(score, weight)));
            true
        });
    }
}

/// The members that are in all sets.
pub fn common<'a>(
    mut inputs: Weighted<'a>,
    aggregate: Aggregate,
    (want, crew): (Want, Crew<'_>),
) -> Computed<'a> {
    sort_by_len(&mut inputs);
    if let Some(parts) = parts::intersect(&inputs, aggregate, want, crew) {
        return Computed::Parts(parts);
    }
    let mut members = Vec::new();
    intersect(inputs, aggregate, |member, score| {
        members.push((member, score));
        true
    });
    Computed::Members(members)
}

/// The members that are in all sets: hands each to `visit` until that says to stop.
pub fn intersect<'a>(
    mut inputs: Weighted<'a>,
    aggregate: Aggregate,
    mut visit: impl FnMut(Member<'a>, f64) -> bool,
) {
    sort_by_len(&mut inputs);
    let Some(&(Some(smallest), weight)) = inputs.first() else { return };
    smallest.visit(|member, score| {
        let mut joined = number(aggregate.weigh(score, weight));
        for (input, weight) in inputs.iter().skip(1) {
            match input.and_then(|input| input.score(&member)) {
                Some(score) => joined = aggregate.join(joined, aggregate.weigh(score, *weight)),
                None => return true,
            }
        }
        visit(member, joined)
    });
}

/// The members of the first set that are in no other, with their scores.
pub fn subtract<'a>(inputs: Weighted<'a>, (want, crew): (Want, Crew<'_>)) -> Computed<'a> {
    match parts::subtract(&inputs, want, crew) {
        Some(parts) => Computed::Parts(parts),
        None => Computed::Members(subtract_few(inputs)),
    }
}

fn subtract_few(inputs: Weighted<'_>) -> Vec<(Member<'_>, f64)> {
    let mut inputs = inputs.into_iter().map(|(input, _)| input);
    let Some(first) = inputs.next().flatten() else { return Vec::new() };
    let others: Vec<Input<'_>> = inputs.flatten().collect();
    let mut rest = Vec::new();
    // Probing the others with every member, or taking all of theirs out of a table: as is cheaper.
    let probes = first.len().saturating_mul(others.len());
    if probes <= first.len() + others.iter().map(Input::len).sum::<usize>() {
        first.visit(|member, score| {
            if others.iter().all(|other| other.score(&member).is_none()) {
                rest.push((member, score));
            }
            true
        });
        return rest;
    }
    let mut table = AHashMap::with_capacity(first.len());
    first.visit(|member, score| {
        table.insert(member, score);
        true
    });
    for other in others {
        other.visit(|member, _| {
            table.remove(&member);
            !table.is_empty()
        });
    }
    table.into_iter().collect()
}

/// The union of a single large sorted set whose scores stay: a snapshot of it, which takes no time.
pub fn alone(inputs: &Weighted<'_>, aggregate: Aggregate) -> Option<ZSet> {
    match inputs[..] {
        [(Some(Input::ZSet(set)), weight)]
            if weight == 1.0 && aggregate != Aggregate::Count && set.as_listpack().is_none() =>
        {
            Some(set.clone())
        }
        _ => None,
    }
}

/// Puts the small sets first: sums of floating-point numbers depend on their order.
fn sort_by_len(inputs: &mut Weighted<'_>) {
    inputs.sort_by_key(|(input, _)| input.map_or(0, |input| input.len()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use redpoll_types::limits::Limits;
    use std::collections::BTreeMap;

    type Model = BTreeMap<Vec<u8>, f64>;

    fn model() -> impl Strategy<Value = Model> {
        let member = (0..20i32).prop_map(|number| number.to_string().into_bytes());
        prop::collection::btree_map(member, (-9..9i32).prop_map(f64::from), 0..15)
    }

    /// Sorted sets in both of their forms.
    fn set(model: &Model, big: bool) -> ZSet {
        let entries = if big { 0 } else { 128 };
        let limits = Limits { zset_max_listpack_entries: entries, ..Limits::default() };
        ZSet::from_members(model.iter().map(|(member, score)| (member, *score)), &limits)
    }

    fn sorted(computed: Computed<'_>) -> Model {
        match computed {
            Computed::Members(members) => {
                members.into_iter().map(|(member, score)| (member.into_owned(), score)).collect()
            }
            Computed::Parts(_) => unreachable!("they are few"),
        }
    }

    proptest! {
        #[test]
        fn agrees_with_maps(
            models in prop::collection::vec((model(), any::<bool>(), -3..3i32), 1..4),
            aggregate in prop::sample::select(vec![Aggregate::Sum, Aggregate::Min, Aggregate::Max]),
        ) {
            let sets: Vec<ZSet> = models.iter().map(|(model, big, _)| set(model, *big)).collect();
            let weights = models.iter().map(|(_, _, weight)| f64::from(*weight));
            let inputs: Weighted<'_> =
                sets.iter().map(|set| Some(Input::ZSet(set))).zip(weights).collect();
            let mut union = Model::new();
            for (model, _, weight) in &models {
                for (member, score) in model {
                    let score = score * f64::from(*weight);
                    let joined = union.get(member).map_or(score, |old| aggregate.join(*old, score));
                    union.insert(member.clone(), joined);
                }
            }
            let in_all = |member: &Vec<u8>| models.iter().all(|(m, ..)| m.contains_key(member));
            let common: Model = union.clone().into_iter().filter(|(m, _)| in_all(m)).collect();
            let (first, others) = models.split_first().unwrap();
            let elsewhere = |member: &Vec<u8>| others.iter().any(|(m, ..)| m.contains_key(member));
            let rest: Model = first.0.clone().into_iter().filter(|(m, _)| !elsewhere(m)).collect();
            let how = (Want::Order, Crew::ALONE);
            prop_assert_eq!(sorted(unite(inputs.clone(), aggregate, how)), union);
            prop_assert_eq!(sorted(super::common(inputs.clone(), aggregate, how)), common);
            prop_assert_eq!(sorted(subtract(inputs, how)), rest);
        }
    }
}
