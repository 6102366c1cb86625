//! `XTRIM key MAXLEN | MINID [= | ~] threshold [LIMIT count] [KEEPREF | DELREF | ACKED]`.

use super::options::{self, CONDITION};
use super::xadd::exact;
use crate::prelude::*;
use redpoll_types::stream::Stream;

pub const XTRIM: Command = Command {
    spec: Spec {
        name: "xtrim",
        arity: -4,
        flags: Flags::WRITE,
        keys: &[KeySpec::at(1).rw().delete()],
        group: Group::Stream,
        since: "5.0.0",
        summary: "Removes entries from the beginning of a stream.",
        complexity: "O(log N), N being the entries of the stream; with DELREF or ACKED O(M), M \
                     being those that go.",
        args: &[
            Arg::key("key", 0),
            Arg::block(
                "trim",
                &[
                    options::STRATEGY,
                    options::OPERATOR,
                    options::THRESHOLD,
                    options::LIMIT,
                    CONDITION,
                ],
            ),
        ],
        tips: &["nondeterministic_output"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let options = options::read(args, false, ctx.limits)?;
    let key = args.at(1);
    if ctx.leaves(options::cost(&ctx.keys, key, &options)) {
        return Ok(());
    }
    let (Some(stream), Some(trim)) = (ctx.keys.write::<Stream>(key)?, options.trim) else {
        ctx.reply.int(0);
        return Ok(());
    };
    let trimmed = stream.trim(&trim, options.references);
    let removed = trimmed.count;
    let exact = exact(&trim, options.references, stream);
    if removed > 0 {
        ctx.wrote(key, Class::Stream, "xtrim", removed);
        if trim.approximate {
            let words = options::logged(options.references, Some(&exact));
            ctx.log_as([b"XTRIM", key].into_iter().chain(words.iter().map(String::as_bytes)));
        }
    }
    ctx.keys.discard_part(trimmed);
    ctx.reply.count(removed as usize);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    const FILL: &str = "XADD s 1-1 f v | XADD s 1-2 f v | XADD s 1-3 f v | XADD s 2 f v | ";
    const FILLED: &str = "1-1 | 1-2 | 1-3 | 2-0 | ";

    #[test]
    fn trims() {
        check(
            &format!(
                "{FILL}XTRIM s MAXLEN 9 | XTRIM s MAXLEN ~ 1 | XTRIM s MAXLEN = 3 | \
                 XTRIM s MINID 1-3 | XRANGE s - + | XTRIM s MINID ~ 9 LIMIT 1 | \
                 XTRIM s MINID ~ 9 | XLEN s | XTRIM none MAXLEN 0"
            ),
            &format!("{FILLED}0 | 0 | 1 | 1 | [[1-3 [f v]] [2-0 [f v]]] | 0 | 2 | 0 | 0"),
        );
        check(
            &format!(
                "{FILL}XGROUP CREATE s g 1-2 | XTRIM s MAXLEN 0 ACKED | XTRIM s DELREF MAXLEN 1 | \
                 XRANGE s - +"
            ),
            &format!("{FILLED}OK | 2 | 1 | [[2-0 [f v]]]"),
        );
    }

    #[test]
    fn refuses() {
        check(
            "XTRIM s MAXLEN x | XTRIM s LIMIT 1 | XTRIM s LIMIT 0 | XTRIM s MAXLEN 1 x | \
             XTRIM s MAXLEN 1 LIMIT 0 | XTRIM s * MAXLEN 1 | XTRIM s KEEPREF ACKED",
            "ERR value is not an integer or out of range | \
             ERR syntax error, LIMIT cannot be used without specifying a trimming strategy | \
             ERR syntax error, XTRIM must be called with a trimming strategy | ERR syntax error | \
             ERR syntax error, LIMIT cannot be used without the special ~ option | \
             ERR syntax error | ERR syntax error",
        );
    }

    #[test]
    fn raises_events() {
        check_events(
            &format!("{FILL}XTRIM s MAXLEN 1 | XTRIM s MAXLEN 1"),
            "new s, xadd s, xadd s, xadd s, xadd s, xtrim s",
            7,
        );
    }
}
