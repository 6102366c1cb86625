//! The floor under every round trip through shared memory: two threads that send 32 bytes to and
//! fro through the rings, and do nothing else. It says how fast two cores of this machine can
//! talk, so that a server's figures can be read against it.

use hdrhistogram::Histogram;
use redpoll_shm::{Channel, Client, Memory};
use rustix::thread::{CpuSet, sched_setaffinity};
use std::hint::spin_loop;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

/// What is sent.
const MESSAGE: [u8; 32] = [b'x'; 32];
/// Round trips that are not counted.
const WARM_UP: u64 = 100_000;
/// The ring's size, as the server's default.
const RING: usize = 1 << 20;

/// Measures for a second and says what came of it, in nanoseconds.
pub fn run() -> Result<String, String> {
    let failed = |error: io::Error| format!("shared memory: {error}");
    let (channel, fd) = Channel::create(RING).map_err(failed)?;
    let (ours, theirs) = UnixStream::pair().map_err(failed)?;
    let client = Client::over(theirs, Memory::open(&fd).map_err(failed)?);
    // This thread may keep its core to itself; so it waits until the other one has found its own.
    let placed = Arc::new(Barrier::new(2));
    let server = thread::spawn({
        let placed = Arc::clone(&placed);
        move || {
            pin(0);
            placed.wait();
            answer(channel, ours)
        }
    });
    placed.wait();
    pin(1);
    let histogram = ask(client).map_err(failed)?;
    server.join().map_err(|_| "the answering thread failed".to_owned())?.map_err(failed)?;
    let at = |quantile: f64| histogram.value_at_quantile(quantile);
    Ok(format!(
        "ring alone, 32 bytes to and fro: {} ns (p50), {} ns (p99), {} ns (p99.9), {} round trips",
        at(0.5),
        at(0.99),
        at(0.999),
        histogram.len()
    ))
}

/// Keeps the calling thread on a core; where that is not allowed, it stays where it is.
fn pin(core: usize) {
    let mut set = CpuSet::new();
    set.set(core);
    let _ = sched_setaffinity(None, &set);
}

/// Sends back what comes, until the other side is gone.
fn answer(mut channel: Channel, socket: UnixStream) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(MESSAGE.len());
    let mut looks = 0u32;
    loop {
        if channel.has_bytes() {
            looks = 0;
            buffer.clear();
            channel.read(&mut buffer, socket.as_fd())?;
            channel.write(&buffer, socket.as_fd())?;
            continue;
        }
        spin_loop();
        looks += 1;
        if looks.is_multiple_of(1 << 16) && !redpoll_shm::bell::drain(&socket)? {
            return Ok(());
        }
    }
}

fn ask(mut client: Client) -> io::Result<Histogram<u64>> {
    let mut histogram =
        Histogram::new_with_bounds(1, 1_000_000_000, 3).map_err(io::Error::other)?;
    let begun = Instant::now();
    let mut answer = [0; MESSAGE.len()];
    let mut count = 0;
    while begun.elapsed() < Duration::from_secs(1) {
        let sent = Instant::now();
        client.try_write(&MESSAGE)?;
        let mut got = 0;
        while got < MESSAGE.len() {
            got += client.try_read(&mut answer[got..])?;
        }
        count += 1;
        if count > WARM_UP {
            histogram.saturating_record(sent.elapsed().as_nanos() as u64);
        }
    }
    Ok(histogram)
}
