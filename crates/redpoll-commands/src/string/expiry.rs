//! Times to live as SET, SETEX and GETEX take them.

use crate::prelude::*;
use redpoll_types::number::write_i64;

/// What the number behind an option means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// EX: seconds from now.
    Seconds,
    /// PX: milliseconds from now.
    Millis,
    /// EXAT: seconds since 1970.
    SecondsAt,
    /// PXAT: milliseconds since 1970.
    MillisAt,
}

impl Unit {
    /// The unit that an option names, if it names one.
    pub fn of_option(word: &[u8]) -> Option<Unit> {
        let units = [
            ("EX", Unit::Seconds),
            ("PX", Unit::Millis),
            ("EXAT", Unit::SecondsAt),
            ("PXAT", Unit::MillisAt),
        ];
        units.into_iter().find(|(name, _)| parse::is(word, name)).map(|(_, unit)| unit)
    }

    /// Whether the number is a moment and not a span from now on.
    pub fn is_absolute(self) -> bool {
        matches!(self, Unit::SecondsAt | Unit::MillisAt)
    }

    /// The moment, in milliseconds since 1970, that `word` names. It must lie after 1970; `command`
    /// is whom the error names.
    pub fn deadline(self, word: &[u8], now: i64, command: &'static str) -> Result<i64> {
        let invalid = Error::InvalidExpire(command);
        let number = parse::int(word)?;
        if number <= 0 {
            return Err(invalid);
        }
        let millis = match self {
            Unit::Seconds | Unit::SecondsAt => number.checked_mul(1000),
            Unit::Millis | Unit::MillisAt => Some(number),
        };
        let start = if self.is_absolute() { 0 } else { now };
        millis.and_then(|millis| millis.checked_add(start)).ok_or(invalid)
    }
}

/// The four options in the documentation of a command's arguments.
macro_rules! expiry_args {
    ($($more:expr),*) => {
        Arg::one_of(
            "expiration",
            &[
                Arg::integer("seconds").token("EX"),
                Arg::integer("milliseconds").token("PX"),
                Arg::unix_time("unix-time-seconds").token("EXAT"),
                Arg::unix_time("unix-time-milliseconds").token("PXAT"),
                $($more),*
            ],
        )
        .optional()
    };
}
pub(super) use expiry_args;

/// Puts a string at `key` if `when` allows it, with what follows: events, and the change log's
/// entry if the command itself must not stand there.
pub fn set(ctx: &mut Ctx<'_>, key: &[u8], value: &[u8], expiry: Expiry, when: When) -> bool {
    let done = put(ctx, key, value, expiry, when);
    if let (true, Expiry::At(deadline)) = (done, expiry) {
        let mut buffer = [0; 21];
        ctx.log_as([b"SET", key, value, b"PXAT", write_i64(deadline, &mut buffer)]);
    }
    done
}

/// As [`set`], for a command that may stand in the change log as it came.
pub fn put(ctx: &mut Ctx<'_>, key: &[u8], value: &[u8], expiry: Expiry, when: When) -> bool {
    let done = ctx.keys.set_string_when(key, value, expiry, when);
    if done {
        ctx.wrote(key, Class::String, "set", 1);
        if let Expiry::At(_) = expiry {
            ctx.keys.event(key, Class::Generic, "expire");
        }
    }
    done
}
