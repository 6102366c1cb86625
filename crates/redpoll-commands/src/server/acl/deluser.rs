//! `ACL DELUSER username ...`: remove users, and close the connections that act as one of them.

use crate::prelude::*;
use redpoll_engine::acl::DEFAULT_USER;

pub(super) const DELUSER: Command = Command {
    spec: Spec {
        name: "deluser",
        arity: -3,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "6.0.0",
        summary: "Removes users and closes their connections.",
        args: &[Arg::string("username").multiple()],
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        complexity: "O(N), N being the clients",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    if args.iter_from(2).any(|name| name == DEFAULT_USER) {
        return Err(Error::text("ERR The 'default' user cannot be removed"));
    }
    let names = args.iter_from(2);
    let deleted = names.filter(|name| ctx.engine.delete_user(ctx.session, name)).count();
    ctx.reply.count(deleted);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn removes_users() {
        check(
            "ACL SETUSER a | ACL SETUSER b | ACL DELUSER a b c a | ACL USERS",
            "OK | OK | 2 | [default]",
        );
        check(
            "ACL SETUSER a | ACL DELUSER a default | ACL USERS",
            "OK | ERR The 'default' user cannot be removed | [a default]",
        );
    }

    #[test]
    fn closes_their_connections() {
        let mut server = TestServer::new();
        let (mut admin, mut other) = (server.client(), server.client());
        server.run(&mut admin, "ACL SETUSER bob on nopass +@all ~*");
        server.run(&mut other, "AUTH bob x");
        assert_eq!(server.run(&mut admin, "ACL DELUSER bob"), "1");
        assert!(other.client.take_wishes().kill);
        // Should it still say something, it is not heard; not even if the name is used again.
        server.run(&mut admin, "ACL SETUSER bob on nopass +@all ~*");
        assert_eq!(server.run(&mut other, "GET k"), "");
        assert!(other.closing);
        server.run(&mut admin, "AUTH bob x");
        assert_eq!(server.run(&mut admin, "ACL DELUSER bob"), "1");
        assert!(admin.closing);
    }
}
