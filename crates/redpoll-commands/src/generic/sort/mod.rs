//! `SORT key [BY pattern] [LIMIT offset count] [GET pattern …] [ASC | DESC] [ALPHA] [STORE
//! destination]` and `SORT_RO`, which stores nothing.
//!
//! Elements are copied into one buffer, weights are read beside them, and numbers of elements are
//! sorted (`runs`). A plain SORT gives its lock back before it sorts. With BY or GET patterns the
//! keys to read follow from the elements, so all stripes are locked until the reply is written: the
//! command is one step, as in Redis.
//!
//! In the background, where many elements are sorted, nothing may stand still for that. There the
//! elements are those of one moment, and the keys that patterns lead to are read one by one. What
//! is stored then stands in the change log by its value.

mod elements;
mod gets;
mod lookup;
mod options;
mod order;
mod runs;
mod weights;

use crate::cost;
use crate::prelude::*;
use elements::Elements;
use lookup::Lookup;
use options::{By, Options};
use redpoll_engine::acl::check::Call;
use redpoll_engine::acl::patterns::Access;
use redpoll_engine::migration::dump;
use redpoll_engine::{Engine, Mode, acl};
use redpoll_keyspace::Owned;
use redpoll_keyspace::entry::Payload;
use redpoll_types::list::List;
use redpoll_types::value::Value;
use std::sync::Arc;

pub const SORT: Command = Command {
    spec: Spec {
        name: "sort",
        flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::MOVABLEKEYS),
        keys: &[KeySpec::at(1).ro().access(), KeySpec::after("STORE", -2).ow().update()],
        since: "1.0.0",
        summary: "Sorts a list, a set or a sorted set; returns or stores the result.",
        args: &[
            Arg::key("key", 0),
            BY,
            LIMIT,
            GET,
            ORDER,
            ALPHA,
            Arg::key("destination", 1).token("STORE").optional(),
        ],
        ..SPEC
    },
    run: |ctx, args| run(ctx, args, true),
};

pub const SORT_RO: Command = Command {
    spec: Spec {
        name: "sort_ro",
        flags: Flags::READONLY.with(Flags::MOVABLEKEYS),
        keys: &[KeySpec::at(1).ro().access()],
        since: "7.0.0",
        summary: "Sorts a list, a set or a sorted set and returns the result.",
        args: &[Arg::key("key", 0), BY, LIMIT, GET, ORDER, ALPHA],
        ..SPEC
    },
    run: |ctx, args| run(ctx, args, false),
};

const BY: Arg = Arg::pattern("by-pattern").shown_as("pattern").token("BY").optional();
const LIMIT: Arg =
    Arg::block("limit", &[Arg::integer("offset"), Arg::integer("count")]).token("LIMIT").optional();
const GET: Arg = Arg {
    optional: true,
    ..Arg::pattern("get-pattern").shown_as("pattern").token("GET").multiple_token()
};
const ORDER: Arg =
    Arg::one_of("order", &[Arg::flag("asc", "ASC"), Arg::flag("desc", "DESC")]).optional();
const ALPHA: Arg = Arg::flag("sorting", "ALPHA").optional();

const SPEC: Spec = Spec {
    arity: -2,
    acl: Acl::SET.with(Acl::SORTEDSET).with(Acl::LIST).with(Acl::DANGEROUS),
    locks: Locks::Own,
    cost: cost::FIRST_LOCKED,
    beyond: Some(|args| Options::parse(args, true).is_ok_and(|options| options.reads_keys())),
    group: Group::Generic,
    complexity: "O(N+M*log(M)) where N is the number of elements and M the number returned; O(N) \
                 if nothing is to be sorted.",
    ..Spec::EMPTY
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>, may_store: bool) -> Result {
    let key = args.at(1);
    let mut options = Options::parse(args, may_store)?;
    options.for_script = ctx.mode == Mode::Script;
    let reads_keys = options.reads_keys();
    check_patterns(ctx, args, &options)?;
    options.in_pieces = reads_keys && matches!(ctx.mode, Mode::Background { .. });
    match options.store {
        _ if options.in_pieces => ctx.keys.lock_key(key),
        _ if reads_keys => ctx.keys.lock_all(),
        Some(target) => ctx.keys.lock_keys([key, target].into_iter()),
        None => ctx.keys.lock_key(key),
    }
    if options.store.is_some() && !options.in_pieces {
        ctx.may_still_write()?;
    }
    options.unlocks = options.in_pieces || (!reads_keys && options.store.is_none());
    let elements = Arc::new(Elements::read(&mut ctx.keys, key, &options)?);
    let engine = aside(ctx);
    let order = order::order(&mut ctx.keys, &elements, &options, engine)?;
    match options.store {
        Some(target) => store(ctx, target, &elements, &order, &options)?,
        None => reply(ctx, &elements, &order, &options),
    }
    Ok(())
}

/// Which keys BY and GET read follows from the data, so that only users who may read any key may
/// have them read.
fn check_patterns(ctx: &Ctx<'_>, args: Args<'_>, options: &Options<'_>) -> Result {
    let by = matches!(options.by, By::Key(_));
    if !by && options.gets.is_empty() {
        return Ok(());
    }
    let command = if args.is(0, "sort_ro") { &SORT_RO } else { &SORT };
    let Some(id) = ctx.engine.commands.find_original(command.spec.name.as_bytes()) else {
        return Ok(());
    };
    let call = Call { command, id, args, db: ctx.keys.db() };
    let user = ctx.engine.user_of(ctx.session);
    if acl::check::check_with_any_key(&user, call, Access::READ) {
        return Ok(());
    }
    let option = if by { "BY" } else { "GET" };
    Err(Error::text(format!(
        "ERR {option} option of SORT denied due to insufficient ACL permissions."
    )))
}

fn reply(ctx: &mut Ctx<'_>, elements: &Arc<Elements>, order: &[u32], options: &Options<'_>) {
    let engine = aside(ctx);
    let Ctx { keys, reply, .. } = ctx;
    reply.array(order.len() * options.gets.len().max(1));
    if options.gets.is_empty() {
        if options.unlocks {
            keys.unlock_walk();
        }
        for &index in order {
            reply.bulk(elements.get(index));
            reply.flow();
        }
        return;
    }
    gets::each(keys, elements, order, options, engine, |value| {
        reply.bulk_or_null(value);
        reply.flow();
    });
}

/// The engine, where idle threads may help.
fn aside<'a>(ctx: &Ctx<'a>) -> Option<&'a Arc<Engine>> {
    matches!(ctx.mode, Mode::Background { .. }).then_some(ctx.engine)
}

fn store(
    ctx: &mut Ctx<'_>,
    target: &[u8],
    elements: &Arc<Elements>,
    order: &[u32],
    options: &Options<'_>,
) -> Result {
    let mut list = List::new();
    let engine = aside(ctx);
    match options.gets.is_empty() {
        true => order.iter().for_each(|&index| list.push_back(elements.get(index), ctx.limits)),
        false => gets::each(&mut ctx.keys, elements, order, options, engine, |value| {
            list.push_back(value.unwrap_or_default(), ctx.limits);
        }),
    }
    let (len, value) = (list.len(), Value::List(list));
    let dumped = options.in_pieces.then(|| dump(Payload::Value(&value), false));
    if options.in_pieces {
        ctx.lock_to_write(target)?;
    }
    if len > 0 {
        ctx.keys.put(target, Owned::Value(value), None);
        ctx.wrote(target, Class::List, "sortstore", len as u64);
        if let Some(dumped) = dumped {
            ctx.log_as([&b"RESTORE"[..], target, b"0", &dumped, b"REPLACE"]);
        }
    } else if ctx.keys.delete(target) {
        ctx.wrote(target, Class::Generic, "del", 1);
        if options.in_pieces {
            ctx.log_as([&b"DEL"[..], target]);
        }
    }
    ctx.reply.count(len);
    Ok(())
}

#[cfg(test)]
mod tests;
