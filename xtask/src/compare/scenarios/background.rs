//! A light load of GETs beside a heavy one of long commands: what the short commands notice.
//!
//! Both servers and the load share both cores, as on a small machine of their own. Ten connections
//! ask for one random key after the other; five send long commands. Counted is what the ten get
//! done, before and meanwhile; how long one more connection waits, which gets a core the moment its
//! reply is there; and how long one long command takes alone.

use super::super::load::BOTH_CORES;
use super::super::probe;
use super::super::server::{Client, Server};
use super::super::timeline::Timeline;
use super::Session;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// Connections with short commands, and with long ones.
const LIGHT: usize = 10;
const HEAVY: usize = 5;
/// Keys that the short commands ask for.
const KEYS: u64 = 100_000;
/// A point of the timeline.
const STEP: Duration = Duration::from_millis(100);
/// Commands sent together while a server is filled.
const TOGETHER: usize = 100;

/// A kind of long command.
struct Kind {
    /// A part of the figures' names.
    name: &'static str,
    /// What it needs; a tenth of it for a first look.
    prepare: fn(&mut Client, u64) -> Result<(), String>,
    /// The command of each heavy connection.
    command: fn(usize) -> Vec<String>,
    /// Whether it can be sent again and again.
    again: bool,
}

const KINDS: &[Kind] = &[
    Kind {
        name: "keys",
        prepare: |client, part| strings(client, 5_000_000 / part),
        command: |_| words("KEYS *"),
        again: true,
    },
    Kind {
        name: "smembers",
        prepare: |client, part| members(client, "SADD s", 5_000_000 / part, false),
        command: |_| words("SMEMBERS s"),
        again: true,
    },
    Kind {
        name: "sort",
        prepare: |client, part| members(client, "RPUSH l", 1_000_000 / part, false),
        command: |_| words("SORT l"),
        again: true,
    },
    Kind {
        name: "zunion",
        prepare: |client, part| {
            members(client, "ZADD a", 1_000_000 / part, true)?;
            members(client, "ZADD b", 1_000_000 / part, true)
        },
        command: |number| words(&format!("ZUNIONSTORE d{number} 2 a b")),
        again: true,
    },
    Kind {
        name: "del",
        prepare: |client, part| {
            (0..=HEAVY).try_for_each(|number| {
                members(client, &format!("SADD s{number}"), 5_000_000 / part, false)
            })
        },
        command: |number| words(&format!("DEL s{number}")),
        again: false,
    },
];

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

/// Numbers that look like chance, the same in every run.
fn scattered(number: u64) -> u64 {
    let mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 20
}

/// A key that the short commands ask for.
fn key(number: u64) -> String {
    format!("key:{:012}", scattered(number) % KEYS)
}

/// Sets the keys that the short commands ask for, and others up to `count`.
fn strings(client: &mut Client, count: u64) -> Result<(), String> {
    let line = |key: u64| words(&format!("SET key:{key:012} value:{key:010}"));
    together(client, (0..count).map(line))
}

/// Adds so many members, elements, or members with scores.
fn members(client: &mut Client, command: &str, count: u64, scores: bool) -> Result<(), String> {
    let commands = (0..count).step_by(100).map(|first| {
        let mut words = words(command);
        for number in first..(first + 100).min(count) {
            if scores {
                words.push(scattered(number).to_string());
            }
            words.push(format!("{:016}", scattered(number)));
        }
        words
    });
    together(client, commands)
}

/// Sends commands in pipelines.
fn together(
    client: &mut Client,
    mut commands: impl Iterator<Item = Vec<String>>,
) -> Result<(), String> {
    loop {
        let (mut requests, mut count) = (Vec::new(), 0);
        for command in commands.by_ref().take(TOGETHER) {
            let parts: Vec<&str> = command.iter().map(String::as_str).collect();
            requests.extend_from_slice(&Client::request(&parts));
            count += 1;
        }
        if count == 0 {
            return Ok(());
        }
        client.send(&requests)?;
        (0..count).try_for_each(|_| client.swallow())?;
    }
}

/// See [`super::SCENARIOS`]: the kind of this name.
pub(super) fn run(session: &mut Session<'_>, name: &str) -> Result<(), String> {
    KINDS.iter().filter(|kind| kind.name == name).try_for_each(|kind| measure(session, kind))
}

fn measure(session: &mut Session<'_>, kind: &Kind) -> Result<(), String> {
    let part = if session.settings().quick { 10 } else { 1 };
    let calm = Duration::from_secs(2);
    let busy = Duration::from_secs(if session.settings().quick { 3 } else { 8 });
    let server = session.server(BOTH_CORES, 2)?;
    let mut client = server.connect()?;
    strings(&mut client, KEYS)?;
    (kind.prepare)(&mut client, part)?;
    let alone = Instant::now();
    send(&mut client, &(kind.command)(HEAVY))?;
    session.add(&format!("background.{}.alone", kind.name), alone.elapsed().as_secs_f64() * 1e3)?;
    let steps = ((calm + busy + calm).as_nanos() / STEP.as_nanos()) as usize;
    let light = Light::new(steps);
    let (done, heavy_done) = (AtomicBool::new(false), AtomicBool::new(false));
    let (at, shared, over, troubles_over) = (&server, &light, &done, &heavy_done);
    let waits = thread::scope(|scope| {
        let asking: Vec<_> = (0..LIGHT)
            .map(|number| scope.spawn(move || shared.ask(at, number as u64, over)))
            .collect();
        // The one more connection takes its part of the machine, before as well as meanwhile.
        let before = probe::reading(&server, key, || {
            thread::sleep(calm);
            Ok(())
        });
        let heavy: Vec<_> = (0..HEAVY)
            .map(|number| scope.spawn(move || trouble(at, kind, number, troubles_over)))
            .collect();
        // One that cannot be sent again is over soon.
        let busy = if kind.again { busy } else { busy / 4 };
        let probed = probe::reading(&server, key, || {
            thread::sleep(busy);
            Ok(())
        });
        heavy_done.store(true, Relaxed);
        let troubled: Result<Vec<()>, String> =
            heavy.into_iter().map(|one| one.join().map_err(|_| "the load failed")?).collect();
        thread::sleep(calm);
        done.store(true, Relaxed);
        for one in asking {
            one.join().map_err(|_| "the load failed")??;
        }
        before.and(troubled).and(probed.map(|((), latencies)| latencies))
    })?;
    session.add(&format!("background.{}.p999", kind.name), waits.quantile_ms(0.999))?;
    session.add(&format!("background.{}.max", kind.name), waits.max_ms())?;
    light.report(session, kind, (calm, busy))
}

/// Sends long commands until told to stop.
fn trouble(server: &Server, kind: &Kind, number: usize, done: &AtomicBool) -> Result<(), String> {
    let mut client = server.connect()?;
    let command = (kind.command)(number);
    loop {
        send(&mut client, &command)?;
        if !kind.again || done.load(Relaxed) {
            return Ok(());
        }
    }
}

fn send(client: &mut Client, command: &[String]) -> Result<(), String> {
    let parts: Vec<&str> = command.iter().map(String::as_str).collect();
    client.send(&Client::request(&parts))?;
    client.swallow()
}

/// What the short commands come to.
struct Light {
    begun: Instant,
    /// Replies by the time at which they came.
    replies: Vec<AtomicU32>,
}

impl Light {
    fn new(steps: usize) -> Light {
        Light {
            begun: Instant::now(),
            replies: (0..steps + 1).map(|_| AtomicU32::new(0)).collect(),
        }
    }

    /// Asks for one key after the other.
    fn ask(&self, server: &Server, seed: u64, done: &AtomicBool) -> Result<(), String> {
        let (mut client, mut number) = (server.connect()?, seed << 32);
        while !done.load(Relaxed) {
            number += 1;
            client.send(&Client::request(&["GET", &key(number)]))?;
            client.swallow()?;
            let step = (self.begun.elapsed().as_nanos() / STEP.as_nanos()) as usize;
            if let Some(replies) = self.replies.get(step) {
                replies.fetch_add(1, Relaxed);
            }
        }
        Ok(())
    }

    fn report(
        &self,
        session: &mut Session<'_>,
        kind: &Kind,
        (calm, busy): (Duration, Duration),
    ) -> Result<(), String> {
        let step = |at: Duration| (at.as_nanos() / STEP.as_nanos()) as usize;
        let rate = |from: Duration, to: Duration| {
            let steps = &self.replies[step(from)..step(to)];
            let sum: u32 = steps.iter().map(|replies| replies.load(Relaxed)).sum();
            f64::from(sum) / (to - from).as_secs_f64()
        };
        let until = if kind.again { calm + busy } else { calm + busy / 4 };
        let (before, during) = (rate(STEP * 5, calm), rate(calm, until));
        session.add(&format!("background.{}.light", kind.name), during.max(0.1))?;
        session.add(&format!("background.{}.kept", kind.name), 100.0 * during / before)?;
        if kind.name == "keys" {
            let points = self.replies.iter().take(self.replies.len() - 1);
            let per_second =
                |replies: &AtomicU32| f64::from(replies.load(Relaxed)) / STEP.as_secs_f64();
            session.draw(Timeline {
                step: STEP,
                heavy: calm..calm + busy,
                rates: points.map(per_second).collect(),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{METRICS, SCENARIOS};
    use super::*;

    #[test]
    fn every_kind_has_its_figures() {
        for kind in KINDS {
            for figure in ["light", "kept", "p999", "max", "alone"] {
                let key = format!("background.{}.{figure}", kind.name);
                assert!(METRICS.iter().any(|metric| metric.key == key), "{key}");
            }
            let name = format!("background-{}", kind.name);
            assert!(SCENARIOS.iter().any(|scenario| scenario.name == name), "{name}");
        }
    }
}
