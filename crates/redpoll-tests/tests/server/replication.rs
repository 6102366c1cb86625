//! Replication: between servers of ours, and with redis-server on either side.

use redpoll_tests::{Server, eventually};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

const DEBUG: &[&str] = &["--enable-debug-command", "yes"];

fn follow(replica: &Server, primary: &Server) {
    let answer = replica.talk().ask(&format!("REPLICAOF 127.0.0.1 {}", primary.port));
    assert_eq!(answer, "OK");
}

/// Waits until a replica holds what its primary holds.
#[track_caller]
fn converge(primary: &Server, replica: &Server) {
    let digest = |server: &Server| server.talk().ask("DEBUG DIGEST");
    eventually("the data agree", || digest(primary) == digest(replica));
}

/// Values of several kinds, some of which expire.
fn fill(server: &Server) {
    let mut talk = server.talk();
    for number in 0..200 {
        talk.ask(&format!("SET k:{number} {}", "v".repeat(number * 10)));
        talk.ask(&format!("RPUSH list:{} {number} x", number % 7));
        talk.ask(&format!("HSET hash:{} f{number} {number}", number % 5));
        talk.ask(&format!("ZADD zset {number}.5 m{number}"));
        talk.ask(&format!("SADD set:{} {number}", number % 3));
    }
    talk.ask("SELECT 9");
    talk.ask("SET elsewhere 1 EX 1000");
}

/// Changes data, by commands whose effect depends on chance and time too, until told to stop.
fn keep_writing(server: &Server, stop: &AtomicBool) {
    let mut talk = server.talk();
    let mut number = 0;
    while !stop.load(Relaxed) {
        number += 1;
        talk.ask(&format!("INCR n:{}", number % 50));
        talk.ask(&format!("SADD s {number}"));
        talk.ask("SPOP s");
        talk.ask(&format!("SET t:{} v PX 20", number % 20));
        talk.ask("MULTI");
        talk.ask(&format!("LPUSH l {number}"));
        talk.ask("LTRIM l 0 20");
        talk.ask("EXEC");
    }
}

/// Ends the writer, whether the test goes on or fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// A first sync while data changes, and following from then on.
fn syncs_under_load(primary: &Server, replica: &Server) {
    fill(primary);
    replica.talk().ask("SET old data");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _stop = Stop(&stop);
        scope.spawn(|| keep_writing(primary, &stop));
        follow(replica, primary);
        let up = || replica.talk().ask("INFO replication").contains("master_link_status:up");
        eventually("the link is up", up);
        let mut talk = replica.talk();
        let seen = talk.ask("GET n:1");
        eventually("the replica follows", || talk.ask("GET n:1") != seen);
    });
    converge(primary, replica);
    assert_eq!(replica.talk().ask("GET old"), "nil");
}

#[test]
fn ours_follows_ours() {
    let (primary, replica) = (Server::start(DEBUG), Server::start(DEBUG));
    syncs_under_load(&primary, &replica);
    primary.talk().check("SET k v | WAIT 1 5000", "OK | :1");
    let refused = "-READONLY You can't write against a read only replica.";
    replica.talk().check("GET k | SET k w", &format!("v | {refused}"));
    let role = primary.talk().ask("ROLE");
    assert!(role.contains(&replica.port.to_string()), "{role}");
}

#[test]
fn ours_follows_redis() {
    let (primary, replica) = (Server::redis(DEBUG), Server::start(DEBUG));
    syncs_under_load(&primary, &replica);
    primary.talk().check("SET k v | WAIT 1 5000", "OK | :1");
}

#[test]
fn redis_follows_ours() {
    let (primary, replica) = (Server::start(DEBUG), Server::redis(DEBUG));
    syncs_under_load(&primary, &replica);
    primary.talk().check("SET k v | WAIT 1 5000", "OK | :1");
}

#[test]
fn a_chain_goes_on_when_its_head_is_replaced() {
    let (first, second) = (Server::start(DEBUG), Server::start(DEBUG));
    let third = Server::start(DEBUG);
    fill(&first);
    follow(&second, &first);
    converge(&first, &second);
    follow(&third, &second);
    converge(&first, &third);
    first.talk().ask("SET k 1");
    converge(&first, &third);
    second.talk().check("REPLICAOF NO ONE | SET k 2", "OK | OK");
    converge(&second, &third);
    // The old primary comes back as a replica of the new one. It has nothing that the other lacks.
    follow(&first, &second);
    converge(&second, &first);
    let syncs = |server: &Server, field: &str| server.talk().info(field);
    assert_eq!(syncs(&second, "sync_full"), 1, "the third never needed another snapshot");
    assert_eq!(syncs(&second, "sync_partial_ok"), 1, "nor the first");
}

#[test]
fn a_replica_leaves_expiry_to_its_primary() {
    let (primary, replica) = (Server::start(DEBUG), Server::start(DEBUG));
    follow(&replica, &primary);
    primary.talk().ask("DEBUG SET-ACTIVE-EXPIRE 0");
    // A snapshot would not hold what has expired by then.
    let up = || replica.talk().ask("INFO replication").contains("master_link_status:up");
    eventually("the link is up", up);
    primary.talk().ask("SET k v PX 30");
    eventually("it is there", || replica.talk().ask("DBSIZE") == ":1");
    eventually("its time is over", || replica.talk().ask("GET k") == "nil");
    replica.talk().check("EXISTS k | DBSIZE", ":0 | :1");
    primary.talk().check("EXISTS k", ":0");
    eventually("it is gone", || replica.talk().ask("DBSIZE") == ":0");
}

#[test]
fn writes_wait_for_enough_replicas() {
    let primary = Server::start(&["--min-replicas-to-write", "1"]);
    let refused = "-NOREPLICAS Not enough good replicas to write.";
    primary.talk().check("SET k v | GET k", &format!("{refused} | nil"));
    let replica = Server::start(&[]);
    follow(&replica, &primary);
    eventually("a replica is near", || primary.talk().ask("SET k v") == "OK");
}

#[test]
fn a_primary_that_goes_away_is_found_again() {
    let replica = Server::start(DEBUG);
    let primary = Server::start(DEBUG);
    follow(&replica, &primary);
    primary.talk().ask("SET k v");
    converge(&primary, &replica);
    drop(primary);
    let down = || replica.talk().ask("INFO replication").contains("master_link_status:down");
    eventually("the link is down", down);
    assert_eq!(replica.talk().ask("GET k"), "v");
}

#[test]
fn messages_reach_those_who_listen_at_a_replica() {
    let (primary, replica) = (Server::start(DEBUG), Server::start(DEBUG));
    follow(&replica, &primary);
    let mut listener = replica.talk();
    listener.check("SUBSCRIBE c", "[subscribe c :1]");
    eventually("the replica follows", || {
        primary.talk().ask("SET k v");
        replica.talk().ask("GET k") == "v"
    });
    primary.talk().check(
        "PUBLISH c one | MULTI | SET k w | PUBLISH c two | EXEC",
        ":0 | OK | QUEUED | QUEUED | [OK :0]",
    );
    assert_eq!(listener.receive(), "[message c one]");
    assert_eq!(listener.receive(), "[message c two]");
    converge(&primary, &replica);
}
