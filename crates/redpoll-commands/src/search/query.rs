//! From the text of a query and the options around it to a tree.

use super::common;
use crate::prelude::*;
use redpoll_engine::search::{SearchIndex, Words};
use redpoll_search::analysis::{Analyzer, Language, StopWords};
use redpoll_search::query::{
    self, Dialect, Expander, Fields, GeoRadius, GeoUnit, Node, NodeKind, NumericRange, Parameters,
    ParseOptions, TextMask, VectorQuery, VectorSearch,
};
use redpoll_search::schema::{Algorithm, FieldKind, Schema};
use std::sync::Arc;

/// What a command says about its query besides the query.
#[derive(Default)]
pub(super) struct QueryOptions<'a> {
    pub(super) dialect: Dialect,
    pub(super) parameters: Parameters,
    pub(super) verbatim: bool,
    pub(super) no_stop_words: bool,
    pub(super) slop: Option<u32>,
    pub(super) in_order: bool,
    pub(super) language: Option<Language>,
    pub(super) expander: Option<&'a [u8]>,
    pub(super) in_fields: Option<Vec<&'a [u8]>>,
    pub(super) in_keys: Option<Vec<&'a [u8]>>,
    pub(super) filters: Vec<NumericFilter<'a>>,
    pub(super) circles: Vec<GeoFilter<'a>>,
}

/// `FILTER field min max`
pub(super) struct NumericFilter<'a> {
    field: &'a [u8],
    min: (f64, bool),
    max: (f64, bool),
}

/// `GEOFILTER field longitude latitude radius unit`
pub(super) struct GeoFilter<'a> {
    field: &'a [u8],
    longitude: f64,
    latitude: f64,
    radius: f64,
    unit: GeoUnit,
}

/// A query that is ready to run, and how its words were found.
pub(super) struct Prepared {
    pub(super) root: Node,
    pub(super) analyzer: Analyzer,
    schema: Arc<Schema>,
}

impl Prepared {
    /// How the query was understood, as one line.
    pub(super) fn plan(&self) -> Box<[u8]> {
        let text = query::explain(&self.root, &*self.schema);
        let words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join(&b' ').into()
    }
}

impl<'a> QueryOptions<'a> {
    /// The options of a command that says nothing yet.
    pub(super) fn new(ctx: &Ctx<'_>) -> Self {
        let dialect = ctx.engine.search.config.read().default_dialect;
        let dialect = Dialect::from_number(dialect).unwrap_or_default();
        QueryOptions { dialect, ..QueryOptions::default() }
    }

    /// Takes an option that is about the query. Whether it is one.
    pub(super) fn option(&mut self, word: &[u8], words: &mut Words<'a>) -> Result<bool> {
        match word.to_ascii_uppercase().as_slice() {
            b"VERBATIM" => self.verbatim = true,
            b"NOSTOPWORDS" => self.no_stop_words = true,
            b"INORDER" => self.in_order = true,
            b"SLOP" => {
                let slop: i64 = words.number().map_err(|bad| bad_argument("SLOP", bad.text()))?;
                self.slop = u32::try_from(slop).ok();
            }
            b"LANGUAGE" => {
                let name = argument(words, "LANGUAGE")?;
                let language = Language::from_name(name).ok_or(Error::text("No such language"))?;
                self.language = Some(language);
            }
            b"EXPANDER" => self.expander = Some(argument(words, "EXPANDER")?),
            b"INFIELDS" => {
                let fields = words.counted().map_err(|bad| bad_argument("INFIELDS", bad.text()))?;
                self.in_fields = Some(fields.rest().to_vec());
            }
            b"INKEYS" => {
                let keys = words.counted().map_err(|bad| bad_argument("INKEYS", bad.text()))?;
                self.in_keys = Some(keys.rest().to_vec());
            }
            b"FILTER" => self.filters.push(numeric_filter(words)?),
            b"GEOFILTER" => self.circles.push(geo_filter(words)?),
            b"PARAMS" => self.parameters(words)?,
            b"DIALECT" => {
                let missing = Error::text("Need an argument for DIALECT");
                let number = words.next_word().ok_or(missing)?;
                let number = std::str::from_utf8(number).ok().and_then(|text| text.parse().ok());
                let dialect = number.and_then(Dialect::from_number);
                self.dialect = dialect
                    .ok_or(Error::text("DIALECT requires a non negative integer >=1 and <= 4"))?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn parameters(&mut self, words: &mut Words<'a>) -> Result {
        let mut pairs = words.counted().map_err(|bad| bad_argument("PARAMS", bad.text()))?;
        if !self.parameters.is_empty() {
            return Err(Error::text(
                "Multiple PARAMS are not allowed. Parameters can be defined only once",
            ));
        }
        if pairs.is_empty() || pairs.len() % 2 != 0 {
            return Err(Error::text("Parameters must be specified in PARAM VALUE pairs"));
        }
        while let (Some(name), Some(value)) = (pairs.next_word(), pairs.next_word()) {
            self.parameters.add(name, value).map_err(common::error)?;
        }
        Ok(())
    }

    /// The tree of `text`, with all that the options say about it.
    pub(super) fn prepare(&self, index: &SearchIndex, text: &[u8]) -> Result<Prepared> {
        index.note_dialect(self.dialect);
        let schema = index.index.schema();
        let options = schema.options();
        let language = self.language.unwrap_or(options.language);
        let stop_words = match self.no_stop_words {
            true => Arc::new(StopWords::none()),
            false => Arc::clone(&options.stop_words),
        };
        let parsing = ParseOptions {
            dialect: self.dialect,
            parameters: &self.parameters,
            stop_words: &stop_words,
            language,
        };
        let mut root = query::parse(text, &*schema, parsing).map_err(common::error)?;
        check_vectors(&root, &schema)?;
        let analyzer = Analyzer::new(language, stop_words);
        if !self.verbatim {
            self.expand(&mut root, index, &schema, &analyzer)?;
        }
        if let Some(fields) = &self.in_fields {
            root.restrict(mask_of(&schema, fields));
        }
        root.constrain(self.slop, self.in_order);
        for filter in self.all_filters(&schema)? {
            attach(&mut root, filter);
        }
        Ok(Prepared { root, analyzer, schema })
    }

    fn expand(
        &self,
        root: &mut Node,
        index: &SearchIndex,
        schema: &Schema,
        analyzer: &Analyzer,
    ) -> Result {
        let synonyms = index.synonyms();
        let groups = |word: &[u8]| synonyms.of(word).map(<[u8]>::to_vec).collect();
        let name = self.expander.unwrap_or(b"DEFAULT");
        // An expander that there is not expands nothing.
        match Expander::named(name, analyzer, &groups) {
            Some(expander) => query::expand(root, schema, &expander).map_err(common::error),
            None => Ok(()),
        }
    }

    fn all_filters(&self, schema: &Schema) -> Result<Vec<NodeKind>> {
        let mut filters = Vec::new();
        for filter in &self.filters {
            let info = schema.field(filter.field).filter(|field| field.kinds.numeric);
            let field = info.ok_or_else(|| unknown_field(filter.field))?.id;
            let ((min, min_inclusive), (max, max_inclusive)) = (filter.min, filter.max);
            let range = NumericRange { field, min, max, min_inclusive, max_inclusive };
            filters.push(NodeKind::Numeric(range));
        }
        for circle in &self.circles {
            let info = schema.field(circle.field).filter(|field| field.kinds.geo);
            let field = info.ok_or_else(|| unknown_field(circle.field))?.id;
            let GeoFilter { longitude, latitude, radius, unit, .. } = *circle;
            filters.push(NodeKind::Geo(GeoRadius { field, longitude, latitude, radius, unit }));
        }
        if let Some(keys) = &self.in_keys {
            filters.push(NodeKind::Keys(keys.iter().map(|key| key.to_vec()).collect()));
        }
        Ok(filters)
    }
}

/// Whether the indexes of vectors know what the query sets.
fn check_vectors(node: &Node, schema: &Schema) -> Result {
    if let NodeKind::Vector(query) = &node.kind {
        check_vector(query, schema)?;
        if let Some(name) = query.score_as.as_ref().filter(|name| schema.id(name).is_some()) {
            let name = String::from_utf8_lossy(name);
            return Err(Error::text(format!("Property `{name}` already exists in schema")));
        }
    }
    node.children().iter().try_for_each(|child| check_vectors(child, schema))
}

/// Whether the index of the query's vectors knows what the query sets.
pub(super) fn check_vector(query: &VectorQuery, schema: &Schema) -> Result {
    let Some(FieldKind::Vector(field)) = schema.get(query.field).map(|field| &field.kind) else {
        return Ok(());
    };
    let nearest = matches!(query.search, VectorSearch::Nearest(_));
    let known = |set: bool, by: bool| !set || by;
    let (tuning, algorithm) = (&query.tuning, field.algorithm);
    let hnsw = matches!(algorithm, Algorithm::Hnsw(_));
    let vamana = matches!(algorithm, Algorithm::Vamana(_));
    let fits = known(tuning.ef_runtime.is_some(), hnsw && nearest)
        && known(tuning.search_window.is_some(), vamana && nearest)
        && known(tuning.epsilon.is_some(), hnsw || vamana);
    match fits {
        true => Ok(()),
        false => Err(Error::text("Error parsing vector similarity parameters: Invalid option")),
    }
}

/// Lets the query find only what a filter finds, too.
fn attach(root: &mut Node, filter: NodeKind) {
    let filter = Node::new(filter);
    if let NodeKind::Vector(vector) = &mut root.kind {
        match &mut vector.filter {
            Some(inner) => attach(inner, filter.kind),
            None => vector.filter = Some(filter),
        }
        return;
    }
    let inner = std::mem::replace(root, Node::new(NodeKind::Empty));
    *root = Node::new(NodeKind::Intersection(vec![filter, inner]));
}

fn mask_of(schema: &Schema, names: &[&[u8]]) -> TextMask {
    let fields = names.iter().filter_map(|name| schema.field(name));
    let text = fields.filter(|field| field.kinds.text);
    TextMask(text.fold(0, |mask, field| mask | TextMask::of(field.text_bit).0))
}

fn unknown_field(name: &[u8]) -> Error {
    Error::text(format!("Unknown Field '{}'", String::from_utf8_lossy(name)))
}

fn numeric_filter<'a>(words: &mut Words<'a>) -> Result<NumericFilter<'a>> {
    let (Some(field), Some(min), Some(max)) =
        (words.next_word(), words.next_word(), words.next_word())
    else {
        return Err(Error::text("FILTER requires 3 arguments"));
    };
    let min = query::parse_range_bound(min, false).map_err(common::error)?;
    let max = query::parse_range_bound(max, true).map_err(common::error)?;
    Ok(NumericFilter { field, min, max })
}

fn geo_filter<'a>(words: &mut Words<'a>) -> Result<GeoFilter<'a>> {
    if words.len() < 5 {
        return Err(Error::text("GEOFILTER requires 5 arguments"));
    }
    let field = argument(words, "<geo property>")?;
    let mut number = |of: &str| words.number().map_err(|bad| bad_argument(of, bad.text()));
    let (longitude, latitude, radius) = (number("<lon>")?, number("<lat>")?, number("<radius>")?);
    let unit = argument(words, "<unit>")?;
    let unit = GeoUnit::from_name(unit).ok_or_else(|| {
        Error::text(format!("Unknown distance unit {}", String::from_utf8_lossy(unit)))
    })?;
    Ok(GeoFilter { field, longitude, latitude, radius, unit })
}

/// The argument of an option.
pub(super) fn argument<'a>(words: &mut Words<'a>, of: &str) -> Result<&'a [u8]> {
    words.next_word().ok_or_else(|| bad_argument(of, "Expected an argument, but none provided"))
}

/// A bad argument of an option.
pub(super) fn bad_argument(of: &str, what: &str) -> Error {
    Error::text(format!("Bad arguments for {of}: {what}"))
}

/// The names under which a query tells distances.
pub(super) fn distances(root: &Node) -> Vec<Vec<u8>> {
    let mut names = Vec::new();
    if let NodeKind::Vector(vector) = &root.kind {
        names.extend(vector.score_as.clone());
    }
    root.children().iter().for_each(|child| names.extend(distances(child)));
    names
}
