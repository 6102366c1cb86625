//! The end of the program: replicas catch up first, and nothing keeps it up for ever.

use redpoll_tests::server::new_directory;
use redpoll_tests::{Server, eventually, replication};

/// Returns once the primary has sent its snapshot.
fn follow(replica: &Server, primary: &Server) {
    replication::follow(replica, primary);
    let online = || primary.talk().ask("INFO replication").contains("state=online");
    eventually("the replica is there", online);
}

fn waits(primary: &Server) -> bool {
    primary.talk().ask("INFO server").contains("shutdown_in_milliseconds:")
}

#[test]
fn replicas_catch_up_before_the_end() {
    let (mut primary, replica) = (Server::start(&[]), Server::start(&[]));
    follow(&replica, &primary);
    replica.signal("STOP");
    primary.talk().check("SET k v", "OK");
    primary.signal("TERM");
    eventually("the primary waits", || waits(&primary));
    // Nobody is told of a write that the replica would not get.
    let mut late = primary.talk();
    late.send("SET k late");
    primary.talk().check("GET k", "v");
    replica.signal("CONT");
    assert!(primary.wait().success());
    let log = primary.log();
    assert!(log.contains("1 of 1 replicas are in sync"), "{log}");
    replica.talk().check("GET k", "v");
}

#[test]
fn replicas_are_waited_for_as_long_as_configured() {
    let (mut primary, replica) = (Server::start(&["--shutdown-timeout", "1"]), Server::start(&[]));
    follow(&replica, &primary);
    replica.signal("STOP");
    let mut client = primary.talk();
    client.check("SET k v | CONFIG SET shutdown-timeout 600", "OK | OK");
    let mut ending = primary.talk();
    ending.send("SHUTDOWN");
    eventually("the primary waits", || waits(&primary));
    assert_eq!(client.info("blocked_clients"), 1);
    client.check("SHUTDOWN ABORT", "OK");
    assert_eq!(ending.receive(), "-ERR Errors trying to SHUTDOWN. Check logs.");
    client.check("SET k w | CONFIG SET shutdown-timeout 1", "OK | OK");
    ending.send("SHUTDOWN");
    assert!(primary.wait().success());
    let log = primary.log();
    assert!(log.contains("Lagging replica") && log.contains("0 of 1 replicas"), "{log}");
    replica.signal("CONT");
}

#[test]
fn a_busy_script_does_not_keep_the_end_up() {
    let directory = new_directory();
    let name = directory.to_str().expect("a name");
    let settings = ["--appendonly", "yes", "--dir", name, "--busy-reply-threshold", "10"];
    let mut server = Server::start(&settings);
    let mut client = server.talk();
    client.send("EVAL redis.call('set','k',1);while(true)do--[[]]end 0");
    eventually("the script is busy", || server.talk().ask("PING").starts_with("-BUSY"));
    server.talk().send("SHUTDOWN NOSAVE");
    assert!(server.wait().success());
    let _ = std::fs::remove_dir_all(directory);
}
