//! Intersections, unions and differences of sets, without building what nobody asked for.
//!
//! An intersection walks the smallest set and probes the others, those first that are quick to
//! probe. Unions and differences either probe or build a result, whichever costs less: probing
//! copies no member, building visits each member once however many sets there are. A built result
//! starts as a snapshot of a big set where there is one, which costs a pointer for thousands of
//! members.
//!
//! Costs are in units of about 20 ns: what a look-up in a table takes.

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
    sets.sort_by_key(|set| set.len());
    let Some((&smallest, others)) = sets.split_first() else { return };
    let different = others.iter().filter(|set| !std::ptr::eq(**set, smallest));
    let mut others: Vec<Cow<'_, Set>> =
        different.map(|set| to_probe(set, smallest.len(), limits)).collect();
    others.sort_by_key(|set| probe_cost(set));
    for element in smallest {
        step(1);
        if others.iter().all(|set| set.contains_element(element)) && !visit(element) {
            return;
        }
    }
}

/// What a union or a difference answers.
pub enum Answer<'a> {
    /// Members that lie in their sets.
    Probed(Vec<Element<'a>>),
    /// A set of its own.
    Built(Set),
}

impl Answer<'_> {
    /// The number of members.
    pub fn len(&self) -> usize {
        match self {
            Answer::Probed(members) => members.len(),
            Answer::Built(set) => set.len(),
        }
    }
}

/// All members of all sets.
pub fn unite<'a>(mut sets: Vec<&'a Set>, limits: &Limits) -> Answer<'a> {
    sets.sort_by_key(|set| std::cmp::Reverse(set.len()));
    let (mut probing, mut building, mut before) = (0usize, 0, 0);
    for set in &sets {
        probing = probing.saturating_add(set.len().saturating_mul(before));
        building += set.len() * ADD_COST;
        before += probe_cost(set);
    }
    if probing > building {
        return Answer::Built(build_union(sets, limits));
    }
    let mut members = Vec::new();
    for (index, set) in sets.iter().enumerate() {
        let earlier = &sets[..index];
        members.extend(set.iter().filter(|&member| {
            step(1);
            !earlier.iter().any(|set| set.contains_element(member))
        }));
    }
    Answer::Probed(members)
}

/// All members of all sets as a set of their own.
pub fn build_union(mut sets: Vec<&Set>, limits: &Limits) -> Set {
    sets.sort_by_key(|set| std::cmp::Reverse(set.len()));
    let Some((&largest, others)) = sets.split_first() else { return Set::new() };
    let mut union = copy(largest, limits);
    for set in others.iter().filter(|set| !std::ptr::eq(**set, largest)) {
        add_all(&mut union, set, limits);
    }
    union
}

/// What is in `first` and in none of `others`.
pub fn subtract<'a>(first: &'a Set, others: Vec<&'a Set>, limits: &Limits) -> Answer<'a> {
    match walk_is_cheaper(first, &others) {
        true => Answer::Probed(remaining(first, others, limits).collect()),
        false => Answer::Built(remove_all(first, &others, limits)),
    }
}

/// How many members of `first` are in none of `others`, up to `limit` unless that is 0.
pub fn count_difference<'a>(
    first: &'a Set,
    others: Vec<&'a Set>,
    limit: usize,
    limits: &Limits,
) -> usize {
    let limit = if limit == 0 { usize::MAX } else { limit };
    match walk_is_cheaper(first, &others) {
        true => remaining(first, others, limits).take(limit).count(),
        false => remove_all(first, &others, limits).len().min(limit),
    }
}

/// What is in `first` and in none of `others`, as a set of its own.
pub fn build_difference<'a>(first: &'a Set, others: Vec<&'a Set>, limits: &Limits) -> Set {
    if !walk_is_cheaper(first, &others) {
        return remove_all(first, &others, limits);
    }
    let mut difference = Set::new();
    for member in remaining(first, others, limits) {
        difference.add_element(member, limits);
    }
    difference
}

/// Whether to walk `first` and probe the others, or to walk all of them. The former touches less
/// when there are members in common, which counts for half.
fn walk_is_cheaper(first: &Set, others: &[&Set]) -> bool {
    let walking = first.len() * (others.len() + 1) / 2;
    let removing = first.len() + others.iter().map(|set| set.len()).sum::<usize>();
    walking <= removing || others.iter().any(|set| std::ptr::eq(*set, first))
}

/// The members of `first` that none of `others` has. O(first × number of sets).
fn remaining<'a>(
    first: &'a Set,
    mut others: Vec<&'a Set>,
    limits: &Limits,
) -> impl Iterator<Item = Element<'a>> {
    let none = others.iter().any(|set| std::ptr::eq(*set, first));
    // The largest most likely has a member, and spares asking the others.
    others.sort_by_key(|set| std::cmp::Reverse(set.len()));
    let others: Vec<Cow<'_, Set>> =
        others.into_iter().map(|set| to_probe(set, first.len(), limits)).collect();
    let stays = move |&member: &Element<'a>| {
        step(1);
        !others.iter().any(|set| set.contains_element(member))
    };
    first.iter().take(if none { 0 } else { usize::MAX }).filter(stays)
}

/// A copy of `first` without the members of `others`. O(members of all).
fn remove_all(first: &Set, others: &[&Set], limits: &Limits) -> Set {
    let mut difference = copy(first, limits);
    for member in others.iter().flat_map(|set| set.iter()) {
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
    let compact = limits.set_max_listpack_entries.max(limits.set_max_intset_entries);
    if set.len() > compact {
        return set.clone();
    }
    let mut copy = Set::new();
    add_all(&mut copy, set, limits);
    copy
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
            Answer::Built(set) => model_of(&set),
        }
    }

    fn model_of(set: &Set) -> Model {
        set.iter().map(|member| member.to_vec()).collect()
    }

    fn members() -> impl Strategy<Value = Model> {
        let member = prop_oneof![
            (0u32..60).prop_map(|number| number.to_string().into_bytes()),
            (0u32..30).prop_map(|number| format!("m{number}").into_bytes()),
        ];
        prop::collection::btree_set(member, 0..70)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn all_agree_with_a_model(
            models in prop::collection::vec(members(), 1..6),
            entries in 0usize..80,
            repeat in any::<prop::sample::Index>(),
        ) {
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
            prop_assert_eq!(seen, common);

            let union: Model = models.iter().flatten().cloned().collect();
            prop_assert_eq!(of(unite(sets.clone(), &limits)), union.clone());
            prop_assert_eq!(model_of(&build_union(sets.clone(), &limits)), union);

            let others: Vec<&Set> = sets[1..models.len()].to_vec();
            let none = |member: &&Vec<u8>| !models[1..].iter().any(|model| model.contains(*member));
            let left: Model = models[0].iter().filter(none).cloned().collect();
            prop_assert_eq!(of(subtract(sets[0], others.clone(), &limits)), left.clone());
            prop_assert_eq!(model_of(&build_difference(sets[0], others.clone(), &limits)), left);
            let itself = [others, vec![sets[0]]].concat();
            prop_assert!(build_difference(sets[0], itself, &limits).is_empty());
        }
    }
}
