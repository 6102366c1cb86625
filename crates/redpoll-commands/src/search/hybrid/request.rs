//! The arguments of FT.HYBRID.

use super::combine::{Combine, Method};
use crate::prelude::*;
use crate::search::common;
use crate::search::plan::Aggregation;
use crate::search::query::{QueryOptions, argument, bad_argument};
use crate::search::request::{scorer, timeout};
use redpoll_engine::search::Words;
use redpoll_search::aggregate::Plan;
use redpoll_search::query::Parameters;
use redpoll_search::score::Scorer;
use std::fmt::Display;

/// What the vector's distance is called in the query that is made of VSIM.
pub(super) const DISTANCE: &[u8] = b"__vector_distance";
/// The parameter that the vector is, if it stands in the command itself.
const VECTOR: &[u8] = b"__vector";
/// Nearest documents, if nothing is said about it.
const NEAREST: usize = 10;

/// What FT.HYBRID is asked for.
pub(super) struct Hybrid<'a> {
    /// The query, and what is said about it.
    pub(super) text: &'a [u8],
    pub(super) query: QueryOptions<'a>,
    pub(super) scorer: Scorer,
    /// The field of vectors.
    pub(super) field: &'a [u8],
    vector: &'a [u8],
    range: Option<f64>,
    pub(super) nearest: usize,
    /// EF_RUNTIME or EPSILON, as an attribute of the query.
    tuning: Vec<String>,
    filter: Option<&'a [u8]>,
    pub(super) combine: Combine,
    pub(super) text_alias: Option<&'a [u8]>,
    pub(super) vector_alias: Option<&'a [u8]>,
    pub(super) score_alias: Option<&'a [u8]>,
    pub(super) plan: Plan,
    pub(super) limited: bool,
    pub(super) timeout_ms: u64,
}

impl<'a> Hybrid<'a> {
    /// Reads what stands behind the index.
    pub(super) fn parse(ctx: &Ctx<'_>, words: &mut Words<'a>) -> Result<Self> {
        if !words.take("SEARCH") {
            return Err(Error::text("SEARCH keyword is required"));
        }
        let text = argument(words, "SEARCH")?;
        let mut hybrid = Hybrid {
            text,
            query: QueryOptions::new(ctx),
            scorer: Scorer::default(),
            field: &[],
            vector: &[],
            range: None,
            nearest: NEAREST,
            tuning: Vec::new(),
            filter: None,
            combine: Combine::default(),
            text_alias: None,
            vector_alias: None,
            score_alias: None,
            plan: Plan::default(),
            limited: false,
            timeout_ms: ctx.engine.search.config.read().timeout_ms,
        };
        loop {
            if words.take("SCORER") {
                hybrid.scorer = scorer(words)?;
            } else if words.take("YIELD_SCORE_AS") {
                hybrid.text_alias = Some(argument(words, "YIELD_SCORE_AS")?);
            } else {
                break;
            }
        }
        hybrid.vectors(words)?;
        hybrid.rest(ctx, words)?;
        Ok(hybrid)
    }

    /// `VSIM @field vector …`
    fn vectors(&mut self, words: &mut Words<'a>) -> Result {
        if !words.take("VSIM") {
            return Err(Error::text("VSIM keyword is required"));
        }
        let field = argument(words, "VSIM")?;
        let missing = Error::text("Missing @ prefix for vector field name");
        self.field = field.strip_prefix(b"@").ok_or(missing)?;
        self.vector = argument(words, "VSIM")?;
        loop {
            if words.take("KNN") {
                self.nearest(words)?;
            } else if words.take("RANGE") {
                self.within(words)?;
            } else if words.take("YIELD_SCORE_AS") {
                self.vector_alias = Some(argument(words, "YIELD_SCORE_AS")?);
            } else if words.take("FILTER") {
                self.filter = Some(argument(words, "FILTER")?);
            } else {
                return Ok(());
            }
        }
    }

    fn nearest(&mut self, words: &mut Words<'a>) -> Result {
        let mut given = words.counted().map_err(|bad| bad_argument("KNN", bad.text()))?;
        while let Some(word) = given.next_word() {
            match word.to_ascii_uppercase().as_slice() {
                b"K" => {
                    let count = given.number().ok().filter(|count: &usize| *count > 0);
                    self.nearest = count.ok_or(Error::text("Invalid K value"))?;
                }
                b"EF_RUNTIME" => {
                    let width = given.number().ok().filter(|width: &usize| *width > 0);
                    let width = width.ok_or(Error::text("Invalid EF_RUNTIME value"))?;
                    self.tuning.push(format!("EF_RUNTIME {width}"));
                }
                b"YIELD_SCORE_AS" => {
                    self.vector_alias = Some(argument(&mut given, "YIELD_SCORE_AS")?);
                }
                _ => return Err(unknown(word, "KNN")),
            }
        }
        Ok(())
    }

    fn within(&mut self, words: &mut Words<'a>) -> Result {
        let mut given = words.counted().map_err(|bad| bad_argument("RANGE", bad.text()))?;
        while let Some(word) = given.next_word() {
            match word.to_ascii_uppercase().as_slice() {
                b"RADIUS" => self.range = Some(positive(&mut given, "Invalid RADIUS value")?),
                b"EPSILON" => {
                    let epsilon = positive(&mut given, "Invalid EPSILON value")?;
                    self.tuning.push(format!("$EPSILON: {epsilon}"));
                }
                b"YIELD_SCORE_AS" => {
                    self.vector_alias = Some(argument(&mut given, "YIELD_SCORE_AS")?);
                }
                _ => return Err(unknown(word, "RANGE")),
            }
        }
        self.range.map(drop).ok_or(Error::text("Missing required argument RADIUS"))
    }

    /// What stands behind both searches.
    fn rest(&mut self, ctx: &Ctx<'_>, words: &mut Words<'a>) -> Result {
        let config = ctx.engine.search.config.read().clone();
        let mut steps = Aggregation::parse(ctx, &mut Words::new(std::iter::empty()))?;
        while let Some(word) = words.next_word() {
            match word.to_ascii_uppercase().as_slice() {
                b"COMBINE" => self.combine(words)?,
                b"NOSORT" => {}
                b"TIMEOUT" => self.timeout_ms = timeout(words)?,
                b"PARAMS" | b"DIALECT" => drop(self.query.option(word, words)?),
                upper => {
                    self.limited |= upper == b"LIMIT";
                    if !steps.step(word, words, &config)? {
                        return Err(unknown(word, "FT.HYBRID"));
                    }
                }
            }
        }
        self.plan = steps.plan;
        Ok(())
    }

    fn combine(&mut self, words: &mut Words<'a>) -> Result {
        let mut method = match argument(words, "COMBINE")?.to_ascii_uppercase().as_slice() {
            b"RRF" => Method::Ranks { constant: 60.0 },
            b"LINEAR" => Method::Scores { alpha: 0.5, beta: 0.5 },
            other => return Err(unknown(other, "COMBINE")),
        };
        let mut given = words.counted().map_err(|bad| bad_argument("COMBINE", bad.text()))?;
        while let Some(word) = given.next_word() {
            match (word.to_ascii_uppercase().as_slice(), &mut method) {
                (b"CONSTANT", Method::Ranks { constant }) => {
                    *constant = positive(&mut given, "Invalid CONSTANT value")?;
                }
                (b"ALPHA", Method::Scores { alpha, .. }) => {
                    *alpha = number(&mut given, "Invalid ALPHA value")?;
                }
                (b"BETA", Method::Scores { beta, .. }) => {
                    *beta = number(&mut given, "Invalid BETA value")?;
                }
                (b"WINDOW", _) => {
                    let window = given.number().ok().filter(|window: &usize| *window > 0);
                    self.combine.window = window.ok_or(Error::text("Invalid WINDOW value"))?;
                }
                (b"YIELD_SCORE_AS", _) => {
                    self.score_alias = Some(argument(&mut given, "YIELD_SCORE_AS")?);
                }
                _ => return Err(unknown(word, "COMBINE")),
            }
        }
        self.combine.method = method;
        // The alias may stand behind what was counted.
        if words.take("YIELD_SCORE_AS") {
            self.score_alias = Some(argument(words, "YIELD_SCORE_AS")?);
        }
        Ok(())
    }

    /// The search for vectors as a query of its own.
    pub(super) fn vector_query(&self) -> Vec<u8> {
        let vector = match self.vector.strip_prefix(b"$") {
            Some(name) => name,
            None => VECTOR,
        };
        let (field, distance) = (self.field, DISTANCE);
        let filter = self.filter.unwrap_or(b"*");
        let (radius, count) = (self.range.unwrap_or(0.0).to_string(), self.nearest.to_string());
        let mut tuning = self.tuning.join("; ").into_bytes();
        let parts: Vec<&[u8]> = match self.range {
            None => {
                tuning.insert(0, b' ');
                let head: [&[u8]; 4] = [b"(", filter, b")=>[KNN ", count.as_bytes()];
                let tail: [&[u8]; 7] = [b" @", field, b" $", vector, &tuning, b" AS ", distance];
                head.into_iter().chain(tail).chain([&b"]"[..]]).collect()
            }
            Some(_) => {
                if !tuning.is_empty() {
                    tuning.splice(0..0, *b"; ");
                }
                let range: [&[u8]; 6] =
                    [b"@", field, b":[VECTOR_RANGE ", radius.as_bytes(), b" $", vector];
                let names: [&[u8]; 4] = [b"]=>{$YIELD_DISTANCE_AS: ", distance, &tuning, b"}"];
                let filter: [&[u8]; 3] = [b" (", filter, b")"];
                let filter = filter.into_iter().take(if self.filter.is_some() { 3 } else { 0 });
                range.into_iter().chain(names).chain(filter).collect()
            }
        };
        parts.concat()
    }

    /// The parameters of the query, with the vector if that stands in the command.
    pub(super) fn parameters(&self) -> Result<Parameters> {
        let mut parameters = self.query.parameters.clone();
        if !self.vector.starts_with(b"$") {
            parameters.add(VECTOR, self.vector).map_err(common::error)?;
        }
        Ok(parameters)
    }

    /// The names that scores have got.
    pub(super) fn names(&self) -> Vec<Vec<u8>> {
        let all = [self.text_alias, self.vector_alias, self.score_alias];
        all.into_iter().flatten().map(<[u8]>::to_vec).collect()
    }
}

fn number(words: &mut Words<'_>, bad: &'static str) -> Result<f64> {
    let number = words.number().ok().filter(|number: &f64| number.is_finite());
    number.ok_or(Error::text(bad))
}

fn positive(words: &mut Words<'_>, bad: &'static str) -> Result<f64> {
    let number = number(words, bad)?;
    if number > 0.0 { Ok(number) } else { Err(Error::text(bad)) }
}

fn unknown(word: &[u8], of: impl Display) -> Error {
    Error::text(format!("Unknown argument `{}` in {of}", String::from_utf8_lossy(word)))
}
