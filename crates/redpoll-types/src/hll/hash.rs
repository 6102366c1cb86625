//! The hash of elements: MurmurHash64A with Redis's seed.

const SEED: u64 = 0xadc8_3b19;
const FACTOR: u64 = 0xc6a4_a793_5bd1_e995;
const SHIFT: u32 = 47;
/// Bits of the hash that choose the register.
const INDEX_BITS: u32 = 14;

/// The register that an element belongs to, and the value that it raises it to: one more than the
/// zeros at the low end of the rest of its hash.
#[inline]
pub fn pattern(element: &[u8]) -> (usize, u8) {
    let hash = murmur64a(element);
    let register = hash as usize & (super::REGISTERS - 1);
    // The bit behind the hash's last ends the run at the latest.
    let rest = hash >> INDEX_BITS | 1 << (64 - INDEX_BITS);
    (register, rest.trailing_zeros() as u8 + 1)
}

#[inline]
fn murmur64a(bytes: &[u8]) -> u64 {
    let mut hash = SEED ^ (bytes.len() as u64).wrapping_mul(FACTOR);
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        let word = u64::from_le_bytes(word.try_into().unwrap_or_default()).wrapping_mul(FACTOR);
        let mixed = (word ^ word >> SHIFT).wrapping_mul(FACTOR);
        hash = (hash ^ mixed).wrapping_mul(FACTOR);
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        let word = rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        hash = (hash ^ word).wrapping_mul(FACTOR);
    }
    hash = (hash ^ hash >> SHIFT).wrapping_mul(FACTOR);
    hash ^ hash >> SHIFT
}
