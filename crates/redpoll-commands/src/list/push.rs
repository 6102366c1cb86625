//! `LPUSH key element...`, `RPUSH`, `LPUSHX`, `RPUSHX`: add elements at an end.

use super::ends::push_event;
use crate::prelude::*;
use redpoll_types::list::{End, List};

pub const LPUSH: Command = Command {
    spec: Spec {
        name: "lpush",
        history: &[("2.4.0", "Takes several elements.")],
        since: "1.0.0",
        summary: "Adds elements at the front of a list, which is made if need be.",
        ..SHARED
    },
    run: |ctx, args| push(ctx, args, End::Front),
};

pub const RPUSH: Command = Command {
    spec: Spec {
        name: "rpush",
        history: &[("2.4.0", "Takes several elements.")],
        since: "1.0.0",
        summary: "Adds elements at the end of a list, which is made if need be.",
        ..SHARED
    },
    run: |ctx, args| push(ctx, args, End::Back),
};

pub const LPUSHX: Command = Command {
    spec: Spec {
        name: "lpushx",
        history: &[("4.0.0", "Takes several elements.")],
        since: "2.2.0",
        summary: "Adds elements at the front of a list, if there is one.",
        ..SHARED
    },
    run: |ctx, args| push_to_present(ctx, args, End::Front),
};

pub const RPUSHX: Command = Command {
    spec: Spec {
        name: "rpushx",
        history: &[("4.0.0", "Takes several elements.")],
        since: "2.2.0",
        summary: "Adds elements at the end of a list, if there is one.",
        ..SHARED
    },
    run: |ctx, args| push_to_present(ctx, args, End::Back),
};

/// What the commands here have in common.
const SHARED: Spec = Spec {
    arity: -3,
    flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::FAST),
    keys: &[KeySpec::at(1).rw().insert()],
    group: Group::List,
    complexity: "O(N) for N elements to add.",
    args: &[Arg::key("key", 0), Arg::string("element").multiple()],
    ..Spec::EMPTY
};

fn push(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Result {
    let list = ctx.keys.write_or_new::<List>(args.at(1))?;
    let elements = args.iter_from(2);
    let count = args.len() - 2;
    if count > 1 {
        list.expect(count, elements.clone().map(<[u8]>::len).sum(), ctx.limits);
    }
    elements.for_each(|element| list.push(end, element, ctx.limits));
    let len = list.len();
    ctx.wrote(args.at(1), Class::List, push_event(end), count as u64);
    ctx.reply.count(len);
    Ok(())
}

fn push_to_present(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Result {
    if ctx.keys.write::<List>(args.at(1))?.is_none() {
        ctx.reply.int(0);
        return Ok(());
    }
    push(ctx, args, end)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn at_both_ends() {
        check("RPUSH l a b | LPUSH l c d | LRANGE l 0 -1", "2 | 4 | [d c a b]");
        check("RPUSHX l a | LPUSHX l a | LLEN l", "0 | 0 | 0");
        check("RPUSH l a | RPUSHX l b c | LPUSHX l d | LRANGE l 0 -1", "1 | 3 | 4 | [d a b c]");
    }

    #[test]
    fn refuses() {
        let wrong = "WRONGTYPE Operation against a key holding the wrong kind of value";
        check("SET t v | LPUSH t a | RPUSHX t a", &format!("OK | {wrong} | {wrong}"));
        check("LPUSH l", "ERR wrong number of arguments for 'lpush' command");
    }

    #[test]
    fn counts_elements() {
        check_events("RPUSH l a b | LPUSH l c | LPUSHX none c", "new l, rpush l, lpush l", 3);
    }
}
