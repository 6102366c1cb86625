//! The change log is turned on at a moment, and whatever writes at that moment is on one side of
//! it: what it has changed is in the snapshot, or in the log.
//!
//! `REDPOLL_TEST_KILLS=500` sets how often that is tried.

use super::moment::{digest, follower_of, request, take};
use crate::testing::{Disk, Kept, TestServer, configure};
use redpoll_engine::persistence::{Fill, Storage};
use redpoll_engine::{Engine, Executor, executor::Annex, pause::PauseMode};
use redpoll_keyspace::clock;
use redpoll_types::rng::{Rng, SmallRng};
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::Duration;

/// How often the moment is tried.
fn rounds() -> u64 {
    let wanted = std::env::var("REDPOLL_TEST_KILLS").ok();
    wanted.and_then(|text| text.parse().ok()).unwrap_or(12)
}

/// The ways of the background.
const MODES: [&str; 2] = ["snapshot", "yield"];

/// What takes its locks by itself, what goes by itself, and what runs in the background.
fn harder_request(rng: &mut SmallRng) -> String {
    let key = |rng: &mut SmallRng| format!("k{}", rng.below(3000));
    let (one, other, number) = (key(rng), key(rng), rng.below(1000));
    match rng.below(13) {
        0 => format!("EVAL \"return redis.call('append', KEYS[1], 'x')\" 1 {one}"),
        // It begins anew, with all stripes.
        1 => format!("EVAL \"return redis.call('set', ARGV[1], 1)\" 1 {one} {other}"),
        2 => format!("MULTI\r\nAPPEND {one} y\r\nDEL {other}\r\nPEXPIRE {one} 5\r\nEXEC"),
        3 => format!("RPUSH list{} 3 1 2 {number}", number % 9),
        4 => format!("SORT list{} BY k* STORE sorted{}", number % 9, number % 7),
        5 => format!("SORT list{} STORE sorted{}", number % 9, number % 7),
        6 => format!("SET {one} v PX {}", 1 + number % 9),
        7 => format!("HSET h{number} f v g w\r\nHPEXPIRE h{number} 5 FIELDS 1 f"),
        8 => format!("SUNIONSTORE union set{} set{}", number % 5, number % 3),
        9 => format!("SADD set{} {number} {one} {other}", number % 5),
        10 => format!("GEOADD geo 13.{number} 38.1 {one}\r\nGEORADIUS geo 13.5 38 9 km STORE near"),
        11 => format!("LMPOP 2 list{} sorted{} LEFT", number % 9, number % 7),
        _ => request(rng),
    }
}

#[test]
fn what_is_written_then_is_in_the_snapshot_or_in_the_log() {
    for round in 0..rounds() {
        let (mut server, done) =
            (TestServer::in_background(MODES[round as usize % 2]), AtomicBool::new(false));
        let seed = clock::now_ms().unsigned_abs() ^ round << 32;
        let taken = thread::scope(|scope| {
            for writer in 0..4 {
                let (mut own, done) = (TestServer::beside(&server), &done);
                scope.spawn(move || {
                    let (mut session, mut rng) = (own.client(), SmallRng::new(seed + writer));
                    while !done.load(Relaxed) {
                        own.now = clock::now_ms();
                        own.ask(&mut session, &harder_request(&mut rng));
                        own.executor.expire_due(own.now);
                    }
                });
            }
            // sleep: it is the moment that is tried.
            thread::sleep(Duration::from_micros(seed % 20_000));
            let (snapshot, log) = take(&server.engine, clock::now_ms());
            let mut file = Vec::new();
            server.engine.stream(snapshot, Vec::new(), &mut file).expect("a vector");
            thread::sleep(Duration::from_micros(seed % 5_000));
            done.store(true, Relaxed);
            (file, log)
        });
        // What is to go goes; the follower, whose time stands still, is told.
        server.now = clock::now_ms() + 10_000;
        server.executor.expire_due(server.now);
        let mut follower = follower_of(&taken.0, &taken.1);
        assert_eq!(digest(&mut follower), digest(&mut server), "round {round}, seed {seed}");
    }
}

/// A list, and the keys that it is sorted by.
fn sortable(server: &mut TestServer) {
    let mut session = server.client();
    for line in ["RPUSH l b a c", "MSET w:a 3 w:b 1 w:c 2"] {
        server.run(&mut session, line);
    }
}

/// It walks the live keyspace on a thread of the background, and waits before it writes.
#[test]
fn what_a_walk_stores_at_its_end_is_logged() {
    let mut server = TestServer::in_background("snapshot");
    sortable(&mut server);
    server.waits_to_work = true;
    let mut session = server.client();
    assert_eq!(server.run(&mut session, "SORT l BY w:* STORE sorted"), "");
    let engine = Arc::clone(&server.engine);
    engine.pause.pause(i64::MAX, PauseMode::Write, 0);
    let job = engine.background.try_next().expect("the command has left");
    let log = thread::scope(|scope| {
        let mut own = Executor::new(Arc::clone(&engine), 1);
        scope.spawn(move || own.do_job(job, &mut Annex::default()));
        // sleep: until it waits. If that takes longer, nothing is tried.
        thread::sleep(Duration::from_millis(50));
        let log = server.log();
        engine.pause.unpause();
        log
    });
    let mut out = Vec::new();
    server.come_back(&mut session, &mut out);
    assert_eq!(out, b":3\r\n");
    let logged = log.commands();
    assert!(logged.iter().any(|line| line.starts_with("RESTORE sorted 0 ")), "{logged:?}");
}

/// A disk on which somebody begins to want the log while a file is written.
struct Listening(Weak<Engine>, Disk, Arc<Mutex<Option<Arc<Kept>>>>);

impl Storage for Listening {
    fn replace(&self, name: &Path, fill: &mut Fill<'_>) -> io::Result<()> {
        let engine = self.0.upgrade().expect("a server");
        let log = self.2.lock().expect("a log").get_or_insert_default().clone();
        let mut keys = engine.keyspace.keys(0, clock::now_ms());
        keys.lock_all();
        engine.change_log.attach(&keys, log);
        drop(keys);
        self.1.replace(name, fill)
    }

    fn open(&self, name: &Path) -> io::Result<Option<(Box<dyn Read + Send>, u64)>> {
        self.1.open(name)
    }

    fn together(&self, name: &str, help: &(dyn Fn() + Sync), own: &mut dyn FnMut()) {
        self.1.together(name, help, own);
    }

    fn spawn(&self, name: &str, job: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        self.1.spawn(name, job)
    }
}

/// FLUSHALL gives its locks back and then writes a file. What it has done was before.
#[test]
fn what_a_command_did_before_it_gave_its_locks_back_is_not_logged_later() {
    let mut server = TestServer::new();
    configure(&server, "save", "3600 1");
    let disk = Disk::of(&TestServer::new());
    let log = Arc::new(Mutex::default());
    let storage = Listening(Arc::downgrade(&server.engine), disk, Arc::clone(&log));
    server.engine.persistence.set_storage(Box::new(storage));
    let mut session = server.client();
    for line in ["SET k v", "FLUSHALL", "SET k w"] {
        assert_eq!(server.run(&mut session, line), "OK");
    }
    let log = log.lock().expect("a log").take().expect("somebody listens");
    assert_eq!(log.commands(), ["SELECT 0", "SET k w"]);
}

/// Commands of a transaction do not take over from one another what is to be logged.
#[test]
fn what_was_not_logged_is_not_put_in_the_place_of_what_is() {
    let mut server = TestServer::new();
    let mut session = server.client();
    for line in ["MULTI", "FLUSHALL", "SET k v", "EXEC"] {
        server.run(&mut session, line);
    }
    let log = server.log();
    server.run(&mut session, "SET k w");
    assert_eq!(log.commands(), ["SELECT 0", "SET k w"]);
}
