//! Lengths: one to nine bytes, and the marks of strings in special encodings.
//!
//! ```text
//! 00llllll                 6 bits
//! 01llllll llllllll        14 bits, high byte first
//! 10000000 l l l l         32 bits, high byte first
//! 10000001 l l l l l l l l 64 bits, high byte first
//! 11eeeeee                 no length but a string in the encoding e
//! ```

use crate::source::{array, byte};
use crate::{Fault, Result, Sink, Source};

/// What stands where a length may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// A number.
    Plain(u64),
    /// The mark of an encoding.
    Encoding(u8),
}

/// Reads a length, or the mark of an encoding.
#[inline]
pub(crate) fn read(source: &mut impl Source) -> Result<Length> {
    let first = byte(source)?;
    let low = first & 0x3f;
    Ok(match (first >> 6, first) {
        (0, _) => Length::Plain(low.into()),
        (1, _) => Length::Plain(u64::from(low) << 8 | u64::from(byte(source)?)),
        (3, _) => Length::Encoding(low),
        (_, 0x80) => Length::Plain(u32::from_be_bytes(array(source)?).into()),
        (_, 0x81) => Length::Plain(u64::from_be_bytes(array(source)?)),
        _ => return Err(source.error(Fault::Length)),
    })
}

/// Reads a length, and nothing else.
#[inline]
pub(crate) fn read_plain(source: &mut impl Source) -> Result<u64> {
    match read(source)? {
        Length::Plain(length) => Ok(length),
        Length::Encoding(_) => Err(source.error(Fault::Length)),
    }
}

/// Writes a length in the fewest bytes.
#[inline]
pub(crate) fn write(sink: &mut impl Sink, length: u64) {
    match length {
        0..0x40 => sink.put(&[length as u8]),
        0x40..0x4000 => sink.put(&(0x4000 | length as u16).to_be_bytes()),
        0x4000..=0xffff_ffff => {
            sink.put(&[0x80]);
            sink.put(&(length as u32).to_be_bytes());
        }
        _ => {
            sink.put(&[0x81]);
            sink.put(&length.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SliceSource;

    #[test]
    fn lengths_go_round() {
        for (length, bytes) in [
            (0, 1),
            (63, 1),
            (64, 2),
            (16383, 2),
            (16384, 5),
            (u64::from(u32::MAX), 5),
            (1 << 32, 9),
            (u64::MAX, 9),
        ] {
            let mut out = Vec::new();
            write(&mut out, length);
            assert_eq!(out.len(), bytes, "{length}");
            assert_eq!(read(&mut SliceSource::new(&out)), Ok(Length::Plain(length)));
        }
    }

    #[test]
    fn others_are_refused() {
        assert_eq!(read(&mut SliceSource::new(&[0xc3])), Ok(Length::Encoding(3)));
        assert_eq!(read_plain(&mut SliceSource::new(&[0xc3])).unwrap_err().fault, Fault::Length);
        assert_eq!(read(&mut SliceSource::new(&[0x82])).unwrap_err().fault, Fault::Length);
        assert_eq!(read(&mut SliceSource::new(&[0x40])).unwrap_err().fault, Fault::Ended);
    }
}
