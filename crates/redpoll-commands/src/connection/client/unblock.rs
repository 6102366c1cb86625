//! `CLIENT UNBLOCK id [TIMEOUT|ERROR]`: end another client's blocking command.

use crate::prelude::*;
use redpoll_engine::client::flags;

pub(super) const UNBLOCK: Command = Command {
    spec: Spec {
        name: "unblock",
        arity: -3,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Connection,
        since: "5.0.0",
        summary: "Ends the blocking command of another client.",
        args: &[
            Arg::integer("client-id"),
            Arg::one_of(
                "unblock-type",
                &[Arg::flag("timeout", "TIMEOUT"), Arg::flag("error", "ERROR")],
            )
            .optional(),
        ],
        complexity: "O(log N), N being the clients",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    if args.len() > 4 {
        return Err(parse::bad_subcommand(args));
    }
    let error = match args.get(3) {
        None => false,
        Some(reason) if parse::is(reason, "timeout") => false,
        Some(reason) if parse::is(reason, "error") => true,
        Some(_) => {
            return Err(Error::text("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"));
        }
    };
    let id = parse::int(args.at(2))?;
    let client = u64::try_from(id).ok().and_then(|id| ctx.engine.clients.get(id));
    let blocked = client.filter(|client| client.has_flag(flags::BLOCKED));
    if let Some(client) = &blocked {
        client.unblock(error);
    }
    ctx.reply.int_bool(blocked.is_some());
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};
    use redpoll_engine::client::{Wishes, flags};

    #[test]
    fn wakes_only_who_is_blocked() {
        let mut server = TestServer::new();
        let (mut first, second) = (server.client(), server.client());
        assert_eq!(server.run(&mut first, "CLIENT UNBLOCK 2"), "0");
        second.client.set_flag(flags::BLOCKED, true);
        assert_eq!(server.run(&mut first, "CLIENT UNBLOCK 2 timeout"), "1");
        assert_eq!(second.client.take_wishes(), Wishes { unblock: true, ..Wishes::default() });
        assert_eq!(server.run(&mut first, "CLIENT UNBLOCK 2 ERROR"), "1");
        assert_eq!(
            second.client.take_wishes(),
            Wishes { unblock_error: true, ..Wishes::default() }
        );
    }

    #[test]
    fn refusals() {
        check("CLIENT UNBLOCK 99 | CLIENT UNBLOCK -1", "0 | 0");
        check("CLIENT UNBLOCK x", "ERR value is not an integer or out of range");
        check("CLIENT UNBLOCK x y", "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    }
}
