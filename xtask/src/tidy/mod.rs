//! `cargo xtask tidy`: the house's rules of form, checked.
//!
//! What a reviewer would have to say again and again is said here once, by a program: which crate
//! may use which, a head in every file, a reason at every `unsafe`, no leftovers, no growing
//! giants. Each rule is a module with one function from the tree of files to findings; the Rust
//! files are read by a small lexer ([`source`]) that tells code from comments and strings. That is
//! less than a parser and enough for rules of form; clippy does what needs types.

mod arrows;
mod banned;
mod heads;
mod ratchets;
mod reach;
mod source;
mod unsafety;
mod wrap;

use crate::repo::{self, File, Tree};
use source::Source;
use std::path::Path;
use std::process::ExitCode;
use std::{fmt, fs};

/// Something against the rules, and where.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Path from the repository's root.
    pub path: String,
    /// Line, counted from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl Finding {
    /// A finding at a line of a file.
    pub fn new(path: &str, line: usize, message: impl Into<String>) -> Finding {
        Finding { path: path.into(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// A Rust file together with what the lexer made of it.
pub struct RustFile<'a> {
    /// The file.
    pub file: &'a File,
    /// Its text, told apart.
    pub source: Source,
}

/// Runs `tidy` with its arguments.
pub fn run(args: &[String]) -> ExitCode {
    let repair: fn(&Path, &Tree) -> Result<(), String> = match args {
        [] => |_, _| Ok(()),
        [flag] if flag == "--tighten" => tighten,
        [flag, paths @ ..] if flag == "--wrap" => return wrap(paths),
        _ => {
            eprintln!("usage: cargo xtask tidy [--tighten | --wrap PATH...]");
            return ExitCode::from(2);
        }
    };
    let root = repo::root();
    let repaired = load(&root).and_then(|tree| repair(&root, &tree));
    match repaired.and_then(|()| load(&root)).map(|tree| check(&tree)) {
        Ok(findings) if findings.is_empty() => ExitCode::SUCCESS,
        Ok(findings) => {
            for finding in &findings {
                eprintln!("{finding}");
            }
            eprintln!("tidy: {} findings", findings.len());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn load(root: &Path) -> Result<Tree, String> {
    Tree::load(root).map_err(|error| format!("{}: {error}", root.display()))
}

/// Lowers the length ratchets to what is there.
fn tighten(root: &Path, tree: &Tree) -> Result<(), String> {
    let text = ratchets::tightened(tree, &lex(tree))?;
    fs::write(root.join(ratchets::PATH), text)
        .map_err(|error| format!("{}: {error}", ratchets::PATH))
}

/// Breaks wide comments in the Rust files below the paths (from the repository's root).
fn wrap(paths: &[String]) -> ExitCode {
    let root = repo::root();
    let wrapped = load(&root).and_then(|tree| {
        let inside = |file: &&File| paths.iter().any(|path| file.path.starts_with(path.as_str()));
        for file in tree.rust().filter(inside) {
            let text = wrap::wrapped(&file.text);
            if text != file.text {
                fs::write(root.join(&file.path), text)
                    .map_err(|error| format!("{}: {error}", file.path))?;
                println!("wrapped {}", file.path);
            }
        }
        Ok(())
    });
    match wrapped {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn lex(tree: &Tree) -> Vec<RustFile<'_>> {
    tree.rust().map(|file| RustFile { file, source: Source::new(&file.text) }).collect()
}

/// Every finding in the tree, sorted by place.
fn check(tree: &Tree) -> Vec<Finding> {
    let rust = lex(tree);
    let mut findings = arrows::check(tree);
    findings.extend(heads::check(&rust));
    findings.extend(unsafety::check(&rust));
    findings.extend(banned::check(tree, &rust));
    findings.extend(ratchets::check(tree, &rust));
    findings.extend(reach::check(tree, &rust));
    findings.sort();
    findings
}

/// Helpers for the tests of the rules.
#[cfg(test)]
pub mod fixture {
    use super::*;

    /// A tree of the given paths and texts.
    pub fn tree(files: &[(&str, &str)]) -> Tree {
        let file = |&(path, text): &(&str, &str)| File { path: path.into(), text: text.into() };
        Tree::new(files.iter().map(file).collect())
    }

    /// The places of the findings as `path:line`, sorted.
    pub fn places(findings: &[Finding]) -> Vec<String> {
        let mut places: Vec<String> =
            findings.iter().map(|finding| format!("{}:{}", finding.path, finding.line)).collect();
        places.sort();
        places
    }

    /// Lexes the Rust files of a tree.
    pub fn rust(tree: &Tree) -> Vec<RustFile<'_>> {
        lex(tree)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_reads_as_file_line_message() {
        let finding = Finding::new("crates/a/src/lib.rs", 7, "has no head");
        assert_eq!(finding.to_string(), "crates/a/src/lib.rs:7: has no head");
    }

    #[test]
    fn a_clean_tree_has_no_findings() {
        let tree = fixture::tree(&[
            ("crates/redpoll-resp/Cargo.toml", "[package]\nname = \"redpoll-resp\"\n"),
            ("crates/redpoll-resp/src/lib.rs", "//! Head.\n\n#![forbid(unsafe_code)]\n"),
            (ratchets::PATH, ""),
        ]);
        assert_eq!(check(&tree), []);
    }
}
