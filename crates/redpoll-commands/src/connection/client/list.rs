//! `CLIENT LIST [TYPE type | ID id ...]`: a line for each client.

use super::kind::Wanted;
use super::line;
use crate::prelude::*;
use redpoll_engine::client::Client;
use std::sync::Arc;

pub(super) const LIST: Command = Command {
    spec: Spec {
        name: "list",
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
            .optional(),
            Arg::integer("client-id").token("ID").optional().multiple(),
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
    if args.len() > 3 && args.is(2, "id") {
        let mut found = Vec::new();
        for word in args.iter_from(3) {
            let id = parse::int(word).map_err(|_| Error::text("ERR Invalid client ID"))?;
            found.extend(u64::try_from(id).ok().and_then(|id| clients.get(id)));
        }
        return Ok(found);
    }
    Err(Error::Syntax)
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

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
    fn refusals() {
        check("CLIENT LIST TYPE x", "ERR Unknown client type 'x'");
        check("CLIENT LIST ID x", "ERR Invalid client ID");
        check("CLIENT LIST ID | CLIENT LIST x y", "ERR syntax error | ERR syntax error");
        check("CLIENT LIST TYPE normal x", "ERR syntax error");
    }
}
