//! Full syncs: who waits for whom, and for how long.

use redpoll_tests::{Server, eventually};

fn follow(replica: &Server, primary: &Server) {
    let answer = replica.talk().ask(&format!("REPLICAOF 127.0.0.1 {}", primary.port));
    assert_eq!(answer, "OK");
}

fn waits(primary: &Server, count: usize) -> bool {
    primary.talk().ask("INFO replication").matches("state=wait_bgsave").count() == count
}

fn is_online(primary: &Server, count: usize) -> bool {
    primary.talk().ask("INFO replication").matches("state=online").count() == count
}

#[test]
fn a_replica_waits_for_others_to_share_its_snapshot() {
    let settings = ["--repl-diskless-sync-delay", "600", "--repl-diskless-sync-max-replicas", "2"];
    let primary = Server::start(&settings);
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
    let primary = Server::start(&["--repl-diskless-sync-delay", "600"]);
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
    let primary = Server::start(&["--repl-diskless-sync-delay", "4"]);
    let replica = Server::start(&["--repl-timeout", "2"]);
    follow(&replica, &primary);
    eventually("the replica is there", || is_online(&primary, 1));
    let log = replica.log();
    assert!(!log.contains("Timeout"), "{log}");
}

#[test]
fn a_silent_primary_is_given_up() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("its number").port();
    let replica = Server::start(&["--repl-timeout", "1"]);
    replica.talk().check(&format!("REPLICAOF 127.0.0.1 {port}"), "OK");
    eventually("it is given up", || replica.log().contains("Timeout connecting to the MASTER"));
}
