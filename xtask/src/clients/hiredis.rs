//! hiredis, Debian's build of it, as C programs use it.

use super::{against_server, directory, skipped, succeed};
use crate::repo;
use std::process::Command;

/// Runs the check.
///
/// # Errors
/// If the program does not compile, the server does not build or start, or a check fails.
pub fn run() -> Result<(), String> {
    let flags = Command::new("pkg-config").args(["--cflags", "--libs", "hiredis"]).output();
    let flags = match flags {
        Ok(output) if output.status.success() => output.stdout,
        _ => return skipped("pkg-config does not find hiredis"),
    };
    let flags = String::from_utf8_lossy(&flags).into_owned();
    let directory = directory("hiredis")?;
    let program = directory.join("client");
    let mut compiler = Command::new("cc");
    compiler.args(["-Wall", "-Wextra", "-Werror", "-O1"]);
    compiler.arg(repo::root().join("tests/clients/c/client.c")).arg("-o").arg(&program);
    succeed(compiler.args(flags.split_whitespace()))?;
    against_server(Command::new(program), &directory)
}
