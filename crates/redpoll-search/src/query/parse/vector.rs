//! `… => [KNN 10 @field $vector AS distance]`

use super::super::{
    HybridPolicy, Node, NodeKind, QueryError, VectorQuery, VectorSearch, VectorTuning,
};
use super::Parser;
use super::lexer::Kind;
use super::values::number;
use super::words::is_plain;
use crate::analysis::normalize;

/// More nearest vectors cannot be asked for.
const MAX_NEAREST: usize = 1 << 58;

impl Parser<'_> {
    /// The nearest among what `filter` finds. Only as the last part of a query.
    pub(super) fn nearest(&mut self, filter: Option<Node>) -> Result<Node, QueryError> {
        self.next();
        self.expect(Kind::OpenBracket)?;
        let mut query = self.nearest_head()?;
        query.filter = match filter {
            Some(Node { kind: NodeKind::All, .. }) => None,
            Some(filter) => Some(filter),
            None => Some(Node::new(NodeKind::Empty)),
        };
        self.nearest_settings(&mut query)?;
        let mut node = Node::new(NodeKind::Vector(Box::new(query)));
        self.expect(Kind::CloseBracket)?;
        if self.take(Kind::Arrow) {
            self.attributes(Some(&mut node))?;
        }
        if self.peek() != Kind::End {
            return Err(self.unexpected());
        }
        self.name_distance(&mut node);
        self.check_vector(&node);
        Ok(node)
    }

    /// `KNN 10 @field $vector`
    fn nearest_head(&mut self) -> Result<VectorQuery, QueryError> {
        if self.peek() != Kind::Term {
            return Err(self.unexpected());
        }
        let command = self.next();
        let k = self.size()?;
        if self.peek() != Kind::Modifier {
            return Err(self.unexpected());
        }
        let named = self.modifier()?;
        if !matches!(self.peek(), Kind::Attribute { .. }) {
            return Err(self.unexpected());
        }
        let vector = self.next();
        let info = self.vector_field(&named)?;
        if !self.text(&command).eq_ignore_ascii_case(b"KNN") {
            let what = "Syntax error: Expecting Vector Similarity command";
            return Err(self.error_at(&command, what));
        }
        if k > MAX_NEAREST {
            self.late.get_or_insert(QueryError::TooManyNearest(MAX_NEAREST));
        }
        Ok(VectorQuery {
            field: info.id,
            search: VectorSearch::Nearest(k),
            parameter: self.text(&vector).to_vec(),
            vector: self.parameter(&vector),
            score_as: Some(default_score(self.fields.name(info.id))),
            filter: None,
            tuning: VectorTuning::default(),
        })
    }

    /// `EF_RUNTIME 100 AS distance`
    fn nearest_settings(&mut self, query: &mut VectorQuery) -> Result<(), QueryError> {
        while matches!(self.peek(), Kind::Term) {
            let name = self.next();
            let value = self.setting()?;
            let name = self.text(&name).to_ascii_lowercase();
            let set = set_tuning(query, &name, &value);
            self.or_later(set, ());
        }
        if self.take(Kind::As) {
            query.score_as = Some(match self.peek() {
                Kind::Attribute { .. } => {
                    let token = self.next();
                    self.parameter(&token)
                }
                kind if is_plain(kind) => {
                    let token = self.next();
                    self.text(&token).to_vec()
                }
                _ => return Err(self.unexpected()),
            });
        }
        Ok(())
    }

    fn setting(&mut self) -> Result<Vec<u8>, QueryError> {
        let token = self.next();
        match token.kind {
            Kind::Attribute { .. } => Ok(self.parameter(&token)),
            kind if is_plain(kind) => Ok(normalize(self.text(&token))),
            _ => Err(self.error_at(&token, "Syntax error")),
        }
    }

    /// A name for the distance can be given in two ways, but not in both.
    fn name_distance(&mut self, node: &mut Node) {
        let NodeKind::Vector(query) = &mut node.kind else { return };
        let Some(name) = &node.options.yield_distance_as else { return };
        let default = default_score(self.fields.name(query.field));
        match query.score_as.replace(name.clone()) {
            Some(other) if !other.eq_ignore_ascii_case(&default) => {
                self.late.get_or_insert(QueryError::DistanceNamedTwice(other, name.clone()));
            }
            _ => {}
        }
    }

    /// Settings that do not go together.
    fn check_vector(&mut self, node: &Node) {
        let NodeKind::Vector(query) = &node.kind else { return };
        let tuning = &query.tuning;
        let wrong = if tuning.epsilon.is_some() {
            "range query attributes were sent for a non-range query"
        } else if query.filter.is_none()
            && (tuning.hybrid_policy.is_some() || tuning.batch_size.is_some())
        {
            "hybrid query attributes were sent for a non-hybrid query"
        } else if tuning.hybrid_policy == Some(HybridPolicy::AdHoc) && tuning.batch_size.is_some() {
            "'batch size' is irrelevant for the selected policy"
        } else if tuning.hybrid_policy == Some(HybridPolicy::AdHoc) && tuning.ef_runtime.is_some() {
            "'EF_RUNTIME' is irrelevant for the selected policy"
        } else {
            return;
        };
        self.late.get_or_insert(QueryError::VectorParameter(wrong));
    }
}

fn default_score(field: &[u8]) -> Vec<u8> {
    [b"__", field, b"_score"].concat()
}

/// Sets one of a vector search's settings; `name` is in lower case.
pub(super) fn set_tuning(
    query: &mut VectorQuery,
    name: &[u8],
    value: &[u8],
) -> Result<(), QueryError> {
    const TWICE: QueryError = QueryError::VectorParameter("Parameter was specified twice");
    const BAD: QueryError = QueryError::VectorParameter("Invalid value was given");
    let size = || {
        let text = std::str::from_utf8(value).ok();
        text.and_then(|text| text.parse().ok()).filter(|size: &usize| *size > 0).ok_or(BAD)
    };
    let real = || number(value).filter(|value| *value > 0.0).ok_or(BAD);
    let tuning = &mut query.tuning;
    let before = match name {
        b"ef_runtime" => tuning.ef_runtime.replace(size()?).is_some(),
        b"search_window_size" => tuning.search_window.replace(size()?).is_some(),
        b"batch_size" => tuning.batch_size.replace(size()?).is_some(),
        b"epsilon" => tuning.epsilon.replace(real()?).is_some(),
        b"shard_k_ratio" => {
            let ratio = real().ok().filter(|ratio| *ratio <= 1.0);
            let ratio = ratio.ok_or_else(|| QueryError::BadShardRatio(value.to_vec()))?;
            tuning.shard_k_ratio.replace(ratio).is_some()
        }
        b"hybrid_policy" => {
            let policy = match value.to_ascii_lowercase().as_slice() {
                b"batches" => HybridPolicy::Batches,
                b"adhoc_bf" => HybridPolicy::AdHoc,
                _ => return Err(QueryError::VectorParameter("invalid hybrid policy was given")),
            };
            tuning.hybrid_policy.replace(policy).is_some()
        }
        _ => return Err(QueryError::VectorParameter("Invalid option")),
    };
    if before { Err(TWICE) } else { Ok(()) }
}
