//! Target: any bytes as a payload of RESTORE, with a good checksum.
//!
//! The first byte chooses the version, the second the type, the rest is the value: so the codec is
//! reached behind the checksum. What is taken must bear being read, changed and dumped again.

use crate::exercise::exercise;
use crate::store::Store;
use redpoll_persist::payload;

const VERSIONS: [u16; 5] = [10, 12, 80, 1, 13];

/// The target.
pub fn run(data: &[u8]) {
    let Some((&version, body)) = data.split_first() else { return };
    let version = VERSIONS[usize::from(version) % VERSIONS.len()];
    let mut payload = Vec::new();
    payload::seal(&mut payload, body, version);
    let mut store = Store::default();
    let reply = store.run(&[&b"RESTORE"[..], b"k", b"0", &payload]);
    if !reply.is_error() {
        exercise(&mut store, b"k", payload.len());
    }
}

/// Values of all types in all encodings that are written, and some that are only read.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = OLD.iter().map(|(version, body)| seed(*version, body)).collect();
    seeds.extend(dumped().iter().map(|payload| {
        let version = u8::from(payload[payload.len() - 10] == 12);
        seed(version, &payload[..payload.len() - 10])
    }));
    seeds
}

fn seed(version: u8, body: &[u8]) -> Vec<u8> {
    [&[version], body].concat()
}

/// The payloads of values of all types.
pub(crate) fn dumped() -> Vec<Vec<u8>> {
    let numbers: Vec<String> = (0..600).map(|number| number.to_string()).collect();
    let mut lines: Vec<Vec<String>> = [
        "SET k 12",
        "SET k hello",
        "RPUSH k a b 3",
        "SADD k 1 2 300",
        "SADD k a b",
        "ZADD k 1 a 2.5 b",
        "HSET k a b c 1",
    ]
    .iter()
    .map(|line| line.split(' ').map(str::to_owned).collect())
    .collect();
    lines.push(vec!["SET".into(), "k".into(), "ab".repeat(500)]);
    for name in ["RPUSH", "SADD", "ZADD", "HSET"] {
        lines.push([&[name.to_owned(), "k".to_owned()], &numbers[..]].concat());
    }
    let mut store = Store::default();
    let mut payloads = Vec::new();
    for line in lines {
        store.run(&["DEL", "k"]);
        store.run(&line);
        payloads.extend(store.run(&["DUMP", "k"]).as_bytes().map(<[u8]>::to_vec));
        if line[0] == "ZADD" {
            payloads.extend(stream(&mut store));
        }
        if line[0] == "HSET" {
            store.run(&["HPEXPIREAT", "k", "1800000000000", "FIELDS", "1", &line[2]]);
            payloads.extend(store.run(&["DUMP", "k"]).as_bytes().map(<[u8]>::to_vec));
        }
    }
    payloads
}

/// The payload of a stream with a group.
fn stream(store: &mut Store) -> Option<Vec<u8>> {
    for line in [
        "DEL k",
        "XADD k 1-1 f v",
        "XADD k 1-2 f w g x",
        "XADD k 5-1 f 7",
        "XGROUP CREATE k g 0",
        "XREADGROUP GROUP g c COUNT 2 STREAMS k >",
        "XDEL k 1-2",
    ] {
        store.run(&line.split(' ').collect::<Vec<_>>());
    }
    store.run(&["DUMP", "k"]).as_bytes().map(<[u8]>::to_vec)
}

/// Encodings that are only read.
const OLD: &[(u8, &[u8])] = &[
    (0, b"\x03\x02\x01a\x031.5\x01b\xff"),
    (0, b"\x09\x0c\x01\x03foo\x03\x01bar_\xff"),
    (0, b"\x0a\x12\x12\0\0\0\x0d\0\0\0\x02\0\0\x01a\x03\xf2\xff"),
    (0, b"\x0e\x01\x12\x12\0\0\0\x0d\0\0\0\x02\0\0\x01a\x03\xf2\xff"),
    (0, b"\x01\x02\x01a\xc0\x05"),
    (0, b"\x14\x0d\x0d\0\0\0\x02\0\x81a\x02\x81b\x02\xff"),
    (1, b"\x16\x02\x00\x01a\x01b\x09\x01c\x01d"),
    (2, b"\x16\x01\x01a\x01b\xff\xff\xff\xff\xff\xff\xff\xff"),
];
