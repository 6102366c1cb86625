//! `LATENCY HELP`.

use crate::prelude::*;

pub(super) const HELP: Command = Command {
    spec: Spec {
        name: "help",
        arity: 2,
        flags: Flags::LOADING.with(Flags::STALE),
        group: Group::Server,
        since: "2.8.13",
        summary: "Shows the subcommands of LATENCY.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let lines = [
        ("DOCTOR", "What the spikes mean, in words."),
        ("GRAPH <event>", "The spikes of an event as bars."),
        ("HISTOGRAM [<command> ...]", "How many calls took how long."),
        ("HISTORY <event>", "The spikes of an event: time and milliseconds."),
        ("LATEST", "The last spike of each event: time, milliseconds, the worst ever."),
        ("RESET [<event> ...]", "Forget the spikes of the events, or of all."),
    ];
    crate::help::reply(&mut ctx.reply, "LATENCY", &lines);
    Ok(())
}
