//! `MEMORY MALLOC-STATS`: what the allocator tells of itself.

use crate::prelude::*;

pub(super) const MALLOC_STATS: Command = Command {
    spec: Spec {
        name: "malloc-stats",
        arity: 2,
        group: Group::Server,
        since: "4.0.0",
        summary: "Returns the figures of the allocator.",
        tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
        complexity: "O(1)",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let stats = redpoll_memory::allocator_stats();
    let text = format!(
        "jemalloc, in bytes\nallocated: {}\nactive:    {}\nresident:  {}\nmapped:    {}\n",
        stats.allocated, stats.active, stats.resident, stats.mapped
    );
    ctx.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    #[test]
    fn tells_four_figures() {
        let mut server = TestServer::new();
        let mut session = server.client();
        let text = server.run(&mut session, "MEMORY MALLOC-STATS");
        assert_eq!(text.lines().count(), 5, "{text}");
    }
}
