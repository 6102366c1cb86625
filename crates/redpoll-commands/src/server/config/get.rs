//! `CONFIG GET parameter ...`: the values of the parameters that match any of the patterns.

use crate::prelude::*;

pub(super) const GET: Command = Command {
    spec: Spec {
        name: "get",
        history: &[("7.0.0", "Takes several patterns.")],
        arity: -3,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "2.0.0",
        summary: "Returns the values of configuration parameters.",
        args: &[Arg::string("parameter").multiple()],
        complexity: "O(N), N being the patterns",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let patterns: Vec<&[u8]> = args.iter_from(2).collect();
    let found = ctx.engine.config.get(&patterns);
    ctx.reply.map(found.len());
    for (name, value) in found {
        ctx.reply.bulk(&name);
        ctx.reply.bulk(&value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn finds_by_name_and_pattern() {
        check("CONFIG GET maxmemory", "[maxmemory 0]");
        check("CONFIG GET MaxMemory nothing", "[MaxMemory 0]");
        check(
            "CONFIG GET hash-max-listpack-*",
            "[hash-max-listpack-entries 512 \
              hash-max-listpack-value 64]",
        );
        check("CONFIG GET nothing | CONFIG GET x*y", "[] | []");
        check("CONFIG GET", "ERR wrong number of arguments for 'config|get' command");
    }

    #[test]
    fn is_a_map_in_resp3() {
        let mut server = crate::testing::TestServer::new();
        let mut session = server.client();
        server.run(&mut session, "HELLO 3");
        assert_eq!(server.run(&mut session, "CONFIG GET timeout"), "{timeout 0}");
    }
}
