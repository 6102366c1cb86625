//! `cargo xtask eviction`: how well the two servers choose what to evict, and what it costs them.
//!
//! Keys are filled in with a known order of worth (when they were last used, how often, when they
//! expire). Then the memory limit is set to what is in use, and as many new keys come as push a
//! third of the old ones out. A perfect server would evict exactly the least worthy: the figure is
//! the share of the evicted that belong to them. The cost is the server's processor time for a SET
//! that evicts a key. Nothing passes or fails here; each figure is a pair.

use crate::compare::server::{Client, Server};
use crate::repo;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

const USAGE: &str = "\
usage: cargo xtask eviction [options]
  --server-bin PATH  our server, in place of a release build of this tree
  --peer-bin PATH    the other one (default: redis-server)
  --samples N        maxmemory-samples (default: 5)
  --only POLICY      one of the scenarios
  --keys N           keys of the old generation (default: 20000)";

/// Seconds over which the old generation is spread: clocks count seconds.
const SPREAD: usize = 20;
/// Bytes of every value.
const VALUE: usize = 100;
/// SETs whose cost is measured.
const COSTLY: usize = 400_000;
/// Commands sent together.
const PIPELINE: usize = 16;

/// What is known of the old generation's worth.
struct Scenario {
    policy: &'static str,
    about: &'static str,
    fill: fn(&mut Client, usize) -> Result<(), String>,
}

const SCENARIOS: &[Scenario] = &[
    Scenario {
        policy: "allkeys-lru",
        about: "used over 20 seconds, one after the other",
        fill: by_age,
    },
    Scenario { policy: "allkeys-lfu", about: "used 0 to 100 times", fill: by_uses },
    Scenario { policy: "volatile-ttl", about: "expiring one after the other", fill: by_expiry },
    Scenario {
        policy: "volatile-lru",
        about: "as the first, one key in ten has an expiry",
        fill: few_by_age,
    },
];

struct Options {
    binaries: [PathBuf; 2],
    samples: usize,
    keys: usize,
    only: Option<String>,
}

/// Runs `eviction` with its arguments.
pub fn run(args: &[String]) -> ExitCode {
    let done = parse(args).and_then(|options| report(&options));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}\n{USAGE}");
            ExitCode::FAILURE
        }
    }
}

fn parse(args: &[String]) -> Result<Options, String> {
    let mut binaries = [None, Some(PathBuf::from("redis-server"))];
    let (mut samples, mut keys, mut only) = (5, 20_000, None);
    let mut words = args.iter();
    while let Some(word) = words.next() {
        let value = words.next().ok_or(format!("{word}: no value"))?;
        let number = || value.parse().map_err(|_| format!("{value}: not a number"));
        match word.as_str() {
            "--server-bin" => binaries[0] = Some(value.into()),
            "--peer-bin" => binaries[1] = Some(value.into()),
            "--samples" => samples = number()?,
            "--only" => only = Some(value.clone()),
            "--keys" => keys = number()?,
            _ => return Err(format!("{word}: unknown")),
        }
    }
    let [ours, peer] = binaries;
    let ours = match ours {
        Some(path) => path,
        None => build()?,
    };
    Ok(Options { binaries: [ours, peer.unwrap_or_default()], samples, keys, only })
}

fn build() -> Result<PathBuf, String> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "-p", "redpoll-server"]).current_dir(repo::root());
    let built = cargo.status().map_err(|error| error.to_string())?;
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| repo::root().join("target"), PathBuf::from);
    built.success().then(|| target.join("release/redpoll-server")).ok_or("it does not build".into())
}

fn report(options: &Options) -> Result<(), String> {
    println!("| what | Redpoll | Redis |\n| --- | --- | --- |");
    let wanted = |policy| options.only.as_ref().is_none_or(|only| only == policy);
    for scenario in SCENARIOS.iter().filter(|scenario| wanted(scenario.policy)) {
        let [ours, peer] = both(|binary| quality(binary, scenario, options), options)?;
        let Scenario { policy, about, .. } = scenario;
        println!("| `{policy}`: {about} | {:.1} % | {:.1} % |", 100.0 * ours, 100.0 * peer);
    }
    let costly = ["allkeys-lru", "allkeys-lfu", "allkeys-random"];
    for policy in costly.into_iter().filter(|policy| wanted(policy)) {
        let [ours, peer] = both(|binary| cost(binary, policy), options)?;
        println!("| a SET that evicts a key, `{policy}` | {ours:.2} µs | {peer:.2} µs |");
    }
    Ok(())
}

fn both(
    measure: impl Fn(&Path) -> Result<f64, String>,
    options: &Options,
) -> Result<[f64; 2], String> {
    let [ours, peer] = &options.binaries;
    Ok([measure(ours)?, measure(peer)?])
}

/// The share of the evicted keys that belong to the least worthy.
fn quality(binary: &Path, scenario: &Scenario, options: &Options) -> Result<f64, String> {
    let server = Server::start(binary, "0,1", 1)?;
    let mut client = server.connect()?;
    let (keys, samples) = (options.keys, options.samples.to_string());
    client.ask(&["CONFIG", "SET", "maxmemory-samples", &samples])?;
    client.ask(&["CONFIG", "SET", "maxmemory-policy", scenario.policy])?;
    (scenario.fill)(&mut client, keys)?;
    let used = server.info("used_memory")?;
    client.ask(&["CONFIG", "SET", "maxmemory", &format!("{used:.0}")])?;
    let mut evicted = Vec::new();
    let mut new = 0;
    while evicted.len() < keys / step_of(scenario) / 3 && new < 20 * keys {
        // The new ones never go: they are used, and expire last.
        sets(&mut client, new..new + keys / 100, |key| format!("new:{key}"), Some(10_000_000))?;
        new += keys / 100;
        evicted = gone(&mut client, keys, scenario)?;
    }
    if evicted.is_empty() {
        return Err(format!("{}: nothing was evicted", scenario.policy));
    }
    let least = least_worthy(keys, scenario, evicted.len());
    let right = evicted.iter().filter(|key| **key < least).count();
    Ok(right as f64 / evicted.len() as f64)
}

/// The first key that a perfect server would keep.
fn least_worthy(keys: usize, scenario: &Scenario, evicted: usize) -> usize {
    let step = step_of(scenario);
    (evicted * step).min(keys)
}

/// Every so manieth key may be evicted.
fn step_of(scenario: &Scenario) -> usize {
    if scenario.policy == "volatile-lru" { 10 } else { 1 }
}

/// The old keys that are not there any more.
fn gone(client: &mut Client, keys: usize, scenario: &Scenario) -> Result<Vec<usize>, String> {
    let mut gone = Vec::new();
    for key in (0..keys).step_by(step_of(scenario)) {
        // TYPE leaves the access clock alone.
        if client.ask(&["TYPE", &format!("old:{key}")])? == "none" {
            gone.push(key);
        }
    }
    Ok(gone)
}

/// Sets keys, in pipelines.
fn sets(
    client: &mut Client,
    keys: std::ops::Range<usize>,
    name: impl Fn(usize) -> String,
    expiry: Option<usize>,
) -> Result<(), String> {
    let value = "v".repeat(VALUE);
    let keys: Vec<usize> = keys.collect();
    for chunk in keys.chunks(PIPELINE) {
        let mut request = String::new();
        for key in chunk {
            let name = name(*key);
            let set = format!("$3\r\nSET\r\n${}\r\n{name}\r\n${VALUE}\r\n{value}\r\n", name.len());
            request.push_str(&match expiry {
                None => format!("*3\r\n{set}"),
                Some(seconds) => {
                    let seconds = (seconds + key).to_string();
                    format!("*5\r\n{set}$2\r\nEX\r\n${}\r\n{seconds}\r\n", seconds.len())
                }
            });
        }
        client.send(request.as_bytes())?;
        client.skip("+OK\r\n".len() * chunk.len())?;
    }
    Ok(())
}

fn old(key: usize) -> String {
    format!("old:{key}")
}

/// The first key is the one that has not been used for longest.
fn by_age(client: &mut Client, keys: usize) -> Result<(), String> {
    for second in 0..SPREAD {
        sets(client, keys * second / SPREAD..keys * (second + 1) / SPREAD, old, None)?;
        std::thread::sleep(Duration::from_secs(1));
    }
    Ok(())
}

/// As [`by_age`]; only every tenth key has an expiry, all the same.
fn few_by_age(client: &mut Client, keys: usize) -> Result<(), String> {
    for second in 0..SPREAD {
        for key in keys * second / SPREAD..keys * (second + 1) / SPREAD {
            let expiry = (key % 10 == 0).then_some(10_000_000);
            sets(client, key..key + 1, old, expiry)?;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    Ok(())
}

/// The first tenth is not used at all, each further one more often.
fn by_uses(client: &mut Client, keys: usize) -> Result<(), String> {
    sets(client, 0..keys, old, None)?;
    for key in 0..keys {
        let tenth = key * 10 / keys;
        let name = old(key);
        let get = format!("*2\r\n$3\r\nGET\r\n${}\r\n{name}\r\n", name.len());
        let uses = tenth * tenth * 100 / 81;
        client.send(get.repeat(uses).as_bytes())?;
        client.skip(uses * (VALUE + "$100\r\n\r\n".len()))?;
    }
    Ok(())
}

/// The first key expires first.
fn by_expiry(client: &mut Client, keys: usize) -> Result<(), String> {
    sets(client, 0..keys, old, Some(10_000))
}

/// The server's processor time for a SET of a new key at the limit, in microseconds.
fn cost(binary: &Path, policy: &str) -> Result<f64, String> {
    let server = Server::start(binary, "0", 1)?;
    let mut client = server.connect()?;
    client.ask(&["CONFIG", "SET", "maxmemory-policy", policy])?;
    sets(&mut client, 0..COSTLY, old, None)?;
    let used = server.info("used_memory")?;
    client.ask(&["CONFIG", "SET", "maxmemory", &format!("{used:.0}")])?;
    sets(&mut client, 0..COSTLY / 10, |key| format!("warm:{key}"), None)?;
    let before = server.cpu_seconds()?;
    sets(&mut client, 0..COSTLY, |key| format!("new:{key}"), None)?;
    let seconds = server.cpu_seconds()? - before;
    let evicted = server.info("evicted_keys")?;
    if evicted < COSTLY as f64 * 0.8 {
        return Err(format!("{policy}: only {evicted} keys were evicted"));
    }
    Ok(seconds * 1e6 / COSTLY as f64)
}
