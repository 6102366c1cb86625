//! `cargo xtask codegen`: files written by a program, kept here, and checked for staleness.
//!
//! A generator is a row of [`GENERATED`]: the file it owns and a function that returns its whole
//! text. `--check` writes nothing and fails when a file differs, which is what `ci` runs: whoever
//! changes a source of generated text is told at once, and readers of the repository need no tool.

use crate::{coverage, repo};
use std::path::Path;
use std::process::ExitCode;
use std::{fs, io};

/// A generated file: its path from the repository's root, and the function that makes its text.
pub struct Generated {
    /// Path from the repository's root.
    pub path: &'static str,
    /// Makes the whole text of the file from the present one (empty when the file is missing).
    ///
    /// A generator that owns only a part of a file keeps the rest from the present text.
    pub text: fn(present: &str) -> Result<String, String>,
}

/// Every generated file of the repository.
pub const GENERATED: &[Generated] = &[
    Generated { path: "docs/configuration.md", text: |_| Ok(redpoll_config::markdown()) },
    Generated { path: "docs/commands.md", text: |_| coverage::document() },
    Generated { path: "README.md", text: coverage::readme },
];

/// Runs `codegen` with its arguments.
pub fn run(args: &[String]) -> ExitCode {
    let check = match args {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => {
            eprintln!("usage: cargo xtask codegen [--check]");
            return ExitCode::from(2);
        }
    };
    match generate(&repo::root(), GENERATED, check) {
        Ok(changed) if check && !changed.is_empty() => {
            for path in changed {
                eprintln!("{path}: stale; run `cargo xtask codegen` and commit the result");
            }
            ExitCode::FAILURE
        }
        Ok(changed) => {
            for path in changed {
                println!("wrote {path}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Brings every file of `table` up to date, or with `check` only looks. Returns those that
/// differed.
pub fn generate(
    root: &Path,
    table: &[Generated],
    check: bool,
) -> Result<Vec<&'static str>, String> {
    let mut changed = Vec::new();
    for entry in table {
        let path = root.join(entry.path);
        let present = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(format!("{}: {error}", entry.path)),
        };
        let wanted = (entry.text)(&present).map_err(|why| format!("{}: {why}", entry.path))?;
        if wanted == present {
            continue;
        }
        changed.push(entry.path);
        if !check {
            fs::write(&path, wanted).map_err(|error| format!("{}: {error}", entry.path))?;
        }
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[Generated] =
        &[Generated { path: "made.md", text: |_| Ok("made by a test\n".to_string()) }];

    #[test]
    fn check_reports_and_a_run_repairs() {
        let root = std::env::temp_dir().join(format!("xtask-codegen-{}", std::process::id()));
        fs::create_dir_all(&root).expect("a temporary directory");
        assert_eq!(generate(&root, TABLE, true), Ok(vec!["made.md"]));
        assert!(!root.join("made.md").exists(), "--check must not write");
        assert_eq!(generate(&root, TABLE, false), Ok(vec!["made.md"]));
        assert_eq!(generate(&root, TABLE, true), Ok(vec![]));
        fs::remove_dir_all(&root).expect("the temporary directory can be removed");
    }
}
