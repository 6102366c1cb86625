//! `CLIENT SETINFO LIB-NAME|LIB-VER text`: what the client library says of itself.

use crate::connection::names::printable;
use crate::prelude::*;

pub(super) const SETINFO: Command = Command {
    spec: Spec {
        name: "setinfo",
        arity: 4,
        flags: Flags::NOSCRIPT.with(Flags::LOADING).with(Flags::STALE),
        group: Group::Connection,
        since: "7.2.0",
        summary: "Tells the client library's name or version.",
        args: &[Arg::one_of(
            "attr",
            &[Arg::string("libname").token("lib-name"), Arg::string("libver").token("lib-ver")],
        )],
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (attribute, text) = (args.at(2), args.at(3));
    let shown = String::from_utf8_lossy(attribute);
    let is_name = parse::is(attribute, "lib-name");
    if !is_name && !parse::is(attribute, "lib-ver") {
        return Err(Error::text(format!("ERR Unrecognized option '{shown}'")));
    }
    let text = printable(text, &shown)?;
    let mut names = ctx.session.client.names.lock();
    if is_name {
        names.lib_name = text;
    } else {
        names.lib_version = text;
    }
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn sets_and_refuses() {
        check(r#"CLIENT SETINFO LIB-NAME a | CLIENT SETINFO lib-ver """#, "OK | OK");
        check("CLIENT SETINFO colour red", "ERR Unrecognized option 'colour'");
        check(
            r#"CLIENT SETINFO Lib-Name "a b""#,
            "ERR Lib-Name cannot contain spaces, newlines or special characters.",
        );
    }
}
