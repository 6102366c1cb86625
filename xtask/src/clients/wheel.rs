//! The Python package: its wheel is built, installed beside redis-py, and its own tests are run.

use super::{directory, python_with, skipped, succeed, target};
use crate::repo;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs the check.
///
/// # Errors
/// If the extension has faults that clippy finds, the wheel or the server does not build, or a test
/// fails.
pub fn run() -> Result<(), String> {
    let sources = repo::root().join("python");
    let directory = directory("wheel")?;
    let python = match python_with(&directory, &sources.join("tests/requirements.txt")) {
        Ok(python) => python,
        Err(why) => return skipped(&why),
    };
    let mut clippy = repo::cargo();
    clippy.args(["clippy", "--quiet", "--locked", "--", "-D", "warnings"]);
    // A directory of its own: cargo would build what both workspaces use again and again.
    clippy.env("CARGO_TARGET_DIR", target().join("python"));
    succeed(clippy.current_dir(&sources))?;
    let wheel = build(&sources, &python, &directory.join("wheels"))?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps"]);
    succeed(pip.arg(wheel))?;
    succeed(Command::new("cargo").args(["build", "--quiet", "-p", "redpoll-server"]))?;
    let mut tests = Command::new(&python);
    tests.args(["-m", "unittest", "discover", "--top-level-directory", ".", "--start-directory"]);
    tests.arg("tests").env("REDPOLL_SERVER", target().join("debug/redpoll-server"));
    succeed(tests.current_dir(&sources))
}

/// The wheel, built for development.
fn build(sources: &Path, python: &Path, into: &Path) -> Result<PathBuf, String> {
    let text = |error: std::io::Error| format!("{}: {error}", into.display());
    // Nothing is there the first time.
    let _ = fs::remove_dir_all(into);
    let mut maturin = Command::new(python.with_file_name("maturin"));
    maturin.args(["build", "--quiet", "--locked", "--out"]).arg(into);
    maturin.env("CARGO_TARGET_DIR", target().join("python"));
    succeed(maturin.current_dir(sources))?;
    let wheel = fs::read_dir(into).map_err(text)?.next().ok_or("maturin has built no wheel")?;
    Ok(wheel.map_err(text)?.path())
}
