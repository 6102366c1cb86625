//! Two tiers of memory: how many reads find their value in DRAM, and what far memory costs.
//!
//! Far memory is a file in /dev/shm here, and the server makes each use of a far value slower by a
//! fixed time (`far-memory-delay-ns`): the machine has one kind of memory only. No peer places
//! values by use, so that the server stands against itself on the peer's side: under the policy
//! `ratio`, which places by size, or without far memory.

use super::super::load::{self, LOAD_CORE, SERVER_CORE};
use super::super::server::{Flavor, Server};
use super::Session;
use std::thread;
use std::time::Duration;

/// Bytes of a value.
const VALUE: u64 = 1000;
/// What a key takes in DRAM beside its value, about.
const KEY: u64 = 150;
/// Seconds that the load goes on before anything is measured.
const WARM: u64 = 30;
/// Seconds over which is measured.
const LOOK: u64 = 5;
/// What a use of slow far memory costs more, in nanoseconds.
const SLOW: u64 = 1000;
/// The same for CXL at 2.5 times the latency of DRAM (190 ns here, and one such wait a value).
const CXL: u64 = 285;
/// Until another ratio is to be reached.
const RATIO_TIME: Duration = Duration::from_secs(10);

/// How a server places its values.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Placing {
    /// By use, with DRAM for a quarter of them.
    Use,
    /// By size, with the same DRAM.
    Size,
    /// By use, with DRAM for all of them.
    Idle,
    /// Without far memory.
    None,
}

/// See [`super::SCENARIOS`].
pub(super) fn run(session: &mut Session<'_>) -> Result<(), String> {
    let is_ours = session.flavor() == Flavor::Ours;
    let or = |other: Placing| if is_ours { Placing::Use } else { other };
    shares(session, or(Placing::Size))?;
    if is_ours {
        ratio(session)?;
    }
    let keys = session.keys(1_000_000);
    let rate = |placing: Placing, delay: u64| {
        let server = fill(session, keys, placing, delay)?;
        read(session, &server, keys, WARM, 0)?;
        read(session, &server, keys, LOOK, 0)
    };
    let by_size = rate(or(Placing::Size), SLOW)?;
    let as_cxl = rate(or(Placing::None), CXL)?;
    let off = rate(if is_ours { Placing::Idle } else { Placing::None }, 0)?;
    session.add("tiers.slow", by_size)?;
    session.add("tiers.cxl", as_cxl)?;
    session.add("tiers.off", off)
}

/// How many reads find their value in DRAM, which has room for a quarter of the values; and how
/// many half a minute after others have become the frequent ones.
fn shares(session: &mut Session<'_>, placing: Placing) -> Result<(), String> {
    let keys = session.keys(4_000_000);
    let server = fill(session, keys, placing, 0)?;
    read(session, &server, keys, WARM, 0)?;
    session.add("tiers.share", near_share(session, &server, keys, 0)?)?;
    read(session, &server, keys, WARM, keys / 3)?;
    session.add("tiers.back", near_share(session, &server, keys, keys / 3)?)
}

/// How exactly a ratio is kept: behind the load, and a while after another one is asked for.
fn ratio(session: &mut Session<'_>) -> Result<(), String> {
    let server = fill(session, session.keys(1_000_000), Placing::Size, 0)?;
    let off = |wanted: f64| {
        let (far, near) = (server.info("tier_far_bytes")?, server.info("tier_dram_bytes")?);
        Ok::<f64, String>((far / (far + near) - wanted).abs() * 100.0)
    };
    session.add("tiers.ratio", off(0.75)?)?;
    server.connect()?.command(&["CONFIG", "SET", "dram-pmem-ratio", "1 1"])?;
    thread::sleep(RATIO_TIME);
    session.add("tiers.ratio.new", off(0.5)?)
}

/// One of our servers that has been filled.
fn fill(session: &Session<'_>, keys: u64, placing: Placing, delay: u64) -> Result<Server, String> {
    let far = format!("file:/dev/shm,{}mb", (keys * (VALUE + KEY) / 3 * 4) >> 20);
    let near = match placing {
        Placing::Idle => keys * (VALUE + KEY) * 2,
        _ => keys * (KEY + VALUE / 4) + (16 << 20),
    };
    let (near, delay) = (near.to_string(), delay.to_string());
    let arguments = [
        "--far-memory",
        &far,
        "--memory-alloc-policy",
        if placing == Placing::Size { "ratio" } else { "tiered" },
        "--maxmemory-dram",
        &near,
        "--far-memory-delay-ns",
        &delay,
    ];
    let arguments = if placing == Placing::None { &[] } else { &arguments[..] };
    let program = &session.settings().binaries[Flavor::Ours.index()];
    let server = Server::start_with(program, SERVER_CORE, 1, arguments)?;
    session.fill(&server, &format!("-t set -n {keys} -r {keys} --sequential -d {VALUE} -P 16"))?;
    Ok(server)
}

/// Zipf-distributed reads for some seconds; answers how many there were a second.
fn read(
    session: &Session<'_>,
    server: &Server,
    keys: u64,
    seconds: u64,
    shift: u64,
) -> Result<f64, String> {
    let seconds = if session.settings().quick { seconds.min(10) } else { seconds };
    let load = format!("--duration {seconds} -r {keys} --zipf 0.99,{shift} -P 16 -t get");
    load::run(session.benchmark(), LOAD_CORE, server.port, &load)
}

/// The part of reads, in hundredths, that find their value in DRAM.
fn near_share(
    session: &Session<'_>,
    server: &Server,
    keys: u64,
    shift: u64,
) -> Result<f64, String> {
    let hits = || Ok::<_, String>((server.info("tier_dram_hits")?, server.info("tier_far_hits")?));
    let before = hits()?;
    read(session, server, keys, LOOK, shift)?;
    let after = hits()?;
    let (near, far) = (after.0 - before.0, after.1 - before.1);
    Ok(near / (near + far) * 100.0)
}
