//! `CLIENT HELP`.

use crate::prelude::*;

pub(super) const HELP: Command = Command {
    spec: Spec {
        name: "help",
        arity: 2,
        flags: Flags::LOADING.with(Flags::STALE),
        group: Group::Connection,
        since: "5.0.0",
        summary: "Shows the subcommands of CLIENT.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let lines = [
        ("CACHING (YES|NO)", "Whether the next command's keys go into the client's own cache."),
        ("CAPA <capability> [<capability> ...]", "Tell what the client is capable of: redirect."),
        ("GETNAME", "The connection's name."),
        ("GETREDIR", "The client that invalidations are redirected to; -1: none."),
        ("ID", "The connection's number."),
        ("IMPORT-SOURCE (ON|OFF)", "See expired keys, while import-mode is on."),
        ("INFO", "The connection's line of LIST."),
        ("KILL <ip:port>", "Close the connection from this address."),
        (
            "KILL <filter> <value> [<filter> <value> ...]",
            "Close the connections that pass all filters; SKIPME NO includes this one.",
        ),
        (
            "LIST [<filter> <value> ...]",
            "A line for each connection: ID, TYPE, USER, ADDR, LADDR, IP, NAME, LIB-NAME, LIB-VER, \
             DB, FLAGS, CAPA, IDLE, MAXAGE, SKIPME; most also with NOT- before.",
        ),
        (
            "LONG-COMMANDS (SNAPSHOT|YIELD|INLINE|DEFAULT)",
            "How the connection's long commands run: in the background, or at once.",
        ),
        ("NO-EVICT (ON|OFF)", "Never close this connection to save memory."),
        ("NO-TOUCH (ON|OFF)", "Leave alone what eviction knows of the keys that are read."),
        ("PAUSE <milliseconds> [WRITE|ALL]", "Let commands wait: all, or those that write."),
        ("REPLY (ON|OFF|SKIP)", "Whether to answer: always, never, not once."),
        ("SETINFO (LIB-NAME|LIB-VER) <text>", "Tell the client library's name or version."),
        ("SETNAME <name>", "Name the connection."),
        (
            "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]] [OPTIN] [OPTOUT] \
             [NOLOOP]",
            "Be told which keys change, for a cache of the client's own.",
        ),
        ("TRACKINGINFO", "How this connection tracks keys."),
        ("UNBLOCK <id> [TIMEOUT|ERROR]", "End another client's blocking command."),
        ("UNPAUSE", "End a PAUSE."),
    ];
    crate::help::reply(&mut ctx.reply, "CLIENT", &lines);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::CLIENT;
    use crate::testing::TestServer;

    #[test]
    fn names_every_subcommand() {
        let mut server = TestServer::new();
        let mut session = server.client();
        let help = server.run(&mut session, "CLIENT HELP");
        for command in CLIENT.spec.subcommands {
            assert!(help.contains(&command.spec.name.to_uppercase()), "{}", command.spec.name);
        }
    }
}
