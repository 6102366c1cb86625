//! `ACL LIST`: the users as the ACL file has them.

use crate::prelude::*;
use redpoll_engine::acl::file;

pub(super) const LIST: Command = Command {
    spec: Spec {
        name: "list",
        arity: 2,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "6.0.0",
        summary: "Lists the users with their rules.",
        complexity: "O(N), N being the users",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let users = ctx.engine.users.all();
    ctx.reply.array(users.len());
    for user in users {
        ctx.reply.bulk(&[b"user ", &*file::line(&user)].concat());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn databases_are_shown_where_they_are_restricted() {
        check(
            "ACL SETUSER a allkeys db=1,0,1 | ACL SETUSER b resetdbs | ACL LIST",
            "OK | OK | [user a off sanitize-payload ~* resetchannels db=0,1 -@all \
             user b off sanitize-payload resetchannels resetdbs -@all \
             user default on nopass sanitize-payload ~* &* +@all]",
        );
    }
}
