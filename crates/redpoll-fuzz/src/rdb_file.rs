//! Target: any bytes as a snapshot file.
//!
//! The first byte chooses the head, so that the rest is not refused at once. What was loaded before
//! an error stays, and must bear being read and changed.

use crate::exercise::exercise;
use crate::restore_payload;
use crate::store::Store;

const HEADS: [&[u8]; 4] = [b"REDIS0010", b"REDIS0012", b"VALKEY080", b"REDIS0001"];
/// Keys that are looked at after each file.
const KEYS_MAX: usize = 8;

/// The target.
pub fn run(data: &[u8]) {
    let Some((&head, rest)) = data.split_first() else { return };
    let head = HEADS[usize::from(head) % HEADS.len()];
    let file = [head, rest].concat();
    let mut store = Store::default();
    // Whether it is loaded to its end does not matter here.
    store.load(file.clone());
    let keys = store.run(&["KEYS", "*"]);
    let keys = keys.as_slice().unwrap_or_default().iter().filter_map(|key| key.as_bytes());
    for key in keys.take(KEYS_MAX) {
        exercise(&mut store, key, file.len());
    }
}

/// Files with values of all types, and with everything that stands beside keys.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![
        b"\0\xfa\x03abc\x01d\xfe\0\xfb\x01\x01\xfc\0\0\0\0\0\x01\0\0\0\x01k\x01v\xff".to_vec(),
    ];
    for payload in restore_payload::dumped() {
        let (code, value) = (payload[0], &payload[1..payload.len() - 10]);
        let head = u8::from(payload[payload.len() - 10] == 12);
        seeds.push([&[head, 0xfe, 0, 0xf8, 5, code, 1, b'k'], value, &[0xff; 1], &[0; 8]].concat());
    }
    seeds.push(b"\x02\xf4\x01\x01\x00\x00\x01k\x01v\xf5\x03abc\xff\0\0\0\0\0\0\0\0".to_vec());
    seeds
}
