//! `CLIENT KILL`: close connections, by address or by filters.

use super::filter::Filter;
use crate::prelude::*;

pub(super) const KILL: Command = Command {
    spec: Spec {
        name: "kill",
        history: &[
            ("2.8.12", "Filters."),
            ("2.8.12", "The filter `ID`."),
            ("3.2.0", "The type `master`."),
            ("5.0.0", "The type `replica`; `slave` means the same."),
            ("6.2.0", "The filter `LADDR`."),
            ("7.4.0", "The filter `MAXAGE`."),
        ],
        arity: -3,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Connection,
        since: "2.4.0",
        summary: "Closes connections.",
        args: &[Arg::one_of(
            "filter",
            &[
                Arg::string("old-format").shown_as("ip:port").deprecated("2.8.12"),
                Arg::one_of(
                    "new-format",
                    &[
                        Arg::integer("client-id").token("ID").since("2.8.12").optional(),
                        Arg::one_of(
                            "client-type",
                            &[
                                Arg::flag("normal", "normal"),
                                Arg::flag("master", "master").since("3.2.0"),
                                Arg::flag("slave", "slave"),
                                Arg::flag("replica", "replica").since("5.0.0"),
                                Arg::flag("pubsub", "pubsub"),
                            ],
                        )
                        .token("TYPE")
                        .since("2.8.12")
                        .optional(),
                        Arg::string("username").token("USER").optional(),
                        Arg::string("addr").token("ADDR").shown_as("ip:port").optional(),
                        Arg::string("laddr")
                            .token("LADDR")
                            .since("6.2.0")
                            .shown_as("ip:port")
                            .optional(),
                        Arg::integer("maxage").token("MAXAGE").since("7.4.0").optional(),
                        Arg::one_of("skipme", &[Arg::flag("yes", "YES"), Arg::flag("no", "NO")])
                            .token("SKIPME")
                            .optional(),
                    ],
                )
                .multiple(),
            ],
        )],
        complexity: "O(N), N being the clients",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    // The old form: one address, and the client may close its own connection.
    let old = args.len() == 3;
    let filter = match old {
        true => Filter::address(args.at(2)),
        false => Filter::parse(ctx.engine, args, 2, true)?,
    };
    ctx.session.publish_figures(ctx.keys.now());
    let killed = kill(ctx, &filter);
    match old {
        true if killed == 0 => return Err(Error::text("ERR No such client")),
        true => ctx.reply.ok(),
        false => ctx.reply.count(killed),
    }
    Ok(())
}

fn kill(ctx: &mut Ctx<'_>, filter: &Filter<'_>) -> usize {
    let (mine, now) = (ctx.session.client.id, ctx.keys.now());
    let mut killed = 0;
    for client in ctx.engine.clients.all() {
        let me = client.id == mine;
        if (me && filter.skip_me) || !filter.passes(&client, now) {
            continue;
        }
        killed += 1;
        if me {
            ctx.session.closing = true;
        } else {
            client.kill();
        }
    }
    killed
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};
    use redpoll_engine::Session;

    /// Runs a command of the first of three clients and tells which of the three are to be closed.
    fn killed(command: &str) -> (String, Vec<u64>) {
        let mut server = TestServer::new();
        let mut first = server.client_from("127.0.0.1:1", "127.0.0.1:6379");
        let mut second = server.client_from("127.0.0.1:2", "127.0.0.1:6379");
        server.now += 10_000;
        let third = server.client_from("/run/socket:0", "/run/socket:0");
        server.run(&mut second, "SUBSCRIBE c");
        second.publish_figures(server.now);
        let reply = server.run(&mut first, command);
        let is_killed = |session: &&Session| session.closing || session.client.take_wishes().kill;
        let sessions = [first, second, third];
        let ids = sessions.iter().filter(is_killed).map(|session| session.client.id).collect();
        (reply, ids)
    }

    #[track_caller]
    fn check_killed(command: &str, reply: &str, ids: &[u64]) {
        assert_eq!(killed(command), (reply.to_owned(), ids.to_vec()), "{command}");
    }

    #[test]
    fn by_address() {
        check_killed("CLIENT KILL 127.0.0.1:2", "OK", &[2]);
        check_killed("CLIENT KILL 127.0.0.1:1", "OK", &[1]);
        check_killed("CLIENT KILL 127.0.0.1:9", "ERR No such client", &[]);
        check_killed("CLIENT KILL ADDR /run/socket:0", "1", &[3]);
        check_killed("CLIENT KILL LADDR 127.0.0.1:6379", "1", &[2]);
        check_killed("CLIENT KILL LADDR 127.0.0.1:6379 SKIPME no", "2", &[1, 2]);
    }

    #[test]
    fn by_other_filters() {
        check_killed("CLIENT KILL ID 2", "1", &[2]);
        check_killed("CLIENT KILL ID 1", "0", &[]);
        check_killed("CLIENT KILL ID 1 skipme NO", "1", &[1]);
        check_killed("CLIENT KILL TYPE pubsub", "1", &[2]);
        check_killed("CLIENT KILL TYPE normal", "1", &[3]);
        check_killed("CLIENT KILL TYPE slave", "0", &[]);
        check_killed("CLIENT KILL USER default", "2", &[2, 3]);
        check_killed("CLIENT KILL MAXAGE 10", "1", &[2]);
        check_killed("CLIENT KILL MAXAGE 11 SKIPME NO", "0", &[]);
        check_killed("CLIENT KILL ID 2 TYPE normal", "0", &[]);
        check_killed("CLIENT KILL ID 2 3 1 SKIPME no", "3", &[1, 2, 3]);
        check_killed("CLIENT KILL NOT-ID 2", "1", &[3]);
        check_killed("CLIENT KILL FLAGS P", "1", &[2]);
        check_killed("CLIENT KILL not-type pubsub NOT-ADDR 127.0.0.1:1 SKIPME no", "1", &[3]);
    }

    #[test]
    fn refusals() {
        check("CLIENT KILL ID 0", "ERR client-id should be greater than 0");
        check("CLIENT KILL ID x", "ERR client-id should be greater than 0");
        check("CLIENT KILL TYPE x", "ERR Unknown client type 'x'");
        check("CLIENT KILL USER x", "ERR No such user 'x'");
        check("CLIENT KILL MAXAGE x", "ERR maxage is not an integer or out of range");
        check("CLIENT KILL MAXAGE 0", "ERR maxage should be greater than 0");
        check("CLIENT KILL SKIPME x", "ERR syntax error");
        check("CLIENT KILL ID 1 TYPE | CLIENT KILL x y", "ERR syntax error | ERR syntax error");
    }
}
