//! `CLIENT REPLY ON|OFF|SKIP`: which commands are answered.

use crate::prelude::*;
use redpoll_engine::session::ReplyMode;

pub(super) const REPLY: Command = Command {
    spec: Spec {
        name: "reply",
        arity: 3,
        flags: Flags::NOSCRIPT.with(Flags::LOADING).with(Flags::STALE),
        group: Group::Connection,
        since: "3.2.0",
        summary: "Says which of the connection's commands are to be answered.",
        args: &[Arg::one_of(
            "action",
            &[Arg::flag("on", "ON"), Arg::flag("off", "OFF"), Arg::flag("skip", "SKIP")],
        )],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let word = args.at(2);
    let mode = &mut ctx.session.reply_mode;
    match word {
        _ if parse::is(word, "on") => {
            *mode = ReplyMode::On;
            ctx.reply.ok();
        }
        _ if parse::is(word, "off") => *mode = ReplyMode::Off,
        _ if parse::is(word, "skip") => {
            if *mode != ReplyMode::Off {
                *mode = ReplyMode::SkipNext;
            }
        }
        _ => return Err(Error::Syntax),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn replies_are_withheld() {
        check("PING | CLIENT REPLY SKIP | SET k v | GET k", "PONG |  |  | v");
        check(
            "PING | CLIENT REPLY OFF | PING | CLIENT REPLY SKIP | PING | CLIENT REPLY ON | PING",
            "PONG |  |  |  |  | OK | PONG",
        );
        check("CLIENT REPLY maybe | PING", "ERR syntax error | PONG");
    }
}
