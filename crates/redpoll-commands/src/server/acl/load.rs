//! `ACL LOAD`: take the users of the ACL file, all or none.

use crate::prelude::*;

pub(super) const LOAD: Command = Command {
    spec: Spec {
        name: "load",
        arity: 2,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "6.0.0",
        summary: "Reads the users from the ACL file.",
        complexity: "O(N), N being the users",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let config = &ctx.engine.config;
    let name = config.aclfile();
    if name.is_empty() {
        return Err(super::no_file());
    }
    let name = name.to_str_lossy();
    let text = config.read_acl_file().map_err(|error| {
        Error::text(format!("ERR Error loading ACLs, opening file '{name}': {error}"))
    })?;
    let loaded = ctx.engine.load_users(Some(ctx.session), &text, &name);
    loaded.map_err(|errors| Error::text(format!("ERR {errors}")))?;
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn needs_a_file() {
        let text = "ERR This Redis instance is not configured to use an ACL file. You may want to \
                    specify users via the ACL SETUSER command and then issue a CONFIG REWRITE \
                    (assuming you have a Redis configuration file set) in order to store users in \
                    the Redis configuration.";
        check("ACL LOAD | ACL SAVE", &[text; 2].join(" | "));
    }

    #[test]
    fn a_file_is_taken_whole_or_not_at_all() {
        let mut server = TestServer::new();
        let (mut admin, mut other) = (server.client(), server.client());
        server.run(&mut admin, "ACL SETUSER bob on nopass +@all ~* &*");
        server.run(&mut other, "AUTH bob x");
        let text = b"user alice on\n\n  user bob on +nope ~a ~* ~b >x\nnot a user\nuser bob\n\
            user bob\nuser c (+get";
        let errors = server.engine.load_users(Some(&mut admin), text, "f").unwrap_err();
        assert_eq!(
            errors,
            "f:3: Error in applying operation '+nope': Unknown command or category name in ACL. \
             f:3: Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and \
             does not have any effect. Try 'resetkeys' to start with an empty list of patterns. \
             f:4 should start with user keyword followed by the username. \
             WARNING: Duplicate user 'bob' found on line 6. \
             f:7: Unmatched parenthesis in selector definition.WARNING: ACL errors detected, no \
             change to the previously active ACL rules was performed"
        );
        assert_eq!(server.run(&mut admin, "ACL USERS"), "[bob default]");
        let text = b"user bob on nopass +get ~*\r\nuser alice on\n";
        server.engine.load_users(Some(&mut admin), text, "f").expect("a right file");
        assert_eq!(server.run(&mut admin, "ACL USERS"), "[alice bob default]");
        assert!(other.client.take_wishes().kill);
        server.engine.load_users(Some(&mut admin), b"", "f").expect("an empty file");
        assert_eq!(server.run(&mut admin, "ACL USERS"), "[default]");
        assert!(!admin.closing);
    }
}
