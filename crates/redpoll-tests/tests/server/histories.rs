//! A primary, its replica, and a replica of that one, while clients write and everything breaks:
//! servers are killed, links cut, held up and half closed, at any moment of first syncs and of the
//! stream. In the end all three must have the same data; meanwhile nobody may be shown a part of a
//! data set for the whole. `beginnings` tries the moment in which all this begins.
//!
//! `REDPOLL_TEST_KILLS=500` sets how often something breaks, `REDPOLL_TEST_SEED` what and when
//! (docs/testing.md).

mod beginnings;
mod faults;
mod reader;
mod writer;

use faults::{Chain, REDIS_BETWEEN, REDIS_FIRST};
use redpoll_tests::Chance;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use writer::Writing;

/// Ends a thread, also if the test fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Leaves the processors to the others for a moment.
fn breathe() {
    // sleep: there are two of them, and many who want them.
    std::thread::sleep(Duration::from_micros(300));
}

/// How often something breaks.
fn faults(default: u64) -> u64 {
    let wanted = std::env::var("REDPOLL_TEST_KILLS").ok();
    wanted.and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A history in which snapshots come by this carrier, or as a stream.
pub fn history(carrier: &str, more: &[&str]) {
    let mut chance = Chance::of_the_day();
    let with_redis = [REDIS_FIRST, REDIS_BETWEEN].contains(&carrier);
    let mut chain = Chain::start(carrier, more);
    let ports = chain.ports();
    chain.eventually_whole();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let stop = &stop;
        let _stop = Stop(stop);
        for number in 0..2 {
            let chance = Chance::new(chance.any());
            let writing = Writing { chance, with_redis, version: 0 };
            scope.spawn(move || writer::write((ports[0], number), writing, stop));
        }
        let readers = ports[1..].iter().map(|&port| scope.spawn(move || reader::read(port, stop)));
        let readers: Vec<_> = readers.collect();
        for _ in 0..faults(10) {
            chain.break_something(&mut chance);
            assert!(readers.iter().all(|reader| !reader.is_finished()), "a reader has failed");
        }
        chain.heal();
        chain.eventually_whole();
        stop.store(true, Relaxed);
        readers.into_iter().for_each(|reader| reader.join().expect("a reader"));
    });
    chain.eventually_equal(with_redis);
}

#[test]
fn by_shared_memory() {
    history("shm", &[]);
}

#[test]
fn by_tcp() {
    history("tcp", &["--appendonly", "yes", "--repl-backlog-size", "16kb"]);
}

#[test]
fn by_a_stream() {
    history("stream", &["--replica-serve-stale-data", "no"]);
}

#[test]
fn with_redis_between_ours() {
    history(REDIS_BETWEEN, &[]);
}

#[test]
fn with_ours_between_redis() {
    history(REDIS_FIRST, &[]);
}
