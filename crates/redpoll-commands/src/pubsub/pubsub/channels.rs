//! `PUBSUB CHANNELS [pattern]` and `PUBSUB SHARDCHANNELS [pattern]`: the channels with subscribers.

use crate::prelude::*;
use redpoll_engine::pubsub::Kind;

pub(super) const CHANNELS: Command = Command {
    spec: Spec {
        name: "channels",
        arity: -2,
        flags: Flags::PUBSUB.with(Flags::LOADING).with(Flags::STALE),
        group: Group::PubSub,
        since: "2.8.0",
        summary: "Lists the channels that somebody has subscribed to.",
        args: &[Arg::pattern("pattern").optional()],
        complexity: "O(N), N being the channels",
        ..Spec::EMPTY
    },
    run: |ctx, args| list(ctx, args, Kind::Channel),
};

pub(super) const SHARDCHANNELS: Command = Command {
    spec: Spec {
        name: "shardchannels",
        arity: -2,
        flags: Flags::PUBSUB.with(Flags::LOADING).with(Flags::STALE),
        group: Group::PubSub,
        since: "7.0.0",
        summary: "Lists the shard channels that somebody has subscribed to.",
        args: &[Arg::pattern("pattern").optional()],
        complexity: "O(N), N being the shard channels",
        ..Spec::EMPTY
    },
    run: |ctx, args| list(ctx, args, Kind::Shard),
};

fn list(ctx: &mut Ctx<'_>, args: Args<'_>, kind: Kind) -> Result {
    if args.len() > 3 {
        return Err(parse::bad_subcommand(args));
    }
    let names = ctx.engine.pubsub.names(kind, args.get(2));
    ctx.reply.array(names.len());
    names.iter().for_each(|name| ctx.reply.bulk(name));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    #[test]
    fn lists_what_is_alive() {
        let mut server = TestServer::new();
        let (mut subscriber, mut other) = (server.client(), server.client());
        assert_eq!(server.run(&mut other, "PUBSUB CHANNELS"), "[]");
        server.run(&mut subscriber, "SUBSCRIBE ab");
        server.run(&mut subscriber, "SUBSCRIBE ac");
        server.run(&mut subscriber, "PSUBSCRIBE p*");
        server.run(&mut subscriber, "SSUBSCRIBE s");
        let all = server.run(&mut other, "PUBSUB CHANNELS");
        assert!(all == "[ab ac]" || all == "[ac ab]", "{all}");
        assert_eq!(server.run(&mut other, "PUBSUB CHANNELS *b"), "[ab]");
        assert_eq!(server.run(&mut other, "PUBSUB SHARDCHANNELS"), "[s]");
        assert_eq!(server.run(&mut other, "PUBSUB SHARDCHANNELS x*"), "[]");
        let text = server.run(&mut other, "PUBSUB channels a b");
        assert!(text.starts_with("ERR unknown subcommand or wrong number"), "{text}");
    }
}
