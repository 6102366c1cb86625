//! ioredis, as Node programs use it.

use super::{against_server, directory, once, skipped, succeed};
use crate::repo;
use std::fs;
use std::process::Command;

/// Runs the check.
///
/// # Errors
/// If the server does not build or start, or the script ends with a fault.
pub fn run() -> Result<(), String> {
    let sources = repo::root().join("tests/clients/node");
    let directory = directory("node")?;
    let requirements = sources.join("package.json");
    let installed = once(&directory, &requirements, || {
        let copy = fs::copy(&requirements, directory.join("package.json"));
        copy.map_err(|error| error.to_string())?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]);
        succeed(npm.current_dir(&directory))
    });
    if let Err(why) = installed {
        return skipped(&why);
    }
    let mut script = Command::new("node");
    script.arg(sources.join("client.js")).env("NODE_PATH", directory.join("node_modules"));
    against_server(script, &directory)
}
