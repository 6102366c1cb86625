//! `COMMAND COUNT`: the number of commands.

use crate::prelude::*;

pub(super) const COUNT: Command = Command {
    spec: Spec {
        name: "count",
        arity: 2,
        flags: Flags::LOADING.with(Flags::STALE),
        acl: Acl::CONNECTION,
        group: Group::Server,
        since: "2.8.13",
        summary: "Returns the number of commands.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let count = ctx.engine.commands.rows().filter(|(_, row)| row.parent.is_none()).count();
    ctx.reply.count(count);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn counts_without_subcommands() {
        check("COMMAND COUNT", &crate::all().count().to_string());
    }
}
