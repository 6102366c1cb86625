//! `CLIENT LONG-COMMANDS SNAPSHOT|YIELD|INLINE|DEFAULT`: how the connection's long commands run.

use crate::prelude::*;
use redpoll_config::LongCommands;

pub(super) const LONG_COMMANDS: Command = Command {
    spec: Spec {
        name: "long-commands",
        arity: 3,
        flags: Flags::NOSCRIPT.with(Flags::LOADING).with(Flags::STALE),
        group: Group::Connection,
        since: "8.0.0",
        summary: "Sets how the connection's long commands run.",
        args: &[Arg::one_of(
            "mode",
            &[
                Arg::flag("snapshot", "SNAPSHOT"),
                Arg::flag("yield", "YIELD"),
                Arg::flag("inline", "INLINE"),
                Arg::flag("default", "DEFAULT"),
            ],
        )],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let modes = [LongCommands::Snapshot, LongCommands::Yield, LongCommands::Inline];
    let word = args.at(2);
    let named = modes.into_iter().find(|mode| parse::is(word, mode.name()));
    if named.is_none() && !parse::is(word, "default") {
        return Err(Error::Syntax);
    }
    ctx.session.long_commands = named;
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn answers() {
        check(
            "CLIENT LONG-COMMANDS inline | CLIENT LONG-COMMANDS YIELD | \
             CLIENT LONG-COMMANDS snapshot | CLIENT LONG-COMMANDS DEFAULT",
            "OK | OK | OK | OK",
        );
        check("CLIENT LONG-COMMANDS never", "ERR syntax error");
    }
}
