//! The checksum of payloads and files: CRC-64 with the polynomial of Jones, as Redis has it.

use crc::{CRC_64_REDIS, Crc, Table};

/// Sixteen bytes a step: a snapshot is gigabytes.
static CRC: Crc<u64, Table<16>> = Crc::<u64, Table<16>>::new(&CRC_64_REDIS);

/// A checksum in the making.
#[derive(Clone, Copy, Default)]
pub(crate) struct Crc64(u64);

impl Crc64 {
    /// The checksum of some bytes.
    pub(crate) fn of(bytes: &[u8]) -> u64 {
        CRC.checksum(bytes)
    }

    /// Goes on with more bytes.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        // The register's bits are those of the result: nothing is inverted at either end, and both
        // are reflected, which a start value has to be, too.
        let mut digest = CRC.digest_with_initial(self.0.reverse_bits());
        digest.update(bytes);
        self.0 = digest.finalize();
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
    fn pieces_make_the_same_as_the_whole() {
        let bytes: Vec<u8> = (0..1000u32).map(|number| (number * 7) as u8).collect();
        for cut in [0, 1, 15, 16, 17, 500, 999, 1000] {
            let mut crc = Crc64::default();
            crc.update(&bytes[..cut]);
            crc.update(&bytes[cut..]);
            assert_eq!(crc.value(), Crc64::of(&bytes), "{cut}");
        }
    }
}
