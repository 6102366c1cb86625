//! Tests of the whole: both forms against each other, and against any bytes.

use super::*;
use proptest::prelude::*;

/// Above what any sparse string needs.
const NO_LIMIT: usize = 1 << 20;

fn sparse_of(elements: impl Iterator<Item = u64>) -> Vec<u8> {
    let mut bytes = empty();
    for element in elements {
        add(&mut bytes, &element.to_le_bytes(), NO_LIMIT).expect("a valid string");
    }
    bytes
}

fn registers_of(bytes: &[u8]) -> Vec<u8> {
    let mut registers = Registers::new();
    registers.merge(bytes).expect("a valid string");
    registers.values().to_vec()
}

#[test]
fn an_empty_one() {
    let bytes = empty();
    assert_eq!(bytes, b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff");
    assert_eq!((encoding(&bytes), count(&bytes)), (Ok(Encoding::Sparse), Ok(0)));
    assert_eq!((cached_count(&bytes), decode(&bytes).as_deref()), (Some(0), Ok("Z:16384")));
}

#[test]
fn elements_hash_as_in_redis() {
    for (element, expected) in [
        ("", "Z:5938 v:2,1 Z:10445"),
        ("a", "Z:12711 v:2,1 Z:3672"),
        ("abcdefgh", "Z:1383 v:1,1 Z:15000"),
        ("hello, world", "Z:5834 v:2,1 Z:10549"),
    ] {
        let mut bytes = empty();
        assert_eq!(add(&mut bytes, element.as_bytes(), 3000), Ok(true));
        assert_eq!(add(&mut bytes, element.as_bytes(), 3000), Ok(false));
        assert_eq!(decode(&bytes).as_deref(), Ok(expected), "{element}");
        assert_eq!(cached_count(&bytes), None);
    }
}

#[test]
fn counts_stay_close() {
    for (number, off) in [(1u64, 0), (10, 0), (100, 1), (1000, 20), (10_000, 200), (100_000, 2000)]
    {
        let mut bytes = empty();
        for element in 0..number {
            add(&mut bytes, &element.to_le_bytes(), 3000).expect("a valid string");
        }
        let counted = count(&bytes).expect("a valid string");
        assert!(counted.abs_diff(number) <= off, "{number} counted as {counted}");
    }
}

#[test]
fn what_is_too_large_becomes_dense() {
    let mut bytes = sparse_of(0..100);
    let before = registers_of(&bytes);
    make_dense(&mut bytes).expect("a valid string");
    assert_eq!((encoding(&bytes), bytes.len()), (Ok(Encoding::Dense), DENSE_LEN));
    assert_eq!(registers_of(&bytes), before);
    let mut small = empty();
    add(&mut small, b"a", 18).expect("a valid string");
    assert_eq!(encoding(&small), Ok(Encoding::Dense));
    assert_eq!(count(&small), Ok(1));
}

#[test]
fn every_register_is_its_own() {
    let mut data = vec![0; DENSE_LEN - HEADER];
    for register in 0..REGISTERS {
        assert!(dense::raise(&mut data, register, (register % 63) as u8 + 1));
    }
    for register in 0..REGISTERS {
        assert_eq!(dense::get(&data, register), (register % 63) as u8 + 1);
    }
    for six in data.chunks_exact(6) {
        assert_eq!(dense::squeeze(dense::spread(six)), six);
    }
}

#[test]
fn refuses_what_is_none() {
    let valid = sparse_of(0..50);
    for (bytes, why) in [
        (&b""[..], Invalid::Foreign),
        (b"HYLL", Invalid::Foreign),
        (b"HYLX\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff", Invalid::Foreign),
        (b"HYLL\x02\0\0\0\0\0\0\0\0\0\0\0\x7f\xff", Invalid::Foreign),
        (b"HYLL\x00\0\0\0\0\0\0\0\0\0\0\0\x7f\xff", Invalid::Foreign),
        (b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\0\x7f", Invalid::Corrupt),
        (b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\0", Invalid::Corrupt),
        (&valid[..valid.len() - 1], Invalid::Corrupt),
        (&[&valid[..], b"hello"].concat(), Invalid::Corrupt),
    ] {
        assert_eq!(count(bytes), Err(why), "{bytes:?}");
        assert_eq!(Registers::new().merge(bytes), Err(why), "{bytes:?}");
        assert_eq!(make_dense(&mut bytes.to_vec()), Err(why), "{bytes:?}");
    }
}

/// Runs everything on a string, whatever it is; nothing may panic, and what all accept must agree.
fn exercise(bytes: &[u8], elements: &[Vec<u8>], limit: usize) {
    let counted = count(bytes);
    if encoding(bytes).is_ok() {
        let _ = (cached_count(bytes), decode(bytes));
    }
    let mut registers = Registers::new();
    let merged = registers.merge(bytes);
    assert_eq!(counted.is_ok(), merged.is_ok());
    let mut own = bytes.to_vec();
    for element in elements {
        let _ = add(&mut own, element, limit);
    }
    if merged.is_err() {
        return;
    }
    assert_eq!(counted, Ok(registers.count()));
    // A valid string takes every element, and stays valid.
    registers.merge(&own).expect("a valid string");
    let mut union = bytes.to_vec();
    registers.store(&mut union, limit).expect("a valid string");
    assert_eq!(registers_of(&union), registers.values());
    let mut dense = own.clone();
    make_dense(&mut dense).expect("a valid string");
    assert_eq!(count(&dense), count(&own));
}

proptest! {
    #[test]
    fn any_bytes(
        mut bytes in prop::collection::vec(any::<u8>(), 0..200),
        head in 0..3u8,
        elements in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..6),
    ) {
        if head > 0 && bytes.len() >= HEADER {
            bytes[..4].copy_from_slice(MAGIC);
            bytes[ENCODING_AT] = head - 1;
        }
        exercise(&bytes, &elements, 3000);
    }

    #[test]
    fn nearly_valid_bytes(
        count in 0..400u64,
        changes in prop::collection::vec((any::<u16>(), any::<u8>()), 0..4),
        cut in 0..4usize,
        elements in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..30),
        limit in 18..2000usize,
    ) {
        let mut bytes = sparse_of(0..count);
        for (at, byte) in changes {
            let at = HEADER + usize::from(at) % (bytes.len() - HEADER);
            bytes[at] = byte;
        }
        bytes.truncate(bytes.len() - cut);
        exercise(&bytes, &elements, limit);
    }

    #[test]
    fn a_search_may_go_on(
        own in prop::collection::vec(0..600u64, 0..600),
        other in prop::collection::vec(0..600u64, 0..600),
    ) {
        let (target, other) = (sparse_of(own.into_iter()), sparse_of(other.into_iter()));
        let mut registers = Registers::new();
        registers.merge(&target).expect("valid");
        registers.merge(&other).expect("valid");
        let mut one = target.clone();
        registers.store(&mut one, NO_LIMIT).expect("valid");
        // The same from the start for every register.
        let mut two = target;
        for (register, &value) in registers.values().iter().enumerate() {
            if value > 0 {
                let mut cursor = Cursor::START;
                raise(&mut two, &mut cursor, register, value, NO_LIMIT).expect("valid");
            }
        }
        forget_count(&mut two);
        prop_assert_eq!(one, two);
    }
}
