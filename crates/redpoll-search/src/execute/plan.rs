//! A query, resolved against a snapshot as a whole.

use std::collections::HashMap;
use std::sync::Arc;

use super::expand::{self, Infos, Pattern};
use super::near::Near;
use super::options::{SearchError, SearchOptions};
use super::{sources, vectors};
use crate::index::dict::{TEXT, TermInfo, missing_key, tag_prefix, text_key};
use crate::index::{DocAddress, Snapshot};
use crate::query::{
    FieldId, Node, NodeKind, NodeOptions, ShapePredicate, TagQuery, TagValue, TextMask,
};
use crate::schema::{ColumnKind, CoordinateSystem, FieldKind};
use crate::score::Rarity;
use crate::shape::Shape;
use redpoll_types::geo;

/// A node of a plan.
#[derive(Debug)]
pub struct Plan {
    pub kind: Kind,
    pub weight: f64,
}

/// What a node asks for.
#[derive(Debug)]
pub enum Kind {
    /// Nothing.
    None,
    /// Every document.
    All,
    /// A term of the dictionary, in these text fields; and what each part knows of it.
    Term { key: Vec<u8>, hash: u64, mask: u128, rarity: Rarity, infos: Vec<Option<TermInfo>> },
    /// All of these.
    And { children: Vec<Plan>, near: Option<Near> },
    /// Any of these. The first that matches may be all that counts for the score.
    Or { children: Vec<Plan>, first_only: bool, of: Union },
    /// Every document but these.
    Not(Box<Plan>),
    /// Every document.
    Optional(Box<Plan>),
    /// A number for which this holds.
    Number { column: usize, range: crate::query::NumericRange },
    /// A point in a circle.
    Geo { column: usize, circle: geo::Shape },
    /// A shape that stands so to another.
    Shape { field: FieldId, predicate: ShapePredicate, shape: Arc<Shape> },
    /// These documents, by part, in ascending order.
    Docs { parts: Vec<Vec<u32>>, of: Listed },
}

/// What a union is made of: only FT.PROFILE asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Union {
    /// What the query names one by one.
    Any,
    /// The values of a tag field.
    Tags,
    /// The terms that a pattern of this kind means.
    Pattern { kind: &'static str, text: Box<[u8]> },
}

/// Where a list of documents is from: only FT.PROFILE asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// Their names were given.
    Keys,
    /// Their vectors are the nearest, or near enough.
    Vectors(VectorMode),
}

/// How vectors were searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VectorMode {
    /// The nearest of all.
    Nearest,
    /// All within a distance.
    Within,
    /// Those that pass a filter, one by one.
    AdHoc,
    /// The nearest that pass a filter, by way of the index: so many.
    Batches(usize),
    /// By way of the index, which did not lead to enough of them; then one by one.
    BatchesThenAdHoc(usize),
}

/// Distances that a query yields.
#[derive(Debug)]
pub struct Distances {
    pub name: Vec<u8>,
    pub by_doc: HashMap<DocAddress, f64>,
}

/// A plan and what was found on the way to it.
#[derive(Debug)]
pub struct Planned {
    pub plan: Plan,
    pub distances: Vec<Distances>,
    pub truncated: bool,
    pub interrupted: bool,
}

/// Makes the plan of a query.
pub fn plan(
    snapshot: &Snapshot,
    node: &Node,
    options: &SearchOptions,
) -> Result<Planned, SearchError> {
    let mut planner =
        Planner { snapshot, options, distances: Vec::new(), truncated: false, negated: false };
    let plan = planner.node(node)?;
    let Planner { distances, truncated, .. } = planner;
    Ok(Planned { plan, distances, truncated, interrupted: options.interrupt.stop() })
}

pub(super) struct Planner<'a> {
    pub snapshot: &'a Snapshot,
    pub options: &'a SearchOptions,
    pub distances: Vec<Distances>,
    truncated: bool,
    /// Below a negation scores do not matter.
    negated: bool,
}

impl Planner<'_> {
    pub fn node(&mut self, node: &Node) -> Result<Plan, SearchError> {
        let options = &node.options;
        let weight = options.weight;
        let mask = options.fields;
        let kind = match &node.kind {
            NodeKind::Empty => Kind::None,
            NodeKind::All => Kind::All,
            NodeKind::Term { text, .. } => {
                let mut key = Vec::new();
                text_key(&mut key, text);
                self.term(key, mask)
            }
            NodeKind::Exact(words) => {
                let near = Near { slop: Some(0), in_order: true };
                self.all(words, Some(near))?
            }
            NodeKind::Intersection(nodes) => self.all(nodes, near_of(options))?,
            NodeKind::Union(nodes) => {
                let children =
                    nodes.iter().map(|node| self.node(node)).collect::<Result<_, _>>()?;
                let first_only = self.negated || weight == 0.0;
                return Ok(self.any(children, weight, first_only, Union::Any));
            }
            NodeKind::Not(inner) => {
                let before = std::mem::replace(&mut self.negated, true);
                let inner = self.node(inner)?;
                self.negated = before;
                Kind::Not(Box::new(inner))
            }
            NodeKind::Optional(inner) => self.optional(inner, weight)?,
            NodeKind::Affix { kind, text } => {
                return Ok(self.pattern(&[TEXT], &Pattern::Affix(*kind, text), mask, weight));
            }
            NodeKind::Wildcard { pattern } => {
                return Ok(self.pattern(&[TEXT], &Pattern::Wildcard(pattern), mask, weight));
            }
            NodeKind::Fuzzy { text, distance } => {
                let pattern = Pattern::Fuzzy(text, *distance);
                return Ok(self.pattern(&[TEXT], &pattern, mask, weight));
            }
            NodeKind::Tag(tags) => return Ok(self.tags(tags, weight)),
            NodeKind::Numeric(range) => match self.numbers(range.field) {
                Some(column) => Kind::Number { column, range: *range },
                None => Kind::None,
            },
            NodeKind::Geo(radius) => match self.numbers(radius.field) {
                Some(column) => Kind::Geo { column, circle: sources::circle(radius) },
                None => Kind::None,
            },
            NodeKind::Shape(query) => self.shape(query)?,
            NodeKind::Vector(query) => return vectors::plan(self, query, options),
            NodeKind::Missing(field) => self.missing(*field),
            NodeKind::Keys(keys) => {
                Kind::Docs { parts: self.snapshot.find_keys(keys), of: Listed::Keys }
            }
        };
        Ok(Plan { kind, weight })
    }

    fn optional(&mut self, inner: &Node, weight: f64) -> Result<Kind, SearchError> {
        let mut inner = self.node(inner)?;
        // Twice optional is optional once; the outer weight holds.
        while let Kind::Optional(deeper) = inner.kind {
            inner = *deeper;
        }
        inner.weight = weight;
        Ok(Kind::Optional(Box::new(inner)))
    }

    fn missing(&self, field: FieldId) -> Kind {
        let kind = self.term(missing_key(field).to_vec(), TextMask::ALL);
        if matches!(kind, Kind::None) {
            return kind;
        }
        // It is no word, and gives nothing to the score, whatever it weighs.
        Kind::And { children: vec![Plan { kind, weight: 0.0 }], near: None }
    }

    /// The term of a key, if any document has it.
    fn term(&self, key: Vec<u8>, mask: TextMask) -> Kind {
        let hash = self.snapshot.hash(&key);
        let parts = self.snapshot.parts();
        let infos: Vec<_> = parts.iter().map(|part| part.find(&key, hash)).collect();
        self.known_term(key, hash, infos, mask)
    }

    /// A term of which it is known what each part knows.
    fn known_term(&self, key: Vec<u8>, hash: u64, infos: Infos, mask: TextMask) -> Kind {
        let count: u64 = infos.iter().flatten().map(|info| u64::from(info.count)).sum();
        if count == 0 || mask == TextMask::NONE {
            return Kind::None;
        }
        let rarity = Rarity::new(self.snapshot.docs(), count);
        Kind::Term { key, hash, mask: mask.0, rarity, infos }
    }

    fn all(&mut self, nodes: &[Node], near: Option<Near>) -> Result<Kind, SearchError> {
        let mut children = Vec::with_capacity(nodes.len());
        for node in nodes {
            children.push(self.node(node)?);
        }
        if children.iter().any(|child| matches!(child.kind, Kind::None)) {
            return Ok(Kind::None);
        }
        Ok(Kind::And { children, near })
    }

    /// Any of the children. A term that is the only one of which there are documents stands for
    /// itself.
    fn any(&self, mut children: Vec<Plan>, weight: f64, first_only: bool, of: Union) -> Plan {
        children.retain(|child| !matches!(child.kind, Kind::None));
        match children.as_mut_slice() {
            [] => Plan { kind: Kind::None, weight },
            [Plan { kind: Kind::Term { .. }, weight: own }] => {
                *own *= weight;
                children.swap_remove(0)
            }
            _ => Plan { kind: Kind::Or { children, first_only, of }, weight },
        }
    }

    /// The terms of a pattern. `prefix` tells words from tags.
    fn pattern(
        &mut self,
        prefix: &[u8],
        pattern: &Pattern<'_>,
        mask: TextMask,
        weight: f64,
    ) -> Plan {
        let found = expand::expand(self.snapshot, prefix, pattern, self.options);
        self.truncated |= found.truncated;
        let one = |(key, infos): (Vec<u8>, Infos)| {
            let hash = self.snapshot.hash(&key);
            Plan { kind: self.known_term(key, hash, infos, mask), weight: 1.0 }
        };
        let children = found.terms.into_iter().map(one).collect();
        self.any(children, weight, true, pattern.union())
    }

    fn tags(&mut self, tags: &TagQuery, weight: f64) -> Plan {
        let prefix = tag_prefix(tags.field);
        let mut children = Vec::with_capacity(tags.values.len());
        for value in &tags.values {
            let all = TextMask::ALL;
            children.push(match value {
                TagValue::Exact(tag) => {
                    Plan { kind: self.term([&prefix[..], tag].concat(), all), weight }
                }
                TagValue::Words(words) => {
                    let key = [&prefix[..], &words.join(&b' ')].concat();
                    Plan { kind: self.term(key, all), weight }
                }
                TagValue::Affix(kind, text) => {
                    self.pattern(&prefix, &Pattern::Affix(*kind, text), all, weight)
                }
                TagValue::Wildcard(pattern) => {
                    self.pattern(&prefix, &Pattern::Wildcard(pattern), all, weight)
                }
            });
        }
        match children.len() {
            1 => children.swap_remove(0),
            _ => {
                let first_only = self.negated || weight == 0.0;
                self.any(children, weight, first_only, Union::Tags)
            }
        }
    }

    /// The column of a field's numbers; none if they are not to be looked for.
    fn numbers(&self, field: FieldId) -> Option<usize> {
        let schema = self.snapshot.schema();
        let indexed = schema.get(field).is_some_and(|field| !field.no_index);
        schema.column(field, ColumnKind::Number).filter(|_| indexed)
    }

    fn shape(&self, query: &crate::query::ShapeQuery) -> Result<Kind, SearchError> {
        let field = query.field;
        let kind = self.snapshot.schema().get(field).map(|field| &field.kind);
        let system = match kind {
            Some(FieldKind::Shape(system)) => *system,
            _ => CoordinateSystem::default(),
        };
        match Shape::parse(&query.text, system) {
            Ok(shape) => {
                Ok(Kind::Shape { field, predicate: query.predicate, shape: Arc::new(shape) })
            }
            Err(_) => Err(SearchError::Shape { field, text: query.text.clone() }),
        }
    }
}

/// How near the words of an intersection must stand.
fn near_of(options: &NodeOptions) -> Option<Near> {
    let in_order = options.in_order.unwrap_or(false);
    let needed = in_order || options.slop.is_some();
    needed.then_some(Near { slop: options.slop, in_order })
}
