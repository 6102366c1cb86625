//! `COMMAND INFO [name ...]`: the named commands, or all, each as one array.

use super::describe;
use crate::prelude::*;

pub(super) const INFO: Command = Command {
    spec: Spec {
        name: "info",
        history: &[("7.0.0", "Without a name, all commands are described.")],
        arity: -2,
        flags: Flags::LOADING.with(Flags::STALE),
        acl: Acl::CONNECTION,
        group: Group::Server,
        since: "2.8.13",
        summary: "Describes commands for clients.",
        args: &[Arg::string("command-name").optional().multiple()],
        tips: &["nondeterministic_output_order"],
        complexity: "O(N), N being the named commands",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    if args.len() == 2 {
        describe::all(ctx);
        return Ok(());
    }
    ctx.reply.array(args.len() - 2);
    for name in args.iter_from(2) {
        match ctx.engine.commands.find_full(name) {
            Some(id) => describe::one(&mut ctx.reply, &ctx.engine.commands, id),
            None => ctx.reply.null(),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn has_ten_parts() {
        check(
            "COMMAND INFO get nope",
            "[[get 2 [readonly fast] 1 1 1 [@read @string @fast] [] \
              [[flags [RO access] begin_search [type index spec [index 1]] find_keys [type range \
              spec [lastkey 0 keystep 1 limit 0]]]] []] nil]",
        );
        check(
            "COMMAND INFO CONFIG|RESETSTAT",
            "[[config|resetstat 2 [admin noscript loading stale] \
              0 0 0 [@admin @slow @dangerous] [request_policy:all_nodes \
              response_policy:all_succeeded] [] []]]",
        );
        check(
            "COMMAND INFO watch",
            "[[watch -2 [noscript loading stale fast allow_busy] \
              1 -1 1 [@fast @transaction] [] [[flags [RO] begin_search [type index spec [index 1]] \
              find_keys [type range spec [lastkey -1 keystep 1 limit 0]]]] []]]",
        );
    }

    #[test]
    fn containers_hold_their_subcommands() {
        let mut server = TestServer::new();
        let mut session = server.client();
        let info = server.run(&mut session, "COMMAND INFO config");
        for name in ["get", "set", "rewrite", "resetstat", "help"] {
            assert!(info.contains(&format!("[config|{name} ")), "{info}");
        }
        server.run(&mut session, "HELLO 3");
        let all = server.run(&mut session, "COMMAND");
        assert_eq!(all, server.run(&mut session, "COMMAND INFO"));
        assert!(all.contains("[get 2 [readonly fast] 1 1 1"), "{all}");
    }
}
