//! `HIMPORT`: hashes with the same fields, whose names are sent once for all of them.
//!
//! A fieldset, a list of names under a name of its own, belongs to the connection that has prepared
//! it, and goes with it.

use crate::prelude::*;

mod discard;
mod prepare;
mod set;

pub const HIMPORT: Command = Command {
    spec: Spec {
        name: "himport",
        arity: -2,
        group: Group::Hash,
        since: "8.10.0",
        summary: "Commands that make hashes of fields named beforehand.",
        complexity: "Depends on the subcommand.",
        subcommands: &[&discard::DISCARD, &discard::DISCARDALL, &prepare::PREPARE, &set::SET],
        ..Spec::EMPTY
    },
    run: container,
};
