//! `MEMORY`: where the memory goes.

use crate::prelude::*;

mod doctor;
mod help;
mod malloc_stats;
mod purge;
mod stats;
mod usage;

pub const MEMORY: Command = Command {
    spec: Spec {
        name: "memory",
        arity: -2,
        group: Group::Server,
        since: "4.0.0",
        summary: "Commands about memory.",
        complexity: "Depends on the subcommand.",
        subcommands: &[
            &doctor::DOCTOR,
            &help::HELP,
            &malloc_stats::MALLOC_STATS,
            &purge::PURGE,
            &stats::STATS,
            &usage::USAGE,
        ],
        ..Spec::EMPTY
    },
    run: container,
};
