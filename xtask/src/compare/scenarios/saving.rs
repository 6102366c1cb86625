//! Saving all data while clients go on writing, and loading them again.
//!
//! The values are text that does not compress, so that the file is as large as the data. Both
//! servers may use both cores: what saves in the background must not take the core of what answers.
//! Memory is the server's, and what a child that it may have forked does not share with it.

use super::super::load::BOTH_CORES;
use super::super::machine;
use super::super::probe;
use super::super::server::{Client, Server};
use super::Session;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes of a value.
const VALUE: usize = 1000;
/// Writes a second that go on during the save.
const WRITES: u64 = 50_000;
/// Writes that are sent together, every so often.
const TOGETHER: u64 = 50;
/// How often a save is asked whether it is done, and memory is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How long the load goes on before the save.
const CALM: Duration = Duration::from_secs(2);
/// How long the idle machine is watched: it pauses only now and then.
const IDLE: Duration = Duration::from_secs(5);

/// Numbers and texts that look like chance, the same in every run.
pub(super) struct Noise {
    state: u64,
    /// Values are pieces of it, so that making them costs the load generator little.
    text: Vec<u8>,
}

impl Noise {
    pub(super) fn new(seed: u64) -> Self {
        let mut noise = Noise { state: seed, text: Vec::new() };
        while noise.text.len() < 1 << 20 {
            let bits = noise.next();
            noise.text.extend((0..10).map(|at| b'0' + (bits >> (6 * at) & 63) as u8));
        }
        noise
    }

    pub(super) fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    fn value(&mut self, len: usize) -> &[u8] {
        let from = self.next() as usize % (self.text.len() - len);
        &self.text[from..from + len]
    }

    /// The requests that set these keys to values of this length.
    pub(super) fn sets(&mut self, keys: impl Iterator<Item = u64>, len: usize) -> Vec<u8> {
        let mut requests = Vec::new();
        for key in keys {
            let head = format!("*3\r\n$3\r\nSET\r\n$16\r\nkey:{key:012}\r\n${len}\r\n");
            requests.extend_from_slice(head.as_bytes());
            requests.extend_from_slice(self.value(len));
            requests.extend_from_slice(b"\r\n");
        }
        requests
    }
}

fn send_sets(
    client: &mut Client,
    keys: impl Iterator<Item = u64>,
    noise: &mut Noise,
) -> Result<(), String> {
    let (at_least, at_most) = keys.size_hint();
    client.send(&noise.sets(keys, VALUE))?;
    client.skip(at_most.unwrap_or(at_least) * b"+OK\r\n".len())
}

pub(super) fn fill(server: &Server, keys: u64) -> Result<(), String> {
    let (mut client, mut noise) = (server.connect()?, Noise::new(0x5eed));
    for first in (0..keys).step_by(100) {
        send_sets(&mut client, first..(first + 100).min(keys), &mut noise)?;
    }
    Ok(())
}

/// Writes at a steady pace until it is `done`; answers how many writes a second there were.
fn write_steadily(server: &Server, keys: u64, done: &AtomicBool) -> Result<f64, String> {
    let (mut client, mut noise) = (server.connect()?, Noise::new(0x0dd));
    let (begun, mut written) = (Instant::now(), 0);
    while !done.load(Relaxed) {
        let chosen: Vec<u64> = (0..TOGETHER).map(|_| noise.next() % keys).collect();
        send_sets(&mut client, chosen.into_iter(), &mut noise)?;
        written += TOGETHER;
        let due = Duration::from_nanos(written * 1_000_000_000 / WRITES);
        thread::sleep(due.saturating_sub(begun.elapsed()));
    }
    Ok(written as f64 / begun.elapsed().as_secs_f64())
}

/// Saves in the background; answers how long that took and the most memory that was used.
fn save(server: &Server) -> Result<(f64, f64), String> {
    let mut client = server.connect()?;
    let begun = Instant::now();
    client.ask(&["BGSAVE"])?;
    let mut most = 0.0f64;
    loop {
        thread::sleep(LOOK);
        most = most.max(server.memory_bytes()?);
        // The whole of INFO takes a millisecond of the server's time, which would count as a pause.
        if server.info_of(&mut client, ("persistence", "rdb_bgsave_in_progress"))? == 0.0 {
            return Ok((begun.elapsed().as_secs_f64(), most));
        }
    }
}

/// See [`super::SCENARIOS`].
pub(super) fn bgsave(session: &mut Session<'_>) -> Result<(), String> {
    let keys = session.keys(1_000_000);
    let ((), idle_ms) = machine::during(|| {
        thread::sleep(IDLE);
        Ok(())
    })?;
    session.add("save.idle", idle_ms)?;
    let server = session.server(BOTH_CORES, 1)?;
    fill(&server, keys)?;
    let done = AtomicBool::new(false);
    let get = |number: u64| format!("key:{:012}", number.wrapping_mul(0x9e37_79b9) % keys);
    thread::scope(|scope| {
        let writes = scope.spawn(|| write_steadily(&server, keys, &done));
        let measured = probe::reading(&server, get, || {
            thread::sleep(CALM);
            Ok(())
        })
        .and_then(|((), calm)| {
            let before = server.memory_bytes()?;
            let (((seconds, most), during), machine_ms) =
                machine::during(|| probe::reading(&server, get, || save(&server)))?;
            Ok((calm, before, (seconds, most), (during, machine_ms)))
        });
        done.store(true, Relaxed);
        let rate = writes.join().map_err(|_| "the load failed".to_string())??;
        let (calm, before, (seconds, most), (during, machine_ms)) = measured?;
        session.add("save.memory", (most - before).max(0.0) / before * 100.0)?;
        session.add("save.pause", during.max_ms())?;
        session.add("save.machine", machine_ms)?;
        session.add("save.calm", calm.max_ms())?;
        session.add("save.p999", during.quantile_ms(0.999))?;
        session.add("save.p99", during.quantile_ms(0.99))?;
        session.add("save.time", seconds)?;
        session.add("save.writes", rate)
    })
}

/// See [`super::SCENARIOS`].
pub(super) fn load(session: &mut Session<'_>) -> Result<(), String> {
    let keys = session.keys(1_000_000);
    let server = session.server(BOTH_CORES, 1)?;
    fill(&server, keys)?;
    server.connect()?.ask(&["SAVE"])?;
    let begun = Instant::now();
    let server = server.restart()?;
    let seconds = begun.elapsed().as_secs_f64();
    let loaded = server.connect()?.ask(&["DBSIZE"])?;
    match loaded.parse() == Ok(keys) {
        true => session.add("load.time", seconds),
        false => Err(format!("{loaded} of {keys} keys were loaded")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_whole() {
        let requests = Noise::new(1).sets(7..9, VALUE);
        let text = String::from_utf8(requests).expect("text");
        assert!(text.starts_with("*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000007\r\n$1000\r\n"));
        assert!(text.ends_with("\r\n") && text.contains("key:000000000008"));
        assert_eq!(
            text.len(),
            2 * (VALUE + "*3\r\n$3\r\nSET\r\n$16\r\n$1000\r\n\r\n\r\n".len() + 16)
        );
    }
}
