//! `XINFO HELP`.

use crate::prelude::*;

pub(super) const HELP: Command = Command {
    spec: Spec {
        name: "help",
        arity: 2,
        flags: Flags::LOADING.with(Flags::STALE),
        group: Group::Stream,
        since: "5.0.0",
        summary: "Shows the subcommands of XINFO.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let lines = [
        ("CONSUMERS <key> <group>", "The consumers of a group."),
        ("GROUPS <key>", "The groups of a stream."),
        ("STREAM <key> [FULL [COUNT <count>]]", "The stream itself; FULL shows what is in it."),
    ];
    crate::help::reply(&mut ctx.reply, "XINFO", &lines);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    #[test]
    fn begins_and_ends_as_clients_expect() {
        let mut server = TestServer::new();
        let mut session = server.client();
        let help = server.run(&mut session, "XINFO HELP");
        assert!(help.starts_with("[XINFO <subcommand>"), "{help}");
        assert!(help.ends_with("HELP     Show this text.]"), "{help}");
    }
}
