//! Compressing LZF: greedy, with the last place of every three bytes in a table.

use super::{BACK_MAX, COPY_MAX, LITERAL_MAX};
use std::cell::RefCell;

const TABLE_BITS: u32 = 14;
/// The shortest sequence that is looked up, and copied.
const SHORTEST: usize = 3;
/// Beyond this, places would not fit the table.
const INPUT_MAX: usize = 1 << 30;

thread_local! {
    /// One table a thread: to clear 64 KiB for a string of 30 bytes would cost more than it.
    static TABLE: RefCell<Table> = const { RefCell::new(Table { places: Vec::new(), base: 0 }) };
}

/// Where sequences stood last. Places of an input are counted from `base` on, which moves on with
/// every input, so that those of earlier ones are known by being below it.
struct Table {
    places: Vec<u32>,
    base: u32,
}

impl Table {
    fn start(&mut self, len: usize) {
        if self.places.is_empty() || self.base as usize + len > u32::MAX as usize {
            self.places = vec![0; 1 << TABLE_BITS];
            self.base = 1;
        }
    }

    fn slot(sequence: [u8; SHORTEST]) -> usize {
        let [a, b, c] = sequence.map(u32::from);
        ((a << 16 | b << 8 | c).wrapping_mul(0x9e37_79b1) >> (32 - TABLE_BITS)) as usize
    }

    /// Notes that the sequence stands at `at` now, and answers where it may have stood before.
    fn swap(&mut self, sequence: [u8; SHORTEST], at: usize) -> Option<usize> {
        let place = &mut self.places[Self::slot(sequence)];
        let before = std::mem::replace(place, self.base + at as u32);
        before.checked_sub(self.base).map(|before| before as usize)
    }
}

/// The compressed form of a text, if it is shorter than `limit` bytes.
pub(crate) fn compress(text: &[u8], limit: usize) -> Option<Vec<u8>> {
    if text.len() > INPUT_MAX {
        return None;
    }
    TABLE.with_borrow_mut(|table| {
        table.start(text.len());
        let packed = compress_with(table, text, limit);
        table.base += text.len() as u32;
        packed
    })
}

fn compress_with(table: &mut Table, text: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(limit.min(64 + text.len() / 2));
    // Bytes from `pending` to `at` are still to be written as they are.
    let (mut pending, mut at) = (0, 0);
    while let Some(&sequence) = text[at..].first_chunk() {
        let before = table.swap(sequence, at).filter(|from| at - from <= BACK_MAX);
        let found = before.map(|from| (from, common(&text[from..], &text[at..])));
        let Some((from, len)) = found.filter(|(_, len)| *len >= SHORTEST) else {
            at += 1;
            // What does not shrink is given up early.
            if out.len() + (at - pending) >= limit {
                return None;
            }
            continue;
        };
        literals(&mut out, &text[pending..at]);
        copy(&mut out, at - from, len);
        at += len;
        pending = at;
    }
    literals(&mut out, &text[pending..]);
    (out.len() < limit).then_some(out)
}

/// How far two texts agree, as far as one copy reaches.
fn common(left: &[u8], right: &[u8]) -> usize {
    left.iter().zip(right).take(COPY_MAX).take_while(|(left, right)| left == right).count()
}

fn literals(out: &mut Vec<u8>, bytes: &[u8]) {
    for run in bytes.chunks(LITERAL_MAX) {
        out.push((run.len() - 1) as u8);
        out.extend_from_slice(run);
    }
}

/// Writes a copy of `len` bytes from `back` bytes before.
fn copy(out: &mut Vec<u8>, back: usize, len: usize) {
    let (offset, len) = (back - 1, len - 2);
    let high = (offset >> 8) as u8;
    if len < 7 {
        out.push((len as u8) << 5 | high);
    } else {
        out.extend_from_slice(&[7 << 5 | high, (len - 7) as u8]);
    }
    out.push(offset as u8);
}
