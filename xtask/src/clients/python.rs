//! redis-py, with its parser in C.

use super::{against_server, directory, once, skipped, succeed};
use crate::repo;
use std::process::Command;

/// Runs the check.
///
/// # Errors
/// If the server does not build or start, or the script ends with a fault.
pub fn run() -> Result<(), String> {
    let sources = repo::root().join("tests/clients/python");
    let directory = directory("python")?;
    let (requirements, venv) = (sources.join("requirements.txt"), directory.join("venv"));
    let python = venv.join("bin/python");
    let installed = once(&directory, &requirements, || {
        succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
        let mut pip = Command::new(&python);
        succeed(pip.args(["-m", "pip", "install", "--quiet", "-r"]).arg(&requirements))
    });
    if let Err(why) = installed {
        return skipped(&why);
    }
    let mut script = Command::new(python);
    script.arg(sources.join("client.py"));
    against_server(script, &directory)
}
