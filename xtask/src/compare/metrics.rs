//! The figures of a comparison, in the order they are shown, and what each is to reach.

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
const TIERS: &str = "Two tiers of memory, DRAM for a quarter of the values, Zipf 0.99: reads from \
                     DRAM under `tiered`; in place of Redis `ratio`";
const TIER_RATES: &str = "The same: GETs a second; in place of Redis what the line names";
const RATIO: &str = "The same: how far the policy `ratio` is off";
const LIGHT: &str = "Ten clients with GETs beside five with long commands: GETs done";
const KEPT_LIGHT: &str = "The same, of what is done without the five";
const WAITS: &str = "The same: 99.9 % of the GETs answered within";
const LONGEST: &str = "The same: the longest wait of a GET";
const LONG: &str = "One long command alone";
const SEARCHES: &str = "Searches of 1,000,000 comments: ten clients with light ones, five with \
                        heavy ones or aggregations; in place of Redis `search-mode safe`";
const SEARCH_KEPT: &str = "The same: what light ones keep of their throughput alone";
const BESIDE: &str = "The same: commands beside both searches";
const BESIDE_RATE: &str = "The same: comments written beside both searches";
const INDEXING: &str = "Indexing the comments";
const INDEX: &str = "The index of the comments";
const SMALL: &str = "Memory of a small collection";
const SYNC: &str = "A first sync of 1,000,000 values of 1000 bytes, all on both cores";
const SYNC_CPU: &str = "The same: the primary's processor time";
const SYNC_PAUSE: &str = "The same: writes meanwhile";
const SYNC_LARGE: &str = "A first sync of 256 values of 3.84 MB";
const REPLICATE: &str = "Processor time a write, 100,000 a second with one replica";
const REPLICATED: &str = "The same: writes";

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
    less(SYNC_PAUSE, "sync.machine", "the machine's own, beside it", "ms", Goal::None),
    less(SYNC_PAUSE, "sync.p999", "99.9 % of replies within", "ms", Goal::None),
    less(SYNC_LARGE, "sync.large.1", "one replica", "s", Goal::AtMost(0.5)),
    less(SYNC_LARGE, "sync.large.2", "two replicas", "s", Goal::None),
    less(SYNC_LARGE, "sync.large.3", "three replicas", "s", Goal::None),
    less(REPLICATE, "replicate.primary", "the primary", "ns", Goal::OfPeer(0.7)),
    less(REPLICATE, "replicate.replica", "the replica", "ns", Goal::None),
    more(REPLICATED, "replicate.rate", "done", "/s", Goal::None),
    more(SEARCHES, "search.light.alone", "light alone", "/s", Goal::TimesPeer(1.0)),
    more(SEARCHES, "search.light.both", "light beside heavy", "/s", Goal::TimesPeer(60.0)),
    more(SEARCHES, "search.light.scored", "light beside scored", "/s", Goal::TimesPeer(60.0)),
    more(
        SEARCHES,
        "search.light.aggregations",
        "light beside aggregations",
        "/s",
        Goal::TimesPeer(60.0),
    ),
    more(SEARCHES, "search.heavy.alone", "heavy alone", "/s", Goal::None),
    more(SEARCHES, "search.heavy.both", "heavy beside light", "/s", Goal::TimesPeer(1.0)),
    more(SEARCHES, "search.scored.alone", "scored alone", "/s", Goal::None),
    more(SEARCHES, "search.scored.both", "scored beside light", "/s", Goal::TimesPeer(1.0)),
    more(SEARCHES, "search.aggregation.alone", "aggregations alone", "/s", Goal::None),
    more(
        SEARCHES,
        "search.aggregation.both",
        "aggregations beside light",
        "/s",
        Goal::TimesPeer(1.0),
    ),
    more(SEARCH_KEPT, "search.kept.heavy", "beside heavy", "times", Goal::AtLeast(0.5)),
    more(SEARCH_KEPT, "search.kept.scored", "beside scored", "times", Goal::AtLeast(0.5)),
    more(
        SEARCH_KEPT,
        "search.kept.aggregations",
        "beside aggregations",
        "times",
        Goal::AtLeast(0.5),
    ),
    less(BESIDE, "search.get.p99", "GET, 99 % within", "ms", Goal::AtMost(1.0)),
    less(BESIDE, "search.get.p999", "GET, 99.9 % within", "ms", Goal::AtMost(5.0)),
    less(BESIDE, "search.set.p99", "SET, 99 % within", "ms", Goal::AtMost(1.0)),
    less(BESIDE, "search.set.p999", "SET, 99.9 % within", "ms", Goal::AtMost(5.0)),
    less(BESIDE, "search.hset.p90", "HSET of a comment, 90 % within", "ms", Goal::AtMost(5.0)),
    more(BESIDE_RATE, "search.hset.rate", "HSET of a comment", "/s", Goal::None),
    more(INDEXING, "search.index.rate", "comments", "/s", Goal::AtLeast(40_000.0)),
    less(INDEX, "search.index.size", "size, of the text", "times", Goal::AtMost(1.2)),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

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
