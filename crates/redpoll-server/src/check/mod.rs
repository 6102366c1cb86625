//! `--check-rdb` and `--check-aof`: whether files can be loaded, and where not.
//!
//! They are called as redis-check-rdb and redis-check-aof are, under these names too (a link to the
//! program), say what those say, and end with 0 if all is well and with 1 if not. Nothing is
//! changed unless `--fix` or `--truncate-to-timestamp` asks for it.

mod aof;
mod bar;
mod rdb;

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

const RDB_USAGE: &str = "Usage: redpoll-server --check-rdb <rdb-file-name>";
const AOF_USAGE: &str = "Usage: redpoll-server --check-aof \
                         [--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>";

/// What is checked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rdb,
    Aof,
}

/// How a file may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Nothing,
    /// What cannot be read at the end may go, if the user agrees.
    Fix,
    /// What came after this second goes.
    Until(i64),
}

/// Runs a check if the arguments, the program's name first, ask for one.
pub fn run(args: &[OsString]) -> Option<ExitCode> {
    let (kind, args) = asked(args)?;
    let mut out = io::stdout().lock();
    let sound = match kind {
        Kind::Rdb => check_rdb(args, &mut out),
        Kind::Aof => check_aof(args, &mut out),
    };
    // Whoever has closed the other end does not want to know.
    let sound = sound.and_then(|sound| out.flush().map(|()| sound)).unwrap_or(false);
    Some(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn asked(args: &[OsString]) -> Option<(Kind, &[OsString])> {
    let (program, rest) = args.split_first()?;
    let name = Path::new(program).file_name().and_then(OsStr::to_str).unwrap_or_default();
    if name.ends_with("-check-rdb") {
        return Some((Kind::Rdb, rest));
    }
    if name.ends_with("-check-aof") {
        return Some((Kind::Aof, rest));
    }
    let (option, rest) = rest.split_first()?;
    match option.to_str()? {
        "--check-rdb" => Some((Kind::Rdb, rest)),
        "--check-aof" => Some((Kind::Aof, rest)),
        _ => None,
    }
}

fn check_rdb(args: &[OsString], out: &mut dyn Write) -> io::Result<bool> {
    match args {
        [version] if version == "-v" || version == "--version" => {
            writeln!(out, "redpoll-check-rdb {}", env!("CARGO_PKG_VERSION"))?;
            Ok(true)
        }
        [path] => rdb::check_file(Path::new(path), out),
        _ => {
            writeln!(out, "{RDB_USAGE}")?;
            Ok(false)
        }
    }
}

fn check_aof(args: &[OsString], out: &mut dyn Write) -> io::Result<bool> {
    let (change, path) = match args {
        [version] if version == "-v" || version == "--version" => {
            writeln!(out, "redpoll-check-aof {}", env!("CARGO_PKG_VERSION"))?;
            return Ok(true);
        }
        [path] => (Change::Nothing, path),
        [option, path] if option == "--fix" => (Change::Fix, path),
        [option, time, path] if option == "--truncate-to-timestamp" => {
            let Some(time) = time.to_str().and_then(|time| time.parse().ok()) else {
                writeln!(out, "Invalid timestamp, aborting...")?;
                return Ok(false);
            };
            (Change::Until(time), path)
        }
        _ => {
            writeln!(out, "{AOF_USAGE}")?;
            return Ok(false);
        }
    };
    aof::check(Path::new(path), change, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(line: &str) -> Option<(bool, usize)> {
        let args: Vec<OsString> = line.split(' ').map(Into::into).collect();
        asked(&args).map(|(kind, rest)| (kind == Kind::Rdb, rest.len()))
    }

    #[test]
    fn it_is_asked_for_by_option_or_by_name() {
        assert_eq!(kind("/bin/redpoll-server --check-rdb x"), Some((true, 1)));
        assert_eq!(kind("redpoll-server --check-aof --fix x"), Some((false, 2)));
        assert_eq!(kind("/usr/bin/redis-check-rdb x"), Some((true, 1)));
        assert_eq!(kind("redpoll-check-aof x"), Some((false, 1)));
        assert_eq!(kind("redpoll-server x --check-aof"), None);
        assert_eq!(kind("redpoll-server"), None);
    }

    #[test]
    fn other_arguments_show_the_usage() {
        let mut out = Vec::new();
        assert_eq!(check_rdb(&[], &mut out).ok(), Some(false));
        let args = ["--fix", "--fix", "x"].map(Into::into);
        assert_eq!(check_aof(&args, &mut out).ok(), Some(false));
        let args = ["--truncate-to-timestamp", "soon", "x"].map(Into::into);
        assert_eq!(check_aof(&args, &mut out).ok(), Some(false));
        let said = String::from_utf8_lossy(&out);
        assert_eq!(said.matches("Usage: ").count(), 2);
        assert!(said.ends_with("Invalid timestamp, aborting...\n"));
    }
}
