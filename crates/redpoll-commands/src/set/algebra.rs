//! Intersections, unions and differences of sets, without building what nobody asked for.
//!
//! An intersection walks the smallest set and probes the others, those first that are quick to
//! probe. Unions and differences either probe or build a result, whichever costs less: probing
//! copies no member, building visits each member once however many sets there are. A built result
//! starts as a snapshot of a big set where there is one, which costs a pointer for thousands of
//! members.
//!
//! All that is large goes part by part (`parts`).
//!
//! Costs are in units of about 20 ns: what a look-up in a table takes.

use super::parts::{self, In, Selected, is_cut_alike, is_large};
use crate::crew::Crew;
use redpoll_engine::background::step;
use redpoll_types::limits::Limits;
use redpoll_types::listpack::Element;
use redpoll_types::set::Set;
use std::borrow::Cow;

/// What it costs to add a member to a set that is being built.
const ADD_COST: usize = 3;

/// What one look-up in the set costs.
fn probe_cost(set: &Set) -> usize {
    match set.as_listpack() {
        Some(pack) => 1 + pack.len() / 8,
        None => 1,
    }
}

/// A set to be probed `times` times: itself, or a table of its members if that is quicker.
fn to_probe<'a>(set: &'a Set, times: usize, limits: &Limits) -> Cow<'a, Set> {
    let probing = times.saturating_mul(probe_cost(set));
    let building = times.saturating_add(set.len().saturating_mul(ADD_COST));
    if probing <= building {
        return Cow::Borrowed(set);
    }
    let mut table = set.clone();
    table.expect(usize::MAX, limits);
    Cow::Owned(table)
}

/// Visits what is in all of `sets`, until `visit` says to stop. O(smallest × number of sets).
pub fn intersect<'a>(
    mut sets: Vec<&'a Set>,
    limits: &Limits,
    mut visit: impl FnMut(Element<'a>) -> bool,
) {
    let Some((smallest, others)) = smallest_and_others(&mut sets, limits) else { return };
    for element in smallest {
        step(1);
        if others.iter().all(|set| set.contains_element(element)) && !visit(element) {
            return;
        }
    }
}

/// The smallest of several sets, and what it is to be compared with.
fn smallest_and_others<'a>(
    sets: &mut [&'a Set],
    limits: &Limits,
) -> Option<(&'a Set, Vec<Cow<'a, Set>>)> {
    sets.sort_by_key(|set| set.len());
    let (&smallest, others) = sets.split_first()?;
    let different = others.iter().filter(|set| !std::ptr::eq(**set, smallest));
    let mut others: Vec<Cow<'_, Set>> =
        different.map(|set| to_probe(set, smallest.len(), limits)).collect();
    others.sort_by_key(|set| probe_cost(set));
    Some((smallest, others))
}

/// What is in all of `sets`.
pub fn common<'a>(mut sets: Vec<&'a Set>, limits: &Limits, crew: Crew<'_>) -> Answer<'a> {
    if sets.iter().all(|set| is_large(set))
        && let Some((smallest, others)) = smallest_and_others(&mut sets, limits)
    {
        let found = parts::select(smallest, In::All, owned(others), crew);
        return Answer::Selected(found, Vec::new());
    }
    let mut members = Vec::new();
    intersect(sets, limits, |member| {
        members.push(member);
        true
    });
    Answer::Probed(members)
}

/// What is in all of `sets`, as a set of its own.
pub fn build_common(mut sets: Vec<&Set>, limits: &Limits, crew: Crew<'_>) -> Set {
    let mut result = Set::new();
    if sets.iter().all(|set| is_large(set))
        && let Some((smallest, others)) = smallest_and_others(&mut sets, limits)
    {
        result = compacted(parts::build(smallest, In::All, owned(others), crew), limits);
    } else {
        intersect(sets, limits, |member| {
            result.add_element(member, limits);
            true
        });
    }
    result.make_intset(limits);
    result
}

/// Snapshots, for other threads.
fn owned(sets: Vec<Cow<'_, Set>>) -> Vec<Set> {
    sets.into_iter().map(Cow::into_owned).collect()
}

/// What a set operation answers.
pub enum Answer<'a> {
    /// Members that lie in their sets.
    Probed(Vec<Element<'a>>),
    /// Some of the members of large sets, and further ones.
    Selected(Selected, Vec<Element<'a>>),
    /// A set of its own.
    Built(Set),
}

impl Answer<'_> {
    /// The number of members.
    pub fn len(&self) -> usize {
        match self {
            Answer::Probed(members) => members.len(),
            Answer::Selected(selected, more) => selected.len() + more.len(),
            Answer::Built(set) => set.len(),
        }
    }
}

/// All members of all sets.
pub fn unite<'a>(mut sets: Vec<&'a Set>, limits: &Limits, crew: Crew<'_>) -> Answer<'a> {
    sets.sort_by_key(|set| std::cmp::Reverse(set.len()));
    let (mut probing, mut building, mut before) = (0usize, 0, 0);
    for set in &sets {
        probing = probing.saturating_add(set.len().saturating_mul(before));
        building += set.len() * ADD_COST;
        before += probe_cost(set);
    }
    if probing > building {
        return Answer::Built(build_union(sets, limits, crew));
    }
    let large = sets.iter().take_while(|set| is_large(set)).count();
    let mut members = Vec::new();
    for (index, set) in sets.iter().enumerate().skip(large) {
        let earlier = &sets[..index];
        members.extend(set.iter().filter(|&member| {
            step(1);
            !earlier.iter().any(|set| set.contains_element(member))
        }));
    }
    match large {
        0 => Answer::Probed(members),
        _ => Answer::Selected(parts::unite(&sets[..large], crew), members),
    }
}

/// All members of all sets as a set of their own.
pub fn build_union(mut sets: Vec<&Set>, limits: &Limits, crew: Crew<'_>) -> Set {
    sets.sort_by_key(|set| std::cmp::Reverse(set.len()));
    let Some((&largest, others)) = sets.split_first() else { return Set::new() };
    let others = others.iter().filter(|set| !std::ptr::eq(**set, largest));
    let (large, mut small): (Vec<&Set>, Vec<&Set>) =
        others.partition(|set| !is_compact(largest, limits) && is_cut_alike(largest, set));
    let united = match large.is_empty() {
        true => None,
        false => parts::build_union(largest, &large, crew),
    };
    let mut union = united.unwrap_or_else(|| {
        small.extend(large);
        copy(largest, limits)
    });
    small.into_iter().for_each(|set| add_all(&mut union, set, limits));
    union
}

/// What is in `first` and in none of `others`.
pub fn subtract<'a>(
    first: &'a Set,
    others: Vec<&'a Set>,
    limits: &Limits,
    crew: Crew<'_>,
) -> Answer<'a> {
    match walk_is_cheaper(first, &others) {
        true if is_large(first) && !is_among(first, &others) => {
            let others = owned(others_to_probe(first, others, limits));
            Answer::Selected(parts::select(first, In::None, others, crew), Vec::new())
        }
        true => Answer::Probed(remaining(first, others, limits).collect()),
        false => Answer::Built(remove_all(first, others, limits, crew)),
    }
}

/// How many members of `first` are in none of `others`, up to `limit` unless that is 0.
pub fn count_difference<'a>(
    first: &'a Set,
    others: Vec<&'a Set>,
    limit: usize,
    (limits, crew): (&Limits, Crew<'_>),
) -> usize {
    if limit > 0 && walk_is_cheaper(first, &others) {
        return remaining(first, others, limits).take(limit).count();
    }
    let count = subtract(first, others, limits, crew).len();
    if limit > 0 { count.min(limit) } else { count }
}

/// What is in `first` and in none of `others`, as a set of its own.
pub fn build_difference<'a>(
    first: &'a Set,
    others: Vec<&'a Set>,
    limits: &Limits,
    crew: Crew<'_>,
) -> Set {
    if !walk_is_cheaper(first, &others) {
        return remove_all(first, others, limits, crew);
    }
    if is_large(first) && !is_among(first, &others) {
        let others = owned(others_to_probe(first, others, limits));
        return compacted(parts::build(first, In::None, others, crew), limits);
    }
    let mut difference = Set::new();
    for member in remaining(first, others, limits) {
        difference.add_element(member, limits);
    }
    difference
}

fn is_among(set: &Set, sets: &[&Set]) -> bool {
    sets.iter().any(|other| std::ptr::eq(*other, set))
}

/// Whether to walk `first` and probe the others, or to walk all of them. The former touches less
/// when there are members in common, which counts for half.
fn walk_is_cheaper(first: &Set, others: &[&Set]) -> bool {
    let walking = first.len() * (others.len() + 1) / 2;
    let removing = first.len() + others.iter().map(|set| set.len()).sum::<usize>();
    walking <= removing || is_among(first, others)
}

/// The members of `first` that none of `others` has. O(first × number of sets).
fn remaining<'a>(
    first: &'a Set,
    others: Vec<&'a Set>,
    limits: &Limits,
) -> impl Iterator<Item = Element<'a>> {
    let none = is_among(first, &others);
    let others = others_to_probe(first, others, limits);
    let stays = move |&member: &Element<'a>| {
        step(1);
        !others.iter().any(|set| set.contains_element(member))
    };
    first.iter().take(if none { 0 } else { usize::MAX }).filter(stays)
}

/// The sets that `first` is to be compared with.
fn others_to_probe<'a>(
    first: &Set,
    mut others: Vec<&'a Set>,
    limits: &Limits,
) -> Vec<Cow<'a, Set>> {
    // The largest most likely has a member, and spares asking the others.
    others.sort_by_key(|set| std::cmp::Reverse(set.len()));
    others.into_iter().map(|set| to_probe(set, first.len(), limits)).collect()
}

/// A copy of `first` without the members of `others`. O(members of all).
fn remove_all(first: &Set, others: Vec<&Set>, limits: &Limits, crew: Crew<'_>) -> Set {
    let (large, mut small): (Vec<&Set>, Vec<&Set>) =
        others.into_iter().partition(|set| is_cut_alike(first, set));
    let removed = match large.is_empty() {
        true => None,
        false => parts::remove_all(first, &large, crew).map(|set| compacted(set, limits)),
    };
    let mut difference = removed.unwrap_or_else(|| {
        small.extend(large);
        copy(first, limits)
    });
    for member in small.iter().flat_map(|set| set.iter()) {
        step(1);
        difference.remove(member.as_bytes(&mut [0; 21]));
        if difference.is_empty() {
            break;
        }
    }
    difference
}

/// A copy of a set in the encoding that its members ask for, which the set itself may have left
/// behind: a snapshot if it is too big for another.
fn copy(set: &Set, limits: &Limits) -> Set {
    if !is_compact(set, limits) {
        return set.clone();
    }
    let mut copy = Set::new();
    add_all(&mut copy, set, limits);
    copy
}

/// A set in the encoding that its members ask for.
fn compacted(set: Set, limits: &Limits) -> Set {
    if is_compact(&set, limits) { copy(&set, limits) } else { set }
}

/// Whether a set has so few members that another encoding than a table may suit them.
fn is_compact(set: &Set, limits: &Limits) -> bool {
    set.len() <= limits.set_max_listpack_entries.max(limits.set_max_intset_entries)
}

fn add_all(set: &mut Set, members: &Set, limits: &Limits) {
    for member in members {
        step(1);
        set.add_element(member, limits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestServer;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    type Model = BTreeSet<Vec<u8>>;

    fn make(model: &Model, limits: &Limits) -> Set {
        let mut set = Set::new();
        for member in model {
            set.add(member, limits);
        }
        set
    }

    fn of(answer: Answer<'_>) -> Model {
        match answer {
            Answer::Probed(members) => {
                let model: Model = members.iter().map(|member| member.to_vec()).collect();
                assert_eq!(model.len(), members.len(), "each member once");
                model
            }
            Answer::Selected(selected, more) => {
                let mut model: Model = more.iter().map(|member| member.to_vec()).collect();
                selected.each(|member| assert!(model.insert(member.to_vec()), "each once"));
                assert_eq!(model.len(), selected.len() + more.len());
                model
            }
            Answer::Built(set) => model_of(&set),
        }
    }

    fn model_of(set: &Set) -> Model {
        set.iter().map(|member| member.to_vec()).collect()
    }

    fn members(most: u32) -> impl Strategy<Value = Model> {
        let member = prop_oneof![
            (0..most).prop_map(|number| number.to_string().into_bytes()),
            (0..most / 2).prop_map(|number| format!("member {number}").into_bytes()),
        ];
        prop::collection::btree_set(member, 0..most as usize)
    }

    /// Few members, or so many that sets are computed with part by part.
    fn models() -> impl Strategy<Value = Vec<Model>> {
        let models = |most| prop::collection::vec(members(most), 1..6);
        prop_oneof![models(70), models(400)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn all_agree_with_a_model(
            models in models(),
            entries in 0usize..80,
            repeat in any::<prop::sample::Index>(),
            threads in any::<bool>(),
        ) {
            let server = TestServer::with_threads();
            let crew = if threads { Crew::with(&server.engine) } else { Crew::ALONE };
            let limits = Limits {
                set_max_intset_entries: entries,
                set_max_listpack_entries: entries,
                ..Limits::default()
            };
            let made: Vec<Set> = models.iter().map(|model| make(model, &limits)).collect();
            let mut sets: Vec<&Set> = made.iter().collect();
            // A key may be named twice.
            sets.push(&made[repeat.index(made.len())]);

            let all = |member: &&Vec<u8>| models.iter().all(|model| model.contains(*member));
            let common: Model = models[0].iter().filter(all).cloned().collect();
            let mut seen = Model::new();
            intersect(sets.clone(), &limits, |member| seen.insert(member.to_vec()));
            prop_assert_eq!(&seen, &common);
            prop_assert_eq!(of(super::common(sets.clone(), &limits, crew)), common.clone());
            let built = build_common(sets.clone(), &limits, crew);
            prop_assert_eq!(model_of(&built), common);
            prop_assert!(built.has_parts() || built.len() <= entries);

            let union: Model = models.iter().flatten().cloned().collect();
            prop_assert_eq!(of(unite(sets.clone(), &limits, crew)), union.clone());
            prop_assert_eq!(model_of(&build_union(sets.clone(), &limits, crew)), union);

            let others: Vec<&Set> = sets[1..models.len()].to_vec();
            let none = |member: &&Vec<u8>| !models[1..].iter().any(|model| model.contains(*member));
            let left: Model = models[0].iter().filter(none).cloned().collect();
            prop_assert_eq!(of(subtract(sets[0], others.clone(), &limits, crew)), left.clone());
            let built = build_difference(sets[0], others.clone(), &limits, crew);
            prop_assert_eq!(model_of(&built), left.clone());
            let counted = |limit| {
                count_difference(sets[0], others.clone(), limit, (&limits, crew))
            };
            prop_assert_eq!((counted(0), counted(9)), (left.len(), left.len().min(9)));
            let itself = [others.clone(), vec![sets[0]]].concat();
            prop_assert!(build_difference(sets[0], itself, &limits, crew).is_empty());
        }
    }
}
