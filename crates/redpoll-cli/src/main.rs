//! The command-line client.
//!
//! Scripts that call redis-cli can call this instead: options, output in pipes and exit codes are
//! the same. People get more: colours, hints from the server's own documentation, Ctrl-C that
//! stops a command and not the session.
//!
//! `options` says what is wanted; `session` holds the connection and what a user has done with it;
//! `repl` is the interactive mode, `modes` everything else the program can do; `format` turns
//! replies into text.

#![forbid(unsafe_code)]

mod format;
mod interrupt;
mod modes;
mod numbers;
mod once;
mod options;
mod repl;
mod session;
mod stop;
mod uri;
mod usage;
mod words;

use std::path::Path;
use std::process::ExitCode;

use modes::bigkeys::Measure;
use options::Mode;
use session::Session;
use stop::Stop;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let path = arguments.next().unwrap_or_default();
    let name = Path::new(&path).file_name().and_then(|name| name.to_str());
    let program = name.unwrap_or("redpoll-cli").to_owned();
    match run(&program, arguments.collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => stop.conclude(),
    }
}

fn run(program: &str, arguments: Vec<std::ffi::OsString>) -> Result<(), Stop> {
    let mut options = options::parse(program, arguments)?;
    if options.ask_password {
        options.password = Some(once::ask_password()?);
    }
    let mode = options.mode;
    let session = &mut Session::new(options);
    session.locate_socket()?;
    match mode {
        Mode::Latency => modes::latency::run(session),
        Mode::LatencyDist => modes::latency_dist::run(session),
        Mode::Replica => modes::snapshot::follow(session),
        Mode::Rdb => modes::snapshot::fetch(session),
        Mode::Pipe => modes::pipe::run(session),
        Mode::BigKeys => modes::bigkeys::run(session, Measure::Elements),
        Mode::MemKeys => modes::bigkeys::run(session, Measure::Bytes),
        Mode::HotKeys => modes::hotkeys::run(session),
        Mode::Stat => modes::stat::run(session),
        Mode::SyncStat => modes::sync_stat::run(session),
        Mode::Scan => modes::scan::run(session),
        Mode::LruTest => modes::lru::run(session),
        Mode::IntrinsicLatency => modes::intrinsic::run(session),
        Mode::TestHint => once::print_hint(session),
        Mode::Eval => modes::eval::run(session),
        Mode::Command if session.options.command.is_empty() => repl::run(session, program),
        Mode::Command => once::run(session, program),
    }
}
