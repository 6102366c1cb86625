//! Two tiers of memory: how many reads find their value in DRAM, and what far memory costs.
//!
//! Far memory is a file in /dev/shm here, and the server makes each use of a far value slower by a
//! fixed time (`far-memory-delay-ns`): the machine has one kind of memory only. No peer places
//! values by use, so that the server stands against itself: under the policy `ratio`, which places
//! by size, and without far memory. Nothing is measured on the peer's side.

use super::super::load::{self, LOAD_CORE, SERVER_CORE};
use super::super::server::{Flavor, Server};
use super::Session;

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

/// See [`super::SCENARIOS`].
pub(super) fn run(session: &mut Session<'_>) -> Result<(), String> {
    if session.flavor() == Flavor::Peer {
        return Ok(());
    }
    placement(session)?;
    costs(session)
}

/// How many reads find their value in DRAM, which has room for a quarter of the values; and how
/// many half a minute after others have become the frequent ones. How exactly a ratio is kept.
fn placement(session: &mut Session<'_>) -> Result<(), String> {
    let keys = session.keys(4_000_000);
    let tiered = fill(session, keys, "tiered", 0)?;
    read(session, &tiered, keys, WARM, 0)?;
    session.add("tiers.share", near_share(session, &tiered, keys, 0)?)?;
    read(session, &tiered, keys, WARM, keys / 3)?;
    session.add("tiers.back", near_share(session, &tiered, keys, keys / 3)?)?;
    drop(tiered);
    let ratio = fill(session, keys / 4, "ratio", 0)?;
    let (far, near) = (ratio.info("tier_far_bytes")?, ratio.info("tier_dram_bytes")?);
    session.add("tiers.ratio", (far / (far + near) - 0.75).abs() * 100.0)
}

/// Reads a second with values by use, by size, and all in DRAM.
fn costs(session: &mut Session<'_>) -> Result<(), String> {
    let keys = session.keys(1_000_000);
    let rate = |session: &Session<'_>, policy: &str, delay: u64| {
        let server = fill(session, keys, policy, delay)?;
        read(session, &server, keys, WARM, 0)?;
        read(session, &server, keys, LOOK, 0)
    };
    let (by_use, by_size) = (rate(session, "tiered", SLOW)?, rate(session, "ratio", SLOW)?);
    session.add("tiers.gain", by_use / by_size)?;
    let alone = rate(session, "none", 0)?;
    session.add("tiers.cxl", rate(session, "tiered", CXL)? / alone)?;
    session.add("tiers.off", rate(session, "idle", 0)? / alone)
}

/// A server that has been filled. It has DRAM for a quarter of the values; with `idle`, for all of
/// them; with `none`, no far memory.
fn fill(session: &Session<'_>, keys: u64, policy: &str, delay: u64) -> Result<Server, String> {
    let far = format!("file:/dev/shm,{}mb", (keys * (VALUE + KEY) / 3 * 4) >> 20);
    let near = match policy {
        "idle" => keys * (VALUE + KEY) * 2,
        _ => keys * (KEY + VALUE / 4) + (16 << 20),
    };
    let (near, delay) = (near.to_string(), delay.to_string());
    let policy = if policy == "idle" { "tiered" } else { policy };
    let arguments = [
        "--far-memory",
        &far,
        "--memory-alloc-policy",
        policy,
        "--maxmemory-dram",
        &near,
        "--far-memory-delay-ns",
        &delay,
    ];
    let arguments = if policy == "none" { &[] } else { &arguments[..] };
    let server = session.server_with(SERVER_CORE, 1, arguments)?;
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
