//! Replication at a steady pace: what 100,000 writes a second cost a primary and its replica.
//!
//! Both servers and the load share both cores. The load is paced by the clock and not by replies,
//! so that each side has the same to do in the same time, and what is compared is processor time:
//! that of the primary with its replica's stream, and that of the replica. Afterwards both must
//! hold the same.

use super::super::load::BOTH_CORES;
use super::super::server::{Client, Server};
use super::Session;
use super::saving::Noise;
use super::sync;
use std::thread;
use std::time::{Duration, Instant};

/// Writes a second.
const WRITES: u64 = 100_000;
/// Commands that a connection sends together.
const PIPELINE: u64 = 16;
/// Connections that take turns.
const CONNECTIONS: usize = 10;
/// Keys that are written to, and bytes of a value.
const KEYS: u64 = 100_000;
const VALUE: usize = 100;
/// For how long it goes on before anything counts.
const WARMING: Duration = Duration::from_secs(1);
/// So long may the replica take to catch up, in milliseconds.
const PATIENCE_MS: &str = "20000";

/// Connections that write in turn, each of them not before the replies to what it sent are there.
struct Load {
    clients: Vec<Client>,
    /// Whether replies are still to come, and whose turn it is.
    waiting: [bool; CONNECTIONS],
    turn: usize,
    noise: Noise,
}

impl Load {
    fn new(server: &Server) -> Result<Load, String> {
        let clients = (0..CONNECTIONS).map(|_| server.connect()).collect::<Result<_, _>>()?;
        let noise = Noise::new(0xfeed);
        Ok(Load { clients, waiting: [false; CONNECTIONS], turn: 0, noise })
    }

    /// Writes at a steady pace for so long; answers how many writes that were.
    fn run(&mut self, span: Duration) -> Result<u64, String> {
        let (begun, mut written) = (Instant::now(), 0);
        while begun.elapsed() < span {
            self.collect()?;
            let keys = (0..PIPELINE).map(|_| self.noise.next() % KEYS).collect::<Vec<u64>>();
            let requests = self.noise.sets(keys.into_iter(), VALUE);
            self.clients[self.turn].send(&requests)?;
            self.waiting[self.turn] = true;
            self.turn = (self.turn + 1) % CONNECTIONS;
            written += PIPELINE;
            let due = Duration::from_nanos(written * 1_000_000_000 / WRITES);
            thread::sleep(due.saturating_sub(begun.elapsed()));
        }
        for _ in 0..CONNECTIONS {
            self.collect()?;
            self.turn = (self.turn + 1) % CONNECTIONS;
        }
        Ok(written)
    }

    /// Reads the replies to what the connection whose turn it is has sent last.
    fn collect(&mut self) -> Result<(), String> {
        if std::mem::take(&mut self.waiting[self.turn]) {
            self.clients[self.turn].skip(PIPELINE as usize * b"+OK\r\n".len())?;
        }
        Ok(())
    }
}

/// See [`super::SCENARIOS`].
pub(super) fn run(session: &mut Session<'_>) -> Result<(), String> {
    let span = Duration::from_secs(if session.settings().quick { 3 } else { 10 });
    let settings = sync::settings(session.flavor(), &[]);
    let primary = session.server_with(BOTH_CORES, 1, &settings)?;
    let replica = session.server_with(BOTH_CORES, 1, &settings)?;
    let (mut source, mut copy) = (primary.connect()?, replica.connect()?);
    sync::follow(&mut copy, &primary)?;
    let mut load = Load::new(&primary)?;
    load.run(WARMING)?;
    catch_up(&mut source)?;
    let before = (primary.cpu_nanoseconds()?, replica.cpu_nanoseconds()?);
    let begun = Instant::now();
    let written = load.run(span)?;
    let rate = written as f64 / begun.elapsed().as_secs_f64();
    catch_up(&mut source)?;
    let after = (primary.cpu_nanoseconds()?, replica.cpu_nanoseconds()?);
    let (wanted, found) = (source.ask(&["DEBUG", "DIGEST"])?, copy.ask(&["DEBUG", "DIGEST"])?);
    if found != wanted {
        return Err(format!("the replica holds {found} and its primary {wanted}"));
    }
    session.add("replicate.primary", (after.0 - before.0) / written as f64)?;
    session.add("replicate.replica", (after.1 - before.1) / written as f64)?;
    session.add("replicate.rate", rate)
}

/// Waits until the replica has everything. WAIT is about the writes of its own connection.
fn catch_up(source: &mut Client) -> Result<(), String> {
    source.ask(&["SET", "last", "v"])?;
    match &*source.ask(&["WAIT", "1", PATIENCE_MS])? {
        "1" => Ok(()),
        _ => Err("the replica does not catch up".to_owned()),
    }
}
