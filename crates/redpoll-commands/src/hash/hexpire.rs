//! `HEXPIRE key seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]`, with HPEXPIRE,
//! HEXPIREAT and HPEXPIREAT, which give the time otherwise.

use super::fields;
use super::times::{self, Setting, Time};
use crate::prelude::*;
use redpoll_types::hash::{Condition, Hash, SetExpiry};

macro_rules! command {
    ($const:ident, $name:literal, $time:ident, $arg:expr, $summary:literal) => {
        pub const $const: Command = Command {
            spec: Spec {
                name: $name,
                summary: $summary,
                args: &[Arg::key("key", 0), $arg, CONDITION, FIELDS],
                ..SPEC
            },
            run: |ctx, args| run(ctx, args, Time::$time, $name),
        };
    };
}

command!(
    HEXPIRE,
    "hexpire",
    Ex,
    Arg::integer("seconds"),
    "Lets fields of a hash expire after some seconds."
);
command!(
    HPEXPIRE,
    "hpexpire",
    Px,
    Arg::integer("milliseconds"),
    "Lets fields of a hash expire after some milliseconds."
);
command!(
    HEXPIREAT,
    "hexpireat",
    ExAt,
    Arg::unix_time("unix-time-seconds"),
    "Lets fields of a hash expire at a Unix time in seconds."
);
command!(
    HPEXPIREAT,
    "hpexpireat",
    PxAt,
    Arg::unix_time("unix-time-milliseconds"),
    "Lets fields of a hash expire at a Unix time in milliseconds."
);

const SPEC: Spec = Spec {
    arity: -6,
    flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::FAST),
    keys: &[KeySpec::at(1).rw().update()],
    group: Group::Hash,
    since: "7.4.0",
    complexity: "O(N) where N is the number of fields.",
    ..Spec::EMPTY
};

const CONDITION: Arg = Arg::one_of(
    "condition",
    &[Arg::flag("nx", "NX"), Arg::flag("xx", "XX"), Arg::flag("gt", "GT"), Arg::flag("lt", "LT")],
)
.optional();

const FIELDS: Arg =
    Arg::block("fields", &[Arg::integer("numfields"), Arg::string("field").multiple()])
        .token("FIELDS");

/// What is answered for a field that is not there.
const NO_FIELD: i64 = -2;

fn run(ctx: &mut Ctx<'_>, args: Args<'_>, time: Time, name: &'static str) -> Result {
    let (key, now, logged) = (args.at(1), fields::now(ctx), ctx.keys.effects.logging);
    let hash = ctx.keys.write::<Hash>(key)?;
    let at = time.parse(args.at(2), now, name)?;
    let condition = condition(args.at(3));
    let first = times::named_fields(
        args,
        if condition == Condition::Always { 3 } else { 4 },
        "ERR Parameter `numFields` should be greater than 0",
    )?;
    let Some(hash) = hash else {
        times::same_for_all(ctx, args.len() - first, NO_FIELD);
        return Ok(());
    };
    let mut setting = Setting::new(hash, at, condition, now, logged);
    ctx.reply.array(args.len() - first);
    for field in args.iter_from(first) {
        ctx.reply.int(match setting.apply(hash, field) {
            SetExpiry::NoField => NO_FIELD,
            SetExpiry::ConditionNotMet => 0,
            SetExpiry::Set => 1,
            SetExpiry::Deleted => 2,
        });
    }
    let emptied = hash.is_empty();
    setting.log(ctx, key);
    let changes = (setting.set + setting.deleted) as u64;
    if changes > 0 {
        let event = if setting.deleted > 0 { "hdel" } else { "hexpire" };
        ctx.wrote(key, Class::Hash, event, changes);
    }
    if emptied {
        ctx.keys.drop_if_empty(key);
    }
    Ok(())
}

fn condition(word: &[u8]) -> Condition {
    let conditions = [
        ("nx", Condition::Absent),
        ("xx", Condition::Present),
        ("gt", Condition::Greater),
        ("lt", Condition::Less),
    ];
    let found = conditions.into_iter().find(|(option, _)| parse::is(word, option));
    found.map_or(Condition::Always, |(_, condition)| condition)
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check, check_events};

    #[test]
    fn fields_expire() {
        check(
            "HSET h a 1 b 2 c 3 | HEXPIRE h 1 FIELDS 2 a x | HPEXPIRE h 1500 FIELDS 1 b | ~999 | \
             HGETALL h | ~2 | HGETALL h | HLEN h | ~500 | HKEYS h | ~9999 | HLEN h",
            "3 | [1 -2] | [1] | ~ | [a 1 b 2 c 3] | ~ | [b 2 c 3] | 2 | ~ | [c] | ~ | 1",
        );
        check(
            "HSET h a 1 b 2 | HEXPIREAT h 1700000001 FIELDS 1 a | \
             HPEXPIREAT h 1700000001500 FIELDS 1 b | \
             ~1001 | HKEYS h | ~500 | HLEN h | HEXISTS h b | HSTRLEN h b | HRANDFIELD h | \
             HSCAN h 0",
            "2 | [1] | [1] | ~ | [b] | ~ | 0 | 0 | 0 | nil | [0 []]",
        );
    }

    #[test]
    fn conditions() {
        check(
            "HSET h a 1 b 2 | HPEXPIRE h 1000 XX FIELDS 1 a | HPEXPIRE h 1000 GT FIELDS 1 a | \
             HPEXPIRE h 1000 NX FIELDS 2 a a | HPEXPIRE h 900 gt FIELDS 1 a | \
             HPEXPIRE h 1100 GT FIELDS 1 a | HPEXPIRE h 1200 LT FIELDS 1 a | \
             HPEXPIRE h 800 LT FIELDS 2 a b | HPEXPIRE h 700 XX FIELDS 1 a | HPTTL h FIELDS 2 a b",
            "2 | [0] | [0] | [1 0] | [0] | [1] | [0] | [1 1] | [1] | [700 800]",
        );
    }

    #[test]
    fn past_times_delete() {
        check(
            "HSET h a 1 b 2 | HEXPIRE h 0 FIELDS 2 a x | HGETALL h | HPEXPIREAT h 1 FIELDS 1 b | \
             HLEN h | HEXPIRE h 10 FIELDS 2 a b",
            "2 | [2 -2] | [b 2] | [2] | 0 | [-2 -2]",
        );
    }

    #[test]
    fn setting_a_field_clears_its_expiry_and_counting_keeps_it() {
        check(
            "HSET h a 1 b 2 c 3 | HEXPIRE h 10 FIELDS 3 a b c | HSET h a 9 | HINCRBY h b 1 | \
             HINCRBYFLOAT h c 0.5 | HTTL h FIELDS 3 a b c",
            "3 | [1 1 1] | 0 | 3 | 3.5 | [-1 10 10]",
        );
        check(
            "HSET h a 1 | HPEXPIRE h 5 FIELDS 1 a | ~6 | HINCRBY h a 1 | HTTL h FIELDS 1 a",
            "1 | [1] | ~ | 1 | [-1]",
        );
    }

    #[test]
    fn refuses() {
        const PLACE: &str = "ERR Mandatory argument FIELDS is missing or not at the right position";
        const MATCH: &str = "ERR The `numfields` parameter must match the number of arguments";
        const COUNT: &str = "ERR Parameter `numFields` should be greater than 0";
        const WRONG: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";
        check(
            "HSET h a 1 | HEXPIRE h x FIELDS 1 a | HEXPIRE h -1 FIELDS 1 a | \
             HEXPIRE h 70368744178 FIELDS 1 a | HPEXPIRE h 70368744177663 FIELDS 1 a | \
             HPEXPIREAT h 70368744177664 FIELDS 1 a | HPEXPIREAT h 70368744177663 FIELDS 1 a",
            "1 | ERR value is not an integer or out of range | \
             ERR invalid expire time, must be >= 0 | \
             ERR invalid expire time in 'hexpire' command | \
             ERR invalid expire time in 'hpexpire' command | \
             ERR invalid expire time in 'hpexpireat' command | [1]",
        );
        check(
            "HEXPIRE h 1 FIELD 1 a | HEXPIRE h 1 NX NX FIELDS 1 | HEXPIRE h 1 FIELDS 0 a | \
             HEXPIRE h 1 FIELDS x a | HEXPIRE h 1 FIELDS 2 a | HEXPIRE h 1 FIELDS 1 a b | \
             HEXPIRE h 1 NX FIELDS 1 | HEXPIRE h 1 FIELDS 1",
            &format!(
                "{PLACE} | {PLACE} | {COUNT} | {COUNT} | {MATCH} | {MATCH} | {MATCH} | \
                 ERR wrong number of arguments for 'hexpire' command"
            ),
        );
        check("SET t v | HEXPIRE t x FIELDS 1 a", &format!("OK | {WRONG}"));
    }

    #[test]
    fn tells_what_it_did() {
        check_events(
            "HSET h a 1 b 2 c 3 | HEXPIRE h 1 FIELDS 2 a x | HEXPIRE h 1 NX FIELDS 1 a | \
             HEXPIRE h 0 FIELDS 1 b | ~1001 | HGET h c | HEXPIRE h 0 FIELDS 1 c",
            "new h, hset h, hexpire h, hdel h, hexpired h, hdel h, del h",
            6,
        );
        check_events(
            "HSET h a 1 | HEXPIRE h 1 FIELDS 1 a | ~1001 | HSET h b 1",
            "new h, hset h, hexpire h, hexpired h, del h, new h, hset h",
            3,
        );
    }

    #[test]
    fn the_timer_finds_them() {
        let mut server = TestServer::new();
        let mut client = server.client();
        server.run(&mut client, "HSET h a 1 b 2");
        server.run(&mut client, "HPEXPIRE h 100 FIELDS 1 a");
        server.run(&mut client, "HPEXPIRE h 200 FIELDS 1 b");
        let count = |server: &TestServer| server.engine.keyspace.len(0);
        assert!(server.executor.next_expiry() <= server.now + 132);
        server.executor.expire_due(server.now + 140);
        assert_eq!((count(&server), server.executor.stats().expired_fields.get()), (1, 1));
        server.executor.expire_due(server.now + 240);
        assert_eq!((count(&server), server.executor.stats().expired_fields.get()), (0, 2));
        assert_eq!(server.executor.next_expiry(), i64::MAX);
    }

    #[test]
    fn expiries_go_where_their_hash_goes() {
        check(
            "HSET h a 1 b 2 | HPEXPIRE h 100 FIELDS 1 a | COPY h c | RENAME h r | ~101 | \
             HKEYS c | HKEYS r",
            "2 | [1] | 1 | OK | ~ | [b] | [b]",
        );
        let mut server = TestServer::new();
        let mut client = server.client();
        server.run(&mut client, "HSET h a 1");
        server.run(&mut client, "HPEXPIRE h 100 FIELDS 1 a");
        server.run(&mut client, "COPY h c");
        server.run(&mut client, "RENAME h r");
        server.executor.expire_due(server.now + 140);
        assert_eq!(server.engine.keyspace.len(0), 0);
    }

    #[test]
    fn thousands_expire_at_once() {
        let mut server = TestServer::new();
        let mut client = server.client();
        let names: Vec<String> = (0..3000).map(|number| format!("f{number}")).collect();
        let pairs: Vec<String> = names.iter().map(|name| format!("{name} v")).collect();
        server.run(&mut client, &format!("HSET h stays v {}", pairs.join(" ")));
        let fields = names.join(" ");
        server.run(&mut client, &format!("HPEXPIRE h 100 FIELDS 3000 {fields}"));
        assert_eq!(server.run(&mut client, "HLEN h"), "3001");
        server.now += 150;
        assert_eq!(server.run(&mut client, "HLEN h"), "1");
        assert_eq!(server.run(&mut client, "HGETALL h"), "[stays v]");
        server.executor.expire_due(server.now);
        assert_eq!(server.executor.stats().expired_fields.get(), 3000);
        assert_eq!(server.run(&mut client, "HRANDFIELD h 5"), "[stays]");
    }
}
