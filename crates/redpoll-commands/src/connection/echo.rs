//! `ECHO message`: answer the message.

use crate::prelude::*;

pub const ECHO: Command = Command {
    spec: Spec {
        name: "echo",
        arity: 2,
        flags: Flags::LOADING.with(Flags::STALE).with(Flags::FAST),
        group: Group::Connection,
        since: "1.0.0",
        summary: "Answers the message it is given.",
        args: &[Arg::string("message")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    ctx.reply.bulk(args.at(1));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn answers_the_message() {
        check(r#"ECHO "a b" | ECHO """#, r#"a b | """#);
        check("ECHO", "ERR wrong number of arguments for 'echo' command");
    }
}
