//! `PUBSUB NUMSUB [channel ...]` and `PUBSUB SHARDNUMSUB [channel ...]`: how many have subscribed.

use crate::prelude::*;
use redpoll_engine::pubsub::Kind;

pub(super) const NUMSUB: Command = Command {
    spec: Spec {
        name: "numsub",
        arity: -2,
        flags: Flags::PUBSUB.with(Flags::LOADING).with(Flags::STALE),
        group: Group::PubSub,
        since: "2.8.0",
        summary: "Counts the subscribers of channels.",
        args: &[Arg::string("channel").optional().multiple()],
        complexity: "O(N), N being the channels",
        ..Spec::EMPTY
    },
    run: |ctx, args| count(ctx, args, Kind::Channel),
};

pub(super) const SHARDNUMSUB: Command = Command {
    spec: Spec {
        name: "shardnumsub",
        arity: -2,
        flags: Flags::PUBSUB.with(Flags::LOADING).with(Flags::STALE),
        group: Group::PubSub,
        since: "7.0.0",
        summary: "Counts the subscribers of shard channels.",
        args: &[Arg::string("shardchannel").optional().multiple()],
        complexity: "O(N), N being the shard channels",
        ..Spec::EMPTY
    },
    run: |ctx, args| count(ctx, args, Kind::Shard),
};

fn count(ctx: &mut Ctx<'_>, args: Args<'_>, kind: Kind) -> Result {
    ctx.reply.array(2 * (args.len() - 2));
    for name in args.iter_from(2) {
        ctx.reply.bulk(name);
        ctx.reply.count(ctx.engine.pubsub.receiver_count(kind, name));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    #[test]
    fn counts_subscribers() {
        let mut server = TestServer::new();
        let (mut first, mut second) = (server.client(), server.client());
        server.run(&mut first, "SUBSCRIBE a b");
        server.run(&mut first, "SSUBSCRIBE a");
        server.run(&mut first, "PSUBSCRIBE *");
        assert_eq!(server.run(&mut second, "PUBSUB NUMSUB"), "[]");
        assert_eq!(server.run(&mut second, "PUBSUB NUMSUB a c"), "[a 1 c 0]");
        assert_eq!(server.run(&mut second, "PUBSUB SHARDNUMSUB a b"), "[a 1 b 0]");
    }
}
