//! Clients that talk through shared memory. Most of what clients do is tested over sockets, and
//! over shared memory with `REDPOLL_TEST_SHM=1`; here is what is special to it.

mod carries;
mod faults;
mod hostile;
mod legacy;

use redpoll_client::{Config, Connection, Endpoint, SharedMemory};
use redpoll_shm::handshake::{self, Answer};
use redpoll_tests::{PATIENCE, Server, Talk};
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

/// How a client of shared memory connects.
fn config(server: &Server) -> Config {
    let mut config = Config::new(Endpoint::Unix(server.socket()));
    config.io_timeout = Some(PATIENCE);
    config.shared_memory = SharedMemory::Require;
    config
}

fn talk(server: &Server) -> Talk {
    Talk::with(&config(server))
}

/// A client with rings of this size.
fn with_ring(server: &Server, ring: usize) -> Talk {
    let mut config = config(server);
    config.shared_memory = SharedMemory::No;
    let connection = Connection::open(&config).expect("the socket");
    let connection = connection.open_rings(Some(ring)).expect("an answer");
    assert_eq!(connection.refusal(), None);
    Talk { connection }
}

/// Asks for the memory, and takes its descriptor without mapping it.
fn memory_of(server: &Server, ring: usize) -> (UnixStream, OwnedFd) {
    let mut socket = UnixStream::connect(server.socket()).expect("the socket");
    socket.write_all(&handshake::request(Some(ring))).expect("written");
    match handshake::receive(&socket).expect("an answer") {
        Answer::Granted(memory) => (socket, memory),
        Answer::Refused(why) => panic!("refused: {why}"),
    }
}

/// Open descriptors of the server.
fn descriptors(server: &Server) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", server.pid())).expect("/proc").count()
}

/// Memory files that the server has mapped.
fn mappings(server: &Server) -> usize {
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", server.pid())).expect("/proc");
    maps.lines().filter(|line| line.contains("/memfd:redpoll")).count()
}
