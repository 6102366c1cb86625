//! `MONITOR`: see every command that runs.

use crate::prelude::*;
use redpoll_engine::Mode;
use redpoll_engine::client::flags;

pub const MONITOR: Command = Command {
    spec: Spec {
        name: "monitor",
        arity: 1,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "1.0.0",
        summary: "Shows the connection every command that runs.",
        complexity: "O(1)",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    if ctx.mode == Mode::Transaction {
        return Err(Error::text("ERR MONITOR isn't allowed for DENY BLOCKING client"));
    }
    let client = &ctx.session.client;
    client.set_flag(flags::MONITOR, true);
    ctx.engine.add_monitor(client);
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn shows_what_others_do() {
        let mut server = TestServer::new();
        let (mut monitor, mut client) = (server.client(), server.client_from("here:1", ""));
        assert_eq!(server.run(&mut monitor, "MONITOR"), "OK");
        server.run(&mut client, "SET k \"a\\n\"");
        server.run(&mut client, "SELECT 2");
        server.run(&mut client, "CLIENT LIST");
        server.run(&mut client, "GET");
        server.run(&mut client, "CLIENT ID");
        let mut seen = Vec::new();
        monitor.client.take_outbox(&mut seen);
        let expected = "+1700000000.000000 [0 here:1] \"SET\" \"k\" \"a\\n\"\r\n\
                        +1700000000.000000 [2 here:1] \"SELECT\" \"2\"\r\n\
                        +1700000000.000000 [2 here:1] \"CLIENT\" \"ID\"\r\n";
        assert_eq!(String::from_utf8_lossy(&seen), expected);
    }

    #[test]
    fn not_in_a_transaction() {
        let text = "ERR MONITOR isn't allowed for DENY BLOCKING client";
        check("MULTI | MONITOR | EXEC", &format!("OK | QUEUED | [{text}]"));
    }
}
