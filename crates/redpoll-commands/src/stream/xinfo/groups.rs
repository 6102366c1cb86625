//! `XINFO GROUPS key`.

use super::super::entries;
use crate::prelude::*;
use redpoll_types::stream::Stream;

pub(super) const GROUPS: Command = Command {
    spec: Spec {
        name: "groups",
        arity: 3,
        summary: "Shows the groups of a stream.",
        complexity: "O(N) where N is the number of groups.",
        args: &[Arg::key("key", 0)],
        ..super::SHARED
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let stream = ctx.keys.read::<Stream>(args.at(2))?.ok_or(Error::NoSuchKey)?;
    let reply = &mut ctx.reply;
    reply.array(stream.group_count());
    for (name, group) in stream.groups() {
        reply.map(6);
        reply.bulk(b"name");
        reply.bulk(name);
        reply.bulk(b"consumers");
        reply.count(group.consumer_count());
        reply.bulk(b"pending");
        reply.count(group.pending_count() as usize);
        reply.bulk(b"last-delivered-id");
        entries::id(reply, group.last_delivered());
        reply.bulk(b"entries-read");
        super::number_or_null(reply, group.entries_read());
        reply.bulk(b"lag");
        super::number_or_null(reply, stream.lag(group));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn shows_groups() {
        check(
            "XADD s 1 f v | XADD s 2 f v | XINFO GROUPS s | XGROUP CREATE s g 0 | \
             XREADGROUP GROUP g c COUNT 1 STREAMS s > | XINFO GROUPS s | XINFO GROUPS t",
            "1-0 | 2-0 | [] | OK | [[s [[1-0 [f v]]]]] | [[name g consumers 1 pending 1 \
             last-delivered-id 1-0 entries-read 1 lag 1]] | ERR no such key",
        );
    }

    /// What `entries-read` and `lag` are after some commands on a stream of ids 1 to 5.
    #[track_caller]
    fn lag(commands: &str, expected: &str) {
        let mut server = TestServer::new();
        let mut client = server.client();
        for id in 1..=5 {
            server.run(&mut client, &format!("XADD s {id} f v"));
        }
        for command in commands.split(" | ") {
            server.run(&mut client, command);
        }
        let info = server.run(&mut client, "XINFO GROUPS s");
        let (_, lag) = info.split_once("entries-read ").expect("a group");
        assert_eq!(lag.trim_end_matches(']'), expected, "{commands}");
    }

    #[test]
    fn lag_is_known_or_not() {
        const READ: &str = "XREADGROUP GROUP g c COUNT 2 STREAMS s >";
        lag("XGROUP CREATE s g 0", "nil lag 5");
        lag("XGROUP CREATE s g $", "nil lag 0");
        lag("XGROUP CREATE s g 2", "nil lag nil");
        lag("XGROUP CREATE s g 1", "nil lag 4");
        lag(&format!("XGROUP CREATE s g 0 | {READ}"), "2 lag 3");
        lag(&format!("XGROUP CREATE s g 0 | {READ} | XDEL s 2"), "2 lag nil");
        lag(&format!("XGROUP CREATE s g 0 | {READ} | XDEL s 1"), "2 lag 3");
        lag(&format!("XGROUP CREATE s g 0 | {READ} | XDEL s 4"), "2 lag nil");
        lag(&format!("XGROUP CREATE s g 0 | {READ} | XTRIM s MAXLEN 1"), "2 lag 1");
        lag(&format!("XGROUP CREATE s g 0 | XTRIM s MAXLEN 3 | {READ}"), "4 lag 1");
        lag("XGROUP CREATE s g 0 | XTRIM s MAXLEN 0", "nil lag 0");
        lag("XGROUP CREATE s g 0 ENTRIESREAD 3", "3 lag 5");
    }
}
