//! `RESTORE key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]`: put
//! what DUMP gave at a key.
//!
//! A payload is checked as a whole before anything happens: whatever `sanitize-dump-payload` says,
//! no damaged value comes into the keyspace.

use crate::cost;
use crate::prelude::*;
use redpoll_config::Config;
use redpoll_engine::persistence;
use redpoll_persist::payload::Payload;
use std::sync::atomic::Ordering::Relaxed;

const SPEC: Spec = Spec {
    name: "restore",
    cost: cost::RESTORED,
    arity: -4,
    flags: Flags::WRITE.with(Flags::DENYOOM),
    acl: Acl::DANGEROUS,
    keys: &[KeySpec::at(1).ow().update()],
    group: Group::Generic,
    since: "2.6.0",
    summary: "Makes a key of a value in serialized form.",
    complexity: "O(N) where N is the size of the value, O(N*log(N)) for a large sorted set",
    args: &[
        Arg::key("key", 0),
        Arg::integer("ttl"),
        Arg::string("serialized-value"),
        Arg::flag("replace", "REPLACE").optional(),
        Arg::flag("absttl", "ABSTTL").optional(),
        Arg::integer("seconds").token("IDLETIME").optional(),
        Arg::integer("frequency").token("FREQ").optional(),
    ],
    ..Spec::EMPTY
};

pub const RESTORE: Command = Command { spec: SPEC, run };

pub const RESTORE_ASKING: Command = Command {
    spec: Spec {
        name: "restore-asking",
        flags: SPEC.flags.with(Flags::ASKING),
        acl: Acl::DANGEROUS.with(Acl::KEYSPACE),
        group: Group::Server,
        since: "3.0.0",
        summary: "Makes a key of a value in serialized form, in a slot that is being imported.",
        ..SPEC
    },
    run,
};

/// What stands behind the payload.
#[derive(Default)]
struct Options {
    replace: bool,
    absolute: bool,
    idle_seconds: Option<u64>,
    frequency: Option<u8>,
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let key = args.at(1);
    let options = options(args)?;
    if !options.replace && ctx.keys.contains(key) {
        return Err(Error::text("BUSYKEY Target key name already exists."));
    }
    let ttl = parse::int(args.at(2))?;
    if ttl < 0 {
        return Err(Error::text("ERR Invalid TTL value, must be >= 0"));
    }
    let check = !ctx.engine.persistence.skip_checksum.load(Relaxed);
    let payload = Payload::open(args.at(3), check)
        .map_err(|_| Error::text("ERR DUMP payload version or checksum are wrong"))?;
    let value = payload.read(ctx.limits).map_err(|error| {
        log::debug!("A payload of RESTORE is damaged: {error}");
        Error::text("ERR Bad data format")
    })?;
    let expiry = match (ttl, options.absolute) {
        (0, _) => None,
        (at, true) => Some(at),
        (ttl, false) => Some(ctx.keys.now().saturating_add(ttl)),
    };
    if expiry.is_some_and(|at| ctx.keys.is_past(at)) {
        if ctx.keys.delete(key) {
            ctx.wrote(key, Class::Generic, "del", 1);
            ctx.log_removal(key, Config::lazyfree_lazy_server_del);
        }
        ctx.reply.ok();
        return Ok(());
    }
    persistence::restore(&mut ctx.keys, key, value, expiry);
    ctx.keys.set_access(key, options.idle_seconds, options.frequency);
    ctx.wrote(key, Class::Generic, "restore", 1);
    if let Some(at) = expiry.filter(|_| !options.absolute) {
        let at = at.to_string();
        let head = [b"RESTORE", key, at.as_bytes()].into_iter();
        ctx.log_as(head.chain(args.iter_from(3)).chain([&b"ABSTTL"[..]]));
    }
    ctx.reply.ok();
    Ok(())
}

fn options(args: Args<'_>) -> Result<Options> {
    let mut options = Options::default();
    let mut words = args.iter_from(4);
    while let Some(word) = words.next() {
        match word {
            _ if parse::is(word, "REPLACE") => options.replace = true,
            _ if parse::is(word, "ABSTTL") => options.absolute = true,
            _ if parse::is(word, "IDLETIME") && options.frequency.is_none() => {
                let seconds = parse::int(words.next().ok_or(Error::Syntax)?)?;
                let seconds = u64::try_from(seconds)
                    .map_err(|_| Error::text("ERR Invalid IDLETIME value, must be >= 0"))?;
                options.idle_seconds = Some(seconds);
            }
            _ if parse::is(word, "FREQ") && options.idle_seconds.is_none() => {
                let counter = parse::int(words.next().ok_or(Error::Syntax)?)?;
                let wrong = "ERR Invalid FREQ value, must be >= 0 and <= 255";
                options.frequency = Some(u8::try_from(counter).map_err(|_| Error::text(wrong))?);
            }
            _ => return Err(Error::Syntax),
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check, check_events, check_log, configure};

    /// The payload of the string `10`.
    const TEN: &str = r#""\x00\xc0\n\n\x00n\x9fWE\x0e\xaec\xbb""#;

    #[test]
    fn replicas_get_the_moment() {
        let mut server = TestServer::new();
        let log = server.log();
        let mut session = server.client();
        server.run(&mut session, &format!("RESTORE k 1000 {TEN} REPLACE"));
        let logged = log.commands().join(" | ");
        assert!(logged.starts_with("SELECT 0 | RESTORE k 1700000001000 "), "{logged}");
        assert!(logged.ends_with(" REPLACE ABSTTL"), "{logged}");
        check_log(
            &format!(
                "SET k v | CONFIG SET lazyfree-lazy-server-del yes | \
                 RESTORE k 1 {TEN} REPLACE ABSTTL"
            ),
            "SELECT 0 | SET k v | UNLINK k",
        );
    }

    #[test]
    fn puts_a_value_at_a_key() {
        check(&format!("RESTORE a 0 {TEN} | GET a | TTL a"), "OK | 10 | -1");
        check(&format!("RESTORE a 9000 {TEN} | TTL a"), "OK | 9");
        check(&format!("RESTORE a 1700000009000 {TEN} ABSTTL | TTL a"), "OK | 9");
        check(
            &format!("SET a x EX 5 | RESTORE a 0 {TEN} replace | GET a | TTL a"),
            "OK | OK | 10 | -1",
        );
        check(&format!("RESTORE a 0 {TEN} IDLETIME 7 | OBJECT IDLETIME a"), "OK | 7");
        check_events(&format!("RESTORE a 0 {TEN}"), "new a, restore a", 1);
    }

    #[test]
    fn every_type_comes_back() {
        let mut server = TestServer::new();
        let mut session = server.client();
        for (make, show) in [
            ("SET a hello", "GET"),
            ("RPUSH a 1 b 3", "LRANGE a 0 -1"),
            ("SADD a 1 2 3", "SMEMBERS"),
            ("SADD a x y", "SMEMBERS"),
            ("ZADD a 1 x 2.5 y", "ZRANGE a 0 -1 WITHSCORES"),
            ("HSET a f 1 g v", "HGETALL"),
        ] {
            server.run(&mut session, "DEL a b");
            server.run(&mut session, make);
            let show = if show.contains(' ') { show.to_owned() } else { format!("{show} a") };
            let before = server.run(&mut session, &show);
            let dumped = server.raw(&mut session, "DUMP a");
            let start = dumped.windows(2).position(|pair| pair == b"\r\n").expect("a line") + 2;
            let payload = &dumped[start..dumped.len() - 2];
            let quoted: String = payload.iter().map(|byte| format!("\\x{byte:02x}")).collect();
            let line = format!("RESTORE a 0 \"{quoted}\" REPLACE");
            assert_eq!(server.run(&mut session, &line), "OK", "{make}");
            assert_eq!(server.run(&mut session, &show), before);
        }
    }

    #[test]
    fn times_that_are_over_remove_the_key() {
        check(&format!("SET a 1 | RESTORE a 1 {TEN} ABSTTL REPLACE | EXISTS a"), "OK | OK | 0");
    }

    #[test]
    fn frequency() {
        let mut server = TestServer::new();
        configure(&server, "maxmemory-policy", "allkeys-lfu");
        let mut session = server.client();
        server.run(&mut session, &format!("RESTORE a 0 {TEN} FREQ 100"));
        assert_eq!(server.run(&mut session, "OBJECT FREQ a"), "100");
    }

    #[test]
    fn refusals() {
        check(
            &format!("SET a 1 | RESTORE a 0 {TEN}"),
            "OK | BUSYKEY Target key name already exists.",
        );
        check("RESTORE a 0 x", "ERR DUMP payload version or checksum are wrong");
        check(&format!("RESTORE a -1 {TEN}"), "ERR Invalid TTL value, must be >= 0");
        check(&format!("RESTORE a x {TEN}"), "ERR value is not an integer or out of range");
        check(&format!("RESTORE a 0 {TEN} FOO"), "ERR syntax error");
        check(&format!("RESTORE a 0 {TEN} IDLETIME"), "ERR syntax error");
        check(&format!("RESTORE a 0 {TEN} IDLETIME 1 FREQ 1"), "ERR syntax error");
        check(
            &format!("RESTORE a 0 {TEN} IDLETIME -1"),
            "ERR Invalid IDLETIME value, must be >= 0",
        );
        check(
            &format!("RESTORE a 0 {TEN} FREQ 256"),
            "ERR Invalid FREQ value, must be >= 0 and <= 255",
        );
        // A list without elements, with a good checksum.
        check(
            r#"RESTORE a 0 "\x12\x00\n\x00S?\x85\xb2\x85\x9a\xb1\xbe""#,
            "ERR DUMP payload version or checksum are wrong",
        );
    }
}
