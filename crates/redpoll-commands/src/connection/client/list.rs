//! `CLIENT LIST [TYPE type | ID id ...]`: a line for each client. The further filters are Valkey's.

use super::filter::Filter;
use super::kind::Wanted;
use super::line;
use crate::prelude::*;
use redpoll_config::Compat;
use redpoll_engine::client::Client;
use std::sync::Arc;

pub(super) const LIST: Command = Command {
    spec: Spec {
        name: "list",
        history: &[
            ("2.8.12", "The field `id`."),
            ("5.0.0", "The filter `TYPE`."),
            ("6.0.0", "The field `user`."),
            (
                "6.2.0",
                "The fields `argv-mem`, `tot-mem`, `laddr` and `redir`, and the filter `ID`.",
            ),
            ("7.0.0", "The fields `resp`, `multi-mem`, `rbs` and `rbp`."),
            ("7.0.3", "The field `ssub`."),
            ("7.2.0", "The fields `lib-name` and `lib-ver`."),
            ("7.4.0", "The field `watch`."),
        ],
        arity: -2,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Connection,
        since: "2.4.0",
        summary: "Lists the connected clients.",
        args: &[
            Arg::one_of(
                "client-type",
                &[
                    Arg::flag("normal", "normal"),
                    Arg::flag("master", "master"),
                    Arg::flag("replica", "replica"),
                    Arg::flag("pubsub", "pubsub"),
                ],
            )
            .token("TYPE")
            .since("5.0.0")
            .optional(),
            Arg::integer("client-id").token("ID").since("6.2.0").optional().multiple(),
            Arg::string("username").token("USER").optional(),
            Arg::string("addr").token("ADDR").shown_as("ip:port").optional(),
            Arg::string("laddr").token("LADDR").shown_as("ip:port").optional(),
            Arg::one_of("skipme", &[Arg::flag("yes", "YES"), Arg::flag("no", "NO")])
                .token("SKIPME")
                .optional(),
            Arg::integer("maxage").token("MAXAGE").optional(),
            Arg::string("name").token("NAME").optional(),
            Arg::integer("idle").token("IDLE").optional(),
            Arg::string("flags").token("FLAGS").optional(),
            Arg::string("lib-name").token("LIB-NAME").optional(),
            Arg::string("lib-ver").token("LIB-VER").optional(),
            Arg::integer("db").token("DB").optional(),
            Arg::string("capa").token("CAPA").optional(),
            Arg::string("ip").token("IP").optional(),
        ],
        tips: &["nondeterministic_output"],
        complexity: "O(N), N being the clients",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let now = ctx.keys.now();
    super::refresh(ctx, args);
    let mut text = String::new();
    for client in selected(ctx, args)? {
        line::push(&mut text, ctx.engine, &client, now);
    }
    ctx.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

fn selected(ctx: &Ctx<'_>, args: Args<'_>) -> Result<Vec<Arc<Client>>> {
    let clients = &ctx.engine.clients;
    if args.len() == 2 {
        return Ok(clients.all());
    }
    if args.len() == 4 && args.is(2, "type") {
        let wanted = Wanted::parse(args.at(3))?;
        let mut all = clients.all();
        all.retain(|client| wanted.includes(client));
        return Ok(all);
    }
    let only_ids = args.is(2, "id") && !args.iter_from(3).any(is_filter);
    if args.len() > 3 && only_ids && ctx.engine.config.compat() == Compat::Redis {
        // In the order of the call, and as often as they are named.
        let mut found = Vec::new();
        for word in args.iter_from(3) {
            let id = parse::int(word).map_err(|_| Error::text("ERR Invalid client ID"))?;
            found.extend(u64::try_from(id).ok().and_then(|id| clients.get(id)));
        }
        return Ok(found);
    }
    let (filter, now) = (Filter::parse(ctx.engine, args, 2, false)?, ctx.keys.now());
    let mine = ctx.session.client.id;
    let mut all = clients.all();
    all.retain(|client| !(filter.skip_me && client.id == mine) && filter.passes(client, now));
    Ok(all)
}

/// Whether a word is the name of a filter, and no number that is none.
fn is_filter(word: &[u8]) -> bool {
    let names = [
        "type", "id", "user", "addr", "laddr", "skipme", "maxage", "flags", "name", "idle",
        "lib-name", "lib-ver", "db", "capa", "ip",
    ];
    let negated = word.get(..4).is_some_and(|start| parse::is(start, "not-"));
    negated || names.iter().any(|name| parse::is(word, name))
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check, configure};

    fn ids(list: &str) -> Vec<&str> {
        list.lines().filter_map(|line| line.split(' ').next()).collect()
    }

    #[test]
    fn selects_by_number_and_type() {
        let mut server = TestServer::new();
        let (mut first, mut second) = (server.client(), server.client());
        server.run(&mut second, "SUBSCRIBE c");
        second.publish_figures(server.now);
        assert_eq!(ids(&server.run(&mut first, "CLIENT LIST")), ["id=1", "id=2"]);
        assert_eq!(ids(&server.run(&mut first, "CLIENT LIST TYPE normal")), ["id=1"]);
        assert_eq!(ids(&server.run(&mut first, "CLIENT LIST TYPE PubSub")), ["id=2"]);
        assert_eq!(ids(&server.run(&mut first, "CLIENT LIST ID 2 9 1 -1")), ["id=2", "id=1"]);
        assert_eq!(server.run(&mut first, "CLIENT LIST TYPE master"), r#""""#);
        assert_eq!(server.run(&mut first, "CLIENT LIST TYPE replica"), r#""""#);
    }

    #[test]
    fn selects_by_filters() {
        let mut server = TestServer::new();
        let mut first = server.client_from("127.0.0.1:1", "127.0.0.1:6379");
        let mut second = server.client_from("[::1]:2", "[::1]:6379");
        server.now += 10_000;
        let mut third = server.client_from("127.0.0.1:3", "127.0.0.1:6379");
        server.run(&mut second, "CLIENT SETNAME two");
        server.run(&mut second, "CLIENT SETINFO lib-name py");
        server.run(&mut second, "CLIENT SETINFO lib-ver 1");
        server.run(&mut third, "SELECT 3");
        server.run(&mut third, "CLIENT CAPA redirect");
        second.publish_figures(server.now);
        third.publish_figures(server.now);
        for (filters, expected) in [
            ("ID 3 TYPE normal", vec!["id=3"]),
            ("TYPE normal ID 1 3", vec!["id=1", "id=3"]),
            ("NOT-ID 3 1", vec!["id=2"]),
            ("IP 127.0.0.1", vec!["id=1", "id=3"]),
            ("IP ::1", vec!["id=2"]),
            ("NOT-IP ::1 SKIPME yes", vec!["id=3"]),
            ("ADDR 127.0.0.1:1", vec!["id=1"]),
            ("LADDR 127.0.0.1:6379 NOT-ADDR 127.0.0.1:1", vec!["id=3"]),
            ("USER default", vec!["id=1", "id=2", "id=3"]),
            ("NAME two", vec!["id=2"]),
            ("NOT-NAME two", vec!["id=1", "id=3"]),
            ("lib-name py lib-ver 1", vec!["id=2"]),
            ("NOT-LIB-VER 1 NOT-DB 3", vec!["id=1"]),
            ("DB 3", vec!["id=3"]),
            ("CAPA r", vec!["id=3"]),
            ("MAXAGE 10", vec!["id=1", "id=2"]),
            ("FLAGS N", vec!["id=1", "id=2", "id=3"]),
            ("FLAGS x", vec![]),
        ] {
            let list = server.run(&mut first, &format!("CLIENT LIST {filters}"));
            let list = if list == r#""""# { String::new() } else { list };
            assert_eq!(ids(&list), expected, "{filters}");
        }
    }

    #[test]
    fn valkey_lists_numbers_in_its_own_order() {
        let mut server = TestServer::new();
        let (mut first, _second) = (server.client(), server.client());
        configure(&server, "compat", "valkey");
        assert_eq!(ids(&server.run(&mut first, "CLIENT LIST ID 2 1 2")), ["id=1", "id=2"]);
        let refused = server.run(&mut first, "CLIENT LIST ID x");
        assert_eq!(refused, "ERR client-id should be greater than 0");
    }

    #[test]
    fn refusals() {
        check(
            "CLIENT LIST FLAGS ? | CLIENT LIST CAPA x | CLIENT LIST USER x | CLIENT LIST IDLE 0 | \
             CLIENT LIST DB x | CLIENT LIST NOT-MAXAGE 1 | CLIENT LIST SKIPME maybe",
            "ERR Unknown flags found in the provided filter: ? | \
             ERR Unknown capa found in the provided filter: x | ERR No such user 'x' | \
             ERR idle should be greater than 0 | \
             ERR DB number should be between 0 and 2147483647 | ERR syntax error | \
             ERR syntax error",
        );
        check("CLIENT LIST TYPE x", "ERR Unknown client type 'x'");
        check("CLIENT LIST ID x", "ERR Invalid client ID");
        check("CLIENT LIST ID | CLIENT LIST x y", "ERR syntax error | ERR syntax error");
        check("CLIENT LIST TYPE normal x", "ERR syntax error");
    }
}
