//! Counting bits that are set.
//!
//! Long strings go through carry-save adders (Harley and Seal's way): sixteen words are added bit
//! by bit into one word of sixteens and the rest, and only that one is counted. A step works on
//! four words side by side, which fills vector registers of any width.

/// Words side by side.
const LANES: usize = 4;
/// Bytes of one round: sixteen steps.
const ROUND: usize = 16 * LANES * 8;

type Lane = [u64; LANES];

/// How many bits are set. O(length).
pub fn count_ones(bytes: &[u8]) -> u64 {
    let mut rounds = bytes.chunks_exact(ROUND);
    let mut sums = [[0; LANES]; 4];
    let mut sixteens = 0;
    for round in &mut rounds {
        sixteens += ones_of(&add(round, &mut sums));
    }
    let [ones, twos, fours, eights] = sums.map(|sum| ones_of(&sum));
    let added = 16 * sixteens + 8 * eights + 4 * fours + 2 * twos + ones;
    added + count_words(rounds.remainder())
}

/// Adds one round to the sums of ones, twos, fours and eights; returns the sixteens.
fn add(round: &[u8], sums: &mut [Lane; 4]) -> Lane {
    let mut lanes = [[0; LANES]; 16];
    for (lane, bytes) in lanes.iter_mut().zip(round.chunks_exact(LANES * 8)) {
        for (word, bytes) in lane.iter_mut().zip(bytes.chunks_exact(8)) {
            *word = word_of(bytes);
        }
    }
    let mut len = lanes.len();
    for sum in sums {
        // Every two lanes of one weight and the sum give one lane of twice the weight.
        for at in 0..len / 2 {
            let (low, high) = carry_save(sum, &lanes[2 * at], &lanes[2 * at + 1]);
            (*sum, lanes[at]) = (low, high);
        }
        len /= 2;
    }
    lanes[0]
}

/// Three bits of one weight in each position, as one of that weight and one of twice it.
#[inline(always)]
fn carry_save(a: &Lane, b: &Lane, c: &Lane) -> (Lane, Lane) {
    let (mut low, mut high) = ([0; LANES], [0; LANES]);
    for at in 0..LANES {
        let either = a[at] ^ b[at];
        low[at] = either ^ c[at];
        high[at] = (a[at] & b[at]) | (either & c[at]);
    }
    (low, high)
}

fn ones_of(lane: &Lane) -> u64 {
    lane.iter().map(|word| u64::from(word.count_ones())).sum()
}

fn count_words(bytes: &[u8]) -> u64 {
    let mut words = bytes.chunks_exact(8);
    let whole: u32 = (&mut words).map(|word| word_of(word).count_ones()).sum();
    let rest: u32 = words.remainder().iter().map(|byte| byte.count_ones()).sum();
    u64::from(whole + rest)
}

#[inline(always)]
fn word_of(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes.try_into().unwrap_or_default())
}

/// How many bits are set from one bit to another, both included and both in the string.
pub fn count_ones_between(bytes: &[u8], first: u64, last: u64) -> u64 {
    let (from, to) = ((first / 8) as usize, (last / 8) as usize);
    let before = bytes[from] & !(0xff >> (first % 8));
    let behind = bytes[to] & (0x7f >> (last % 8));
    count_ones(&bytes[from..=to]) - u64::from(before.count_ones() + behind.count_ones())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits;
    use proptest::prelude::*;

    fn naive(bytes: &[u8], first: u64, last: u64) -> u64 {
        (first..=last).filter(|&bit| bits::get(bytes, bit)).count() as u64
    }

    proptest! {
        #[test]
        fn counts_as_bit_by_bit(
            bytes in prop::collection::vec(any::<u8>(), 1..2500),
            first: u64,
            last: u64,
        ) {
            let bits = bytes.len() as u64 * 8;
            prop_assert_eq!(count_ones(&bytes), naive(&bytes, 0, bits - 1));
            let (first, last) = (first % bits, last % bits);
            if first <= last {
                let counted = count_ones_between(&bytes, first, last);
                prop_assert_eq!(counted, naive(&bytes, first, last));
            }
        }
    }

    #[test]
    fn all_and_none() {
        for len in [0, 1, 7, 8, 511, 512, 513, 4096, 100_000] {
            assert_eq!(count_ones(&vec![0xff; len]), 8 * len as u64);
            assert_eq!(count_ones(&vec![0; len]), 0);
        }
    }
}
