//! What is measured: the figures, and the scenarios they come from.
//!
//! A scenario runs on one server at a time and writes its figures into a [`Session`]. It is called
//! anew for each side and round, and starts its servers itself, so that nothing is left over from
//! one measurement to the next.

mod aof;
mod background;
mod saving;
mod search;
mod sync;
mod tiers;

use super::latency::Curve;
use super::load::{self, BOTH_CORES, LOAD_CORE, SERVER_CORE, Tool};
use super::probe;
use super::replicas::Lines;
use super::server::{Flavor, Server, Settings};
use super::shm;
use super::timeline::Timeline;
use std::path::Path;
use std::time::{Duration, Instant};

/// What a figure should come to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// At most this part of the peer's.
    OfPeer(f64),
    /// At least so many times the peer's.
    TimesPeer(f64),
    /// At most this.
    AtMost(f64),
    /// At least this.
    AtLeast(f64),
    /// Shown only.
    None,
}

/// A figure.
#[derive(Debug)]
pub struct Metric {
    /// For programs.
    pub key: &'static str,
    /// Heading it stands under.
    pub section: &'static str,
    /// For people.
    pub label: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Whether less of it is better.
    pub less_is_better: bool,
    /// What it should come to.
    pub goal: Goal,
}

const fn less(
    section: &'static str,
    key: &'static str,
    label: &'static str,
    unit: &'static str,
    goal: Goal,
) -> Metric {
    Metric { key, section, label, unit, less_is_better: true, goal }
}

const fn more(
    section: &'static str,
    key: &'static str,
    label: &'static str,
    unit: &'static str,
    goal: Goal,
) -> Metric {
    Metric { key, section, label, unit, less_is_better: false, goal }
}

const CPU: &str = "Server processor time a command (50 connections, 16-byte values)";
const RATE: &str = "Throughput of one worker on one core (50 connections, 16-byte values)";
const PINGS: &str = "10,000 PINGs on one connection";
const GAIN: &str = "Gain of pipelining 10,000 PINGs";
const WORKERS: &str = "Two workers on the two cores that the load uses too";
const GROWTH: &str = "Filling an empty server (16-byte keys and values)";
const FAIRNESS: &str = "One command at a time beside a pipeline of 10,000";
const SAVING: &str = "Saving 1,000,000 values of 1000 bytes beside 50,000 writes a second";
const WRITING: &str = "Writes beside the save";
const LOADING: &str = "Loading 1,000,000 values of 1000 bytes";
const SHM: &str =
    "One client on the same host: ours through shared memory, Redis over the socket named";
const PACED: &str = "A PING every 10 ms, both sides asleep in between";
const BUSY: &str = "One client while other work keeps both cores busy; Redis over Unix";
const SHM_RATE: &str = "One client with a pipeline of 16; ours through shared memory";
const ALWAYS: &str = "Append-only file: SET by 50 connections, on both cores";
const KEPT: &str = "Append-only file: throughput with it, flushed each second, over that without";
const TIERS: &str = "Two tiers of memory, DRAM for a quarter of the values, Zipf 0.99: reads from DRAM \
                     under `tiered`; in place of Redis `ratio`";
const TIER_RATES: &str = "The same: GETs a second; in place of Redis what the line names";
const RATIO: &str = "The same: how far the policy `ratio` is off";
const LIGHT: &str = "Ten clients with GETs beside five with long commands: GETs done";
const KEPT_LIGHT: &str = "The same, of what is done without the five";
const WAITS: &str = "The same: 99.9 % of the GETs answered within";
const LONGEST: &str = "The same: the longest wait of a GET";
const LONG: &str = "One long command alone";
const SEARCHES: &str =
    "Searches of 1,000,000 comments: ten clients with light ones, five with heavy ones";
const SEARCH_GAIN: &str = "The same: long searches in the background, over all at once";
const BESIDE: &str = "Beside both searches";
const INDEXING: &str = "Indexing the comments";
const SMALL: &str = "Memory of a small collection";

const SYNC: &str = "A first sync of 1,000,000 values of 1000 bytes, all on both cores";
const SYNC_CPU: &str = "The same: the primary's processor time";
const SYNC_PAUSE: &str = "The same: writes meanwhile";
const SYNC_LARGE: &str = "A first sync of 256 values of 3.84 MB";

/// All figures, in the order they are shown.
pub const METRICS: &[Metric] = &[
    less(CPU, "cpu.get.1", "GET, pipeline 1", "ns", Goal::OfPeer(0.90)),
    less(CPU, "cpu.get.16", "GET, pipeline 16", "ns", Goal::OfPeer(0.50)),
    less(CPU, "cpu.get.100", "GET, pipeline 100", "ns", Goal::OfPeer(0.27)),
    less(CPU, "cpu.set.1", "SET, pipeline 1", "ns", Goal::OfPeer(0.90)),
    less(CPU, "cpu.set.16", "SET, pipeline 16", "ns", Goal::OfPeer(0.50)),
    less(CPU, "cpu.set.100", "SET, pipeline 100", "ns", Goal::OfPeer(0.27)),
    more(RATE, "rps.get.1", "GET, pipeline 1", "/s", Goal::None),
    more(RATE, "rps.get.16", "GET, pipeline 16", "/s", Goal::None),
    more(RATE, "rps.get.100", "GET, pipeline 100", "/s", Goal::None),
    more(RATE, "rps.set.1", "SET, pipeline 1", "/s", Goal::None),
    more(RATE, "rps.set.16", "SET, pipeline 16", "/s", Goal::None),
    more(RATE, "rps.set.100", "SET, pipeline 100", "/s", Goal::None),
    less(PINGS, "pings.single", "one by one", "µs each", Goal::None),
    less(PINGS, "pings.pipeline", "in one pipeline", "µs each", Goal::None),
    more(GAIN, "pings.gain", "one by one / pipeline", "times", Goal::AtLeast(20.0)),
    more(WORKERS, "workers.1", "gain over one, pipeline 1", "times", Goal::AtLeast(1.0)),
    more(WORKERS, "workers.16", "gain over one, pipeline 16", "times", Goal::AtLeast(1.0)),
    less(GROWTH, "memory.key", "memory a key", "bytes", Goal::AtMost(64.0)),
    less(GROWTH, "growth.max", "longest pause", "ms", Goal::AtMost(2.0)),
    less(GROWTH, "growth.idle", "longest pause without load", "ms", Goal::None),
    less(GROWTH, "growth.p99", "99 % of replies within", "ms", Goal::None),
    less(FAIRNESS, "fairness.p99", "99 % of replies within", "ms", Goal::AtMost(1.0)),
    less(FAIRNESS, "fairness.max", "longest pause", "ms", Goal::None),
    less(SAVING, "save.memory", "extra memory", "%", Goal::AtMost(5.0)),
    less(SAVING, "save.pause", "longest pause", "ms", Goal::AtMost(2.0)),
    less(SAVING, "save.machine", "the machine's own, beside it", "ms", Goal::None),
    less(SAVING, "save.p999", "99.9 % of replies within", "ms", Goal::None),
    less(SAVING, "save.p99", "99 % of replies within", "ms", Goal::None),
    less(SAVING, "save.calm", "longest pause before it", "ms", Goal::None),
    less(SAVING, "save.idle", "the machine's own, idle", "ms", Goal::None),
    less(SAVING, "save.time", "time of the save", "s", Goal::OfPeer(1.0)),
    more(WRITING, "save.writes", "done", "/s", Goal::None),
    less(LOADING, "load.time", "time of the start", "s", Goal::OfPeer(0.5)),
    less(SHM, "shm.tcp.p50", "GET, median; Redis over TCP", "µs", Goal::OfPeer(0.01)),
    less(SHM, "shm.unix.p50", "GET, median; Redis over Unix", "µs", Goal::AtMost(0.45)),
    less(SHM, "shm.unix.p999", "99.9 % within; Redis over Unix", "µs", Goal::AtMost(5.0)),
    less(SHM, "shm.own.tcp", "GET, median; both over TCP", "µs", Goal::None),
    less(SHM, "shm.own.unix", "GET, median; both over Unix", "µs", Goal::None),
    less(SHM, "shm.floor", "the rings alone, no server", "µs", Goal::AtMost(0.25)),
    less(SHM, "shm.idle", "core for 1000 idle clients", "%", Goal::AtMost(1.0)),
    less(PACED, "shm.paced.tcp", "mean; Redis over TCP", "µs", Goal::OfPeer(0.06)),
    less(PACED, "shm.paced.unix", "mean; Redis over Unix", "µs", Goal::AtMost(13.0)),
    less(PACED, "shm.paced.p50", "median; Redis over Unix", "µs", Goal::None),
    less(PACED, "shm.paced.core", "core that the server takes", "%", Goal::AtMost(1.0)),
    less(PACED, "shm.woken", "median, not expected", "µs", Goal::OfPeer(1.0)),
    less(BUSY, "shm.busy", "GET, mean", "µs", Goal::OfPeer(1.0)),
    less(BUSY, "shm.busy.p99", "GET, 99 % within", "µs", Goal::None),
    more(SHM_RATE, "shm.rate.16", "GET; Redis over Unix", "/s", Goal::AtLeast(5e6)),
    less(SMALL, "small.hash", "hash of 5 fields", "bytes", Goal::OfPeer(1.0)),
    less(SMALL, "small.set", "set of 5 words", "bytes", Goal::OfPeer(1.0)),
    less(SMALL, "small.intset", "set of 5 numbers", "bytes", Goal::OfPeer(1.0)),
    less(SMALL, "small.zset", "sorted set of 5 words", "bytes", Goal::OfPeer(1.0)),
    less(SMALL, "small.list", "list of 5 words", "bytes", Goal::OfPeer(1.0)),
    more(ALWAYS, "aof.always", "appendfsync always", "/s", Goal::TimesPeer(2.0)),
    more(ALWAYS, "aof.unix", "the same over a Unix socket", "/s", Goal::None),
    more(ALWAYS, "aof.everysec", "appendfsync everysec", "/s", Goal::None),
    more(KEPT, "aof.kept", "appendfsync everysec", "times", Goal::AtLeast(0.9)),
    more(TIERS, "tiers.share", "after 30 s", "%", Goal::AtLeast(85.0)),
    more(TIERS, "tiers.back", "30 s after the hot set has moved", "%", Goal::AtLeast(85.0)),
    more(TIER_RATES, "tiers.slow", "a far use 1 µs slower; `ratio`", "/s", Goal::TimesPeer(1.5)),
    more(TIER_RATES, "tiers.cxl", "far as CXL; DRAM only", "/s", Goal::TimesPeer(0.95)),
    more(TIER_RATES, "tiers.off", "all in DRAM; without tiers", "/s", Goal::TimesPeer(0.98)),
    less(RATIO, "tiers.ratio", "1 to 3, after the load", "%", Goal::AtMost(2.0)),
    less(RATIO, "tiers.ratio.new", "10 s after 1 to 1 was asked for", "%", Goal::AtMost(2.0)),
    more(LIGHT, "background.keys.light", "KEYS of 5,000,000 keys", "/s", Goal::TimesPeer(60.0)),
    more(LIGHT, "background.smembers.light", "SMEMBERS of 5,000,000", "/s", Goal::TimesPeer(60.0)),
    more(LIGHT, "background.sort.light", "SORT of 1,000,000", "/s", Goal::TimesPeer(60.0)),
    more(
        LIGHT,
        "background.zunion.light",
        "ZUNIONSTORE of 2 × 1,000,000",
        "/s",
        Goal::TimesPeer(60.0),
    ),
    more(LIGHT, "background.del.light", "DEL of 5 × 5,000,000", "/s", Goal::None),
    more(KEPT_LIGHT, "background.keys.kept", "KEYS of 5,000,000 keys", "%", Goal::AtLeast(40.0)),
    more(KEPT_LIGHT, "background.smembers.kept", "SMEMBERS of 5,000,000", "%", Goal::AtLeast(40.0)),
    more(KEPT_LIGHT, "background.sort.kept", "SORT of 1,000,000", "%", Goal::AtLeast(40.0)),
    more(
        KEPT_LIGHT,
        "background.zunion.kept",
        "ZUNIONSTORE of 2 × 1,000,000",
        "%",
        Goal::AtLeast(40.0),
    ),
    more(KEPT_LIGHT, "background.del.kept", "DEL of 5 × 5,000,000", "%", Goal::AtLeast(40.0)),
    less(WAITS, "background.keys.p999", "KEYS of 5,000,000 keys", "ms", Goal::AtMost(5.0)),
    less(WAITS, "background.smembers.p999", "SMEMBERS of 5,000,000", "ms", Goal::AtMost(5.0)),
    less(WAITS, "background.sort.p999", "SORT of 1,000,000", "ms", Goal::AtMost(5.0)),
    less(WAITS, "background.zunion.p999", "ZUNIONSTORE of 2 × 1,000,000", "ms", Goal::AtMost(5.0)),
    less(WAITS, "background.del.p999", "DEL of 5 × 5,000,000", "ms", Goal::AtMost(5.0)),
    less(LONGEST, "background.keys.max", "KEYS of 5,000,000 keys", "ms", Goal::None),
    less(LONGEST, "background.smembers.max", "SMEMBERS of 5,000,000", "ms", Goal::None),
    less(LONGEST, "background.sort.max", "SORT of 1,000,000", "ms", Goal::None),
    less(LONGEST, "background.zunion.max", "ZUNIONSTORE of 2 × 1,000,000", "ms", Goal::None),
    less(LONGEST, "background.del.max", "DEL of 5 × 5,000,000", "ms", Goal::None),
    less(LONG, "background.keys.alone", "KEYS of 5,000,000 keys", "ms", Goal::OfPeer(1.2)),
    less(LONG, "background.smembers.alone", "SMEMBERS of 5,000,000", "ms", Goal::OfPeer(1.2)),
    less(LONG, "background.sort.alone", "SORT of 1,000,000", "ms", Goal::OfPeer(1.2)),
    less(LONG, "background.zunion.alone", "ZUNIONSTORE of 2 × 1,000,000", "ms", Goal::OfPeer(1.2)),
    less(LONG, "background.del.alone", "DEL of 5 × 5,000,000", "ms", Goal::OfPeer(1.2)),
    less(SYNC, "sync.shm.1", "one replica, shared memory", "s", Goal::OfPeer(0.15)),
    less(SYNC, "sync.shm.2", "two replicas", "s", Goal::None),
    less(SYNC, "sync.shm.3", "three replicas", "s", Goal::None),
    less(SYNC, "sync.tcp.1", "one replica, several connections", "s", Goal::None),
    less(SYNC, "sync.tcp.2", "two replicas", "s", Goal::None),
    less(SYNC, "sync.tcp.3", "three replicas", "s", Goal::None),
    less(SYNC, "sync.stream.1", "one replica, as a stream", "s", Goal::None),
    less(SYNC, "sync.stream.2", "two replicas", "s", Goal::None),
    less(SYNC, "sync.stream.3", "three replicas", "s", Goal::None),
    less(SYNC_CPU, "sync.cpu.1", "one replica, shared memory", "s", Goal::None),
    less(SYNC_CPU, "sync.cpu.3", "three replicas", "s", Goal::None),
    less(SYNC_CPU, "sync.cpu", "three / one", "times", Goal::AtMost(1.2)),
    less(SYNC_PAUSE, "sync.pause", "longest pause", "ms", Goal::AtMost(2.0)),
    less(SYNC_PAUSE, "sync.p999", "99.9 % of replies within", "ms", Goal::None),
    less(SYNC_LARGE, "sync.large.1", "one replica", "s", Goal::AtMost(0.5)),
    less(SYNC_LARGE, "sync.large.2", "two replicas", "s", Goal::None),
    less(SYNC_LARGE, "sync.large.3", "three replicas", "s", Goal::None),
    more(SEARCHES, "search.light.alone", "light ones alone", "/s", Goal::None),
    more(SEARCHES, "search.light.both", "light ones beside heavy ones", "/s", Goal::None),
    more(SEARCHES, "search.light.safe", "the same in safe mode", "/s", Goal::None),
    more(SEARCHES, "search.heavy.alone", "heavy ones alone", "/s", Goal::None),
    more(SEARCHES, "search.heavy.both", "heavy ones beside light ones", "/s", Goal::None),
    more(SEARCHES, "search.heavy.safe", "the same in safe mode", "/s", Goal::None),
    more(SEARCH_GAIN, "search.light.gain", "light beside heavy", "times", Goal::AtLeast(60.0)),
    more(SEARCH_GAIN, "search.heavy.gain", "heavy beside light", "times", Goal::AtLeast(1.0)),
    more(SEARCH_GAIN, "search.light.same", "light alone", "times", Goal::AtLeast(1.0)),
    more(SEARCH_GAIN, "search.light.kept", "light beside heavy / alone", "", Goal::AtLeast(0.5)),
    less(BESIDE, "search.get.p99", "GET, 99 % within", "ms", Goal::AtMost(1.0)),
    less(BESIDE, "search.get.p999", "GET, 99.9 % within", "ms", Goal::AtMost(5.0)),
    less(BESIDE, "search.set.p99", "SET, 99 % within", "ms", Goal::AtMost(1.0)),
    less(BESIDE, "search.set.p999", "SET, 99.9 % within", "ms", Goal::AtMost(5.0)),
    less(BESIDE, "search.hset.p90", "HSET of a comment, 90 % within", "ms", Goal::AtMost(5.0)),
    more(BESIDE, "search.hset.rate", "HSET of a comment", "/s", Goal::None),
    more(INDEXING, "search.index.rate", "comments", "/s", Goal::AtLeast(40_000.0)),
    less(INDEXING, "search.index.size", "size, of the text", "", Goal::AtMost(1.2)),
];

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
        name: "search",
        about: "heavy and light searches of 1,000,000 comments, and others beside them",
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

    #[test]
    fn sections_are_in_one_piece_and_of_one_mind() {
        for pair in METRICS.windows(2).filter(|pair| pair[0].section == pair[1].section) {
            assert_eq!(pair[0].less_is_better, pair[1].less_is_better, "{}", pair[0].section);
        }
        let mut sections: Vec<&str> = METRICS.iter().map(|metric| metric.section).collect();
        sections.dedup();
        let unique: BTreeSet<&str> = sections.iter().copied().collect();
        assert_eq!(unique.len(), sections.len());
    }
}
