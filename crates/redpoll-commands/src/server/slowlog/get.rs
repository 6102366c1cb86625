//! `SLOWLOG GET [count]`: the newest entries.

use crate::prelude::*;
use redpoll_engine::slowlog::SlowEntry;
use redpoll_resp::Reply;

/// Entries that are shown unless a count is given.
const DEFAULT_COUNT: usize = 10;

pub(super) const GET: Command = Command {
    spec: Spec {
        name: "get",
        history: &[("4.0.0", "Tells the client's address and name.")],
        arity: -2,
        flags: Flags::ADMIN.with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "2.2.12",
        summary: "Returns the newest entries of the slow log.",
        args: &[Arg::integer("count").optional()],
        tips: &["request_policy:all_nodes", "nondeterministic_output"],
        complexity: "O(N), N being the entries",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    if args.len() > 3 {
        return Err(parse::bad_subcommand(args));
    }
    let count = args.get(2).map_or(Ok(DEFAULT_COUNT), read_count)?;
    write_all(&mut ctx.reply, &ctx.engine.slowlog.newest(count));
    Ok(())
}

/// Answers entries of a log, as COMMANDLOG does too.
pub(in crate::server) fn write_all(reply: &mut Reply<'_>, entries: &[SlowEntry]) {
    reply.array(entries.len());
    entries.iter().for_each(|entry| write(reply, entry));
}

/// How many entries are asked for; -1 means all.
pub(in crate::server) fn read_count(word: &[u8]) -> Result<usize> {
    match parse::int(word) {
        Ok(-1) => Ok(usize::MAX),
        Ok(count @ 0..) => Ok(usize::try_from(count).unwrap_or(usize::MAX)),
        _ => Err(Error::text("ERR count should be greater than or equal to -1")),
    }
}

fn write(reply: &mut Reply<'_>, entry: &SlowEntry) {
    reply.array(6);
    reply.int(entry.id as i64);
    reply.int(entry.time);
    reply.int(i64::try_from(entry.amount).unwrap_or(i64::MAX));
    reply.array(entry.words.len());
    entry.words.iter().for_each(|word| reply.bulk(word));
    reply.bulk(entry.address.as_bytes());
    reply.bulk(entry.name.as_bytes());
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};
    use redpoll_engine::slowlog::SlowEntry;

    fn entry(number: usize) -> SlowEntry {
        SlowEntry {
            id: 0,
            time: 100 + number as i64,
            amount: 7,
            words: vec![b"get".to_vec(), number.to_string().into_bytes()],
            address: "here:1".to_owned(),
            name: "me".to_owned(),
        }
    }

    #[test]
    fn newest_first() {
        let mut server = TestServer::new();
        let mut session = server.client();
        // Not even a command that a busy machine has held up is to be in it.
        server.run(&mut session, "CONFIG SET slowlog-log-slower-than -1");
        assert_eq!(server.run(&mut session, "SLOWLOG GET"), "[]");
        (0..12).for_each(|number| server.engine.slowlog.add(entry(number), 128));
        let two = server.run(&mut session, "SLOWLOG GET 2");
        assert_eq!(two, "[[11 111 7 [get 11] here:1 me] [10 110 7 [get 10] here:1 me]]");
        let count = |text: String| text.matches("here:1").count();
        assert_eq!(count(server.run(&mut session, "SLOWLOG GET")), 10);
        assert_eq!(count(server.run(&mut session, "SLOWLOG GET -1")), 12);
        assert_eq!(count(server.run(&mut session, "SLOWLOG GET 0")), 0);
        assert_eq!(server.run(&mut session, "SLOWLOG LEN"), "12");
        assert_eq!(server.run(&mut session, "SLOWLOG RESET"), "OK");
        assert_eq!(server.run(&mut session, "SLOWLOG LEN"), "0");
    }

    #[test]
    fn logs_what_is_slow_enough() {
        check("CONFIG SET slowlog-log-slower-than 0 | ECHO a | SLOWLOG LEN", "OK | a | 2");
        // The command that sets the threshold is measured by the new one.
        check(
            "CONFIG SET slowlog-log-slower-than 0 | SLOWLOG RESET | CONFIG SET \
               slowlog-log-slower-than -1 | SLOWLOG LEN",
            "OK | OK | OK | 1",
        );
        check("CONFIG SET slowlog-log-slower-than -1 | ECHO a | SLOWLOG LEN", "OK | a | 0");
    }

    #[test]
    fn refusals() {
        let text = "ERR count should be greater than or equal to -1";
        check("SLOWLOG GET x | SLOWLOG GET -2", &format!("{text} | {text}"));
    }
}
