//! `COPY source destination [DB number] [REPLACE]`.

use super::database::database;
use crate::prelude::*;

pub const COPY: Command = Command {
    spec: Spec {
        name: "copy",
        arity: -3,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        keys: &[KeySpec::at(1).ro().access(), KeySpec::at(2).ow().update()],
        group: Group::Generic,
        since: "6.2.0",
        summary: "Copies the value of a key, with its expiry, to another key.",
        complexity: "O(N) at worst where N is the number of elements; large ones are shared, not \
                     copied. O(1) for strings.",
        args: &[
            Arg::key("source", 0),
            Arg::key("destination", 1),
            Arg::integer("destination-db").token("DB").optional(),
            Arg::flag("replace", "REPLACE").optional(),
        ],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (source, target) = (args.at(1), args.at(2));
    let here = ctx.keys.db();
    let (mut db, mut replace) = (here, false);
    let mut words = args.iter_from(3);
    while let Some(word) = words.next() {
        if parse::is(word, "REPLACE") {
            replace = true;
        } else if parse::is(word, "DB") {
            db = database(ctx, words.next().ok_or(Error::Syntax)?)?;
        } else {
            return Err(Error::Syntax);
        }
    }
    if db == here && source == target {
        return Err(Error::text("ERR source and destination objects are the same"));
    }
    let done = ctx.keys.exists(source) && (replace || is_free(ctx, target, db));
    if done {
        ctx.keys.duplicate(source, target, db);
        ctx.keys.select(db);
        ctx.wrote(target, Class::Generic, "copy_to", 1);
        ctx.keys.select(here);
    }
    ctx.reply.int_bool(done);
    Ok(())
}

/// Whether a key of some database is not there.
pub(super) fn is_free(ctx: &mut Ctx<'_>, key: &[u8], db: usize) -> bool {
    let here = ctx.keys.db();
    ctx.keys.select(db);
    let free = !ctx.keys.contains(key);
    ctx.keys.select(here);
    free
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn copies_value_and_expiry() {
        check("SET a v EX 10 | COPY a b | MGET a b | TTL b", "OK | 1 | [v v] | 10");
        check("SET a 1 | COPY a b | INCR b | MGET a b", "OK | 1 | 2 | [1 2]");
        check("SET a x | APPEND a y | COPY a b | OBJECT ENCODING b", "OK | 2 | 1 | raw");
        check("COPY a b | EXISTS b", "0 | 0");
    }

    #[test]
    fn overwrites_only_if_asked() {
        check("MSET a 1 b 2 | COPY a b | GET b | COPY a b REPLACE | GET b", "OK | 0 | 2 | 1 | 1");
        check("SET a 1 | SET b 2 EX 9 | COPY a b replace | TTL b", "OK | OK | 1 | -1");
    }

    #[test]
    fn into_another_database() {
        check(
            "SET a 1 | COPY a a DB 3 | MOVE a 3 | DEL a | DBSIZE | SWAPDB 0 3 | GET a",
            "OK | 1 | 0 | 1 | 0 | OK | 1",
        );
        check(
            "COPY a b DB 16 | COPY a b DB -1",
            "ERR DB index is out of range | ERR DB index is out of range",
        );
    }

    #[test]
    fn refuses_bad_options() {
        let same = "ERR source and destination objects are the same";
        check("COPY a a | COPY a a DB 0 REPLACE", &[same; 2].join(" | "));
        check("COPY a b FOO | COPY a b DB", "ERR syntax error | ERR syntax error");
        check("COPY a b DB x", "ERR value is not an integer or out of range");
    }
}
