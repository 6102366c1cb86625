//! `RENAME key newkey` and `RENAMENX`, which overwrites nothing.

use crate::prelude::*;

pub const RENAME: Command = Command {
    spec: Spec {
        name: "rename",
        flags: Flags::WRITE,
        keys: &[KeySpec::at(1).rw().access().delete(), KeySpec::at(2).ow().update()],
        summary: "Gives a key another name and overwrites what is there.",
        ..SPEC
    },
    run: |ctx, args| {
        rename(ctx, args, false)?;
        ctx.reply.ok();
        Ok(())
    },
};

pub const RENAMENX: Command = Command {
    spec: Spec {
        name: "renamenx",
        history: &[("3.2.0", "A key may be renamed to itself.")],
        flags: Flags::WRITE.with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().access().delete(), KeySpec::at(2).ow().insert()],
        summary: "Gives a key another name if that name is free.",
        ..SPEC
    },
    run: |ctx, args| {
        let done = rename(ctx, args, true)?;
        ctx.reply.int_bool(done);
        Ok(())
    },
};

const SPEC: Spec = Spec {
    arity: 3,
    group: Group::Generic,
    args: &[Arg::key("key", 0), Arg::key("newkey", 1)],
    ..Spec::EMPTY
};

fn rename(ctx: &mut Ctx<'_>, args: Args<'_>, only_if_free: bool) -> Result<bool> {
    let (source, target) = (args.at(1), args.at(2));
    if !ctx.keys.contains(source) {
        return Err(Error::NoSuchKey);
    }
    if source == target || (only_if_free && ctx.keys.contains(target)) {
        return Ok(false);
    }
    let db = ctx.keys.db();
    ctx.keys.relocate(source, target, db);
    ctx.wrote(source, Class::Generic, "rename_from", 0);
    ctx.wrote(target, Class::Generic, "rename_to", 1);
    Ok(true)
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn moves_value_and_expiry() {
        check("SET a v EX 10 | RENAME a b | EXISTS a | GET b | TTL b", "OK | OK | 0 | v | 10");
        check("MSET a 1 b 2 | EXPIRE b 9 | RENAME a b | GET b | TTL b", "OK | 1 | OK | 1 | -1");
        check("SET a x | APPEND a y | RENAME a b | OBJECT ENCODING b", "OK | 2 | OK | raw");
        check("RENAME a b | RENAMENX a b", "ERR no such key | ERR no such key");
    }

    #[test]
    fn overwrites_only_if_asked() {
        check(
            "MSET a 1 b 2 | RENAMENX a b | MGET a b | RENAMENX a c | GET c",
            "OK | 0 | [1 2] | 1 | 1",
        );
    }

    #[test]
    fn the_same_name() {
        check("SET a 1 | RENAME a a | RENAMENX a a | GET a", "OK | OK | 0 | 1");
        check("RENAME a a", "ERR no such key");
    }

    #[test]
    fn the_access_clock_moves_along() {
        let mut server = TestServer::new();
        let mut client = server.client();
        server.run(&mut client, "SET a 1");
        server.now += 30_000;
        server.run(&mut client, "RENAME a b");
        assert_eq!(server.run(&mut client, "OBJECT IDLETIME b"), "30");
    }
}
