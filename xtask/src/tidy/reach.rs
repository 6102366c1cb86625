//! Dead files: a `.rs` file that no module declaration leads to is compiled by nobody.
//!
//! From each root of a crate (library, programs, tests, examples, benches, build script, and what
//! the manifest names) the `mod` declarations are followed. A macro may declare modules too; so a
//! word inside a macro's braces counts as a declaration if a file of that name lies where the
//! module would.

use super::source::is_ident;
use super::{Finding, RustFile};
use crate::repo::Tree;
use std::collections::{BTreeMap, BTreeSet};

/// Directories whose direct children are roots of their own.
const ROOT_DIRS: &[&str] = &["src/bin/", "tests/", "examples/", "benches/", "fuzz_targets/"];
const ROOT_FILES: &[&str] = &["src/lib.rs", "src/main.rs", "build.rs"];

/// Finds the files that nothing leads to, in every directory that has a manifest.
pub fn check(tree: &Tree, files: &[RustFile<'_>]) -> Vec<Finding> {
    let by_path: BTreeMap<&str, &RustFile<'_>> =
        files.iter().map(|rust| (rust.file.path.as_str(), rust)).collect();
    let mut open: Vec<(String, bool)> = Vec::new();
    let mut packages = Vec::new();
    for manifest in tree.files.iter().filter(|file| file.path.ends_with("/Cargo.toml")) {
        let package = manifest.path.trim_end_matches("Cargo.toml");
        packages.push(package.to_string());
        let inside = by_path.keys().filter_map(|path| Some((path, path.strip_prefix(package)?)));
        let roots = inside.filter(|(_, rest)| is_root(rest) || names(&manifest.text, rest));
        open.extend(roots.map(|(path, _)| (path.to_string(), true)));
    }
    let mut reached: BTreeSet<String> = BTreeSet::new();
    while let Some((path, root)) = open.pop() {
        let Some(rust) = by_path.get(path.as_str()) else { continue };
        if reached.insert(path.clone()) {
            open.extend(children(rust, root, &by_path).into_iter().map(|child| (child, false)));
        }
    }
    let dead = by_path.keys().filter(|path| {
        packages.iter().any(|package| path.starts_with(package.as_str()))
            && !reached.contains(**path)
    });
    let message = "no `mod` leads here: declare it, or remove the file";
    dead.map(|path| Finding::new(path, 1, message)).collect()
}

fn is_root(rest: &str) -> bool {
    ROOT_FILES.contains(&rest)
        || ROOT_DIRS.iter().any(|dir| {
            rest.strip_prefix(dir)
                .is_some_and(|name| !name.contains('/') || name.ends_with("/main.rs"))
        })
}

/// Whether the manifest names the file as the path of a target.
fn names(manifest: &str, rest: &str) -> bool {
    manifest.contains(&format!("path = \"{rest}\""))
}

/// The files that the declarations of one file lead to.
fn children(rust: &RustFile<'_>, root: bool, files: &BTreeMap<&str, &RustFile<'_>>) -> Vec<String> {
    let path = &rust.file.path;
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    // `a/mod.rs` and roots look for `b` in `a/`; any other `a.rs` looks for it in `a/` beside it.
    let base = if root || name == "mod.rs" {
        dir.to_string()
    } else {
        format!("{dir}/{}", name.trim_end_matches(".rs"))
    };
    let mut found = Vec::new();
    let mut add = |dir: &str, module: &str| {
        let candidates = [format!("{dir}/{module}.rs"), format!("{dir}/{module}/mod.rs")];
        found.extend(candidates.into_iter().filter(|path| files.contains_key(path.as_str())));
    };
    for at in rust.source.words("mod") {
        let module = word_at(&rust.source.code, at + 3);
        let inside = enclosing_modules(rust, at);
        let dir = inside.iter().fold(base.clone(), |dir, part| format!("{dir}/{part}"));
        add(&dir, module);
    }
    for module in words_in_macros(rust) {
        add(&base, module);
    }
    found.extend(quoted_paths(rust).map(|quoted| format!("{dir}/{quoted}")));
    found
}

/// The word after `at`, past blanks.
fn word_at(code: &str, at: usize) -> &str {
    let rest = code.get(at..).unwrap_or_default().trim_start();
    let rest = rest.strip_prefix("r#").unwrap_or(rest);
    let end = rest.bytes().position(|byte| !is_ident(byte)).unwrap_or(rest.len());
    &rest[..end]
}

/// The names of the inline modules around a place, outermost first.
fn enclosing_modules<'a>(rust: &'a RustFile<'_>, place: usize) -> Vec<&'a str> {
    let modules = rust.source.words("mod").filter(|at| *at < place);
    let around = modules.filter(|at| {
        rust.source.block_after(*at).is_some_and(|(open, close)| open < place && place < close)
    });
    around.map(|at| word_at(&rust.source.code, at + 3)).collect()
}

/// Every word inside the braces, brackets or parentheses of a macro call.
fn words_in_macros<'a>(rust: &'a RustFile<'_>) -> BTreeSet<&'a str> {
    let code = rust.source.code.as_str();
    let mut words = BTreeSet::new();
    for (at, _) in code.match_indices('!') {
        let called = at > 0 && is_ident(code.as_bytes()[at - 1]);
        let rest = code[at + 1..].trim_start();
        let close = match rest.bytes().next() {
            Some(b'{') => '}',
            Some(b'(') => ')',
            Some(b'[') => ']',
            _ => continue,
        };
        // Up to the last closer before an empty line is generous, and costs nothing: a word counts
        // only if a file of its name exists.
        let end = rest.find(&format!("\n{close}")).unwrap_or(rest.len());
        if called {
            words.extend(rest[..end].split(|c: char| !(c == '_' || c.is_alphanumeric())));
        }
    }
    words
}

/// Paths named by `#[path = "…"]` and `include!("…")`, from the file's directory.
fn quoted_paths<'a>(rust: &'a RustFile<'_>) -> impl Iterator<Item = &'a str> {
    let text = rust.file.text.as_str();
    ["#[path = \"", "include!(\""].into_iter().flat_map(move |opening| {
        text.match_indices(opening).filter_map(move |(at, _)| {
            let rest = &text[at + opening.len()..];
            rest.split_once('"').map(|(path, _)| path.trim_start_matches("./"))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{places, rust, tree};
    use super::*;

    fn dead(files: &[(&str, &str)]) -> Vec<String> {
        let mut all = vec![("crates/a/Cargo.toml", "[[bin]]\npath = \"tool.rs\"\n")];
        all.extend_from_slice(files);
        let tree = tree(&all);
        places(&check(&tree, &rust(&tree)))
    }

    #[test]
    fn declared_files_are_alive() {
        let files = [
            ("crates/a/src/lib.rs", "mod b;\npub mod c;\nmod inline {\n    mod d;\n}\n"),
            ("crates/a/src/b.rs", "mod e;\n#[path = \"odd.rs\"]\nmod f;\n"),
            ("crates/a/src/b/e.rs", ""),
            ("crates/a/src/c/mod.rs", "mod g;\n"),
            ("crates/a/src/c/g.rs", ""),
            ("crates/a/src/inline/d.rs", ""),
            ("crates/a/src/odd.rs", ""),
            ("crates/a/tests/whole.rs", "mod common;\n"),
            ("crates/a/tests/common/mod.rs", ""),
            ("crates/a/src/bin/x.rs", ""),
            ("crates/a/tool.rs", ""),
            ("elsewhere.rs", "belongs to no package\n"),
        ];
        assert_eq!(dead(&files), [""; 0]);
    }

    #[test]
    fn undeclared_files_are_dead() {
        let files = [
            ("crates/a/src/lib.rs", "// mod b;\nlet c = \"mod c;\";\nmod d;\n"),
            ("crates/a/src/b.rs", "mod below;\n"),
            ("crates/a/src/b/below.rs", ""),
            ("crates/a/src/c.rs", ""),
            ("crates/a/src/d.rs", ""),
        ];
        assert_eq!(
            dead(&files),
            ["crates/a/src/b.rs:1", "crates/a/src/b/below.rs:1", "crates/a/src/c.rs:1"]
        );
    }

    #[test]
    fn macros_may_declare() {
        let files = [
            ("crates/a/src/lib.rs", "group! {\n    getdel,\n    r#type,\n}\n"),
            ("crates/a/src/getdel.rs", ""),
            ("crates/a/src/type.rs", ""),
            ("crates/a/src/other.rs", ""),
        ];
        assert_eq!(dead(&files), ["crates/a/src/other.rs:1"]);
    }
}
