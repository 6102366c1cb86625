//! `CONFIG HELP`.

use crate::prelude::*;

pub(super) const HELP: Command = Command {
    spec: Spec {
        name: "help",
        arity: 2,
        flags: Flags::LOADING.with(Flags::STALE),
        group: Group::Server,
        since: "5.0.0",
        summary: "Shows the subcommands of CONFIG.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let lines = [
        ("GET <pattern> [<pattern> ...]", "Names and values of the matching parameters."),
        ("RESETSTAT", "Set the counters of INFO back to 0."),
        ("REWRITE", "Write the present values into the configuration file."),
        ("SET <parameter> <value> [<parameter> <value> ...]", "Change parameters, all or none."),
    ];
    crate::help::reply(&mut ctx.reply, "CONFIG", &lines);
    Ok(())
}
