//! Help and documentation, written from the table.

use crate::directive::{Directive, Flags};
use crate::table::DIRECTIVES;
use std::fmt::Write;

/// Width of the column of names in the help text, which holds all but very long ones.
const NAME_COLUMNS: usize = 38;

const USAGE: &str = "\
Usage: redpoll-server [FILE] [--DIRECTIVE VALUE ...]... [-]

  FILE           configuration to start with, in the syntax of redis.conf
  --DIRECTIVE    override a directive; what comes later wins
  -              first or last: read configuration from standard input too
  -h, --help     show this
  -v, --version  show the version

Examples:
  redpoll-server
  redpoll-server --port 7000 --maxmemory 1gb --io-threads 2
  redpoll-server redpoll.conf --loglevel verbose
  redpoll-server --port 0 --unixsocket redpoll.sock --unixsocketperm 700
  redpoll-server --bind 127.0.0.1 -::1 --requirepass secret
  echo 'maxmemory 128mb' | redpoll-server -

All directives, with their defaults in brackets. CONFIG GET shows their values in a running server,
CONFIG SET changes those without an asterisk, CONFIG REWRITE writes them back into the file.
";

const INTRODUCTION: &str = "\
<!-- Written by `cargo xtask codegen` from the table of directives; edit that instead. -->

# Configuration

`redpoll-server` takes the directives of redis.conf: in a file, on the command line
(`--port 7000 --maxmemory 1gb`) and on standard input (`-`). What is read later wins. Any file of
Redis 7.2 works. `CONFIG GET` shows values, `CONFIG SET` changes those that may change at run time,
several at once or none, and `CONFIG REWRITE` writes them back into the file, comments kept.

A line is a directive and its arguments. `#` begins a comment line. Arguments with spaces stand in
quotes: in double quotes `\\n`, `\\r`, `\\t`, `\\a`, `\\b`, `\\xHH`, `\\\"` and `\\\\` stand for one
byte, in single quotes `\\'` does. Names and words are the same in upper and lower case.

Memory is a number with an optional unit: `1k` is 1000 bytes and `1kb` 1024, likewise `m`, `mb`, `g`
and `gb`.

Besides the directives below, a file may hold:

- `include FILE`, with wildcards, in the place where the file's lines belong; relative to `dir`
- `user NAME RULE …`, a user of the access control list
- `rename-command OLD NEW`, where an empty new name removes the command

A mistake stops the start with exit code 1, and is shown with its file and line.
";

/// The text of `redpoll-server --help`.
#[must_use]
pub fn help() -> String {
    let mut text = concat!(
        "Redpoll ",
        env!("CARGO_PKG_VERSION"),
        ", an in-memory data store for everything that speaks to Redis.\n\n"
    )
    .to_string();
    text.push_str(USAGE);
    for rows in sections() {
        let shown = rows.iter().filter(|row| !row.flags.contains(Flags::HIDDEN));
        let lines: String = shown.map(help_line).collect();
        if !lines.is_empty() {
            let _ = write!(text, "\n{}:\n{lines}", rows[0].section);
        }
    }
    text
}

/// The content of `docs/configuration.md`.
#[must_use]
pub fn markdown() -> String {
    let mut text = INTRODUCTION.to_string();
    for rows in sections() {
        let section = rows[0].section;
        let _ = write!(
            text,
            "\n## {section}\n\n\
             | Directive | Values | Default | CONFIG SET | Meaning |\n\
             | --- | --- | --- | --- | --- |\n"
        );
        for row in rows {
            let _ = writeln!(text, "{}", table_line(row));
        }
    }
    text
}

/// The rows of each section.
fn sections() -> impl Iterator<Item = &'static [Directive]> {
    DIRECTIVES.chunk_by(|a, b| a.section == b.section)
}

fn help_line(row: &Directive) -> String {
    let mark = if row.is_mutable() { "" } else { "*" };
    let name = format!("--{}{mark}", row.name);
    let default = match row.default_text() {
        empty if empty.is_empty() => String::new(),
        default => format!(" [{default}]"),
    };
    format!("  {name:NAME_COLUMNS$} {}{default}\n", row.doc)
}

fn table_line(row: &Directive) -> String {
    let aliases: String = row.aliases.iter().map(|alias| format!(", also `{alias}`")).collect();
    let default = match row.default_text() {
        empty if empty.is_empty() => String::new(),
        default => format!("`{default}`"),
    };
    let settable = match row.flags {
        flags if flags.contains(Flags::IMMUTABLE) => "no",
        flags if flags.contains(Flags::PROTECTED) => "if enabled",
        _ => "yes",
    };
    format!("| `{}`{aliases} | {} | {default} | {settable} | {} |", row.name, row.syntax(), row.doc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_directive_is_documented_once() {
        let text = markdown();
        for row in &DIRECTIVES {
            let start = format!("\n| `{}`", row.name);
            assert_eq!(text.matches(&start).count(), 1, "{}", row.name);
            for alias in row.aliases {
                assert!(text.contains(&format!("also `{alias}`")), "{alias}");
            }
            assert!(text.contains(row.doc));
        }
    }

    #[test]
    fn tables_have_five_columns() {
        for line in markdown().lines().filter(|line| line.starts_with('|')) {
            assert_eq!(line.matches('|').count(), 6, "{line}");
        }
    }

    #[test]
    fn help_shows_all_directives_but_those_for_tests() {
        let text = help();
        for row in &DIRECTIVES {
            let mark = if row.is_mutable() { ' ' } else { '*' };
            let shown = text.contains(&format!("\n  --{}{mark}", row.name));
            assert_eq!(shown, !row.flags.contains(Flags::HIDDEN), "{}", row.name);
        }
        assert!(text.contains("\n  --port "));
        assert!(text.contains(" TCP port to listen on; 0 listens on none. [6379]\n"));
    }

    #[test]
    fn defaults_are_shown_as_one_writes_them() {
        let text = markdown();
        assert!(text.contains("| `proto-max-bulk-len` | memory, at least 1mb | `512mb` | yes |"));
        assert!(text.contains("| `dir` | directory | `.` | if enabled |"));
        assert!(text.contains("| `databases` | 1 to 2^31-1 | `16` | no |"));
    }
}
