//! Bit algorithms on byte strings: what SETBIT, BITCOUNT, BITPOS, BITOP and BITFIELD compute.
//!
//! Bit 0 is the highest bit of the first byte, as in Redis. The loops over long
//! strings have forms that compilers turn into vector instructions.
//!
//! `combine` is BITOP, `count` BITCOUNT, `field` BITFIELD, `find` BITPOS.

mod combine;
mod count;
mod field;
mod find;

pub use combine::{Fold, Operation};
pub use count::{count_ones, count_ones_between};
pub use field::{Field, OnOverflow};
pub use find::find;

/// The mask of a bit within its byte.
fn mask(offset: u64) -> u8 {
    0x80 >> (offset % 8)
}

/// The bit at an offset; those behind the end are 0.
#[inline]
pub fn get(bytes: &[u8], offset: u64) -> bool {
    let byte = usize::try_from(offset / 8).ok().and_then(|at| bytes.get(at));
    byte.is_some_and(|byte| byte & mask(offset) != 0)
}

/// Sets the bit at an offset and returns what it was. The byte must be there.
#[inline]
pub fn set(bytes: &mut [u8], offset: u64, on: bool) -> bool {
    let byte = &mut bytes[(offset / 8) as usize];
    let was = *byte & mask(offset) != 0;
    *byte = if on { *byte | mask(offset) } else { *byte & !mask(offset) };
    was
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bit_is_the_highest() {
        let mut bytes = [0u8; 2];
        assert!(!set(&mut bytes, 0, true) && !set(&mut bytes, 15, true));
        assert_eq!(bytes, [0x80, 0x01]);
        assert!(get(&bytes, 0) && !get(&bytes, 1) && get(&bytes, 15));
        assert!(!get(&bytes, 16) && !get(&bytes, u64::MAX));
        assert!(set(&mut bytes, 15, false));
        assert_eq!(bytes, [0x80, 0]);
    }
}
