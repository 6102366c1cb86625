//! Decompressing LZF.

use super::COPY_MAX;

/// Appends to `out` the `len` bytes that `packed` stands for; `None` if it does not.
///
/// A length that so few bytes cannot stand for is refused before anything is reserved.
pub(crate) fn decompress(packed: &[u8], len: u64, out: &mut Vec<u8>) -> Option<()> {
    // Three bytes make up `COPY_MAX` at best.
    let most = (packed.len() as u64).saturating_mul(COPY_MAX as u64);
    if len > most {
        return None;
    }
    let start = out.len();
    let end = start.checked_add(usize::try_from(len).ok()?)?;
    out.reserve(end - start);
    let mut rest = packed;
    while let Some((&control, after)) = rest.split_first() {
        rest = after;
        let count = usize::from(control >> 5);
        if count == 0 {
            let literal = rest.get(..usize::from(control) + 1)?;
            rest = &rest[literal.len()..];
            out.extend_from_slice(literal);
        } else {
            let mut count = count + 2;
            if count == 9 {
                let (&more, after) = rest.split_first()?;
                rest = after;
                count += usize::from(more);
            }
            let (&low, after) = rest.split_first()?;
            rest = after;
            let back = (usize::from(control & 0x1f) << 8 | usize::from(low)) + 1;
            let from = out.len().checked_sub(back).filter(|&from| from >= start)?;
            copy(out, from, count);
        }
        if out.len() > end {
            return None;
        }
    }
    (out.len() == end).then_some(())
}

/// Appends `count` bytes as they stand from `from` on; the two may overlap.
fn copy(out: &mut Vec<u8>, from: usize, count: usize) {
    let mut left = count;
    while left > 0 {
        let now = left.min(out.len() - from);
        out.extend_from_within(from..from + now);
        left -= now;
    }
}
