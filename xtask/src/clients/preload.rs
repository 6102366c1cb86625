//! redis-py through shared memory without knowing: the check of `python` again, with
//! libredpoll_preload.so before it. (What Python's own library does is among the integration
//! tests.)

use super::{against_server, directory, skipped};
use crate::repo::{self, target};
use std::process::Command;

/// Runs the check.
///
/// # Errors
/// If the library or the server does not build or start, or the script ends with a fault.
pub fn run() -> Result<(), String> {
    let python = directory("python")?.join("venv/bin/python");
    if !python.exists() {
        return skipped("redis-py is not there; the step `python` says why");
    }
    let mut cargo = repo::cargo();
    super::succeed(cargo.args(["build", "--quiet", "-p", "redpoll-preload"]))?;
    let directory = directory("preload")?;
    let log = directory.join("preload.log");
    let _ = std::fs::remove_file(&log);
    let mut script = Command::new(python);
    script.arg(repo::root().join("tests/clients/python/client.py"));
    script.env("LD_PRELOAD", target().join("debug/libredpoll_preload.so"));
    script.env("REDPOLL_PRELOAD_LOG", &log);
    against_server(script, &directory)?;
    let said = std::fs::read_to_string(&log).unwrap_or_default();
    match said.contains("through shared memory") {
        true => Ok(()),
        false => Err(format!("no connection went through shared memory; see {}", log.display())),
    }
}
