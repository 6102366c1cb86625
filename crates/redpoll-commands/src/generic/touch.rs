//! `TOUCH key [key …]`: count the keys that are there, as uses of them.

use crate::prelude::*;

pub const TOUCH: Command = Command {
    spec: Spec {
        name: "touch",
        arity: -2,
        flags: Flags::READONLY.with(Flags::FAST),
        keys: &[KeySpec::range(1, -1, 1).ro()],
        group: Group::Generic,
        since: "3.2.1",
        summary: "Counts the keys that are there and moves their access clocks.",
        complexity: "O(N) where N is the number of keys.",
        args: &[Arg::key("key", 0).multiple()],
        tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let found = args.iter_from(1).filter(|key| ctx.keys.exists(key)).count();
    ctx.reply.count(found);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn counts() {
        check("MSET a 1 b 2 | TOUCH a b c a", "OK | 3");
    }

    #[test]
    fn moves_the_access_clock() {
        let mut server = TestServer::new();
        let mut client = server.client();
        server.run(&mut client, "MSET a 1 b 2");
        server.now += 50_000;
        assert_eq!(server.run(&mut client, "TOUCH a"), "1");
        assert_eq!(server.run(&mut client, "OBJECT IDLETIME a"), "0");
        assert_eq!(server.run(&mut client, "EXISTS b"), "1");
        assert_eq!(server.run(&mut client, "OBJECT IDLETIME b"), "50");
    }
}
