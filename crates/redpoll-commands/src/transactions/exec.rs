//! `EXEC`: run what has been queued since MULTI.

use crate::prelude::*;
use redpoll_engine::transaction;

pub const EXEC: Command = Command {
    spec: Spec {
        name: "exec",
        arity: 1,
        flags: Flags::NOSCRIPT.with(Flags::LOADING).with(Flags::STALE).with(Flags::SKIP_SLOWLOG),
        group: Group::Transactions,
        since: "1.2.0",
        summary: "Runs the commands of a transaction as one.",
        complexity: "As the queued commands.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let Some(transaction) = ctx.session.transaction.take() else {
        return Err(Error::text("ERR EXEC without MULTI"));
    };
    if transaction.aborted {
        ctx.engine.unwatch(ctx.session);
        let text = "EXECABORT Transaction discarded because of previous errors.";
        return Err(Error::text(text));
    }
    transaction::run(ctx, transaction)
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    const ABORTED: &str = "EXECABORT Transaction discarded because of previous errors.";

    #[test]
    fn nothing_is_seen_of_data_that_are_being_loaded() {
        let mut server = TestServer::new();
        let (mut one, mut other) = (server.client(), server.client());
        for line in ["SET k v", "MULTI", "GET k"] {
            server.run(&mut one, line);
        }
        for line in ["MULTI", "PING"] {
            server.run(&mut other, line);
        }
        let engine = std::sync::Arc::clone(&server.engine);
        let loading = engine.begin_loading();
        let refused = "EXECABORT Transaction discarded because of: LOADING Redis is loading the \
                       dataset in memory";
        assert_eq!(server.run(&mut one, "EXEC"), refused);
        assert_eq!(server.run(&mut other, "DISCARD"), "OK");
        drop(loading);
        assert_eq!(server.run(&mut one, "GET k"), "v");
    }

    #[test]
    fn runs_what_was_queued() {
        check("MULTI | EXEC", "OK | []");
        check(
            "MULTI | SET k v | GET k | PING | EXEC | GET k",
            "OK | QUEUED | QUEUED | QUEUED | [OK v PONG] | v",
        );
        check("EXEC", "ERR EXEC without MULTI");
    }

    #[test]
    fn an_error_while_queueing_aborts() {
        let arity = "ERR wrong number of arguments for 'get' command";
        check(
            "MULTI | SET k v | GET | EXEC | GET k",
            &format!("OK | QUEUED | {arity} | {ABORTED} | nil"),
        );
        let unknown = "ERR unknown command 'NOPE', with args beginning with:";
        check("MULTI | NOPE | EXEC | PING", &format!("OK | {unknown}  | {ABORTED} | PONG"));
    }

    #[test]
    fn an_error_while_running_does_not() {
        let text = "ERR DB index is out of range";
        check(
            "MULTI | SELECT 99 | SET k v | EXEC | GET k",
            &format!("OK | QUEUED | QUEUED | [{text} OK] | v"),
        );
    }

    #[test]
    fn a_change_of_a_watched_key_prevents_it() {
        let mut server = TestServer::new();
        let (mut first, mut second) = (server.client(), server.client());
        server.run(&mut first, "WATCH k");
        server.run(&mut first, "MULTI");
        server.run(&mut first, "SET k first");
        server.run(&mut second, "SET k second");
        assert_eq!(server.run(&mut first, "EXEC"), "nil");
        assert_eq!(server.run(&mut first, "GET k"), "second");
        server.run(&mut first, "MULTI");
        assert_eq!(server.run(&mut first, "EXEC"), "[]");
        assert_eq!(server.raw(&mut first, "MULTI"), b"+OK\r\n");
    }

    #[test]
    fn a_refused_exec_ends_the_transaction() {
        let text = "EXECABORT Transaction discarded because of: wrong number of arguments for \
                    'exec' command";
        check("MULTI | EXEC x | EXEC", &format!("OK | {text} | ERR EXEC without MULTI"));
        check("EXEC x", "ERR wrong number of arguments for 'exec' command");
    }

    #[test]
    fn a_watched_key_that_expires_prevents_it() {
        let mut server = TestServer::new();
        let mut session = server.client();
        for command in ["SET k v PX 10", "SET gone v PX 1", "WATCH k", "MULTI"] {
            server.run(&mut session, command);
        }
        server.now += 11;
        assert_eq!(server.run(&mut session, "EXEC"), "nil");
        // A key that had expired before was not there.
        server.run(&mut session, "WATCH gone");
        server.run(&mut session, "SWAPDB 0 1");
        server.run(&mut session, "MULTI");
        assert_eq!(server.run(&mut session, "EXEC"), "[]");
    }

    #[test]
    fn its_commands_are_logged_and_it_is_not() {
        check(
            "CONFIG SET slowlog-log-slower-than 0 | SLOWLOG RESET | MULTI | PING | EXEC | \
             CONFIG SET slowlog-log-slower-than -1 | SLOWLOG LEN",
            // CONFIG SET itself runs under the old threshold.
            "OK | OK | OK | QUEUED | [PONG] | OK | 3",
        );
    }

    #[test]
    fn monitors_see_its_commands() {
        let mut server = TestServer::new();
        let (mut monitor, mut client) = (server.client(), server.client_from("here:1", ""));
        server.run(&mut monitor, "MONITOR");
        for command in ["MULTI", "SET k v", "AUTH default secret", "EXEC"] {
            server.run(&mut client, command);
        }
        let mut seen = Vec::new();
        monitor.client.take_outbox(&mut seen);
        let words =
            [r#""MULTI""#, r#""SET" "k" "v""#, r#""AUTH" "(redacted)" "(redacted)""#, r#""EXEC""#];
        let line = |words: &str| format!("+1700000000.000000 [0 here:1] {words}\r\n");
        assert_eq!(String::from_utf8_lossy(&seen), words.map(line).concat());
    }
}
