//! The server program.
//!
//! `main` reads the configuration, binds the listeners, starts the threads and waits for the end.
//! The parts: [`worker`] serves connections, [`acceptor`] takes them in and hands them out,
//! [`handshake`] opens those with TLS, [`timer`] does what time asks for, [`reclaim`] frees large
//! values, [`snapshot`] and [`storage`] keep the snapshot file, [`replication`] follows and is
//! followed, [`migrate`] sends keys to other servers, [`tiers`] keeps far memory, [`metrics`]
//! answers Prometheus, [`logging`] writes the log. [`check`] is another program in the same file:
//! it checks files of data.

#![forbid(unsafe_code)]

mod acceptor;
mod aof;
mod background;
mod banner;
mod certificates;
mod check;
mod common;
mod connection;
mod foresight;
mod gathering;
mod hands;
mod handshake;
mod held;
mod hot;
mod later;
mod logging;
mod mailbox;
mod metrics;
mod migrate;
mod oom_score;
mod pollers;
mod progress;
mod propagation;
mod reclaim;
mod reconfigure;
mod replication;
mod rhythm;
mod search;
mod snapshot;
mod start;
mod storage;
mod supervisor;
mod syslog;
mod tiers;
mod timer;
mod users;
mod worker;
mod workers;

use redpoll_config::{CommandLine, Config};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: redpoll_memory::Allocator = redpoll_memory::Allocator;

fn main() -> ExitCode {
    redpoll_memory::register_thread();
    let args: Vec<_> = std::env::args_os().collect();
    if let Some(code) = check::run(&args) {
        return code;
    }
    let launch = match CommandLine::parse(args.into_iter().skip(1)) {
        CommandLine::Help => {
            print!("{}", redpoll_config::help());
            return ExitCode::SUCCESS;
        }
        CommandLine::Version => {
            println!("{}", banner::version());
            return ExitCode::SUCCESS;
        }
        CommandLine::Launch(launch) => launch,
    };
    let config = match Config::load(&launch, std::io::stdin()) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    match start::run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::error!("{error}");
            ExitCode::FAILURE
        }
    }
}
