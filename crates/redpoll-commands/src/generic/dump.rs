//! `DUMP key`: the value in Redis's RDB format, for RESTORE.

use crate::cost;
use crate::prelude::*;
use redpoll_engine::migration::dump;

pub const DUMP: Command = Command {
    spec: Spec {
        name: "dump",
        cost: cost::DUMPED,
        arity: 2,
        flags: Flags::READONLY,
        keys: &[KeySpec::at(1).ro().access()],
        group: Group::Generic,
        since: "2.6.0",
        summary: "Returns the value of a key in serialized form.",
        complexity: "O(N) where N is the size of the value",
        args: &[Arg::key("key", 0)],
        tips: &["nondeterministic_output"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let compress = ctx.engine.config.rdbcompression();
    let Some(entry) = ctx.keys.read_entry(args.at(1)) else {
        ctx.reply.null();
        return Ok(());
    };
    ctx.reply.bulk(&dump(entry.payload(), compress));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn is_what_redis_dumps() {
        let mut server = TestServer::new();
        let mut session = server.client();
        server.run(&mut session, "SET a 10");
        let reply = server.raw(&mut session, "DUMP a");
        assert_eq!(reply, b"$13\r\n\x00\xc0\n\n\x00n\x9fWE\x0e\xaec\xbb\r\n");
        check("DUMP a", "nil");
    }
}
