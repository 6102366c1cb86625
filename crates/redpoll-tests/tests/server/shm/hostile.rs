//! Clients that break the rules: each loses its own connection, and nobody else notices.

use super::{descriptors, mappings, memory_of, talk};
use redpoll_shm::layout::{HEADER_LEN, REPLIES_AT, REQUESTS_AT};
use redpoll_tests::{Server, eventually};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

fn put(memory: &OwnedFd, at: usize, value: u64) {
    rustix::io::pwrite(memory, &value.to_ne_bytes(), at as u64).expect("the memory is there");
}

fn ring(mut socket: &UnixStream) {
    // The server may have closed it by now.
    let _ = socket.write_all(b"!");
}

/// Waits until the server has closed the connection.
fn closed(mut socket: &UnixStream) -> bool {
    socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    let mut bytes = [0; 256];
    loop {
        match socket.read(&mut bytes) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }
}

#[test]
fn impossible_counters_close_the_connection_with_a_reason() {
    let server = Server::start(&[]);
    let mut other = talk(&server);
    for (number, written) in [4097, u64::MAX, 1 << 63, u64::MAX - 5000].into_iter().enumerate() {
        let (socket, memory) = memory_of(&server, 4096);
        put(&memory, REQUESTS_AT, written);
        ring(&socket);
        assert!(closed(&socket), "{written}");
        other.check("PING", "PONG");
        assert_eq!(other.info("shm_broken_connections"), number as u64 + 1);
    }
    // More replies taken than there were.
    let (socket, memory) = memory_of(&server, 4096);
    put(&memory, REPLIES_AT + 128, 1 << 40);
    let requests = b"PING\r\n".repeat(700);
    rustix::io::pwrite(&memory, &requests[..4096], HEADER_LEN as u64).expect("written");
    put(&memory, REQUESTS_AT, 4096);
    ring(&socket);
    assert!(closed(&socket));
    assert_eq!(other.info("shm_broken_connections"), 5);
    assert!(server.log().contains("it broke the rules of shared memory"), "{}", server.log());
}

#[test]
fn garbage_anywhere_harms_nobody_else() {
    let mut server = Server::start(&[]);
    let mut other = talk(&server);
    let before = descriptors(&server);
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for round in 0..200 {
        let (socket, memory) = memory_of(&server, 4096);
        for _ in 0..20 {
            let at = match random() % 3 {
                0 => REQUESTS_AT + (random() % 64) as usize * 8,
                1 => REPLIES_AT + (random() % 64) as usize * 8,
                _ => ((random() % (HEADER_LEN as u64 + 8192)) & !7) as usize,
            };
            let value = match random() % 4 {
                0 => random() % 10_000,
                1 => random(),
                2 => u64::from_ne_bytes(*b"PING\r\n\r\n"),
                _ => 0,
            };
            put(&memory, at, value);
            if random().is_multiple_of(4) {
                ring(&socket);
            }
        }
        if round % 20 == 0 {
            other.check("SET k v | GET k", "OK | v");
        }
    }
    assert!(server.is_running());
    eventually("all are gone", || other.info("shm_connections") == 1);
    eventually("descriptors are given back", || descriptors(&server) <= before);
    assert_eq!(mappings(&server), 1);
}

#[test]
fn holes_punched_into_the_memory_kill_nobody() {
    let mut server = Server::start(&[]);
    let (socket, memory) = memory_of(&server, 4096);
    let flags = rustix::fs::FallocateFlags::PUNCH_HOLE | rustix::fs::FallocateFlags::KEEP_SIZE;
    rustix::fs::fallocate(&memory, flags, 0, 12288).expect("a hole");
    assert!(rustix::fs::ftruncate(&memory, 0).is_err(), "it is sealed");
    ring(&socket);
    talk(&server).check("PING", "PONG");
    assert!(server.is_running());
}

#[test]
fn one_that_does_not_read_stops_only_itself() {
    let server = Server::start(&[]);
    let mut other = talk(&server);
    other.check(&format!("SET big {}", "x".repeat(100_000)), "OK");
    let mut slow = super::with_ring(&server, 4096);
    for _ in 0..30 {
        slow.send("GET big");
    }
    for _ in 0..1000 {
        other.check("PING", "PONG");
    }
    eventually("it is parked", || other.info("shm_pollers_parked") <= 1);
    for _ in 0..30 {
        assert_eq!(slow.receive().len(), 100_000);
    }
}
