//! `SELECT index`: go on in another database.

use crate::prelude::*;

pub const SELECT: Command = Command {
    spec: Spec {
        name: "select",
        arity: 2,
        flags: Flags::LOADING.with(Flags::STALE).with(Flags::FAST),
        group: Group::Connection,
        since: "1.0.0",
        summary: "Selects another database for the connection.",
        args: &[Arg::integer("index")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let index = parse::int_in(args.at(1), i32::MIN.into()..=i32::MAX.into())?;
    let databases = ctx.engine.keyspace.databases();
    let db = usize::try_from(index).ok().filter(|&db| db < databases).ok_or(Error::DbIndex)?;
    ctx.session.db = db;
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn databases_are_apart() {
        check("SET k 0 | SELECT 1 | GET k | SELECT 0 | GET k", "OK | OK | nil | OK | 0");
        check("MULTI | SELECT 2 | SET k v | EXEC | GET k", "OK | QUEUED | QUEUED | [OK OK] | v");
    }

    #[test]
    fn refusals() {
        check(
            "SELECT 16 | SELECT -1",
            "ERR DB index is out of range | ERR DB index is out of range",
        );
        check("SELECT x", "ERR value is not an integer or out of range");
        check(
            "SELECT 99999999999",
            "ERR value is out of range, value must between -2147483648 and 2147483647",
        );
    }
}
