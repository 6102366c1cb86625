//! Unions, intersections and differences of large sets: part by part, in the background by all
//! threads that have time. How, and why it pays for one thread as well, is told in
//! [`redpoll_types::table::Part`].
//!
//! What is stored is built from parts of tables. What is answered is not built at all: a first walk
//! notes with one bit for each member whether it belongs to the answer, which its head has to know
//! the length of, and a second walk writes those.

use crate::answer;
use crate::crew::{Crew, LARGE, is_cut, part_bits};
use redpoll_engine::background::step;
use redpoll_resp::Reply;
use redpoll_types::listpack::Element;
use redpoll_types::set::{Set, SetPart};
use redpoll_types::table::{Hashed, Part};
use std::sync::Arc;

/// Members of large sets that were chosen.
pub struct Selected(Vec<Choice>);

/// Some members of a set.
struct Choice {
    set: Set,
    len: usize,
    /// For each part, in which order its members are visited.
    parts: Vec<Bits>,
}

/// A row of bits.
#[derive(Default)]
struct Bits {
    words: Vec<u64>,
    len: usize,
}

impl Bits {
    fn push(&mut self, bit: bool) {
        let (word, shift) = (self.len / 64, self.len % 64);
        match self.words.get_mut(word) {
            Some(word) => *word |= u64::from(bit) << shift,
            None => self.words.push(u64::from(bit)),
        }
        self.len += 1;
    }

    fn iter(&self) -> impl Iterator<Item = bool> {
        (0..self.len).map(|at| self.words[at / 64] >> (at % 64) & 1 == 1)
    }

    fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }
}

impl Selected {
    /// The number of members.
    pub fn len(&self) -> usize {
        self.0.iter().map(|choice| choice.len).sum()
    }

    /// Calls `visit` with all of them.
    pub fn each(&self, mut visit: impl FnMut(&[u8])) {
        for Choice { set, parts, .. } in &self.0 {
            for (number, bits) in parts.iter().enumerate() {
                let mut bits = bits.iter();
                set.walk_part(Part::new(number, parts.len().ilog2() as u8), |member| {
                    if bits.next() == Some(true) {
                        visit(member);
                    }
                });
            }
        }
    }

    /// Writes all of them to a reply.
    pub fn write(&self, reply: &mut Reply<'_>) {
        self.each(|member| {
            answer::element(reply, Element::Bytes(member));
            reply.flow();
        });
    }
}

/// Chooses members of a large set.
fn choose(
    set: &Set,
    crew: Crew<'_>,
    is_chosen: impl Fn(Hashed<'_>) -> bool + Send + Sync + 'static,
) -> Choice {
    let bits = part_bits(set.len());
    let walked = set.clone();
    let parts = crew.each(1 << bits, move |number| {
        let mut chosen = Bits::default();
        walked.visit_part(Part::new(number, bits), |member| {
            step(1);
            chosen.push(is_chosen(member));
        });
        chosen
    });
    Choice { set: set.clone(), len: parts.iter().map(Bits::count).sum(), parts }
}

/// Whether a set is computed with part by part.
pub fn is_large(set: &Set) -> bool {
    set.has_parts() && set.len() >= LARGE
}

/// All members of all of these large sets.
pub fn unite(sets: &[&Set], crew: Crew<'_>) -> Selected {
    let all: Arc<[Set]> = sets.iter().map(|set| (*set).clone()).collect();
    let new = |(index, set): (usize, &&Set)| {
        let all = Arc::clone(&all);
        choose(set, crew, move |member| In::None.holds(&all[..index], member))
    };
    Selected(sets.iter().enumerate().map(new).collect())
}

/// Which members of a large set belong to a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum In {
    /// Those that are in all others.
    All,
    /// Those that are in none.
    None,
}

impl In {
    #[inline]
    fn holds(self, others: &[Set], member: Hashed<'_>) -> bool {
        match self {
            In::All => others.iter().all(|set| set.contains_hashed(member)),
            In::None => !others.iter().any(|set| set.contains_hashed(member)),
        }
    }
}

/// The members of a large set that are in all or none of `others`.
pub fn select(set: &Set, which: In, others: Vec<Set>, crew: Crew<'_>) -> Selected {
    Selected(vec![choose(set, crew, move |member| which.holds(&others, member))])
}

/// The same as a set of their own.
pub fn build(set: &Set, which: In, others: Vec<Set>, crew: Crew<'_>) -> Set {
    let (walked, bits) = (set.clone(), part_bits(set.len()));
    let parts = crew.each(1 << bits, move |number| {
        let part = Part::new(number, bits);
        let mut built = SetPart::new(part);
        walked.visit_part(part, |member| {
            step(1);
            if which.holds(&others, member) {
                built.add(member);
            }
        });
        built
    });
    SetPart::join(parts)
}

/// The union of a large set, of which all is shared that stays as it is, and of others that are
/// [`cut alike`](is_cut_alike).
pub fn build_union(first: &Set, others: &[&Set], crew: Crew<'_>) -> Option<Set> {
    change(first, others, crew, SetPart::add)
}

/// A large set without the members of others, of which all is shared that stays as it is.
pub fn remove_all(first: &Set, others: &[&Set], crew: Crew<'_>) -> Option<Set> {
    change(first, others, crew, SetPart::remove)
}

/// Whether it is worth visiting `other` in the parts into which `first` is cut.
pub fn is_cut_alike(first: &Set, other: &Set) -> bool {
    is_large(first) && other.has_parts() && is_cut(other.len(), bits_of(first))
}

fn bits_of(set: &Set) -> u8 {
    part_bits(set.len()).min(set.part_bits())
}

/// A copy of `first` that is changed by each member of `others`, which are cut alike.
fn change(
    first: &Set,
    others: &[&Set],
    crew: Crew<'_>,
    change: fn(&mut SetPart, Hashed<'_>),
) -> Option<Set> {
    let (bits, shared) = (bits_of(first), first.clone());
    let others: Vec<Set> = others.iter().map(|&set| set.clone()).collect();
    let parts = crew.each(1 << bits, move |number| {
        let part = Part::new(number, bits);
        let mut made = SetPart::of(&shared, part)?;
        for other in &others {
            other.visit_part(part, |member| {
                step(1);
                change(&mut made, member);
            });
        }
        Some(made)
    });
    let parts: Option<Vec<SetPart>> = parts.into_iter().collect();
    parts.map(SetPart::join)
}
