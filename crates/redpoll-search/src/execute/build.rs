//! The iterators of a plan for one part.

use super::iter::{All, And, DocIter, Docs, Iter, Not, Optional, Or, Set, Term, Tested, Window};
use super::plan::{Kind, Plan};
use super::sources::{Numbers, Points, Shapes};
use crate::index::dict::split_key;
use crate::index::part::{Part, PartView};
use crate::query::TextMask;

/// Unions of more words than this are gone through a window at a time.
const MANY: usize = 8;

/// The iterator of a plan over the part with this number. `positions` says whether somebody above
/// asks where words stand.
pub fn build<'a>(plan: &'a Plan, part: usize, view: &'a PartView, positions: bool) -> Iter<'a> {
    let weight = plan.weight;
    match &plan.kind {
        Kind::None => Iter::none(),
        Kind::All => Iter::other(All::new(view.docs, weight)),
        Kind::Term { .. } => match term(plan, part, view) {
            Some(term) => Iter::Term(Box::new(term)),
            None => Iter::none(),
        },
        Kind::And { children, near } => {
            let positions = positions || near.is_some();
            let build = |child| build(child, part, view, positions);
            let children: Vec<Iter<'a>> = children.iter().map(build).collect();
            if children.is_empty() || children.iter().any(|child| child.cost() == 0) {
                return Iter::none();
            }
            Iter::other(And::new(children, *near, weight))
        }
        Kind::Or { children, first_only } => {
            let all_terms = children.iter().all(|child| matches!(child.kind, Kind::Term { .. }));
            if *first_only && all_terms && !positions && children.len() > MANY {
                let terms: Vec<_> =
                    children.iter().filter_map(|child| term(child, part, view)).collect();
                return Iter::other(Window::new(terms, weight));
            }
            let build = |child| build(child, part, view, positions);
            let children: Vec<Iter<'a>> =
                children.iter().map(build).filter(|child| child.cost() > 0).collect();
            Iter::other(Or::new(children, *first_only, weight))
        }
        Kind::Not(inner) => {
            Iter::other(Not::new(build(inner, part, view, false), view.docs, weight))
        }
        Kind::Optional(inner) => {
            Iter::other(Optional::new(build(inner, part, view, positions), view.docs))
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
        Kind::Docs(docs) => {
            let list = docs.get(part).cloned().unwrap_or_default();
            Iter::other(Set::new(Docs::List(list), weight, 0))
        }
    }
}

/// The documents of a term, if any may match.
pub fn term<'a>(plan: &'a Plan, part: usize, view: &'a PartView) -> Option<Term<'a>> {
    let Kind::Term { key, hash, mask, rarity, infos } = &plan.kind else { return None };
    let info = infos.get(part)?.as_ref()?;
    let postings = view.postings(key, *hash, info)?;
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
    Some(Term::new(postings, mask, plan.weight, *rarity, split_key(key)))
}
