//! `LATENCY`: spikes, and how long commands take.

use crate::prelude::*;

mod doctor;
mod graph;
mod help;
mod histogram;
mod history;
mod latest;
mod reset;

pub const LATENCY: Command = Command {
    spec: Spec {
        name: "latency",
        arity: -2,
        group: Group::Server,
        since: "2.8.13",
        summary: "Commands about latency.",
        complexity: "Depends on the subcommand.",
        subcommands: &[
            &doctor::DOCTOR,
            &graph::GRAPH,
            &help::HELP,
            &histogram::HISTOGRAM,
            &history::HISTORY,
            &latest::LATEST,
            &reset::RESET,
        ],
        ..Spec::EMPTY
    },
    run: container,
};
