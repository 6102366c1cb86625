//! `HIMPORT SET key fieldset-name value [value ...]`.

use crate::hash::fields;
use crate::prelude::*;
use redpoll_keyspace::Owned;
use redpoll_types::hash::{Hash, Ttl};
use std::sync::Arc;

pub(super) const SET: Command = Command {
    spec: Spec {
        name: "set",
        arity: -5,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        keys: &[KeySpec::at(2).ow().update()],
        group: Group::Hash,
        since: "8.10.0",
        summary: "Makes a hash of the fields of a fieldset and these values.",
        complexity: "O(N) where N is the number of fields.",
        args: &[Arg::key("key", 0), Arg::string("fieldset-name"), Arg::string("value").multiple()],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let key = args.at(2);
    let names = ctx.session.fieldsets.get(args.at(3)).map(Arc::clone);
    let names = names.ok_or(Error::text("ERR no such fieldset"))?;
    if names.len() != args.len() - 4 {
        return Err(Error::text("ERR value count does not match the fieldset's field count"));
    }
    // Refused if there is a value of another type; a hash is replaced.
    ctx.keys.write::<Hash>(key)?;
    let (now, limits) = (fields::now(ctx), ctx.limits);
    let mut hash = Hash::new();
    hash.expect(names.len(), limits);
    for (field, value) in names.iter().zip(args.iter_from(4)) {
        hash.set(field, value, Ttl::Clear, now, limits);
    }
    ctx.keys.put(key, Owned::Value(hash.into()), None);
    let fields = || names.iter().map(|name| &**name);
    let pairs = fields().zip(args.iter_from(4)).flat_map(|(field, value)| [field, value]);
    ctx.log_as([b"DEL", key]);
    ctx.log_as([b"HSET", key].into_iter().chain(pairs));
    ctx.wrote_fields(key, "hset", names.len() as u64, fields());
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check, check_events};

    #[test]
    fn makes_hashes() {
        check(
            "HIMPORT PREPARE u name mail | HIMPORT SET k u ann a@b | HGETALL k | \
             HSET k x 1 | EXPIRE k 9 | HIMPORT SET k u bob 7 | HGETALL k | TTL k | \
             HIMPORT PREPARE u z | HIMPORT SET k u 1 | HGETALL k | \
             HIMPORT PREPARE '' '' | HIMPORT SET k '' v | HGET k ''",
            "OK | OK | [name ann mail a@b] | 1 | 1 | OK | [name bob mail 7] | -1 | OK | OK | \
             [z 1] | \
             OK | OK | v",
        );
    }

    #[test]
    fn belongs_to_the_connection() {
        let mut server = TestServer::new();
        let (mut first, mut second) = (server.client(), server.client());
        server.run(&mut first, "HIMPORT PREPARE u a b");
        let refused = server.run(&mut second, "HIMPORT SET k u 1 2");
        assert_eq!(refused, "ERR no such fieldset");
        assert_eq!(server.run(&mut first, "HIMPORT SET k u 1 2"), "OK");
        server.run(&mut first, "RESET");
        assert_eq!(server.run(&mut first, "HIMPORT SET k u 1 2"), "ERR no such fieldset");
    }

    #[test]
    fn discards() {
        check(
            "HIMPORT PREPARE u a | HIMPORT PREPARE v b | HIMPORT DISCARD u | HIMPORT DISCARD u | \
             HIMPORT PREPARE w b | HIMPORT DISCARDALL | HIMPORT DISCARDALL | HIMPORT SET k v 1",
            "OK | OK | 1 | 0 | OK | 2 | 0 | ERR no such fieldset",
        );
    }

    #[test]
    fn refuses() {
        let arity =
            |name: &str| format!("ERR wrong number of arguments for 'himport|{name}' command");
        check(
            "HIMPORT PREPARE u | HIMPORT SET k u | HIMPORT PREPARE u a b a | \
             HIMPORT PREPARE u a b | \
             HIMPORT SET k u 1 | HIMPORT SET k u 1 2 3 | SET t v | HIMPORT SET t u 1 2 | GET t",
            &format!(
                "{} | {} | ERR duplicate field name in fieldset | OK | \
                 ERR value count does not match the fieldset's field count | \
                 ERR value count does not match the fieldset's field count | OK | \
                 WRONGTYPE Operation against a key holding the wrong kind of value | v",
                arity("prepare"),
                arity("set")
            ),
        );
    }

    #[test]
    fn tells_what_it_did() {
        check_events("HIMPORT PREPARE u a b | HIMPORT SET k u 1 2", "new k, hset k", 2);
    }
}
