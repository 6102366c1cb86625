//! `CONFIG RESETSTAT`: set the counters back to 0.

use crate::prelude::*;

pub(super) const RESETSTAT: Command = Command {
    spec: Spec {
        name: "resetstat",
        arity: 2,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "2.0.0",
        summary: "Sets the counters that INFO shows back to 0.",
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    ctx.engine.background.counts.reset();
    ctx.engine.search.counters.reset();
    ctx.engine.stats.reset();
    ctx.engine.excess.reset();
    ctx.engine.replication.reset_counts();
    ctx.engine.users.log.reset_counts();
    ctx.engine.keyspace.reset_lazy_freed();
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;
    use std::sync::atomic::Ordering::Relaxed;

    #[test]
    fn counters_start_again() {
        let mut server = TestServer::new();
        let mut session = server.client();
        server.run(&mut session, "GET k");
        server.run(&mut session, "NOPE");
        assert_eq!(server.engine.stats.sum(|thread| &thread.misses), 1);
        let syncs = &server.engine.replication.syncs;
        syncs.iter().for_each(|count| count.store(1, Relaxed));
        server.run(&mut session, "CONFIG RESETSTAT");
        assert_eq!(server.engine.stats.sum(|thread| &thread.misses), 0);
        assert_eq!(server.engine.stats.errors(), []);
        let syncs = &server.engine.replication.syncs;
        assert!(syncs.iter().all(|count| count.load(Relaxed) == 0));
    }
}
