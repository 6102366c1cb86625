//! `--json`: everything that was measured, for programs.
//!
//! Written by hand: the document has one shape, and only strings need care. All times say their
//! unit in their name.

use crate::options::Options;
use crate::record::INTERVAL;
use crate::report::{self, milliseconds};
use crate::run::Outcome;
use std::fmt::Write;

/// Percentiles that are told by name, and their names.
const NAMED: &[(&str, f64)] =
    &[("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p999", 0.999), ("p9999", 0.9999)];

/// The whole document.
pub fn document(options: &Options, outcomes: &[Outcome]) -> String {
    let tests: Vec<String> = outcomes.iter().map(test).collect();
    format!(
        "{{\n  \"tool\": {},\n  \"server\": {},\n  \"options\": {},\n  \"tests\": [\n{}\n  ]\n}}\n",
        string(&format!("redpoll-benchmark {}", env!("CARGO_PKG_VERSION"))),
        string(&options.endpoint().to_string()),
        chosen(options),
        tests.join(",\n")
    )
}

fn chosen(options: &Options) -> String {
    let optional = |number: Option<u64>| number.map_or("null".into(), |n| n.to_string());
    format!(
        "{{\"clients\": {}, \"threads\": {}, \"pipeline\": {}, \"keepalive\": {}, \
         \"requests\": {}, \"duration_s\": {}, \"data_bytes\": {}, \"keyspace\": {}, \
         \"sequential\": {}, \"resp\": {}}}",
        options.clients,
        options.threads.unwrap_or(1),
        options.pipeline,
        options.keepalive,
        optional(Some(options.request_limit()).filter(|limit| *limit != u64::MAX)),
        options.duration.map_or("null".into(), |duration| duration.as_secs_f64().to_string()),
        options.data_size,
        optional(options.keyspace),
        options.sequential,
        if options.resp3 { 3 } else { 2 },
    )
}

fn test(outcome: &Outcome) -> String {
    let record = &outcome.record;
    let [average, min, .., max] = report::summary_ms(record);
    let mut latency = format!("\"avg\": {average:.6}, \"min\": {min:.6}");
    for (name, quantile) in NAMED {
        let value = milliseconds(record.latency.value_at_quantile(*quantile));
        // Writing to a string cannot fail.
        let _ = write!(latency, ", \"{name}\": {value:.6}");
    }
    let _ = write!(latency, ", \"max\": {max:.6}");
    format!(
        "    {{\n      \"title\": {},\n      \"requests\": {},\n      \"seconds\": {:.6},\n      \
         \"rps\": {:.2},\n      \"client_cpu_seconds\": {:.6},\n      \
         \"latency_ms\": {{{latency}}},\n      \"distribution\": [{}],\n      \
         \"timeline\": [{}]\n    }}",
        string(&outcome.title),
        record.requests(),
        outcome.elapsed.as_secs_f64(),
        outcome.rate(),
        outcome.cpu.as_secs_f64(),
        distribution(outcome),
        timeline(outcome),
    )
}

fn distribution(outcome: &Outcome) -> String {
    let points = report::percentiles(&outcome.record);
    let one = |point: &report::Point| {
        format!(
            "{{\"percentile\": {:.6}, \"ms\": {:.6}, \"count\": {}}}",
            point.percentile,
            milliseconds(point.latency_ns),
            point.count
        )
    };
    points.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn timeline(outcome: &Outcome) -> String {
    let one = |(index, interval): (usize, &crate::record::Interval)| {
        format!(
            "{{\"s\": {:.1}, \"requests\": {}, \"max_ms\": {:.6}}}",
            index as f64 * INTERVAL.as_secs_f64(),
            interval.requests,
            milliseconds(interval.latency_ns_max)
        )
    };
    outcome.record.timeline.iter().enumerate().map(one).collect::<Vec<_>>().join(", ")
}

/// A string with its quotes.
fn string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Record;
    use std::time::Duration;

    #[test]
    fn strings_are_escaped() {
        assert_eq!(string("a\"b\\c\n\u{1}é"), "\"a\\\"b\\\\c\\u000a\\u0001é\"");
    }

    #[test]
    fn a_document_holds_all_parts() {
        let mut record = Record::new(3);
        record.add(10, 64_000, 150_000_000);
        let outcome = Outcome {
            title: "set \"k\"".into(),
            payload: 3,
            record,
            elapsed: Duration::from_millis(150),
            cpu: Duration::from_millis(7),
        };
        let text = document(&Options::default(), &[outcome]);
        for part in [
            "\"title\": \"set \\\"k\\\"\"",
            "\"requests\": 10,",
            "\"rps\": 66.67",
            "\"client_cpu_seconds\": 0.007000",
            "\"p9999\": 0.064",
            "\"keyspace\": null",
            "{\"s\": 0.1, \"requests\": 10, \"max_ms\": 0.064000}",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let count = |c: char| text.matches(c).count();
        assert_eq!((count('{'), count('[')), (count('}'), count(']')));
    }
}
