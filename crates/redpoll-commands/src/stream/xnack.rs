//! `XNACK key group SILENT | FAIL | FATAL IDS numids id [id ...] [RETRYCOUNT count] [FORCE]`.

use super::{ids, removal::IDS};
use crate::prelude::*;
use redpoll_types::stream::{Stream, StreamId};

pub const XNACK: Command = Command {
    spec: Spec {
        name: "xnack",
        arity: -7,
        flags: Flags::WRITE.with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().update()],
        group: Group::Stream,
        since: "8.8.0",
        summary: "Gives pending entries back to the group, for others to claim at once.",
        complexity: "O(1) for each entry.",
        args: &[
            Arg::key("key", 0),
            Arg::string("group"),
            Arg::one_of(
                "mode",
                &[
                    Arg::flag("silent", "SILENT"),
                    Arg::flag("fail", "FAIL"),
                    Arg::flag("fatal", "FATAL"),
                ],
            ),
            IDS,
            Arg::integer("count").token("RETRYCOUNT").optional(),
            Arg::flag("force", "FORCE").optional(),
        ],
        ..Spec::EMPTY
    },
    run,
};

/// The number of deliveries of an entry that nobody is to try again.
const FATAL: u64 = i64::MAX as u64;

/// What becomes of the number of deliveries.
#[derive(Clone, Copy)]
enum Mode {
    /// The last one does not count.
    Silent,
    Fail,
    Fatal,
}

/// What was asked for.
struct Request {
    mode: Mode,
    ids: Vec<StreamId>,
    retry_count: Option<u64>,
    force: bool,
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let request = parse(args)?;
    let key = args.at(1);
    let stream = ctx.keys.write::<Stream>(key)?;
    let Some((group, log)) = stream.and_then(|stream| stream.group_mut(args.at(2))) else {
        ctx.reply.int(0);
        return Ok(());
    };
    let mut released = 0;
    for id in request.ids {
        let held = group.get(id).map(|pending| (pending.owner(), pending.deliveries()));
        let deliveries = match (held, request.mode) {
            // It has been given back already.
            (Some((None, _)), _) => continue,
            (Some((Some(_), deliveries)), Mode::Silent) => deliveries.saturating_sub(1),
            (Some((Some(_), deliveries)), Mode::Fail) => deliveries,
            (Some(_), Mode::Fatal) => FATAL,
            (None, _) if !request.force || !log.contains(id) => continue,
            (None, Mode::Fatal) => FATAL,
            (None, _) => 0,
        };
        group.release(id, request.retry_count.unwrap_or(deliveries));
        released += 1;
    }
    super::changed_group(ctx, key, None, released);
    if released > 0 {
        // Those who wait to claim have something now.
        ctx.keys.wake_waiters(key);
    }
    ctx.reply.count(released as usize);
    Ok(())
}

fn parse(args: Args<'_>) -> Result<Request> {
    let mode = match args.at(3) {
        word if parse::is(word, "silent") => Mode::Silent,
        word if parse::is(word, "fail") => Mode::Fail,
        word if parse::is(word, "fatal") => Mode::Fatal,
        _ => return Err(Error::text("ERR XNACK mode must be SILENT, FAIL, or FATAL")),
    };
    if !args.is(4, "ids") {
        return Err(Error::text("ERR syntax error, expected IDS keyword"));
    }
    let count = parse::int(args.at(5))?;
    let count = usize::try_from(count).ok().filter(|&count| count > 0);
    let count = count.ok_or(Error::text("ERR numids must be positive"))?;
    if count > args.len() - 6 {
        return Err(Error::text("ERR number of IDs doesn't match numids"));
    }
    let (mut retry_count, mut force, mut at) = (None, false, 6 + count);
    while at < args.len() {
        if args.is(at, "force") {
            force = true;
        } else if args.is(at, "retrycount") && at + 1 < args.len() {
            at += 1;
            let negative = Error::text("ERR Invalid RETRYCOUNT value, must be >= 0");
            retry_count = Some(u64::try_from(parse::int(args.at(at))?).map_err(|_| negative)?);
        } else {
            let option = String::from_utf8_lossy(args.at(at));
            return Err(Error::text(format!("ERR Unrecognized XNACK option '{option}'")));
        }
        at += 1;
    }
    let ids = ids::all(args.iter_from(6).take(count))?;
    Ok(Request { mode, ids, retry_count, force })
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    const FILL: &str = "XADD s 1 f v | XADD s 2 f v | XADD s 3 f v | XGROUP CREATE s g 0 | \
                        XREADGROUP GROUP g a COUNT 2 STREAMS s > | ";
    const FILLED: &str = "1-0 | 2-0 | 3-0 | OK | [[s [[1-0 [f v]] [2-0 [f v]]]]] | ";

    #[test]
    fn gives_back() {
        check(
            &format!(
                "{FILL}XNACK s g FAIL IDS 3 2 1 3 | XNACK s g FAIL IDS 1 1 | XPENDING s g - + 9 | \
                 XPENDING s g | XREADGROUP GROUP g b COUNT 2 CLAIM 1000 STREAMS s > | \
                 XPENDING s g - + 9"
            ),
            &format!(
                "{FILLED}2 | 0 | [[1-0 \"\" -1 1] [2-0 \"\" -1 1]] | [2 1-0 2-0 []] | \
                 [[s [[2-0 [f v] 1700000000000 1] [1-0 [f v] 1700000000000 1]]]] | \
                 [[1-0 b 0 2] [2-0 b 0 2]]"
            ),
        );
    }

    #[test]
    fn counts_deliveries() {
        check(
            &format!(
                "{FILL}XNACK s g SILENT IDS 1 1 | XNACK s g FATAL IDS 1 2 | \
                 XNACK s g FAIL IDS 2 3 9 FORCE RETRYCOUNT 5 | XPENDING s g - + 9 | \
                 XCLAIM s g c 9999 3 | XAUTOCLAIM s g c 9999 0 JUSTID"
            ),
            &format!(
                "{FILLED}1 | 1 | 1 | [[1-0 \"\" -1 0] [2-0 \"\" -1 9223372036854775807] \
                 [3-0 \"\" -1 5]] | [[3-0 [f v]]] | [0-0 [1-0 2-0] []]"
            ),
        );
    }

    #[test]
    fn refuses() {
        check(
            "XNACK s g SOFT IDS 1 1 | XNACK s g FAIL ID 1 1 | XNACK s g FAIL IDS 0 1 | \
             XNACK s g FAIL IDS 2 1 | XNACK s g FAIL IDS 1 x | XNACK s g FAIL IDS 1 1 LATER | \
             XNACK s g FAIL IDS 1 1 RETRYCOUNT -1 | XNACK s g FAIL IDS 1 1",
            "ERR XNACK mode must be SILENT, FAIL, or FATAL | \
             ERR syntax error, expected IDS keyword | ERR numids must be positive | \
             ERR number of IDs doesn't match numids | \
             ERR Invalid stream ID specified as stream command argument | \
             ERR Unrecognized XNACK option 'LATER' | \
             ERR Invalid RETRYCOUNT value, must be >= 0 | 0",
        );
    }
}
