//! `ACL SETUSER username [rule ...]`: make a user, or change what one may do; all rules or none.

use crate::prelude::*;

pub(super) const SETUSER: Command = Command {
    spec: Spec {
        name: "setuser",
        arity: -3,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "6.0.0",
        summary: "Creates a user or changes one.",
        args: &[Arg::string("username"), Arg::string("rule").optional().multiple()],
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        complexity: "O(N), N being the rules",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    // Even the name of a user is nobody's business.
    ctx.session.secret_words.extend(2..args.len());
    let words: Vec<&[u8]> = args.iter_from(3).collect();
    let set = ctx.engine.set_user(ctx.session, args.at(2), &words);
    set.map_err(|reason| Error::text(format!("ERR {reason}")))?;
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn rules_add_up() {
        check(
            "ACL SETUSER bob on >pw ~a:* %R~b:* &c* +@read -get +config|get | \
             ACL SETUSER bob (+set ~x) '(' +get %W~y ')' | ACL LIST",
            "OK | OK | \
             [user bob on sanitize-payload \
             #30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4 ~a:* %R~b:* \
             resetchannels &c* -@all +@read -get +config|get (~x resetchannels -@all +set) \
             (%W~y resetchannels -@all +get) \
             user default on nopass sanitize-payload ~* &* +@all]",
        );
        check(
            "ACL SETUSER bob (+set ~x) (+get %W~y) | ACL SETUSER bob clearselectors (~z) | \
             ACL LIST",
            "OK | OK | [user bob off sanitize-payload resetchannels -@all (~z resetchannels -@all) \
             user default on nopass sanitize-payload ~* &* +@all]",
        );
    }

    #[test]
    fn refused_rules_change_nothing() {
        let head = "ERR Error in ACL SETUSER modifier";
        for (rules, error) in [
            ("on nope", format!("{head} 'nope': Syntax error")),
            ("on +nope", format!("{head} '+nope': Unknown command or category name in ACL")),
            ("on -@nope", format!("{head} '-@nope': Unknown command or category name in ACL")),
            (
                "on +config|get|x",
                format!(
                    "{head} '+config|get|x': Allowing first-arg of a subcommand is not supported"
                ),
            ),
            ("on '~a b'", format!("{head} '~a b': Syntax error")),
            ("on %~x", format!("{head} '%~x': Syntax error")),
            (
                "on (+get",
                "ERR Unmatched parenthesis in acl selector starting at '(+get'.".to_owned(),
            ),
            (
                "on <pw",
                format!(
                    "{head} '<pw': The password you are trying to remove from the user does not \
                     exist"
                ),
            ),
            ("db=16", format!("{head} 'db=16': The provided database ID is out of range")),
            ("db=", format!("{head} 'db=': Syntax error")),
        ] {
            check(&format!("ACL SETUSER bob {rules} | ACL USERS"), &format!("{error} | [default]"));
        }
        let spaces = "ERR Usernames can't contain spaces or null characters";
        check("ACL SETUSER 'a b'", spaces);
    }

    #[test]
    fn takes_effect_at_once() {
        let mut server = TestServer::new();
        let (mut admin, mut other) = (server.client(), server.client());
        server.run(&mut admin, "ACL SETUSER bob on nopass +get ~*");
        assert_eq!(server.run(&mut other, "AUTH bob x"), "OK");
        assert_eq!(server.run(&mut other, "GET k"), "nil");
        server.run(&mut admin, "ACL SETUSER bob -get");
        let denied = "NOPERM User bob has no permissions to run the 'get' command";
        assert_eq!(server.run(&mut other, "GET k"), denied);
        // Within one batch, too.
        let line = "ACL SETUSER default -get\r\nGET k";
        let reply = server.run(&mut admin, line);
        assert_eq!(reply, "OK NOPERM User default has no permissions to run the 'get' command");
    }

    #[test]
    fn nothing_of_it_is_shown() {
        let mut server = TestServer::new();
        let mut session = server.client();
        server.run(&mut session, "CONFIG SET slowlog-log-slower-than 0");
        server.run(&mut session, "ACL SETUSER bob >hush");
        let words = server.engine.slowlog.newest(1).remove(0).words;
        assert_eq!(words.join(&b' '), b"ACL SETUSER (redacted) (redacted)");
    }
}
