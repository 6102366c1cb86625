//! `VSIM @field $vector [KNN … | RANGE …] [FILTER …] [YIELD_SCORE_AS name]`

use super::request::{number, text, unknown};
use crate::prelude::*;
use crate::search::common;
use crate::search::query::{QueryOptions, check_vector};
use redpoll_engine::search::{SearchIndex, Words};
use redpoll_search::query::{
    HybridPolicy, Node, NodeKind, Parameters, VectorQuery, VectorSearch, VectorTuning,
};
use redpoll_search::schema::{FieldKind, Metric, Schema};

/// What the vector's distance is called in the search that is made of it.
pub(super) const DISTANCE: &[u8] = b"__vector_distance";
/// Nearest documents, if nothing is said about it.
const NEAREST: usize = 10;

/// The search for vectors.
pub(super) struct Vsim<'a> {
    /// The field of vectors.
    pub(super) field: &'a [u8],
    /// The vector, or a parameter's name behind `$`.
    vector: &'a [u8],
    pub(super) search: VectorSearch,
    pub(super) tuning: VectorTuning,
    filter: Option<&'a [u8]>,
    pub(super) alias: Option<&'a [u8]>,
}

impl<'a> Vsim<'a> {
    pub(super) fn parse(words: &mut Words<'a>) -> Result<Self> {
        if !words.take("VSIM") {
            return Err(Error::text("VSIM argument is required"));
        }
        let field = words.next_word().ok_or(Error::text("Missing vector field name"))?;
        let missing = Error::text("Missing @ prefix for vector field name");
        let mut vsim = Vsim {
            field: field.strip_prefix(b"@").ok_or(missing)?,
            vector: words.next_word().ok_or(Error::text("Missing vector argument"))?,
            search: VectorSearch::Nearest(NEAREST),
            tuning: VectorTuning::default(),
            filter: None,
            alias: None,
        };
        if words.take("KNN") {
            vsim.nearest(words)?;
        } else if words.take("RANGE") {
            vsim.within(words)?;
        }
        // Another FILTER is a step behind both searches.
        loop {
            if vsim.filter.is_none() && words.take("FILTER") {
                vsim.filter(words)?;
            } else if words.take("YIELD_SCORE_AS") {
                vsim.name(words)?;
            } else {
                return Ok(vsim);
            }
        }
    }

    fn nearest(&mut self, words: &mut Words<'a>) -> Result {
        let mut count = None;
        pairs(words, "KNN", |name, words| {
            match name.to_ascii_uppercase().as_slice() {
                b"K" => once(&mut count, "K", words, positive)?,
                b"EF_RUNTIME" => {
                    once(&mut self.tuning.ef_runtime, "EF_RUNTIME", words, positive)?;
                }
                b"SHARD_K_RATIO" => {
                    let bad = "Invalid shard k ratio value";
                    let twice = self.tuning.shard_k_ratio.is_some();
                    once(&mut self.tuning.shard_k_ratio, "SHARD_K_RATIO", words, |words| {
                        number(words).filter(|ratio| *ratio > 0.0 && *ratio <= 1.0)
                    })
                    .map_err(|error| if twice { error } else { Error::text(bad) })?;
                }
                b"YIELD_SCORE_AS" => self.name(words)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        let count = count.ok_or(Error::text("Missing required argument K"))?;
        self.search = VectorSearch::Nearest(count);
        Ok(())
    }

    fn within(&mut self, words: &mut Words<'a>) -> Result {
        let mut radius = None;
        pairs(words, "RANGE", |name, words| {
            match name.to_ascii_uppercase().as_slice() {
                b"RADIUS" => once(&mut radius, "RADIUS", words, |words| {
                    number(words).filter(|radius| *radius >= 0.0)
                })?,
                b"EPSILON" => once(&mut self.tuning.epsilon, "EPSILON", words, |words| {
                    number(words).filter(|epsilon| *epsilon > 0.0)
                })?,
                b"YIELD_SCORE_AS" => self.name(words)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        let radius = radius.ok_or(Error::text("Missing required argument RADIUS"))?;
        self.search = VectorSearch::Within(radius);
        Ok(())
    }

    fn name(&mut self, words: &mut Words<'a>) -> Result {
        if self.alias.is_some() {
            return Err(Error::text("Duplicate YIELD_SCORE_AS argument"));
        }
        self.alias = Some(value(words, "YIELD_SCORE_AS")?);
        Ok(())
    }

    /// `FILTER query`, or `FILTER count query [POLICY policy] [BATCH_SIZE size]`
    fn filter(&mut self, words: &mut Words<'a>) -> Result {
        let missing = Error::text("Missing argument count for FILTER");
        let first = words.next_word().ok_or(missing)?;
        let count = std::str::from_utf8(first).ok().and_then(|text| text.parse::<usize>().ok());
        let Some(count) = count else {
            self.filter = Some(first);
            return Ok(());
        };
        let mut given = slice(words, count, "FILTER")?;
        let missing = Error::text("Missing filter-expression for FILTER");
        self.filter = Some(given.next_word().ok_or(missing)?);
        while let Some(word) = given.next_word() {
            if parse::is(word, "policy") {
                let policy = value(&mut given, "POLICY")?;
                self.tuning.hybrid_policy = Some(match policy.to_ascii_uppercase().as_slice() {
                    b"ADHOC" | b"ADHOC_BF" => HybridPolicy::AdHoc,
                    b"BATCHES" => HybridPolicy::Batches,
                    _ => return Err(Error::text("POLICY: Invalid value for argument")),
                });
            } else if parse::is(word, "batch_size") {
                let bad = "Error parsing vector similarity parameters: Invalid value was given";
                self.tuning.batch_size = Some(positive(&mut given).ok_or(Error::text(bad))?);
            } else {
                return Err(unknown(word));
            }
        }
        self.check_policy()
    }

    /// Settings that do not go together.
    fn check_policy(&self) -> Result {
        let VectorTuning { hybrid_policy, batch_size, ef_runtime, .. } = self.tuning;
        let ad_hoc = hybrid_policy == Some(HybridPolicy::AdHoc);
        let hybrid = hybrid_policy.is_some() || batch_size.is_some();
        let within = matches!(self.search, VectorSearch::Within(_));
        let wrong = if hybrid && (within || self.filter == Some(b"*")) {
            "hybrid query attributes were sent for a non-hybrid query"
        } else if ad_hoc && batch_size.is_some() {
            "'batch size' is irrelevant for the selected policy"
        } else if ad_hoc && ef_runtime.is_some() {
            "'EF_RUNTIME' is irrelevant for the selected policy"
        } else {
            return Ok(());
        };
        Err(text(format!("Error parsing vector similarity parameters: {wrong}")))
    }

    /// No more of the nearest count than come into the common order.
    pub(super) fn limit(&mut self, window: usize) {
        if let VectorSearch::Nearest(count) = &mut self.search {
            *count = window.min(*count);
        }
    }

    /// How the vectors of the field are compared.
    pub(super) fn metric(&self, schema: &Schema) -> Result<Metric> {
        let name = String::from_utf8_lossy(self.field);
        let field = schema.id(self.field).and_then(|id| schema.get(id));
        match field.map(|field| &field.kind) {
            Some(FieldKind::Vector(vector)) => Ok(vector.metric),
            Some(_) => Err(text(format!("Expected a vector field `{name}`"))),
            None => Err(text(format!("Unknown field `{name}`"))),
        }
    }

    /// The search as a query. `options` are those of the command.
    pub(super) fn query(&self, index: &SearchIndex, options: &QueryOptions<'_>) -> Result<Node> {
        let schema = index.index.schema();
        self.metric(&schema)?;
        let field = schema.id(self.field).ok_or(Error::text("Unknown field"))?;
        let vector = self.vector(&options.parameters)?;
        let filter = self.filter.map(|filter| options.prepare(index, filter)).transpose()?;
        let filter = filter.map(|prepared| prepared.root);
        if let Some(filter) = &filter {
            check_filter(filter)?;
        }
        let filter = filter.filter(|filter| !matches!(filter.kind, NodeKind::All));
        let nearest = matches!(self.search, VectorSearch::Nearest(_));
        let (among, beside) = if nearest { (filter, None) } else { (None, filter) };
        let query = VectorQuery {
            field,
            search: self.search,
            vector: vector.to_vec(),
            parameter: Vec::new(),
            score_as: Some(DISTANCE.to_vec()),
            filter: among,
            tuning: self.tuning,
        };
        check_vector(&query, &schema)?;
        let query = Node::new(NodeKind::Vector(Box::new(query)));
        Ok(match beside {
            Some(filter) => Node::new(NodeKind::Intersection(vec![query, filter])),
            None => query,
        })
    }

    fn vector<'v>(&'v self, parameters: &'v Parameters) -> Result<&'v [u8]> {
        match self.vector.strip_prefix(b"$") {
            Some(name) => parameters.value(name).map_err(common::error),
            None => Ok(self.vector),
        }
    }
}

/// A filter finds documents; neither does it weigh them, nor look for vectors itself.
fn check_filter(node: &Node) -> Result {
    if matches!(node.kind, NodeKind::Vector(_)) {
        return Err(Error::text("Vector expressions are not allowed in FT.HYBRID VSIM FILTER"));
    }
    if node.options.weight != 1.0 {
        return Err(Error::text("Weight attributes are not allowed in FT.HYBRID VSIM FILTER"));
    }
    node.children().iter().try_for_each(check_filter)
}

/// A count, and so many words in pairs of a name and a value.
fn pairs<'a>(
    words: &mut Words<'a>,
    of: &str,
    mut take: impl FnMut(&[u8], &mut Words<'a>) -> Result<bool>,
) -> Result {
    let count = words.next_word().ok_or(Error::text("Missing argument count"))?;
    let count = std::str::from_utf8(count).ok().and_then(|text| text.parse::<u32>().ok());
    let count = count.ok_or(Error::text("Invalid argument count: expected an unsigned integer"))?;
    if count == 0 || !count.is_multiple_of(2) {
        return Err(text(format!(
            "Invalid argument count: {count} (must be a positive even number for key/value pairs)"
        )));
    }
    for taken in (0..count).step_by(2) {
        let Some(word) = words.next_word() else {
            let verb = if taken == 1 { "was" } else { "were" };
            return Err(text(format!("Expected arguments {count}, but {taken} {verb} provided")));
        };
        if !take(word, words)? {
            let word = String::from_utf8_lossy(word);
            return Err(text(format!("Unknown argument `{word}` in {of}")));
        }
    }
    Ok(())
}

/// Reads what may be given once.
fn once<'a, T>(
    target: &mut Option<T>,
    name: &str,
    words: &mut Words<'a>,
    read: impl FnOnce(&mut Words<'a>) -> Option<T>,
) -> Result {
    if target.is_some() {
        return Err(text(format!("Duplicate {name} argument")));
    }
    if words.is_empty() {
        return Err(missing(name));
    }
    let read = read(words).ok_or_else(|| text(format!("Invalid {name} value")))?;
    *target = Some(read);
    Ok(())
}

fn positive(words: &mut Words<'_>) -> Option<usize> {
    words.number().ok().filter(|number| *number > 0)
}

pub(super) fn value<'a>(words: &mut Words<'a>, of: &str) -> Result<&'a [u8]> {
    words.next_word().ok_or_else(|| missing(of))
}

fn missing(of: &str) -> Error {
    text(format!("Missing argument value for {of}"))
}

/// As many words as `count` says.
pub(super) fn slice<'a>(words: &mut Words<'a>, count: usize, of: &str) -> Result<Words<'a>> {
    let left = words.len();
    words.several(count).ok_or_else(|| {
        text(format!("Not enough arguments in {of}, specified {count} but provided only {left}"))
    })
}
