//! `BLMOVE source destination LEFT|RIGHT LEFT|RIGHT timeout`, `BRPOPLPUSH source destination
//! timeout`: move an element, or wait for one.

use super::ends::{KEYS, SIDES, move_one, side};
use crate::prelude::*;
use redpoll_engine::block::BlockRequest;
use redpoll_types::list::End;
use redpoll_types::value::Type;

pub const BLMOVE: Command = Command {
    spec: Spec {
        name: "blmove",
        arity: 6,
        flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::BLOCKING),
        keys: KEYS,
        group: Group::List,
        since: "6.2.0",
        summary: "Moves an element from an end of a list to an end of a list, or waits for one.",
        args: &[
            Arg::key("source", 0),
            Arg::key("destination", 1),
            Arg::one_of("wherefrom", SIDES),
            Arg::one_of("whereto", SIDES),
            Arg::double("timeout"),
        ],
        ..Spec::EMPTY
    },
    run: |ctx, args| {
        let (from, to) = (side(args.at(3))?, side(args.at(4))?);
        go(ctx, args, (from, to), parse::timeout(args.at(5), ctx.keys.now())?)
    },
};

pub const BRPOPLPUSH: Command = Command {
    spec: Spec {
        name: "brpoplpush",
        history: &[("6.0.0", "The timeout may have a fraction.")],
        arity: 4,
        flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::BLOCKING),
        keys: KEYS,
        group: Group::List,
        since: "2.2.0",
        summary: "Moves the last element of a list to the front of a list, or waits for one.",
        args: &[Arg::key("source", 0), Arg::key("destination", 1), Arg::double("timeout")],
        deprecated: Some(("6.2.0", "`BLMOVE` with the `RIGHT` and `LEFT` arguments")),
        ..Spec::EMPTY
    },
    run: |ctx, args| {
        let timeout_ms = parse::timeout(args.at(3), ctx.keys.now())?;
        go(ctx, args, (End::Back, End::Front), timeout_ms)
    },
};

fn go(
    ctx: &mut Ctx<'_>,
    args: Args<'_>,
    (from, to): (End, End),
    timeout_ms: Option<i64>,
) -> Result {
    let (source, target) = (args.at(1), args.at(2));
    if move_one(ctx, (source, from), (target, to))? {
        // The same without the timeout.
        let name: &[u8] = if args.len() == 6 { b"LMOVE" } else { b"RPOPLPUSH" };
        ctx.log_as([name].into_iter().chain(args.iter_from(1).take(args.len() - 2)));
    } else if ctx.may_block() {
        // Redis answers a list's wait with the absent array, even where a value is asked for.
        ctx.block(BlockRequest::for_keys(vec![source.into()], timeout_ms, Type::List));
    } else {
        ctx.reply.null();
    }
    Ok(())
}
