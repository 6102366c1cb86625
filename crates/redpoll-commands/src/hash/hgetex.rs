//! `HGETEX key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds
//! | PERSIST] FIELDS numfields field [field ...]`.

use super::times::{self, BAD_COUNT, Setting, Time};
use super::{fields, hpersist};
use crate::answer;
use crate::prelude::*;
use redpoll_types::hash::{Condition, Hash, Persisted};

pub const HGETEX: Command = Command {
    spec: Spec {
        name: "hgetex",
        arity: -5,
        flags: Flags::WRITE.with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().access().update()],
        group: Group::Hash,
        since: "8.0.0",
        summary: "Returns the values of fields of a hash and sets or removes their expiry.",
        complexity: "O(N) where N is the number of fields.",
        args: &[Arg::key("key", 0), EXPIRATION, hpersist::FIELDS],
        ..Spec::EMPTY
    },
    run,
};

const EXPIRATION: Arg = Arg::one_of(
    "expiration",
    &[
        Arg::integer("seconds").token("EX"),
        Arg::integer("milliseconds").token("PX"),
        Arg::unix_time("unix-time-seconds").token("EXAT"),
        Arg::unix_time("unix-time-milliseconds").token("PXAT"),
        Arg::flag("persist", "PERSIST"),
    ],
)
.optional();

/// What becomes of the fields' expiries.
#[derive(Clone, Copy)]
enum Change {
    None,
    Persist,
    At(u64),
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (key, now, logged) = (args.at(1), fields::now(ctx), ctx.keys.effects.logging);
    let hash = ctx.keys.write::<Hash>(key)?;
    let (change, first) = parse(args, now)?;
    let Some(hash) = hash else {
        ctx.reply.array(args.len() - first);
        args.iter_from(first).for_each(|_| ctx.reply.null());
        return Ok(());
    };
    let at = if let Change::At(at) = change { at } else { 0 };
    let mut setting = Setting::new(hash, at, Condition::Always, now, logged);
    let mut persisted = Vec::new();
    ctx.reply.array(args.len() - first);
    for field in args.iter_from(first) {
        answer::element_or_null(&mut ctx.reply, hash.get(field, now));
        match change {
            Change::None => {}
            Change::Persist if hash.persist(field, now) == Persisted::Removed => {
                persisted.push(field);
            }
            Change::Persist => {}
            Change::At(_) => drop(setting.apply(hash, field)),
        }
    }
    let emptied = hash.is_empty();
    match persisted.is_empty() {
        true => settle(ctx, key, &setting),
        false => settle_persisted(ctx, key, &persisted),
    }
    if emptied {
        ctx.keys.drop_if_empty(key);
    }
    Ok(())
}

/// What becomes of the expiries, and the index of the first field.
fn parse(args: Args<'_>, now: u64) -> Result<(Change, usize)> {
    let (change, fields) = match Time::option(args.at(2)) {
        Some(time) => (Change::At(time.parse(args.at(3), now, "hgetex")?), 4),
        None if args.is(2, "persist") => (Change::Persist, 3),
        None => (Change::None, 2),
    };
    Ok((change, times::named_fields(args, fields, BAD_COUNT)?))
}

fn settle(ctx: &mut Ctx<'_>, key: &[u8], setting: &Setting<'_>) {
    setting.log(ctx, key);
    let changes = (setting.set + setting.deleted) as u64;
    if changes > 0 {
        let event = if setting.set > 0 { "hexpire" } else { "hdel" };
        ctx.wrote(key, Class::Hash, event, changes);
    }
}

fn settle_persisted(ctx: &mut Ctx<'_>, key: &[u8], persisted: &[&[u8]]) {
    let count = persisted.len().to_string();
    let words = [b"HPERSIST", key, b"FIELDS", count.as_bytes()].into_iter();
    ctx.log_as(words.chain(persisted.iter().copied()));
    ctx.wrote(key, Class::Hash, "hpersist", persisted.len() as u64);
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn gets() {
        check(
            "HSET h a 1 b x | HGETEX h FIELDS 3 a z b | HTTL h FIELDS 2 a b | \
             HGETEX none FIELDS 2 a b",
            "2 | [1 nil x] | [-1 -1] | [nil nil]",
        );
    }

    #[test]
    fn sets_and_removes_expiries() {
        check(
            "HSET h a 1 b x | HGETEX h EX 10 FIELDS 2 a z | HPTTL h FIELDS 2 a b | \
             HGETEX h PX 500 FIELDS 1 b | HPTTL h FIELDS 1 b | \
             HGETEX h EXAT 1700000002 FIELDS 1 b | \
             HGETEX h PXAT 1700000003000 FIELDS 1 a | HPTTL h FIELDS 2 a b | \
             HGETEX h PERSIST FIELDS 2 a z | HTTL h FIELDS 2 a b | ~2001 | HKEYS h",
            "2 | [1 nil] | [10000 -1] | [x] | [500] | [x] | [1] | [3000 2000] | [1 nil] | \
             [-1 2] | ~ | \
             [a]",
        );
        check("HSET h a 1 | HGETEX h EX 0 FIELDS 1 a | HLEN h", "1 | [1] | 0");
    }

    #[test]
    fn refuses() {
        const PLACE: &str = "ERR Mandatory argument FIELDS is missing or not at the right position";
        const COUNT: &str = "ERR Number of fields must be a positive integer";
        check(
            "HGETEX h EX x FIELDS 1 a | HGETEX h EX -1 FIELDS 1 a | \
             HGETEX h EX 70368744178 FIELDS 1 a | \
             HGETEX h EX 1 PX 1 FIELDS 1 a | HGETEX h KEEPTTL FIELDS 1 a | HGETEX h FIELDS 0 a | \
             HGETEX h FIELDS 2 a | HGETEX h EX 1 FIELDS | HGETEX h FIELDS 1 | SET t v | \
             HGETEX t X 1 2",
            &format!(
                "ERR value is not an integer or out of range | \
                 ERR invalid expire time, must be >= 0 | \
                 ERR invalid expire time in 'hgetex' command | {PLACE} | {PLACE} | {COUNT} | \
                 ERR The `numfields` parameter must match the number of arguments | {COUNT} | \
                 ERR wrong number of arguments for 'hgetex' command | OK | \
                 WRONGTYPE Operation against a key holding the wrong kind of value"
            ),
        );
    }

    #[test]
    fn tells_what_it_did() {
        check_events(
            "HSET h a 1 b 2 | HGETEX h FIELDS 1 a | HGETEX h EX 1 FIELDS 2 a b | \
             HGETEX h PERSIST FIELDS 2 a b | HGETEX h PERSIST FIELDS 1 a | \
             HGETEX h EX 0 FIELDS 2 a b",
            "new h, hset h, hexpire h, hpersist h, hdel h, del h",
            8,
        );
    }
}
