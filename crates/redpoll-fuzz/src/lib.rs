//! What bytes from a stranger must never do, as functions of bytes.
//!
//! A target takes any bytes and panics if something is wrong. The same functions serve three
//! callers: the runner of this crate (`cargo run -p redpoll-fuzz -- request_parser --seconds 20`,
//! stable Rust, for everyday checks), property tests, and the cargo-fuzz wrappers in `fuzz/` for
//! long runs guided by coverage.
//!
//! A new target is a module with one such function, and a row in [`TARGETS`].

#![forbid(unsafe_code)]

pub mod acl_rules;
pub mod aof_file;
pub mod change_log;
pub mod command_sequences;
pub mod exercise;
pub mod grammar;
pub mod hostile_ring;
pub mod model;
pub mod mutate;
pub mod rdb_file;
pub mod request_parser;
pub mod restore_payload;
pub mod script_values;
pub mod search_language;
pub mod snapshots;
pub mod store;
pub mod sync_table;

/// A function that panics when bytes lead to something wrong.
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// The function.
    pub run: fn(&[u8]),
    /// Inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "request_parser", run: request_parser::run, seeds: request_parser::seeds },
    Target { name: "acl_rules", run: acl_rules::run, seeds: acl_rules::seeds },
    Target {
        name: "command_sequences",
        run: command_sequences::run,
        seeds: command_sequences::seeds,
    },
    Target { name: "restore_payload", run: restore_payload::run, seeds: restore_payload::seeds },
    Target { name: "rdb_file", run: rdb_file::run, seeds: rdb_file::seeds },
    Target { name: "aof_file", run: aof_file::run, seeds: aof_file::seeds },
    Target { name: "change_log", run: change_log::run, seeds: command_sequences::seeds },
    Target { name: "snapshots", run: snapshots::run, seeds: command_sequences::seeds },
    Target { name: "hostile_ring", run: hostile_ring::run, seeds: hostile_ring::seeds },
    Target { name: "script_values", run: script_values::run, seeds: script_values::seeds },
    Target { name: "sync_table", run: sync_table::run, seeds: sync_table::seeds },
    Target { name: "search_language", run: search_language::run, seeds: search_language::seeds },
];

/// The target of this name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
