//! The stream form of a list: one posting behind the other.
//!
//! A posting is the distance to the document before and a bit that says that the term occurs once;
//! if it does not: how often, and at how many positions. Then the fields, then the positions'
//! distances.

use super::super::varint;
use super::Format;

/// Appends what a posting says besides the document. True if the term occurs once, which the bit
/// beside the document says.
pub fn write_payload(
    out: &mut Vec<u8>,
    format: Format,
    freq: u32,
    mask: u128,
    positions: impl ExactSizeIterator<Item = u32>,
) -> bool {
    let freq = if format.freqs { freq } else { 1 };
    let once = freq == 1 && (!format.positions || positions.len() == 1);
    if !once {
        varint::write(out, freq);
        if format.positions {
            varint::write(out, positions.len() as u32);
        }
    }
    if format.masks {
        varint::write_wide(out, mask);
    }
    if format.positions {
        let mut last = 0;
        for position in positions {
            varint::write(out, position - last);
            last = position;
        }
    }
    once
}

/// Appends a posting whose payload is made already. `distance` is that to the document before.
pub fn write_posting(out: &mut Vec<u8>, distance: u32, once: bool, payload: &[u8]) {
    let wide = u64::from(distance) << 1 | u64::from(once);
    write_u64(out, wide);
    out.extend_from_slice(payload);
}

fn write_u64(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn read_u64(bytes: &[u8], at: &mut usize) -> u64 {
    let mut value = 0;
    let mut shift = 0;
    loop {
        let byte = bytes.get(*at).copied().unwrap_or(0);
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 || shift >= 56 {
            return value;
        }
        shift += 7;
    }
}

/// A posting of a stream, as it is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct StreamPosting {
    pub distance: u32,
    pub freq: u32,
    pub mask: u128,
    /// Where its positions begin in the stream.
    pub positions_at: usize,
    /// How many positions there are.
    pub positions: u32,
}

/// Reads the posting at `at` and moves `at` behind it.
#[inline]
pub fn read_posting(bytes: &[u8], at: &mut usize, format: Format) -> StreamPosting {
    let head = match bytes.get(*at) {
        Some(&byte) if byte < 0x80 => {
            *at += 1;
            u64::from(byte)
        }
        _ => read_u64(bytes, at),
    };
    let mut freq = 1;
    let mut positions = u32::from(format.positions);
    if head & 1 == 0 {
        freq = varint::read(bytes, at);
        if format.positions {
            positions = varint::read(bytes, at);
        }
    }
    let mask = if format.masks { varint::read_wide(bytes, at) } else { format.implied_mask };
    let positions_at = *at;
    for _ in 0..positions {
        while bytes.get(*at).is_some_and(|&byte| byte >= 0x80) {
            *at += 1;
        }
        *at += 1;
        if *at > bytes.len() {
            break;
        }
    }
    StreamPosting { distance: (head >> 1) as u32, freq, mask, positions_at, positions }
}
