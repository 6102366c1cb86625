//! `LPOP key [count]`, `RPOP key [count]`: take elements off an end.

use super::ends::{pop_many, pop_one};
use crate::cost;
use crate::prelude::*;
use redpoll_types::list::End;

pub const LPOP: Command = Command {
    spec: Spec {
        name: "lpop",
        history: &[("6.2.0", "The count.")],
        summary: "Takes elements off the front of a list and returns them.",
        ..SHARED
    },
    run: |ctx, args| pop(ctx, args, End::Front),
};

pub const RPOP: Command = Command {
    spec: Spec {
        name: "rpop",
        history: &[("6.2.0", "The count.")],
        summary: "Takes elements off the end of a list and returns them.",
        ..SHARED
    },
    run: |ctx, args| pop(ctx, args, End::Back),
};

/// What the commands here have in common.
const SHARED: Spec = Spec {
    cost: cost::TAKEN,
    arity: -2,
    flags: Flags::WRITE.with(Flags::FAST),
    keys: &[KeySpec::at(1).rw().access().delete()],
    group: Group::List,
    since: "1.0.0",
    complexity: "O(N) for N elements to take off.",
    args: &[Arg::key("key", 0), Arg::integer("count").since("6.2.0").optional()],
    ..Spec::EMPTY
};

fn pop(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Result {
    if args.len() > 3 {
        return Err(Error::arity(if end == End::Front { "lpop" } else { "rpop" }));
    }
    let key = args.at(1);
    match args.get(2) {
        None => {
            if !pop_one(ctx, key, end, None)? {
                ctx.reply.null();
            }
        }
        Some(count) => {
            let count = parse::count(count)?;
            if pop_many(ctx, key, (end, count), None)?.is_none() {
                ctx.reply.null_array();
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check, check_events};

    #[test]
    fn one() {
        check("RPUSH l a 7 c | LPOP l | RPOP l | LPOP l | LPOP l", "3 | a | c | 7 | nil");
        check("RPUSH l a | LPOP l | SADD l free", "1 | a | 1");
    }

    #[test]
    fn several() {
        check(
            "RPUSH l a b c d e | LPOP l 2 | RPOP l 2 | LPOP l 0 | LPOP l 9 | LPOP l 1 | LPOP l 0",
            "5 | [a b] | [e d] | [] | [c] | nil | nil",
        );
        let mut server = TestServer::new();
        let mut client = server.client();
        for element in 0..5000 {
            server.run(&mut client, &format!("RPUSH l element-{element}"));
        }
        server.run(&mut client, "LPOP l 4000");
        assert_eq!(server.run(&mut client, "LINDEX l 0"), "element-4000");
        assert_eq!(server.run(&mut client, "RPOP l 2"), "[element-4999 element-4998]");
        server.run(&mut client, "RPOP l 2000");
        assert_eq!(server.run(&mut client, "LLEN l"), "0");
    }

    #[test]
    fn nothing_is_told_apart() {
        let mut server = TestServer::new();
        let mut client = server.client();
        assert_eq!(server.raw(&mut client, "LPOP l"), b"$-1\r\n");
        assert_eq!(server.raw(&mut client, "LPOP l 1"), b"*-1\r\n");
        assert_eq!(crate::testing::raw3("LPOP l | RPOP l 1"), "_\r\n_\r\n");
    }

    #[test]
    fn refuses() {
        check(
            "LPOP l 1 2 | RPOP l 1 2 | LPOP l x | RPOP l -1",
            "ERR wrong number of arguments for 'lpop' command | \
             ERR wrong number of arguments for 'rpop' command | \
             ERR value is out of range, must be positive | \
             ERR value is out of range, must be positive",
        );
        let wrong = "WRONGTYPE Operation against a key holding the wrong kind of value";
        check("SET t v | LPOP t | RPOP t 0", &format!("OK | {wrong} | {wrong}"));
    }

    #[test]
    fn raises_events() {
        check_events(
            "RPUSH l a b c d | LPOP l | RPOP l 2 | LPOP l 0 | LPOP l 5 | LPOP l",
            "new l, rpush l, lpop l, rpop l, lpop l, del l",
            8,
        );
    }
}
