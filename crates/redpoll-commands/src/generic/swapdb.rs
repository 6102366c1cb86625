//! `SWAPDB index1 index2`: exchange two databases under the clients that have selected them.

use super::database::in_range;
use crate::prelude::*;
use redpoll_types::number::parse_i64;

pub const SWAPDB: Command = Command {
    spec: Spec {
        name: "swapdb",
        arity: 3,
        flags: Flags::WRITE.with(Flags::FAST),
        acl: Acl::KEYSPACE.with(Acl::DANGEROUS),
        locks: Locks::All,
        group: Group::Server,
        since: "4.0.0",
        summary: "Exchanges the contents of two databases.",
        complexity: "O(N) where N is the number of keys that clients watch or wait for.",
        args: &[Arg::integer("index1"), Arg::integer("index2")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let number = |word: &[u8]| parse_i64(word).and_then(|number| i32::try_from(number).ok());
    let one = number(args.at(1)).ok_or(Error::text("ERR invalid first DB index"))?;
    let other = number(args.at(2)).ok_or(Error::text("ERR invalid second DB index"))?;
    let (one, other) = (in_range(ctx, one)?, in_range(ctx, other)?);
    if one != other {
        ctx.keys.swap_databases(one, other);
    }
    ctx.keys.effects.dirty += 1;
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn exchanges() {
        check(
            "SET a 1 | SWAPDB 0 1 | EXISTS a | SWAPDB 1 0 | GET a | SWAPDB 0 0 | GET a",
            "OK | OK | 0 | OK | 1 | OK | 1",
        );
    }

    #[test]
    fn refuses_bad_numbers() {
        check(
            "SWAPDB x 1 | SWAPDB 1 x",
            "ERR invalid first DB index | ERR invalid second DB index",
        );
        check(
            "SWAPDB 0 16 | SWAPDB -1 0",
            "ERR DB index is out of range | ERR DB index is out of range",
        );
    }

    #[test]
    fn an_expired_key_serves_nobody_and_stays_until_it_is_asked_for() {
        let mut server = TestServer::new();
        let (mut waiting, mut other) = (server.client(), server.client());
        assert_eq!(server.run(&mut waiting, "BLPOP k 0"), "");
        for line in ["SELECT 1", "RPUSH k v", "PEXPIRE k 10"] {
            server.run(&mut other, line);
        }
        server.now += 20;
        let log = server.log();
        server.run(&mut other, "SWAPDB 0 1");
        assert_eq!(server.receive(&mut waiting), "");
        assert_eq!(log.commands(), ["SELECT 1", "SWAPDB 0 1"]);
        server.run(&mut other, "SELECT 0");
        assert_eq!(server.run(&mut other, "EXISTS k"), "0");
        assert_eq!(log.commands()[2..], ["SELECT 0", "DEL k"]);
    }

    #[test]
    fn tells_those_who_watch() {
        let mut server = TestServer::new();
        let mut client = server.client();
        server.run(&mut client, "SET a 1");
        server.run(&mut client, "WATCH a b");
        let mut other = server.client();
        server.run(&mut other, "SWAPDB 2 3");
        assert!(!client.watch_broken());
        server.run(&mut other, "SWAPDB 0 3");
        assert!(client.watch_broken());
    }
}
