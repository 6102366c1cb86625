//! `SCRIPT`: the cache of scripts, and the running one.

use crate::prelude::*;

mod debug;
mod exists;
mod flush;
mod help;
pub(super) mod kill;
mod load;
mod show;

pub const SCRIPT: Command = Command {
    spec: Spec {
        name: "script",
        arity: -2,
        group: Group::Scripting,
        since: "2.6.0",
        summary: "Commands about scripts.",
        complexity: "Depends on the subcommand.",
        subcommands: &[
            &debug::DEBUG,
            &exists::EXISTS,
            &flush::FLUSH,
            &help::HELP,
            &kill::KILL,
            &load::LOAD,
            &show::SHOW,
        ],
        ..Spec::EMPTY
    },
    run: container,
};
