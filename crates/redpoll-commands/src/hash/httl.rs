//! `HTTL key FIELDS numfields field [field ...]`, with HPTTL in milliseconds, and HEXPIRETIME and
//! HPEXPIRETIME, which answer the time itself.

use super::times::{self, BAD_COUNT};
use super::{fields, hpersist};
use crate::prelude::*;
use redpoll_types::hash::{FieldExpiry, Hash};

macro_rules! command {
    ($const:ident, $name:literal, $form:ident, $tips:expr, $summary:literal) => {
        pub const $const: Command = Command {
            spec: Spec { name: $name, summary: $summary, tips: $tips, ..SPEC },
            run: |ctx, args| run(ctx, args, Form::$form),
        };
    };
}

command!(
    HTTL,
    "httl",
    Seconds,
    &["nondeterministic_output"],
    "Returns in how many seconds fields of a hash expire."
);
command!(
    HPTTL,
    "hpttl",
    Millis,
    &["nondeterministic_output"],
    "Returns in how many milliseconds fields of a hash expire."
);
command!(
    HEXPIRETIME,
    "hexpiretime",
    UnixSeconds,
    &[],
    "Returns when fields of a hash expire, as Unix times in seconds."
);
command!(
    HPEXPIRETIME,
    "hpexpiretime",
    UnixMillis,
    &[],
    "Returns when fields of a hash expire, as Unix times in milliseconds."
);

const SPEC: Spec = Spec {
    arity: -5,
    flags: Flags::READONLY.with(Flags::FAST),
    keys: &[KeySpec::at(1).ro().access()],
    group: Group::Hash,
    since: "7.4.0",
    complexity: "O(N) where N is the number of fields.",
    args: &[Arg::key("key", 0), hpersist::FIELDS],
    ..Spec::EMPTY
};

/// How a time is answered.
#[derive(Clone, Copy)]
enum Form {
    Seconds,
    Millis,
    UnixSeconds,
    UnixMillis,
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>, form: Form) -> Result {
    let now = fields::now(ctx);
    let hash = ctx.keys.read::<Hash>(args.at(1))?;
    let first = times::named_fields(args, 2, BAD_COUNT)?;
    ctx.reply.array(args.len() - first);
    for field in args.iter_from(first) {
        ctx.reply.int(match hash.map(|hash| hash.expiry(field, now)) {
            None | Some(FieldExpiry::NoField) => -2,
            Some(FieldExpiry::Never) => -1,
            Some(FieldExpiry::At(at)) => form.show(at, now),
        });
    }
    Ok(())
}

impl Form {
    /// Seconds are rounded up, so that a field that is there never shows 0 of them.
    fn show(self, at: u64, now: u64) -> i64 {
        let shown = match self {
            Form::Seconds => at.saturating_sub(now).div_ceil(1000),
            Form::Millis => at.saturating_sub(now),
            Form::UnixSeconds => at.div_ceil(1000),
            Form::UnixMillis => at,
        };
        i64::try_from(shown).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn tells_times() {
        check(
            "HSET h a 1 b 2 | HPEXPIRE h 1500 FIELDS 1 a | HTTL h FIELDS 3 a b x | \
             HPTTL h FIELDS 1 a | HEXPIRETIME h FIELDS 2 a b | HPEXPIRETIME h FIELDS 1 a | ~1400 | \
             HTTL h FIELDS 1 a | HPTTL h FIELDS 1 a | ~101 | HPTTL h FIELDS 2 a b | \
             HTTL none FIELDS 1 a",
            "2 | [1] | [2 -1 -2] | [1500] | [1700000002 -1] | [1700000001500] | ~ | [1] | \
             [100] | ~ | \
             [-2 -1] | [-2]",
        );
    }

    #[test]
    fn refuses() {
        const PLACE: &str = "ERR Mandatory argument FIELDS is missing or not at the right position";
        const COUNT: &str = "ERR Number of fields must be a positive integer";
        const MATCH: &str = "ERR The `numfields` parameter must match the number of arguments";
        check(
            "HTTL h FIELD 1 a | HTTL h FIELDS 0 a | HPTTL h FIELDS x a | HTTL h FIELDS 2 a | \
             HEXPIRETIME h FIELDS 1 a b | HTTL h FIELDS 1 | SET t v | HTTL t FIELD 1 a",
            &format!(
                "{PLACE} | {COUNT} | {COUNT} | {MATCH} | {MATCH} | \
                 ERR wrong number of arguments for 'httl' command | OK | \
                 WRONGTYPE Operation against a key holding the wrong kind of value"
            ),
        );
    }
}
