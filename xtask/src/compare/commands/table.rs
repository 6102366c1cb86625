//! The table of all commands: medians of both sides and their ratio, the slowest named first.

use super::super::report::{between_marks, median, number, put};
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Between these lines of docs/performance.md stands what `--publish` writes.
const BEGIN: &str = "<!-- all commands: begin -->";
const END: &str = "<!-- all commands: end -->";

/// More than this part of Redis's time is too much for any command.
const LIMIT: f64 = 1.10;

/// The samples of one command, in nanoseconds.
pub struct Figure {
    name: &'static str,
    /// Ours and the peer's.
    pub samples: [Vec<f64>; 2],
}

impl Figure {
    /// No samples yet.
    pub fn new(name: &'static str) -> Figure {
        Figure { name, samples: [Vec::new(), Vec::new()] }
    }

    fn medians(&self) -> [Option<f64>; 2] {
        [median(&self.samples[0]), median(&self.samples[1])]
    }

    /// Ours over theirs, if the peer has the command.
    pub fn ratio(&self) -> Option<f64> {
        let [ours, theirs] = self.medians();
        Some(ours? / theirs?)
    }

    /// For the terminal.
    pub fn line(&self) -> String {
        let [ours, theirs, ratio] = self.cells();
        format!("  {:<30}{ours:>12}{theirs:>12}{ratio:>8}", self.name)
    }

    fn cells(&self) -> [String; 3] {
        let cell = |value: Option<f64>| value.map_or("–".into(), |value| number(value, "ns"));
        let [ours, theirs] = self.medians();
        let ratio = self.ratio().map_or("–".into(), |ratio| format!("{ratio:.2}"));
        [cell(ours), cell(theirs), ratio]
    }
}

/// All figures, by group.
pub struct Table {
    subject: String,
    figures: Vec<(&'static str, Figure)>,
}

impl Table {
    /// An empty table about this subject.
    pub fn new(subject: String) -> Table {
        Table { subject, figures: Vec::new() }
    }

    /// Adds a command.
    pub fn add(&mut self, group: &'static str, figure: Figure) {
        self.figures.push((group, figure));
    }

    /// A paragraph: how many commands there are, their median, and which exceed the limit.
    pub fn summary(&self) -> String {
        let mut ratios: Vec<(f64, &str)> = self
            .figures
            .iter()
            .filter_map(|(_, figure)| Some((figure.ratio()?, figure.name)))
            .collect();
        ratios.sort_by(|a, b| b.0.total_cmp(&a.0));
        let middle = ratios.get(ratios.len() / 2).map_or(0.0, |(ratio, _)| *ratio);
        let slow: Vec<String> = ratios
            .iter()
            .take_while(|(ratio, _)| *ratio > LIMIT)
            .map(|(ratio, name)| format!("{name} ({ratio:.2})"))
            .collect();
        let slow = if slow.is_empty() { "none".into() } else { slow.join(", ") };
        format!(
            "{} commands; the median ratio is {middle:.2}; above {LIMIT:.2}: {slow}.",
            ratios.len()
        )
    }

    /// The table for docs.
    pub fn markdown(&self) -> String {
        let mut text = format!("{}\n\n{}\n", self.subject, self.summary());
        let mut heading = "";
        for (group, figure) in &self.figures {
            if *group != heading {
                heading = group;
                let _ = write!(
                    text,
                    "\n| {group} | Redpoll | Redis | ratio |\n| --- | ---: | ---: | ---: |\n"
                );
            }
            let [ours, theirs, ratio] = figure.cells();
            let _ = writeln!(text, "| {} | {ours} | {theirs} | {ratio} |", figure.name);
        }
        text
    }

    /// Writes the table as a file of a directory.
    pub fn write(&self, directory: &Path) -> Result<(), String> {
        fs::create_dir_all(directory).map_err(|error| error.to_string())?;
        put(&directory.join("commands.md"), &self.markdown())
    }

    /// Puts the table into the documentation.
    pub fn publish(&self, docs: &Path) -> Result<(), String> {
        let path = docs.join("performance.md");
        let present =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        put(&path, &between_marks(&present, (BEGIN, END), &self.markdown())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new("subject".into());
        for (name, ours, theirs) in
            [("GET", vec![400.0], vec![1000.0]), ("KEYS", vec![1200.0], vec![1000.0])]
        {
            table.add("Strings", Figure { name, samples: [ours, theirs] });
        }
        table.add("Sets", Figure { name: "NEW", samples: [vec![100.0], vec![]] });
        table
    }

    #[test]
    fn the_slow_ones_are_named() {
        let summary = table().summary();
        assert!(summary.starts_with("2 commands;"), "{summary}");
        assert!(summary.ends_with("above 1.10: KEYS (1.20)."), "{summary}");
    }

    #[test]
    fn a_command_that_only_we_have_has_no_ratio() {
        let text = table().markdown();
        assert!(text.contains("| GET | 400 ns | 1,000 ns | 0.40 |\n"), "{text}");
        assert!(text.contains("| NEW | 100 ns | – | – |\n"), "{text}");
    }
}
