//! First syncs: from REPLICAOF until every replica follows, with one, two and three of them.
//!
//! Primary, replicas and probe share both cores. Redis sends its snapshot without a file and
//! without delay, and loads it as it comes, which is the fastest that it has; ours is asked for
//! each of its ways. What is written down is wall-clock time; processor time is that of the
//! primary, with what it has forked.

use super::super::load::BOTH_CORES;
use super::super::machine;
use super::super::probe;
use super::super::server::{Client, Flavor, Server, info_field};
use super::{Session, saving};
use std::thread;
use std::time::{Duration, Instant};

/// The most replicas at once.
const REPLICAS: usize = 3;
/// How often replicas are asked whether they follow.
const LOOK: Duration = Duration::from_millis(4);
/// After so long they never will.
const PATIENCE: Duration = Duration::from_secs(120);
/// The published case: so many values of so many bytes.
const LARGE: (usize, usize) = (256, 3_841_923);

/// Our ways: a part of the figures' names, the name in the picture, and the settings.
const WAYS: [(&str, &str, &[&str]); 3] = [
    ("shm", "shared memory", &["--repl-sync-carriers", "shm"]),
    ("tcp", "several connections", &["--repl-sync-carriers", "tcp"]),
    ("stream", "stream", &["--repl-sync", "stream"]),
];

/// What one sync came to.
struct Sync {
    seconds: f64,
    /// Of the primary.
    cpu_seconds: f64,
}

pub(super) fn settings(flavor: Flavor, own: &[&'static str]) -> Vec<&'static str> {
    let mut all = vec!["--repl-diskless-sync-delay", "0", "--enable-debug-command", "yes"];
    match flavor {
        Flavor::Ours => all.extend(own),
        Flavor::Peer => {
            all.extend(["--repl-diskless-sync", "yes", "--repl-diskless-load", "on-empty-db"]);
        }
    }
    all
}

/// Lets so many new replicas follow a primary, until all do.
fn sync(
    session: &Session<'_>,
    primary: &Server,
    count: usize,
    settings: &[&str],
) -> Result<Sync, String> {
    let replicas = (0..count).map(|_| session.server_with(BOTH_CORES, 1, settings));
    let replicas = replicas.collect::<Result<Vec<Server>, String>>()?;
    let mut clients =
        replicas.iter().map(Server::connect).collect::<Result<Vec<Client>, String>>()?;
    let (cpu, begun) = (primary.cpu_seconds_of_all()?, Instant::now());
    for client in &mut clients {
        client.ask(&["REPLICAOF", "127.0.0.1", &primary.port.to_string()])?;
    }
    for client in &mut clients {
        while !follows(client)? {
            if begun.elapsed() > PATIENCE {
                return Err("a replica never follows".to_owned());
            }
            thread::sleep(LOOK);
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    // What it has forked counts when it is known to have ended.
    thread::sleep(Duration::from_millis(300));
    let cpu_seconds = primary.cpu_seconds_of_all()? - cpu;
    let mut source = primary.connect()?;
    let wanted = source.ask(&["DEBUG", "DIGEST"])?;
    for client in &mut clients {
        let found = client.ask(&["DEBUG", "DIGEST"])?;
        if found != wanted {
            return Err(format!("a replica holds {found} and its primary {wanted}"));
        }
    }
    Ok(Sync { seconds, cpu_seconds })
}

/// Lets a server follow a primary, until it does.
pub(super) fn follow(client: &mut Client, primary: &Server) -> Result<(), String> {
    client.ask(&["REPLICAOF", "127.0.0.1", &primary.port.to_string()])?;
    let begun = Instant::now();
    while !follows(client)? {
        if begun.elapsed() > PATIENCE {
            return Err("a replica never follows".to_owned());
        }
        thread::sleep(LOOK);
    }
    Ok(())
}

fn follows(client: &mut Client) -> Result<bool, String> {
    let info = client.ask(&["INFO", "replication"])?;
    Ok(info_field(&info, "master_link_status") == Some("up"))
}

/// See [`super::SCENARIOS`].
pub(super) fn run(session: &mut Session<'_>) -> Result<(), String> {
    let keys = session.keys(1_000_000);
    {
        let common = settings(session.flavor(), &[]);
        let primary = session.server_with(BOTH_CORES, 1, &common)?;
        saving::fill(&primary, keys)?;
        many(session, &primary)?;
        pause(session, &primary, keys)?;
    }
    large(session)
}

/// Every way, with one replica and with several.
fn many(session: &mut Session<'_>, primary: &Server) -> Result<(), String> {
    let flavor = session.flavor();
    for (way, shown, own) in WAYS {
        for count in 1..=REPLICAS {
            let done = sync(session, primary, count, &settings(flavor, own))?;
            let figures: &[&str] = match flavor {
                Flavor::Ours => &[way],
                // It has one way, which all of ours are compared with.
                Flavor::Peer => &["shm", "tcp", "stream"],
            };
            for figure in figures {
                session.add(&format!("sync.{figure}.{count}"), done.seconds)?;
            }
            let shown = if flavor == Flavor::Ours { shown } else { "Redis" };
            session.add_point(shown, count, done.seconds);
            if way == "shm" && count != 2 {
                session.add(&format!("sync.cpu.{count}"), done.cpu_seconds)?;
            }
        }
        if flavor == Flavor::Peer {
            break;
        }
    }
    let of = |count: usize| {
        let key = format!("sync.cpu.{count}");
        let sample = session.samples.iter().rev().find(|(metric, _)| metric.key == key);
        sample.map_or(0.0, |(_, value)| *value)
    };
    let ratio = of(3) / of(1).max(0.01);
    session.add("sync.cpu", ratio)
}

/// What a client that writes notices of a sync.
fn pause(session: &mut Session<'_>, primary: &Server, keys: u64) -> Result<(), String> {
    let own = settings(session.flavor(), WAYS[0].2);
    let key = |number: u64| format!("key:{:012}", number.wrapping_mul(0x9e37_79b9) % keys);
    let replica = session.server_with(BOTH_CORES, 1, &own)?;
    let mut client = replica.connect()?;
    let (((), latencies), machine_ms) =
        machine::during(|| probe::writing(primary, key, || follow(&mut client, primary)))?;
    session.add("sync.pause", latencies.max_ms())?;
    session.add("sync.machine", machine_ms)?;
    session.add("sync.p999", latencies.quantile_ms(0.999))
}

/// Few values, large ones.
fn large(session: &mut Session<'_>) -> Result<(), String> {
    let own = settings(session.flavor(), WAYS[0].2);
    let primary = session.server_with(BOTH_CORES, 1, &own)?;
    let (count, len) = LARGE;
    let count = if session.settings().quick { count / 8 } else { count };
    let mut client = primary.connect()?;
    for number in 0..count {
        let value: String =
            (0..len).map(|at| char::from(b'a' + ((at * 7 + number) % 26) as u8)).collect();
        client.send(&Client::request(&["SET", &format!("picture:{number}"), &value]))?;
        client.swallow()?;
    }
    for replicas in 1..=REPLICAS {
        let done = sync(session, &primary, replicas, &own)?;
        session.add(&format!("sync.large.{replicas}"), done.seconds)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::METRICS;
    use super::*;

    #[test]
    fn every_way_has_its_figures() {
        let known = |key: &str| METRICS.iter().any(|metric| metric.key == key);
        for (way, ..) in WAYS {
            assert!((1..=REPLICAS).all(|count| known(&format!("sync.{way}.{count}"))), "{way}");
        }
        assert!((1..=REPLICAS).all(|count| known(&format!("sync.large.{count}"))));
    }
}
