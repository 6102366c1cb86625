//! Replicas that are let into a sync table and then read nothing, or hardly anything: others that
//! come meanwhile have a table of their own soon, by whichever carrier the first ones hold on.

use redpoll_sync::wire::Offer;
use redpoll_sync::{Carrier, rdma, shm};
use redpoll_tests::replication::{converge, follow, info, is_up};
use redpoll_tests::{Server, eventually};
use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, TcpStream};
use std::thread;
use std::time::Duration;

/// Silence alone ends nothing while a test lasts.
const PATIENT: &[&str] = &["--enable-debug-command", "yes", "--repl-timeout", "3600"];

/// A primary with some data, all of which fits into its window.
pub fn fill(primary: &Server) {
    primary.talk().check("DEBUG POPULATE 20000 key 1000", "OK");
}

/// Says what a replica says that can read tables.
pub struct Hostage {
    stream: BufReader<TcpStream>,
    pub offer: Offer,
}

impl Hostage {
    pub fn of(primary: &Server) -> Hostage {
        let mut stream = TcpStream::connect(("127.0.0.1", primary.port)).expect("it listens");
        let words = "REPLCONF capa eof capa psync2 capa redpoll-table-1\r\nPSYNC ? -1\r\n";
        stream.write_all(words.as_bytes()).expect("it is sent");
        let mut stream = BufReader::new(stream);
        loop {
            let mut line = String::new();
            let count = stream.read_line(&mut line).expect("a line");
            assert_ne!(count, 0, "the primary has closed");
            if let Some(offer) = Offer::parse(line.trim_end()) {
                return Hostage { stream, offer };
            }
        }
    }

    /// Says that it is done with a chunk.
    fn done(&mut self, number: usize) -> bool {
        let words = format!("REPLCONF TABLE-DONE {number}\r\n");
        self.stream.get_mut().write_all(words.as_bytes()).is_ok()
    }

    /// Keeps the memory of the primary, as a replica on its host does.
    fn map(&self) -> Box<dyn Carrier> {
        let name = self.offer.way(shm::NAME).expect("it is offered");
        shm::open(name, &self.offer.token, self.offer.area_len()).expect("it is let in")
    }

    /// Keeps a connection of a card that may read the primary's memory.
    pub fn connect(&self, host: IpAddr) -> Box<dyn Carrier> {
        let places = self.offer.way(rdma::NAME).expect("it is offered");
        rdma::open(places, host, &self.offer.token, self.offer.area_len()).expect("it is let in")
    }
}

/// A replica that comes now is served although somebody holds a table.
#[track_caller]
pub fn is_served(primary: &Server, replica: &Server) {
    follow(replica, primary);
    eventually("the link is up", || is_up(replica));
    converge(primary, replica);
    eventually("who held it is gone", || info(primary, "sync_table_dropped") == "1");
    let log = primary.log();
    assert!(log.contains("(sync table): others wait for it"), "{log}");
    eventually("no table is left", || info(primary, "sync_table_active") == "0");
}

#[test]
fn who_reads_nothing_holds_no_table() {
    let primary = Server::start(PATIENT);
    fill(&primary);
    let _silent = Hostage::of(&primary);
    is_served(&primary, &Server::start(PATIENT));
}

#[test]
fn who_maps_the_table_and_reads_nothing_holds_none() {
    let primary = Server::start(PATIENT);
    fill(&primary);
    let silent = Hostage::of(&primary);
    if silent.offer.way(shm::NAME).is_none() {
        return;
    }
    let _mapped = silent.map();
    is_served(&primary, &Server::start(PATIENT));
}

#[test]
fn who_reads_a_little_now_and_then_holds_no_table() {
    let primary = Server::start(&[PATIENT, &["--repl-sync-memory", "1mb"]].concat());
    fill(&primary);
    let mut slow = Hostage::of(&primary);
    let drips = thread::spawn(move || {
        let mut number = 0;
        while slow.done(number) {
            number += 1;
            // sleep: so slow is this reader.
            thread::sleep(Duration::from_millis(200));
        }
    });
    is_served(&primary, &Server::start(PATIENT));
    drips.join().expect("it was let go");
}

/// So many snapshots are streamed at once.
const STREAMS: usize = 3;

/// The same where the snapshot comes as a stream: all that are sent at once go to such as take
/// nothing.
#[test]
fn who_takes_nothing_of_a_stream_holds_up_nobody() {
    let stream = ["--repl-sync", "stream", "--repl-diskless-sync", "no", "--rdbcompression", "no"];
    let primary = Server::start(&[PATIENT, &stream].concat());
    // More than goes into buffers on the way.
    primary.talk().check("DEBUG POPULATE 500 key 100000", "OK");
    let mut silent = Vec::new();
    for count in 1..=STREAMS {
        let mut raw = primary.raw();
        raw.send("REPLCONF capa eof\r\nPSYNC ? -1\r\n");
        silent.push(raw);
        let begun = || primary.log().matches("sending it a snapshot").count();
        eventually("it is sent", || begun() == count);
    }
    let replica = Server::start(PATIENT);
    follow(&replica, &primary);
    eventually("the link is up", || is_up(&replica));
    converge(&primary, &replica);
    let log = primary.log();
    assert!(log.contains("(full sync): others wait for it"), "{log}");
}

/// One that keeps pace is not let go for others, however long its table takes; they have another.
#[test]
fn others_do_not_wait_for_a_long_table() {
    let primary = Server::start(&[PATIENT, &["--rdb-key-save-delay", "10000"]].concat());
    primary.talk().check("DEBUG POPULATE 6000 key 100", "OK");
    let (first, second) = (Server::start(PATIENT), Server::start(PATIENT));
    follow(&first, &primary);
    eventually("the first reads", || info(&primary, "sync_table_readers") == "1");
    follow(&second, &primary);
    eventually("both read", || info(&primary, "sync_table_active") == "2");
    assert_eq!(info(&primary, "sync_table_readers"), "2");
    assert_eq!(info(&primary, "sync_table_dropped"), "0");
    for replica in [&first, &second] {
        eventually("it comes", || info(replica, "master_sync_in_progress") == "1");
    }
}
