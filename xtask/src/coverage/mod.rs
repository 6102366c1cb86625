//! Which commands of Redis exist here: `docs/commands.md`, and the short table in the README.
//!
//! Both are made from the command table itself, so they cannot claim what is not there. The names
//! come from an example program of the commands' crate and not by linking it: automation has to
//! compile on a machine that lacks the C tools of the allocator, since it is what installs them.

mod redis;

use crate::repo;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// Between these lines of the README stands the short table.
const BEGIN: &str = "<!-- commands: begin -->";
const END: &str = "<!-- commands: end -->";

/// One group of commands: what works and what does not, by full names.
#[derive(Debug, PartialEq, Eq)]
struct Group {
    /// The heading.
    title: &'static str,
    /// Commands of Redis 7.2 that work.
    works: Vec<String>,
    /// Commands that work and that Redis 7.2 does not have.
    more: Vec<String>,
    /// Commands of Redis 7.2 that do not exist yet.
    missing: Vec<String>,
    /// Commands that are only there to say that the server is no part of a cluster.
    refused: Vec<String>,
}

/// The whole text of `docs/commands.md`.
///
/// # Errors
/// A sentence, when the names cannot be found out.
pub fn document() -> Result<String, String> {
    let groups = groups(names()?);
    let mut text = String::from(
        "<!-- Written by `cargo xtask codegen` from the command table; edit that instead. -->\n\n\
         # Commands\n\n\
         All commands of Redis 7.2, by group; Sentinel's apart. One that does not exist yet is\n\
         answered with `ERR unknown command`. Differences are listed in\n\
         [compatibility.md](compatibility.md).\n\n",
    );
    text.push_str(&table(&groups));
    for group in &groups {
        text.push_str(&format!("\n## {}\n", group.title));
        for (label, names) in [
            ("Works", &group.works),
            ("Beyond Redis 7.2", &group.more),
            ("Not yet", &group.missing),
            ("Answered as with `cluster-enabled no`", &group.refused),
        ] {
            if !names.is_empty() {
                text.push_str(&paragraph(label, names));
            }
        }
    }
    Ok(text)
}

/// The README with its table brought up to date.
///
/// # Errors
/// A sentence, when the names cannot be found out or the README has lost its marks.
pub fn readme(present: &str) -> Result<String, String> {
    between_marks(present, &table(&groups(names()?)))
}

/// Group and full name of every command, as the example program prints them. Asked for once.
fn names() -> Result<&'static str, String> {
    static NAMES: OnceLock<Result<String, String>> = OnceLock::new();
    let run = || {
        let output = repo::cargo()
            .args(["run", "--quiet", "--package", "redpoll-commands", "--example", "names"])
            .output()
            .map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        String::from_utf8(output.stdout).map_err(|error| error.to_string())
    };
    NAMES.get_or_init(run).as_deref().map_err(Clone::clone)
}

/// Compares what is here with what Redis has. Containers (CONFIG) count by their subcommands only.
fn groups(names: &'static str) -> Vec<Group> {
    let mut here: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (group, name) in names.lines().filter_map(|line| line.split_once('\t')) {
        here.entry(group).or_default().insert(name);
    }
    let all_here: BTreeSet<&str> = here.values().flatten().copied().collect();
    let compare = |&(group, title, theirs): &(&str, &'static str, &'static str)| {
        let theirs: BTreeSet<&str> = theirs.split_whitespace().collect();
        let none = BTreeSet::new();
        let ours = here.get(group).unwrap_or(&none);
        let full: BTreeSet<&str> = theirs.union(ours).copied().collect();
        let containers: BTreeSet<&str> =
            full.iter().filter_map(|name| Some(name.split_once('|')?.0)).collect();
        let shown = |name: &&&str| !containers.contains(**name);
        let written = |name: &&str| name.replace('|', " ").to_uppercase();
        let pick = |names: &BTreeSet<&str>, wanted: &dyn Fn(&str) -> bool| {
            names.iter().filter(|n| wanted(n)).filter(shown).map(written).collect::<Vec<String>>()
        };
        let exists = |name: &str| all_here.contains(name);
        let (works, refused) = match group {
            "cluster" => (Vec::new(), pick(&theirs, &exists)),
            _ => (pick(&theirs, &exists), Vec::new()),
        };
        Group {
            title,
            works,
            more: pick(ours, &|name| !theirs.contains(name)),
            missing: pick(&theirs, &|name| !exists(name)),
            refused,
        }
    };
    redis::COMMANDS.iter().map(compare).collect()
}

/// A row a group: how much of it works.
fn table(groups: &[Group]) -> String {
    let mut text =
        String::from("| Group | Works | Of Redis 7.2 | Beyond it |\n| --- | --: | --: | --: |\n");
    for Group { title, works, more, missing, refused } in groups {
        let (have, all) = (works.len(), works.len() + missing.len() + refused.len());
        let more = if more.is_empty() { String::new() } else { more.len().to_string() };
        text.push_str(&format!("| {title} | {have} | {all} | {more} |\n"));
    }
    text
}

/// `Works: ` and names, broken at 100 columns.
fn paragraph(label: &str, names: &[String]) -> String {
    let mut text = format!("\n{label}:");
    let mut column = text.len() - 1;
    for (index, name) in names.iter().enumerate() {
        let comma = if index + 1 < names.len() { "," } else { "" };
        let word = format!("`{name}`{comma}");
        let fits = column + 1 + word.len() <= 100;
        text.push(if fits { ' ' } else { '\n' });
        column = if fits { column + 1 } else { 0 } + word.len();
        text.push_str(&word);
    }
    text.push('\n');
    text
}

fn between_marks(text: &str, inner: &str) -> Result<String, String> {
    let missing = || format!("it has lost its `{BEGIN}` or `{END}`");
    let (before, rest) = text.split_once(BEGIN).ok_or_else(missing)?;
    let (_, after) = rest.split_once(END).ok_or_else(missing)?;
    Ok(format!("{before}{BEGIN}\n{inner}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_works_from_what_does_not() {
        let groups = groups("string\tget\nstring\tgetmore\nserver\tconfig\nserver\tconfig|get\n");
        let of = |title| groups.iter().find(|group| group.title == title).expect("a group");
        assert_eq!(of("Strings").works, ["GET"]);
        assert_eq!(of("Strings").more, ["GETMORE"]);
        assert!(of("Strings").missing.contains(&"LCS".to_owned()));
        assert_eq!(of("Server").works, ["CONFIG GET"], "a container is no row of its own");
        assert!(of("Server").missing.contains(&"CONFIG SET".to_owned()));
        assert!(of("Streams").works.is_empty());
    }

    #[test]
    fn no_command_of_redis_is_listed_twice() {
        let mut all: Vec<&str> =
            redis::COMMANDS.iter().flat_map(|(_, _, names)| names.split_whitespace()).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn paragraphs_are_not_wide() {
        let names: Vec<String> = (0..100).map(|number| format!("COMMAND {number}")).collect();
        let text = paragraph("Works", &names);
        assert!(text.lines().all(|line| line.len() <= 100), "{text}");
        assert_eq!(text.matches('`').count(), 200);
    }

    #[test]
    fn the_readme_keeps_what_stands_around() {
        let text = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        assert_eq!(between_marks(&text, "new\n"), Ok(format!("a\n{BEGIN}\nnew\n{END}\nb\n")));
        assert!(between_marks("none", "new").is_err());
    }
}
