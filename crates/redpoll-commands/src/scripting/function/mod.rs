//! `FUNCTION`: libraries of functions.

use crate::prelude::*;

mod delete;
mod dump;
mod flush;
mod help;
mod kill;
mod list;
mod load;
mod restore;
mod stats;

pub const FUNCTION: Command = Command {
    spec: Spec {
        name: "function",
        arity: -2,
        group: Group::Scripting,
        since: "7.0.0",
        summary: "Commands about functions.",
        complexity: "Depends on the subcommand.",
        subcommands: &[
            &delete::DELETE,
            &dump::DUMP,
            &flush::FLUSH,
            &help::HELP,
            &kill::KILL,
            &list::LIST,
            &load::LOAD,
            &restore::RESTORE,
            &stats::STATS,
        ],
        ..Spec::EMPTY
    },
    run: container,
};
