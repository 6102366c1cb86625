//! Processes that die or stop, on either side.

use super::{config, descriptors, mappings, talk};
use redpoll_tests::{Server, Talk, eventually};
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Names the socket to a process that plays the client which dies.
const VICTIM: &str = "REDPOLL_TEST_VICTIM";

/// No test: what [`victim`] runs in a process of its own.
#[test]
fn plays_the_victim() {
    let Some(socket) = std::env::var_os(VICTIM) else { return };
    let mut config = redpoll_client::Config::new(redpoll_client::Endpoint::Unix(socket.into()));
    config.shared_memory = redpoll_client::SharedMemory::Require;
    let mut talk = Talk::with(&config);
    println!("connected");
    let value = "v".repeat(3000);
    for number in 0.. {
        talk.send(&format!("SET victim:{} {value}", number % 100));
        talk.send("LRANGE nothing 0 -1");
        talk.receive();
        talk.receive();
    }
}

/// A process that sends commands without end.
fn victim(server: &Server) -> Child {
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "shm::faults::plays_the_victim", "--nocapture"])
        .env(VICTIM, server.socket())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("this program starts");
    let mut said = String::new();
    let out = child.stdout.as_mut().expect("it is piped");
    let mut chunk = [0; 256];
    while !said.contains("connected") {
        let count = out.read(&mut chunk).expect("it says something");
        assert!(count > 0, "the client has ended: {said}");
        said += &String::from_utf8_lossy(&chunk[..count]);
    }
    child
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
    assert!(status.expect("kill").success());
}

#[test]
fn clients_killed_at_any_moment_leave_nothing() {
    let mut server = Server::start(&[]);
    let mut other = talk(&server);
    let before = descriptors(&server);
    for round in 0..25u64 {
        let mut child = victim(&server);
        // sleep: so that each dies at another moment.
        std::thread::sleep(Duration::from_micros(round * 317));
        child.kill().expect("it runs");
        child.wait().expect("it has ended");
        other.check("PING", "PONG");
    }
    eventually("all are gone", || other.info("shm_connections") == 1);
    eventually("descriptors are given back", || descriptors(&server) <= before);
    assert_eq!(mappings(&server), 1);
    assert!(server.is_running());
}

#[test]
fn a_stopped_client_stops_nobody_else() {
    let server = Server::start(&[]);
    let mut other = talk(&server);
    let mut child = victim(&server);
    signal(&child, "STOP");
    for _ in 0..1000 {
        other.check("PING", "PONG");
    }
    signal(&child, "CONT");
    signal(&child, "STOP");
    other.check("PING", "PONG");
    child.kill().expect("it is there");
    child.wait().expect("it has ended");
    eventually("it is gone", || other.info("shm_connections") == 1);
}

#[test]
fn clients_of_a_killed_server_get_an_error_within_a_second() {
    let mut server = Server::start(&[]);
    let mut asleep = talk(&server);
    let mut idle = talk(&server);
    asleep.send("BLPOP nothing 0");
    let wait = std::thread::spawn(move || {
        let failed = asleep.connection.receive().is_err();
        (failed, Instant::now())
    });
    // sleep: so that the client sleeps, too.
    std::thread::sleep(Duration::from_millis(50));
    let killed = Instant::now();
    server.signal("KILL");
    server.wait();
    let (failed, when) = wait.join().expect("no panic");
    assert!(failed && when - killed < Duration::from_secs(1), "{:?}", when - killed);
    let begun = Instant::now();
    assert!(idle.connection.command(&["PING"]).is_err());
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[test]
fn a_server_that_ends_says_so() {
    let mut server = Server::start(&[]);
    let mut talk = talk(&server);
    let config = config(&server);
    talk.send("SHUTDOWN NOSAVE");
    assert!(talk.connection.receive().is_err(), "the connection has ended");
    server.wait();
    assert!(redpoll_client::Connection::open(&config).is_err());
}
