//! Commands of a primary's stream, or of the log on disk, that fail: said, counted, and the end of
//! the server where that is wanted.

use redpoll_tests::server::{new_directory, program};
use redpoll_tests::{Server, eventually};
use std::fs;
use std::process::Command;

/// A primary and its replica, whose key `k` is a string: the primary's next RPUSH fails there.
fn at_odds(settings: &[&str]) -> (Server, Server) {
    let (primary, replica) = (Server::start(&[]), Server::start(settings));
    replica.talk().check(&format!("REPLICAOF 127.0.0.1 {}", primary.port), "OK");
    primary.talk().check("SET other v", "OK");
    eventually("the replica follows", || replica.talk().ask("GET other") == "v");
    replica.talk().check(
        "CONFIG SET replica-read-only no | SET k text | CONFIG SET replica-read-only yes",
        "OK | OK | OK",
    );
    (primary, replica)
}

#[test]
fn failures_are_said_and_counted() {
    let (primary, replica) = at_odds(&[]);
    primary
        .talk()
        .check("RPUSH k a | MULTI | RPUSH k b | EXEC | SET last v", ":1 | OK | QUEUED | [:2] | OK");
    eventually("the replica has gone on", || replica.talk().ask("GET last") == "v");
    let log = replica.log();
    let said = "This replica is sending an error to its master: 'WRONGTYPE Operation against a key \
                holding the wrong kind of value' after processing the command 'rpush'";
    assert!(log.contains(said), "{log}");
    let mut talk = replica.talk();
    assert_eq!(talk.info("unexpected_error_replies"), 2);
    talk.check("CONFIG RESETSTAT", "OK");
    assert_eq!(talk.info("unexpected_error_replies"), 0);
}

#[test]
fn a_failure_beside_the_question_of_wait_has_its_name() {
    let (primary, replica) = at_odds(&[]);
    // Both come together.
    let mut raw = primary.raw();
    raw.check("RPUSH k a\r\nWAIT 1 5000\r\n", ":1\r\n:1\r\n");
    let log = replica.log();
    assert!(log.contains("after processing the command 'rpush'"), "{log}");
}

#[test]
fn a_replica_ends_if_that_is_wanted() {
    for behavior in ["panic", "panic-on-replicas"] {
        let (primary, mut replica) = at_odds(&["--propagation-error-behavior", behavior]);
        primary.talk().check("RPUSH k a", ":1");
        assert!(!replica.wait().success());
    }
}

#[test]
fn what_a_given_up_link_still_brings_is_no_failure() {
    let settings = ["--propagation-error-behavior", "panic", "--enable-debug-command", "yes"];
    let (primary, replica) = at_odds(&settings);
    let mut talk = replica.talk();
    talk.check("MULTI | GET other | DEBUG SLEEP 2", "OK | QUEUED | QUEUED");
    talk.check("REPLICAOF NO ONE", "QUEUED");
    let was = std::thread::scope(|scope| {
        let done = scope.spawn(|| talk.ask("EXEC"));
        // They wait for the transaction's locks, as replicas.
        while !done.is_finished() {
            primary.talk().ask("SET other w");
            // sleep: a few of them are enough.
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        // One may have come before the transaction began.
        let answer = done.join().expect("it answers");
        let was = answer.strip_prefix('[').and_then(|it| it.strip_suffix(" OK OK]"));
        was.unwrap_or_else(|| panic!("{answer}")).to_owned()
    });
    let mut talk = replica.talk();
    talk.check("PING | GET other", &format!("PONG | {was}"));
    assert_eq!(talk.info("unexpected_error_replies"), 0);
}

#[test]
fn a_log_that_fails_ends_the_start_if_that_is_wanted() {
    let directory = new_directory();
    let path = directory.to_str().expect("a name");
    let log =
        "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n*3\r\n$5\r\nRPUSH\r\n$1\r\nk\r\n$1\r\na\r\n";
    let settings = |behavior: &'static str| {
        fs::create_dir_all(directory.join("appendonlydir")).expect("a directory");
        let name = directory.join("appendonlydir/appendonly.aof");
        fs::write(name.with_extension("aof.1.incr.aof"), log).expect("a file");
        let manifest = "file appendonly.aof.1.incr.aof seq 1 type i\n";
        fs::write(name.with_extension("aof.manifest"), manifest).expect("a file");
        ["--dir", path, "--appendonly", "yes", "--propagation-error-behavior", behavior]
    };
    let output = Command::new(program())
        .args(["--port", "0", "--unixsocket", "socket"])
        .args(settings("panic"))
        .output()
        .expect("the program");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.status.success() && said.contains("'rpush'"), "{said}");
    // A replica's business only.
    let server = Server::start(&settings("panic-on-replicas"));
    server.talk().check("GET k", "v");
    assert_eq!(server.talk().info("unexpected_error_replies"), 1);
    drop(server);
    let _ = fs::remove_dir_all(directory);
}
