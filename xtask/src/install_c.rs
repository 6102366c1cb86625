//! `cargo xtask install-c`: builds libredpoll and the library for unchanged programs, and puts
//! them, the headers and a pkg-config file below a prefix, where C programs look for such things.

use crate::repo;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What pkg-config is told.
const PKG_CONFIG: &str = "\
prefix=@prefix@
libdir=${prefix}/lib
includedir=${prefix}/include

Name: redpoll
Description: Redpoll through shared memory, for programs in C
Version: @version@
Libs: -L${libdir} -lredpoll
Libs.private: -lpthread -ldl -lm -lgcc_s
Cflags: -I${includedir}
";

const HEADERS: &[&str] = &["redpoll.h", "redpoll_hiredis.h"];

/// The version of this workspace.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The number that the library's name ends with; see its build script.
const MAJOR: &str = "0";

/// Runs `install-c` with its arguments.
pub fn run(args: &[String]) -> ExitCode {
    let (mut prefix, mut profile, mut destination) =
        (PathBuf::from("/usr/local"), "release".to_string(), None);
    let mut words = args.iter();
    while let Some(word) = words.next() {
        match (word.as_str(), words.next()) {
            ("--prefix", Some(path)) => prefix = path.into(),
            ("--destdir", Some(path)) => destination = Some(PathBuf::from(path)),
            ("--profile", Some(name)) => profile.clone_from(name),
            _ => {
                eprintln!(
                    "usage: cargo xtask install-c [--prefix DIR] [--destdir DIR] \
                     [--profile NAME]\n\n\
                     DIR: /usr/local unless told otherwise. --destdir: a directory in front of\n\
                     everything that is written, for who makes packages. --profile: of cargo."
                );
                return ExitCode::from(2);
            }
        }
    }
    match install(&prefix, destination.as_deref(), &profile) {
        Ok(written) => {
            for path in written {
                println!("{}", path.display());
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Builds and installs; returns what was written.
///
/// # Errors
/// If something cannot be built or written.
pub fn install(
    prefix: &Path,
    destination: Option<&Path>,
    profile: &str,
) -> Result<Vec<PathBuf>, String> {
    if !prefix.is_absolute() {
        return Err(format!("{}: the prefix is not an absolute path", prefix.display()));
    }
    let built = build(profile)?;
    let root = match destination {
        Some(directory) => directory.join(prefix.strip_prefix("/").unwrap_or(prefix)),
        None => prefix.to_path_buf(),
    };
    let mut files = Files { written: Vec::new() };
    let (lib, include) = (root.join("lib"), root.join("include"));
    let full = format!("libredpoll.so.{VERSION}");
    files.copy(&built.join("libredpoll.so"), &lib.join(&full))?;
    files.link(&full, &lib.join(format!("libredpoll.so.{MAJOR}")))?;
    files.link(&full, &lib.join("libredpoll.so"))?;
    for name in ["libredpoll.a", "libredpoll_preload.so"] {
        files.copy(&built.join(name), &lib.join(name))?;
    }
    let headers = repo::root().join("crates/redpoll-c/include");
    for name in HEADERS {
        files.copy(&headers.join(name), &include.join(name))?;
    }
    let text =
        PKG_CONFIG.replace("@prefix@", &prefix.to_string_lossy()).replace("@version@", VERSION);
    files.write(&text, &lib.join("pkgconfig/redpoll.pc"))?;
    Ok(files.written)
}

/// Builds both libraries; returns the directory that they are in.
fn build(profile: &str) -> Result<PathBuf, String> {
    let packages = ["-p", "redpoll-c", "-p", "redpoll-preload"];
    let mut cargo = repo::cargo();
    cargo.args(["build", "--quiet", "--profile", profile]).args(packages);
    let status = cargo.status().map_err(|error| format!("cargo: {error}"))?;
    if !status.success() {
        return Err(format!("cargo build: {status}"));
    }
    let directory = if profile == "dev" { "debug" } else { profile };
    Ok(repo::target().join(directory))
}

/// Files, as they are written.
struct Files {
    written: Vec<PathBuf>,
}

impl Files {
    /// Makes room for a file: its directory, and nothing in its place. (What is loaded by a running
    /// program must not be written over.)
    fn prepare(&mut self, path: &Path) -> Result<(), String> {
        let parent = path.parent().unwrap_or(path);
        fs::create_dir_all(parent).map_err(|error| format!("{}: {error}", parent.display()))?;
        let _ = fs::remove_file(path);
        self.written.push(path.to_path_buf());
        Ok(())
    }

    fn copy(&mut self, from: &Path, to: &Path) -> Result<(), String> {
        self.prepare(to)?;
        fs::copy(from, to).map(drop).map_err(|error| format!("{}: {error}", from.display()))
    }

    fn link(&mut self, target: &str, at: &Path) -> Result<(), String> {
        self.prepare(at)?;
        symlink(target, at).map_err(|error| format!("{}: {error}", at.display()))
    }

    fn write(&mut self, text: &str, to: &Path) -> Result<(), String> {
        self.prepare(to)?;
        fs::write(to, text).map_err(|error| format!("{}: {error}", to.display()))
    }
}
