//! The options of FT.SEARCH.

use super::query::{QueryOptions, argument, bad_argument};
use crate::prelude::*;
use redpoll_engine::search::{SearchConfig, Words};
use redpoll_search::highlight::{Summary, Tags};
use redpoll_search::score::Scorer;
use std::collections::HashMap;

/// What FT.SEARCH is asked for.
pub(super) struct Request<'a> {
    pub(super) query: QueryOptions<'a>,
    pub(super) no_content: bool,
    pub(super) scores: bool,
    pub(super) payloads: bool,
    pub(super) sort_keys: bool,
    pub(super) explain: bool,
    /// The fields to return, and the names that they get; none: all.
    pub(super) returns: Option<Vec<(&'a [u8], &'a [u8])>>,
    pub(super) summarize: Option<(Vec<&'a [u8]>, Summary)>,
    pub(super) highlight: Option<(Vec<&'a [u8]>, Tags)>,
    pub(super) scorer: Scorer,
    /// Whether scores are divided by the best of all results.
    pub(super) normalized: bool,
    pub(super) payload: Option<&'a [u8]>,
    /// A field, and whether the highest come first.
    pub(super) sort: Option<(&'a [u8], bool)>,
    pub(super) offset: usize,
    pub(super) limit: usize,
    pub(super) timeout_ms: u64,
}

impl<'a> Request<'a> {
    /// Reads the options that stand behind the query.
    pub(super) fn parse(ctx: &Ctx<'_>, words: &mut Words<'a>) -> Result<Self> {
        let config = ctx.engine.search.config.read().clone();
        let (scorer, normalized) = default_scorer(&config);
        let mut request = Request {
            query: QueryOptions::new(ctx),
            no_content: false,
            scores: false,
            payloads: false,
            sort_keys: false,
            explain: false,
            returns: None,
            summarize: None,
            highlight: None,
            scorer,
            normalized,
            payload: None,
            sort: None,
            offset: 0,
            limit: 10,
            timeout_ms: config.timeout_ms,
        };
        while let Some(word) = words.next_word() {
            if parse::is(word, "format") {
                format(ctx, words)?;
            } else if !request.query.option(word, words)?
                && !request.option(word, words, &config)?
            {
                return Err(Error::text(format!(
                    "Unknown argument `{}` at position {} for <main>",
                    String::from_utf8_lossy(word),
                    words.position()
                )));
            }
        }
        if request.explain && !request.scores {
            return Err(Error::text("EXPLAINSCORE must be accompanied with WITHSCORES"));
        }
        check_limit(request.offset, request.limit, config.max_search_results)?;
        // Nothing is shown beyond the last place that may be asked for.
        request.limit = request.limit.min(config.max_search_results - request.offset);
        Ok(request)
    }

    fn option(
        &mut self,
        word: &[u8],
        words: &mut Words<'a>,
        config: &SearchConfig,
    ) -> Result<bool> {
        match word.to_ascii_uppercase().as_slice() {
            b"NOCONTENT" => self.no_content = true,
            b"WITHSCORES" => self.scores = true,
            b"WITHPAYLOADS" => self.payloads = true,
            b"WITHSORTKEYS" => self.sort_keys = true,
            b"EXPLAINSCORE" => self.explain = true,
            // The count is exact with or without them.
            b"WITHCOUNT" | b"WITHOUTCOUNT" => {}
            b"RETURN" => self.returns = Some(returns(words)?),
            b"SUMMARIZE" => self.summarize = Some(summarize(words)?),
            b"HIGHLIGHT" => self.highlight = Some(highlight(words)?),
            b"SCORER" => (self.scorer, self.normalized) = scorer(words, config)?,
            b"BM25STD_TANH_FACTOR" => self.scorer = stretched(self.scorer, words)?,
            b"ADDSCORES" => return Err(Error::text("ADDSCORES is not supported on FT.SEARCH")),
            b"PAYLOAD" => self.payload = Some(argument(words, "PAYLOAD")?),
            b"SORTBY" => {
                if self.sort.is_some() {
                    return Err(Error::text("Multiple SORTBY steps are not allowed"));
                }
                let field = words.next_word().ok_or(Error::text("Bad SORTBY arguments"))?;
                let descending = words.take("DESC");
                if !descending {
                    words.take("ASC");
                }
                if words.take("MAX") {
                    return Err(Error::text("SORTBY MAX is not supported by FT.SEARCH"));
                }
                self.sort = Some((field.strip_prefix(b"@").unwrap_or(field), descending));
            }
            b"LIMIT" => (self.offset, self.limit) = limit(words)?,
            b"TIMEOUT" => self.timeout_ms = timeout(words)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// `LIMIT offset count`
pub(super) fn limit(words: &mut Words<'_>) -> Result<(usize, usize)> {
    if words.len() < 2 {
        return Err(Error::text("LIMIT requires two arguments"));
    }
    let (Ok(offset), Ok(count)) = (words.number::<usize>(), words.number::<usize>()) else {
        return Err(Error::text("LIMIT needs two numeric arguments"));
    };
    if count == 0 && offset != 0 {
        return Err(Error::text("The `offset` of the LIMIT must be 0 when `num` is 0"));
    }
    Ok((offset, count))
}

pub(super) fn check_limit(offset: usize, count: usize, most: usize) -> Result {
    if count > most {
        return Err(Error::text(format!("LIMIT exceeds maximum of {most}")));
    }
    if offset > most {
        return Err(Error::text(format!("OFFSET exceeds maximum of {most}")));
    }
    Ok(())
}

/// `TIMEOUT milliseconds`
pub(super) fn timeout(words: &mut Words<'_>) -> Result<u64> {
    if words.is_empty() {
        return Err(Error::text("Need argument for TIMEOUT"));
    }
    words.number().map_err(|_| Error::text("TIMEOUT requires a non negative integer"))
}

/// `SCORER name`: the scorer, and whether its scores are divided by the best one.
pub(super) fn scorer(words: &mut Words<'_>, config: &SearchConfig) -> Result<(Scorer, bool)> {
    let name = argument(words, "SCORER")?;
    let unknown = || Error::text(format!("No such scorer {}", String::from_utf8_lossy(name)));
    named_scorer(name, config).ok_or_else(unknown)
}

/// The scorer of a query that names none.
pub(super) fn default_scorer(config: &SearchConfig) -> (Scorer, bool) {
    named_scorer(config.default_scorer.name().as_bytes(), config).unwrap_or_default()
}

fn named_scorer(name: &[u8], config: &SearchConfig) -> Option<(Scorer, bool)> {
    if name.eq_ignore_ascii_case(b"BM25STD.NORM") {
        return Some((Scorer::Bm25Std, true));
    }
    Some(match Scorer::from_name(name)? {
        Scorer::Bm25StdTanh(_) => (Scorer::Bm25StdTanh(config.tanh_factor), false),
        scorer => (scorer, false),
    })
}

/// `BM25STD_TANH_FACTOR factor`, behind the scorer that it is for.
pub(super) fn stretched(scorer: Scorer, words: &mut Words<'_>) -> Result<Scorer> {
    let of = "BM25STD_TANH_FACTOR";
    let factor: u32 = words.number().map_err(|bad| bad_argument(of, bad.text()))?;
    if !(1..=10_000).contains(&factor) {
        return Err(bad_argument(of, "Value is outside acceptable bounds"));
    }
    match scorer {
        Scorer::Bm25StdTanh(_) => Ok(Scorer::Bm25StdTanh(factor)),
        _ => Err(Error::text(format!("{of} is only relevant for the BM25STD.TANH scorer"))),
    }
}

/// `FORMAT STRING`: values are texts. JSON, of which they could be more, is not indexed.
pub(super) fn format(ctx: &Ctx<'_>, words: &mut Words<'_>) -> Result {
    let format = words.next_word().ok_or(Error::text("Need an argument for FORMAT"))?;
    match format.to_ascii_uppercase().as_slice() {
        b"STRING" => Ok(()),
        b"EXPAND" if ctx.reply.proto() == redpoll_resp::Proto::Resp2 => {
            Err(Error::text("EXPAND format is only supported with RESP3"))
        }
        b"EXPAND" => Err(Error::text("EXPAND format is only supported with JSON")),
        _ => {
            let format = String::from_utf8_lossy(format);
            Err(Error::text(format!("FORMAT {format} is not supported")))
        }
    }
}

fn returns<'a>(words: &mut Words<'a>) -> Result<Vec<(&'a [u8], &'a [u8])>> {
    let mut words = words.counted().map_err(|bad| bad_argument("RETURN", bad.text()))?;
    let mut fields: Vec<(&[u8], &[u8])> = Vec::new();
    let mut places = HashMap::new();
    while let Some(path) = words.next_word() {
        let name = match words.take("AS") {
            false => path,
            true => match words.next_word() {
                None => {
                    return Err(Error::text("RETURN path AS name - must be accompanied with NAME"));
                }
                Some(name) if parse::is(name, "as") => {
                    return Err(Error::text("Alias for RETURN cannot be `AS`"));
                }
                Some(name) => name,
            },
        };
        let path = path.strip_prefix(b"@").unwrap_or(path);
        // Of two fields of one name, the later one is meant.
        match *places.entry(name).or_insert(fields.len()) {
            place if place < fields.len() => fields[place].0 = path,
            _ => fields.push((path, name)),
        }
    }
    Ok(fields)
}

/// The fields that SUMMARIZE and HIGHLIGHT are for; none: all.
fn fields<'a>(words: &mut Words<'a>, bad: &'static str) -> Result<Vec<&'a [u8]>> {
    match words.take("FIELDS") {
        true => Ok(words.counted().map_err(|_| Error::text(bad))?.rest().to_vec()),
        false => Ok(Vec::new()),
    }
}

fn summarize<'a>(words: &mut Words<'a>) -> Result<(Vec<&'a [u8]>, Summary)> {
    const BAD: &str = "Bad arguments for SUMMARIZE";
    let fields = fields(words, BAD)?;
    let mut summary = Summary::default();
    loop {
        if words.take("FRAGS") {
            summary.fragments = words.number().map_err(|_| Error::text(BAD))?;
        } else if words.take("LEN") {
            summary.words = words.number().map_err(|_| Error::text(BAD))?;
        } else if words.take("SEPARATOR") {
            summary.separator = words.next_word().ok_or(Error::text(BAD))?.to_vec();
        } else {
            return Ok((fields, summary));
        }
    }
}

fn highlight<'a>(words: &mut Words<'a>) -> Result<(Vec<&'a [u8]>, Tags)> {
    const BAD: &str = "Bad arguments for HIGHLIGHT";
    let fields = fields(words, BAD)?;
    let mut tags = Tags::default();
    if words.take("TAGS") {
        let (Some(open), Some(close)) = (words.next_word(), words.next_word()) else {
            return Err(Error::text(BAD));
        };
        tags = Tags { open: open.to_vec(), close: close.to_vec() };
    }
    Ok((fields, tags))
}
