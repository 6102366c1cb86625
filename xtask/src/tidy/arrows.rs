//! The arrows between crates: a crate uses only crates of lower floors.
//!
//! The table below is the plan of the house. It is checked against the manifests, tests' and build
//! scripts' dependencies included. Some crates must moreover not reach some others on any path:
//! a tool that talks to a server has no business with the server's insides.

use super::Finding;
use crate::repo::{File, Tree};
use std::collections::{BTreeMap, BTreeSet};

/// Which floor each crate stands on. It may use the crates of lower floors, and those alone.
const FLOORS: &[(&str, u32)] = &[
    ("redpoll-memory", 0),
    ("redpoll-shm", 0),
    ("redpoll-rdma", 0),
    ("redpoll-types", 1),
    ("redpoll-sync", 1),
    ("redpoll-resp", 1),
    ("redpoll-transport", 1),
    ("redpoll-c", 1),
    ("redpoll-preload", 1),
    ("redpoll-config", 1),
    ("redpoll-keyspace", 2),
    ("redpoll-persist", 2),
    ("redpoll-script", 2),
    ("redpoll-search", 2),
    ("redpoll-client", 2),
    ("redpoll-engine", 3),
    ("redpoll-redis-rs", 3),
    ("redpoll-commands", 4),
    ("redpoll-server", 5),
    ("redpoll-cli", 5),
    ("redpoll-benchmark", 5),
    ("redpoll-tests", 6),
    ("redpoll-fuzz", 6),
];

/// Crates that must not reach certain others, even through a third.
const APART: &[(&str, &[&str])] = &[
    ("redpoll-c", ENGINE),
    ("redpoll-preload", ENGINE),
    ("redpoll-client", ENGINE),
    ("redpoll-redis-rs", ENGINE),
    ("redpoll-cli", ENGINE),
    ("redpoll-benchmark", ENGINE),
    ("redpoll-tests", ENGINE),
];
const ENGINE: &[&str] =
    &["redpoll-persist", "redpoll-keyspace", "redpoll-engine", "redpoll-commands"];

/// Sections of a manifest that hold dependencies.
const SECTIONS: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

/// A crate of the house as its manifest tells it.
struct Crate<'a> {
    manifest: &'a File,
    /// Names of the crates of the house it uses.
    uses: BTreeSet<String>,
}

/// Checks all manifests below `crates/`.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut crates: BTreeMap<String, Crate<'_>> = BTreeMap::new();
    for manifest in tree.files.iter().filter(|file| is_manifest(&file.path)) {
        match read(manifest) {
            Ok((name, uses)) => {
                crates.insert(name, Crate { manifest, uses });
            }
            Err(why) => findings.push(Finding::new(&manifest.path, 1, why)),
        }
    }
    for (name, found) in &crates {
        check_floors(name, found, &mut findings);
        check_apart(name, &crates, &mut findings);
    }
    findings
}

fn is_manifest(path: &str) -> bool {
    path.strip_prefix("crates/")
        .and_then(|rest| rest.strip_suffix("/Cargo.toml"))
        .is_some_and(|name| !name.contains('/'))
}

fn read(manifest: &File) -> Result<(String, BTreeSet<String>), String> {
    let table: toml::Table =
        manifest.text.parse().map_err(|error| format!("cannot be read: {error}"))?;
    let name = table
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(|name| name.as_str())
        .ok_or("names no package")?;
    let mut uses = BTreeSet::new();
    let targets = table.get("target").and_then(|targets| targets.as_table());
    let platforms = targets.into_iter().flatten().filter_map(|(_, target)| target.as_table());
    for part in std::iter::once(&table).chain(platforms) {
        for section in SECTIONS {
            let names = part.get(*section).and_then(|section| section.as_table());
            uses.extend(names.into_iter().flatten().filter_map(|(key, value)| {
                // A renamed dependency carries its real name in `package`.
                let real = value.get("package").and_then(|name| name.as_str()).unwrap_or(key);
                real.starts_with("redpoll-").then(|| real.to_string())
            }));
        }
    }
    Ok((name.to_string(), uses))
}

fn floor(name: &str) -> Option<u32> {
    FLOORS.iter().find(|(known, _)| *known == name).map(|(_, floor)| *floor)
}

fn check_floors(name: &str, found: &Crate<'_>, findings: &mut Vec<Finding>) {
    let path = &found.manifest.path;
    let Some(own) = floor(name) else {
        let message = format!("{name} has no floor; give it one in xtask/src/tidy/arrows.rs");
        findings.push(Finding::new(path, 1, message));
        return;
    };
    for used in &found.uses {
        let line = line_naming(&found.manifest.text, used);
        match floor(used) {
            Some(other) if other < own => {}
            Some(other) => findings.push(Finding::new(
                path,
                line,
                format!(
                    "{name} (floor {own}) may not use {used} (floor {other}): arrows point down"
                ),
            )),
            None => findings.push(Finding::new(path, line, format!("{used} is no known crate"))),
        }
    }
}

fn check_apart(name: &str, crates: &BTreeMap<String, Crate<'_>>, findings: &mut Vec<Finding>) {
    let Some((_, apart)) = APART.iter().find(|(known, _)| *known == name) else { return };
    let Some(start) = crates.get(name) else { return };
    for used in &start.uses {
        for reached in reachable(used, crates).iter().filter(|r| apart.contains(&r.as_str())) {
            let line = line_naming(&start.manifest.text, used);
            let message = format!("{name} must not reach {reached}, and does so through {used}");
            findings.push(Finding::new(&start.manifest.path, line, message));
        }
    }
}

fn reachable(from: &str, crates: &BTreeMap<String, Crate<'_>>) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from.to_string()];
    while let Some(name) = open.pop() {
        if let Some(found) = crates.get(&name) {
            open.extend(found.uses.iter().filter(|used| !reached.contains(*used)).cloned());
        }
        reached.insert(name);
    }
    reached
}

fn line_naming(text: &str, name: &str) -> usize {
    let found = text.lines().position(|line| {
        let rest = line.trim_start().strip_prefix(name);
        rest.is_some_and(|rest| !rest.starts_with('-')) || line.contains(&format!("\"{name}\""))
    });
    found.map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{places, tree};
    use super::*;

    fn manifest(name: &str, rest: &str) -> String {
        format!("[package]\nname = \"{name}\"\n{rest}")
    }

    #[test]
    fn down_is_allowed_and_up_or_level_is_not() {
        let down =
            manifest("redpoll-engine", "[dependencies]\nredpoll-keyspace.workspace = true\n");
        let level = manifest("redpoll-types", "[dependencies]\nbytes = \"1\"\nredpoll-resp = {}\n");
        let up = manifest("redpoll-memory", "[dev-dependencies]\nredpoll-server = {}\n");
        let tree = tree(&[
            ("crates/redpoll-engine/Cargo.toml", &down),
            ("crates/redpoll-types/Cargo.toml", &level),
            ("crates/redpoll-memory/Cargo.toml", &up),
        ]);
        assert_eq!(
            places(&check(&tree)),
            ["crates/redpoll-memory/Cargo.toml:4", "crates/redpoll-types/Cargo.toml:5"]
        );
    }

    #[test]
    fn renamed_and_platform_dependencies_are_seen() {
        let text = manifest(
            "redpoll-resp",
            "[target.'cfg(unix)'.dependencies]\nengine = { package = \"redpoll-engine\" }\n",
        );
        let tree = tree(&[("crates/redpoll-resp/Cargo.toml", &text)]);
        assert_eq!(places(&check(&tree)), ["crates/redpoll-resp/Cargo.toml:4"]);
    }

    #[test]
    fn tools_stay_apart_from_the_engine_on_every_path() {
        let tool = manifest("redpoll-cli", "[dependencies]\nredpoll-client = {}\n");
        let client = manifest("redpoll-client", "[dependencies]\nredpoll-types = {}\n");
        let clean = [
            ("crates/redpoll-cli/Cargo.toml", tool.as_str()),
            ("crates/redpoll-client/Cargo.toml", client.as_str()),
        ];
        assert_eq!(check(&tree(&clean)), []);
        let leaky = manifest("redpoll-client", "[dependencies]\nredpoll-keyspace = {}\n");
        let findings = check(&tree(&[clean[0], ("crates/redpoll-client/Cargo.toml", &leaky)]));
        let messages: Vec<&str> = findings.iter().map(|f| f.message.as_str()).collect();
        assert!(
            messages.contains(
                &"redpoll-cli must not reach redpoll-keyspace, and does so through redpoll-client"
            ),
            "{messages:?}"
        );
    }

    #[test]
    fn a_new_crate_needs_a_floor() {
        let text = manifest("redpoll-attic", "");
        let findings = check(&tree(&[("crates/redpoll-attic/Cargo.toml", &text)]));
        assert!(findings[0].message.starts_with("redpoll-attic has no floor"));
    }
}
