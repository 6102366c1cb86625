//! Full syncs: who waits for whom, and for how long.

use redpoll_tests::replication::follow;
use redpoll_tests::{Raw, Server, eventually};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

/// As with servers that know no tables.
const STREAM: &[&str] = &["--repl-sync", "stream"];

fn waits(primary: &Server, count: usize) -> bool {
    primary.talk().ask("INFO replication").matches("state=wait_bgsave").count() == count
}

fn is_online(primary: &Server, count: usize) -> bool {
    primary.talk().ask("INFO replication").matches("state=online").count() == count
}

#[test]
fn a_replica_waits_for_others_to_share_its_snapshot() {
    let settings = ["--repl-diskless-sync-delay", "600", "--repl-diskless-sync-max-replicas", "2"];
    let primary = Server::start(&[&settings[..], STREAM].concat());
    primary.talk().ask("SET k v");
    let (first, second) = (Server::start(&[]), Server::start(&[]));
    follow(&first, &primary);
    eventually("the first waits", || waits(&primary, 1));
    let role = first.talk().ask("ROLE");
    assert!(role.contains("handshake"), "{role}");
    // A replica that follows another primary instead is waited for no longer.
    first.talk().check("REPLICAOF NO ONE", "OK");
    eventually("nobody waits", || waits(&primary, 0));
    follow(&first, &primary);
    eventually("the first waits again", || waits(&primary, 1));
    follow(&second, &primary);
    eventually("both are there", || is_online(&primary, 2));
    let (log, shared) = (primary.log(), "Synchronization with 2 replicas succeeded");
    assert!(log.contains(shared), "{log}");
    first.talk().check("GET k", "v");
}

#[test]
fn the_wait_ends_when_the_delay_is_shortened_or_over() {
    let primary = Server::start(&[&["--repl-diskless-sync-delay", "600"], STREAM].concat());
    let replica = Server::start(&[]);
    follow(&replica, &primary);
    eventually("the replica waits", || waits(&primary, 1));
    primary.talk().check("CONFIG SET repl-diskless-sync-delay 1", "OK");
    eventually("the replica is there", || is_online(&primary, 1));
    primary.talk().check(
        "CONFIG SET repl-diskless-sync-delay 600 | CONFIG SET repl-diskless-sync no",
        "OK | OK",
    );
    let other = Server::start(&[]);
    follow(&other, &primary);
    eventually("the other does not wait", || is_online(&primary, 2));
}

#[test]
fn a_replica_that_waits_longer_than_its_timeout_is_kept() {
    let primary = Server::start(&[&["--repl-diskless-sync-delay", "4"], STREAM].concat());
    let replica = Server::start(&["--repl-timeout", "2"]);
    follow(&replica, &primary);
    eventually("the replica is there", || is_online(&primary, 1));
    let log = replica.log();
    assert!(!log.contains("Timeout"), "{log}");
}

#[test]
fn a_primary_that_makes_its_snapshot_slowly_is_not_given_up() {
    let primary = Server::start(&[&["--rdb-key-save-delay", "25000"], STREAM].concat());
    for number in 0..100 {
        primary.talk().ask(&format!("SET k:{number} v"));
    }
    let replica = Server::start(&["--repl-timeout", "1"]);
    follow(&replica, &primary);
    eventually("the replica is there", || is_online(&primary, 1));
    replica.talk().check("GET k:99", "v");
    assert_eq!(primary.talk().info("sync_full"), 1, "{}", replica.log());
}

#[test]
fn a_silent_primary_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("its number").port();
    let replica = Server::start(&["--repl-timeout", "1"]);
    replica.talk().check(&format!("REPLICAOF 127.0.0.1 {port}"), "OK");
    eventually("it is given up", || replica.log().contains("Timeout connecting to the MASTER"));
}

#[test]
fn data_are_kept_until_the_snapshot_is_there() {
    let (primary, replica) =
        (Server::start(&["--rdb-key-save-delay", "100000"]), Server::start(&[]));
    for number in 0..20 {
        primary.talk().ask(&format!("SET k:{number} v"));
    }
    replica.talk().check("SET old v", "OK");
    follow(&replica, &primary);
    let mut talk = replica.talk();
    let info = "INFO replication";
    eventually("the snapshot comes", || talk.ask(info).contains("master_sync_in_progress:1"));
    talk.check("GET old", "v");
    assert_eq!(primary.talk().info("rdb_bgsave_in_progress"), 1);
    eventually("the snapshot is there", || talk.ask(info).contains("master_link_status:up"));
    talk.check("GET old | GET k:19", "nil | v");
}

/// A primary that breaks every snapshot off; answers its port.
fn unsteady_primary() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut command = [0; 4096];
            while let Ok(count @ 1..) = stream.read(&mut command) {
                let is = |name: &[u8]| command[..count].windows(name.len()).any(|at| at == name);
                let sync = format!("+FULLRESYNC {0} 7\r\n$EOF:{0}\r\nREDIS0011", "a".repeat(40));
                let answer = if is(b"PING") { "+PONG\r\n" } else { "+OK\r\n" };
                let answer = if is(b"PSYNC") { &sync } else { answer };
                if stream.write_all(answer.as_bytes()).is_err() || is(b"PSYNC") {
                    break;
                }
            }
        }
    });
    port
}

#[test]
fn a_snapshot_that_breaks_off_changes_nothing() {
    let replica = Server::start(&[]);
    let mut talk = replica.talk();
    talk.check("SET old v", "OK");
    talk.check(&format!("REPLICAOF 127.0.0.1 {}", unsteady_primary()), "OK");
    let tried = || replica.log().matches("The link to the primary is down").count() >= 2;
    eventually("it is tried again", tried);
    talk.check("GET old | REPLICAOF NO ONE | GET old", "v | OK | v");
}

#[test]
fn a_replica_gets_the_stream_and_nothing_else() {
    let primary = Server::start(&[]);
    let mut raw = primary.raw();
    raw.send("SYNC\r\n");
    let length = raw.line();
    raw.skip(length.trim().trim_start_matches('$').parse().expect("a length"));
    raw.send("PING\r\nGET k\r\n");
    eventually("both have run", || primary.talk().info("total_commands_processed") > 2);
    primary.talk().check("SET k v", "OK");
    let mut seen = Vec::new();
    while seen.last().is_none_or(|line| line != "v") {
        seen.push(raw.line().trim().to_owned());
    }
    assert!(!seen.iter().any(|line| line == "+PONG" || line == "$-1"), "{seen:?}");
}

/// Asks for a stream as a replica does that can take one.
fn ask_for_stream(primary: &Server) -> Raw {
    let mut raw = primary.raw();
    raw.send("REPLCONF listening-port 1 capa eof capa psync2\r\n");
    raw.expect("+OK\r\n");
    raw.send("PSYNC ? -1\r\n");
    raw
}

#[test]
fn who_has_its_snapshot_and_says_nothing_is_let_go() {
    let settings = ["--repl-timeout", "1", "--repl-diskless-sync-delay", "0"];
    let primary = Server::start(&settings);
    primary.talk().check("SET k v", "OK");
    let mut silent = ask_for_stream(&primary);
    let mut loading = ask_for_stream(&primary);
    let sent = || primary.talk().ask("INFO replication").matches("state=send_bulk").count();
    eventually("both have been sent all", || sent() == 2);
    // One that loads shows by empty lines that it lives.
    let begun = Instant::now();
    eventually("the silent one is let go", || {
        loading.send("\n");
        sent() == 1
    });
    while begun.elapsed() < Duration::from_secs(3) {
        // sleep: no longer than a replica says nothing.
        thread::sleep(Duration::from_millis(200));
        loading.send("\n");
    }
    assert_eq!(sent(), 1, "{}", primary.log());
    loading.send("REPLCONF ACK 0\r\n");
    eventually("it follows", || is_online(&primary, 1));
    let rest = silent.read_to_end();
    assert!(rest.starts_with(b"+FULLRESYNC"), "{rest:?}");
}

#[test]
fn a_storm_of_replicas_is_served_in_turn() {
    let settings = ["--repl-diskless-sync-delay", "0", "--repl-timeout", "2"];
    let primary = Server::start(&[&settings[..], &["--rdbcompression", "no"]].concat());
    // More than connections hold.
    let mut talk = primary.talk();
    for number in 0..300 {
        talk.check(&format!("SETRANGE k:{number} 50000 x"), ":50001");
    }
    // They come one after the other, so that each could have a snapshot of its own, and take none.
    let mut storm = Vec::new();
    for _ in 0..20 {
        storm.push(ask_for_stream(&primary));
        // sleep: longer than the look at those who wait.
        thread::sleep(Duration::from_millis(20));
    }
    let (one, other) = (Server::start(&[]), Server::start(STREAM));
    for replica in [&one, &other] {
        follow(replica, &primary);
        eventually("it has all", || replica.talk().ask("DBSIZE") == ":300");
    }
    let log = primary.log();
    assert!(!log.contains("too many"), "{log}");
}
