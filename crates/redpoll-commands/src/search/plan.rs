//! The arguments of FT.AGGREGATE.

use super::query::{QueryOptions, argument, bad_argument};
use super::request::{check_limit, default_scorer, format, limit, scorer, stretched, timeout};
use crate::prelude::*;
use redpoll_engine::search::{SearchConfig, Words};
use redpoll_search::aggregate::{Arrange, Plan, Reduce, SortKey, Step};
use redpoll_search::score::Scorer;

/// What FT.AGGREGATE is asked for.
pub(super) struct Aggregation<'a> {
    pub(super) query: QueryOptions<'a>,
    pub(super) plan: Plan,
    pub(super) scorer: Scorer,
    /// Whether scores are divided by the best of all documents.
    pub(super) normalized: bool,
    pub(super) add_scores: bool,
    pub(super) timeout_ms: u64,
    /// Whether all rows are counted, and each read of a cursor tells how many they are.
    pub(super) counts: bool,
    pub(super) cursor: Option<CursorOptions>,
}

/// `WITHCURSOR [COUNT count] [MAXIDLE milliseconds]`
#[derive(Clone, Copy)]
pub(super) struct CursorOptions {
    pub(super) count: usize,
    pub(super) max_idle_ms: u64,
}

impl CursorOptions {
    /// Reads what stands behind WITHCURSOR.
    pub(super) fn parse(words: &mut Words<'_>, config: &SearchConfig) -> Result<Self> {
        let mut cursor = CursorOptions {
            count: config.cursor_read_size,
            max_idle_ms: config.cursor_max_idle_ms,
        };
        loop {
            if words.take("COUNT") {
                cursor.count = positive(words, "COUNT")?;
            } else if words.take("MAXIDLE") {
                let idle = positive(words, "MAXIDLE")? as u64;
                cursor.max_idle_ms = idle.min(config.cursor_max_idle_ms);
            } else {
                return Ok(cursor);
            }
        }
    }
}

/// A number of at least 1 that an option is given.
fn positive(words: &mut Words<'_>, of: &str) -> Result<usize> {
    match words.number().map_err(|bad| bad_argument(of, bad.text()))? {
        0 => Err(bad_argument(of, "Value is outside acceptable bounds")),
        number => Ok(number),
    }
}

impl<'a> Aggregation<'a> {
    /// Reads what stands behind the query.
    pub(super) fn parse(ctx: &Ctx<'_>, words: &mut Words<'a>) -> Result<Self> {
        let config = ctx.engine.search.config.read().clone();
        let (scorer, normalized) = default_scorer(&config);
        let mut aggregation = Aggregation {
            query: QueryOptions::new(ctx),
            plan: Plan::default(),
            scorer,
            normalized,
            add_scores: false,
            timeout_ms: config.timeout_ms,
            counts: false,
            cursor: None,
        };
        while let Some(word) = words.next_word() {
            if parse::is(word, "format") {
                format(ctx, words)?;
            } else if !aggregation.step(word, words, &config)?
                && !aggregation.option(word, words, &config)?
                && !aggregation.query.option(word, words)?
            {
                return Err(Error::text(format!(
                    "Unknown argument `{}` at position {} for <main>",
                    String::from_utf8_lossy(word),
                    words.position()
                )));
            }
        }
        if aggregation.add_scores {
            let score = b"__score".to_vec();
            aggregation.plan.steps.insert(0, Step::Load(vec![(score.clone(), score)]));
        }
        Ok(aggregation)
    }

    pub(super) fn step(
        &mut self,
        word: &[u8],
        words: &mut Words<'a>,
        config: &SearchConfig,
    ) -> Result<bool> {
        let step = match word.to_ascii_uppercase().as_slice() {
            b"LOAD" => load(words)?,
            b"GROUPBY" => group(words)?,
            b"APPLY" => {
                let expression = argument(words, "APPLY/FILTER")?.to_vec();
                let name = match words.take("AS") {
                    true => words.next_word().ok_or(Error::text("AS needs argument"))?.to_vec(),
                    false => expression.clone(),
                };
                Step::Apply { expression, name }
            }
            b"FILTER" => Step::Filter(argument(words, "APPLY/FILTER")?.to_vec()),
            b"SORTBY" => {
                self.sort(sort_keys(words)?)?;
                let arrange = self.arrange();
                if words.take("MAX") {
                    arrange.count =
                        words.number().map_err(|bad| bad_argument("MAX", bad.text()))?;
                }
                return Ok(true);
            }
            b"LIMIT" => {
                let (offset, count) = limit(words)?;
                check_limit(offset, count, config.max_aggregate_results)?;
                self.limit(offset, count);
                return Ok(true);
            }
            _ => return Ok(false),
        };
        self.plan.steps.push(step);
        Ok(true)
    }

    /// Sorts by these fields.
    pub(super) fn sort(&mut self, keys: Vec<SortKey>) -> Result {
        let arrange = self.arrange();
        if !arrange.keys.is_empty() {
            return Err(Error::text(
                "Multiple SORTBY steps are not allowed. Sort multiple fields in a single step",
            ));
        }
        arrange.keys = keys;
        Ok(())
    }

    /// Leaves `count` rows behind `offset` others: none at all if that is 0, whatever else is said.
    pub(super) fn limit(&mut self, offset: usize, count: usize) {
        let arrange = self.arrange();
        (arrange.offset, arrange.count) = (offset, count);
        arrange.none = count == 0;
    }

    /// The last step, if it sorts or limits; a new one if it does not.
    fn arrange(&mut self) -> &mut Arrange {
        if !matches!(self.plan.steps.last(), Some(Step::Arrange(_))) {
            self.plan.steps.push(Step::Arrange(Arrange::default()));
        }
        match self.plan.steps.last_mut() {
            Some(Step::Arrange(arrange)) => arrange,
            _ => unreachable!("it has just been pushed"),
        }
    }

    fn option(
        &mut self,
        word: &[u8],
        words: &mut Words<'a>,
        config: &SearchConfig,
    ) -> Result<bool> {
        match word.to_ascii_uppercase().as_slice() {
            b"ADDSCORES" => self.add_scores = true,
            b"SCORER" => (self.scorer, self.normalized) = scorer(words, config)?,
            b"BM25STD_TANH_FACTOR" => self.scorer = stretched(self.scorer, words)?,
            b"TIMEOUT" => self.timeout_ms = timeout(words)?,
            b"WITHCOUNT" => self.counts = true,
            b"WITHOUTCOUNT" => self.counts = false,
            b"WITHCURSOR" => self.cursor = Some(CursorOptions::parse(words, config)?),
            b"RETURN" | b"SUMMARIZE" | b"HIGHLIGHT" => {
                let word = String::from_utf8_lossy(word).to_ascii_uppercase();
                return Err(Error::text(format!("{word} is not supported on FT.AGGREGATE")));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn load(words: &mut Words<'_>) -> Result<Step> {
    if words.take("*") {
        return Ok(Step::LoadAll);
    }
    let mut fields = match words.counted() {
        Ok(fields) => fields,
        Err(redpoll_engine::search::BadWord::Unreadable) => {
            return Err(Error::text("Bad arguments for LOAD: Expected number of fields or `*`"));
        }
        Err(bad) => return Err(bad_argument("LOAD", bad.text())),
    };
    let mut loaded = Vec::new();
    while let Some(path) = fields.next_word() {
        let path = plain(path).to_vec();
        let name = match fields.take("AS") {
            true => {
                let missing = "LOAD path AS name - must be accompanied with NAME";
                plain(fields.next_word().ok_or(Error::text(missing))?).to_vec()
            }
            false => path.clone(),
        };
        loaded.push((path, name));
    }
    Ok(Step::Load(loaded))
}

fn group(words: &mut Words<'_>) -> Result<Step> {
    let fields = words.counted().map_err(|bad| bad_argument("GROUPBY", bad.text()))?;
    let mut by = Vec::new();
    for field in fields.rest() {
        let Some(name) = field.strip_prefix(b"@") else {
            let field = String::from_utf8_lossy(field);
            return Err(Error::text(format!(
                "Bad arguments for GROUPBY: Unknown property `{field}`. Did you mean `@{field}`?"
            )));
        };
        by.push(name.to_vec());
    }
    let mut reduce = Vec::new();
    while words.take("REDUCE") {
        let function = argument(words, "REDUCE")?.to_vec();
        let shown = String::from_utf8_lossy(&function).into_owned();
        let arguments = words.counted().map_err(|bad| bad_argument(&shown, bad.text()))?;
        let arguments: Vec<_> = arguments.rest().iter().map(|word| word.to_vec()).collect();
        let name = match words.take("AS") {
            true => argument(words, "AS")?.to_vec(),
            false => Reduce::default_name(&function, &arguments),
        };
        reduce.push(Reduce { function, arguments, name });
    }
    Ok(Step::Group { by, reduce })
}

/// No rows are sorted by more fields.
const SORT_KEYS_MAX: usize = 64;

fn sort_keys(words: &mut Words<'_>) -> Result<Vec<SortKey>> {
    let mut words = words.counted().map_err(|bad| bad_argument("SORTBY", bad.text()))?;
    let mut keys: Vec<SortKey> = Vec::new();
    while let Some(word) = words.next_word() {
        if let Some(name) = word.strip_prefix(b"@") {
            if keys.len() == SORT_KEYS_MAX {
                return Err(Error::text(format!(
                    "Cannot sort by more than {SORT_KEYS_MAX} fields"
                )));
            }
            keys.push(SortKey { name: name.to_vec(), ascending: true });
            continue;
        }
        let descending = parse::is(word, "desc");
        match keys.last_mut() {
            Some(key) if descending || parse::is(word, "asc") => key.ascending = !descending,
            _ => {
                let word = String::from_utf8_lossy(word);
                return Err(Error::text(format!("MISSING ASC or DESC after sort field ({word})")));
            }
        }
    }
    Ok(keys)
}

/// A field's name without its sigil.
fn plain(name: &[u8]) -> &[u8] {
    name.strip_prefix(b"@").unwrap_or(name)
}
