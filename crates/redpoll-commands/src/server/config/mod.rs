//! `CONFIG`: the configuration of the running server.

use crate::prelude::*;

mod get;
mod help;
mod resetstat;
pub(super) mod rewrite;
mod set;

pub const CONFIG: Command = Command {
    spec: Spec {
        name: "config",
        arity: -2,
        group: Group::Server,
        since: "2.0.0",
        summary: "Commands about the configuration.",
        complexity: "Depends on the subcommand.",
        subcommands: &[&get::GET, &help::HELP, &resetstat::RESETSTAT, &rewrite::REWRITE, &set::SET],
        ..Spec::EMPTY
    },
    run: container,
};
