//! Blocks hold what reading one item after the other gives.

use super::super::record::Key;
use super::super::{FileReader, FileWriter, Header};
use super::*;
use crate::{Object, ValueRef};
use redpoll_types::list::List;

/// A snapshot with two databases, facts, a library, and values large and small.
fn snapshot(keys: usize, value_len: usize, checksum: bool) -> Vec<u8> {
    let header = Header { version: 10, aux: vec![("redis-ver", "7.2.4".into())] };
    let mut bytes = Vec::new();
    let mut file = FileWriter::new(&mut bytes, &header, false, checksum);
    file.function(b"some code");
    for db in [0, 3] {
        file.database(db, keys, 0);
        for number in 0..keys {
            let (key, text) = (format!("{db}:{number}"), vec![b'x'; value_len]);
            let expiry = number.is_multiple_of(3).then_some(number as i64 + 1);
            let mut list = List::new();
            (0..5).for_each(|_| list.push_back(&text[..value_len.min(50)], &limits()));
            let list = list.into();
            let (value, idle, frequency) = match number % 4 {
                0 => (ValueRef::Int(number as i64), None, Some(9)),
                1 => (ValueRef::Text(&text), Some(7), None),
                _ => (ValueRef::Value(&list), None, None),
            };
            file.key(Key { key: key.as_bytes(), value, expiry, idle, frequency });
        }
    }
    file.finish().expect("a vector takes everything");
    bytes
}

fn limits() -> Limits {
    Limits::default()
}

fn shown(item: &Item, db: u64) -> String {
    match item {
        Item::Record(record) => {
            let value = match &record.value {
                Object::Text(text) => format!("{} {:?}", text.len(), text.first()),
                Object::Value(value) => format!("{} {}", value.type_of().name(), value.encoding()),
            };
            let times = (record.expiry, record.idle, record.frequency);
            format!("{db} {} {value} {times:?}", record.key.escape_ascii())
        }
        Item::Aux(name, value) => format!("{} {}", name.escape_ascii(), value.escape_ascii()),
        Item::Function(code) => code.escape_ascii().to_string(),
        Item::Database(number) => format!("database {number}"),
        _ => "something".to_owned(),
    }
}

/// All items, and what ended them.
fn one_by_one(bytes: &[u8]) -> (Vec<String>, Option<Error>) {
    let (mut items, mut db) = (Vec::new(), 0);
    let mut file = match FileReader::new(bytes, true) {
        Ok(file) => file,
        Err(error) => return (items, Some(error)),
    };
    loop {
        match file.next(&limits()) {
            Ok(Some(item)) => {
                if let Item::Database(number) = item {
                    db = number;
                }
                items.push(shown(&item, db));
            }
            Ok(None) => return (items, None),
            Err(error) => return (items, Some(error)),
        }
    }
}

/// The same by blocks, whose bytes are used again.
fn by_blocks(bytes: impl Read, block: usize) -> (Vec<String>, Option<Error>) {
    let mut items = Vec::new();
    let failure = gather(bytes, block, &mut items).err();
    (items, failure)
}

fn gather(bytes: impl Read, block: usize, items: &mut Vec<String>) -> Result<()> {
    let mut file = BlockReader::with_blocks(bytes, true, block)?;
    let (mut sums, mut spare) = (Vec::new(), Vec::new());
    while let Some(part) = file.next(std::mem::take(&mut spare), &limits())? {
        match part {
            Part::Item(item) => items.push(shown(&item, file.db())),
            Part::Block(block) => {
                sums.push(block.sum());
                let mut records = block.records();
                while let Some(item) = records.next(&limits())? {
                    items.push(shown(&item, block.db()));
                }
                spare = block.into_bytes();
            }
        }
    }
    // Whoever reads blocks at the same time may be done in any order.
    sums.reverse();
    file.finish(&sums)
}

/// Gives a few bytes at a time.
struct Drops<'a>(&'a [u8]);

impl Read for Drops<'_> {
    fn read(&mut self, target: &mut [u8]) -> std::io::Result<usize> {
        let len = self.0.len().min(target.len()).min(1000);
        target[..len].copy_from_slice(&self.0[..len]);
        self.0 = &self.0[len..];
        Ok(len)
    }
}

#[test]
fn blocks_hold_what_the_file_holds() {
    const SIZE: usize = 300;
    for (keys, value_len) in [(0, 0), (10, 3), (100, 90), (6, 5 * SIZE), (3, LARGE * SIZE * 3)] {
        for checksum in [true, false] {
            let bytes = snapshot(keys, value_len, checksum);
            let expected = one_by_one(&bytes);
            assert_eq!(expected.1, None);
            for size in [SIZE, BLOCK] {
                assert!(by_blocks(&bytes[..], size) == expected, "{keys} {value_len}");
                assert!(by_blocks(Drops(&bytes), size) == expected, "{keys} {value_len}, in drops");
            }
        }
    }
}

#[test]
fn what_is_cut_or_changed_is_read_up_to_there() {
    let bytes = snapshot(5, 40, true);
    for cut in 0..bytes.len() {
        let (items, error) = one_by_one(&bytes[..cut]);
        let (blocks, fault) = by_blocks(&bytes[..cut], 100);
        assert_eq!(blocks, items, "cut at {cut}");
        assert_eq!(fault.map(|it| it.fault), error.map(|it| it.fault), "cut at {cut}");
    }
    for at in 0..bytes.len() {
        for change in [1, 0x80] {
            let mut damaged = bytes.clone();
            damaged[at] ^= change;
            let (items, error) = one_by_one(&damaged);
            let (blocks, fault) = by_blocks(&damaged[..], 100);
            assert_eq!(blocks, items, "{change} at {at}");
            assert_eq!(fault.map(|it| it.fault), error.map(|it| it.fault), "{change} at {at}");
        }
    }
}
