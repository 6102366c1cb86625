//! Payloads: one value with a version and a checksum, as DUMP gives it and RESTORE takes it.

use crate::crc64::Crc64;
use crate::read::{self, Dialect, Object};
use crate::source::byte;
use crate::{Fault, Result, SliceSource, Source, ValueRef, kind};
use redpoll_types::limits::Limits;

/// Bytes of the version and the checksum.
const FOOTER: usize = 10;

/// Appends the payload of a value to `out`.
pub fn write(out: &mut Vec<u8>, value: ValueRef<'_>, compress: bool) {
    let start = out.len();
    out.push(value.code());
    value.write(out, compress);
    out.extend_from_slice(&value.version().to_le_bytes());
    let crc = Crc64::of(&out[start..]);
    out.extend_from_slice(&crc.to_le_bytes());
}

/// Appends a payload of bytes that are a value with its code already.
pub fn seal(out: &mut Vec<u8>, body: &[u8], version: u16) {
    let start = out.len();
    out.extend_from_slice(body);
    out.extend_from_slice(&version.to_le_bytes());
    let crc = Crc64::of(&out[start..]);
    out.extend_from_slice(&crc.to_le_bytes());
}

/// A payload whose version is known and whose checksum agrees.
#[derive(Clone, Copy, Debug)]
pub struct Payload<'a> {
    body: &'a [u8],
    version: u16,
}

impl<'a> Payload<'a> {
    /// Checks version and, unless a test asks otherwise, the checksum.
    pub fn open(bytes: &'a [u8], check: bool) -> Result<Self> {
        let source = SliceSource::new(bytes);
        let wrong = |fault| source.error(fault);
        let (body, footer) = bytes.split_last_chunk::<FOOTER>().ok_or(wrong(Fault::Ended))?;
        let [low, high, crc @ ..] = *footer;
        let version = u16::from_le_bytes([low, high]);
        if !kind::is_known(version) {
            return Err(wrong(Fault::Version(version)));
        }
        let summed = &bytes[..bytes.len() - crc.len()];
        if check && Crc64::of(summed) != u64::from_le_bytes(crc) {
            return Err(wrong(Fault::Checksum));
        }
        Ok(Payload { body, version })
    }

    /// Reads the value, and checks all of it.
    pub fn read(&self, limits: &Limits) -> Result<Object> {
        let mut source = SliceSource::new(self.body);
        let dialect = match self.version {
            kind::VERSION_VALKEY => Dialect::Valkey,
            _ => Dialect::Redis,
        };
        let code = byte(&mut source)?;
        let object = read::value(&mut source, code, dialect, limits)?;
        let object = object.ok_or_else(|| source.error(Fault::Empty))?;
        match source.is_at_end() {
            true => Ok(object),
            false => Err(source.error(Fault::Trailing)),
        }
    }
}

#[cfg(test)]
mod tests;
