//! `CLIENT KILL`: close connections, by address or by filters.

use super::kind::Wanted;
use crate::prelude::*;
use redpoll_engine::Engine;
use redpoll_engine::client::Client;
use std::sync::atomic::Ordering::Relaxed;

pub(super) const KILL: Command = Command {
    spec: Spec {
        name: "kill",
        arity: -3,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Connection,
        since: "2.4.0",
        summary: "Closes connections.",
        args: &[Arg::one_of(
            "filter",
            &[
                Arg::string("old-format").shown_as("ip:port"),
                Arg::one_of(
                    "new-format",
                    &[
                        Arg::integer("client-id").token("ID").optional(),
                        Arg::one_of(
                            "client-type",
                            &[
                                Arg::flag("normal", "normal"),
                                Arg::flag("master", "master"),
                                Arg::flag("slave", "slave"),
                                Arg::flag("replica", "replica"),
                                Arg::flag("pubsub", "pubsub"),
                            ],
                        )
                        .token("TYPE")
                        .optional(),
                        Arg::string("username").token("USER").optional(),
                        Arg::string("addr").token("ADDR").shown_as("ip:port").optional(),
                        Arg::string("laddr").token("LADDR").shown_as("ip:port").optional(),
                        Arg::integer("maxage").token("MAXAGE").optional(),
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

/// Which clients; a client must pass all filters that are there.
struct Filter<'a> {
    id: Option<u64>,
    kind: Option<Wanted>,
    address: Option<&'a [u8]>,
    local_address: Option<&'a [u8]>,
    /// In seconds.
    min_age: Option<i64>,
    /// The user's number.
    user: Option<u64>,
    skip_me: bool,
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    // The old form: one address, and the client may close its own connection.
    let old = args.len() == 3;
    let filter = match old {
        true => Filter { address: args.get(2), ..Filter::none(false) },
        false => Filter::parse(ctx.engine, args)?,
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

impl<'a> Filter<'a> {
    fn none(skip_me: bool) -> Self {
        let (id, kind, address, local_address) = (None, None, None, None);
        Filter { id, kind, address, local_address, min_age: None, user: None, skip_me }
    }

    fn parse(engine: &Engine, args: Args<'a>) -> Result<Self> {
        let mut filter = Filter::none(true);
        let mut words = args.iter_from(2);
        while let Some(option) = words.next() {
            filter.set(engine, option, words.next().ok_or(Error::Syntax)?)?;
        }
        Ok(filter)
    }

    fn set(&mut self, engine: &Engine, option: &[u8], value: &'a [u8]) -> Result {
        match option {
            _ if parse::is(option, "id") => {
                let wrong = || Error::text("ERR client-id should be greater than 0");
                let id = parse::int(value).map_err(|_| wrong())?;
                self.id = Some(u64::try_from(id).ok().filter(|&id| id > 0).ok_or_else(wrong)?);
            }
            _ if parse::is(option, "type") => self.kind = Some(Wanted::parse(value)?),
            _ if parse::is(option, "addr") => self.address = Some(value),
            _ if parse::is(option, "laddr") => self.local_address = Some(value),
            _ if parse::is(option, "user") => self.user = Some(known_user(engine, value)?),
            _ if parse::is(option, "maxage") => self.min_age = Some(age(value)?),
            _ if parse::is(option, "skipme") => {
                self.skip_me = match value {
                    _ if parse::is(value, "yes") => true,
                    _ if parse::is(value, "no") => false,
                    _ => return Err(Error::Syntax),
                }
            }
            _ => return Err(Error::Syntax),
        }
        Ok(())
    }

    fn passes(&self, client: &Client, now: i64) -> bool {
        let origin = &client.origin;
        self.id.is_none_or(|id| id == client.id)
            && self.kind.is_none_or(|kind| kind.includes(client))
            && self.address.is_none_or(|address| address == origin.address.as_bytes())
            && self.local_address.is_none_or(|local| local == origin.local_address.as_bytes())
            && self.user.is_none_or(|user| user == client.user_id.load(Relaxed))
            && self.min_age.is_none_or(|age| (now - client.created) / 1000 >= age)
    }
}

/// The number of the user of this name.
fn known_user(engine: &Engine, name: &[u8]) -> Result<u64> {
    let user = engine.users.get(name).map(|user| user.id);
    let name = String::from_utf8_lossy(name);
    user.ok_or_else(|| Error::text(format!("ERR No such user '{name}'")))
}

fn age(word: &[u8]) -> Result<i64> {
    let wrong = |_| Error::text("ERR maxage is not an integer or out of range");
    match parse::int(word).map_err(wrong)? {
        seconds if seconds > 0 => Ok(seconds),
        _ => Err(Error::text("ERR maxage should be greater than 0")),
    }
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
