//! Target: a primary that offers a sync table and then says and shows anything.
//!
//! The input is a list of steps, as a replica would meet them: a line of the directory, or the
//! bytes of a chunk. The replica must take no place that is not within the area, no chunk that is
//! not what was announced, and whatever it loads must bear being read and changed.

use crate::exercise::exercise;
use crate::restore_payload;
use crate::store::Store;
use redpoll_engine::persistence::{Chunk, ChunkLane, ChunkSource};
use redpoll_persist::Pieces;
use redpoll_sync::chunk::{HEADER_LEN, Header, Kind};
use redpoll_sync::wire::{Directory, Offer, Said, chunk_line};
use std::io;
use std::sync::Mutex;

/// What is offered where the input has no offer.
const OFFER: &str = "$TABLE:1 \
    token=0101010101010101010101010101010101010101010101010101010101010101 \
    epoch=1 slots=8 slot=4096 keys=9 shm=name tcp=same";
/// Keys that are looked at afterwards.
const KEYS_MAX: usize = 8;

/// The target.
pub fn run(data: &[u8]) {
    let Some((&first, rest)) = data.split_first() else { return };
    match first % 3 {
        0 => lines(rest),
        1 => headers(rest),
        _ => payloads(rest),
    }
}

/// An offer and a directory, as text.
fn lines(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.lines();
    let known = Offer::parse(OFFER).expect("an offer");
    let offer = lines.next().and_then(Offer::parse).unwrap_or(known);
    assert_eq!(Offer::parse(&offer.to_line()).as_ref(), Some(&offer));
    let (mut directory, mut next) = (Directory::new(&offer), 0);
    for line in lines {
        match directory.read(line) {
            Some(Said::Chunk(place, _)) => {
                assert_eq!(place.number, next);
                next += 1;
                let end = place.offset + place.len as u64;
                assert!(place.len > HEADER_LEN && end <= offer.area_len() as u64);
            }
            Some(Said::End(chunks, _)) => assert_eq!(chunks, next),
            None => {}
        }
    }
}

/// A chunk as it lies in memory; and the same bytes as the payload of a whole one.
fn headers(data: &[u8]) {
    if let Ok((header, payload)) = Header::check(data) {
        assert_eq!(payload.len() + HEADER_LEN, data.len());
        let mut again = data.to_vec();
        header.seal(&mut again);
        assert_eq!(Header::check(&again).map(|(found, _)| found), Ok(header));
    }
    let mut chunk = vec![0; HEADER_LEN];
    chunk.extend_from_slice(data);
    let header = Header { kind: Kind::Whole, epoch: 1, number: 0, keys: 1 };
    header.seal(&mut chunk);
    assert_eq!(Header::check(&chunk), Ok((header, data)));
}

/// Payloads with right checksums: the first byte of each part says how long it is and of which
/// kind.
fn payloads(data: &[u8]) {
    let mut chunks = Vec::new();
    let mut rest = data;
    while let Some((&head, more)) = rest.split_first() {
        let len = more.len().min(usize::from(head >> 2) * 8 + 1);
        let (payload, more) = more.split_at(len);
        chunks.push((Kind::of(u32::from(head & 3)).unwrap_or(Kind::Whole), payload.to_vec()));
        rest = more;
    }
    let mut store = Store::default();
    let source = Given(Mutex::new(chunks.into_iter()));
    let engine = std::sync::Arc::clone(store.engine());
    let mut keys = engine.keyspace.keys(0, store.now);
    // Whether it is loaded to its end does not matter here.
    let _ = engine.load_table(&mut keys, &source);
    drop(keys);
    let keys = store.run(&["KEYS", "*"]);
    let keys = keys.as_slice().unwrap_or_default().iter().filter_map(|key| key.as_bytes());
    for key in keys.take(KEYS_MAX) {
        exercise(&mut store, key, data.len());
    }
}

/// Chunks as the input has them.
struct Given(Mutex<std::vec::IntoIter<(Kind, Vec<u8>)>>);

impl ChunkSource for Given {
    fn lane(&self) -> io::Result<Box<dyn ChunkLane + '_>> {
        Ok(Box::new(Lane { given: self, bytes: Vec::new(), at: 0, is_open: false }))
    }
}

struct Lane<'g> {
    given: &'g Given,
    bytes: Vec<u8>,
    at: usize,
    is_open: bool,
}

impl Lane<'_> {
    fn take(&mut self) -> Option<Kind> {
        let (kind, bytes) = self.given.0.lock().expect("nobody has panicked").next()?;
        (self.bytes, self.at, self.is_open) = (bytes, 0, kind.is_open());
        Some(kind)
    }
}

impl ChunkLane for Lane<'_> {
    fn next(&mut self) -> io::Result<Option<Chunk<'_>>> {
        Ok(match self.take() {
            None => None,
            Some(Kind::Whole) => Some(Chunk::Whole(&self.bytes)),
            Some(_) => Some(Chunk::Pieces(self)),
        })
    }
}

impl Pieces for Lane<'_> {
    fn append(&mut self, out: &mut Vec<u8>, max: usize) -> io::Result<usize> {
        while self.at == self.bytes.len() {
            if !self.is_open {
                return Ok(0);
            }
            self.take().ok_or(io::ErrorKind::UnexpectedEof)?;
        }
        let count = max.min(self.certain());
        out.extend_from_slice(&self.bytes[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }

    fn certain(&self) -> usize {
        self.bytes.len() - self.at
    }
}

/// Directories, chunks, and values of all types.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut directory = format!("\0{OFFER}\n");
    directory += &chunk_line(0, 7, 4096, Kind::Whole);
    directory += &chunk_line(1, 0, 4096, Kind::First);
    directory += &chunk_line(2, 3, 65, Kind::Last);
    directory += "E 3 12\r\n";
    let mut chunk = vec![0; HEADER_LEN];
    chunk.extend_from_slice(b"\xfe\0\0\x01k\x01v");
    Header { kind: Kind::Whole, epoch: 1, number: 0, keys: 1 }.seal(&mut chunk);
    let mut seeds = vec![directory.into_bytes(), [&[1][..], &chunk].concat()];
    for payload in restore_payload::dumped() {
        let (code, value) = (payload[0], &payload[1..payload.len() - 10]);
        let record = [&[0xfe, 0, code, 1, b'k'], value].concat();
        let whole = (record.len() - 1).div_ceil(8).min(63) as u8;
        seeds.push([&[2, whole << 2 | 3][..], &record].concat());
        let half = (record.len() / 16).min(62) as u8;
        let (one, other) = record.split_at(record.len().min(usize::from(half) * 8 + 1));
        seeds.push([&[2, half << 2 | 1][..], one, &[0xfe], other].concat());
    }
    seeds
}
