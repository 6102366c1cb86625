//! `PUBSUB HELP`.

use crate::prelude::*;

pub(super) const HELP: Command = Command {
    spec: Spec {
        name: "help",
        arity: 2,
        flags: Flags::LOADING.with(Flags::STALE),
        group: Group::PubSub,
        since: "6.2.0",
        summary: "Shows the subcommands of PUBSUB.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let lines = [
        ("CHANNELS [<pattern>]", "The channels with subscribers."),
        ("NUMPAT", "How many patterns have subscribers."),
        ("NUMSUB [<channel> ...]", "How many have subscribed to each channel."),
        ("SHARDCHANNELS [<pattern>]", "The shard channels with subscribers."),
        ("SHARDNUMSUB [<shardchannel> ...]", "How many have subscribed to each shard channel."),
    ];
    crate::help::reply(&mut ctx.reply, "PUBSUB", &lines);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn begins_and_ends_as_clients_expect() {
        check("PUBSUB", "ERR wrong number of arguments for 'pubsub' command");
        check("PUBSUB NOPE", "ERR unknown subcommand 'NOPE'. Try PUBSUB HELP.");
        let mut server = crate::testing::TestServer::new();
        let mut session = server.client();
        let help = server.run(&mut session, "PUBSUB HELP");
        assert!(help.starts_with("[PUBSUB <subcommand>"), "{help}");
        assert!(help.ends_with("HELP     Show this text.]"), "{help}");
    }
}
