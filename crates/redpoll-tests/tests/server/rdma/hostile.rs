//! Clients that do not keep to the protocol of RDMA connections.

use super::Here;
use redpoll_rdma::control::{self, Control, Window};
use redpoll_rdma::dial;
use redpoll_rdma::verbs::{
    Access, Bell, Channel, Domain, Happening, Pages, Queue, QueuePair, Region, Sizes,
};
use redpoll_tests::eventually;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A connection that sends whatever it is told to.
struct Wild {
    pair: QueuePair,
    memory: Region,
    channel: Arc<Channel>,
}

const SIZE: usize = 4096;

impl Wild {
    fn connect(here: &Here) -> Wild {
        let to: SocketAddr = format!("{}:{}", here.host, here.port).parse().expect("an address");
        let deadline = Instant::now() + Duration::from_secs(20);
        let channel = Channel::open().expect("RDMA");
        let id = dial::resolve(&channel, to, deadline).expect("a way");
        let domain = Domain::of(&id).expect("a domain");
        let bell = Bell::new(&domain).expect("a bell");
        let queue = || Queue::new(&bell, 64, 0).expect("a queue");
        let sizes = Sizes { send: 64, receive: 64 };
        let pair = QueuePair::new(id, &domain, (queue(), queue()), sizes).expect("a queue pair");
        let pages = Arc::new(Pages::new(2 * SIZE).expect("memory"));
        let memory = Region::new(&domain, pages, Access::RemoteWrite).expect("a region");
        for slot in 0..64 {
            let at = SIZE + slot * control::LEN;
            pair.receive(&memory, at..at + control::LEN, slot as u64).expect("a place to receive");
        }
        pair.id().connect(1, &[]).expect("a request");
        dial::await_event(&channel, Happening::Established, deadline).expect("it accepts");
        Wild { pair, memory, channel }
    }

    fn send(&self, bytes: &[u8]) {
        self.memory.pages().copy_in(0, bytes);
        self.pair.send(&self.memory, 0..bytes.len(), 0).expect("it is sent");
        // sleep: so that the next comes at another moment.
        std::thread::sleep(Duration::from_millis(20));
    }

    /// Says that so many bytes were written, and writes none.
    fn claim(&self, count: u32) {
        self.pair.write(&self.memory, 0..0, (0, 0), count, 0).expect("it is sent");
        // sleep: as above.
        std::thread::sleep(Duration::from_millis(20));
    }

    #[track_caller]
    fn expect_closed(&self) {
        let deadline = Instant::now() + Duration::from_secs(30);
        let ended = dial::await_event(&self.channel, Happening::Other, deadline);
        let error = ended.err().expect("there is an end").kind();
        // Where the other end is gone before it has heard that the connection stands, it is
        // refused.
        let closed = [ErrorKind::ConnectionReset, ErrorKind::ConnectionRefused];
        assert!(closed.contains(&error), "{error}");
    }
}

fn window(address: u64, length: u32, key: u32) -> [u8; control::LEN] {
    Control::RegisterXferMemory(Window { address, length, key }).encode()
}

#[test]
fn who_breaks_the_rules_is_closed_and_nobody_else() {
    let Some(here) = Here::start(&[]) else { return };
    let mut bystander = here.talk();
    let broken: [&dyn Fn(&Wild); 7] = [
        &|wild| wild.send(b"short"),
        &|wild| wild.send(&[0xff; control::LEN]),
        &|wild| wild.send(&window(0, 0, 0)),
        &|wild| wild.claim(u32::MAX),
        &|wild| {
            wild.claim(1 << 19);
            wild.claim((1 << 19) + 1);
        },
        &|wild| wild.send(&Control::SetClientFeature { select: 0, features: 1 }.encode()),
        // Memory that is not there: the first reply cannot be written.
        &|wild| {
            wild.send(&window(4096, u32::MAX, 7));
            wild.claim(1);
            wild.claim(64);
            wild.claim((1 << 20) - 65);
        },
    ];
    for (number, act) in broken.iter().enumerate() {
        let wild = Wild::connect(&here);
        act(&wild);
        if number < 6 {
            wild.expect_closed();
        }
        assert_eq!(bystander.ask("PING"), "PONG", "{number}");
    }
    let mut tcp = here.server.talk();
    eventually("they are gone", || tcp.info("connected_clients") == 2);
    let log = here.server.log();
    assert!(log.contains("it broke the rules of RDMA"), "{log}");
}

#[test]
fn who_asks_without_end_and_reads_no_answer_is_closed() {
    let Some(here) = Here::start(&[]) else { return };
    let wild = Wild::connect(&here);
    let ask = Control::GetServerFeature { select: 0, features: 0 }.encode();
    wild.memory.pages().copy_in(0, &ask);
    // As many answers can be received as there are places; the rest of them is owed.
    for _ in 0..400 {
        while wild.pair.sent().take().is_ok_and(|batch| batch.is_full()) {}
        if wild.pair.send(&wild.memory, 0..ask.len(), 0).is_err() {
            // sleep: the queue is full.
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    let mut tcp = here.server.talk();
    eventually("it is closed", || tcp.info("connected_clients") == 1);
}
