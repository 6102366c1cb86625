//! INFO, turned into metrics.

use super::exposition::{Exposition, Kind};
use super::names::NAMES;
use redpoll_engine::Engine;
use redpoll_engine::stats::Histogram;
use std::collections::BTreeMap;

/// The first bound of a histogram in microseconds; each next one is twice as large, as those of
/// LATENCY HISTOGRAM are.
const FIRST_BOUND: u64 = 1;
/// How many bounds there are: the last is about half a minute.
const BOUNDS: u32 = 26;

/// INFO's fields by their names.
struct Info<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Info<'a> {
    fn parse(text: &'a str) -> Self {
        let fields = text.lines().filter(|line| !line.starts_with('#'));
        Info(fields.filter_map(|line| line.split_once(':')).collect())
    }

    fn get(&self, name: &str) -> &'a str {
        self.0.get(name).copied().unwrap_or_default()
    }

    /// The fields that begin so: the rest of their names, and their parts `name=value`.
    fn family(&self, prefix: &'static str) -> impl Iterator<Item = (&'a str, Parts<'a>)> {
        let all = self.0.iter();
        all.filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, Parts(value))))
    }
}

/// `name=value,name=value`
#[derive(Clone, Copy)]
struct Parts<'a>(&'a str);

impl<'a> Parts<'a> {
    fn iter(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.split(',').filter_map(|part| part.split_once('='))
    }

    fn number(self, name: &str) -> Option<f64> {
        self.iter().find(|(found, _)| *found == name).and_then(|(_, value)| number(value))
    }
}

/// A value as a number; `ok` and its like count as well.
fn number(value: &str) -> Option<f64> {
    match value {
        "ok" => Some(1.0),
        "err" | "fail" => Some(0.0),
        text => text.parse().ok().filter(|number: &f64| number.is_finite()),
    }
}

/// All metrics.
pub(super) fn write(info: &str, engine: &Engine) -> String {
    let info = Info::parse(info);
    let mut out = Exposition::default();
    out.single("redis_up", Kind::Gauge, "Whether the server answers.", 1);
    instance(&mut out, &info);
    for name in NAMES {
        if let Some(value) = number(info.get(name.field)) {
            out.single(name.metric, name.kind, name.help, value);
        }
    }
    let seconds = engine.started as f64 / 1000.0;
    let help = "When the server was started, in seconds since 1970.";
    out.single("redis_start_time_seconds", Kind::Gauge, help, seconds);
    let entries = engine.slowlog.len();
    out.single("redis_slowlog_length", Kind::Gauge, "Entries of the slow log.", entries);
    databases(&mut out, &info);
    commands(&mut out, &info);
    percentiles(&mut out, &info);
    histograms(&mut out, engine);
    errors(&mut out, &info);
    out.into_string()
}

fn instance(out: &mut Exposition, info: &Info<'_>) {
    const LABELS: [&str; 11] = [
        "role",
        "redis_version",
        "redpoll_version",
        "redis_build_id",
        "redis_mode",
        "os",
        "maxmemory_policy",
        "tcp_port",
        "run_id",
        "process_id",
        "master_replid",
    ];
    let labels = LABELS.map(|label| (label, info.get(label)));
    out.heading("redis_instance_info", Kind::Gauge, "What the server is; always 1.");
    out.sample("redis_instance_info", &labels, 1);
}

fn databases(out: &mut Exposition, info: &Info<'_>) {
    let is_db = |(name, _): &(&str, Parts<'_>)| name.bytes().all(|byte| byte.is_ascii_digit());
    for (metric, part, scale, help) in [
        ("redis_db_keys", "keys", 1.0, "Keys."),
        ("redis_db_keys_expiring", "expires", 1.0, "Keys with an expiry."),
        ("redis_db_avg_ttl_seconds", "avg_ttl", 1000.0, "How long those have to live, on average."),
    ] {
        out.heading(metric, Kind::Gauge, help);
        for (number, parts) in info.family("db").filter(is_db) {
            let db = format!("db{number}");
            let value = parts.number(part).unwrap_or(0.0) / scale;
            out.sample(metric, &[("db", &db)], value);
        }
    }
}

fn commands(out: &mut Exposition, info: &Info<'_>) {
    for (metric, part, scale, help) in [
        ("redis_commands_total", "calls", 1.0, "Calls of commands."),
        ("redis_commands_duration_seconds_total", "usec", 1e6, "Time in commands."),
        ("redis_commands_rejected_calls_total", "rejected_calls", 1.0, "Calls refused."),
        ("redis_commands_failed_calls_total", "failed_calls", 1.0, "Calls that failed."),
    ] {
        out.heading(metric, Kind::Counter, help);
        for (command, parts) in info.family("cmdstat_") {
            let value = parts.number(part).unwrap_or(0.0) / scale;
            out.sample(metric, &[("cmd", command)], value);
        }
    }
}

fn percentiles(out: &mut Exposition, info: &Info<'_>) {
    const METRIC: &str = "redis_latency_percentiles_usec";
    out.heading(METRIC, Kind::Summary, "Microseconds that commands took, by percentiles.");
    for (command, parts) in info.family("latency_percentiles_usec_") {
        for (name, value) in parts.iter() {
            if let (Some(percentile), Some(value)) = (name.strip_prefix('p'), number(value)) {
                out.sample(METRIC, &[("cmd", command), ("quantile", percentile)], value);
            }
        }
        let stats = Parts(info.get(&format!("cmdstat_{command}")));
        let label = [("cmd", command)];
        out.sample(&format!("{METRIC}_sum"), &label, stats.number("usec").unwrap_or(0.0));
        out.sample(&format!("{METRIC}_count"), &label, stats.number("calls").unwrap_or(0.0));
    }
}

fn histograms(out: &mut Exposition, engine: &Engine) {
    const METRIC: &str = "redis_commands_latencies_usec";
    out.heading(METRIC, Kind::Histogram, "Microseconds that commands took.");
    let bucket = format!("{METRIC}_bucket");
    for (id, row) in engine.commands.rows() {
        let totals = engine.stats.command(id);
        if totals.calls == 0 {
            continue;
        }
        let cmd = ("cmd", &*row.full_name);
        let mut calls = 0;
        let mut next = 0;
        for exponent in 0..BOUNDS {
            let bound = FIRST_BOUND << exponent;
            while next < totals.latencies.len() && Histogram::upper_bound(next) <= bound * 1000 {
                calls += totals.latencies[next];
                next += 1;
            }
            out.sample(&bucket, &[cmd, ("le", &bound.to_string())], calls);
        }
        // The sum of the buckets, not the number of calls: another thread may be between the two.
        let all: u64 = totals.latencies.iter().sum();
        out.sample(&bucket, &[cmd, ("le", "+Inf")], all);
        out.sample(&format!("{METRIC}_sum"), &[cmd], totals.nanos as f64 / 1000.0);
        out.sample(&format!("{METRIC}_count"), &[cmd], all);
    }
}

fn errors(out: &mut Exposition, info: &Info<'_>) {
    const METRIC: &str = "redis_errors_total";
    out.heading(METRIC, Kind::Counter, "Error replies by their codes.");
    for (code, parts) in info.family("errorstat_") {
        out.sample(METRIC, &[("err", code)], parts.number("count").unwrap_or(0.0));
    }
}
