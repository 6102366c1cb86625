//! One test from its start to its outcome: workers are started, watched and summed up.

use crate::options::Options;
use crate::progress::Progress;
use crate::random::Random;
use crate::record::Record;
use crate::server;
use crate::socket::{self, Target};
use crate::suite::Test;
use crate::template::{Numbers, Template};
use crate::worker::{Plan, Shared, Worker, WorkerError};
use crate::zipf::Zipf;
use redpoll_transport::Arrival;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::{ClockId, clock_gettime};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Time between two looks at the progress.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);

/// What came of a test.
pub struct Outcome {
    /// As printed.
    pub title: String,
    /// What "bytes payload" says.
    pub payload: usize,
    /// Latencies and timeline of all workers.
    pub record: Record,
    /// From the first request to the last reply.
    pub elapsed: Duration,
    /// Processor time that this program used meanwhile.
    pub cpu: Duration,
}

impl Outcome {
    /// Requests a second.
    pub fn rate(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds > 0.0 { self.record.requests() as f64 / seconds } else { 0.0 }
    }
}

type Finished = Result<Record, WorkerError>;

/// Runs a test.
///
/// # Errors
/// A sentence for the user, when a connection fails or the server answers with an error. The other
/// workers are left behind then, on their threads: the program is about to end.
pub fn run(test: &Test, options: &Options, target: &Target) -> Result<Outcome, String> {
    let deadline_ns = options
        .duration
        .map_or(u64::MAX, |duration| duration.as_nanos().try_into().unwrap_or(u64::MAX));
    let shared = Arc::new(Shared::new(options.request_limit(), deadline_ns));
    let (sender, receiver) = channel::<Finished>();
    let threads = options.threads.unwrap_or(1).min(options.clients);
    // Everyone connects first, so that the clock measures requests alone.
    let ready = Arc::new(Barrier::new(threads + 1));
    let seed = options.seed.unwrap_or_else(clock_seed);
    for index in 0..threads {
        let plan = plan(test, options, target, index, threads, seed);
        let (shared, ready, sender) = (shared.clone(), ready.clone(), sender.clone());
        thread::spawn(move || {
            let worker = Worker::new(plan, &shared);
            ready.wait();
            let finished = worker.and_then(|worker| worker.run(Instant::now()));
            // The receiver is gone only when another worker has failed.
            let _ = sender.send(finished);
        });
    }
    drop(sender);
    ready.wait();
    let cpu_before = process_cpu();
    let record = collect(test, options, &shared, &receiver)?;
    Ok(Outcome {
        title: test.title.clone(),
        payload: test.payload,
        elapsed: Duration::from_nanos(record.last_ns),
        cpu: process_cpu().saturating_sub(cpu_before),
        record,
    })
}

/// Opens the connections and waits until the program is stopped, or the server refuses one.
pub fn idle(options: &Options, target: &Target) -> Result<(), String> {
    println!(
        "Creating {} idle connections and waiting forever (Ctrl+C when done)",
        options.clients
    );
    let opening = server::opening(options);
    let open = |_| {
        let opened = match target {
            Target::Rings(path) => socket::open_rings(path, &opening),
            _ => socket::open(target, true),
        };
        opened.map_err(|error| WorkerError::connect(error).to_string())
    };
    let mut sockets = (0..options.clients).map(open).collect::<Result<Vec<_>, _>>()?;
    println!("clients: {}", sockets.len());
    let mut said = Vec::new();
    loop {
        let mut wanted: Vec<PollFd<'_>> =
            sockets.iter().map(|socket| PollFd::new(socket, PollFlags::IN)).collect();
        // A signal wakes us for nothing.
        let _ = poll(&mut wanted, None);
        let ready: Vec<bool> = wanted.iter().map(|fd| !fd.revents().is_empty()).collect();
        for (socket, _) in sockets.iter_mut().zip(ready).filter(|(_, ready)| *ready) {
            socket.stir();
            if !socket.answer().is_ok_and(|open| open) {
                return Err(WorkerError::Closed.to_string());
            }
            said.clear();
            said.reserve(SAID_MAX);
            match socket.receive(&mut said) {
                Ok(Arrival::Bytes { count, .. }) if count > 0 => {
                    let text = String::from_utf8_lossy(&said);
                    let text = text.trim_start_matches('-').trim_end();
                    return Err(WorkerError::Reply(text.to_owned()).to_string());
                }
                Ok(Arrival::Bytes { .. } | Arrival::Nothing) => {}
                Ok(Arrival::End) | Err(_) => {
                    return Err(WorkerError::Closed.to_string());
                }
            }
        }
    }
}

/// Bytes of what a server says to somebody who has asked for nothing.
const SAID_MAX: usize = 1024;

/// The `index`-th worker's plan: connections are dealt out one by one.
fn plan(
    test: &Test,
    options: &Options,
    target: &Target,
    index: usize,
    threads: usize,
    seed: u64,
) -> Plan {
    // Far apart, so that no two workers walk over the same numbers.
    let random = Random::new(seed.wrapping_add((index as u64) << 48));
    let numbers = match (options.sequential, options.zipf) {
        (true, _) => Numbers::Sequential,
        (false, Some((exponent, shift))) => {
            Numbers::Zipf(random, Zipf::new(options.keyspace.unwrap_or(0), exponent, shift))
        }
        (false, None) => Numbers::Random(random),
    };
    Plan {
        target: target.clone(),
        connections: (options.clients + threads - 1 - index) / threads,
        pipeline: options.pipeline,
        keepalive: options.keepalive,
        opening: server::opening(options),
        template: Template::new(&test.command, options.pipeline, options.keyspace),
        numbers,
        digits: options.digits,
    }
}

/// Waits for all workers and shows the progress meanwhile.
fn collect(
    test: &Test,
    options: &Options,
    shared: &Shared,
    receiver: &Receiver<Finished>,
) -> Result<Record, String> {
    let mut progress = Progress::new(&test.title, options);
    let mut sum = Record::new(options.digits);
    loop {
        match receiver.recv_timeout(PROGRESS_EVERY) {
            Ok(Ok(record)) => sum.merge(&record),
            Ok(Err(error)) => {
                progress.clear();
                return Err(error.to_string());
            }
            Err(RecvTimeoutError::Timeout) => {
                progress.show(shared.finished.load(Ordering::Relaxed));
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    progress.clear();
    Ok(sum)
}

/// Processor time used by this process so far.
fn process_cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

fn clock_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.as_nanos() as u64 ^ (u64::from(std::process::id()) << 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;

    #[test]
    fn connections_are_dealt_out_evenly() {
        let test = Test { title: "T".into(), command: b"PING\r\n".to_vec(), payload: 3 };
        let target = Target::Tcp(SocketAddr::from(([127, 0, 0, 1], 1)));
        for (clients, threads) in [(50, 1), (50, 4), (3, 3), (7, 2)] {
            let options = Options { clients, ..Options::default() };
            let dealt: Vec<usize> = (0..threads)
                .map(|index| plan(&test, &options, &target, index, threads, 1).connections)
                .collect();
            assert_eq!(dealt.iter().sum::<usize>(), clients);
            assert!(dealt.iter().all(|count| count.abs_diff(clients / threads) <= 1), "{dealt:?}");
        }
    }
}
