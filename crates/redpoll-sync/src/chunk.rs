//! The header of a chunk, and how a chunk is checked.
//!
//! ```text
//!  0  magic, u32      "RPCH"
//!  4  kind, u32       bit 0: a record begins with it; bit 1: one ends with it
//!  8  epoch, u64      the pass that it belongs to
//! 16  number, u64     of the chunk, from 0 on
//! 24  len, u32        bytes of the payload, which follows at once
//! 28  keys, u32       keys that end in it
//! 32  checksum, u64   CRC-64 of the payload
//! 40  zeros
//! 64
//! ```
//!
//! Numbers are little-endian. A chunk of kind 3 holds whole records and can be loaded by itself; a
//! record too large for a slot comes in chunks that follow one another: 1, then 0 as often as
//! needed, then 2.

use crc_fast::CrcAlgorithm::Crc64Redis;
use crc_fast::{Digest, checksum};
use std::fmt;

/// Bytes of a header.
pub const HEADER_LEN: usize = 64;
const MAGIC: u32 = u32::from_le_bytes(*b"RPCH");

/// Which part of a record a chunk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whole records.
    Whole,
    /// The beginning of a large one.
    First,
    /// A part of one.
    Middle,
    /// Its end.
    Last,
}

impl Kind {
    /// As a number.
    pub fn code(self) -> u32 {
        match self {
            Kind::Middle => 0,
            Kind::First => 1,
            Kind::Last => 2,
            Kind::Whole => 3,
        }
    }

    /// That of a number.
    pub fn of(code: u32) -> Option<Kind> {
        [Kind::Middle, Kind::First, Kind::Last, Kind::Whole].get(code as usize).copied()
    }

    /// Whether the chunk goes on with a record that has begun before it.
    pub fn continues(self) -> bool {
        matches!(self, Kind::Middle | Kind::Last)
    }

    /// Whether the next chunk goes on with this one's record.
    pub fn is_open(self) -> bool {
        matches!(self, Kind::First | Kind::Middle)
    }
}

/// See the module's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Which part of a record it is.
    pub kind: Kind,
    /// The pass that it belongs to.
    pub epoch: u64,
    /// Its number.
    pub number: u64,
    /// Keys that end in it.
    pub keys: u32,
}

/// What a header says of the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stated {
    /// How many bytes it has.
    pub len: usize,
    /// Its checksum.
    pub sum: u64,
}

/// The checksum of a payload, or of its first bytes, in the making.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    value: u64,
    len: usize,
}

impl Sum {
    /// Goes on with more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        // Nothing is inverted at either end, so a checksum is where the next one goes on.
        let mut digest = Digest::new_with_init_state(Crc64Redis, self.value);
        digest.update(bytes);
        self.value = digest.finalize();
        self.len += bytes.len();
    }

    /// The checksum so far.
    pub fn value(self) -> u64 {
        self.value
    }

    /// Of how many bytes it is.
    pub fn len(self) -> usize {
        self.len
    }

    /// Whether it is of none.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// What is wrong with a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// It is shorter than it says, or than a header.
    Length,
    /// It is no chunk.
    Magic,
    /// It is another chunk than the one that was asked for.
    Other,
    /// Its bytes are not those that were written.
    Checksum,
}

impl fmt::Display for Damage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Damage::Length => "a chunk of the sync table has a wrong length",
            Damage::Magic => "what should be a chunk of the sync table is none",
            Damage::Other => "another chunk of the sync table came than was asked for",
            Damage::Checksum => "a chunk of the sync table has a wrong checksum",
        })
    }
}

impl std::error::Error for Damage {}

impl Header {
    /// Writes the header of a payload that lies behind it in `chunk`.
    pub fn seal(self, chunk: &mut [u8]) {
        self.seal_from(chunk, Sum::default());
    }

    /// The same if the checksum of the payload's first bytes is known.
    pub fn seal_from(self, chunk: &mut [u8], mut sum: Sum) {
        let (header, payload) = chunk.split_at_mut(HEADER_LEN);
        sum.update(&payload[sum.len..]);
        header.fill(0);
        header[..4].copy_from_slice(&MAGIC.to_le_bytes());
        header[4..8].copy_from_slice(&self.kind.code().to_le_bytes());
        header[8..16].copy_from_slice(&self.epoch.to_le_bytes());
        header[16..24].copy_from_slice(&self.number.to_le_bytes());
        header[24..28].copy_from_slice(&(payload.len() as u32).to_le_bytes());
        header[28..32].copy_from_slice(&self.keys.to_le_bytes());
        header[32..40].copy_from_slice(&sum.value.to_le_bytes());
    }

    /// Checks a chunk, all of whose bytes are there and nobody changes; answers its header and its
    /// payload.
    pub fn check(chunk: &[u8]) -> Result<(Header, &[u8]), Damage> {
        let (found, stated) = Header::read(chunk)?;
        let payload = &chunk[HEADER_LEN..];
        if stated.len != payload.len() {
            return Err(Damage::Length);
        }
        match stated.sum == checksum(Crc64Redis, payload) {
            true => Ok((found, payload)),
            false => Err(Damage::Checksum),
        }
    }

    /// Reads the header that some bytes begin with; the payload is still to be compared with what
    /// it states.
    pub fn read(bytes: &[u8]) -> Result<(Header, Stated), Damage> {
        let header = bytes.get(..HEADER_LEN).ok_or(Damage::Length)?;
        let u32_at = |at: usize| {
            let mut bytes = [0; 4];
            bytes.copy_from_slice(&header[at..at + 4]);
            u32::from_le_bytes(bytes)
        };
        let u64_at = |at: usize| u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32;
        if u32_at(0) != MAGIC {
            return Err(Damage::Magic);
        }
        let kind = Kind::of(u32_at(4)).ok_or(Damage::Magic)?;
        let found = Header { kind, epoch: u64_at(8), number: u64_at(16), keys: u32_at(28) };
        Ok((found, Stated { len: u32_at(24) as usize, sum: u64_at(32) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk() -> (Header, Vec<u8>) {
        let header = Header { kind: Kind::First, epoch: 1 << 40 | 7, number: 9, keys: 3 };
        let mut bytes = vec![0xff; HEADER_LEN];
        bytes.extend_from_slice(b"payload");
        header.seal(&mut bytes);
        (header, bytes)
    }

    #[test]
    fn what_is_sealed_is_found_again() {
        let (header, bytes) = chunk();
        assert_eq!(Header::check(&bytes), Ok((header, &b"payload"[..])));
    }

    #[test]
    fn a_payload_may_come_in_pieces() {
        let (header, bytes) = chunk();
        let (found, stated) = Header::read(&bytes[..HEADER_LEN]).unwrap();
        let mut sum = Sum::default();
        for piece in bytes[HEADER_LEN..].chunks(3) {
            sum.update(piece);
        }
        assert_eq!((found, stated), (header, Stated { len: 7, sum: sum.value() }));
        for known in 0..=7 {
            let (mut again, mut sum) = (bytes.clone(), Sum::default());
            sum.update(&bytes[HEADER_LEN..HEADER_LEN + known]);
            assert_eq!(sum.len(), known);
            again[..HEADER_LEN].fill(0xff);
            header.seal_from(&mut again, sum);
            assert_eq!(again, bytes);
        }
    }

    #[test]
    fn every_changed_bit_is_found() {
        let (header, bytes) = chunk();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            // A header of other facts is no damage by itself: who asked for a chunk compares them.
            let found = Header::check(&changed).map(|(found, _)| found);
            let unused = bit / 8 >= 40 && bit / 8 < HEADER_LEN;
            assert_eq!(found == Ok(header), unused, "{bit}");
        }
        for len in 0..bytes.len() {
            assert!(Header::check(&bytes[..len]).is_err(), "{len}");
        }
    }
}
