//! The arguments of FT.HYBRID.

use super::combine::{Combine, Method};
use super::vsim::{Vsim, slice, value};
use crate::prelude::*;
use crate::search::plan::{Aggregation, CursorOptions};
use crate::search::query::{QueryOptions, argument, bad_argument};
use crate::search::request::{default_scorer, scorer, stretched, timeout};
use redpoll_engine::search::{SearchConfig, SearchIndex, Words};
use redpoll_search::aggregate::{Plan, SortKey, Step};
use redpoll_search::query::{Dialect, Node, NodeKind};
use redpoll_search::score::Scorer;

/// What FT.HYBRID is asked for.
pub(super) struct Hybrid<'a> {
    /// The search for words.
    pub(super) text: &'a [u8],
    pub(super) query: QueryOptions<'a>,
    pub(super) scorer: Scorer,
    /// Whether the words' scores are divided by the best of them.
    pub(super) normalized: bool,
    pub(super) text_alias: Option<&'a [u8]>,
    /// The search for vectors.
    pub(super) vsim: Vsim<'a>,
    pub(super) combine: Combine,
    pub(super) score_alias: Option<&'a [u8]>,
    pub(super) plan: Plan,
    pub(super) limited: bool,
    pub(super) timeout_ms: u64,
    /// Whether each document is told how its score came about.
    pub(super) explain: bool,
    /// The results of the two searches are fetched bit by bit, and not put together.
    pub(super) cursor: Option<CursorOptions>,
}

impl<'a> Hybrid<'a> {
    /// Reads what stands behind the index.
    pub(super) fn parse(ctx: &Ctx<'_>, words: &mut Words<'a>) -> Result<Self> {
        searches(words)?;
        let missing = Error::text("No query string provided for SEARCH");
        let search = words.next_word().ok_or(missing)?;
        let config = ctx.engine.search.config.read().clone();
        let (mut by, mut text_alias) = (default_scorer(&config), None);
        while let Some(word) = words.peek().filter(|word| !parse::is(word, "vsim")) {
            words.next_word();
            match word.to_ascii_uppercase().as_slice() {
                b"SCORER" => by = scorer(words, &config)?,
                b"BM25STD_TANH_FACTOR" => by.0 = stretched(by.0, words)?,
                b"YIELD_SCORE_AS" => text_alias = Some(argument(words, "YIELD_SCORE_AS")?),
                b"DIALECT" => return Err(no_dialect()),
                _ => {
                    let word = String::from_utf8_lossy(word);
                    return Err(text(format!("Unknown argument `{word}` in SEARCH")));
                }
            }
        }
        let mut query = QueryOptions::new(ctx);
        // There are no vectors in the first dialect.
        query.dialect = query.dialect.max(Dialect::Two);
        let mut hybrid = Hybrid {
            text: search,
            query,
            scorer: by.0,
            normalized: by.1,
            text_alias,
            vsim: Vsim::parse(words)?,
            combine: Combine::default(),
            score_alias: None,
            plan: Plan::default(),
            limited: false,
            timeout_ms: config.timeout_ms,
            explain: false,
            cursor: None,
        };
        hybrid.rest(ctx, words)?;
        hybrid.vsim.limit(hybrid.combine.window);
        Ok(hybrid)
    }

    /// What stands behind both searches.
    fn rest(&mut self, ctx: &Ctx<'_>, words: &mut Words<'a>) -> Result {
        let config = ctx.engine.search.config.read().clone();
        let mut steps = Aggregation::parse(ctx, &mut Words::new(std::iter::empty()))?;
        let (mut sorted, mut unsorted) = (false, false);
        while let Some(word) = words.next_word() {
            match word.to_ascii_uppercase().as_slice() {
                b"COMBINE" => self.combine(words)?,
                b"NOSORT" => unsorted = true,
                b"SORTBY" => {
                    steps.sort(sort_keys(words)?)?;
                    sorted = true;
                }
                b"LIMIT" => {
                    let (offset, count) = limit(words, &config)?;
                    steps.limit(offset, count);
                    self.limited = true;
                }
                b"TIMEOUT" => self.timeout_ms = timeout(words)?,
                b"EXPLAINSCORE" => self.explain = true,
                b"WITHCURSOR" => self.cursor = Some(CursorOptions::parse(words, &config)?),
                b"FORMAT" => format(words)?,
                b"PARAMS" => drop(self.query.option(word, words)?),
                b"DIALECT" => return Err(no_dialect()),
                b"LOAD" | b"GROUPBY" | b"APPLY" | b"FILTER" => {
                    steps.step(word, words, &config)?;
                }
                _ => return Err(unknown(word)),
            }
            if sorted && unsorted {
                return Err(Error::text("NOSORT is not allowed with SORTBY"));
            }
        }
        self.plan = steps.plan;
        let groups = self.plan.steps.iter().any(|step| matches!(step, Step::Group { .. }));
        if self.explain && groups {
            return Err(Error::text("EXPLAINSCORE is not supported with GROUPBY"));
        }
        // Fields are loaded before anything else is done with documents.
        self.plan.steps.sort_by_key(|step| !matches!(step, Step::Load(_) | Step::LoadAll));
        Ok(())
    }

    /// `COMBINE RRF count … | LINEAR count …`
    fn combine(&mut self, words: &mut Words<'a>) -> Result {
        let name = argument(words, "COMBINE")?;
        let (of, mut method) = match name.to_ascii_uppercase().as_slice() {
            b"RRF" => ("RRF", Method::Ranks { constant: 60.0 }),
            b"LINEAR" => ("LINEAR", Method::Scores { alpha: 0.3, beta: 0.7 }),
            _ => return Err(Error::text("COMBINE: Invalid value for argument")),
        };
        let mut given = Self::combine_words(words, of)?;
        let (mut has_alpha, mut has_beta) = (false, false);
        self.combine.window = Combine::WINDOW;
        while let Some(word) = given.next_word() {
            match (word.to_ascii_uppercase().as_slice(), &mut method) {
                (b"CONSTANT", Method::Ranks { constant }) => {
                    *constant = weight(&mut given, "CONSTANT")?;
                }
                (b"ALPHA", Method::Scores { alpha, .. }) => {
                    (*alpha, has_alpha) = (weight(&mut given, "ALPHA")?, true);
                }
                (b"BETA", Method::Scores { beta, .. }) => {
                    (*beta, has_beta) = (weight(&mut given, "BETA")?, true);
                }
                (b"WINDOW", _) => self.combine.window = window(&mut given)?,
                (b"YIELD_SCORE_AS", _) => {
                    self.score_alias = Some(value(&mut given, "YIELD_SCORE_AS")?);
                }
                _ => return Err(unknown(word)),
            }
        }
        match (has_alpha, has_beta) {
            (true, false) => return Err(Error::text("Missing value for BETA")),
            (false, true) => return Err(Error::text("Missing value for ALPHA")),
            _ => {}
        }
        self.combine.method = method;
        // The name may stand behind what was counted.
        if words.take("YIELD_SCORE_AS") {
            if self.score_alias.is_some() {
                return Err(Error::text("YIELD_SCORE_AS specified more than once"));
            }
            self.score_alias = Some(value(words, "YIELD_SCORE_AS")?);
        }
        Ok(())
    }

    /// The words that belong to a method.
    fn combine_words(words: &mut Words<'a>, of: &str) -> Result<Words<'a>> {
        let missing = || text(format!("Missing {of} argument count"));
        let count = words.next_word().ok_or_else(missing)?;
        let count = std::str::from_utf8(count).ok().and_then(|text| text.parse::<usize>().ok());
        let count = count.ok_or_else(|| {
            text(format!(
                "Invalid {of} argument count, error: Could not convert argument to expected type"
            ))
        })?;
        if !count.is_multiple_of(2) {
            return Err(text(format!(
                "{of} expects pairs of key value arguments, argument count must be an even number"
            )));
        }
        slice(words, count, of)
    }

    /// The search for words as a query.
    pub(super) fn text_query(&self, index: &SearchIndex) -> Result<Node> {
        let mut root = self.query.prepare(index, self.text)?.root;
        weigh_no_tags(&mut root);
        match has_vector(&root) {
            true => Err(Error::text("Vector expressions are not allowed in FT.HYBRID SEARCH")),
            false => Ok(root),
        }
    }

    /// What rows have besides fields that are asked for: the scores that have got names; and, if
    /// no fields are asked for, the key and the common score.
    pub(super) fn own_columns(&self, nothing_loaded: bool) -> Vec<&'a [u8]> {
        let key = nothing_loaded.then_some(&b"__key"[..]);
        let score = self.score_alias.or(nothing_loaded.then_some(&b"__score"[..]));
        [key, score, self.text_alias, self.vsim.alias].into_iter().flatten().collect()
    }

    /// The names that scores have got.
    pub(super) fn names(&self) -> Vec<Vec<u8>> {
        let all = [self.text_alias, self.vsim.alias, self.score_alias];
        all.into_iter().flatten().map(<[u8]>::to_vec).collect()
    }
}

/// `[2] SEARCH`
fn searches(words: &mut Words<'_>) -> Result {
    let count = words.peek().and_then(|word| std::str::from_utf8(word).ok()?.parse::<u32>().ok());
    match count.filter(|count| *count > 0) {
        Some(2) => drop(words.next_word()),
        Some(_) => return Err(Error::text("FT.HYBRID currently supports only two subqueries")),
        None => {}
    }
    match (words.take("SEARCH"), count) {
        (true, _) => Ok(()),
        (false, Some(_)) => Err(Error::text("SEARCH keyword is required")),
        (false, None) => Err(Error::text("Invalid subqueries count: expected an unsigned integer")),
    }
}

/// `SORTBY count field [ASC|DESC] …`: fields may stand with or without `@`.
fn sort_keys(words: &mut Words<'_>) -> Result<Vec<SortKey>> {
    let mut given = words.counted().map_err(|bad| text(format!("SORTBY: {}", bad.text())))?;
    if given.is_empty() {
        return Err(Error::text("SORTBY: Invalid argument count"));
    }
    let mut keys = Vec::new();
    while let Some(word) = given.next_word() {
        let name = word.strip_prefix(b"@").unwrap_or(word).to_vec();
        let ascending = given.take("ASC") || !given.take("DESC");
        keys.push(SortKey { name, ascending });
    }
    Ok(keys)
}

fn limit(words: &mut Words<'_>, config: &SearchConfig) -> Result<(usize, usize)> {
    if words.len() < 2 {
        return Err(Error::text("LIMIT: Not enough arguments were provided"));
    }
    let bad = |what: &str| text(format!("LIMIT {what} must be a non-negative integer"));
    let offset: usize = words.number().map_err(|_| bad("offset"))?;
    let count: usize = words.number().map_err(|_| bad("count"))?;
    if count == 0 && offset != 0 {
        return Err(Error::text("The `offset` of the LIMIT must be 0 when `num` is 0"));
    }
    let most = config.max_search_results;
    match count > most {
        true => Err(text(format!("LIMIT exceeds maximum of {most}"))),
        false => Ok((offset, count)),
    }
}

/// Values are texts; JSON, which could be more, is not indexed.
fn format(words: &mut Words<'_>) -> Result {
    match argument(words, "FORMAT")?.to_ascii_uppercase().as_slice() {
        b"STRING" => Ok(()),
        b"EXPAND" => Err(Error::text("EXPAND format is only supported with JSON")),
        _ => Err(Error::text("FORMAT: Invalid value for argument")),
    }
}

/// Tags find documents, but only words score them.
fn weigh_no_tags(node: &mut Node) {
    if matches!(node.kind, NodeKind::Tag(_)) {
        node.options.weight = 0.0;
    }
    node.children_mut().iter_mut().for_each(weigh_no_tags);
}

fn has_vector(node: &Node) -> bool {
    matches!(node.kind, NodeKind::Vector(_)) || node.children().iter().any(has_vector)
}

/// A finite number.
pub(super) fn number(words: &mut Words<'_>) -> Option<f64> {
    words.number().ok().filter(|number: &f64| number.is_finite())
}

fn weight(words: &mut Words<'_>, of: &str) -> Result<f64> {
    let missing = "Expected an argument, but none provided";
    if words.is_empty() {
        return Err(bad_argument(of, missing));
    }
    number(words).ok_or_else(|| bad_argument(of, "Could not convert argument to expected type"))
}

fn window(words: &mut Words<'_>) -> Result<usize> {
    match words.number::<i64>().map_err(|bad| bad_argument("WINDOW", bad.text()))? {
        ..1 => Err(Error::text("WINDOW: Value below minimum")),
        window => Ok(usize::try_from(window).unwrap_or(usize::MAX)),
    }
}

pub(super) fn unknown(word: &[u8]) -> Error {
    text(format!("{}: Unknown argument", String::from_utf8_lossy(word)))
}

pub(super) fn text(text: String) -> Error {
    Error::text(text)
}

fn no_dialect() -> Error {
    Error::text(
        "DIALECT is not supported in FT.HYBRID or any of its subqueries. Please check the \
         documentation on search-default-dialect configuration.",
    )
}
