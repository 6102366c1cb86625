//! `CLIENT SETNAME name`: name the connection.

use crate::connection::names::client_name;
use crate::prelude::*;

pub(super) const SETNAME: Command = Command {
    spec: Spec {
        name: "setname",
        arity: 3,
        flags: Flags::NOSCRIPT.with(Flags::LOADING).with(Flags::STALE),
        group: Group::Connection,
        since: "2.6.9",
        summary: "Names the connection.",
        args: &[Arg::string("connection-name")],
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    ctx.session.client.names.lock().name = client_name(args.at(2))?;
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn names_and_unnames() {
        check(
            r#"CLIENT GETNAME | CLIENT SETNAME me | CLIENT GETNAME | CLIENT SETNAME """#,
            "nil | OK | me | OK",
        );
        check(r#"CLIENT SETNAME me | CLIENT SETNAME "" | CLIENT GETNAME"#, "OK | OK | nil");
        check(
            r#"CLIENT SETNAME "\n" | CLIENT SETNAME "é""#,
            "ERR Client names cannot contain spaces, newlines or special characters. | \
             ERR Client names cannot contain spaces, newlines or special characters.",
        );
    }
}
