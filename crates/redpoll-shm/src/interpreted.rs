//! The rings under Miri: every access to the memory that both sides share, checked for being within
//! it, for alignment, and for races.
//!
//! `MIRIFLAGS=-Zmiri-disable-isolation cargo +nightly miri test -p redpoll-shm interpreted`. Miri
//! knows no memory files; so both sides are threads, and the memory is on the heap.

use crate::ring::{Area, Bell, Consumer, Producer, WaitLine};
use crate::{Half, Memory};
use std::thread;

/// Nobody sleeps.
struct Silent;

impl Bell for Silent {
    fn ring(&self, _wait: &WaitLine, _how: u32) {}
}

/// Messages of many lengths, as often as they take to go round the ring several times.
fn lengths() -> impl Iterator<Item = usize> {
    [1, 7, 8, 48, 49, 63, 500, 4095, 4096, 5000].into_iter().cycle().take(20)
}

fn message(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 7 + len) as u8).collect()
}

fn stream(area: Half, other: Half) {
    let writer = thread::spawn(move || {
        let mut producer = Producer::new(area);
        for len in lengths() {
            let bytes = message(len);
            let mut written = 0;
            while written < len {
                written += producer.write(&bytes[written..], &Silent).expect("correct");
                thread::yield_now();
            }
        }
    });
    let mut consumer = Consumer::new(other);
    for len in lengths() {
        let mut got = Vec::with_capacity(len);
        while got.len() < len {
            consumer.read(&mut got, &Silent).expect("correct");
            thread::yield_now();
        }
        assert!(got == message(len), "{len}");
    }
    writer.join().expect("no panic");
}

#[test]
fn bytes_pass_from_thread_to_thread() {
    let memory = Memory::private(4096);
    stream(memory.requests(), memory.requests());
    stream(memory.replies(), memory.replies());
}

#[test]
fn every_place_of_a_ring_can_be_reached_and_none_behind_it() {
    let memory = Memory::private(4096);
    let half = memory.requests();
    let size = half.size();
    for (at, len) in [(0, size), (size, 0), (size - 1, 1), (17, 100)] {
        let bytes = message(len);
        half.put(at, &bytes);
        let mut got = vec![0; len];
        half.take(at, &mut got);
        assert_eq!(got, bytes);
        let mut appended = Vec::with_capacity(len);
        half.append(at, len, &mut appended);
        assert_eq!(appended, bytes);
    }
    for (at, len) in [(size, 1), (0, size + 1), (usize::MAX, 2)] {
        let over = std::panic::AssertUnwindSafe(|| half.take(at, &mut vec![0; len]));
        assert!(std::panic::catch_unwind(over).is_err(), "{at} {len}");
    }
}
