//! `MOVE key db`: move a key to another database. A stripe holds its part of every database, so the
//! key's own stripe is all that is locked.

use super::copy::is_free;
use super::database::database;
use crate::prelude::*;

pub const MOVE: Command = Command {
    spec: Spec {
        name: "move",
        arity: 3,
        flags: Flags::WRITE.with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().access().update()],
        group: Group::Generic,
        since: "1.0.0",
        summary: "Moves a key to another database if it is not there yet.",
        args: &[Arg::key("key", 0), Arg::integer("db")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let key = args.at(1);
    let (here, db) = (ctx.keys.db(), database(ctx, args.at(2))?);
    if db == here {
        return Err(Error::text("ERR source and destination objects are the same"));
    }
    let done = ctx.keys.contains(key) && is_free(ctx, key, db);
    if done {
        ctx.keys.relocate(key, key, db);
        ctx.wrote(key, Class::Generic, "move_from", 0);
        ctx.keys.select(db);
        ctx.wrote(key, Class::Generic, "move_to", 1);
        ctx.keys.select(here);
    }
    ctx.reply.int_bool(done);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn moves_once() {
        check(
            "SET a v EX 10 | MOVE a 1 | EXISTS a | SWAPDB 0 1 | GET a | TTL a",
            "OK | 1 | 0 | OK | v | 10",
        );
        check(
            "SET a 1 | MOVE a 1 | SET a 2 | MOVE a 1 | GET a | MOVE none 1",
            "OK | 1 | OK | 0 | 2 | 0",
        );
    }

    #[test]
    fn refuses_bad_databases() {
        check("MOVE a 0", "ERR source and destination objects are the same");
        check(
            "MOVE a 16 | MOVE a -1",
            "ERR DB index is out of range | ERR DB index is out of range",
        );
        check("MOVE a x", "ERR value is not an integer or out of range");
        check(
            "MOVE a 2147483648",
            "ERR value is out of range, value must between -2147483648 and 2147483647",
        );
    }
}
