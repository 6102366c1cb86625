//! The figures of a run: medians side by side, for the terminal, for people and for programs.

use super::chart;
use super::latency::{self, Curve};
use super::metrics::{Goal, METRICS, Metric};
use super::published::{self, Samples};
use super::replicas::{self, Lines};
use super::server::{Flavor, Server, Settings, info_field};
use super::timeline::{self, Timeline};
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Between these lines of docs/performance.md stands what `--publish` writes.
const BEGIN: &str = "<!-- compare: begin -->";
const END: &str = "<!-- compare: end -->";
/// Where there is no figure.
const NONE: &str = "–";

/// Everything that was measured.
pub struct Results {
    /// Names and versions of both sides.
    versions: [String; 2],
    /// What it was measured on.
    machine: String,
    quick: bool,
    /// Samples of both sides by the figure's key.
    samples: Samples,
    curves: Vec<Curve>,
    /// The last runs of both sides that are drawn over time.
    timelines: [Option<Timeline>; 2],
    lines: Lines,
}

/// A figure with the medians of both sides.
pub struct Row {
    /// The figure.
    pub metric: &'static Metric,
    /// Medians in the order of [`Flavor::index`]; theirs is no number where they have none.
    pub medians: [f64; 2],
}

impl Row {
    /// Ours over theirs.
    pub fn ratio(&self) -> f64 {
        self.medians[0] / self.medians[1]
    }

    /// The same for people.
    fn shown_ratio(&self) -> String {
        let ratio = self.ratio();
        if ratio.is_nan() { NONE.into() } else { format!("{ratio:.2}") }
    }

    /// The goal in words and whether it is met; `None` when there is no goal.
    pub fn goal(&self) -> Option<(String, bool)> {
        let unit = self.metric.unit;
        match self.metric.goal {
            // The ratio as it is shown: beyond two digits it is noise.
            Goal::OfPeer(part) => {
                let shown = (self.ratio() * 100.0).round() / 100.0;
                Some((format!("≤ {part:.2} of Redis"), shown <= part))
            }
            Goal::TimesPeer(times) => {
                let shown = (self.ratio() * 100.0).round() / 100.0;
                Some((format!("≥ {times:.2} times"), shown >= times))
            }
            Goal::AtMost(limit) => Some((format!("≤ {limit} {unit}"), self.medians[0] <= limit)),
            Goal::AtLeast(limit) => Some((format!("≥ {limit} {unit}"), self.medians[0] >= limit)),
            Goal::None => None,
        }
    }
}

impl Results {
    /// No figures yet; asks both servers for their versions.
    pub fn new(settings: &Settings) -> Result<Results, String> {
        let version = |flavor: Flavor| -> Result<String, String> {
            let server = Server::start(&settings.binaries[flavor.index()], "0", 1)?;
            let info = server.connect()?.ask(&["INFO", "server"])?;
            let own = info_field(&info, "redpoll_version").map(|v| format!("Redpoll {v}"));
            let redis = || info_field(&info, "redis_version").map(|v| format!("Redis {v}"));
            Ok(own.or_else(redis).unwrap_or_else(|| "unknown".into()))
        };
        Ok(Results {
            versions: [version(Flavor::Ours)?, version(Flavor::Peer)?],
            machine: machine(),
            quick: settings.quick,
            samples: Samples::new(),
            curves: Vec::new(),
            timelines: [None, None],
            lines: Lines::new(),
        })
    }

    /// Adds a sample.
    pub fn add(&mut self, metric: &'static Metric, flavor: Flavor, value: f64) {
        let both = self.samples.entry(metric.key).or_default();
        both[flavor.index()].push(value);
    }

    /// Adds distributions of latencies.
    pub fn add_curves(&mut self, curves: Vec<Curve>) {
        self.curves.extend(curves);
    }

    /// Adds what first syncs took.
    pub fn add_lines(&mut self, lines: Lines) {
        for (way, points) in lines {
            self.lines.entry(way).or_default().extend(points);
        }
    }

    /// Draws first syncs, if there are any.
    fn write_lines(&self, directory: &Path) -> Result<(), String> {
        if self.lines.is_empty() {
            return Ok(());
        }
        put(&directory.join("sync.svg"), &replicas::document(&self.subject(), &self.lines))
    }

    /// Keeps a run to be drawn over time.
    pub fn draw(&mut self, flavor: Flavor, timeline: Timeline) {
        self.timelines[flavor.index()] = Some(timeline);
    }

    /// The picture of the runs over time, if both sides have one.
    fn drawn(&self) -> Option<String> {
        let [Some(ours), Some(theirs)] = &self.timelines else { return None };
        Some(timeline::document(&self.subject(), [ours, theirs]))
    }

    /// The figures that both sides have, or ours alone where its goal does not ask for theirs, in
    /// the order they are shown.
    pub fn rows(&self) -> Vec<Row> {
        let row = |metric: &'static Metric| {
            let [ours, theirs] = self.samples.get(metric.key)?;
            let theirs = match metric.goal {
                Goal::AtMost(_) | Goal::AtLeast(_) => median(theirs).unwrap_or(f64::NAN),
                _ => median(theirs)?,
            };
            Some(Row { metric, medians: [median(ours)?, theirs] })
        };
        METRICS.iter().filter_map(row).collect()
    }

    /// A line that says what was compared on what.
    pub fn subject(&self) -> String {
        let [ours, theirs] = &self.versions;
        let quick = if self.quick { " A quick look: a tenth of the load." } else { "" };
        format!("{ours} and {theirs}, on {}.{quick}", self.machine)
    }

    /// The table for the terminal.
    pub fn table(&self) -> String {
        let mut text = self.subject();
        text.push('\n');
        let mut section = "";
        for row in self.rows() {
            if row.metric.section != section {
                section = row.metric.section;
                let _ = write!(
                    text,
                    "\n{section}\n  {:<28}{:>15}{:>15}{:>8}\n",
                    "", "Redpoll", "Redis", "ratio"
                );
            }
            let goal = row.goal().map_or(String::new(), |(goal, met)| {
                format!("   goal {goal}: {}", if met { "met" } else { "MISSED" })
            });
            let [ours, theirs] = row.medians.map(|value| number(value, row.metric.unit));
            let (label, ratio) = (row.metric.label, row.shown_ratio());
            let _ = writeln!(text, "  {label:<28}{ours:>15}{theirs:>15}{ratio:>8}{goal}");
        }
        text
    }

    /// The table for docs.
    pub fn markdown(&self) -> String {
        let mut text = format!("{}\n", self.subject());
        let mut section = "";
        for row in self.rows() {
            if row.metric.section != section {
                section = row.metric.section;
                let _ = write!(
                    text,
                    "\n**{section}**\n\n| | Redpoll | Redis | ratio | goal |\n\
                     | --- | ---: | ---: | ---: | --- |\n"
                );
            }
            let goal = row.goal().map_or(String::new(), |(goal, met)| {
                format!("{goal} {}", if met { "✓" } else { "✗" })
            });
            let [ours, theirs] = row.medians.map(|value| number(value, row.metric.unit));
            let (label, ratio) = (row.metric.label, row.shown_ratio());
            let _ = writeln!(text, "| {label} | {ours} | {theirs} | {ratio} | {goal} |");
        }
        text
    }

    /// All samples, for programs.
    pub fn json(&self) -> String {
        let list = |values: &[f64]| {
            let values: Vec<String> = values.iter().map(|value| format!("{value:.4}")).collect();
            format!("[{}]", values.join(", "))
        };
        let figures: Vec<String> = self
            .rows()
            .iter()
            .map(|row| {
                let key = row.metric.key;
                let [ours, theirs] = &self.samples[key];
                format!(
                    "    {{\"key\": \"{key}\", \"unit\": \"{}\", \"redpoll\": {}, \"redis\": {}, \
                     \"ratio\": {}}}",
                    row.metric.unit,
                    list(ours),
                    list(theirs),
                    // JSON has no word for what is no number.
                    if theirs.is_empty() { "null".into() } else { format!("{:.4}", row.ratio()) }
                )
            })
            .collect();
        let subject = self.subject().replace('\\', "\\\\").replace('"', "\\\"");
        format!(
            "{{\n  \"subject\": \"{subject}\",\n  \"figures\": [\n{}\n  ]\n}}\n",
            figures.join(",\n")
        )
    }

    /// Writes table, chart and samples into a directory.
    pub fn write(&self, directory: &Path) -> Result<(), String> {
        fs::create_dir_all(directory).map_err(|error| error.to_string())?;
        let markdown = format!("# Redpoll and Redis\n\n{}", self.markdown());
        put(&directory.join("compare.md"), &markdown)?;
        put(&directory.join("compare.json"), &self.json())?;
        if let Some(drawn) = self.drawn() {
            put(&directory.join("background.svg"), &drawn)?;
        }
        put(&directory.join("compare.svg"), &chart::document(&self.subject(), &self.rows()))?;
        self.write_lines(directory)?;
        self.write_curves(directory)
    }

    /// Draws the distributions, if there are any.
    fn write_curves(&self, directory: &Path) -> Result<(), String> {
        if self.curves.is_empty() {
            return Ok(());
        }
        put(&directory.join("latency.svg"), &latency::document(&self.subject(), &self.curves))
    }

    /// Puts table and chart into the documentation, with the figures there that were not measured
    /// now.
    pub fn publish(&mut self, docs: &Path) -> Result<(), String> {
        fs::create_dir_all(docs).map_err(|error| error.to_string())?;
        let kept = docs.join("compare.json");
        let before = fs::read_to_string(&kept).unwrap_or_default();
        let subject = self.subject();
        published::fill(&mut self.samples, &subject, &before);
        put(&kept, &self.json())?;
        put(&docs.join("compare.svg"), &chart::document(&self.subject(), &self.rows()))?;
        self.write_curves(docs)?;
        self.write_lines(docs)?;
        if let Some(drawn) = self.drawn() {
            put(&docs.join("background.svg"), &drawn)?;
        }
        let path = docs.join("performance.md");
        let present = fs::read_to_string(&path).unwrap_or_else(|_| {
            format!("# Performance\n\n![Redpoll and Redis](compare.svg)\n\n{BEGIN}\n{END}\n")
        });
        put(&path, &between_marks(&present, (BEGIN, END), &self.markdown())?)
    }
}

/// Writes a file; an error names it.
pub fn put(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// The text with `inner` between the two marks.
pub fn between_marks(
    text: &str,
    (begin, end): (&str, &str),
    inner: &str,
) -> Result<String, String> {
    let missing = || format!("performance.md has lost its `{begin}` or `{end}`");
    let (before, rest) = text.split_once(begin).ok_or_else(missing)?;
    let (_, after) = rest.split_once(end).ok_or_else(missing)?;
    Ok(format!("{before}{begin}\n{inner}{end}{after}"))
}

/// The middle of the samples, or the mean of the two middle ones.
pub fn median(samples: &[f64]) -> Option<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = sorted[(sorted.len() - 1) / 2];
    Some((lower + upper) / 2.0)
}

/// A number with its unit, in about three digits.
pub fn number(value: f64, unit: &str) -> String {
    if value.is_nan() {
        return NONE.into();
    }
    let digits = match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        v if v >= 1.0 => 2,
        _ => 3,
    };
    let plain = format!("{value:.digits$}");
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 && digit.is_ascii_digit() {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if !fraction.is_empty() {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    match unit {
        "/s" => format!("{grouped}/s"),
        "times" => format!("{grouped}×"),
        "µs each" => format!("{grouped} µs"),
        "bytes" => format!("{grouped} B"),
        "%" => format!("{grouped} %"),
        unit => format!("{grouped} {unit}"),
    }
}

/// Processor and kernel.
fn machine() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field =
        |line: &str| Some(line.strip_prefix("model name")?.split_once(':')?.1.trim().into());
    let model: String =
        cpuinfo.lines().find_map(field).unwrap_or_else(|| "an unnamed processor".into());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let cores = cpuinfo.lines().filter(|line| line.starts_with("processor")).count().max(cores);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{cores} cores of {model}, Linux {}", kernel.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results() -> Results {
        let mut results = Results {
            versions: ["Redpoll 1".into(), "Redis 7".into()],
            machine: "a \"machine\"".into(),
            quick: true,
            samples: Samples::new(),
            curves: Vec::new(),
            timelines: [None, None],
            lines: Lines::new(),
        };
        let metric = |key: &str| {
            METRICS.iter().find(|metric| metric.key == key).expect("a figure of this name")
        };
        for (value, peer) in [(400.0, 1000.0), (500.0, 1100.0), (9000.0, 1200.0)] {
            results.add(metric("cpu.get.16"), Flavor::Ours, value);
            results.add(metric("cpu.get.16"), Flavor::Peer, peer);
        }
        results.add(metric("memory.key"), Flavor::Ours, 70.0);
        results.add(metric("memory.key"), Flavor::Peer, 140.0);
        results.add(metric("pings.gain"), Flavor::Ours, 1.0);
        results.add(metric("cpu.get.1"), Flavor::Ours, 1.0);
        results
    }

    #[test]
    fn medians_stand_side_by_side_with_ratio_and_goal() {
        let results = results();
        let rows = results.rows();
        assert_eq!(rows.len(), 3, "a ratio that one side alone has is left out");
        assert_eq!(rows[0].medians, [500.0, 1100.0]);
        assert_eq!(rows[0].goal(), Some(("≤ 0.50 of Redis".into(), true)));
        assert_eq!(rows[2].goal(), Some(("≤ 64 bytes".into(), false)));
        assert!(
            results
                .markdown()
                .contains("| GET, pipeline 16 | 500 ns | 1,100 ns | 0.45 | ≤ 0.50 of Redis ✓ |\n")
        );
        assert!(results.table().contains("MISSED"));
        assert!(results.markdown().contains("| 1.00× | – | – | ≥ 20 times ✗ |\n"));
    }

    #[test]
    fn json_holds_every_sample() {
        let json = results().json();
        assert!(json.contains("\"redpoll\": [400.0000, 500.0000, 9000.0000]"), "{json}");
        assert!(json.contains("a \\\"machine\\\""), "{json}");
    }

    #[test]
    fn an_even_number_of_samples_has_a_middle_too() {
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn numbers_have_three_digits_and_groups() {
        for (value, unit, text) in [
            (1_234_567.8, "/s", "1,234,568/s"),
            (12.345, "ms", "12.3 ms"),
            (0.0456, "ms", "0.046 ms"),
            (123.4, "bytes", "123 B"),
            (2.0, "times", "2.00×"),
        ] {
            assert_eq!(number(value, unit), text);
        }
    }

    #[test]
    fn publishing_keeps_what_stands_around() {
        let text = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let new = between_marks(&text, (BEGIN, END), "new\n").expect("both marks are there");
        assert_eq!(new, format!("before\n{BEGIN}\nnew\n{END}\nafter\n"));
        assert!(between_marks("no marks", (BEGIN, END), "new").is_err());
    }
}
