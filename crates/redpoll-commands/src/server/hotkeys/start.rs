//! `HOTKEYS START METRICS count [CPU] [NET] [COUNT k] [DURATION seconds] [SAMPLE ratio] [SLOTS
//! count slot [slot ...]]`: begin to count.

use super::cpu_ms;
use crate::prelude::*;
use redpoll_engine::hot_keys::Options;

pub(super) const START: Command = Command {
    spec: Spec {
        name: "start",
        arity: -2,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT),
        group: Group::Server,
        since: "8.6.0",
        summary: "Begins to track which keys are used most.",
        args: &[
            Arg::block(
                "metrics",
                &[
                    Arg::integer("count"),
                    Arg::flag("cpu", "CPU").optional(),
                    Arg::flag("net", "NET").optional(),
                ],
            )
            .token("METRICS"),
            Arg::integer("k").token("COUNT").optional(),
            Arg::integer("seconds").token("DURATION").optional(),
            Arg::integer("ratio").token("SAMPLE").optional(),
            Arg::block("slots", &[Arg::integer("count"), Arg::integer("slot").multiple()])
                .token("SLOTS")
                .optional(),
        ],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (hot, now) = (&ctx.engine.hot_keys, ctx.keys.now());
    let busy = Error::text("ERR hotkey tracking session already in progress");
    if hot.read(now, |tracking| tracking.ended.is_none()) == Some(true) {
        return Err(busy);
    }
    if !hot.start(options(args)?, now, cpu_ms()) {
        return Err(busy);
    }
    ctx.reply.ok();
    Ok(())
}

fn options(args: Args<'_>) -> Result<Options> {
    if args.len() < 4 || !args.is(2, "metrics") {
        return Err(Error::text("ERR METRICS parameter is required"));
    }
    let mut options = Options { count: 10, sample_ratio: 1, ..Options::default() };
    let count = number(args.at(3), 1..=2, "METRICS count must be > 0 and <= 2")? as usize;
    metrics(args, count, &mut options)?;
    let mut words = args.iter_from(4 + count);
    while let Some(word) = words.next() {
        let value = words.next().ok_or(Error::text("ERR syntax error"))?;
        match word {
            _ if parse::is(word, "count") => {
                options.count = number(value, 1..=64, "COUNT must be between 1 and 64")? as usize;
            }
            _ if parse::is(word, "duration") => {
                let text = "DURATION must be between 1 and 1000000";
                options.duration_ms = number(value, 1..=1_000_000, text)? * 1000;
            }
            _ if parse::is(word, "sample") => {
                let ratio = number(value, 1..=i32::MAX.into(), "SAMPLE ratio must be positive")?;
                options.sample_ratio = ratio as u32;
            }
            _ if parse::is(word, "slots") => {
                let text = "ERR SLOTS parameter cannot be used in non-cluster mode";
                return Err(Error::text(text));
            }
            _ => return Err(Error::text("ERR syntax error")),
        }
    }
    Ok(options)
}

/// Reads the `count` metrics; words that name none count too, as in Redis.
fn metrics(args: Args<'_>, count: usize, options: &mut Options) -> Result {
    for word in args.iter_from(4).take(count) {
        let (name, seen) = match word {
            _ if parse::is(word, "cpu") => ("CPU", &mut options.cpu),
            _ if parse::is(word, "net") => ("NET", &mut options.net),
            _ => continue,
        };
        if std::mem::replace(seen, true) {
            return Err(Error::text(format!("ERR METRICS {name} defined more than once!")));
        }
    }
    if args.len() - 4 < count {
        let text = "ERR METRICS count does not match number of metric types provided";
        return Err(Error::text(text));
    }
    if !options.cpu && !options.net {
        return Err(Error::text("ERR METRICS no valid metrics passed. Supported: CPU|NET"));
    }
    Ok(())
}

fn number(word: &[u8], range: std::ops::RangeInclusive<i64>, refusal: &str) -> Result<i64> {
    let number = parse::int(word).ok().filter(|number| range.contains(number));
    number.ok_or_else(|| Error::text(format!("ERR {refusal}")))
}
