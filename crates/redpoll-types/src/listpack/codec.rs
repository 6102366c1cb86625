//! One entry of a listpack: its bytes, written and read.
//!
//! ```text
//! entry    = encoding and data, then backlen
//! 0xxxxxxx                       integer 0..127
//! 10llllll  data                 string of l < 64 bytes
//! 110xxxxx xxxxxxxx              13-bit signed integer, high bits first
//! 1110llll llllllll  data        string of l < 4096 bytes, high bits first
//! 11110000 l l l l  data         string, 32-bit length, low byte first
//! 11110001 / 2 / 3 / 4  bytes    16, 24, 32, 64-bit signed integer, low byte first
//! 11111111                       end of the listpack
//! backlen  = length of what precedes it in the entry, 7 bits a byte, read from right to left:
//!            every byte but the last one read has its top bit set
//! ```
//!
//! Functions that take `bytes, at` expect `at` to be the start of an entry of a validated listpack;
//! [`checked_entry_len`] is the one that trusts nothing.

use crate::number::parse_i64;

use super::Element;

/// The byte after the last entry.
pub(crate) const END: u8 = 0xff;

/// An entry ready to be written: at most 9 bytes of encoding, the data, the backlen.
pub(crate) struct Encoded<'a> {
    head: [u8; 9],
    head_len: u8,
    back_len: u8,
    back: [u8; 5],
    body: &'a [u8],
}

impl<'a> Encoded<'a> {
    /// Encodes a text: as an integer when it is the canonical text of one.
    pub(crate) fn text(text: &'a [u8]) -> Self {
        match parse_i64(text) {
            Some(value) => Self::integer(value),
            None => Self::string(text),
        }
    }

    /// Encodes what another listpack held.
    pub(crate) fn element(element: Element<'a>) -> Self {
        match element {
            Element::Int(value) => Self::integer(value),
            Element::Bytes(bytes) => Self::text(bytes),
        }
    }

    fn string(body: &'a [u8]) -> Self {
        let len = body.len();
        let mut head = [0; 9];
        let head_len = if len < 64 {
            head[0] = 0x80 | len as u8;
            1
        } else if len < 4096 {
            head[0] = 0xe0 | (len >> 8) as u8;
            head[1] = len as u8;
            2
        } else {
            head[0] = 0xf0;
            head[1..5].copy_from_slice(&(len as u32).to_le_bytes());
            5
        };
        Self::finish(head, head_len, body)
    }

    /// Encodes an integer in the fewest bytes.
    pub(crate) fn integer(value: i64) -> Self {
        let mut head = [0; 9];
        let bytes = value.to_le_bytes();
        let wide = |head: &mut [u8; 9], tag: u8, width: usize| {
            head[0] = tag;
            head[1..=width].copy_from_slice(&bytes[..width]);
            width as u8 + 1
        };
        let head_len = match value {
            0..=127 => {
                head[0] = value as u8;
                1
            }
            -4096..=4095 => {
                head[0] = 0xc0 | ((value >> 8) as u8 & 0x1f);
                head[1] = value as u8;
                2
            }
            -0x8000..=0x7fff => wide(&mut head, 0xf1, 2),
            -0x80_0000..=0x7f_ffff => wide(&mut head, 0xf2, 3),
            -0x8000_0000..=0x7fff_ffff => wide(&mut head, 0xf3, 4),
            _ => wide(&mut head, 0xf4, 8),
        };
        Self::finish(head, head_len, &[])
    }

    fn finish(head: [u8; 9], head_len: u8, body: &'a [u8]) -> Self {
        let mut back = [0; 5];
        let back_len = write_back_len(head_len as usize + body.len(), &mut back);
        Self { head, head_len, back_len, back, body }
    }

    /// Length of the whole entry in bytes.
    pub(crate) fn len(&self) -> usize {
        self.head_len as usize + self.body.len() + self.back_len as usize
    }

    /// Writes the entry into `target`, which is [`Encoded::len`] bytes long.
    pub(crate) fn write(&self, target: &mut [u8]) {
        let (head, rest) = target.split_at_mut(self.head_len as usize);
        let (body, back) = rest.split_at_mut(self.body.len());
        head.copy_from_slice(&self.head[..self.head_len as usize]);
        body.copy_from_slice(self.body);
        back.copy_from_slice(&self.back[..self.back_len as usize]);
    }

    /// Appends the entry to `target`.
    pub(crate) fn append_to(&self, target: &mut Vec<u8>) {
        target.extend_from_slice(&self.head[..self.head_len as usize]);
        target.extend_from_slice(self.body);
        target.extend_from_slice(&self.back[..self.back_len as usize]);
    }
}

/// Bytes the backlen of an entry of `len` bytes takes. The steps above the first are one short of
/// what 7 bits a byte could hold; that is the format.
#[inline]
fn back_len(len: usize) -> usize {
    match len {
        0..=127 => 1,
        128..16383 => 2,
        16383..2097151 => 3,
        2097151..268435455 => 4,
        _ => 5,
    }
}

/// Writes the backlen for `len` bytes and returns how many bytes it took.
fn write_back_len(len: usize, back: &mut [u8; 5]) -> u8 {
    let count = back_len(len);
    for (place, byte) in back[..count].iter_mut().rev().enumerate() {
        *byte = (len >> (7 * place)) as u8 & 0x7f;
    }
    for byte in &mut back[1..count] {
        *byte |= 0x80;
    }
    count as u8
}

/// Length in bytes of the entry at `at`, its backlen included.
#[inline]
pub(crate) fn entry_len(bytes: &[u8], at: usize) -> usize {
    let len = data_len(bytes, at);
    len + back_len(len)
}

/// Start of the entry that ends just before `end`.
pub(crate) fn previous(bytes: &[u8], end: usize) -> usize {
    let mut len = 0;
    let mut at = end - 1;
    let mut shift = 0;
    loop {
        len |= ((bytes[at] & 0x7f) as usize) << shift;
        if bytes[at] & 0x80 == 0 {
            break;
        }
        shift += 7;
        at -= 1;
    }
    end - len - back_len(len)
}

/// Length of encoding and data, without the backlen.
#[inline]
fn data_len(bytes: &[u8], at: usize) -> usize {
    match bytes[at] {
        0..=0x7f => 1,
        tag @ 0x80..=0xbf => 1 + (tag & 0x3f) as usize,
        0xc0..=0xdf => 2,
        tag @ 0xe0..=0xef => 2 + (((tag & 0x0f) as usize) << 8 | bytes[at + 1] as usize),
        0xf1 => 3,
        0xf2 => 4,
        0xf3 => 5,
        0xf4 => 9,
        _ => 5 + long_len(bytes, at),
    }
}

fn long_len(bytes: &[u8], at: usize) -> usize {
    let mut len = [0; 4];
    len.copy_from_slice(&bytes[at + 1..at + 5]);
    u32::from_le_bytes(len) as usize
}

/// The element at `at` and the length of its entry.
#[inline]
pub(crate) fn decode(bytes: &[u8], at: usize) -> (Element<'_>, usize) {
    let tag = bytes[at];
    let len = data_len(bytes, at);
    let element = match tag {
        0..=0x7f => Element::Int(i64::from(tag)),
        0x80..=0xbf => Element::Bytes(&bytes[at + 1..at + len]),
        0xc0..=0xdf => {
            let raw = i64::from(tag & 0x1f) << 8 | i64::from(bytes[at + 1]);
            Element::Int(raw << 51 >> 51)
        }
        0xe0..=0xef => Element::Bytes(&bytes[at + 2..at + len]),
        0xf1..=0xf4 => Element::Int(wide_integer(&bytes[at + 1..at + len])),
        _ => Element::Bytes(&bytes[at + 5..at + len]),
    };
    (element, len + back_len(len))
}

/// A little-endian signed integer of 2, 3, 4 or 8 bytes.
fn wide_integer(bytes: &[u8]) -> i64 {
    let mut raw = [0; 8];
    raw[..bytes.len()].copy_from_slice(bytes);
    let unused = 64 - 8 * bytes.len() as u32;
    i64::from_le_bytes(raw) << unused >> unused
}

/// Length of the entry at the start of `bytes` if it lies within them and is well formed: a known
/// encoding, the data complete, the backlen exactly as this module would write it.
pub(crate) fn checked_entry_len(bytes: &[u8]) -> Option<usize> {
    let head_len = match bytes.first()? {
        0xe0..=0xef => 2,
        0xf0 => 5,
        0xf5..=0xff => return None,
        _ => 1,
    };
    if bytes.len() < head_len {
        return None;
    }
    let len = data_len(bytes, 0);
    let mut back = [0; 5];
    let back_len = write_back_len(len, &mut back) as usize;
    let end = len.checked_add(back_len)?;
    (bytes.get(len..end)? == &back[..back_len]).then_some(end)
}
