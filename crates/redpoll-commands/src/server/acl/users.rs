//! `ACL USERS`: the names of the users.

use crate::connection::login::DEFAULT_USER;
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
    ctx.reply.array(1);
    ctx.reply.bulk(DEFAULT_USER.as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn the_one_user() {
        check("ACL USERS | ACL WHOAMI", "[default] | default");
    }
}
