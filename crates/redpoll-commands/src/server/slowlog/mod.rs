//! `SLOWLOG`: the commands that took long.

use crate::prelude::*;

pub(super) mod get;
mod help;
mod len;
mod reset;

pub const SLOWLOG: Command = Command {
    spec: Spec {
        name: "slowlog",
        arity: -2,
        group: Group::Server,
        since: "2.2.12",
        summary: "Commands about the log of slow commands.",
        complexity: "Depends on the subcommand.",
        subcommands: &[&get::GET, &help::HELP, &len::LEN, &reset::RESET],
        ..Spec::EMPTY
    },
    run: container,
};
