//! Zipmaps: small hashes before Redis 2.6.
//!
//! ```text
//! | pairs: u8 | length name length unused value … unused bytes | … | 0xff |
//! length = one byte below 254, or 254 and four bytes, low byte first
//! ```

use crate::Fault;
use redpoll_types::listpack::{Builder, Listpack};

const END: u8 = 0xff;
const LONG: u8 = 0xfe;
/// The number of pairs from which on it means "count them".
const COUNT_UNKNOWN: u8 = 0xfe;

/// The listpack of names and values of a zipmap, all of which is checked. O(n).
pub(crate) fn from_zipmap(bytes: &[u8]) -> Result<Listpack, Fault> {
    let (&stated, mut rest) = bytes.split_first().ok_or(Fault::Packed)?;
    let mut pack = Builder::with_capacity(bytes.len());
    let mut count = 0usize;
    while rest != [END] {
        let (name, value, after) = pair(rest).ok_or(Fault::Packed)?;
        pack.push(name);
        pack.push(value);
        rest = after;
        count += 1;
    }
    if stated < COUNT_UNKNOWN && usize::from(stated) != count {
        return Err(Fault::Packed);
    }
    Ok(pack.finish())
}

/// A name, its value, and what follows them.
fn pair(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (len, rest) = length(bytes)?;
    let (name, rest) = rest.split_at_checked(len)?;
    let (len, rest) = length(rest)?;
    let (&unused, rest) = rest.split_first()?;
    let (value, rest) = rest.split_at_checked(len)?;
    Some((name, value, rest.get(usize::from(unused)..)?))
}

fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    match first {
        END => None,
        LONG => {
            let (len, rest) = rest.split_first_chunk()?;
            Some((u32::from_le_bytes(*len) as usize, rest))
        }
        _ => Some((first.into(), rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &[u8] = b"\x02\x03foo\x03\x01bar_\xfe\x05\x00\x00\x00hello\x05\x00world\xff";

    #[test]
    fn names_and_values() {
        let pack = from_zipmap(MAP).unwrap();
        let texts: Vec<Vec<u8>> = pack.iter().map(|element| element.to_vec()).collect();
        assert_eq!(texts, [&b"foo"[..], b"bar", b"hello", b"world"]);
        assert!(from_zipmap(b"\x00\xff").unwrap().is_empty());
    }

    #[test]
    fn damage_is_seen() {
        for len in 0..MAP.len() {
            assert!(from_zipmap(&MAP[..len]).is_err(), "{len}");
        }
        let mut counted_wrong = MAP.to_vec();
        counted_wrong[0] = 3;
        assert!(from_zipmap(&counted_wrong).is_err());
        counted_wrong[0] = 254;
        assert!(from_zipmap(&counted_wrong).is_ok());
    }
}
