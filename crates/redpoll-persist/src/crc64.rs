//! The checksum of payloads and files: CRC-64 with the polynomial of Jones, as Redis has it.
//!
//! With carry-less multiplication where the processor has it: a table would take a fifth of the
//! time of loading a snapshot.

use crc_fast::CrcAlgorithm::Crc64Redis;
use crc_fast::{Digest, checksum, checksum_combine};

/// A checksum in the making.
#[derive(Clone, Copy, Default)]
pub(crate) struct Crc64(u64);

impl Crc64 {
    /// The checksum of some bytes.
    pub(crate) fn of(bytes: &[u8]) -> u64 {
        checksum(Crc64Redis, bytes)
    }

    /// Goes on with more bytes.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        // Nothing is inverted at either end, so a checksum is where the next one goes on.
        let mut digest = Digest::new_with_init_state(Crc64Redis, self.0);
        digest.update(bytes);
        self.0 = digest.finalize();
    }

    /// The checksum of bytes whose checksum is `first`, followed by `len` bytes with `second`.
    pub(crate) fn join(first: u64, second: u64, len: u64) -> u64 {
        checksum_combine(Crc64Redis, first, second, len)
    }

    /// The checksum so far.
    pub(crate) fn value(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_that_of_redis() {
        assert_eq!(Crc64::of(b"123456789"), 0xe9c6_d914_c4b8_d9ca);
    }

    #[test]
    fn is_what_its_definition_says() {
        let mut bytes = Vec::new();
        for length in 0..600u32 {
            let plain = bytes.iter().fold(0u64, |mut crc, &byte| {
                crc ^= u64::from(byte);
                for _ in 0..8 {
                    let carry = crc & 1 == 1;
                    crc = (crc >> 1) ^ if carry { 0x95ac_9329_ac4b_c9b5 } else { 0 };
                }
                crc
            });
            assert_eq!(Crc64::of(&bytes), plain, "{length}");
            bytes.push(((length * length) >> 2) as u8);
        }
    }

    #[test]
    fn pieces_make_the_same_as_the_whole() {
        let bytes: Vec<u8> = (0..1000u32).map(|number| (number * 7) as u8).collect();
        for cut in [0, 1, 15, 16, 17, 500, 999, 1000] {
            let (head, tail) = bytes.split_at(cut);
            let mut crc = Crc64::default();
            crc.update(head);
            crc.update(tail);
            assert_eq!(crc.value(), Crc64::of(&bytes), "{cut}");
            let joined = Crc64::join(Crc64::of(head), Crc64::of(tail), tail.len() as u64);
            assert_eq!(joined, crc.value(), "{cut}");
        }
    }
}
