//! The text format of Prometheus, version 0.0.4.

use std::fmt::{Display, Write};

/// What a metric counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Something that only grows.
    Counter,
    /// Something that goes up and down.
    Gauge,
    /// Percentiles.
    Summary,
    /// Counts by upper bounds.
    Histogram,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Summary => "summary",
            Kind::Histogram => "histogram",
        }
    }
}

/// A text that grows by metrics. All samples of one metric are written behind its heading.
#[derive(Default)]
pub(super) struct Exposition(String);

impl Exposition {
    /// Begins a metric.
    pub fn heading(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = kind.name();
        // Writing to a String cannot fail, here and below.
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    /// A sample with its labels.
    pub fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        for (number, (label, text)) in labels.iter().enumerate() {
            self.0.push(if number == 0 { '{' } else { ',' });
            let _ = write!(self.0, "{label}=\"");
            for character in text.chars() {
                match character {
                    '\\' => self.0.push_str("\\\\"),
                    '"' => self.0.push_str("\\\""),
                    '\n' => self.0.push_str("\\n"),
                    other => self.0.push(other),
                }
            }
            self.0.push('"');
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        let _ = writeln!(self.0, " {value}");
    }

    /// A metric of one sample.
    pub fn single(&mut self, name: &str, kind: Kind, help: &str, value: impl Display) {
        self.heading(name, kind, help);
        self.sample(name, &[], value);
    }

    /// The text.
    pub fn into_string(self) -> String {
        self.0
    }
}
