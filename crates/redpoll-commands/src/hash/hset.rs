//! `HSET key field value [field value ...]`, and HMSET, which answers OK in place of a count.

use super::fields;
use crate::cost;
use crate::prelude::*;
use redpoll_types::hash::Ttl;

pub const HSET: Command = Command {
    spec: Spec {
        name: "hset",
        cost: cost::INDEXED,
        history: &[("4.0.0", "Takes several fields with their values.")],
        arity: -4,
        flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().update()],
        group: Group::Hash,
        since: "2.0.0",
        summary: "Sets fields of a hash, which is created if it is not there.",
        complexity: "O(1) for each field, so O(N) for N fields.",
        args: &[Arg::key("key", 0), DATA],
        ..Spec::EMPTY
    },
    run: hset,
};

pub const HMSET: Command = Command {
    spec: Spec {
        name: "hmset",
        cost: cost::INDEXED,
        arity: -4,
        flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().update()],
        group: Group::Hash,
        since: "2.0.0",
        summary: "Sets fields of a hash, which is created if it is not there.",
        complexity: "O(N) where N is the number of fields.",
        args: &[Arg::key("key", 0), DATA],
        deprecated: Some(("4.0.0", "`HSET` with multiple field-value pairs")),
        ..Spec::EMPTY
    },
    run: hmset,
};

const DATA: Arg = Arg::block("data", &[Arg::string("field"), Arg::string("value")]).multiple();

fn hset(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let created = set_all(ctx, args, "hset")?;
    ctx.reply.count(created);
    Ok(())
}

fn hmset(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    set_all(ctx, args, "hmset")?;
    ctx.reply.ok();
    Ok(())
}

/// Sets the fields and answers how many are new.
fn set_all(ctx: &mut Ctx<'_>, args: Args<'_>, name: &'static str) -> Result<usize> {
    if args.len() % 2 == 1 {
        return Err(Error::arity(name));
    }
    let (key, count) = (args.at(1), args.len() / 2 - 1);
    let (now, limits) = (fields::now(ctx), ctx.limits);
    let created = fields::change(ctx, key, |hash| {
        hash.expect(count, limits);
        let mut created = 0;
        for index in (2..args.len()).step_by(2) {
            let (field, value) = (args.at(index), args.at(index + 1));
            created += usize::from(hash.set(field, value, Ttl::Clear, now, limits));
        }
        Ok(created)
    })?;
    ctx.wrote_fields(key, "hset", count as u64, args.iter_from(2).step_by(2));
    Ok(created)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn sets() {
        check(
            "HSET h a 1 b 2 | HSET h a 3 c 4 | HGETALL h | HSET h \"\" \"\" | HGET h \"\"",
            "2 | 1 | [a 3 b 2 c 4] | 1 | \"\"",
        );
        check("HMSET h a 1 b 2 | HGET h b | HSET h d x d y | HGET h d", "OK | 2 | 1 | y");
    }

    #[test]
    fn refuses() {
        check(
            "HSET h a | HSET h a 1 b | HMSET h a 1 b",
            "ERR wrong number of arguments for 'hset' command | \
             ERR wrong number of arguments for 'hset' command | \
             ERR wrong number of arguments for 'hmset' command",
        );
        const WRONG: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";
        check("SET t v | HSET t a 1 | HMSET t a 1", &format!("OK | {WRONG} | {WRONG}"));
    }

    #[test]
    fn tells_what_it_did() {
        check_events("HSET h a 1 b 2 | HMSET h a 1", "new h, hset h, hset h", 3);
    }
}
