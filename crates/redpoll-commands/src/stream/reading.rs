//! What XREAD and XREADGROUP share: their arguments, how much they may answer, and how they wait.

use super::{ENTRY, ids};
use crate::answer;
use crate::cost::FEW;
use crate::prelude::*;
use redpoll_engine::Mode;
use redpoll_engine::background::step;
use redpoll_engine::block::BlockRequest;
use redpoll_keyspace::Keys;
use redpoll_resp::{OwnedArgs, Proto, Reply};
use redpoll_types::stream::{Stream, StreamId};
use redpoll_types::value::Type;

/// The words that may stand before STREAMS, each with the number of its arguments.
pub const OPTIONS: &[(&str, usize)] = &[
    ("COUNT", 1),
    ("MAXCOUNT", 1),
    ("MAXSIZE", 1),
    ("BLOCK", 1),
    ("GROUP", 2),
    ("CLAIM", 1),
    ("NOACK", 0),
];

/// The arguments that both have, in the order of their documentation.
pub const COUNT: Arg = Arg::integer("count").token("COUNT").optional();
pub const MAXCOUNT: Arg = Arg::integer("maxcount").token("MAXCOUNT").optional();
pub const MAXSIZE: Arg = Arg::integer("maxsize").token("MAXSIZE").optional();
pub const BLOCK: Arg = Arg::integer("milliseconds").token("BLOCK").optional();
pub const STREAMS: Arg =
    Arg::block("streams", &[Arg::key("key", 0).multiple(), Arg::string("id").multiple()])
        .token("STREAMS");

/// How the keys of both are found, from the word `at` on.
pub const fn keys(at: i32) -> KeySpec {
    const RANGE: redpoll_engine::spec::Find =
        redpoll_engine::spec::Find::Range { last: -1, step: 1, limit: 2 };
    KeySpec::after("STREAMS", at).find(RANGE).ro().access().behind(OPTIONS)
}

/// What XREAD costs: the entries behind the ids. The usual call asks for few, and nothing is looked
/// up for it.
pub fn cost(keys: &Keys<'_>, args: Args<'_>) -> usize {
    let Ok(request) = Request::parse(args, false, 0) else { return 0 };
    cost_of(&request, |key, word| match (keys.glimpse::<Stream>(key), ids::id(word)) {
        (Some(stream), Ok(from)) => stream.log().about_between(from, StreamId::MAX),
        _ => 0,
    })
}

/// What a request costs, if there are so many `entries` for a stream's key and word. Where few are
/// asked for nothing is looked up.
pub fn cost_of(request: &Request<'_>, entries: impl Fn(&[u8], &[u8]) -> u64) -> usize {
    /// Bytes that an entry takes at least.
    const SMALLEST: usize = 16;
    let most = usize::try_from(request.max_count).unwrap_or(usize::MAX);
    let most = most.min(request.max_size / SMALLEST);
    if request.count.min(most) <= FEW {
        return 0;
    }
    let here = |(key, word)| (entries(key, word) as usize).min(request.count);
    request.streams().map(here).sum::<usize>().min(most) * ENTRY
}

/// What was asked for.
pub struct Request<'a> {
    args: Args<'a>,
    first_key: usize,
    /// The number of streams.
    pub streams: usize,
    /// The most entries of one stream.
    pub count: usize,
    max_count: u64,
    max_size: usize,
    /// How long to wait, if at all; `None` inside: for ever.
    block: Option<Option<i64>>,
    /// The group and the consumer.
    pub group: Option<(&'a [u8], &'a [u8])>,
    pub no_ack: bool,
    /// From how long an idle time on pending entries are claimed.
    pub claim: Option<i64>,
}

impl<'a> Request<'a> {
    /// Reads the arguments of XREAD, or of XREADGROUP if `groups`.
    pub fn parse(args: Args<'a>, groups: bool, now: i64) -> Result<Self> {
        let mut request = Request {
            args,
            first_key: 0,
            streams: 0,
            count: usize::MAX,
            max_count: u64::MAX,
            max_size: usize::MAX,
            block: None,
            group: None,
            no_ack: false,
            claim: None,
        };
        let mut at = 1;
        while request.first_key == 0 {
            at += request.option(at, groups, now)?;
        }
        if groups && request.group.is_none() {
            return Err(Error::text("ERR Missing GROUP option for XREADGROUP"));
        }
        if request.count != usize::MAX && request.count as u64 > request.max_count {
            return Err(Error::text("ERR MAXCOUNT must be greater than or equal to COUNT"));
        }
        Ok(request)
    }

    /// Reads the option at `at`; returns the number of its words.
    fn option(&mut self, at: usize, groups: bool, now: i64) -> Result<usize> {
        let args = self.args;
        let word = args.get(at).ok_or(Error::Syntax)?;
        let only = |option: &str| match groups {
            true => Ok(()),
            false => Err(Error::text(format!(
                "ERR The {option} option is only supported by XREADGROUP. You called XREAD instead."
            ))),
        };
        match args.get(at + 1) {
            Some(time) if parse::is(word, "claim") => {
                only("CLAIM")?;
                self.claim = Some(min_idle(time)?);
            }
            Some(time) if parse::is(word, "block") => {
                self.block = Some(parse::timeout_ms(time, now)?);
            }
            Some(count) if parse::is(word, "count") => {
                let count = usize::try_from(parse::int(count)?).unwrap_or(0);
                self.count = if count == 0 { usize::MAX } else { count };
            }
            Some(count) if parse::is(word, "maxcount") => {
                self.max_count = positive(count, "MAXCOUNT")?;
            }
            Some(size) if parse::is(word, "maxsize") => {
                self.max_size = usize::try_from(positive(size, "MAXSIZE")?).unwrap_or(usize::MAX);
            }
            Some(_) if parse::is(word, "streams") => self.find_streams(at + 1, groups)?,
            Some(group) if parse::is(word, "group") && args.len() > at + 2 => {
                only("GROUP")?;
                self.group = Some((group, args.at(at + 2)));
                return Ok(3);
            }
            _ if parse::is(word, "noack") => {
                only("NOACK")?;
                self.no_ack = true;
                return Ok(1);
            }
            _ => return Err(Error::Syntax),
        }
        Ok(2)
    }

    fn find_streams(&mut self, at: usize, groups: bool) -> Result {
        let words = self.args.len() - at;
        if words % 2 == 1 {
            let (name, choice) = match groups {
                true => ("xreadgroup", "ID or '>'"),
                false => ("xread", "ID or '$'"),
            };
            return Err(Error::text(format!(
                "ERR Unbalanced '{name}' list of streams: for each stream key an {choice} must be \
                 specified."
            )));
        }
        (self.first_key, self.streams) = (at, words / 2);
        Ok(())
    }

    /// The keys, each with the word that says from where on to read.
    pub fn streams(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let keys = self.args.iter_from(self.first_key).take(self.streams);
        keys.zip(self.args.iter_from(self.first_key + self.streams))
    }

    /// How much may be answered, from here on.
    pub fn budget(&self, reply: &Reply<'_>) -> Budget {
        Budget { entries: self.max_count, size: self.max_size, start: reply.mark(), is_empty: true }
    }

    /// How many entries are answered of each stream, if it has so many; `None` where their size
    /// decides (MAXSIZE).
    pub fn shares(&self, there: impl Iterator<Item = u64>) -> Option<Vec<usize>> {
        let mut left = self.max_count;
        let shares = there.map(|there| {
            let share = there.min(self.count as u64).min(left);
            left -= share;
            share as usize
        });
        (self.max_size == usize::MAX).then(|| shares.collect())
    }

    /// Refuses BLOCK in a script, which cannot wait; elsewhere it is left out where it cannot be.
    pub fn check_mode(&self, mode: Mode) -> Result {
        if self.block.is_some() && mode == Mode::Script {
            let name = String::from_utf8_lossy(self.args.at(0));
            return Err(Error::text(format!(
                "ERR {name} command is not allowed with BLOCK option from scripts"
            )));
        }
        Ok(())
    }

    /// What both do if there is nothing: wait if they may, or answer so. `ids` are put in the place
    /// of what says from where on to read.
    pub fn wait(
        &self,
        ctx: &mut Ctx<'_>,
        ids: Option<Vec<String>>,
        look_again_at: Option<i64>,
    ) -> Result {
        let Some(timeout_ms) = self.block.filter(|_| ctx.may_block()) else {
            ctx.reply.null_array();
            return Ok(());
        };
        let words = ids.map(|ids| {
            let mut words: OwnedArgs =
                self.args.iter().take(self.first_key + self.streams).collect();
            ids.iter().for_each(|id| words.push(id.as_bytes()));
            words
        });
        let keys = self.streams().map(|(key, _)| key.into()).collect();
        ctx.block(BlockRequest {
            needs_keys: self.group.is_some(),
            look_again_at,
            words,
            ..BlockRequest::for_keys(keys, timeout_ms, Type::Stream)
        });
        Ok(())
    }
}

fn positive(word: &[u8], option: &str) -> Result<u64> {
    let number = u64::try_from(parse::int(word)?).ok().filter(|&number| number > 0);
    number.ok_or_else(|| Error::text(format!("ERR {option} must be a positive integer")))
}

fn min_idle(word: &[u8]) -> Result<i64> {
    let number = parse::int(word)
        .map_err(|_| Error::text("ERR min-idle-time is not an integer or out of range"))?;
    let negative = Error::text("ERR min-idle-time must be a positive integer");
    if number < 0 { Err(negative) } else { Ok(number) }
}

/// How much may still be answered (MAXCOUNT, MAXSIZE). The first entry always may.
pub struct Budget {
    entries: u64,
    size: usize,
    start: usize,
    is_empty: bool,
}

impl Budget {
    /// Whether no further entry may be answered.
    pub fn is_spent(&self) -> bool {
        self.entries == 0
    }

    /// Writes an entry, and takes it back if that is too much; answers whether it stays.
    #[inline]
    pub fn admit(&mut self, reply: &mut Reply<'_>, write: impl FnOnce(&mut Reply<'_>)) -> bool {
        if self.entries == 0 {
            return false;
        }
        step(1);
        let mark = reply.mark();
        write(reply);
        if reply.mark() - self.start > self.size && !self.is_empty {
            reply.rewind(mark);
            self.entries = 0;
            return false;
        }
        self.is_empty = false;
        self.entries -= 1;
        true
    }
}

/// The answer: for each stream its key and its entries.
pub struct Answer {
    start: usize,
    streams: usize,
}

impl Answer {
    pub fn new(reply: &Reply<'_>) -> Self {
        Answer { start: reply.mark(), streams: 0 }
    }

    /// Adds a stream; `write` writes its entries and returns their number. A stream of which
    /// nothing may be answered any more is left out.
    pub fn stream(
        &mut self,
        reply: &mut Reply<'_>,
        budget: &mut Budget,
        key: &[u8],
        write: impl FnOnce(&mut Reply<'_>, &mut Budget) -> usize,
    ) {
        if budget.is_spent() {
            return;
        }
        let mark = reply.mark();
        if reply.proto() == Proto::Resp2 {
            reply.array(2);
        }
        reply.bulk(key);
        let mut count = 0;
        reply.array_later(|reply| {
            count = write(reply, budget);
            count
        });
        if count == 0 && budget.is_spent() {
            reply.rewind(mark);
        } else {
            self.streams += 1;
        }
    }

    /// Ends the answer; false if there is none.
    pub fn finish(self, reply: &mut Reply<'_>) -> bool {
        if self.streams == 0 {
            return false;
        }
        let middle = reply.mark();
        match reply.proto() {
            Proto::Resp2 => reply.array(self.streams),
            Proto::Resp3 => reply.map(self.streams),
        }
        answer::put_first(reply, self.start, middle);
        true
    }
}
