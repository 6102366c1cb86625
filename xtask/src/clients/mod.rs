//! Client libraries against a started server, from `tests/clients`: one module a language.
//!
//! The libraries go below `target/`, made anew when the list of what is required changes. Where
//! they cannot be fetched (no network) the check says so and is skipped: that is the machine's
//! fault and not the server's.

pub mod c;
pub mod hiredis;
pub mod node;
pub mod preload;
pub mod python;
mod server;
pub mod wheel;

use crate::repo::{self, target};
use server::Server;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Builds and starts a server and runs `script` with its port and socket as arguments.
fn against_server(mut script: Command, directory: &Path) -> Result<(), String> {
    succeed(Command::new("cargo").args(["build", "--quiet", "-p", "redpoll-server"]))?;
    let server = Server::start(&target().join("debug/redpoll-server"), directory)?;
    script.arg(server.port.to_string()).arg(&server.socket);
    succeed(&mut script)
}

/// A directory below `target/` for this client.
fn directory(name: &str) -> Result<PathBuf, String> {
    let directory = target().join("clients").join(name);
    fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
    Ok(directory)
}

/// Runs `install` unless the last one that succeeded had the same `requirements`.
fn once(
    directory: &Path,
    requirements: &Path,
    install: impl FnOnce() -> Result<(), String>,
) -> Result<(), String> {
    let wanted = fs::read(requirements).map_err(|error| error.to_string())?;
    let stamp = directory.join("installed");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    install()?;
    fs::write(&stamp, wanted).map_err(|error| error.to_string())
}

/// Python in an environment of its own below a directory, with what `requirements` names.
fn python_with(directory: &Path, requirements: &Path) -> Result<PathBuf, String> {
    let venv = directory.join("venv");
    let python = venv.join("bin/python");
    once(directory, requirements, || {
        succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
        let mut pip = Command::new(&python);
        succeed(pip.args(["-m", "pip", "install", "--quiet", "-r"]).arg(requirements))
    })?;
    Ok(python)
}

/// Says that a check is not run.
fn skipped(why: &str) -> Result<(), String> {
    println!("    SKIPPED: the client library cannot be had here: {why}");
    Ok(())
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    if command.get_current_dir().is_none() {
        command.current_dir(repo::root());
    }
    let status = command.stdin(Stdio::null()).status();
    let status = status.map_err(|error| format!("{name}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{name}: {status}")) }
}
