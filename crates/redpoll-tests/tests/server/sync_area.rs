//! A primary on the same host whose area holds what it likes: an empty replica, which copies large
//! chunks straight to where they are to be, takes in nothing that is not good to its end.

use redpoll_sync::chunk::{HEADER_LEN, Header, Kind};
use redpoll_sync::wire::{Offer, chunk_line, end_line};
use redpoll_sync::{Admits, Area, Export, Token, shm};
use redpoll_tests::replication::{info, is_up};
use redpoll_tests::{Server, eventually};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

const EPOCH: u64 = 1;
const SLOT: usize = 4 << 20;
const SLOTS: usize = 8;

/// What lies in the slots, from the first on, and what is done to it after it was sealed.
struct Shown {
    chunks: Vec<(Kind, u32, Vec<u8>)>,
    spoil: fn(chunk: usize, bytes: &mut [u8]),
}

impl Shown {
    /// The lines of the directory.
    fn lines(&self) -> String {
        let lines = self.chunks.iter().enumerate().map(|(number, (kind, _, payload))| {
            chunk_line(number as u64, number, HEADER_LEN + payload.len(), *kind)
        });
        let keys = self.chunks.iter().map(|(_, keys, _)| u64::from(*keys)).sum();
        lines.collect::<String>() + &end_line(self.chunks.len() as u64, keys)
    }

    fn area(&self) -> Area {
        let area = Area::new(SLOTS, SLOT).expect("memory");
        for (number, (kind, keys, payload)) in self.chunks.iter().enumerate() {
            let mut slot = area.write(number).expect("a slot");
            let len = HEADER_LEN + payload.len();
            slot[HEADER_LEN..len].copy_from_slice(payload);
            let header = Header { kind: *kind, epoch: EPOCH, number: number as u64, keys: *keys };
            header.seal(&mut slot[..len]);
            (self.spoil)(number, &mut slot[..len]);
        }
        area
    }
}

/// The byte of a string at this place.
fn byte(at: usize) -> u8 {
    ((at * 7) >> 4) as u8
}

/// The record of a string at this key, whose length may be a lie.
fn record(key: u8, len: usize, stated: usize) -> Vec<u8> {
    let mut bytes = vec![0xfe, 0, 0, 1, key, 0x80];
    bytes.extend((stated as u32).to_be_bytes());
    bytes.extend((0..len).map(byte));
    bytes
}

/// Answers PSYNC with a table, as often as it is asked, and other questions with OK.
fn serve(mut stream: TcpStream, offer: &str, streams: &AtomicUsize) {
    let mut command = [0; 4096];
    let mut reads_tables = false;
    while let Ok(count @ 1..) = stream.read(&mut command) {
        let is = |name: &[u8]| command[..count].windows(name.len()).any(|at| at == name);
        reads_tables |= is(b"redpoll-table-1");
        let answer = if is(b"TABLE-DONE") || is(b"ACK") {
            continue;
        } else if is(b"PSYNC") {
            streams.fetch_add(usize::from(!reads_tables), Relaxed);
            offer
        } else if is(b"PING") {
            "+PONG\r\n"
        } else {
            "+OK\r\n"
        };
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

struct Primary {
    port: u16,
    /// How often a stream was asked for in place of a table.
    streams: Arc<AtomicUsize>,
    _export: Box<dyn Export>,
}

impl Primary {
    /// `None`: the kernel has no files that can be sealed so.
    fn start(shown: &Shown) -> Option<Primary> {
        let area = Arc::new(shown.area());
        let token = Token::new().expect("chance");
        let known = token.clone();
        let admits: Arc<Admits> = Arc::new(move |token| *token == known);
        let export = shm::export(area, admits).ok()?;
        let ways = vec![(export.name().to_owned(), export.address())];
        let offer = Offer { token, epoch: EPOCH, slots: SLOTS, slot: SLOT, keys: 1, ways };
        let (id, offer, lines) = ("a".repeat(40), offer.to_line(), shown.lines());
        let offer = format!("+FULLRESYNC {id} 7\r\n{offer}\r\n{lines}");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its number").port();
        let streams = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&streams);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (offer, counted) = (offer.clone(), Arc::clone(&counted));
                thread::spawn(move || serve(stream, &offer, &counted));
            }
        });
        Some(Primary { port, streams, _export: export })
    }
}

fn nothing(_: usize, _: &mut [u8]) {}

#[test]
fn large_chunks_are_taken_whole() {
    let (one, two) = (record(b'a', 2_000_000, 2_000_000), record(b'b', 6_000_000, 6_000_000));
    let several = [record(b'c', 900_000, 900_000), record(b'd', 1_500_000, 1_500_000)].concat();
    let (begin, rest) = two.split_at(2_500_000);
    let (middle, end) = rest.split_at(3_000_000);
    let chunks = vec![
        (Kind::Whole, 1, one.clone()),
        (Kind::First, 0, begin.to_vec()),
        (Kind::Middle, 0, middle.to_vec()),
        (Kind::Last, 1, end.to_vec()),
        (Kind::Whole, 2, several),
    ];
    let Some(primary) = Primary::start(&Shown { chunks, spoil: nothing }) else { return };
    let replica = Server::start(&[]);
    let mut talk = replica.talk();
    talk.check(&format!("REPLICAOF 127.0.0.1 {}", primary.port), "OK");
    eventually("the link is up", || is_up(&replica));
    talk.check("DBSIZE | STRLEN a | STRLEN b | STRLEN c", ":4 | :2000000 | :6000000 | :900000");
    for (key, at) in [("a", 1_999_999), ("b", 5_499_990), ("d", 1_234_567)] {
        let found = talk.ask(&format!("BITFIELD_RO {key} GET u8 #{at}"));
        assert!(found.contains(&format!(":{}", byte(at))), "{key}: {found}");
    }
    assert_eq!(info(&replica, "master_last_sync_carrier"), "shm");
}

#[test]
fn what_is_not_good_to_its_end_is_not_taken_in() {
    let good = record(b'k', 2_000_000, 2_000_000);
    let whole = |bytes: &[u8]| vec![(Kind::Whole, 1, bytes.to_vec())];
    let parts = || {
        let (one, other) = good.split_at(1_000_000);
        vec![(Kind::First, 0, one.to_vec()), (Kind::Last, 1, other.to_vec())]
    };
    let spoiled: [(&str, Shown); 8] = [
        ("its last byte", Shown { chunks: whole(&good), spoil: |_, it| it[it.len() - 1] ^= 1 }),
        ("its checksum", Shown { chunks: whole(&good), spoil: |_, it| it[32] ^= 1 }),
        ("its epoch", Shown { chunks: whole(&good), spoil: |_, it| it[8] ^= 1 }),
        ("its length", Shown { chunks: whole(&good), spoil: |_, it| it[24] ^= 1 }),
        ("its keys", Shown { chunks: whole(&good), spoil: |_, it| it[28] ^= 2 }),
        ("its end", Shown { chunks: whole(&record(b'k', 2_000_000, 2_000_001)), spoil: nothing }),
        (
            "what is behind it",
            Shown { chunks: whole(&[&good[..], b"\xff"].concat()), spoil: nothing },
        ),
        (
            "its second part",
            Shown { chunks: parts(), spoil: |number, it| it[it.len() - 1] ^= number as u8 },
        ),
    ];
    thread::scope(|scope| {
        for (what, shown) in &spoiled {
            scope.spawn(|| is_refused(what, shown));
        }
    });
}

fn is_refused(what: &str, shown: &Shown) {
    let Some(primary) = Primary::start(shown) else { return };
    let replica = Server::start(&[]);
    let mut talk = replica.talk();
    talk.check(&format!("REPLICAOF 127.0.0.1 {}", primary.port), "OK");
    eventually(what, || primary.streams.load(Relaxed) > 0);
    assert_eq!(info(&replica, "master_link_status"), "down", "{what}");
    eventually("it is given up", || talk.ask("REPLICAOF NO ONE") == "OK");
    eventually("nothing is left of it", || talk.ask("DBSIZE") == ":0");
}
