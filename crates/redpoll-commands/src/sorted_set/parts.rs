//! Unions, intersections and differences of large sets: part by part, in the background by all
//! threads that have time. How, and why it pays for one thread as well, is told in
//! [`redpoll_types::zset`] and [`redpoll_types::table::Part`].

use super::algebra::{Aggregate, Input, Weighted, number, visit_all};
use crate::crew::{Crew, LARGE, is_cut, part_bits};
use redpoll_engine::background::step;
use redpoll_types::limits::Limits;
use redpoll_types::table::Part;
use redpoll_types::zset::{Bounds, Met, Run, ScoredPart, Source, ZSet};

/// Entries that are sorted at once, about.
const RUN: usize = if cfg!(test) { 16 } else { 16 << 10 };
/// The most runs that entries are dealt to: the more there are, the shorter are the pieces.
const RUNS_MAX: usize = 64;

/// What becomes of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Its members are counted.
    Count,
    /// They are answered in their order.
    Order,
    /// They are stored.
    Set,
}

/// A result, as far as it is wanted.
pub struct Parts {
    len: usize,
    tables: Vec<ScoredPart>,
    entries: Vec<Run>,
}

/// One part of it.
type Made = (usize, Option<ScoredPart>, Run);

fn made(part: ScoredPart, want: Want) -> Made {
    // The entries are taken now, as long as they are in the core's cache.
    match want {
        Want::Count => (part.len(), None, Run::default()),
        Want::Order => (part.len(), None, part.entries()),
        Want::Set => {
            let entries = part.entries();
            (part.len(), Some(part), entries)
        }
    }
}

/// The union of sets that are in the order in which scores are to be joined; `None` if they are not
/// large.
pub fn unite(
    inputs: &[(Option<Input<'_>>, f64)],
    aggregate: Aggregate,
    want: Want,
    crew: Crew<'_>,
) -> Option<Parts> {
    let total = inputs.iter().filter_map(|(input, _)| *input).map(|input| input.len()).sum();
    let bits = part_bits(total);
    let is_large = |(input, _): &(Option<Input<'_>>, f64)| {
        input.is_some_and(|input| input.has_parts() && is_cut(input.len(), bits))
    };
    let (small, large) = inputs.split_at(inputs.partition_point(|input| !is_large(input)));
    if total < LARGE || large.is_empty() || !large.iter().all(is_large) {
        return None;
    }
    let before = join_small(small, aggregate);
    let large: Vec<(Source, f64)> = sources(large.iter().copied()).collect();
    let join = move |number: usize| {
        let part = Part::new(number, bits);
        let mut united = ScoredPart::new(part);
        before.visit_part(part, |met| united.join(&met, met.score, |_| met.score));
        for (source, weight) in &large {
            source.visit_part(part, |met| {
                step(1);
                let score = number_of(aggregate, &met, *weight);
                united.join(&met, score, |before| aggregate.join(before, score));
            });
        }
        made(united, want)
    };
    Some(Parts::of(crew.each(1 << bits, join)))
}

/// What a set adds for a member.
fn number_of(aggregate: Aggregate, met: &Met<'_>, weight: f64) -> f64 {
    number(aggregate.weigh(met.score, weight))
}

fn sources<'a>(
    inputs: impl Iterator<Item = (Option<Input<'a>>, f64)>,
) -> impl Iterator<Item = (Source, f64)> {
    inputs.filter_map(|(input, weight)| Some((input?.source(), weight)))
}

/// The union of sets of few members, before the large ones.
fn join_small(small: &[(Option<Input<'_>>, f64)], aggregate: Aggregate) -> Source {
    let mut joined = ScoredPart::new(Part::WHOLE);
    visit_all(small.to_vec(), aggregate, |member, score| {
        let met = Met::new(&member, score);
        joined.join(&met, score, |before| aggregate.join(before, score));
    });
    Source::from(joined)
}

/// The intersection of sets that are in the order in which scores are to be joined, the smallest
/// first; `None` if that is not large, or if one is not there.
pub fn intersect(
    inputs: &[(Option<Input<'_>>, f64)],
    aggregate: Aggregate,
    want: Want,
    crew: Crew<'_>,
) -> Option<Parts> {
    let (smallest, weight) = *inputs.first()?;
    let smallest = smallest.filter(|input| input.len() >= LARGE && input.has_parts())?;
    let bits = part_bits(smallest.len());
    let others: Vec<(Source, f64)> = sources(inputs.iter().skip(1).copied()).collect();
    let walked = smallest.source();
    let find = move |number: usize| {
        let part = Part::new(number, bits);
        let mut common = ScoredPart::new(part);
        walked.visit_part(part, |met| {
            step(1);
            let first = number_of(aggregate, &met, weight);
            let joined = others.iter().try_fold(first, |joined, (other, weight)| {
                let score = other.score_of(&met)?;
                Some(aggregate.join(joined, aggregate.weigh(score, *weight)))
            });
            if let Some(score) = joined {
                common.join(&met, score, |_| score);
            }
        });
        made(common, want)
    };
    Some(Parts::of(crew.each(1 << bits, find)))
}

/// The members of the first set that are in no other; `None` if it is not large.
pub fn subtract(inputs: &Weighted<'_>, want: Want, crew: Crew<'_>) -> Option<Parts> {
    let (&(first, _), others) = inputs.split_first()?;
    let first = first.filter(|first| first.len() >= LARGE && first.has_parts())?;
    let bits = part_bits(first.len());
    let is_small = |input: &Input<'_>| !input.has_parts() || !is_cut(input.len(), bits);
    let (small, large): (Vec<Input<'_>>, Vec<Input<'_>>) =
        others.iter().filter_map(|(input, _)| *input).partition(is_small);
    let small: Vec<_> = small.into_iter().map(|input| (Some(input), 1.0)).collect();
    // As is cheaper: the members of the first are looked up, or those of the other.
    let (probed, removed): (Vec<Input<'_>>, Vec<Input<'_>>) =
        large.into_iter().partition(|other| other.len() >= first.len() / 2);
    let probed: Vec<Source> = probed.iter().map(Input::source).collect();
    let small = join_small(&small, Aggregate::Max);
    let removed: Vec<Source> = removed.iter().map(Input::source).chain([small]).collect();
    let first = first.source();
    let rest = move |number: usize| {
        let part = Part::new(number, bits);
        let mut rest = ScoredPart::new(part);
        first.visit_part(part, |met| {
            step(1);
            if probed.iter().all(|other| other.score_of(&met).is_none()) {
                rest.join(&met, met.score, |_| met.score);
            }
        });
        for other in &removed {
            other.visit_part(part, |met| {
                step(1);
                rest.remove(&met);
            });
        }
        made(rest, want)
    };
    Some(Parts::of(crew.each(1 << bits, rest)))
}

impl Parts {
    fn of(parts: Vec<Made>) -> Self {
        let mut all =
            Parts { len: 0, tables: Vec::new(), entries: Vec::with_capacity(parts.len()) };
        for (len, table, entries) in parts {
            all.len += len;
            all.tables.extend(table);
            all.entries.push(entries);
        }
        all
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.len
    }

    /// All members in their order, in runs.
    pub fn order(self, crew: Crew<'_>) -> Vec<Run> {
        sort(self.entries, self.len, crew, |run| run)
    }

    /// The members as a set.
    pub fn into_set(self, limits: &Limits, crew: Crew<'_>) -> ZSet {
        if self.len <= limits.zset_max_listpack_entries {
            let members: Vec<(&[u8], f64)> = self.entries.iter().flat_map(Run::members).collect();
            return ZSet::from_distinct(members, limits);
        }
        ZSet::from_parts(self.tables, sort(self.entries, self.len, crew, Run::into_index))
    }
}

/// Sorts entries, and makes something of each run that comes of them.
fn sort<T: Send + 'static>(
    entries: Vec<Run>,
    len: usize,
    crew: Crew<'_>,
    make: fn(Run) -> T,
) -> Vec<T> {
    let bounds = Bounds::of(&entries, (len / RUN).clamp(1, RUNS_MAX));
    let mut runs: Vec<Vec<Run>> = (0..bounds.runs()).map(|_| Vec::new()).collect();
    for dealt in crew.map(entries, move |run| run.deal(&bounds)) {
        runs.iter_mut().zip(dealt).for_each(|(run, piece)| run.push(piece));
    }
    crew.map(runs, move |pieces| make(Run::sorted(pieces)))
}

#[cfg(test)]
mod tests;
