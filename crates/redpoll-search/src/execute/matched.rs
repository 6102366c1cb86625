//! By which terms a document was found.
//!
//! Searches do not keep that: few want to know. It is found out afterwards, for one document at a
//! time. Where a query does not ask for terms (numbers, places, vectors), it is taken for granted
//! that the document has what is asked for.

use std::sync::Arc;

use super::expand::{Infos, Pattern, expand};
use super::options::SearchOptions;
use crate::index::dict::{TEXT, split_key, tag_prefix};
use crate::index::{DocAddress, Snapshot};
use crate::query::{Node, NodeKind, TagQuery, TagValue, TextMask};

/// A query's terms, looked up.
#[derive(Debug)]
pub struct QueryTerms {
    snapshot: Snapshot,
    root: Tree,
}

/// A query as far as it asks for terms.
#[derive(Debug)]
enum Tree {
    Any(Vec<Tree>),
    All(Vec<Tree>),
    /// It may be there or not.
    Perhaps(Box<Tree>),
    Term(Term),
    /// Something else.
    Granted,
}

#[derive(Debug)]
struct Term {
    key: Vec<u8>,
    shown: Arc<[u8]>,
    fields: TextMask,
    /// What each part knows of it.
    infos: Infos,
}

impl QueryTerms {
    /// The terms of `query` in `snapshot`.
    pub fn new(snapshot: &Snapshot, query: &Node, options: &SearchOptions) -> Self {
        let root = Builder { snapshot, options }.tree(query);
        QueryTerms { snapshot: snapshot.clone(), root }
    }

    /// The first `most` of those that a document has, in the order of the query.
    pub fn of(&self, address: DocAddress, most: usize) -> Vec<Arc<[u8]>> {
        let mut found = Vec::new();
        self.gather(&self.root, address, &mut found);
        found.truncate(most);
        found
    }

    /// Whether a document has what the tree asks for; what it has is added to `found`.
    fn gather(&self, tree: &Tree, address: DocAddress, found: &mut Vec<Arc<[u8]>>) -> bool {
        match tree {
            Tree::Granted => true,
            Tree::Perhaps(inner) => {
                self.gather(inner, address, found);
                true
            }
            Tree::Any(trees) => {
                trees.iter().fold(false, |any, tree| self.gather(tree, address, found) | any)
            }
            Tree::All(trees) => {
                let before = found.len();
                let all = trees.iter().all(|tree| self.gather(tree, address, found));
                if !all {
                    found.truncate(before);
                }
                all
            }
            Tree::Term(term) => {
                let there = self.has(term, address);
                if there && !found.contains(&term.shown) {
                    found.push(Arc::clone(&term.shown));
                }
                there
            }
        }
    }

    fn has(&self, term: &Term, address: DocAddress) -> bool {
        let part = address.part as usize;
        let (Some(view), Some(Some(info))) =
            (self.snapshot.parts().get(part), term.infos.get(part))
        else {
            return false;
        };
        let list = view.postings(&term.key, self.snapshot.hash(&term.key), info, false);
        list.is_some_and(|mut list| {
            list.seek(address.doc) == address.doc
                && (term.fields == TextMask::ALL || list.mask() & term.fields.0 != 0)
        })
    }
}

struct Builder<'a> {
    snapshot: &'a Snapshot,
    options: &'a SearchOptions,
}

impl Builder<'_> {
    /// Queries are nested no deeper than the parser lets them be.
    fn tree(&self, node: &Node) -> Tree {
        let fields = node.options.fields;
        let all = |nodes: &[Node]| nodes.iter().map(|node| self.tree(node)).collect();
        match &node.kind {
            NodeKind::Term { text, .. } => self.term(&[TEXT], text, fields),
            NodeKind::Exact(nodes) | NodeKind::Intersection(nodes) => Tree::All(all(nodes)),
            NodeKind::Union(nodes) => Tree::Any(all(nodes)),
            NodeKind::Optional(inner) => Tree::Perhaps(Box::new(self.tree(inner))),
            NodeKind::Affix { kind, text } => {
                self.pattern(&[TEXT], &Pattern::Affix(*kind, text), fields)
            }
            NodeKind::Wildcard { pattern } => {
                self.pattern(&[TEXT], &Pattern::Wildcard(pattern), fields)
            }
            NodeKind::Fuzzy { text, distance } => {
                self.pattern(&[TEXT], &Pattern::Fuzzy(text, *distance), fields)
            }
            NodeKind::Tag(tags) => self.tags(tags),
            NodeKind::Vector(vector) => {
                vector.filter.as_ref().map_or(Tree::Granted, |filter| self.tree(filter))
            }
            _ => Tree::Granted,
        }
    }

    fn tags(&self, TagQuery { field, values }: &TagQuery) -> Tree {
        let prefix = tag_prefix(*field);
        let one = |value: &TagValue| match value {
            TagValue::Exact(text) => self.term(&prefix, text, TextMask::ALL),
            TagValue::Words(words) => self.term(&prefix, &words.join(&b' '), TextMask::ALL),
            TagValue::Affix(kind, text) => {
                self.pattern(&prefix, &Pattern::Affix(*kind, text), TextMask::ALL)
            }
            TagValue::Wildcard(pattern) => {
                self.pattern(&prefix, &Pattern::Wildcard(pattern), TextMask::ALL)
            }
        };
        Tree::Any(values.iter().map(one).collect())
    }

    fn term(&self, prefix: &[u8], text: &[u8], fields: TextMask) -> Tree {
        let key = [prefix, text].concat();
        let hash = self.snapshot.hash(&key);
        let infos = self.snapshot.parts().iter().map(|view| view.find(&key, hash)).collect();
        Tree::Term(Term { shown: text.into(), key, fields, infos })
    }

    fn pattern(&self, prefix: &[u8], pattern: &Pattern<'_>, fields: TextMask) -> Tree {
        let terms = expand(self.snapshot, prefix, pattern, self.options).terms.into_iter();
        let term = |(key, infos): (Vec<u8>, Infos)| {
            Tree::Term(Term { shown: split_key(&key).into(), key, fields, infos })
        };
        Tree::Any(terms.map(term).collect())
    }
}
