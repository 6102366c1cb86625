//! Searching the first bit of a value.

/// Bytes that are looked at together.
const BLOCK: usize = 64;

/// The first bit that is `wanted`, from one bit to another, both included and both in the string.
pub fn find(bytes: &[u8], wanted: bool, first: u64, last: u64) -> Option<u64> {
    // With the bits turned where zeros are wanted, a one is searched.
    let turn = if wanted { 0 } else { 0xff };
    let (from, to) = ((first / 8) as usize, (last / 8) as usize);
    let head = (bytes[from] ^ turn) & (0xff >> (first % 8));
    let (at, byte) = match head {
        0 => {
            let at = from + 1 + find_byte(&bytes[from + 1..=to], turn)?;
            (at, bytes[at] ^ turn)
        }
        _ => (from, head),
    };
    let found = at as u64 * 8 + u64::from(byte.leading_zeros());
    (found <= last).then_some(found)
}

/// The first byte that is not `passed`.
fn find_byte(bytes: &[u8], passed: u8) -> Option<usize> {
    let differs = |block: &[u8]| block.iter().fold(0, |bits, byte| bits | (byte ^ passed)) != 0;
    let whole = bytes.chunks_exact(BLOCK).position(differs);
    let start = whole.map_or(bytes.len() - bytes.len() % BLOCK, |block| block * BLOCK);
    bytes[start..].iter().position(|&byte| byte != passed).map(|at| start + at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn finds_as_bit_by_bit(
            filler in prop::bool::ANY,
            len in 1..400usize,
            flips in prop::collection::vec(any::<u64>(), 0..4),
            first: u64,
            last: u64,
        ) {
            let mut bytes = vec![if filler { 0xff } else { 0 }; len];
            let bits = len as u64 * 8;
            for flip in flips {
                bits::set(&mut bytes, flip % bits, !filler);
            }
            let (first, last) = (first % bits, last % bits);
            prop_assume!(first <= last);
            for wanted in [false, true] {
                let naive = (first..=last).find(|&bit| bits::get(&bytes, bit) == wanted);
                prop_assert_eq!(find(&bytes, wanted, first, last), naive);
            }
        }
    }
}
