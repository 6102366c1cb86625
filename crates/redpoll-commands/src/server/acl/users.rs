//! `ACL USERS`: the names of the users.

use crate::prelude::*;

pub(super) const USERS: Command = Command {
    spec: Spec {
        name: "users",
        arity: 2,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "6.0.0",
        summary: "Lists the names of the users.",
        complexity: "O(N), N being the users",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let users = ctx.engine.users.all();
    ctx.reply.array(users.len());
    users.iter().for_each(|user| ctx.reply.bulk(&user.name));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn names_in_order() {
        check(
            "ACL USERS | ACL SETUSER z | ACL SETUSER a | ACL USERS",
            "[default] | OK | OK | [a default z]",
        );
    }
}
