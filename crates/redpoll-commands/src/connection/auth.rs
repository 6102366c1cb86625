//! `AUTH [username] password`: log in.

use super::login;
use crate::prelude::*;
use redpoll_engine::acl::{DEFAULT_USER, Login};

pub const AUTH: Command = Command {
    spec: Spec {
        name: "auth",
        history: &[("6.0.0", "Takes a username too.")],
        arity: -2,
        flags: Flags::NOSCRIPT
            .with(Flags::LOADING)
            .with(Flags::STALE)
            .with(Flags::FAST)
            .with(Flags::NO_AUTH)
            .with(Flags::ALLOW_BUSY),
        group: Group::Connection,
        since: "1.0.0",
        summary: "Logs the client in.",
        args: &[Arg::string("username").since("6.0.0").optional(), Arg::string("password")],
        complexity: "O(N), N being the passwords of the user",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    ctx.session.secret_words.extend(1..args.len());
    let (user, password) = match args.len() {
        2 => (DEFAULT_USER, args.at(1)),
        3 => (args.at(1), args.at(2)),
        _ => return Err(Error::Syntax),
    };
    if args.len() == 2 && ctx.engine.users.default_user().nopass {
        return Err(Error::text(
            "ERR AUTH <password> called without any password configured for the default user. Are \
             you sure your configuration is correct?",
        ));
    }
    login::log_in(ctx, args.at(0), Login { user, password })?;
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check, check_after, configure};

    const WRONG: &str = "WRONGPASS invalid username-password pair or user is disabled.";

    #[test]
    fn without_a_password() {
        check("AUTH default anything | AUTH a b c", "OK | ERR syntax error");
        check("AUTH nobody x", WRONG);
        let text = "ERR AUTH <password> called without any password configured for the default \
                    user. Are you sure your configuration is correct?";
        check("AUTH x", text);
    }

    #[test]
    fn with_a_password() {
        let set_up = |server: &mut TestServer| {
            configure(server, "requirepass", "sesame");
        };
        check_after(set_up, "AUTH sesame | AUTH default sesame", "OK | OK");
        check_after(set_up, "AUTH open", WRONG);
        check_after(set_up, "AUTH nobody sesame", WRONG);
    }

    #[test]
    fn any_of_many_passwords_will_do() {
        check_after(
            |_| {},
            "ACL SETUSER bob on >one >two +acl|whoami | AUTH bob one | AUTH bob two | \
             ACL WHOAMI | AUTH bob three",
            &format!("OK | OK | OK | bob | {WRONG}"),
        );
        check("ACL SETUSER bob off nopass | AUTH bob x", &format!("OK | {WRONG}"));
        check("ACL SETUSER bob on | AUTH bob x", &format!("OK | {WRONG}"));
    }

    #[test]
    fn nothing_goes_before_login() {
        let mut server = TestServer::new();
        configure(&server, "requirepass", "sesame");
        let mut session = server.client();
        session.authenticated = false;
        assert_eq!(server.run(&mut session, "GET k"), "NOAUTH Authentication required.");
        assert_eq!(server.run(&mut session, "AUTH sesame"), "OK");
        assert_eq!(server.run(&mut session, "GET k"), "nil");
    }
}
