//! First syncs of replicas, whose network card reads the primary's memory.

use super::{Here, device};
use crate::histories::history;
use crate::sync_hostage::{Hostage, fill, is_served};
use redpoll_tests::node::lasting_port;
use redpoll_tests::replication::{info, is_up};
use redpoll_tests::{Node, Server, eventually};

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

#[test]
fn who_connects_its_card_and_reads_nothing_holds_no_table() {
    let Some(here) = Here::start(&[DEBUG, &["--repl-timeout", "3600"]].concat()) else { return };
    fill(&here.server);
    let silent = Hostage::of(&here.server);
    let _connected = silent.connect(here.host.parse().expect("an address"));
    let carriers = ["--repl-sync-carriers", "rdma", "--repl-sync", "onesided"];
    let replica = Server::start(&[DEBUG, &carriers].concat());
    is_served(&here.server, &replica);
    assert_eq!(info(&replica, "master_last_sync_carrier"), "rdma");
}

/// Waits until a first sync through the card has come a part of its way.
#[track_caller]
fn in_the_middle(replica: &Node) {
    let chunks = || info(replica.server(), "master_sync_chunks").parse::<u64>();
    eventually("some of it has come", || chunks().is_ok_and(|chunks| chunks > 1));
    assert_eq!(info(replica.server(), "master_sync_carrier"), "rdma");
}

#[test]
fn either_side_is_killed_while_the_card_reads() {
    let Some(host) = device() else { return };
    let port = lasting_port().to_string();
    let rdma = ["--rdma-bind", &*host, "--rdma-port", &port];
    let slow = ["--repl-sync-memory", "1mb", "--rdb-key-save-delay", "1000"];
    let mut primary = Node::start(&[DEBUG, &rdma, &slow].concat());
    let mut talk = primary.talk();
    talk.check("DEBUG POPULATE 3000 key 1000 | SETRANGE large 1500000 x", "OK | :1500001");
    talk.check("RPUSH list a b c | HSET hash f v | ZADD zset 1 m | SAVE", ":3 | :1 | :1 | OK");
    drop(talk);
    let of = format!("127.0.0.1 {}", primary.port);
    let carriers = ["--repl-sync-carriers", "rdma", "--repl-sync", "onesided"];
    let mut replica = Node::start(&[DEBUG, &carriers, &["--replicaof", &of]].concat());
    in_the_middle(&replica);
    primary.kill();
    let down = || info(replica.server(), "master_sync_in_progress") != "1";
    eventually("it is noticed", down);
    replica.talk().check("DBSIZE", ":0");
    primary.start_again();
    in_the_middle(&replica);
    replica.kill();
    eventually("the table is closed", || info(primary.server(), "sync_table_active") == "0");
    replica.start_again();
    in_the_middle(&replica);
    primary.talk().check("CONFIG SET rdb-key-save-delay 0 | SET late 1", "OK | OK");
    eventually("the link is up", || is_up(replica.server()));
    eventually("the last write is there", || replica.talk().ask("GET late") == "1");
    check(primary.server(), replica.server(), "rdma");
}

#[test]
fn a_history_in_which_the_card_reads() {
    // Emulated, everything takes its time: minutes, unless somebody asks for them.
    if device().is_some() && std::env::var_os("REDPOLL_TEST_KILLS").is_some() {
        history("rdma", &["--repl-timeout", "20"]);
    }
}
