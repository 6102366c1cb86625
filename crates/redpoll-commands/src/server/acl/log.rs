//! `ACL LOG [count | RESET]`: what was refused, newest first.

use crate::prelude::*;
use redpoll_engine::acl::Entry;

pub(super) const LOG: Command = Command {
    spec: Spec {
        name: "log",
        arity: -2,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "6.0.0",
        summary: "Lists what was refused, or forgets it.",
        args: &[Arg::one_of("operation", &[Arg::integer("count"), Arg::flag("reset", "RESET")])
            .optional()],
        complexity: "O(N), N being the entries shown",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let log = &ctx.engine.users.log;
    let count = match args.get(2) {
        _ if args.len() > 3 => return Err(parse::bad_subcommand(args)),
        None => 10,
        Some(word) if parse::is(word, "reset") => {
            log.clear();
            ctx.reply.ok();
            return Ok(());
        }
        Some(word) => usize::try_from(parse::int(word)?).unwrap_or(0),
    };
    let entries = log.newest(count);
    ctx.reply.array(entries.len());
    entries.iter().for_each(|entry| show(ctx, entry));
    Ok(())
}

fn show(ctx: &mut Ctx<'_>, entry: &Entry) {
    let now = ctx.keys.now();
    let reply = &mut ctx.reply;
    reply.map(10);
    reply.bulk(b"count");
    reply.count(entry.count as usize);
    for (name, value) in [
        ("reason", entry.reason.name().as_bytes()),
        ("context", entry.context.name().as_bytes()),
        ("object", &entry.object),
        ("username", &entry.user),
    ] {
        reply.bulk(name.as_bytes());
        reply.bulk(value);
    }
    reply.bulk(b"age-seconds");
    reply.double((now - entry.updated) as f64 / 1000.0);
    reply.bulk(b"client-info");
    reply.bulk(entry.client.as_bytes());
    for (name, value) in [
        ("entry-id", entry.id as i64),
        ("timestamp-created", entry.created),
        ("timestamp-last-updated", entry.updated),
    ] {
        reply.bulk(name.as_bytes());
        reply.int(value);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn what_was_refused() {
        let mut server = TestServer::new();
        let (mut admin, mut other) = (server.client(), server.client_from("here:1", ""));
        server.run(&mut admin, "ACL SETUSER bob on nopass +get +exec +multi ~a");
        for line in ["AUTH bob x", "GET b", "GET b", "MULTI", "SET a v", "EXEC", "AUTH bob"] {
            server.run(&mut other, line);
        }
        server.run(&mut other, "AUTH nobody x");
        server.now += 1500;
        let log = server.run(&mut admin, "ACL LOG");
        let heads: Vec<&str> = log.split("client-info").collect();
        assert!(heads[0].starts_with(
            "[[count 1 reason auth context toplevel object AUTH username nobody age-seconds 1.5 "
        ));
        assert!(heads[1].starts_with(" id=2 addr=here:1 "), "{log}");
        assert!(heads[1].contains(
            "[count 1 reason command context multi object set username bob age-seconds 1.5 "
        ));
        assert!(heads[2].contains("[count 2 reason key context toplevel object b username bob "));
        assert!(log.contains(" entry-id 0 timestamp-created 1700000000000 "), "{log}");
        let info = server.run(&mut admin, "INFO stats");
        for field in ["auth:1", "cmd:1", "key:2", "channel:0"] {
            assert!(info.contains(&format!("\r\nacl_access_denied_{field}\r\n")), "{info}");
        }
        assert_eq!(server.run(&mut admin, "ACL LOG RESET"), "OK");
        assert_eq!(server.run(&mut admin, "ACL LOG"), "[]");
    }

    #[test]
    fn refusals() {
        check("ACL LOG x | ACL LOG -1", "ERR value is not an integer or out of range | []");
    }
}
