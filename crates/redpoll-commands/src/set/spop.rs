//! `SPOP key [count]`.

use crate::answer;
use crate::cost;
use crate::prelude::*;
use redpoll_config::Config;
use redpoll_types::set::Set;

pub const SPOP: Command = Command {
    spec: Spec {
        name: "spop",
        cost: cost::TAKEN,
        history: &[("3.2.0", "The count.")],
        arity: -2,
        flags: Flags::WRITE.with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().access().delete()],
        group: Group::Set,
        since: "1.0.0",
        summary: "Removes and returns members of a set that are chosen at random.",
        complexity: "O(1) without a count, otherwise O(N) where N is the count.",
        args: &[Arg::key("key", 0), Arg::integer("count").since("3.2.0").optional()],
        tips: &["nondeterministic_output"],
        ..Spec::EMPTY
    },
    run,
};

/// Members that go into one SREM of the change log.
const LOG_BATCH: usize = 1024;

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    match args.len() {
        2 => pop_one(ctx, args.at(1)),
        3 => pop_many(ctx, args.at(1), parse::count(args.at(2))?),
        _ => Err(Error::Syntax),
    }
}

fn pop_one(ctx: &mut Ctx<'_>, key: &[u8]) -> Result {
    let set = ctx.keys.write::<Set>(key)?;
    let Some((set, member)) = set.and_then(|set| set.pop(ctx.rng).map(|member| (set, member)))
    else {
        ctx.reply.null();
        return Ok(());
    };
    let emptied = set.is_empty();
    ctx.reply.bulk(&member);
    ctx.log_as([b"SREM", key, &member]);
    ctx.wrote(key, Class::Set, "spop", 1);
    if emptied {
        ctx.keys.drop_if_empty(key);
    }
    Ok(())
}

fn pop_many(ctx: &mut Ctx<'_>, key: &[u8], count: usize) -> Result {
    let set = ctx.keys.write::<Set>(key)?;
    let Some(set) = set.filter(|_| count > 0) else {
        ctx.reply.set(0);
        return Ok(());
    };
    let len = set.len();
    if count >= len {
        ctx.reply.set(len);
        set.iter().for_each(|member| answer::element(&mut ctx.reply, member));
        ctx.log_removal(key, Config::lazyfree_lazy_server_del);
        ctx.wrote(key, Class::Set, "spop", len as u64);
        ctx.keys.delete(key);
        ctx.wrote(key, Class::Generic, "del", 0);
        return Ok(());
    }
    let members = set.pop_many(count, ctx.rng);
    ctx.reply.set(members.len());
    members.iter().for_each(|member| ctx.reply.bulk(member));
    for batch in members.chunks(LOG_BATCH) {
        let words = [&b"SREM"[..], key].into_iter();
        ctx.log_as(words.chain(batch.iter().map(Vec::as_slice)));
    }
    ctx.wrote(key, Class::Set, "spop", members.len() as u64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events, check_log, raw3};

    #[test]
    fn pops_one() {
        check("SADD s a | SPOP s | SPOP s | SCARD s", "1 | a | nil | 0");
        check("SADD s 5 | SPOP s", "1 | 5");
        check("SADD s a b c | SPOP s | SCARD s", "3 | b | 2");
    }

    #[test]
    fn pops_several() {
        check("SADD s a b c | SPOP s 0 | SPOP s 5 | SCARD s", "3 | [] | [a b c] | 0");
        check("SADD s 1 2 3 | SPOP s 3 | SPOP s 3 | SPOP none 1", "3 | [1 2 3] | [] | []");
        check("SADD s a b c | SPOP s 2 | SCARD s", "3 | [b a] | 1");
        assert_eq!(raw3("SADD s a | SPOP s 1 | SPOP s 1"), ":1\r\n~1\r\n$1\r\na\r\n~0\r\n");
    }

    #[test]
    fn refuses() {
        const RANGE: &str = "ERR value is out of range, must be positive";
        const WRONG: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";
        check(
            "SPOP s -1 | SPOP s x | SPOP s 1 2",
            &format!(
                "{RANGE} | {RANGE} | \
               ERR syntax error"
            ),
        );
        check("SET t v | SPOP t | SPOP t 0", &format!("OK | {WRONG} | {WRONG}"));
    }

    #[test]
    fn replicas_free_as_the_directive_says() {
        check_log(
            "SADD s a | SPOP s 2 | CONFIG SET lazyfree-lazy-server-del yes | SADD s a | SPOP s 2",
            "SELECT 0 | SADD s a | DEL s | SADD s a | UNLINK s",
        );
    }

    #[test]
    fn tells_what_it_did() {
        check_events("SADD s a b | SPOP s | SPOP s", "new s, sadd s, spop s, spop s, del s", 4);
        check_events(
            "SADD s a b c | SPOP s 0 | SPOP s 2 | SPOP s 2",
            "new s, sadd s, spop s, spop s, del s",
            6,
        );
    }
}
