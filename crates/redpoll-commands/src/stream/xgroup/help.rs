//! `XGROUP HELP`.

use crate::prelude::*;

pub(super) const HELP: Command = Command {
    spec: Spec {
        name: "help",
        arity: 2,
        flags: Flags::LOADING.with(Flags::STALE),
        group: Group::Stream,
        since: "5.0.0",
        summary: "Shows the subcommands of XGROUP.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let lines = [
        (
            "CREATE <key> <group> <id|$> [MKSTREAM] [ENTRIESREAD <entries-read>]",
            "Make a group; MKSTREAM makes the stream, too.",
        ),
        ("CREATECONSUMER <key> <group> <consumer>", "Make a consumer."),
        ("DELCONSUMER <key> <group> <consumer>", "Remove a consumer with all it has pending."),
        ("DESTROY <key> <group>", "Remove a group."),
        (
            "SETID <key> <group> <id|$> [ENTRIESREAD <entries-read>]",
            "Move a group to another place in its stream.",
        ),
    ];
    crate::help::reply(&mut ctx.reply, "XGROUP", &lines);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    #[test]
    fn begins_and_ends_as_clients_expect() {
        let mut server = TestServer::new();
        let mut session = server.client();
        let help = server.run(&mut session, "XGROUP HELP");
        assert!(help.starts_with("[XGROUP <subcommand>"), "{help}");
        assert!(help.ends_with("HELP     Show this text.]"), "{help}");
    }
}
