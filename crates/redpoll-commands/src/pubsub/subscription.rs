//! Subscribing and taking it back: what the six commands share.

use crate::prelude::*;
use redpoll_engine::pubsub::Kind;
use redpoll_engine::session::{ReplyMode, Subscriptions};
use redpoll_resp::Reply;
use std::collections::BTreeSet;

/// Subscribes the client and confirms each name.
pub(super) fn subscribe(ctx: &mut Ctx<'_>, kind: Kind, args: Args<'_>) {
    for name in args.iter_from(1) {
        if names(&mut ctx.session.subscriptions, kind).insert(name.into()) {
            ctx.session.client.keeps(name);
            ctx.engine.pubsub.subscribe(kind, name, &ctx.session.client);
        }
        confirm(ctx, kind, verbs(kind).0, Some(name));
    }
    ctx.engine.recheck_subscriptions(ctx.session, kind, args.iter_from(1));
}

/// Takes the named subscriptions back, or all of the kind, and confirms each; one confirmation
/// comes in any case.
pub(super) fn unsubscribe(ctx: &mut Ctx<'_>, kind: Kind, args: Args<'_>) {
    if args.len() > 1 {
        return args.iter_from(1).for_each(|name| unsubscribe_one(ctx, kind, name));
    }
    let all: Vec<_> = names(&mut ctx.session.subscriptions, kind).iter().cloned().collect();
    if all.is_empty() {
        confirm(ctx, kind, verbs(kind).1, None);
    }
    all.iter().for_each(|name| unsubscribe_one(ctx, kind, name));
}

fn unsubscribe_one(ctx: &mut Ctx<'_>, kind: Kind, name: &[u8]) {
    if names(&mut ctx.session.subscriptions, kind).remove(name) {
        ctx.session.client.drops(name);
        ctx.engine.pubsub.unsubscribe(kind, name, ctx.session.client.id);
    }
    confirm(ctx, kind, verbs(kind).1, Some(name));
}

fn names(all: &mut Subscriptions, kind: Kind) -> &mut BTreeSet<Box<[u8]>> {
    match kind {
        Kind::Channel => &mut all.channels,
        Kind::Pattern => &mut all.patterns,
        Kind::Shard => &mut all.shard_channels,
    }
}

fn verbs(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Channel => ("subscribe", "unsubscribe"),
        Kind::Pattern => ("psubscribe", "punsubscribe"),
        Kind::Shard => ("ssubscribe", "sunsubscribe"),
    }
}

/// Shard channels are counted by themselves. A client that wants no replies is told all the same:
/// this is a message.
fn confirm(ctx: &mut Ctx<'_>, kind: Kind, verb: &str, name: Option<&[u8]>) {
    let all = &ctx.session.subscriptions;
    let count = if kind == Kind::Shard { all.shard_channels.len() } else { all.count() };
    let write = |reply: &mut Reply<'_>| {
        reply.push(3);
        reply.bulk(verb.as_bytes());
        reply.bulk_or_null(name);
        reply.count(count);
    };
    match ctx.session.reply_mode {
        ReplyMode::On => write(&mut ctx.reply),
        _ => write(&mut Reply::new(&mut ctx.session.pushes, ctx.session.proto)),
    }
}
