//! What must not be left behind: unfinished code, debugging aids, unexplained waits in tests,
//! paths of one machine, and lines too long to read side by side.

use super::{Finding, RustFile};
use crate::repo::Tree;

/// Columns a line of Rust may have.
pub const COLUMNS: usize = 100;

/// Code that is never committed, and what to do about it.
const CODE: &[(&str, &str)] = &[
    ("todo!", "finish it, or return an error that says what is not supported"),
    ("unimplemented!", "finish it, or return an error that says what is not supported"),
    ("dbg!", "log it, or remove it"),
    ("#[ignore", "a test runs or it goes"),
];

/// Paths that exist on one machine only. Put together here, so as not to be found in this file.
const PATHS: &[&str] = &[concat!("/wo", "rk/"), concat!("/tm", "p/")];

/// A remark that something is broken, which belongs into the list of issues.
const MARK: &str = concat!("FIX", "ME");

/// Checks lines of Rust for width and leftovers, and all texts for paths.
pub fn check(tree: &Tree, files: &[RustFile<'_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rust in files {
        check_code(rust, &mut findings);
        check_sleep(rust, &mut findings);
        check_width(rust, &mut findings);
    }
    for file in &tree.files {
        let rust = files.iter().find(|rust| rust.file.path == file.path);
        for (index, line) in file.text.lines().enumerate() {
            let line_number = index + 1;
            let test = is_test_file(&file.path)
                || rust.is_some_and(|rust| rust.source.is_test(line_number));
            if let Some(path) = PATHS.iter().find(|path| !test && has_path(line, path)) {
                let message = format!("`{path}…` exists on one machine only");
                findings.push(Finding::new(&file.path, line_number, message));
            }
            if line.contains(MARK) {
                let message = format!("{MARK}: repair it or file an issue");
                findings.push(Finding::new(&file.path, line_number, message));
            }
        }
    }
    findings
}

/// Whether a file is a test as a whole.
fn is_test_file(path: &str) -> bool {
    path.split('/').any(|part| part == "tests" || part == "tests.rs")
}

/// Whether the line has `path` as the start of an absolute path, not as a part of a longer one.
fn has_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | '*'))
    })
}

fn check_code(rust: &RustFile<'_>, findings: &mut Vec<Finding>) {
    for (pattern, remedy) in CODE {
        for (at, _) in rust.source.code.match_indices(pattern) {
            if at > 0 && super::source::is_ident(rust.source.code.as_bytes()[at - 1]) {
                continue;
            }
            let line = rust.source.line_of(at);
            findings.push(Finding::new(&rust.file.path, line, format!("`{pattern}`: {remedy}")));
        }
    }
}

/// A test that sleeps is slow and still guesses; one that must says why.
fn check_sleep(rust: &RustFile<'_>, findings: &mut Vec<Finding>) {
    let comments: Vec<&str> = rust.source.comments.lines().collect();
    for (at, _) in rust.source.code.match_indices("thread::sleep") {
        let line = rust.source.line_of(at);
        if !(is_test_file(&rust.file.path) || rust.source.is_test(line)) {
            continue;
        }
        let nearby = comments.get(line.saturating_sub(2)..line).unwrap_or_default();
        if !nearby.iter().any(|comment| comment.contains("// sleep:")) {
            let message = "a test that sleeps: wait for the event itself, or say why not \
                           in a `// sleep:` comment";
            findings.push(Finding::new(&rust.file.path, line, message));
        }
    }
}

fn check_width(rust: &RustFile<'_>, findings: &mut Vec<Finding>) {
    for (index, line) in rust.file.text.lines().enumerate() {
        let columns = line.chars().count();
        if columns > COLUMNS && !line.contains("https://") {
            let message = format!("{columns} columns; at most {COLUMNS}");
            findings.push(Finding::new(&rust.file.path, index + 1, message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{places, rust, tree};
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        let tree = tree(&[(path, text)]);
        places(&check(&tree, &rust(&tree)))
    }

    #[test]
    fn leftovers_in_code_are_found_and_words_about_them_are_not() {
        let bad = "fn a() { todo!() }\nfn b() { dbg!(1); }\n#[ignore]\nunimplemented!();\n";
        assert_eq!(findings("a.rs", bad), ["a.rs:1", "a.rs:2", "a.rs:3", "a.rs:4"]);
        let good = "// todo! is banned\nlet a = \"dbg!\"; my_todo!();\n";
        assert_eq!(findings("a.rs", good), Vec::<String>::new());
    }

    #[test]
    fn marks_are_found_anywhere() {
        assert_eq!(findings("a.md", &format!("a\n{MARK} later\n")), ["a.md:2"]);
    }

    #[test]
    fn sleeping_tests_need_a_reason() {
        let bad = "#[cfg(test)]\nmod tests {\n    fn a() { std::thread::sleep(b); }\n}\n";
        assert_eq!(findings("a.rs", bad), ["a.rs:3"]);
        let good = "fn a() {\n    // sleep: the kernel's timer is what is tested\n    \
                    std::thread::sleep(b);\n}\n";
        assert_eq!(findings("crates/a/tests/b.rs", good), Vec::<String>::new());
        assert_eq!(findings("src/a.rs", "fn a() { std::thread::sleep(b) }\n"), [""; 0]);
    }

    #[test]
    fn machine_paths_are_found_outside_of_tests() {
        for path in PATHS {
            assert_eq!(findings("README.md", &format!("run {path}x\n")), ["README.md:1"]);
            assert_eq!(findings("a.rs", &format!("let a = \"{path}x\";\n")), ["a.rs:1"]);
            assert_eq!(findings("crates/a/tests/b.rs", &format!("\"{path}x\"\n")), [""; 0]);
            assert_eq!(findings("a.md", &format!("our{path}x frame.{path}y\n")), [""; 0]);
        }
    }

    #[test]
    fn long_lines_are_found_by_characters() {
        let line = |count: usize| format!("// {}\n", "é".repeat(count - 3));
        assert_eq!(findings("a.rs", &line(100)), [""; 0]);
        assert_eq!(findings("a.rs", &line(101)), ["a.rs:1"]);
        assert_eq!(findings("a.rs", &format!("// https://{}", "x".repeat(200))), [""; 0]);
        assert_eq!(findings("a.md", &line(300)), [""; 0]);
    }
}
