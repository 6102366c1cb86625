//! `ACL CAT [category]`: the categories, or the commands of one.

use crate::prelude::*;
use redpoll_engine::acl::rule::category;
use redpoll_engine::table::Row;

pub(super) const CAT: Command = Command {
    spec: Spec {
        name: "cat",
        arity: -2,
        flags: Flags::NOSCRIPT.with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "6.0.0",
        summary: "Lists the categories of commands, or the commands of one.",
        args: &[Arg::string("category").optional()],
        complexity: "O(N), N being the commands",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    if args.len() > 3 {
        return Err(parse::bad_subcommand(args));
    }
    let Some(name) = args.get(2) else {
        ctx.reply.array(Acl::NAMES.len());
        let names = Acl::NAMES.iter().map(|(_, name)| name.trim_start_matches('@'));
        names.for_each(|name| ctx.reply.bulk(name.as_bytes()));
        return Ok(());
    };
    let unknown = || {
        let name = String::from_utf8_lossy(&name[..name.len().min(128)]).into_owned();
        Error::text(format!("ERR Unknown category '{name}'"))
    };
    let category = category(name).ok_or_else(unknown)?;
    let rows = ctx.engine.commands.rows().map(|(_, row)| row);
    let found: Vec<&Row> = rows.filter(|row| row.command.spec.categories().has(category)).collect();
    ctx.reply.array(found.len());
    found.iter().for_each(|row| ctx.reply.bulk(row.full_name.as_bytes()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn categories_and_their_commands() {
        check(
            "ACL CAT",
            "[keyspace read write set sortedset list hash string bitmap hyperloglog geo \
              stream pubsub admin fast slow blocking dangerous connection transaction scripting \
             search]",
        );
        check("ACL CAT transaction", "[discard exec multi unwatch watch]");
        check("ACL CAT nope", "ERR Unknown category 'nope'");
    }
}
