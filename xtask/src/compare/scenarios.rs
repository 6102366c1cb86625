//! What is measured: the scenarios that the figures ([`super::metrics`]) come from.
//!
//! A scenario runs on one server at a time and writes its figures into a [`Session`]. It is called
//! anew for each side and round, and starts its servers itself, so that nothing is left over from
//! one measurement to the next.

mod aof;
mod background;
mod replicate;
mod saving;
mod search;
mod sync;
mod tiers;

use super::latency::Curve;
use super::load::{self, BOTH_CORES, LOAD_CORE, SERVER_CORE, Tool};
use super::metrics::{METRICS, Metric};
use super::probe;
use super::replicas::Lines;
use super::server::{Flavor, Server, Settings};
use super::shm;
use super::timeline::Timeline;
use std::path::Path;
use std::time::{Duration, Instant};

/// A way to come by figures.
pub struct Scenario {
    /// For `--only`.
    pub name: &'static str,
    /// One line of help.
    pub about: &'static str,
    /// Rounds of a full run.
    pub rounds: usize,
    /// Measures one side once.
    pub run: fn(&mut Session<'_>) -> Result<(), String>,
}

impl Scenario {
    /// Whether `--only` means it: by its name, or by the part before a dash.
    pub fn is_named(&self, name: &str) -> bool {
        let rest = self.name.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }
}

/// All scenarios, in the order they run.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "throughput",
        about: "GET and SET on 1,000,000 random keys, pipelines of 1, 16 and 100",
        rounds: 5,
        run: throughput,
    },
    Scenario {
        name: "pings",
        about: "10,000 PINGs one by one and in one pipeline",
        rounds: 5,
        run: pings,
    },
    Scenario {
        name: "workers",
        about: "two workers on two cores against one on one",
        rounds: 3,
        run: workers,
    },
    Scenario {
        name: "growth",
        about: "memory and pauses while 5,000,000 keys are set",
        rounds: 3,
        run: growth,
    },
    Scenario {
        name: "fairness",
        about: "a client with one command at a time beside one with 10,000",
        rounds: 3,
        run: fairness,
    },
    Scenario {
        name: "bgsave",
        about: "memory and pauses while 1,000,000 values of 1000 bytes are saved, beside writes",
        rounds: 3,
        run: saving::bgsave,
    },
    Scenario {
        name: "load",
        about: "a start with 1,000,000 values of 1000 bytes in the snapshot file",
        rounds: 3,
        run: saving::load,
    },
    Scenario {
        name: "shm",
        about: "GET of one client through shared memory against sockets; idle clients",
        rounds: 5,
        run: shm::run,
    },
    Scenario {
        name: "small",
        about: "memory of 1,000,000 small hashes, sets, sorted sets and lists",
        rounds: 1,
        run: small,
    },
    Scenario {
        name: "aof",
        about: "SET with the append-only file: flushed always, each second, and without it",
        rounds: 5,
        run: aof::run,
    },
    Scenario {
        name: "tiers",
        about: "reads from DRAM and far memory under the policies `tiered` and `ratio`",
        rounds: 1,
        run: tiers::run,
    },
    Scenario {
        name: "background-keys",
        about: "GETs by ten clients beside KEYS of 5,000,000 keys by five",
        rounds: 1,
        run: |session| background::run(session, "keys"),
    },
    Scenario {
        name: "background-smembers",
        about: "GETs by ten clients beside SMEMBERS of 5,000,000 members by five",
        rounds: 1,
        run: |session| background::run(session, "smembers"),
    },
    Scenario {
        name: "background-sort",
        about: "GETs by ten clients beside SORT of 1,000,000 elements by five",
        rounds: 1,
        run: |session| background::run(session, "sort"),
    },
    Scenario {
        name: "background-zunion",
        about: "GETs by ten clients beside ZUNIONSTORE of two sets of 1,000,000 by five",
        rounds: 1,
        run: |session| background::run(session, "zunion"),
    },
    Scenario {
        name: "background-del",
        about: "GETs by ten clients beside DEL of five sets of 1,000,000 by five",
        rounds: 1,
        run: |session| background::run(session, "del"),
    },
    Scenario {
        name: "sync",
        about: "first syncs of 1, 2 and 3 replicas: 1,000,000 values of 1000 bytes, 256 large ones",
        rounds: 1,
        run: sync::run,
    },
    Scenario {
        name: "replicate",
        about: "100,000 writes a second to a primary with a replica: processor time of both",
        rounds: 3,
        run: replicate::run,
    },
    Scenario {
        name: "search",
        about: "heavy and light searches of 1,000,000 comments, and other commands beside them",
        rounds: 1,
        run: search::run,
    },
];

/// One side, one round: what a scenario needs, and where it writes.
pub struct Session<'a> {
    settings: &'a Settings,
    flavor: Flavor,
    samples: Vec<(&'static Metric, f64)>,
    curves: Vec<Curve>,
    timeline: Option<Timeline>,
    lines: Lines,
}

impl<'a> Session<'a> {
    /// A session without figures.
    pub fn new(settings: &'a Settings, flavor: Flavor) -> Session<'a> {
        Session {
            settings,
            flavor,
            samples: Vec::new(),
            curves: Vec::new(),
            timeline: None,
            lines: Lines::new(),
        }
    }

    /// Adds a point of the picture of first syncs: a way, and the seconds for so many replicas.
    pub(super) fn add_point(&mut self, way: &'static str, replicas: usize, seconds: f64) {
        self.lines.entry(way).or_default().push((replicas, seconds));
    }

    /// The lines of that picture.
    pub fn take_lines(&mut self) -> Lines {
        std::mem::take(&mut self.lines)
    }

    /// Keeps a run to be drawn.
    pub(super) fn draw(&mut self, timeline: Timeline) {
        self.timeline = Some(timeline);
    }

    /// The run to be drawn, if there is one.
    pub fn take_timeline(&mut self) -> Option<Timeline> {
        self.timeline.take()
    }

    /// The figures.
    pub fn finish(self) -> Vec<(&'static Metric, f64)> {
        self.samples
    }

    /// The distributions of latencies.
    pub fn take_curves(&mut self) -> Vec<Curve> {
        std::mem::take(&mut self.curves)
    }

    /// Adds one.
    pub(super) fn add_curve(&mut self, curve: Curve) {
        self.curves.push(curve);
    }

    /// Which side it is.
    pub(super) fn flavor(&self) -> Flavor {
        self.flavor
    }

    /// What is the same for the whole run.
    pub(super) fn settings(&self) -> &'a Settings {
        self.settings
    }

    /// This project's load generator.
    pub(super) fn benchmark(&self) -> &'a Path {
        Tool::Redpoll.program(self.settings)
    }

    pub(super) fn server(&self, cores: &str, workers: usize) -> Result<Server, String> {
        self.server_with(cores, workers, &[])
    }

    /// A server with further settings.
    pub(super) fn server_with(
        &self,
        cores: &str,
        workers: usize,
        more: &[&str],
    ) -> Result<Server, String> {
        Server::start_with(&self.settings.binaries[self.flavor.index()], cores, workers, more)
    }

    /// Load from this project's tool, which alone can count through the keys.
    pub(super) fn fill(&self, server: &Server, arguments: &str) -> Result<f64, String> {
        let program = Tool::Redpoll.program(self.settings);
        load::run(program, LOAD_CORE, server.port, arguments)
    }

    /// So many keys, or a tenth of them for a first look.
    fn keys(&self, full: u64) -> u64 {
        if self.settings.quick { full / 10 } else { full }
    }

    /// So many requests, or a quarter of them: with fewer, processor time, which the system counts
    /// in hundredths of a second, would be too coarse.
    pub(super) fn requests(&self, full: u64) -> u64 {
        if self.settings.quick { full / 4 } else { full }
    }

    pub(super) fn add(&mut self, key: &str, value: f64) -> Result<(), String> {
        let metric = METRICS.iter().find(|metric| metric.key == key);
        self.samples.push((metric.ok_or(format!("no figure named {key}"))?, value));
        Ok(())
    }
}

/// Pipelines and the number of requests that keeps a server busy for about two seconds.
const PIPELINES: [(u32, u64); 3] = [(1, 200_000), (16, 2_000_000), (100, 4_000_000)];

fn throughput(session: &mut Session<'_>) -> Result<(), String> {
    let keys = session.keys(1_000_000);
    let server = session.server(SERVER_CORE, 1)?;
    session.fill(&server, &format!("-t set -n {keys} -r {keys} --sequential -P 100 -d 16"))?;
    let program = session.settings.tool.program(session.settings);
    for command in ["get", "set"] {
        for (pipeline, full) in PIPELINES {
            let requests = session.requests(full);
            let before = server.cpu_seconds()?;
            let rate = load::run(
                program,
                LOAD_CORE,
                server.port,
                &format!("-t {command} -n {requests} -r {keys} -P {pipeline} -d 16 -c 50"),
            )?;
            let cpu = server.cpu_seconds()? - before;
            session.add(&format!("cpu.{command}.{pipeline}"), cpu / requests as f64 * 1e9)?;
            session.add(&format!("rps.{command}.{pipeline}"), rate)?;
        }
    }
    Ok(())
}

fn pings(session: &mut Session<'_>) -> Result<(), String> {
    const COUNT: usize = 10_000;
    const PING: &[u8] = b"*1\r\n$4\r\nPING\r\n";
    const PONG: usize = b"+PONG\r\n".len();
    let server = session.server(SERVER_CORE, 1)?;
    let mut client = server.connect()?;
    let mut microseconds = |rounds: usize, requests: &[u8], replies: usize| {
        let start = Instant::now();
        for _ in 0..rounds {
            client.send(requests)?;
            client.skip(replies)?;
        }
        Ok::<f64, String>(start.elapsed().as_secs_f64() * 1e6 / COUNT as f64)
    };
    let all = PING.repeat(COUNT);
    // A pipeline takes a few milliseconds, which anything may disturb: the middle one of several
    // counts. The first ones also warm both ends up.
    let mut pipelines = (0..9)
        .map(|_| microseconds(1, &all, PONG * COUNT))
        .collect::<Result<Vec<f64>, String>>()?;
    pipelines.sort_by(f64::total_cmp);
    let pipeline = pipelines[pipelines.len() / 2];
    let single = microseconds(COUNT, PING, PONG)?;
    session.add("pings.single", single)?;
    session.add("pings.pipeline", pipeline)?;
    session.add("pings.gain", single / pipeline)
}

/// One worker has a core, and the load the other; two workers and the load share both. The machine
/// is the same in both cases, and what is compared is what comes out of it.
fn workers(session: &mut Session<'_>) -> Result<(), String> {
    let keys = session.keys(1_000_000);
    let program = Tool::Redpoll.program(session.settings);
    for (pipeline, full) in [(1, 200_000), (16, 2_000_000)] {
        let requests = session.requests(full);
        let mut rates = Vec::new();
        for (server_cores, workers, load_cores) in
            [(SERVER_CORE, 1, LOAD_CORE), (BOTH_CORES, 2, BOTH_CORES)]
        {
            let server = session.server(server_cores, workers)?;
            let common = format!("-r {keys} -d 16");
            session.fill(&server, &format!("-t set -n {keys} {common} --sequential -P 100"))?;
            let load = format!("-t get -n {requests} {common} -P {pipeline} -c 50");
            rates.push(load::run(program, load_cores, server.port, &load)?);
        }
        if let [one, two] = rates[..] {
            session.add(&format!("workers.{pipeline}"), two / one)?;
        }
    }
    Ok(())
}

fn growth(session: &mut Session<'_>) -> Result<(), String> {
    let keys = session.keys(5_000_000);
    let server = session.server(SERVER_CORE, 1)?;
    let ((), idle) = probe::during(&server, || {
        std::thread::sleep(Duration::from_secs(1));
        Ok(())
    })?;
    session.add("growth.idle", idle.max_ms())?;
    let before = server.info("used_memory")?;
    // Few connections with short pipelines: the probe waits for at most 128 commands of others, so
    // that what it sees beyond them is a pause.
    let load = format!("-t set -n {keys} -r {keys} --sequential -P 32 -c 4 -d 16");
    let ((), latencies) = probe::during(&server, || session.fill(&server, &load).map(|_| ()))?;
    let after = server.info("used_memory")?;
    session.add("memory.key", (after - before) / keys as f64)?;
    session.add("growth.max", latencies.max_ms())?;
    session.add("growth.p99", latencies.quantile_ms(0.99))
}

fn fairness(session: &mut Session<'_>) -> Result<(), String> {
    let keys = session.keys(1_000_000);
    let server = session.server(SERVER_CORE, 1)?;
    session.fill(&server, &format!("-t set -n {keys} -r {keys} --sequential -P 100 -d 16"))?;
    let seconds = if session.settings.quick { 1 } else { 3 };
    let load = format!("-t get --duration {seconds} -r {keys} -P 10000 -c 1");
    let ((), latencies) = probe::during(&server, || session.fill(&server, &load).map(|_| ()))?;
    session.add("fairness.p99", latencies.quantile_ms(0.99))?;
    session.add("fairness.max", latencies.max_ms())
}

/// Figures and the commands that make one collection each.
const COLLECTIONS: &[(&str, &str)] = &[
    (
        "small.hash",
        "hset h:__rand_int__ name __data__ city __data__ mail __data__ age 41 score 1500",
    ),
    ("small.set", "sadd s:__rand_int__ amber __data__ cobalt denim ebony"),
    ("small.intset", "sadd i:__rand_int__ 12 345 6789 10111 21314"),
    ("small.zset", "zadd z:__rand_int__ 1 amber 2.5 __data__ 30 cobalt 400 denim 5000 ebony"),
    ("small.list", "rpush l:__rand_int__ amber __data__ cobalt denim ebony"),
];

fn small(session: &mut Session<'_>) -> Result<(), String> {
    let count = session.keys(1_000_000);
    for (metric, command) in COLLECTIONS {
        let server = session.server(SERVER_CORE, 1)?;
        let before = server.info("used_memory")?;
        let load = format!("-n {count} -r {count} --sequential -P 50 -c 10 -d 12 {command}");
        session.fill(&server, &load)?;
        let after = server.info("used_memory")?;
        session.add(metric, (after - before) / count as f64)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn keys_and_names_are_unique() {
        let keys: BTreeSet<&str> = METRICS.iter().map(|metric| metric.key).collect();
        assert_eq!(keys.len(), METRICS.len());
        let names: BTreeSet<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        assert_eq!(names.len(), SCENARIOS.len());
    }

    #[test]
    fn every_figure_that_is_built_from_parts_exists() {
        let exists = |key: String| METRICS.iter().any(|metric| metric.key == key);
        for (pipeline, _) in PIPELINES {
            for command in ["get", "set"] {
                assert!(exists(format!("cpu.{command}.{pipeline}")));
                assert!(exists(format!("rps.{command}.{pipeline}")));
            }
        }
        assert!(COLLECTIONS.iter().all(|(key, _)| exists(key.to_string())));
    }
}
