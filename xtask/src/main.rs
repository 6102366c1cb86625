//! Automation of this repository: `cargo xtask <command>`.
//!
//! Everything a build machine or a developer runs beyond plain `cargo` lives here, in Rust, so that
//! it works the same everywhere and is checked like the rest. One module a command; each takes its
//! arguments as a slice and returns an exit code, so that none of them depends on another.

#![forbid(unsafe_code)]

mod ci;
mod clients;
mod codegen;
mod compare;
mod coverage;
mod eviction;
mod guest;
mod install_c;
mod packages;
mod repo;
mod tidy;

use std::process::ExitCode;

/// One subcommand: its name, one line of help, and its function.
struct Command {
    name: &'static str,
    help: &'static str,
    run: fn(&[String]) -> ExitCode,
}

const COMMANDS: &[Command] = &[
    Command { name: "ci", help: "run every check, as the build machine does", run: ci::run },
    Command {
        name: "tidy",
        help: "check the house's rules of form (--tighten lowers ratchets, --wrap PATH comments)",
        run: tidy::run,
    },
    Command {
        name: "compare",
        help: "measure this server and Debian's redis-server side by side",
        run: compare::run,
    },
    Command {
        name: "eviction",
        help: "measure what both evict against what would be best, and its cost",
        run: eviction::run,
    },
    Command {
        name: "guest",
        help: "run the tests of far memory in a virtual machine that has some",
        run: guest::run,
    },
    Command {
        name: "install-c",
        help: "build and install libredpoll, its headers and the library for LD_PRELOAD",
        run: install_c::run,
    },
    Command {
        name: "codegen",
        help: "rewrite generated files (--check fails when one is stale)",
        run: codegen::run,
    },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(name) = args.first() else {
        print_help();
        return ExitCode::from(2);
    };
    if matches!(name.as_str(), "help" | "-h" | "--help") {
        print_help();
        return ExitCode::SUCCESS;
    }
    match COMMANDS.iter().find(|command| command.name == name) {
        Some(command) => (command.run)(&args[1..]),
        None => {
            eprintln!("error: no command named '{name}'");
            print_help();
            ExitCode::from(2)
        }
    }
}

fn print_help() {
    eprintln!("Usage: cargo xtask <command> [options]\n\nCommands:");
    for command in COMMANDS {
        eprintln!("  {:<9} {}", command.name, command.help);
    }
}
