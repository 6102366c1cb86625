//! `cargo xtask ci`: every check of the repository, one after the other.
//!
//! A check is a row of [`STEPS`]. All of them run, even after one has failed, so that one run tells
//! everything; the failed ones are named at the end. The last line counts them, in the form
//! `N passed, N failed`.

use crate::repo::{Tree, root};
use crate::{clients, guest, packages};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

/// One check: a name for people, and a function whose error says what went wrong.
struct Step {
    name: &'static str,
    run: fn() -> Result<(), String>,
}

/// The checks, in the order they run: the quick and the often failing first.
const STEPS: &[Step] = &[
    Step { name: "packages", run: packages::ensure },
    Step { name: "format", run: format },
    Step { name: "tidy", run: || xtask(&["tidy"]) },
    Step {
        name: "clippy",
        run: || cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    },
    Step { name: "tests", run: tests },
    Step { name: "doctests", run: || cargo(&["test", "--workspace", "--doc", "--quiet"]) },
    Step { name: "codegen", run: || xtask(&["codegen", "--check"]) },
    Step { name: "python", run: clients::python::run },
    Step { name: "wheel", run: clients::wheel::run },
    Step { name: "node", run: clients::node::run },
    Step { name: "hiredis", run: clients::hiredis::run },
    Step { name: "guest", run: guest::check },
    Step { name: "c", run: clients::c::run },
    Step { name: "preload", run: clients::preload::run },
    Step { name: "sanitizer", run: sanitizer },
    Step { name: "fuzz", run: fuzz },
];

/// How long each fuzz target runs in a check, in seconds. Long runs: docs/testing.md.
const FUZZ_SECONDS: &str = "15";

/// Where its dice start: the same inputs each time, so that a check says something of the change
/// and not of luck. New inputs are for the long runs.
const FUZZ_SEED: &str = "1";

/// Runs `ci` with its arguments: none for all steps, or the names of some.
pub fn run(args: &[String]) -> ExitCode {
    if let Some(unknown) = args.iter().find(|arg| STEPS.iter().all(|step| step.name != **arg)) {
        let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        eprintln!("error: no step named '{unknown}'; there are: {}", names.join(", "));
        return ExitCode::from(2);
    }
    let chosen: Vec<&Step> = STEPS
        .iter()
        .filter(|step| args.is_empty() || args.iter().any(|a| a == step.name))
        .collect();
    let failed = run_steps(&chosen);
    for name in &failed {
        println!("failed: {name}");
    }
    println!("{} passed, {} failed", chosen.len() - failed.len(), failed.len());
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs the steps in order and returns the names of those that failed.
fn run_steps(steps: &[&Step]) -> Vec<&'static str> {
    let mut failed = Vec::new();
    for step in steps {
        println!("==> {}", step.name);
        let start = Instant::now();
        let result = (step.run)();
        let seconds = start.elapsed().as_secs_f64();
        match result {
            Ok(()) => println!("    {} ok, {seconds:.1} s", step.name),
            Err(why) => {
                println!("{why}\n    {} FAILED, {seconds:.1} s", step.name);
                failed.push(step.name);
            }
        }
    }
    failed
}

/// Formatting of every source file. Not `cargo fmt`, which follows `mod` lines and does not see the
/// files of commands, as a macro declares those.
fn format() -> Result<(), String> {
    let tree = Tree::load(&root()).map_err(|error| error.to_string())?;
    let mut args = vec!["--edition", "2024", "--check", "--quiet"];
    args.extend(tree.rust().map(|file| file.path.as_str()));
    command("rustfmt", Command::new("rustfmt").args(&args), &["--check"])
}

/// All tests of the workspace but the doctests: with nextest where it is installed, which runs
/// each test in a process of its own, and with cargo's own runner elsewhere.
fn tests() -> Result<(), String> {
    let nextest = Command::new("cargo")
        .args(["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if nextest {
        cargo(&["nextest", "run", "--workspace", "--no-fail-fast"])
    } else {
        cargo(&["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"])
    }
}

/// The tests of the crate that maps memory of others, under AddressSanitizer.
fn sanitizer() -> Result<(), String> {
    let target = match std::env::consts::ARCH {
        arch @ ("x86_64" | "aarch64") if cfg!(target_os = "linux") => {
            format!("{arch}-unknown-linux-gnu")
        }
        _ => {
            println!("    there is no AddressSanitizer for this machine: skipped");
            return Ok(());
        }
    };
    let args = ["test", "--quiet", "-p", "redpoll-shm", "--lib", "--target", &target];
    let directory = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let mut cargo = crate::repo::cargo();
    cargo
        .args(args)
        // An unstable flag, which the stable compiler understands if it is told that it may.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Zsanitizer=address")
        .env("CARGO_TARGET_DIR", std::path::Path::new(&directory).join("sanitizer"))
        // A test that plays a client which is killed leaves its memory behind.
        .env("ASAN_OPTIONS", "detect_leaks=0");
    command("cargo", &mut cargo, &args)
}

/// Each fuzz target for a few seconds on stable Rust.
fn fuzz() -> Result<(), String> {
    let targets = [
        "request_parser",
        "acl_rules",
        "command_sequences",
        "change_log",
        "snapshots",
        "restore_payload",
        "rdb_file",
        "aof_file",
        "script_values",
        "hostile_ring",
        "sync_table",
    ];
    for target in targets {
        let run = ["run", "--quiet", "-p", "redpoll-fuzz", "--", target];
        cargo(&[&run[..], &["--seconds", FUZZ_SECONDS, "--seed", FUZZ_SEED]].concat())?;
    }
    Ok(())
}

fn cargo(args: &[&str]) -> Result<(), String> {
    command("cargo", crate::repo::cargo().args(args), args)
}

fn xtask(args: &[&str]) -> Result<(), String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    command("cargo xtask", Command::new(program).args(args), args)
}

fn command(name: &str, command: &mut Command, args: &[&str]) -> Result<(), String> {
    let status = command
        .current_dir(root())
        .status()
        .map_err(|error| format!("{name} could not be started: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{name} {}`: {status}", args.join(" "))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_named_and_stops_nothing() {
        let good = Step { name: "good", run: || Ok(()) };
        let bad = Step { name: "bad", run: || Err("as told".into()) };
        assert_eq!(run_steps(&[&good, &bad, &good]), ["bad"]);
    }

    #[test]
    fn names_of_steps_are_unique() {
        let mut names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STEPS.len());
    }
}
