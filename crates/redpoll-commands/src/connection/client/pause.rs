//! `CLIENT PAUSE milliseconds [WRITE|ALL]`: let the commands of clients wait.

use crate::prelude::*;
use redpoll_engine::pause::PauseMode;

pub(super) const PAUSE: Command = Command {
    spec: Spec {
        name: "pause",
        history: &[("6.2.0", "The mode, and with it `WRITE`.")],
        arity: -3,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Connection,
        since: "3.0.0",
        summary: "Lets the commands of all clients wait for a time.",
        args: &[
            Arg::integer("timeout"),
            Arg::one_of("mode", &[Arg::flag("write", "WRITE"), Arg::flag("all", "ALL")])
                .since("6.2.0")
                .optional(),
        ],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    if args.len() > 4 {
        return Err(parse::bad_subcommand(args));
    }
    let mode = match args.get(3) {
        None => PauseMode::All,
        Some(mode) if parse::is(mode, "all") => PauseMode::All,
        Some(mode) if parse::is(mode, "write") => PauseMode::Write,
        Some(_) => return Err(Error::text("ERR CLIENT PAUSE mode must be WRITE or ALL")),
    };
    let now = ctx.keys.now();
    let until = match parse::int(args.at(2)) {
        Err(_) => return Err(Error::text("ERR timeout is not an integer or out of range")),
        Ok(millis) if millis < 0 => return Err(Error::NegativeTimeout),
        Ok(millis) => now.checked_add(millis),
    };
    let until = until.ok_or_else(|| Error::text("ERR timeout is out of range"))?;
    ctx.engine.pause.pause(until, mode, now);
    // Expired keys stay meanwhile: to remove them is to write.
    ctx.engine.expire_or_not(now);
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn commands_wait() {
        let mut server = TestServer::new();
        let mut session = server.client();
        assert_eq!(server.run(&mut session, "CLIENT PAUSE 100 WRITE"), "OK");
        assert_eq!(server.run(&mut session, "GET k"), "nil");
        let pause = &server.engine.pause;
        assert_eq!(pause.holds(true, server.now), Some(server.now + 100));
        assert_eq!(pause.holds(false, server.now), None);
        assert_eq!(server.run(&mut session, "CLIENT PAUSE 50 all"), "OK");
        assert_eq!(server.engine.pause.holds(false, server.now), Some(server.now + 100));
        assert_eq!(server.run(&mut session, "CLIENT UNPAUSE"), "OK");
        assert_eq!(server.engine.pause.holds(true, server.now), None);
    }

    #[test]
    fn refusals() {
        check("CLIENT PAUSE x", "ERR timeout is not an integer or out of range");
        check("CLIENT PAUSE -1", "ERR timeout is negative");
        check("CLIENT PAUSE 9223372036854775807", "ERR timeout is out of range");
        check("CLIENT PAUSE 1 some", "ERR CLIENT PAUSE mode must be WRITE or ALL");
        let text =
            "ERR unknown subcommand or wrong number of arguments for 'pause'. Try CLIENT HELP.";
        check("CLIENT pause 1 all x", text);
    }
}
