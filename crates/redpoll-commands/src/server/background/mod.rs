//! `BACKGROUND`: commands that take long and run beside the others.

use crate::prelude::*;

#[cfg(test)]
mod groups;
mod help;
mod kill;
mod list;
#[cfg(test)]
mod snapshots;
#[cfg(test)]
mod tests;

pub const BACKGROUND: Command = Command {
    spec: Spec {
        name: "background",
        arity: -2,
        group: Group::Server,
        since: "8.0.0",
        summary: "Commands about long commands.",
        complexity: "Depends on the subcommand.",
        subcommands: &[&help::HELP, &kill::KILL, &list::LIST],
        ..Spec::EMPTY
    },
    run: container,
};
