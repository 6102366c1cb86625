//! Strings: their bytes, a small integer, or compressed.

use crate::length::{self, Length};
use crate::source::array;
use crate::{Fault, Result, Sink, SliceSource, Source, lzf};
use redpoll_types::number::{parse_i64, write_i64};

const INT_8: u8 = 0;
const INT_16: u8 = 1;
const INT_32: u8 = 2;
const LZF: u8 = 3;
/// The mark of an encoding, in place of a length.
const MARK: u8 = 0xc0;

/// The longest text of an integer that is stored as one.
const INT_TEXT_MAX: usize = 11;
/// Up to this length nothing is compressed.
const TOO_SHORT: usize = 20;

/// Reads a string into `out`, in place of what is there.
#[inline]
pub(crate) fn read_into(source: &mut impl Source, out: &mut Vec<u8>) -> Result<()> {
    out.clear();
    match length::read(source)? {
        Length::Plain(len) => source.append(out, len),
        Length::Encoding(LZF) => read_compressed(source, out),
        Length::Encoding(code) => {
            let value = match code {
                INT_8 => i8::from_le_bytes(array(source)?).into(),
                INT_16 => i16::from_le_bytes(array(source)?).into(),
                INT_32 => i32::from_le_bytes(array(source)?).into(),
                _ => return Err(source.error(Fault::StringEncoding(code))),
            };
            out.extend_from_slice(write_i64(value, &mut [0; 21]));
            Ok(())
        }
    }
}

/// Reads a string.
#[inline]
pub(crate) fn read(source: &mut impl Source) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    read_into(source, &mut out)?;
    Ok(out)
}

/// Passes over a string.
#[inline]
pub(crate) fn pass(source: &mut SliceSource<'_>) -> Result<()> {
    match length::read(source)? {
        Length::Plain(len) => source.pass(len),
        Length::Encoding(INT_8) => source.pass(1),
        Length::Encoding(INT_16) => source.pass(2),
        Length::Encoding(INT_32) => source.pass(4),
        Length::Encoding(LZF) => {
            let packed_len = length::read_plain(source)?;
            length::read_plain(source)?;
            source.pass(packed_len)
        }
        Length::Encoding(code) => Err(source.error(Fault::StringEncoding(code))),
    }
}

fn read_compressed(source: &mut impl Source, out: &mut Vec<u8>) -> Result<()> {
    let packed_len = length::read_plain(source)?;
    let len = length::read_plain(source)?;
    let mut packed = Vec::new();
    source.append(&mut packed, packed_len)?;
    lzf::decompress(&packed, len, out).ok_or_else(|| source.error(Fault::Compression))
}

/// Writes a string in its shortest form.
#[inline]
pub(crate) fn write(sink: &mut impl Sink, text: &[u8], compress: bool) {
    if text.len() <= INT_TEXT_MAX
        && let Some(value) = parse_i64(text)
        && write_small(sink, value)
    {
        return;
    }
    if compress && text.len() > TOO_SHORT && write_compressed(sink, text) {
        return;
    }
    length::write(sink, text.len() as u64);
    sink.put(text);
}

/// Writes the text of an integer.
#[inline]
pub(crate) fn write_int(sink: &mut impl Sink, value: i64) {
    if !write_small(sink, value) {
        let mut buffer = [0; 21];
        let text = write_i64(value, &mut buffer);
        length::write(sink, text.len() as u64);
        sink.put(text);
    }
}

/// Writes an integer of up to 32 bits; answers whether it is one.
fn write_small(sink: &mut impl Sink, value: i64) -> bool {
    if let Ok(value) = i8::try_from(value) {
        sink.put(&[MARK | INT_8, value as u8]);
    } else if let Ok(value) = i16::try_from(value) {
        let [low, high] = value.to_le_bytes();
        sink.put(&[MARK | INT_16, low, high]);
    } else if let Ok(value) = i32::try_from(value) {
        let [a, b, c, d] = value.to_le_bytes();
        sink.put(&[MARK | INT_32, a, b, c, d]);
    } else {
        return false;
    }
    true
}

/// Writes a string compressed, if that saves what the additional lengths cost.
fn write_compressed(sink: &mut impl Sink, text: &[u8]) -> bool {
    let Some(packed) = lzf::compress(text, text.len() - 4) else { return false };
    sink.put(&[MARK | LZF]);
    length::write(sink, packed.len() as u64);
    length::write(sink, text.len() as u64);
    sink.put(&packed);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out, text, true);
        assert_eq!(read(&mut SliceSource::new(&out)).unwrap(), text);
        out
    }

    #[test]
    fn each_has_its_shortest_form() {
        assert_eq!(written(b""), [0]);
        assert_eq!(written(b"abc"), *b"\x03abc");
        assert_eq!(written(b"-128"), [0xc0, 0x80]);
        assert_eq!(written(b"300"), [0xc1, 0x2c, 0x01]);
        assert_eq!(written(b"-2147483648"), [0xc2, 0, 0, 0, 0x80]);
        assert_eq!(written(b"2147483648"), *b"\x0a2147483648");
        assert_eq!(written(b"007"), *b"\x03007");
        assert!(written(&[b'a'; 1000]).len() < 40);
        assert_eq!(written(&[b'a'; 20]).len(), 21);
        let mut plain = Vec::new();
        write(&mut plain, &[b'a'; 1000], false);
        assert_eq!(plain.len(), 1002);
    }

    #[test]
    fn integers_are_their_texts() {
        for value in [0, -1, 127, 128, 40_000, -40_000, i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            write_int(&mut out, value);
            let text = read(&mut SliceSource::new(&out)).unwrap();
            assert_eq!(text, value.to_string().into_bytes());
        }
    }

    #[test]
    fn damage_is_seen() {
        for (bytes, fault) in [
            (&[0xc4][..], Fault::StringEncoding(4)),
            (&[0xc3, 2, 50, 0, b'a'], Fault::Compression),
            (&[5, b'a'], Fault::Ended),
            (&[0x81, 255, 255, 255, 255, 255, 255, 255, 255], Fault::Ended),
            (&[0xc3, 1, 0x81, 255, 0, 0, 0, 0, 0, 0, 0, 0], Fault::Compression),
        ] {
            let error = read(&mut SliceSource::new(bytes)).unwrap_err();
            assert_eq!(error.fault, fault, "{bytes:?}");
        }
    }
}
