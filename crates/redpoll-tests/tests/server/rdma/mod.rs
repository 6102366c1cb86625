//! RDMA: clients whose bytes a network card carries.
//!
//! These tests need a device. `REDPOLL_TEST_RDMA` names an address that has one, as in the virtual
//! machine of `cargo xtask guest`; elsewhere they say that they are skipped.

mod hostile;
mod reading;
mod syncs;

use redpoll_client::{Config, Endpoint};
use redpoll_tests::server::{free_port, new_directory, program};
use redpoll_tests::{Server, Talk, eventually};
use std::process::Command;
use std::time::Duration;

/// The address of a device.
fn device() -> Option<String> {
    let device = std::env::var("REDPOLL_TEST_RDMA").ok();
    if device.is_none() {
        eprintln!("skipped: REDPOLL_TEST_RDMA names no address that has an RDMA device");
    }
    device
}

/// A server that listens over RDMA, if there is a device.
struct Here {
    server: Server,
    host: String,
    port: u16,
}

impl Here {
    fn start(more: &[&str]) -> Option<Here> {
        let (host, port) = (device()?, free_port());
        let number = port.to_string();
        let rdma = ["--rdma-bind", &host, "--rdma-port", &number, "--protected-mode", "no"];
        let server = Server::start(&[&rdma, more].concat());
        Some(Here { server, host, port })
    }

    fn config(&self) -> Config {
        let endpoint = Endpoint::Rdma { host: self.host.clone(), port: self.port };
        let mut config = Config::new(endpoint);
        config.io_timeout = Some(Duration::from_secs(60));
        config.connect_timeout = Some(Duration::from_secs(20));
        config
    }

    /// A client over RDMA.
    fn talk(&self) -> Talk {
        Talk::with(&self.config())
    }
}

#[test]
fn without_a_device_the_server_says_so_and_ends() {
    if device().is_some() {
        return;
    }
    let directory = new_directory();
    let port = free_port().to_string();
    let mut server = Command::new(program());
    let output = server.args(["--port", "0", "--rdma-port", &port]).current_dir(&directory);
    let output = output.output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.status.success());
    assert!(said.contains("(rdma), aborting.") && said.contains("no RDMA"), "{said}");
    let _ = std::fs::remove_dir_all(directory);
}

#[test]
fn commands_and_replies_of_any_size() {
    let Some(here) = Here::start(&[]) else { return };
    let mut talk = here.talk();
    talk.check("PING | SET k v | GET k | GET none", "PONG | OK | v | nil");
    let list = talk.ask("CLIENT LIST");
    assert!(list.contains("transport=rdma") && list.contains(&here.host), "{list}");
    assert!(talk.ask("INFO server").contains(&format!("port={}", here.port)));
    // Both directions' memory is filled several times.
    for size in [1, 100, 65_536, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5_000_000] {
        let value: Vec<u8> = (0..size).map(|at: usize| b'a' + (at * at % 25) as u8).collect();
        assert_eq!(talk.ask_words(&[b"SET", b"large", &value]), "OK");
        assert_eq!(talk.ask("GET large").as_bytes(), value, "{size}");
    }
    for round in 0..20 {
        (0..500).for_each(|at| talk.send(&format!("SET key:{at} {round}:{at}")));
        (0..500).for_each(|_| assert_eq!(talk.receive(), "OK"));
    }
    (0..500).for_each(|at| talk.send(&format!("GET key:{at}")));
    (0..500).for_each(|at| assert_eq!(talk.receive(), format!("19:{at}")));
    // A client by TCP sees the same data.
    here.server.talk().check("GET key:7 | DBSIZE", "19:7 | :502");
}

#[test]
fn a_pipeline_that_fills_both_ways() {
    let Some(here) = Here::start(&[]) else { return };
    let mut client = redpoll_client::Connection::open(&here.config()).expect("it listens");
    let value = "x".repeat(2000);
    let mut commands: Vec<Vec<String>> = vec![vec!["SET".into(), "k".into(), value.clone()]];
    commands.extend((0..2000).map(|_| vec!["GET".into(), "k".into()]));
    let replies = client.pipeline(&commands).expect("replies");
    assert_eq!(replies.len(), 2001);
    assert!(replies[1..].iter().all(|reply| reply.as_bytes() == Some(value.as_bytes())));
}

#[test]
fn messages_come_without_being_asked_for() {
    let Some(here) = Here::start(&[]) else { return };
    let mut subscriber = here.talk();
    subscriber.ask("SUBSCRIBE news");
    let mut publisher = here.server.talk();
    for number in 0..50 {
        assert_eq!(publisher.ask(&format!("PUBLISH news {number}")), ":1");
        assert!(subscriber.receive().contains(&number.to_string()));
    }
    let mut waiting = here.talk();
    waiting.send("BLPOP list 0");
    eventually("it waits", || publisher.info("blocked_clients") == 1);
    publisher.ask("RPUSH list late");
    assert!(waiting.receive().contains("late"));
}

#[test]
fn clients_come_and_go_at_any_moment() {
    let Some(here) = Here::start(&[]) else { return };
    for round in 0..12 {
        let mut talk = here.talk();
        match round % 4 {
            0 => drop(talk),
            1 => {
                talk.send("SET left behind");
                drop(talk);
            }
            2 => {
                talk.send("DEBUG SLEEP 0.05");
                talk.send("PING");
                drop(talk);
            }
            _ => assert_eq!(talk.ask("QUIT"), "OK"),
        }
    }
    let mut talk = here.server.talk();
    eventually("all are gone", || talk.info("connected_clients") == 1);
    eventually("what was sent was done", || talk.ask("GET left") == "behind");
    // One is told when the server closes.
    let mut other = here.talk();
    let id = other.ask("CLIENT ID");
    assert_eq!(talk.ask(&format!("CLIENT KILL ID {}", id.trim_start_matches(':'))), ":1");
    eventually("it is closed", || other.try_ask("PING").is_none());
}

#[test]
fn the_port_can_be_moved_and_closed() {
    let Some(mut here) = Here::start(&[]) else { return };
    let mut tcp = here.server.talk();
    let mut before = here.talk();
    let port = free_port();
    tcp.check(&format!("CONFIG SET rdma-port {port}"), "OK");
    let old = here.config();
    here.port = port;
    assert_eq!(here.talk().ask("PING"), "PONG");
    assert_eq!(before.ask("PING"), "PONG", "who is there stays");
    assert!(redpoll_client::Connection::open(&old).is_err());
    tcp.check("CONFIG SET rdma-port 0", "OK");
    assert!(redpoll_client::Connection::open(&here.config()).is_err());
    let refused = tcp.ask(&format!("CONFIG SET rdma-port {port} rdma-bind 203.0.113.1"));
    assert!(refused.contains("over RDMA"), "{refused}");
}

#[test]
fn protected_mode_lets_nobody_in() {
    let Some(here) = Here::start(&["--protected-mode", "yes"]) else { return };
    let connected = redpoll_client::Connection::open(&here.config());
    assert!(connected.and_then(|mut client| client.command(&["PING"])).is_err());
    eventually("the log says why", || here.server.log().contains("who comes over RDMA"));
}
