//! First syncs of replicas, whose network card reads the primary's memory.

use super::Here;
use redpoll_tests::replication::{info, is_up};
use redpoll_tests::{Server, eventually};

const DEBUG: &[&str] = &["--enable-debug-command", "yes"];

/// A primary with some data.
fn primary(more: &[&str]) -> Option<Here> {
    let here = Here::start(&[DEBUG, &["--repl-sync-memory", "1mb"], more].concat())?;
    let mut talk = here.server.talk();
    talk.check("DEBUG POPULATE 3000 key 100 | SETRANGE large 1500000 x", "OK | :1500001");
    talk.check("RPUSH list a b c | EXPIRE list 1000 | HSET hash f v", ":3 | :1 | :1");
    Some(here)
}

fn replica(of: &Server, carriers: &str) -> Server {
    let carriers = ["--repl-sync-carriers", carriers, "--repl-sync", "onesided"];
    let primary = format!("127.0.0.1 {}", of.port);
    Server::start(&[DEBUG, &carriers, &["--replicaof", &primary]].concat())
}

#[track_caller]
fn check(primary: &Server, replica: &Server, carrier: &str) {
    eventually("the link is up", || is_up(replica));
    assert_eq!(info(replica, "master_last_sync_carrier"), carrier);
    let digest = |server: &Server| server.talk().ask("DEBUG DIGEST");
    assert_eq!(digest(primary), digest(replica));
}

#[test]
fn two_replicas_read_one_table_through_the_card() {
    let Some(here) = primary(&[]) else { return };
    let replicas = [replica(&here.server, "rdma"), replica(&here.server, "rdma")];
    replicas.iter().for_each(|replica| check(&here.server, replica, "rdma"));
    // What is written later comes over the link.
    here.server.talk().check("SET late 1", "OK");
    eventually("it comes", || replicas[1].talk().ask("GET late") == "1");
    eventually("the table is closed", || info(&here.server, "sync_table_active") == "0");
}

#[test]
fn where_the_card_does_not_lead_there_is_another_way() {
    // `*` is where the link leads: to 127.0.0.1, which has no device.
    let Some(here) = primary(&["--rdma-bind", "*"]) else { return };
    check(&here.server, &replica(&here.server, "rdma,shm"), "shm");
}
