//! A full block: 128 postings, bit-packed by kind.
//!
//! ```text
//! width of documents, width of frequencies    a byte each
//! documents                                   distances
//! frequencies                                 less one; nothing if the format has none
//! fields       ONE and the set; or PACKED, a width and the sets; or WIDE and 128 sets
//! positions    SAME if there are as many as the frequency says, else a width and their numbers
//!              less one; then all distances, in packed groups of 128 and a rest of bytes
//! ```

use super::super::varint;
use super::{BLOCK, Format};
use bitpacking::{BitPacker, BitPacker4x};

const ONE: u8 = 0;
const PACKED: u8 = 1;
const WIDE: u8 = 2;
const SAME: u8 = 255;

/// The postings of a block that is being filled.
#[derive(Debug, Default)]
pub struct Filling {
    pub docs: Vec<u32>,
    pub freqs: Vec<u32>,
    pub masks: Vec<u128>,
    pub counts: Vec<u32>,
    /// Distances of the positions of all postings.
    pub distances: Vec<u32>,
}

impl Filling {
    pub fn clear(&mut self) {
        self.docs.clear();
        self.freqs.clear();
        self.masks.clear();
        self.counts.clear();
        self.distances.clear();
    }

    /// Appends the block's bytes. `before` is the document before the first. Returns how many of
    /// the bytes are those of positions.
    pub fn write(&self, out: &mut Vec<u8>, format: Format, before: Option<u32>) -> usize {
        let packer = BitPacker4x::new();
        let doc_width = packer.num_bits_strictly_sorted(before, &self.docs);
        let freqs: Vec<u32> = self.freqs.iter().map(|freq| freq.saturating_sub(1)).collect();
        let freq_width = if format.freqs { packer.num_bits(&freqs) } else { 0 };
        out.push(doc_width);
        out.push(freq_width);
        let at = out.len();
        out.resize(at + size(doc_width), 0);
        packer.compress_strictly_sorted(before, &self.docs, &mut out[at..], doc_width);
        if format.freqs {
            pack(out, &freqs, freq_width);
        }
        if format.masks {
            self.write_masks(out);
        }
        let before = out.len();
        if format.positions {
            self.write_positions(out);
        }
        out.len() - before
    }

    fn write_masks(&self, out: &mut Vec<u8>) {
        let first = self.masks.first().copied().unwrap_or(0);
        if self.masks.iter().all(|mask| *mask == first) {
            out.push(ONE);
            varint::write_wide(out, first);
            return;
        }
        let narrow: Option<Vec<u32>> =
            self.masks.iter().map(|mask| u32::try_from(*mask).ok()).collect();
        match narrow {
            Some(masks) => {
                out.push(PACKED);
                pack_with_width(out, &masks);
            }
            None => {
                out.push(WIDE);
                self.masks.iter().for_each(|mask| varint::write_wide(out, *mask));
            }
        }
    }

    fn write_positions(&self, out: &mut Vec<u8>) {
        if self.counts == self.freqs {
            out.push(SAME);
        } else {
            let counts: Vec<u32> =
                self.counts.iter().map(|count| count.saturating_sub(1)).collect();
            pack_with_width(out, &counts);
        }
        let groups = self.distances.chunks_exact(BLOCK);
        let rest = groups.remainder();
        groups.for_each(|group| pack_with_width(out, group));
        rest.iter().for_each(|distance| varint::write(out, *distance));
    }
}

fn size(width: u8) -> usize {
    usize::from(width) * BLOCK / 8
}

fn pack(out: &mut Vec<u8>, values: &[u32], width: u8) {
    let at = out.len();
    out.resize(at + size(width), 0);
    BitPacker4x::new().compress(values, &mut out[at..], width);
}

fn pack_with_width(out: &mut Vec<u8>, values: &[u32]) {
    let width = BitPacker4x::new().num_bits(values);
    out.push(width);
    pack(out, values, width);
}

fn unpack_with_width(bytes: &[u8], at: &mut usize, out: &mut [u32]) {
    let width = bytes[*at];
    *at += 1;
    *at += BitPacker4x::new().decompress(&bytes[*at..], out, width);
}

/// Reads the documents of a block. Returns where the frequencies begin.
#[inline]
pub fn read_docs(bytes: &[u8], before: Option<u32>, docs: &mut [u32; BLOCK]) -> usize {
    let width = bytes[0];
    2 + BitPacker4x::new().decompress_strictly_sorted(before, &bytes[2..], docs, width)
}

/// Where the frequencies begin and end.
fn freqs_end(bytes: &[u8]) -> (usize, usize) {
    let start = 2 + size(bytes[0]);
    (start, start + size(bytes[1]))
}

/// Reads the frequencies of a block.
#[inline]
pub fn read_freqs(bytes: &[u8], freqs: &mut [u32; BLOCK]) {
    let (start, end) = freqs_end(bytes);
    if start == end {
        freqs.fill(1);
        return;
    }
    BitPacker4x::new().decompress(&bytes[start..], freqs, bytes[1]);
    freqs.iter_mut().for_each(|freq| *freq += 1);
}

/// Reads the sets of fields of a block. Returns where the positions begin.
pub fn read_masks(bytes: &[u8], format: Format, masks: &mut Vec<u128>) -> usize {
    let (_, mut at) = freqs_end(bytes);
    masks.clear();
    if !format.masks {
        masks.resize(BLOCK, format.implied_mask);
        return at;
    }
    at += 1;
    match bytes[at - 1] {
        ONE => {
            let mask = varint::read_wide(bytes, &mut at);
            masks.resize(BLOCK, mask);
        }
        PACKED => {
            let mut narrow = [0; BLOCK];
            unpack_with_width(bytes, &mut at, &mut narrow);
            masks.extend(narrow.iter().map(|mask| u128::from(*mask)));
        }
        _ => masks.extend((0..BLOCK).map(|_| varint::read_wide(bytes, &mut at))),
    }
    at
}

/// Where the positions begin, without reading the sets of fields.
fn positions_start(bytes: &[u8], format: Format) -> usize {
    let (_, mut at) = freqs_end(bytes);
    if format.masks {
        at += 1;
        match bytes[at - 1] {
            PACKED => at += 1 + size(bytes[at]),
            mode => {
                for _ in 0..if mode == ONE { 1 } else { BLOCK } {
                    varint::read_wide(bytes, &mut at);
                }
            }
        }
    }
    at
}

/// Reads the positions of a block: where each posting's begin in `distances`, and these.
pub fn read_positions(
    bytes: &[u8],
    format: Format,
    freqs: &[u32; BLOCK],
    starts: &mut Vec<u32>,
    distances: &mut Vec<u32>,
) {
    let mut at = positions_start(bytes, format);
    let mut counts = *freqs;
    if bytes[at] == SAME {
        at += 1;
    } else {
        unpack_with_width(bytes, &mut at, &mut counts);
        counts.iter_mut().for_each(|count| *count += 1);
    }
    starts.resize(BLOCK + 1, 0);
    let mut total = 0;
    for (start, count) in starts.iter_mut().zip(counts) {
        *start = total;
        total += count;
    }
    starts[BLOCK] = total;
    distances.clear();
    distances.resize(total as usize, 0);
    let mut groups = distances.chunks_exact_mut(BLOCK);
    for group in &mut groups {
        unpack_with_width(bytes, &mut at, group);
    }
    for distance in groups.into_remainder() {
        *distance = varint::read(bytes, &mut at);
    }
}
