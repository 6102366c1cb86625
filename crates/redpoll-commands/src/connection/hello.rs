//! `HELLO [protover [AUTH username password] [SETNAME clientname]]`: shake hands.

use super::{login, names};
use crate::prelude::*;
use redpoll_config::Compat;
use redpoll_engine::acl::Login;
use redpoll_resp::Proto;

/// The version of Redis whose commands and replies these are.
pub(crate) const REDIS_VERSION: &str = "7.2.4";

/// The version of Valkey that is told where Valkey is to be followed.
pub(crate) const VALKEY_VERSION: &str = "9.1.0";

pub const HELLO: Command = Command {
    spec: Spec {
        name: "hello",
        history: &[("6.2.0", "Without a version, the connection is described.")],
        arity: -1,
        flags: Flags::NOSCRIPT
            .with(Flags::LOADING)
            .with(Flags::STALE)
            .with(Flags::FAST)
            .with(Flags::NO_AUTH)
            .with(Flags::ALLOW_BUSY),
        group: Group::Connection,
        since: "6.0.0",
        summary: "Shakes hands: protocol, login and name in one command.",
        args: &[Arg::block(
            "arguments",
            &[
                Arg::integer("protover"),
                Arg::block("auth", &[Arg::string("username"), Arg::string("password")])
                    .token("AUTH")
                    .optional(),
                Arg::string("clientname").token("SETNAME").optional(),
            ],
        )
        .optional()],
        ..Spec::EMPTY
    },
    run,
};

/// What the client asks for.
#[derive(Default)]
struct Wishes<'a> {
    proto: Option<Proto>,
    login: Option<(&'a [u8], &'a [u8])>,
    name: Option<String>,
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let wishes = read(ctx, args)?;
    if let Some((user, password)) = wishes.login {
        login::log_in(ctx, args.at(0), Login { user, password })?;
    }
    if !ctx.session.authenticated {
        return Err(Error::text(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the \
             HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and \
             select the RESP protocol version at the same time",
        ));
    }
    if let Some(name) = wishes.name {
        ctx.session.client.names.lock().name = name;
    }
    if let Some(proto) = wishes.proto {
        ctx.session.set_proto(proto);
        ctx.reply.set_proto(proto);
    }
    answer(ctx);
    Ok(())
}

fn read<'a>(ctx: &mut Ctx<'_>, args: Args<'a>) -> Result<Wishes<'a>> {
    let mut wishes = Wishes::default();
    let Some(version) = args.get(1) else { return Ok(wishes) };
    let wrong = "ERR Protocol version is not an integer or out of range";
    wishes.proto = match parse::int(version).map_err(|_| Error::text(wrong))? {
        2 => Some(Proto::Resp2),
        3 => Some(Proto::Resp3),
        _ => return Err(Error::text("NOPROTO unsupported protocol version")),
    };
    let mut at = 2;
    while let Some(option) = args.get(at) {
        match (args.get(at + 1), args.get(at + 2)) {
            (Some(user), Some(password)) if parse::is(option, "auth") => {
                ctx.session.secret_words.extend([at + 1, at + 2]);
                wishes.login = Some((user, password));
                at += 3;
            }
            (Some(name), _) if parse::is(option, "setname") => {
                wishes.name = Some(names::client_name(name)?);
                at += 2;
            }
            _ => {
                let option = String::from_utf8_lossy(option);
                return Err(Error::text(format!("ERR Syntax error in HELLO option '{option}'")));
            }
        }
    }
    Ok(wishes)
}

fn answer(ctx: &mut Ctx<'_>) {
    let (reply, session) = (&mut ctx.reply, &ctx.session);
    reply.map(7);
    reply.bulk(b"server");
    let (server, version) = match ctx.engine.config.compat() {
        Compat::Redis => ("redis", REDIS_VERSION),
        Compat::Valkey => ("valkey", VALKEY_VERSION),
    };
    reply.bulk(server.as_bytes());
    reply.bulk(b"version");
    reply.bulk(version.as_bytes());
    reply.bulk(b"proto");
    reply.int(if session.proto == Proto::Resp3 { 3 } else { 2 });
    reply.bulk(b"id");
    reply.int(session.client.id as i64);
    reply.bulk(b"mode");
    reply.bulk(b"standalone");
    reply.bulk(b"role");
    reply.bulk(b"master");
    reply.bulk(b"modules");
    reply.array(0);
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check, configure};

    #[test]
    fn tells_who_it_is() {
        let fields =
            "server redis version 7.2.4 proto 2 id 1 mode standalone role master modules []";
        check("HELLO | HELLO 2", &format!("[{fields}] | [{fields}]"));
        let fields = fields.replace("proto 2", "proto 3");
        check("HELLO 3 | HELLO", &format!("{{{fields}}} | {{{fields}}}"));
    }

    #[test]
    fn follows_valkey_if_asked() {
        let mut server = TestServer::new();
        configure(&server, "compat", "valkey");
        let mut session = server.client();
        let hello = server.run(&mut session, "HELLO");
        assert!(hello.starts_with("[server valkey version 9.1.0 proto 2 "), "{hello}");
        let info = server.run(&mut session, "INFO server");
        assert!(info.contains("server_name:valkey\r\nvalkey_version:9.1.0\r\n"), "{info}");
        assert!(info.contains("redis_version:7.2.4\r\n"), "{info}");
    }

    #[test]
    fn refusals_change_nothing() {
        check("HELLO x", "ERR Protocol version is not an integer or out of range");
        check(
            "HELLO 1 | HELLO 4",
            "NOPROTO unsupported protocol version | NOPROTO unsupported protocol version",
        );
        check("HELLO 3 NOPE", "ERR Syntax error in HELLO option 'NOPE'");
        check("HELLO 3 AUTH x", "ERR Syntax error in HELLO option 'AUTH'");
        check("HELLO 3 SETNAME", "ERR Syntax error in HELLO option 'SETNAME'");
        check(
            r#"HELLO 3 SETNAME "a b" | GET k"#,
            "ERR Client names cannot contain spaces, newlines or special characters. | nil",
        );
    }

    #[test]
    fn logs_in_and_names() {
        let mut server = TestServer::new();
        configure(&server, "requirepass", "sesame");
        let mut session = server.client();
        session.authenticated = false;
        assert!(server.run(&mut session, "HELLO 3").starts_with("NOAUTH HELLO must be called"));
        let wrong = server.run(&mut session, "HELLO 3 AUTH default open");
        assert!(wrong.starts_with("WRONGPASS"), "{wrong}");
        let right = server.run(&mut session, "HELLO 3 AUTH default sesame SETNAME me");
        assert!(right.starts_with("{server redis"), "{right}");
        assert_eq!(server.run(&mut session, "CLIENT GETNAME"), "me");
    }
}
