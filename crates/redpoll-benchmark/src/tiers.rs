//! `--tiers-chart`: how a server with two tiers of memory places its values, over time.
//!
//! A thread of its own asks INFO ten times a second while the tests run (or, with `-I`, while
//! others put the load on), and a drawing shows what it has found: the share of far memory and the
//! share wanted, the threshold, the part of reads that found their value in DRAM, and the bytes
//! moved.

mod chart;

use crate::options::Options;
use crate::server;
use redpoll_client::{Connection, Value};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Time between two readings.
const EVERY: Duration = Duration::from_millis(100);

/// What a server has said at some moment.
#[derive(Debug, Clone, Default, PartialEq)]
struct Reading {
    /// Seconds since the start.
    at: f64,
    /// What places values.
    policy: String,
    /// The share of far memory, and the one wanted.
    share: f64,
    wanted: f64,
    /// Values of this size and larger go far, where size decides.
    threshold: f64,
    /// Uses that found their value in DRAM and in far memory, since the server's start.
    near_hits: f64,
    far_hits: f64,
    /// Bytes moved to DRAM and away, since the server's start.
    promoted: f64,
    demoted: f64,
}

impl Reading {
    /// Whether the server computes a threshold for a ratio.
    fn is_ratio(&self) -> bool {
        self.policy == "ratio"
    }

    /// What INFO's text says; `None` if the server has one kind of memory only.
    fn of(info: &str, at: f64) -> Option<Reading> {
        let field = |name: &str| {
            let mut lines = info.lines().filter_map(|line| line.split_once(':'));
            lines.find(|(field, _)| *field == name).map(|(_, value)| value.trim())
        };
        field("tier_far_0")?;
        let number = |name: &str| field(name).and_then(|text| text.parse().ok()).unwrap_or(0.0);
        Some(Reading {
            at,
            policy: field("tier_policy").unwrap_or_default().to_owned(),
            share: number("tier_far_share"),
            wanted: number("tier_far_share_wanted"),
            threshold: number("pmem_threshold"),
            near_hits: number("tier_dram_hits"),
            far_hits: number("tier_far_hits"),
            promoted: number("tier_promoted_bytes"),
            demoted: number("tier_demoted_bytes"),
        })
    }
}

/// What a watch has gathered.
#[derive(Default)]
struct Gathered {
    readings: Vec<Reading>,
    /// When tests began, and their names.
    tests: Vec<(f64, String)>,
}

/// Watches a server's tiers until it is told to draw.
pub struct Watch {
    path: PathBuf,
    start: Instant,
    gathered: Arc<Mutex<Gathered>>,
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Result<(), String>>,
}

impl Watch {
    /// Begins to watch, if a chart is asked for.
    ///
    /// # Errors
    /// When the server cannot be reached or has one kind of memory only.
    pub fn start(options: &Options) -> Result<Option<Watch>, String> {
        let Some(path) = options.tiers_chart.clone() else { return Ok(None) };
        let mut connection = server::connect(options)?;
        let start = Instant::now();
        let first = read(&mut connection, start)?;
        let gathered = Gathered { readings: vec![first], tests: Vec::new() };
        let (gathered, is_over) = (Arc::new(Mutex::new(gathered)), Arc::default());
        let (into, stop) = (Arc::clone(&gathered), Arc::clone(&is_over));
        let thread = thread::spawn(move || watch(&mut connection, start, &into, &stop));
        Ok(Some(Watch { path, start, gathered, is_over, thread }))
    }

    /// Notes that a test begins.
    pub fn mark(&self, title: &str) {
        let at = self.start.elapsed().as_secs_f64();
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        gathered.tests.push((at, title.to_owned()));
    }

    /// Ends the watch and draws.
    pub fn draw(self, options: &Options) -> Result<(), String> {
        self.is_over.store(true, Relaxed);
        self.thread.join().map_err(|_| "the watch over the tiers has failed".to_owned())??;
        let gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        let drawing = chart::document(options, &gathered);
        std::fs::write(&self.path, drawing)
            .map_err(|error| format!("{}: {error}", self.path.display()))
    }
}

/// Only watches, for as long as `--duration` says (`-I`).
pub fn watch_only(options: &Options) -> Result<(), String> {
    let Some(duration) = options.duration else {
        return Err("--tiers-chart with -I needs --duration".to_owned());
    };
    if let Some(watch) = Watch::start(options)? {
        thread::sleep(duration);
        watch.draw(options)?;
    }
    Ok(())
}

fn watch(
    connection: &mut Connection,
    start: Instant,
    into: &Mutex<Gathered>,
    stop: &AtomicBool,
) -> Result<(), String> {
    while !stop.load(Relaxed) {
        thread::sleep(EVERY);
        let reading = read(connection, start)?;
        into.lock().unwrap_or_else(PoisonError::into_inner).readings.push(reading);
    }
    Ok(())
}

fn read(connection: &mut Connection, start: Instant) -> Result<Reading, String> {
    let reply = connection.command(&["INFO", "tiers", "memory"]);
    let reply = reply.map_err(|error| format!("--tiers-chart: {error}"))?;
    if let Value::Error(text) = &reply {
        return Err(format!("--tiers-chart: {}", String::from_utf8_lossy(text)));
    }
    let info = reply.as_str().unwrap_or_default();
    let reading = Reading::of(info, start.elapsed().as_secs_f64());
    reading.ok_or_else(|| "--tiers-chart: the server has no far memory".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_is_taken_from_info() {
        let info = "# Memory\r\nused_memory:1\r\npmem_threshold:96\r\n# Tiers\r\ntier_policy:ratio\
                    \r\ntier_far_share:0.25\r\ntier_far_share_wanted:0.750\r\ntier_dram_hits:10\r\n\
                    tier_far_hits:3\r\ntier_promoted_bytes:5\r\ntier_demoted_bytes:7\r\n\
                    tier_far_0:name=file:/x,used=1,limit=2\r\n";
        let reading = Reading::of(info, 1.5).expect("there is far memory");
        let wanted = Reading {
            at: 1.5,
            policy: "ratio".to_owned(),
            share: 0.25,
            wanted: 0.75,
            threshold: 96.0,
            near_hits: 10.0,
            far_hits: 3.0,
            promoted: 5.0,
            demoted: 7.0,
        };
        assert_eq!(reading, wanted);
        assert_eq!(Reading::of("# Tiers\r\ntier_policy:only-dram\r\n", 0.0), None);
    }
}
