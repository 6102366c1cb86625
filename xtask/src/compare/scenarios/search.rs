//! Searches: heavy ones beside light ones, and what everybody else notices of them.
//!
//! The peer has no search, so that the server stands against itself: with long searches in the
//! background (`search-mode parallel`), and on the peer's side with every search at once on the one
//! worker (`search-mode safe`). `redpoll-benchmark --search` makes the comments and sends the
//! mixes. Server and load share both cores.

use super::super::load::BOTH_CORES;
use super::super::server::{Flavor, Server};
use super::Session;
use std::process::{Command, Stdio};

/// See [`super::SCENARIOS`].
pub(super) fn run(session: &mut Session<'_>) -> Result<(), String> {
    let run = measure(session)?;
    for (load, mix, key) in [
        ("Light", "alone", "search.light.alone"),
        ("Light", BOTH, "search.light.both"),
        ("Light", SCORED, "search.light.scored"),
        ("Light", AGGREGATIONS, "search.light.aggregations"),
        ("Heavy", "alone", "search.heavy.alone"),
        ("Heavy", BOTH, "search.heavy.both"),
        ("Scored", "alone", "search.scored.alone"),
        ("Scored", SCORED, "search.scored.both"),
        ("Aggregation", "alone", "search.aggregation.alone"),
        ("Aggregation", AGGREGATIONS, "search.aggregation.both"),
    ] {
        session.add(key, run.rate(load, mix)?)?;
    }
    let alone = run.rate("Light", "alone")?;
    session.add("search.kept.heavy", run.rate("Light", BOTH)? / alone)?;
    session.add("search.kept.scored", run.rate("Light", SCORED)? / alone)?;
    session.add("search.kept.aggregations", run.rate("Light", AGGREGATIONS)? / alone)?;
    for (title, key) in [("GET", "get"), ("SET", "set")] {
        let mix = format!("{BOTH} and {title}");
        session.add(&format!("search.{key}.p99"), run.latency(title, &mix, "p99")?)?;
        session.add(&format!("search.{key}.p999"), run.latency(title, &mix, "p999")?)?;
    }
    let (hset, mix) = ("HSET", "both searches and HSET");
    session.add("search.hset.p90", run.latency(hset, mix, "p90")?)?;
    session.add("search.hset.rate", run.rate(hset, mix)?)?;
    session.add("search.index.rate", run.number(" documents per second")?)?;
    session.add("search.index.size", run.number(" of the text")?)
}

/// Light and heavy searches at once.
const BOTH: &str = "both searches";
/// Light searches at once with heavy ones that score each result.
const SCORED: &str = "searches and scored ones";
/// Light searches and aggregations of the heavy ones' documents at once.
const AGGREGATIONS: &str = "searches and aggregations";

/// What a run has said.
struct Run {
    text: String,
    json: String,
}

/// Starts a server of this side's mode, loads it and sends all mixes.
fn measure(session: &Session<'_>) -> Result<Run, String> {
    let mode = match session.flavor() {
        Flavor::Ours => "parallel",
        Flavor::Peer => "safe",
    };
    let program = &session.settings().binaries[Flavor::Ours.index()];
    let arguments = ["--search-mode", mode, "--search-timeout", "0"];
    let server = Server::start_with(program, BOTH_CORES, 1, &arguments)?;
    let comments = format!("zipf:{}", session.keys(1_000_000));
    let seconds = if session.settings().quick { "3" } else { "10" };
    let json = std::env::temp_dir().join(format!("compare-search-{}.json", server.port));
    let output = Command::new("taskset")
        .args(["-c", BOTH_CORES])
        .arg(session.benchmark())
        .args(["-p", &server.port.to_string(), "--search", &comments, "--duration", seconds])
        .arg("--json")
        .arg(&json)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let read = std::fs::read_to_string(&json);
    // Whether it is there or not.
    let _ = std::fs::remove_file(&json);
    match (output.status.success(), read) {
        (true, Ok(json)) => Ok(Run { text, json }),
        _ => Err(format!("redpoll-benchmark --search: {}\n{text}", output.status)),
    }
}

impl Run {
    /// Requests a second of a load in a mix.
    fn rate(&self, load: &str, mix: &str) -> Result<f64, String> {
        self.field(load, mix, "rps")
    }

    /// A percentile of a load's latencies in a mix, in milliseconds.
    fn latency(&self, load: &str, mix: &str, percentile: &str) -> Result<f64, String> {
        self.field(load, mix, percentile)
    }

    /// The first number of this name behind the title of a test.
    fn field(&self, load: &str, mix: &str, name: &str) -> Result<f64, String> {
        let missing = || format!("no {name} of {load} ({mix})");
        let tests = self.json.split("\"title\": \"").skip(1);
        let is_it = |test: &&str| {
            let title = test.split('"').next().unwrap_or_default();
            title.starts_with(load) && title.ends_with(&format!("({mix})"))
        };
        let test = tests.into_iter().find(is_it).ok_or_else(missing)?;
        let value = test.split(&format!("\"{name}\": ")).nth(1).ok_or_else(missing)?;
        let end = value.find([',', '}', '\n']).unwrap_or(value.len());
        value[..end].parse().map_err(|_| missing())
    }

    /// The number before these words.
    fn number(&self, words: &str) -> Result<f64, String> {
        let before = self.text.split(words).next().unwrap_or_default();
        let number = before.rsplit([' ', '\n']).next().and_then(|number| number.parse().ok());
        number.ok_or_else(|| format!("no number before{words}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_found_by_load_and_mix() {
        let json = "{\"tests\": [{\"title\": \"Light search, 5 documents (alone)\", \"rps\": 7.5},\
                    {\"title\": \"GET (both)\", \"rps\": 9.25, \"latency_ms\": {\"p99\": 0.5}}]}";
        let text = "  10 documents\n  41000 documents per second, 2 seconds\n".to_owned();
        let run = Run { text, json: json.to_owned() };
        assert_eq!(run.rate("Light", "alone"), Ok(7.5));
        assert_eq!(run.latency("GET", "both", "p99"), Ok(0.5));
        assert!(run.rate("GET", "alone").is_err());
        assert_eq!(run.number(" documents per second"), Ok(41000.0));
    }
}
