//! The repository as the commands see it: where it lies, cargo run in it, and its text files read
//! into memory.
//!
//! Checks take a [`Tree`] and never the disk, so that their tests are a few strings.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

/// Directories that hold nothing of ours.
const SKIPPED: &[&str] = &["target", ".git", "node_modules", "__pycache__", ".venv", "venv"];

/// Endings of the files that are read. Everything else is data to the checks.
const TEXT: &[&str] = &["rs", "toml", "md", "py", "sh", "tcl", "c", "h", "js", "yml", "yaml"];

/// The root of the repository, known from where this crate was compiled.
pub fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// Cargo's target directory.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Cargo, to be run at the root.
///
/// `cargo xtask` describes its own package in the environment. Build scripts that watch these
/// variables would run again at each change between a command here and a build by hand; so they are
/// taken out.
pub fn cargo() -> Command {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    cargo
}

/// One text file: its path from the root, with `/` between the parts, and its contents.
pub struct File {
    /// Path from the repository's root.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// Every text file of the repository, sorted by path.
pub struct Tree {
    /// The files, sorted by [`File::path`].
    pub files: Vec<File>,
}

impl Tree {
    /// Reads the tree below `root`. Files that are not UTF-8 are left out: they are data.
    pub fn load(root: &Path) -> io::Result<Tree> {
        let mut files = Vec::new();
        collect(root, "", &mut files)?;
        Ok(Tree::new(files))
    }

    /// A tree of the given files.
    pub fn new(mut files: Vec<File>) -> Tree {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Tree { files }
    }

    /// The file at `path`, if there is one.
    pub fn get(&self, path: &str) -> Option<&File> {
        let found = self.files.binary_search_by(|file| file.path.as_str().cmp(path));
        found.ok().and_then(|index| self.files.get(index))
    }

    /// The Rust files.
    pub fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }
}

fn collect(dir: &Path, prefix: &str, files: &mut Vec<File>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        let kind = entry.file_type()?;
        if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
            collect(&entry.path(), &path, files)?;
        } else if kind.is_file()
            && is_text(&name)
            && let Ok(text) = fs::read_to_string(entry.path())
        {
            files.push(File { path, text });
        }
    }
    Ok(())
}

fn is_text(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| TEXT.contains(&ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_files_by_path() {
        let file = |path: &str| File { path: path.into(), text: path.to_uppercase() };
        let tree = Tree::new(vec![file("b.rs"), file("a/z.md"), file("a/b.rs")]);
        assert_eq!(tree.get("b.rs").map(|file| file.text.as_str()), Some("B.RS"));
        assert!(tree.get("c.rs").is_none());
        assert_eq!(
            tree.rust().map(|file| file.path.as_str()).collect::<Vec<_>>(),
            ["a/b.rs", "b.rs"]
        );
    }

    #[test]
    fn reads_its_own_repository() {
        let tree = Tree::load(&root()).expect("the repository can be read");
        assert!(tree.get("xtask/src/repo.rs").is_some());
        assert!(tree.files.iter().all(|file| !file.path.starts_with("target/")));
    }
}
