//! Lengths that may only shrink: functions over 70 lines and files over 700.
//!
//! A long function or file that has its reasons is listed with its present length in
//! `xtask/ratchets.toml`. From then on it may shrink and never grow; once it is short enough, its
//! line goes. `cargo xtask tidy --tighten` lowers and removes, and never adds: adding is a decision
//! that a person takes and a reviewer sees. Generated files (`@generated` in their head) are free.

use super::{Finding, RustFile};
use crate::repo::Tree;
use std::collections::BTreeMap;

/// Where the lengths are listed.
pub const PATH: &str = "xtask/ratchets.toml";

const FUNCTION_LINES_MAX: usize = 70;
const FILE_LINES_MAX: usize = 700;

/// Opens the file that `--tighten` writes.
const HEAD: &str = "\
# Functions over 70 lines and files over 700 that are still allowed, with their present length.
# They may only shrink. `cargo xtask tidy --tighten` lowers the numbers and drops what is done.
";

/// A length found in the tree: its name in the list, and where it is.
struct Length {
    name: String,
    path: String,
    line: usize,
    lines: usize,
}

/// The lists of one kind: name to allowed length.
type Allowed = BTreeMap<String, usize>;

/// Checks each function and file against the limit and the list.
pub fn check(tree: &Tree, files: &[RustFile<'_>]) -> Vec<Finding> {
    let (allowed_files, allowed_functions) = match read(tree) {
        Ok(lists) => lists,
        Err(why) => return vec![Finding::new(PATH, 1, why)],
    };
    let mut findings = Vec::new();
    compare(&file_lengths(files), FILE_LINES_MAX, &allowed_files, "file", &mut findings);
    let functions = function_lengths(files);
    compare(&functions, FUNCTION_LINES_MAX, &allowed_functions, "function", &mut findings);
    findings
}

/// The text of the list with every number lowered to the present length and what is done removed.
pub fn tightened(tree: &Tree, files: &[RustFile<'_>]) -> Result<String, String> {
    let (allowed_files, allowed_functions) = read(tree)?;
    let mut text = String::from(HEAD);
    let kinds = [
        ("files", allowed_files, file_lengths(files), FILE_LINES_MAX),
        ("functions", allowed_functions, function_lengths(files), FUNCTION_LINES_MAX),
    ];
    for (section, allowed, lengths, limit) in kinds {
        text.push_str(&format!("\n[{section}]\n"));
        for length in lengths.iter().filter(|length| length.lines > limit) {
            if let Some(before) = allowed.get(&length.name) {
                text.push_str(&format!("\"{}\" = {}\n", length.name, length.lines.min(*before)));
            }
        }
    }
    Ok(text)
}

fn compare(
    lengths: &[Length],
    limit: usize,
    allowed: &Allowed,
    kind: &str,
    findings: &mut Vec<Finding>,
) {
    for length in lengths {
        let name = &length.name;
        let lines = length.lines;
        let message = match allowed.get(name) {
            None if lines > limit => {
                format!("{kind} of {lines} lines; at most {limit}: cut it where its purposes part")
            }
            Some(before) if lines > *before => {
                format!("{kind} grew from {before} to {lines} lines; it may only shrink")
            }
            Some(before) if lines < *before => {
                format!(
                    "{kind} shrank to {lines} lines, well done: run `cargo xtask tidy --tighten`"
                )
            }
            _ => continue,
        };
        findings.push(Finding::new(&length.path, length.line, message));
    }
    for name in allowed.keys().filter(|name| lengths.iter().all(|length| length.name != **name)) {
        let message = format!("{name} is gone: run `cargo xtask tidy --tighten`");
        findings.push(Finding::new(PATH, 1, message));
    }
}

fn read(tree: &Tree) -> Result<(Allowed, Allowed), String> {
    let text = tree.get(PATH).map_or("", |file| file.text.as_str());
    let table: toml::Table = text.parse().map_err(|error| format!("cannot be read: {error}"))?;
    let list = |section: &str| -> Result<Allowed, String> {
        let entries = table.get(section).and_then(|section| section.as_table());
        let number = |(name, value): (&String, &toml::Value)| {
            let lines = value.as_integer().and_then(|lines| usize::try_from(lines).ok());
            Ok((name.clone(), lines.ok_or_else(|| format!("{name}: not a number of lines"))?))
        };
        entries.into_iter().flatten().map(number).collect()
    };
    Ok((list("files")?, list("functions")?))
}

fn is_generated(rust: &RustFile<'_>) -> bool {
    rust.file.text.lines().take(10).any(|line| line.contains("@generated"))
}

fn file_lengths(files: &[RustFile<'_>]) -> Vec<Length> {
    let ours = files.iter().filter(|rust| !is_generated(rust));
    let length = |rust: &RustFile<'_>| Length {
        name: rust.file.path.clone(),
        path: rust.file.path.clone(),
        line: 1,
        lines: rust.file.text.lines().count(),
    };
    ours.map(length).collect()
}

/// Every function with a body. Functions of one name in one file are told apart by a number.
fn function_lengths(files: &[RustFile<'_>]) -> Vec<Length> {
    let mut lengths = Vec::new();
    for rust in files.iter().filter(|rust| !is_generated(rust)) {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for at in rust.source.words("fn") {
            let rest = rust.source.code[at + 2..].trim_start();
            let end = rest.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(0);
            let Some((_, close)) = rust.source.block_after(at).filter(|_| end > 0) else {
                continue;
            };
            let count = seen.entry(&rest[..end]).or_insert(0);
            *count += 1;
            let suffix = if *count > 1 { format!("#{count}") } else { String::new() };
            let line = rust.source.line_of(at);
            lengths.push(Length {
                name: format!("{}::{}{suffix}", rust.file.path, &rest[..end]),
                path: rust.file.path.clone(),
                line,
                lines: rust.source.line_of(close) + 1 - line,
            });
        }
    }
    lengths
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{rust, tree};
    use super::*;

    fn function(name: &str, lines: usize) -> String {
        format!("fn {name}(a: fn(u8) -> u8) {{\n{}}}\n", "    a();\n".repeat(lines - 2))
    }

    fn messages(text: &str, list: &str) -> Vec<String> {
        let tree = tree(&[("a.rs", text), (PATH, list)]);
        check(&tree, &rust(&tree)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn short_ones_are_free_and_long_ones_are_found() {
        assert_eq!(messages(&function("f", 70), ""), [""; 0]);
        let found = messages(&format!("//! A\n{}", function("f", 71)), "");
        assert_eq!(
            found,
            ["a.rs:2: function of 71 lines; at most 70: cut it where its purposes part"]
        );
        assert_eq!(messages(&"//\n".repeat(700), ""), [""; 0]);
        assert_eq!(messages(&"//\n".repeat(701), "").len(), 1);
        assert_eq!(messages(&format!("//! @generated\n{}", "//\n".repeat(900)), ""), [""; 0]);
    }

    #[test]
    fn listed_ones_may_only_shrink() {
        let list = "[functions]\n\"a.rs::f\" = 80\n";
        assert_eq!(messages(&function("f", 80), list), [""; 0]);
        assert!(messages(&function("f", 81), list)[0].contains("grew from 80 to 81"));
        assert!(messages(&function("f", 79), list)[0].contains("shrank to 79"));
        assert!(messages("", list)[0].contains("is gone"));
        assert!(messages("", "[functions]\na = \"b\"\n")[0].contains("not a number"));
    }

    #[test]
    fn functions_of_one_name_are_told_apart() {
        let text = function("f", 3) + &function("f", 90);
        assert!(messages(&text, "[functions]\n\"a.rs::f#2\" = 90\n").is_empty());
    }

    #[test]
    fn tightening_lowers_and_removes_and_never_adds() {
        let text = function("f", 75) + &function("g", 30) + &function("h", 99);
        let list = "[functions]\n\"a.rs::f\" = 80\n\"a.rs::g\" = 90\n\"a.rs::gone\" = 99\n";
        let tree = tree(&[("a.rs", &text), (PATH, list)]);
        let tight = tightened(&tree, &rust(&tree)).expect("the list can be read");
        assert_eq!(tight, format!("{HEAD}\n[files]\n\n[functions]\n\"a.rs::f\" = 75\n"));
    }

    #[test]
    fn declarations_without_a_body_have_no_length() {
        assert_eq!(messages(&format!("trait T {{ fn a(); }}\n{}", "//\n".repeat(80)), ""), [""; 0]);
    }
}
