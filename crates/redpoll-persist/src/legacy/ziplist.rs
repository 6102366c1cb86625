//! Ziplists: the packed form of small collections before Redis 7.0.
//!
//! ```text
//! | bytes: u32 | offset of the last entry: u32 | entries: u16 | entry … | 0xff |   low byte first
//! entry = length of the entry before (one byte, or 0xfe and four), encoding, data
//! 00llllll                      string of l bytes
//! 01llllll llllllll             string of l bytes, high byte first
//! 10______ l l l l              string of l bytes, high byte first
//! 1100____ 1101____ 1110____    integer of 16, 32, 64 bits
//! 11110000 11111110             integer of 24, 8 bits
//! 1111xxxx                      integer x - 1, for x from 1 to 13
//! ```

use crate::Fault;
use redpoll_types::listpack::{Builder, Element, Listpack};

const HEADER: usize = 10;
const END: u8 = 0xff;
const LONG: u8 = 0xfe;
/// The number of entries that means "count them".
const COUNT_UNKNOWN: u16 = u16::MAX;

/// The listpack with the entries of a ziplist, all of which is checked. O(n).
pub(crate) fn from_ziplist(bytes: &[u8]) -> Result<Listpack, Fault> {
    let (header, entries) = bytes.split_first_chunk::<HEADER>().ok_or(Fault::Packed)?;
    let [a, b, c, d, e, f, g, h, i, j] = *header;
    let total = u32::from_le_bytes([a, b, c, d]) as usize;
    let last = u32::from_le_bytes([e, f, g, h]) as usize;
    let stated = u16::from_le_bytes([i, j]);
    let (&END, entries) = entries.split_last().ok_or(Fault::Packed)? else {
        return Err(Fault::Packed);
    };
    let mut pack = Builder::with_capacity(entries.len());
    let (mut rest, mut before, mut count) = (entries, 0, 0usize);
    let mut tail = HEADER;
    while !rest.is_empty() {
        tail = HEADER + entries.len() - rest.len();
        let (element, len) = entry(rest, before).ok_or(Fault::Packed)?;
        match element {
            Element::Int(value) => pack.push_i64(value),
            Element::Bytes(text) => pack.push(text),
        }
        rest = &rest[len..];
        before = len;
        count += 1;
    }
    let counted = stated == COUNT_UNKNOWN || usize::from(stated) == count;
    if total != bytes.len() || last != tail || !counted {
        return Err(Fault::Packed);
    }
    Ok(pack.finish())
}

/// The entry at the beginning of `bytes` and its length, if the one before has `before` bytes.
fn entry(bytes: &[u8], before: usize) -> Option<(Element<'_>, usize)> {
    let (&first, mut rest) = bytes.split_first()?;
    let mut stated = usize::from(first);
    if first == LONG {
        let (long, after) = rest.split_first_chunk()?;
        (stated, rest) = (u32::from_le_bytes(*long) as usize, after);
    }
    if first == END || stated != before {
        return None;
    }
    let (element, rest) = value(rest)?;
    Some((element, bytes.len() - rest.len()))
}

/// The encoding and the data at the beginning of `bytes`, and what follows them.
fn value(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&code, rest) = bytes.split_first()?;
    let low = usize::from(code & 0x3f);
    match (code >> 6, code) {
        (0, _) => string(rest, low),
        (1, _) => {
            let (&next, rest) = rest.split_first()?;
            string(rest, low << 8 | usize::from(next))
        }
        (2, _) => {
            let (len, rest) = rest.split_first_chunk()?;
            string(rest, u32::from_be_bytes(*len) as usize)
        }
        (_, 0xc0) => int(rest, |bytes| i16::from_le_bytes(bytes).into()),
        (_, 0xd0) => int(rest, |bytes| i32::from_le_bytes(bytes).into()),
        (_, 0xe0) => int(rest, i64::from_le_bytes),
        (_, 0xf0) => int(rest, |[a, b, c]| i64::from(i32::from_le_bytes([0, a, b, c]) >> 8)),
        (_, 0xfe) => int(rest, |bytes| i8::from_le_bytes(bytes).into()),
        (_, 0xf1..=0xfd) => Some((Element::Int(i64::from(code & 0xf) - 1), rest)),
        _ => None,
    }
}

fn string(bytes: &[u8], len: usize) -> Option<(Element<'_>, &[u8])> {
    let (text, rest) = bytes.split_at_checked(len)?;
    Some((Element::Bytes(text), rest))
}

fn int<const N: usize>(
    bytes: &[u8],
    value: impl FnOnce([u8; N]) -> i64,
) -> Option<(Element<'_>, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((Element::Int(value(*number)), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A ziplist of entries without the lengths of those before them.
    fn ziplist(entries: &[&[u8]]) -> Vec<u8> {
        let (mut body, mut before, mut last) = (Vec::new(), 0, HEADER);
        for entry in entries {
            last = HEADER + body.len();
            let start = body.len();
            match before {
                0..254 => body.push(before as u8),
                _ => {
                    body.push(LONG);
                    body.extend_from_slice(&(before as u32).to_le_bytes());
                }
            }
            body.extend_from_slice(entry);
            before = body.len() - start;
        }
        let mut all = ((HEADER + body.len() + 1) as u32).to_le_bytes().to_vec();
        all.extend_from_slice(&(last as u32).to_le_bytes());
        all.extend_from_slice(&(entries.len() as u16).to_le_bytes());
        all.extend_from_slice(&body);
        all.push(END);
        all
    }

    fn texts(pack: &Listpack) -> Vec<String> {
        let text = |element: Element<'_>| String::from_utf8_lossy(&element.to_vec()).into_owned();
        pack.iter().map(text).collect()
    }

    fn all_kinds() -> Vec<u8> {
        let long = [&[0x41, 0x2c][..], &[b'x'; 300]].concat();
        let longest = [&[0x80, 0, 0, 0, 3][..], b"abc"].concat();
        ziplist(&[
            b"\x02hi",
            &long,
            &longest,
            &[0xc0, 0xff, 0xff],
            &[0xd0, 0, 0, 0, 0x80],
            &[0xe0, 1, 0, 0, 0, 0, 0, 0, 0x80],
            &[0xf0, 0xff, 0xff, 0xff],
            &[0xfe, 0x80],
            &[0xf1],
            &[0xfd],
            b"\x00",
        ])
    }

    #[test]
    fn every_kind_of_entry() {
        let pack = from_ziplist(&all_kinds()).unwrap();
        let long = "x".repeat(300);
        let rest = ["-1", "-2147483648", "-9223372036854775807", "-1", "-128", "0", "12", ""];
        assert_eq!(texts(&pack), [&["hi", &long, "abc"][..], &rest].concat());
        assert!(from_ziplist(&ziplist(&[])).unwrap().is_empty());
    }

    #[test]
    fn damage_is_seen() {
        let whole = all_kinds();
        for len in 0..whole.len() {
            assert!(from_ziplist(&whole[..len]).is_err(), "{len}");
        }
        for at in [0, 4, 8, HEADER] {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            assert!(from_ziplist(&damaged).is_err(), "{at}");
        }
    }

    proptest! {
        #[test]
        fn damage_does_no_harm(at in 0usize..400, bit in 0u8..8) {
            let mut damaged = all_kinds();
            let at = at % damaged.len();
            damaged[at] ^= 1 << bit;
            let _ = from_ziplist(&damaged);
        }
    }
}
