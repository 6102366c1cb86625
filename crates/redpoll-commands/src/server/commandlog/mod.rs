//! `COMMANDLOG`: the commands that took long, and those whose requests or replies were large.

use crate::prelude::*;
use redpoll_engine::slowlog::SlowLog;

mod get;
mod help;
mod len;
mod reset;

pub const COMMANDLOG: Command = Command {
    spec: Spec {
        name: "commandlog",
        arity: -2,
        group: Group::Server,
        since: "8.1.0",
        summary: "Commands about the logs of slow and large commands.",
        complexity: "Depends on the subcommand.",
        subcommands: &[&get::GET, &help::HELP, &len::LEN, &reset::RESET],
        ..Spec::EMPTY
    },
    run: container,
};

/// The argument that names a log.
const TYPE: Arg = Arg::string("type");

/// The log that a word names.
fn log<'a>(ctx: &Ctx<'a>, word: &[u8]) -> Result<&'a SlowLog> {
    match word {
        _ if parse::is(word, "slow") => Ok(&ctx.engine.slowlog),
        _ if parse::is(word, "large-request") => Ok(&ctx.engine.large_requests),
        _ if parse::is(word, "large-reply") => Ok(&ctx.engine.large_replies),
        _ => Err(Error::text(
            "ERR type should be one of the following: slow, large-request, large-reply",
        )),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check, configure};

    #[test]
    fn notes_what_is_large() {
        let mut server = TestServer::new();
        let mut session = server.client_from("here:1", "");
        for (name, value) in [
            ("commandlog-request-larger-than", "100"),
            ("commandlog-reply-larger-than", "60"),
            ("commandlog-large-reply-max-len", "2"),
        ] {
            configure(&server, name, value);
        }
        let long = "v".repeat(90);
        server.run(&mut session, &format!("SET k {long}"));
        server.run(&mut session, "SET k v");
        server.run(&mut session, &format!("ECHO {}", "e".repeat(55)));
        for (log, entries) in [("large-request", "0"), ("LARGE-REPLY", "1")] {
            assert_eq!(server.run(&mut session, &format!("COMMANDLOG LEN {log}")), entries);
        }
        server.run(&mut session, &format!("SET k {long}xyzw"));
        let entries = server.run(&mut session, "COMMANDLOG GET -1 large-request");
        assert_eq!(entries, format!("[[0 1700000000 102 [SET k {long}xyzw] here:1 \"\"]]"));
        for _ in 0..3 {
            server.run(&mut session, "GET k");
        }
        let entries = server.run(&mut session, "COMMANDLOG GET 5 large-reply");
        assert!(entries.starts_with("[[4 1700000000 101 [GET k] "), "{entries}");
        assert_eq!(server.run(&mut session, "COMMANDLOG LEN large-reply"), "2");
        assert_eq!(server.run(&mut session, "COMMANDLOG RESET large-reply"), "OK");
        assert_eq!(server.run(&mut session, "COMMANDLOG LEN large-reply"), "0");
        configure(&server, "commandlog-reply-larger-than", "-1");
        server.run(&mut session, "GET k");
        assert_eq!(server.run(&mut session, "COMMANDLOG LEN large-reply"), "0");
    }

    #[test]
    fn shares_the_slow_log() {
        check(
            "CONFIG SET commandlog-execution-slower-than 0 | PING | SLOWLOG RESET | SLOWLOG LEN | \
             COMMANDLOG LEN slow | CONFIG GET slowlog-log-slower-than",
            "OK | PONG | OK | 1 | 2 | [slowlog-log-slower-than 0]",
        );
    }

    #[test]
    fn refuses() {
        let log = "ERR type should be one of the following: slow, large-request, large-reply";
        check(
            "COMMANDLOG LEN x | COMMANDLOG RESET x | COMMANDLOG GET 1 x | COMMANDLOG GET -2 slow | \
             COMMANDLOG GET 1",
            &format!(
                "{log} | {log} | {log} | ERR count should be greater than or equal to -1 | \
                 ERR wrong number of arguments for 'commandlog|get' command"
            ),
        );
    }
}
