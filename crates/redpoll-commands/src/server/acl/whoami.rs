//! `ACL WHOAMI`: the user of the connection.

use crate::prelude::*;

pub(super) const WHOAMI: Command = Command {
    spec: Spec {
        name: "whoami",
        arity: 2,
        flags: Flags::NOSCRIPT.with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "6.0.0",
        summary: "Returns the user of the connection.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let user = ctx.engine.user_of(ctx.session);
    ctx.reply.bulk(&user.name);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn follows_logins() {
        check(
            "ACL WHOAMI | ACL SETUSER bob on nopass +acl|whoami | AUTH bob x | ACL WHOAMI | \
             RESET | ACL WHOAMI",
            "default | OK | OK | bob | RESET | default",
        );
    }
}
