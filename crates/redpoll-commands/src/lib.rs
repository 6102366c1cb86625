//! Every command: its metadata and its function side by side, one folder a group.
//!
//! A command is one file with one `pub const NAME: Command`, its function, and its tests; adding
//! one is that file and one line in its group's `mod.rs`. [`all`] is the whole list. What commands
//! share within a group is in the group's folder; what all share is in [`parse`] (arguments) and
//! `prelude`.
//!
//! Invariants: no socket, no thread, no wall clock here; `ctx.keys.now()` is the time and `ctx.rng`
//! the dice.

#![forbid(unsafe_code)]

/// Declares the command files of a group and lists their commands.
macro_rules! group {
    ($($module:ident: $($command:ident),+;)*) => {
        $(mod $module;)*

        /// The group's commands.
        pub(crate) const COMMANDS: &[&redpoll_engine::spec::Command] =
            &[$($(&$module::$command),+),*];
    };
}

mod answer;
mod cost;
mod crew;
mod help;
mod matching;
mod mpop;
pub mod parse;
mod prelude;
mod scan;

mod bitmap;
mod cluster;
mod connection;
mod generic;
mod geo;
mod hash;
mod hyperloglog;
mod list;
mod pubsub;
mod replication;
mod scripting;
mod search;
mod server;
mod set;
mod sorted_set;
mod stream;
mod string;
mod transactions;

#[cfg(test)]
mod testing;

use redpoll_engine::spec::Command;
pub use server::everything as info;

/// All commands.
pub fn all() -> impl Iterator<Item = &'static Command> {
    let groups = [
        bitmap::COMMANDS,
        cluster::COMMANDS,
        connection::COMMANDS,
        generic::COMMANDS,
        geo::COMMANDS,
        hash::COMMANDS,
        hyperloglog::COMMANDS,
        list::COMMANDS,
        pubsub::COMMANDS,
        replication::COMMANDS,
        scripting::COMMANDS,
        search::COMMANDS,
        server::COMMANDS,
        set::COMMANDS,
        sorted_set::COMMANDS,
        stream::COMMANDS,
        string::COMMANDS,
        transactions::COMMANDS,
    ];
    groups.into_iter().flatten().copied()
}
