//! Every Rust file opens with a head: a `//!` comment that says what it is and why this way.

use super::{Finding, RustFile};

/// Checks the first line of each file.
pub fn check(files: &[RustFile<'_>]) -> Vec<Finding> {
    let headless = files.iter().filter(|rust| !rust.file.text.starts_with("//!"));
    let message = "opens without a `//!` head that says what the file is and why this way";
    headless.map(|rust| Finding::new(&rust.file.path, 1, message)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{places, rust, tree};
    use super::*;

    #[test]
    fn only_an_inner_doc_comment_is_a_head() {
        let tree = tree(&[
            ("a.rs", "//! Head.\n"),
            ("b.rs", "// Not one.\n"),
            ("c.rs", "\n//! Too late.\n"),
            ("d.md", "no Rust\n"),
        ]);
        assert_eq!(places(&check(&rust(&tree))), ["b.rs:1", "c.rs:1"]);
    }
}
