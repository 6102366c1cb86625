//! The options that XADD and XTRIM share: what is trimmed, and what becomes of references.

use super::ENTRY;
use super::ids;
use crate::prelude::*;
use redpoll_keyspace::Keys;
use redpoll_types::limits::Limits;
use redpoll_types::stream::{References, Stream, StreamId, Threshold, Trim};

/// The argument that says what becomes of references.
pub const CONDITION: Arg = Arg::one_of(
    "condition",
    &[Arg::flag("keepref", "KEEPREF"), Arg::flag("delref", "DELREF"), Arg::flag("acked", "ACKED")],
)
.optional();

/// The arguments that say what is trimmed.
pub const STRATEGY: Arg =
    Arg::one_of("strategy", &[Arg::flag("maxlen", "MAXLEN"), Arg::flag("minid", "MINID")]);
pub const OPERATOR: Arg =
    Arg::one_of("operator", &[Arg::flag("equal", "="), Arg::flag("approximately", "~")]).optional();
pub const THRESHOLD: Arg = Arg::string("threshold");
pub const LIMIT: Arg = Arg::integer("count").token("LIMIT").optional();

/// How the id of a new entry comes about.
#[derive(Clone, Copy)]
pub enum NewId {
    /// From the clock: `*`.
    Auto,
    /// The next one of this millisecond: `ms-*`.
    Within(u64),
    /// As given.
    Exact(StreamId),
}

/// A producer, and its own id for a message; `None`: made from the message's fields.
#[derive(Clone, Copy)]
pub struct Idempotence<'a> {
    pub producer: &'a [u8],
    pub id: Option<&'a [u8]>,
}

/// What was asked for.
pub struct Options<'a> {
    pub no_make: bool,
    pub references: References,
    pub trim: Option<Trim>,
    pub idempotence: Option<Idempotence<'a>>,
    pub id: NewId,
    /// Where the id of a new entry stands, if there is one.
    pub id_at: usize,
}

/// The word for what becomes of references, if `word` is one.
pub fn references(word: &[u8]) -> Option<References> {
    match word {
        _ if parse::is(word, "keepref") => Some(References::Keep),
        _ if parse::is(word, "delref") => Some(References::Delete),
        _ if parse::is(word, "acked") => Some(References::MustBeNone),
        _ => None,
    }
}

/// The words for references and trimming in the change log, where trimming is exact.
pub fn logged(references: References, trim: Option<&Trim>) -> Vec<String> {
    let mut words = Vec::new();
    match references {
        References::Keep => {}
        References::Delete => words.push("DELREF".to_owned()),
        References::MustBeNone => words.push("ACKED".to_owned()),
    }
    if let Some(trim) = trim {
        let (strategy, threshold) = match trim.until {
            Threshold::Len(len) => ("MAXLEN", len.to_string()),
            Threshold::Id(id) => ("MINID", id.to_string()),
        };
        words.extend([strategy.to_owned(), "=".to_owned(), threshold]);
    }
    words
}

/// What trimming costs where each entry is looked for in all groups; else it costs nothing.
pub fn cost(keys: &Keys<'_>, key: &[u8], options: &Options<'_>) -> usize {
    let (Some(trim), true) = (options.trim, options.references != References::Keep) else {
        return 0;
    };
    let Some(stream) = keys.glimpse::<Stream>(key) else { return 0 };
    let log = stream.log();
    let goes = match trim.until {
        Threshold::Len(max) => log.len().saturating_sub(max),
        Threshold::Id(min) => log.about_between(StreamId::MIN, min),
    };
    let goes = goes.min(trim.limit.unwrap_or(u64::MAX));
    usize::try_from(goes).unwrap_or(usize::MAX) * stream.group_count() * ENTRY
}

/// Reads the options from the second word behind the name on, up to the id if `adds`.
struct Reader<'a> {
    args: Args<'a>,
    at: usize,
    until: Option<Threshold>,
    approximate: bool,
    limit: Option<u64>,
    references: Option<References>,
    no_make: bool,
    idempotence: Option<Idempotence<'a>>,
}

/// Reads the options of XADD (`adds`) or XTRIM.
pub fn read<'a>(args: Args<'a>, adds: bool, limits: &Limits) -> Result<Options<'a>> {
    let mut reader = Reader {
        args,
        at: 2,
        until: None,
        approximate: false,
        limit: None,
        references: None,
        no_make: false,
        idempotence: None,
    };
    let mut id = NewId::Auto;
    while let Some(word) = args.get(reader.at) {
        if adds && word == b"*" {
            break;
        }
        if reader.option(word, adds)? {
            continue;
        }
        if !adds {
            return Err(Error::Syntax);
        }
        id = new_id(word)?;
        if reader.idempotence.is_some() {
            return Err(Error::text(
                "ERR syntax error, IDMP/IDMPAUTO can be used only with auto-generated IDs",
            ));
        }
        break;
    }
    let trim = reader.trim(adds, limits)?;
    Ok(Options {
        no_make: reader.no_make,
        references: reader.references.unwrap_or_default(),
        trim,
        idempotence: reader.idempotence,
        id,
        id_at: reader.at,
    })
}

fn new_id(word: &[u8]) -> Result<NewId> {
    match word.strip_suffix(b"-*") {
        Some(ms) if !ms.contains(&b'-') => Ok(NewId::Within(ids::id(ms)?.ms)),
        _ => Ok(NewId::Exact(ids::id(word)?)),
    }
}

impl<'a> Reader<'a> {
    /// Reads an option, if there is one; answers whether there was.
    fn option(&mut self, word: &'a [u8], adds: bool) -> Result<bool> {
        let next = self.args.get(self.at + 1);
        match next {
            Some(_) if parse::is(word, "maxlen") => self.threshold(max_len)?,
            Some(_) if parse::is(word, "minid") => {
                self.threshold(|word| ids::id(word).map(Threshold::Id))?;
            }
            Some(count) if parse::is(word, "limit") => {
                let negative = Error::text("ERR The LIMIT argument must be >= 0.");
                self.limit = Some(u64::try_from(parse::int(count)?).map_err(|_| negative)?);
                self.at += 2;
            }
            Some(producer) if adds && parse::is(word, "idmpauto") => {
                self.producer("IDMPAUTO", producer, None)?;
                self.at += 2;
            }
            Some(producer) if adds && parse::is(word, "idmp") && self.args.len() > self.at + 2 => {
                self.producer("IDMP", producer, self.args.get(self.at + 2))?;
                self.at += 3;
            }
            _ if adds && parse::is(word, "nomkstream") => {
                self.no_make = true;
                self.at += 1;
            }
            _ => match references(word).filter(|_| self.references.is_none()) {
                Some(references) => {
                    self.references = Some(references);
                    self.at += 1;
                }
                None => return Ok(false),
            },
        }
        Ok(true)
    }

    fn threshold(&mut self, read: fn(&[u8]) -> Result<Threshold>) -> Result {
        if self.until.is_some() {
            return Err(Error::text(
                "ERR syntax error, MAXLEN and MINID options at the same time are not compatible",
            ));
        }
        let (mut at, args) = (self.at + 1, self.args);
        self.approximate = false;
        if args.len() > at + 1 && matches!(args.get(at), Some(b"~" | b"=")) {
            self.approximate = args.get(at) == Some(b"~");
            at += 1;
        }
        self.until = Some(read(args.at(at))?);
        self.at = at + 1;
        Ok(())
    }

    fn producer(&mut self, option: &str, producer: &'a [u8], id: Option<&'a [u8]>) -> Result {
        let what = match id {
            _ if self.idempotence.is_some() => {
                return Err(Error::text(
                    "ERR syntax error, IDMP/IDMPAUTO specified multiple times",
                ));
            }
            _ if producer.is_empty() => "producer",
            Some(b"") => "idempotent",
            _ => {
                self.idempotence = Some(Idempotence { producer, id });
                return Ok(());
            }
        };
        Err(Error::text(format!("ERR syntax error, {option} requires a non-empty {what} ID")))
    }

    /// What is to be trimmed, all options considered.
    fn trim(&self, adds: bool, limits: &Limits) -> Result<Option<Trim>> {
        let refusal = match (self.until, self.limit) {
            (None, Some(1..)) => "LIMIT cannot be used without specifying a trimming strategy",
            (None, _) if !adds => "XTRIM must be called with a trimming strategy",
            (_, Some(_)) if !self.approximate => {
                "LIMIT cannot be used without the special ~ option"
            }
            _ => {
                let limit = match self.limit {
                    Some(limit) => limit,
                    None => default_limit(limits),
                };
                let limit = (self.approximate && limit > 0).then_some(limit);
                let approximate = self.approximate;
                return Ok(self.until.map(|until| Trim { until, approximate, limit }));
            }
        };
        Err(Error::text(format!("ERR syntax error, {refusal}")))
    }
}

fn max_len(word: &[u8]) -> Result<Threshold> {
    let negative = Error::text("ERR The MAXLEN argument must be >= 0.");
    let len = u64::try_from(parse::int(word)?).map_err(|_| negative)?;
    Ok(Threshold::Len(len))
}

/// How much an approximate trimming removes at most: a hundred nodes.
fn default_limit(limits: &Limits) -> u64 {
    match limits.stream_node_max_entries as u64 {
        0 => 10_000,
        entries => entries.saturating_mul(100).min(1_000_000),
    }
}
