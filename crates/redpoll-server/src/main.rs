//! The server program.
//!
//! `main` reads the configuration, binds the listeners, starts the threads and waits for the end.
//! The parts: [`worker`] serves connections, [`acceptor`] hands them out, [`timer`] does what time
//! asks for, [`reclaim`] frees large values, [`logging`] writes the log.

#![forbid(unsafe_code)]

mod acceptor;
mod banner;
mod common;
mod connection;
mod hands;
mod logging;
mod mailbox;
mod reclaim;
mod reconfigure;
mod start;
mod timer;
mod worker;

use redpoll_config::{CommandLine, Config};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: redpoll_memory::Allocator = redpoll_memory::Allocator;

fn main() -> ExitCode {
    redpoll_memory::register_thread();
    let launch = match CommandLine::parse(std::env::args_os().skip(1)) {
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
