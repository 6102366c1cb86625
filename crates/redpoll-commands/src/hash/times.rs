//! What the commands about the expiry of fields share: times, lists of fields, and what follows
//! when expiries have been set.

use crate::prelude::*;
use redpoll_types::hash::{Condition, Hash, SetExpiry};
use redpoll_types::number::write_i64;

/// The latest time at which a field may expire, in milliseconds since 1970, as in Redis.
const TIME_MAX: i64 = (1 << 46) - 1;

/// How a command gives a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// Seconds from now.
    Ex,
    /// Milliseconds from now.
    Px,
    /// Seconds since 1970.
    ExAt,
    /// Milliseconds since 1970.
    PxAt,
}

impl Time {
    /// The time that an option's word stands for (EX, PX, EXAT, PXAT).
    pub fn option(word: &[u8]) -> Option<Time> {
        let options =
            [("ex", Time::Ex), ("px", Time::Px), ("exat", Time::ExAt), ("pxat", Time::PxAt)];
        options.into_iter().find(|(option, _)| parse::is(word, option)).map(|(_, time)| time)
    }

    /// Reads a time and makes it one in milliseconds since 1970.
    pub fn parse(self, word: &[u8], now: u64, command: &'static str) -> Result<u64> {
        let value = parse::int(word)?;
        if value < 0 {
            return Err(Error::text("ERR invalid expire time, must be >= 0"));
        }
        let unit = if matches!(self, Time::Ex | Time::ExAt) { 1000 } else { 1 };
        let base = if matches!(self, Time::Ex | Time::Px) { now as i64 } else { 0 };
        let at = value.checked_mul(unit).and_then(|millis| millis.checked_add(base));
        let at = at.filter(|&at| at <= TIME_MAX).ok_or(Error::InvalidExpire(command))?;
        Ok(at as u64)
    }
}

/// The fields of a call, of which `FIELDS` is the `at`th word and a count the next: the index of
/// the first. `bad_count` is what to say of a count that is none.
pub fn named_fields(args: Args<'_>, at: usize, bad_count: &'static str) -> Result<usize> {
    if !args.is(at, "fields") {
        return Err(Error::text(
            "ERR Mandatory argument FIELDS is missing or not at the right position",
        ));
    }
    let count = args.get(at + 1).and_then(|word| parse::count(word).ok());
    let count = count.filter(|&count| count > 0).ok_or(Error::text(bad_count))?;
    if count != args.len() - (at + 2) {
        return Err(Error::text(
            "ERR The `numfields` parameter must match the number of arguments",
        ));
    }
    Ok(at + 2)
}

/// What HTTL, HPERSIST, HGETDEL and HGETEX say of a count of fields that is none.
pub const BAD_COUNT: &str = "ERR Number of fields must be a positive integer";

/// Answers `value` for each of `count` fields.
pub fn same_for_all(ctx: &mut Ctx<'_>, count: usize, value: i64) {
    ctx.reply.array(count);
    (0..count).for_each(|_| ctx.reply.int(value));
}

/// Expiries that are being set in one call, all to the same time: what of it is to be told
/// afterwards.
pub struct Setting<'a> {
    at: u64,
    now: u64,
    condition: Condition,
    /// The hash's next expiry beforehand.
    before: Option<u64>,
    /// Whether the fields that were changed are to be remembered, for the change log and for
    /// events.
    noted: bool,
    changed: Vec<&'a [u8]>,
    /// Fields that have got the expiry.
    pub set: usize,
    /// Fields that were deleted, as the time has passed.
    pub deleted: usize,
}

impl<'a> Setting<'a> {
    /// Begins to set expiries of `hash` to `at`. `noted` is whether somebody wants to know which;
    /// see [`Setting::is_noted`].
    pub fn new(hash: &Hash, at: u64, condition: Condition, now: u64, noted: bool) -> Self {
        let before = hash.next_expiry();
        Setting { at, now, condition, before, noted, changed: Vec::new(), set: 0, deleted: 0 }
    }

    /// Whether the change log or events want to know the fields.
    pub fn is_noted(ctx: &Ctx<'_>) -> bool {
        ctx.keys.is_logging() || ctx.keys.effects.wants_fields()
    }

    /// The fields whose expiry was set, or that were deleted, if somebody wants to know.
    pub fn changed(&self) -> impl Iterator<Item = &'a [u8]> {
        self.changed.iter().copied()
    }

    /// Lets a field expire.
    pub fn apply(&mut self, hash: &mut Hash, field: &'a [u8]) -> SetExpiry {
        let done = hash.set_expiry(field, self.at, self.condition, self.now);
        let (set, deleted) = (done == SetExpiry::Set, done == SetExpiry::Deleted);
        self.set += usize::from(set);
        self.deleted += usize::from(deleted);
        if self.noted && (set || deleted) {
            self.changed.push(field);
        }
        done
    }

    /// Tells the keyspace when fields expire now.
    pub fn note(&self, ctx: &mut Ctx<'_>, key: &[u8]) {
        if self.set > 0 {
            ctx.keys.fields_changed(key, self.before);
        }
    }

    /// As [`Setting::note`], and tells the change log what has been done.
    pub fn log(&self, ctx: &mut Ctx<'_>, key: &[u8]) {
        self.note(ctx, key);
        if self.set > 0 {
            let (mut at, mut count) = ([0; 21], [0; 21]);
            let at = write_i64(self.at as i64, &mut at);
            let count = write_i64(self.changed.len() as i64, &mut count);
            let words = [b"HPEXPIREAT", key, at, b"FIELDS", count].into_iter();
            ctx.log_as(words.chain(self.changed.iter().copied()));
        } else if self.deleted > 0 {
            ctx.log_as([b"HDEL", key].into_iter().chain(self.changed.iter().copied()));
        } else {
            ctx.log_nothing();
        }
    }
}
