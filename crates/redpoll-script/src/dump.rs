//! FUNCTION DUMP's payload: libraries as they stand in an RDB file, a version, a checksum.

use crc::{CRC_64_REDIS, Crc};

/// In front of each library.
const FUNCTION2: u8 = 245;
/// In front of a function in a format that was never released.
const FUNCTION_OLD: u8 = 246;
/// The RDB version that is written: that of Redis 7.0.
const VERSION: u16 = 10;
/// The newest RDB version that is read: that of Redis 8.
const VERSION_MAX: u16 = 12;
/// The version and the checksum at the end.
const FOOTER: usize = 10;
/// The longest source that is unpacked.
const CODE_MAX: usize = 512 << 20;

const CRC: Crc<u64> = Crc::<u64>::new(&CRC_64_REDIS);

/// Why a payload is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DumpError {
    /// The version is unknown, or the checksum is wrong.
    Footer,
    /// A piece is no library.
    NotFunction,
    /// A piece is a function in the format that was never released.
    OldFormat,
    /// It ends too early, or is no text.
    Broken,
}

impl DumpError {
    /// The error as Redis words it, without its code word.
    pub fn message(self) -> &'static str {
        match self {
            DumpError::Footer => "DUMP payload version or checksum are wrong",
            DumpError::NotFunction => "given type is not a function",
            DumpError::OldFormat => "Pre-GA function format not supported",
            DumpError::Broken => "failed loading the given functions payload",
        }
    }
}

/// The payload of libraries with these sources.
pub fn dump<'a>(codes: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    for code in codes {
        out.push(FUNCTION2);
        push_length(&mut out, code.len());
        out.extend_from_slice(code);
    }
    out.extend_from_slice(&VERSION.to_le_bytes());
    let checksum = CRC.checksum(&out);
    out.extend_from_slice(&checksum.to_le_bytes());
    out
}

fn push_length(out: &mut Vec<u8>, length: usize) {
    match length {
        0..64 => out.push(length as u8),
        64..16384 => out.extend_from_slice(&[0x40 | (length >> 8) as u8, length as u8]),
        _ if length <= u32::MAX as usize => {
            out.push(0x80);
            out.extend_from_slice(&(length as u32).to_be_bytes());
        }
        _ => {
            out.push(0x81);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

/// The sources in a payload.
pub fn read_dump(payload: &[u8]) -> Result<Vec<Vec<u8>>, DumpError> {
    let body = payload.len().checked_sub(FOOTER).ok_or(DumpError::Footer)?;
    let (body, footer) = payload.split_at(body);
    let version = u16::from_le_bytes([footer[0], footer[1]]);
    let checksum = footer[2..].iter().rev().fold(0, |sum, &byte| sum << 8 | u64::from(byte));
    // A checksum of zero was not computed.
    let right = checksum == 0 || checksum == CRC.checksum(&payload[..payload.len() - 8]);
    if version > VERSION_MAX || !right {
        return Err(DumpError::Footer);
    }
    let mut input = Input(body);
    let mut codes = Vec::new();
    while !input.0.is_empty() {
        match input.byte()? {
            FUNCTION2 => codes.push(input.string()?),
            FUNCTION_OLD => return Err(DumpError::OldFormat),
            _ => return Err(DumpError::NotFunction),
        }
    }
    Ok(codes)
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], DumpError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(DumpError::Broken)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, DumpError> {
        Ok(self.take(1)?[0])
    }

    fn big_endian(&mut self, width: usize) -> Result<usize, DumpError> {
        let value = self.take(width)?.iter().fold(0u64, |sum, &byte| sum << 8 | u64::from(byte));
        usize::try_from(value).map_err(|_| DumpError::Broken)
    }

    /// A length, or with `true` the number of a special encoding.
    fn length(&mut self) -> Result<(usize, bool), DumpError> {
        let first = self.byte()?;
        let low = usize::from(first & 0x3f);
        Ok(match first >> 6 {
            0 => (low, false),
            1 => (low << 8 | usize::from(self.byte()?), false),
            2 if first == 0x80 => (self.big_endian(4)?, false),
            2 if first == 0x81 => (self.big_endian(8)?, false),
            3 => (low, true),
            _ => return Err(DumpError::Broken),
        })
    }

    fn string(&mut self) -> Result<Vec<u8>, DumpError> {
        match self.length()? {
            (length, false) => Ok(self.take(length)?.to_vec()),
            (3, true) => {
                let (packed, special) = self.length()?;
                let (length, other) = self.length()?;
                if special || other || length > CODE_MAX {
                    return Err(DumpError::Broken);
                }
                unpack(self.take(packed)?, length).ok_or(DumpError::Broken)
            }
            // Integers are no sources.
            _ => Err(DumpError::Broken),
        }
    }
}

/// Unpacks LZF: runs of literal bytes, and references to what came before.
fn unpack(packed: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(length.min(packed.len().saturating_mul(8)));
    let mut bytes = packed.iter().copied();
    while let Some(control) = bytes.next() {
        if control < 32 {
            for _ in 0..=control {
                out.push(bytes.next()?);
            }
        } else {
            let mut count = usize::from(control >> 5);
            if count == 7 {
                count += usize::from(bytes.next()?);
            }
            let offset = usize::from(control & 0x1f) << 8 | usize::from(bytes.next()?);
            let start = out.len().checked_sub(offset + 1)?;
            for index in start..start + count + 2 {
                out.push(out[index]);
            }
        }
        if out.len() > length {
            return None;
        }
    }
    (out.len() == length).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let codes: Vec<Vec<u8>> = vec![b"short".to_vec(), vec![b'x'; 100], vec![b'y'; 20_000]];
        let payload = dump(codes.iter().map(Vec::as_slice));
        assert_eq!(read_dump(&payload), Ok(codes));
        assert_eq!(read_dump(&dump([].into_iter())), Ok(Vec::new()));
    }

    #[test]
    fn damage_is_noticed() {
        let payload = dump([&b"code"[..]].into_iter());
        for at in 0..payload.len() {
            let mut damaged = payload.clone();
            damaged[at] ^= 1;
            assert_eq!(read_dump(&damaged), Err(DumpError::Footer), "{at}");
        }
        assert_eq!(read_dump(b"short"), Err(DumpError::Footer));
    }

    #[test]
    fn packed_strings() {
        // "aaaaaaaaaa": one literal, then nine that repeat it.
        assert_eq!(unpack(&[0, b'a', 0xe0, 0, 0], 10), Some(vec![b'a'; 10]));
        assert_eq!(unpack(&[0, b'a', 0xe0, 0, 5], 10), None);
        assert_eq!(unpack(&[5, b'a'], 6), None);
    }
}
