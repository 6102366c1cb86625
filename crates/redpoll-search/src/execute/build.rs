//! The iterators of a plan for one part.

use super::iter::{All, And, DocIter, Docs, Iter, Not, Optional, Or, Set, Term, Tested, Window};
use super::plan::{Kind, Plan};
use super::profile::{self, Counts};
use super::sources::{Numbers, Points, Shapes};
use crate::index::dict::{TermInfo, split_key};
use crate::index::part::{Part, PartView};
use crate::index::postings::{Impact, Scan};
use crate::query::TextMask;
use crate::score::{Leaf, Rarity};

/// Unions of more words than this are gone through a window at a time.
const MANY: usize = 8;

/// What the iterators of a part are made of.
#[derive(Clone, Copy)]
pub struct Builder<'a> {
    /// The number of the part.
    pub part: usize,
    /// The part.
    pub view: &'a PartView,
    /// Who wants to know what iterators do.
    pub watch: Option<&'a Counts>,
}

impl<'a> Builder<'a> {
    /// The iterator of a plan. `positions` says whether somebody above asks where words stand.
    pub fn build(self, plan: &'a Plan, positions: bool) -> Iter<'a> {
        self.build_node(plan, positions, 0)
    }

    /// The iterator of a node, by its number in the plan.
    fn build_node(self, plan: &'a Plan, positions: bool, node: usize) -> Iter<'a> {
        let iter = self.bare(plan, positions, node);
        match self.watch {
            Some(counts) => counts.watch(node, iter),
            None => iter,
        }
    }

    /// The iterators of the nodes directly below one.
    fn below(
        self,
        children: &'a [Plan],
        positions: bool,
        node: usize,
    ) -> impl Iterator<Item = Iter<'a>> {
        let mut next = node + 1;
        children.iter().map(move |child| {
            let own = next;
            // Numbers are asked for only by who watches.
            next += self.watch.map_or(0, |_| profile::size(child));
            self.build_node(child, positions, own)
        })
    }

    fn bare(self, plan: &'a Plan, positions: bool, node: usize) -> Iter<'a> {
        let Builder { part, view, watch } = self;
        let weight = plan.weight;
        match &plan.kind {
            Kind::None => Iter::none(),
            Kind::All => Iter::other(All::new(view.docs, weight)),
            Kind::Term { .. } => {
                let term = find(plan, part, view).and_then(|found| found.term(positions));
                term.map_or_else(Iter::none, |term| Iter::Term(Box::new(term)))
            }
            Kind::And { children, near } => {
                let positions = positions || near.is_some();
                let children: Vec<Iter<'a>> = self.below(children, positions, node).collect();
                if children.is_empty() || children.iter().any(|child| child.cost() == 0) {
                    return Iter::none();
                }
                Iter::other(And::new(children, *near, weight))
            }
            Kind::Or { children, first_only, .. } => {
                let all_terms =
                    children.iter().all(|child| matches!(child.kind, Kind::Term { .. }));
                let many = children.len() > MANY && watch.is_none();
                if *first_only && all_terms && !positions && many {
                    let term = |child: &'a Plan| find(child, part, view)?.term(false);
                    let terms = children.iter().filter_map(term);
                    return Iter::other(Window::new(terms.collect(), weight));
                }
                let children = self.below(children, positions, node);
                let children = children.filter(|child| child.cost() > 0).collect();
                Iter::other(Or::new(children, *first_only, weight))
            }
            Kind::Not(inner) => {
                Iter::other(Not::new(self.build_node(inner, false, node + 1), view.docs, weight))
            }
            Kind::Optional(inner) => {
                let inner = self.build_node(inner, positions, node + 1);
                Iter::other(Optional::new(inner, view.docs))
            }
            Kind::Number { column, range } => {
                let numbers = Numbers::new(view, *column, *range);
                Iter::other(Tested::new(numbers, view.docs, weight))
            }
            Kind::Geo { column, circle } => {
                let points = Points::new(view, *column, circle);
                Iter::other(Tested::new(points, view.docs, weight))
            }
            Kind::Shape { field, predicate, shape } => {
                let shapes = Shapes::new(view, *field, *predicate, shape);
                Iter::other(Tested::new(shapes, view.docs, weight))
            }
            Kind::Docs { parts, .. } => {
                let list = parts.get(part).cloned().unwrap_or_default();
                Iter::other(Set::new(Docs::List(list), weight, 0))
            }
        }
    }
}

/// A term of a plan in one part.
pub struct Found<'a> {
    key: &'a [u8],
    hash: u64,
    rarity: Rarity,
    weight: f64,
    view: &'a PartView,
    /// What the part knows of it.
    pub info: TermInfo,
    /// In which fields it must stand; none if all of its postings match.
    pub mask: Option<u128>,
}

/// A term, if any of the part's documents may match.
pub fn find<'a>(plan: &'a Plan, part: usize, view: &'a PartView) -> Option<Found<'a>> {
    let Kind::Term { key, hash, mask, rarity, infos } = &plan.kind else { return None };
    let info = *infos.get(part)?.as_ref()?;
    let format = match &view.part {
        Part::Head(head) => head.format(),
        Part::Segment(segment) => segment.format,
    };
    let is_text = key.first() == Some(&crate::index::dict::TEXT);
    let anywhere = *mask == TextMask::ALL.0 || !is_text;
    if is_text && !format.masks && format.implied_mask & mask == 0 {
        return None;
    }
    let mask = (!anywhere && format.masks).then_some(*mask);
    Some(Found { key, hash: *hash, rarity: *rarity, weight: plan.weight, view, info, mask })
}

impl<'a> Found<'a> {
    /// Its documents. `positions` says whether somebody asks where it stands.
    pub fn term(&self, positions: bool) -> Option<Term<'a>> {
        let postings = self.view.postings(self.key, self.hash, &self.info, positions)?;
        let term = split_key(self.key);
        Some(Term::new(postings, self.mask, self.weight, self.rarity, term))
    }

    /// Its list, to be gone through once.
    pub fn scan(&self) -> Option<Scan<'a>> {
        self.view.scan(self.key, self.hash, &self.info, self.mask)
    }

    /// The best that any of its postings can be. None if nothing is known of some.
    pub fn best_impact(&self) -> Option<Impact> {
        match self.view.part {
            Part::Head(_) => None,
            Part::Segment(_) => self.scan()?.best_impact(),
        }
    }

    /// How often it occurs in a document at most, as far as that is known.
    pub fn freq_max(&self) -> u32 {
        let most = self.best_impact().and_then(|impact| impact.pairs().last());
        most.map_or(u32::MAX, |(freq, _)| freq)
    }

    /// The term in a document in which it occurs so often.
    pub fn leaf(&self, freq: u32) -> Leaf<'a> {
        Leaf { freq, weight: self.weight, rarity: self.rarity, term: split_key(self.key) }
    }
}
