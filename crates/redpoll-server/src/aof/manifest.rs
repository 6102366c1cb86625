//! The manifest: which files the log is made of, as Redis 7 writes it.
//!
//! A base (all data at one moment), increments behind it, and files that are no longer needed and
//! wait to be removed. One file a line: `file NAME seq NUMBER type b|h|i`.

use redpoll_config::quote::split_args;
use std::fmt::Write;

/// The longest line that Redis reads.
const LINE_MAX: usize = 1024;

/// What a file is to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// All data at one moment.
    Base,
    /// What has changed since.
    Increment,
    /// No longer needed.
    History,
}

/// A file of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name within the log's directory.
    pub name: String,
    /// Its number among those of its kind.
    pub number: u64,
}

/// See the module's head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The base; a log that has begun with nothing may have none.
    pub base: Option<Entry>,
    /// The increments, in their order.
    pub increments: Vec<Entry>,
    /// What waits to be removed.
    pub history: Vec<Entry>,
}

/// Why a manifest is not one: the line's number and the line, if it is one of them, and the reason.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    /// The line.
    pub line: Option<(usize, String)>,
    /// The reason.
    pub reason: &'static str,
}

impl Manifest {
    /// Reads a manifest.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let mut manifest = Manifest::default();
        if text.is_empty() {
            return Err(Refused { line: None, reason: "Found an empty AOF manifest" });
        }
        for (index, line) in text.split_inclusive('\n').enumerate() {
            let refuse = |reason| Refused { line: Some((index + 1, line.trim().into())), reason };
            if line.starts_with('#') {
                continue;
            }
            if line.len() > LINE_MAX || !line.ends_with('\n') {
                return Err(refuse("The AOF manifest file contains too long line"));
            }
            let (kind, entry) = parse_line(line.trim()).map_err(refuse)?;
            manifest.add(kind, entry).map_err(refuse)?;
        }
        Ok(manifest)
    }

    fn add(&mut self, kind: Kind, entry: Entry) -> Result<(), &'static str> {
        match kind {
            Kind::Base if self.base.is_some() => {
                return Err("Found duplicate base file information");
            }
            Kind::Base => self.base = Some(entry),
            Kind::History => self.history.push(entry),
            Kind::Increment
                if self.increments.last().is_some_and(|it| it.number >= entry.number) =>
            {
                return Err("Found a non-monotonic sequence number");
            }
            Kind::Increment => self.increments.push(entry),
        }
        Ok(())
    }

    /// The manifest's text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let kinds = [
            ('b', self.base.as_slice()),
            ('h', self.history.as_slice()),
            ('i', self.increments.as_slice()),
        ];
        for (kind, entries) in kinds {
            for Entry { name, number } in entries {
                let name = quoted(name);
                // Writing to a string cannot fail.
                let _ = writeln!(text, "file {name} seq {number} type {kind}");
            }
        }
        text
    }

    /// The base and the increments, in the order in which they are to be loaded.
    pub fn loaded(&self) -> impl Iterator<Item = &Entry> {
        self.base.iter().chain(&self.increments)
    }

    /// The next increment of a log whose files are named after `name`.
    pub fn next_increment(&self, name: &str) -> Entry {
        let number = self.increments.last().map_or(0, |entry| entry.number) + 1;
        Entry { name: format!("{name}.{number}.incr.aof"), number }
    }

    /// The next base.
    pub fn next_base(&self, name: &str, as_snapshot: bool) -> Entry {
        let number = self.base.as_ref().map_or(0, |entry| entry.number) + 1;
        let ending = if as_snapshot { "rdb" } else { "aof" };
        Entry { name: format!("{name}.{number}.base.{ending}"), number }
    }

    /// Puts a new base in the place of the old one and of all increments but the last `kept`.
    pub fn replace_base(&mut self, base: Entry, kept: usize) {
        self.history.extend(self.base.replace(base));
        let old = self.increments.len().saturating_sub(kept);
        self.history.extend(self.increments.drain(..old));
    }
}

fn parse_line(line: &str) -> Result<(Kind, Entry), &'static str> {
    let invalid = "Invalid AOF manifest file format";
    let words = split_args(line.as_bytes()).ok_or(invalid)?;
    let words: Vec<_> = words.iter().map(|word| String::from_utf8_lossy(word)).collect();
    if words.len() < 6 || words.len() % 2 != 0 {
        return Err(invalid);
    }
    let (mut name, mut number, mut kind) = (None, 0, None);
    for pair in words.chunks_exact(2) {
        match &*pair[0].to_ascii_lowercase() {
            "file" if pair[1].contains(['/', '\\']) => {
                return Err("File can't be a path, just a filename");
            }
            "file" => name = Some(pair[1].to_string()),
            "seq" => number = pair[1].parse().unwrap_or(0),
            "type" => kind = pair[1].chars().next(),
            _ => {}
        }
    }
    let (Some(name), Some(kind), 1..) = (name, kind, number) else { return Err(invalid) };
    let kind = match kind {
        'b' => Kind::Base,
        'i' => Kind::Increment,
        'h' => Kind::History,
        _ => return Err("Unknown AOF file type"),
    };
    Ok((kind, Entry { name, number }))
}

/// A name with quotes around it, if it needs them.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '\\');
    if !name.is_empty() && name.chars().all(plain) { name.to_owned() } else { format!("{name:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "file a.2.base.rdb seq 2 type b\nfile a.1.base.rdb seq 1 type h\n\
                        file a.3.incr.aof seq 3 type i\nfile a.4.incr.aof seq 4 type i\n";

    #[test]
    fn what_is_written_is_read() {
        let manifest = Manifest::parse(TEXT).expect("a manifest");
        assert_eq!(manifest.text(), TEXT);
        let names: Vec<_> = manifest.loaded().map(|entry| &*entry.name).collect();
        assert_eq!(names, ["a.2.base.rdb", "a.3.incr.aof", "a.4.incr.aof"]);
        assert_eq!(manifest.next_increment("a").name, "a.5.incr.aof");
        assert_eq!(manifest.next_base("a", false).name, "a.3.base.aof");
        let spaced = Manifest {
            base: Some(Entry { name: "with space".into(), number: 1 }),
            ..Manifest::default()
        };
        assert_eq!(Manifest::parse(&spaced.text()), Ok(spaced));
    }

    #[test]
    fn a_new_base_leaves_history() {
        let mut manifest = Manifest::parse(TEXT).expect("a manifest");
        manifest.replace_base(manifest.next_base("a", true), 1);
        assert_eq!(manifest.loaded().count(), 2);
        let names: Vec<_> = manifest.history.iter().map(|entry| &*entry.name).collect();
        assert_eq!(names, ["a.1.base.rdb", "a.2.base.rdb", "a.3.incr.aof"]);
    }

    #[test]
    fn faults_are_named() {
        let reason = |text: &str| Manifest::parse(text).expect_err("a fault").reason;
        assert_eq!(reason(""), "Found an empty AOF manifest");
        assert_eq!(reason("\n"), "Invalid AOF manifest file format");
        assert_eq!(reason("file a seq 1 type\n"), "Invalid AOF manifest file format");
        assert_eq!(reason("file a seq 0 type b\n"), "Invalid AOF manifest file format");
        assert_eq!(reason("file a seq 1 type x\n"), "Unknown AOF file type");
        assert_eq!(reason("file /a seq 1 type b\n"), "File can't be a path, just a filename");
        let two = "file a seq 1 type b\nfile b seq 2 type b\n";
        assert_eq!(reason(two), "Found duplicate base file information");
        let falling = "file a seq 2 type i\nfile b seq 1 type i\n";
        assert_eq!(reason(falling), "Found a non-monotonic sequence number");
        let long = format!("file {} seq 1 type b\n", "x".repeat(LINE_MAX));
        assert_eq!(reason(&long), "The AOF manifest file contains too long line");
        let manifest = Manifest::parse("# a comment\nfile a seq 1 type b newer x\n");
        assert_eq!(manifest.expect("a manifest").base.map(|entry| entry.name), Some("a".into()));
    }
}
