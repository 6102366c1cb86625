//! Keys that go because memory is short, and clients that do.

use redpoll_tests::{Server, Talk, eventually};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

const MEGABYTE: u64 = 1 << 20;

/// A limit so many bytes above what is in use.
fn limit(talk: &mut Talk, more: u64, policy: &str) -> u64 {
    let limit = talk.info("used_memory") + more;
    talk.check(&format!("CONFIG SET maxmemory-policy {policy} maxmemory {limit}"), "OK");
    limit
}

/// Sets keys with a value of a kilobyte; answers how many were refused.
fn fill(talk: &mut Talk, prefix: &str, count: usize, options: &str) -> usize {
    let value = "v".repeat(1000);
    let refused = |reply: String| match reply.as_str() {
        "OK" => false,
        oom => {
            assert_eq!(oom, "-OOM command not allowed when used memory > 'maxmemory'.");
            true
        }
    };
    (0..count)
        .filter(|key| refused(talk.ask(&format!("SET {prefix}:{key} {value} {options}"))))
        .count()
}

#[test]
fn each_policy_keeps_the_limit() {
    for policy in ["lru", "lrm", "lfu", "random"].map(|order| format!("allkeys-{order}")) {
        let server = Server::start(&[]);
        let mut talk = server.talk();
        let limit = limit(&mut talk, 4 * MEGABYTE, &policy);
        assert_eq!(fill(&mut talk, "k", 10_000, ""), 0, "{policy}");
        assert!(talk.info("used_memory") < limit + MEGABYTE, "{policy}");
        assert!(talk.info("evicted_keys") > 4_000, "{policy}");
    }
}

#[test]
fn without_a_policy_commands_that_need_memory_are_refused() {
    let server = Server::start(&[]);
    let mut talk = server.talk();
    limit(&mut talk, MEGABYTE, "noeviction");
    assert!(fill(&mut talk, "k", 3_000, "") > 1_000);
    talk.check("CONFIG SET maxmemory 1mb", "OK");
    let oom = "-OOM command not allowed when used memory > 'maxmemory'.";
    assert_eq!(talk.ask("APPEND k:0 x"), oom);
    // Nor is anything kept for EXEC.
    talk.check("GET none | DEL none | MULTI | PING", &format!("nil | :0 | OK | {oom}"));
    talk.check("DISCARD", "OK");
    assert_eq!(talk.info("evicted_keys"), 0);
    assert!(talk.info("current_eviction_exceeded_time") > 0);
}

#[test]
fn volatile_policies_leave_the_others_alone() {
    for policy in ["lru", "lrm", "lfu", "random", "ttl"].map(|order| format!("volatile-{order}")) {
        let server = Server::start(&[]);
        let mut talk = server.talk();
        assert_eq!(fill(&mut talk, "stays", 500, ""), 0);
        limit(&mut talk, 3 * MEGABYTE, &policy);
        assert_eq!(fill(&mut talk, "goes", 5_000, "EX 1000"), 0, "{policy}");
        // With nothing left that may go, commands are refused at once.
        assert!(fill(&mut talk, "more", 5_000, "") > 1_000, "{policy}");
        talk.check("CONFIG SET maxmemory 0", "OK");
        for key in 0..500 {
            assert_eq!(talk.ask(&format!("EXISTS stays:{key}")), ":1", "{policy}");
        }
    }
}

#[test]
fn those_who_watch_cache_and_listen_are_told() {
    let server =
        Server::start(&["--notify-keyspace-events", "Ee", "--enable-debug-command", "yes"]);
    let (mut talk, mut listener) = (server.talk(), server.talk());
    let mut cache = Talk::resp3(server.port);
    listener.ask("SUBSCRIBE __keyevent@0__:evicted");
    talk.check("SET k v EX 1000", "OK");
    cache.check("CLIENT TRACKING on | GET k", "OK | v");
    talk.check("WATCH k", "OK");
    let used = talk.info("used_memory");
    let mut other = server.talk();
    other.check(&format!("CONFIG SET maxmemory-policy volatile-ttl maxmemory {}", used / 2), "OK");
    assert_eq!(listener.receive(), "[message __keyevent@0__:evicted k]");
    assert_eq!(cache.receive(), ">invalidate [k]");
    other.check("EXISTS k | CONFIG SET maxmemory 0", ":0 | OK");
    talk.check("MULTI | PING | EXEC", "OK | QUEUED | nil");
}

#[test]
fn large_values_count_as_free_at_once() {
    let server = Server::start(&[]);
    let mut talk = server.talk();
    for key in 0..20 {
        let members: Vec<String> = (0..5_000).map(|n| format!("member:{key}:{n}")).collect();
        talk.ask(&format!("SADD set:{key} {}", members.join(" ")));
    }
    limit(&mut talk, 0, "allkeys-random");
    assert_eq!(fill(&mut talk, "k", 50, ""), 0);
    // One or two sets are enough for fifty kilobytes.
    assert!(talk.info("evicted_keys") < 6, "{}", talk.info("evicted_keys"));
}

#[test]
fn keys_do_not_go_for_what_a_snapshot_still_needs() {
    // Snapshots are slow: a few keys in a second.
    let slow = ["--rdb-key-save-delay", "300000", "--repl-diskless-sync-delay", "0"];
    let server = Server::start(&slow);
    let mut talk = server.talk();
    assert_eq!(fill(&mut talk, "old", 20_000, ""), 0);
    let mut replica = server.raw();
    replica.send("REPLCONF capa eof capa psync2\r\nPSYNC ? -1\r\n");
    eventually("it is being sent", || talk.info("rdb_bgsave_in_progress") == 1);
    limit(&mut talk, MEGABYTE, "allkeys-lru");
    assert_eq!(fill(&mut talk, "new", 6_000, ""), 0);
    let (evicted, keys) = (talk.info("evicted_keys"), talk.ask("DBSIZE"));
    assert!((4_000..9_000).contains(&evicted), "{evicted} evicted, {keys} left");
    // The same where all goes at once.
    talk.check("FLUSHALL", "OK");
    assert_eq!(fill(&mut talk, "last", 3_000, ""), 0);
    talk.check("DBSIZE", ":3000");
    assert_eq!(talk.info("rdb_bgsave_in_progress"), 1);
    assert!(talk.info("mem_not_counted_for_evict") > 20 * MEGABYTE);
    drop(replica);
    talk.check("CONFIG SET rdb-key-save-delay 0", "OK");
    eventually("nothing is kept", || talk.info("mem_not_counted_for_evict") < MEGABYTE);
}

#[test]
fn many_threads_evict_at_once() {
    let server = Server::start(&["--io-threads", "4"]);
    let mut talk = server.talk();
    let limit = limit(&mut talk, 8 * MEGABYTE, "allkeys-lru");
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for client in 0..4 {
            let (server, over) = (&server, &over);
            scope.spawn(move || {
                let mut talk = server.talk();
                if fill(&mut talk, &format!("k{client}"), 6_000, "") > 0 {
                    over.store(true, Relaxed);
                }
            });
        }
    });
    assert!(!over.load(Relaxed), "a command was refused although keys could go");
    assert!(talk.info("used_memory") < limit + MEGABYTE);
    talk.check("CONFIG SET maxmemory 0", "OK");
    let (keys, evicted) = (talk.ask("DBSIZE"), talk.info("evicted_keys"));
    let keys: u64 = keys.trim_start_matches(':').parse().expect("a number");
    assert_eq!(keys + evicted, 24_000);
    assert!(keys > 5_000, "{keys} keys are left of about 7,500 that fit");
}

#[test]
fn the_timer_evicts_without_any_command() {
    let server = Server::start(&[]);
    let mut talk = server.talk();
    fill(&mut talk, "k", 2_000, "");
    let limit = talk.info("used_memory") - MEGABYTE;
    talk.check(&format!("CONFIG SET maxmemory-policy allkeys-lru maxmemory {limit}"), "OK");
    // sleep: a command would evict by itself, so nothing can be asked meanwhile.
    std::thread::sleep(std::time::Duration::from_millis(500));
    talk.check("CONFIG SET maxmemory 0", "OK");
    let evicted = talk.info("evicted_keys");
    assert!((500..1_500).contains(&evicted), "{evicted}");
}

#[test]
fn the_largest_client_goes() {
    let server = Server::start(&[]);
    let mut talk = server.talk();
    talk.check("CLIENT NO-EVICT on | CONFIG SET maxmemory-clients 4mb", "OK | OK");
    let (mut small, mut large) = (server.raw(), server.raw());
    small.send(format!("*2\r\n$1000000\r\n{}", "x".repeat(900_000)));
    large.send(format!("*2\r\n$8000000\r\n{}", "x".repeat(5_000_000)));
    large.expect_closed();
    assert_eq!(talk.info("evicted_clients"), 1);
    eventually("the memory is free again", || talk.info("connected_clients") == 2);
    drop(small);
}
