//! redis-py, with its parser in C.

use super::{against_server, directory, python_with, skipped};
use crate::repo;
use std::process::Command;

/// Runs the check.
///
/// # Errors
/// If the server does not build or start, or the script ends with a fault.
pub fn run() -> Result<(), String> {
    let sources = repo::root().join("tests/clients/python");
    let directory = directory("python")?;
    let python = match python_with(&directory, &sources.join("requirements.txt")) {
        Ok(python) => python,
        Err(why) => return skipped(&why),
    };
    let mut script = Command::new(python);
    script.arg(sources.join("client.py"));
    against_server(script, &directory)
}
