//! `XCFGSET key [IDMP-DURATION idmp-duration] [IDMP-MAXSIZE idmp-maxsize]`.

use super::xadd::default_limits;
use crate::prelude::*;
use redpoll_types::stream::Stream;

pub const XCFGSET: Command = Command {
    spec: Spec {
        name: "xcfgset",
        arity: -2,
        flags: Flags::WRITE.with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().update()],
        group: Group::Stream,
        since: "8.6.0",
        summary: "Sets how many ids of producers a stream remembers, and for how long.",
        args: &[
            Arg::key("key", 0),
            Arg::integer("idmp-duration").token("IDMP-DURATION").optional(),
            Arg::integer("idmp-maxsize").token("IDMP-MAXSIZE").optional(),
        ],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let key = args.at(1);
    let default = default_limits(ctx);
    let stream = ctx.keys.write::<Stream>(key)?.ok_or(Error::NoSuchKey)?;
    let mut limits = stream.producers().map_or(default, |producers| producers.limits());
    let (before, mut at) = (limits, 2);
    while let Some(word) = args.get(at) {
        match args.get(at + 1) {
            Some(value) if parse::is(word, "idmp-duration") => {
                limits.seconds = number(value, 86_400, "IDMP-DURATION", "seconds")?;
            }
            Some(value) if parse::is(word, "idmp-maxsize") => {
                limits.ids = number(value, 10_000, "IDMP-MAXSIZE", "entries")? as usize;
            }
            _ => return Err(Error::Syntax),
        }
        at += 2;
    }
    if args.len() == 2 {
        return Err(Error::text("ERR At least one parameter must be specified"));
    }
    if limits != before {
        stream.producers_mut(default).set_limits(limits);
        super::changed_group(ctx, key, None, 1);
    }
    ctx.reply.ok();
    Ok(())
}

fn number(word: &[u8], max: u64, name: &str, unit: &str) -> Result<u64> {
    let number = u64::try_from(parse::int(word)?).ok().filter(|number| (1..=max).contains(number));
    number.ok_or_else(|| Error::text(format!("ERR {name} must be between 1 and {max} {unit}")))
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn sets() {
        check(
            "XADD s IDMP p 1 * f v | XCFGSET s IDMP-DURATION 100 | XADD s IDMP p 1 * f v | \
             XCFGSET s IDMP-DURATION 5 IDMP-MAXSIZE 1 | XADD s IDMP p 1 * f v | \
             XADD s IDMP p 2 * f v | XADD s IDMP p 1 * f v | ~5000 | XADD s IDMP p 1 * f v",
            "1700000000000-0 | OK | 1700000000000-0 | OK | 1700000000000-1 | 1700000000000-2 | \
             1700000000000-3 | ~ | 1700000005000-0",
        );
    }

    #[test]
    fn refuses() {
        check(
            "XCFGSET s IDMP-DURATION 5 | XADD s 1 f v | XCFGSET s | XCFGSET s IDMP-DURATION | \
             XCFGSET s OTHER 1 | XCFGSET s IDMP-DURATION 0 | XCFGSET s IDMP-DURATION 86401 | \
             XCFGSET s IDMP-MAXSIZE 10001 | XCFGSET s IDMP-MAXSIZE x",
            "ERR no such key | 1-0 | ERR At least one parameter must be specified | \
             ERR syntax error | ERR syntax error | \
             ERR IDMP-DURATION must be between 1 and 86400 seconds | \
             ERR IDMP-DURATION must be between 1 and 86400 seconds | \
             ERR IDMP-MAXSIZE must be between 1 and 10000 entries | \
             ERR value is not an integer or out of range",
        );
    }
}
