//! A snapshot's moment is one in the change log: the snapshot and what is logged from then on make
//! the data again, however busy the writers are.

use crate::testing::{Disk, Kept, TestServer};
use redpoll_engine::Engine;
use redpoll_engine::persistence::{Merge, Snapshot};
use redpoll_types::rng::{Rng, SmallRng};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

/// Something that a client writes.
pub fn request(rng: &mut SmallRng) -> String {
    let key = |rng: &mut SmallRng| format!("k{}", rng.below(3000));
    let (one, other, number) = (key(rng), key(rng), rng.below(1000));
    let at = 1_800_000_000 + number;
    match rng.below(2000) {
        0 => "FLUSHDB".to_owned(),
        1 => "FLUSHALL ASYNC".to_owned(),
        2..5 => "SWAPDB 0 1".to_owned(),
        5..10 => format!("SELECT {}", rng.below(2)),
        choice => match choice % 18 {
            0..4 => format!("SET {one} {}", "v".repeat(number as usize)),
            4 => format!("SET {one} {number} EXAT {at}"),
            5 => format!("INCRBY {one} {number}"),
            6 => format!("APPEND {one} {number}"),
            7 => format!("RPUSH {one} {number} {other} {at}"),
            8 => format!("LPOP {one}"),
            9 => format!("SADD {one} {number} {other} x"),
            10 => format!("SPOP {one}"),
            11 => format!("HSET {one} {number} {other}"),
            12 => format!("HEXPIREAT {one} {at} FIELDS 1 {number}"),
            13 => format!("ZADD {one} {number} {other}"),
            14 => format!("DEL {one} {other}"),
            15 => format!("RENAME {one} {other}"),
            16 => format!("EXPIREAT {one} {at}"),
            _ => format!("MULTI\r\nSET {one} {number}\r\nCOPY {one} {other} REPLACE\r\nEXEC"),
        },
    }
}

/// What the data come to.
pub fn digest(server: &mut TestServer) -> String {
    server.engine.config.force("enable-debug-command", b"yes").expect("a valid value");
    let mut session = server.client();
    let digest = server.run(&mut session, "DEBUG DIGEST");
    assert_eq!(digest.len(), 40, "{digest}");
    digest
}

/// A snapshot, and the log from its moment on.
pub fn take(engine: &Engine, now: i64) -> (Snapshot, Arc<Kept>) {
    let (mut keys, log) = (engine.keyspace.keys(0, now), Arc::new(Kept::default()));
    keys.lock_all();
    engine.change_log.attach(&keys, Arc::clone(&log) as _);
    (Snapshot::take(engine, &mut keys).expect("a free seat"), log)
}

/// A server that has what a snapshot and the log from its moment on make.
pub fn follower_of(file: &[u8], log: &Kept) -> TestServer {
    let mut follower = TestServer::new();
    Disk::of(&follower).put("dump.rdb", file);
    let mut keys = follower.engine.keyspace.keys(0, follower.now);
    follower.engine.load(&mut keys, Merge::Refuse).expect("a sound file");
    drop(keys);
    let mut session = follower.client();
    let replies = follower.feed(&mut session, log.bytes());
    let refused = replies.split(|&byte| byte == b'\n').find(|line| line.starts_with(b"-"));
    assert_eq!(refused.map(String::from_utf8_lossy), None);
    follower
}

#[test]
fn snapshot_and_log_make_the_data_again() {
    let (mut server, done) = (TestServer::new(), AtomicBool::new(false));
    let mut taken = Vec::new();
    thread::scope(|scope| {
        for writer in 0..3 {
            let (mut own, done) = (TestServer::beside(&server), &done);
            scope.spawn(move || {
                let (mut session, mut rng) = (own.client(), SmallRng::new(writer));
                while !done.load(Relaxed) {
                    own.raw(&mut session, &request(&mut rng));
                }
            });
        }
        let reader = scope.spawn(|| {
            for _ in 0..6 {
                // Two at once; the second one begins while nothing of the first has been written.
                let some = [take(&server.engine, server.now), take(&server.engine, server.now)];
                for (snapshot, log) in some {
                    let mut file = Vec::new();
                    server.engine.stream(snapshot, Vec::new(), &mut file).expect("a vector");
                    taken.push((file, log));
                }
            }
        });
        let failed = reader.join().is_err();
        done.store(true, Relaxed);
        assert!(!failed);
    });
    let expected = digest(&mut server);
    for (file, log) in taken {
        assert_eq!(digest(&mut follower_of(&file, &log)), expected);
    }
}
