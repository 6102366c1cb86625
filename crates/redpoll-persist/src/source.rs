//! Where bytes come from that are read.

use crate::crc64::Crc64;
use crate::{Error, Fault, Result};
use std::io::Read;

/// Gives bytes, and knows how many it has given.
pub trait Source {
    /// Fills all of `target`.
    fn fill(&mut self, target: &mut [u8]) -> Result<()>;

    /// Appends `len` bytes to `out`. However many are announced: no more is reserved than there is
    /// to come, or than a piece of moderate size.
    fn append(&mut self, out: &mut Vec<u8>, len: u64) -> Result<()>;

    /// How many bytes it has given.
    fn offset(&self) -> u64;

    /// An error at this place.
    #[cold]
    fn error(&self, fault: Fault) -> Error {
        Error { offset: self.offset(), fault }
    }
}

/// Bytes that are all there.
#[derive(Clone, Debug)]
pub struct SliceSource<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The place of the first of them.
    base: u64,
}

impl<'a> SliceSource<'a> {
    /// These bytes, from the first on.
    pub fn new(bytes: &'a [u8]) -> Self {
        SliceSource { bytes, at: 0, base: 0 }
    }

    /// These bytes, which are a part of something and begin there at `base`.
    pub(crate) fn part(bytes: &'a [u8], base: u64) -> Self {
        SliceSource { bytes, at: 0, base }
    }

    /// Whether all have been given.
    pub fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// How many of the bytes have been given.
    pub(crate) fn given(&self) -> usize {
        self.at
    }

    /// Passes over `len` bytes.
    #[inline]
    pub(crate) fn pass(&mut self, len: u64) -> Result<()> {
        let len = usize::try_from(len).map_err(|_| self.error(Fault::Ended))?;
        self.take(len).map(drop)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let rest = &self.bytes[self.at..];
        let taken = rest.get(..len).ok_or_else(|| self.error(Fault::Ended))?;
        self.at += len;
        Ok(taken)
    }
}

impl Source for SliceSource<'_> {
    #[inline]
    fn fill(&mut self, target: &mut [u8]) -> Result<()> {
        target.copy_from_slice(self.take(target.len())?);
        Ok(())
    }

    #[inline]
    fn append(&mut self, out: &mut Vec<u8>, len: u64) -> Result<()> {
        let len = usize::try_from(len).map_err(|_| self.error(Fault::Ended))?;
        out.extend_from_slice(self.take(len)?);
        Ok(())
    }

    fn offset(&self) -> u64 {
        self.base + self.at as u64
    }
}

/// A source that has a buffer.
pub(crate) trait Buffered {
    /// Up to `len` bytes of the buffer, which is filled if it has none.
    fn some(&mut self, len: usize) -> Result<&[u8]>;

    /// Fills `target`, which may be longer than what the buffer has.
    fn fill_in_pieces(&mut self, target: &mut [u8]) -> Result<()> {
        let mut rest = target;
        while !rest.is_empty() {
            let some = self.some(rest.len())?;
            let (filled, left) = rest.split_at_mut(some.len());
            filled.copy_from_slice(some);
            rest = left;
        }
        Ok(())
    }
}

/// Bytes that a reader gives, through a buffer, with the checksum of all of them.
pub struct ReadSource<R> {
    reader: R,
    buffer: Vec<u8>,
    /// What of the buffer has been given, and what has been read.
    at: usize,
    end: usize,
    /// Bytes given before those of the buffer.
    before: u64,
    crc: Crc64,
    /// Bytes that are in the checksum.
    crc_len: u64,
    /// What of the buffer is in the checksum.
    summed: usize,
}

impl<R: Read> ReadSource<R> {
    /// Room for what is read at once: enough that system calls cost nothing.
    const BUFFER: usize = 256 << 10;
    /// The most that is reserved at once.
    const PIECE: u64 = 1 << 20;

    /// The bytes of `reader`.
    pub fn new(reader: R) -> Self {
        ReadSource {
            reader,
            buffer: vec![0; Self::BUFFER],
            at: 0,
            end: 0,
            before: 0,
            crc: Crc64::default(),
            crc_len: 0,
            summed: 0,
        }
    }

    /// The checksum of all bytes given so far, and not in parts ([`ReadSource::cut`]).
    pub fn checksum(&mut self) -> u64 {
        self.crc.update(&self.buffer[self.summed..self.at]);
        self.crc_len += (self.at - self.summed) as u64;
        self.summed = self.at;
        self.crc.value()
    }

    /// The checksum and the number of the bytes given since this was asked, or since the last part.
    pub(crate) fn take_checksum(&mut self) -> (u64, u64) {
        self.checksum();
        (std::mem::take(&mut self.crc).value(), std::mem::take(&mut self.crc_len))
    }

    /// The next `len` bytes, to be looked at only; fewer at the end of all.
    pub(crate) fn look(&mut self, len: usize) -> Result<&[u8]> {
        if self.end - self.at < len {
            self.checksum();
            self.before += self.at as u64;
            if self.buffer.len() < len {
                let mut larger = vec![0; len];
                larger[..self.end - self.at].copy_from_slice(&self.buffer[self.at..self.end]);
                self.buffer = larger;
            } else {
                self.buffer.copy_within(self.at..self.end, 0);
            }
            (self.end, self.at, self.summed) = (self.end - self.at, 0, 0);
            while self.end < len && self.read()? {}
        }
        Ok(&self.buffer[self.at..self.end])
    }

    /// Gives the next `len` bytes, which have been looked at, as a part: they are not in the
    /// checksum. They lie in the answer from the second number on; `spare` becomes the buffer.
    pub(crate) fn cut(&mut self, len: usize, mut spare: Vec<u8>) -> (Vec<u8>, usize) {
        let (start, end) = (self.at, self.at + len);
        self.checksum();
        let rest = self.end - end;
        spare.resize(spare.capacity(), 0);
        if spare.len() < rest.max(Self::BUFFER) {
            spare = vec![0; rest.max(Self::BUFFER)];
        }
        spare[..rest].copy_from_slice(&self.buffer[end..self.end]);
        let mut part = std::mem::replace(&mut self.buffer, spare);
        part.truncate(end);
        self.before += end as u64;
        (self.at, self.end, self.summed) = (0, rest, 0);
        (part, start)
    }

    /// Makes sure that something is in the buffer.
    fn refill(&mut self) -> Result<()> {
        if self.at < self.end {
            return Ok(());
        }
        self.checksum();
        self.before += self.end as u64;
        (self.at, self.end, self.summed) = (0, 0, 0);
        match self.read()? {
            true => Ok(()),
            false => Err(self.error(Fault::Ended)),
        }
    }

    /// Reads what there is room for; answers false at the end.
    fn read(&mut self) -> Result<bool> {
        loop {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Ok(count) => {
                    self.end += count;
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.error(Fault::Io(error.to_string()))),
            }
        }
    }
}

impl<R: Read> Buffered for ReadSource<R> {
    fn some(&mut self, len: usize) -> Result<&[u8]> {
        self.refill()?;
        let start = self.at;
        self.at = self.end.min(start + len);
        Ok(&self.buffer[start..self.at])
    }
}

impl<R: Read> Source for ReadSource<R> {
    #[inline]
    fn fill(&mut self, target: &mut [u8]) -> Result<()> {
        if let Some(ready) = self.buffer[self.at..self.end].get(..target.len()) {
            target.copy_from_slice(ready);
            self.at += target.len();
            return Ok(());
        }
        self.fill_in_pieces(target)
    }

    fn append(&mut self, out: &mut Vec<u8>, len: u64) -> Result<()> {
        let mut rest = len;
        while rest > 0 {
            let piece = rest.min(Self::PIECE) as usize;
            out.reserve(piece);
            let some = self.some(piece)?;
            out.extend_from_slice(some);
            rest -= some.len() as u64;
        }
        Ok(())
    }

    fn offset(&self) -> u64 {
        self.before + self.at as u64
    }
}

/// A byte.
#[inline]
pub(crate) fn byte(source: &mut impl Source) -> Result<u8> {
    let [byte] = array(source)?;
    Ok(byte)
}

/// So many bytes.
#[inline]
pub(crate) fn array<const N: usize>(source: &mut impl Source) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    source.fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time.
    struct Drops<'a>(&'a [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, target: &mut [u8]) -> std::io::Result<usize> {
            let len = self.0.len().min(target.len()).min(3);
            target[..len].copy_from_slice(&self.0[..len]);
            self.0 = &self.0[len..];
            Ok(len)
        }
    }

    #[test]
    fn a_reader_gives_what_a_slice_gives() {
        let bytes: Vec<u8> = (0..=255).collect();
        let mut source = ReadSource::new(Drops(&bytes));
        assert_eq!(array::<10>(&mut source).unwrap(), bytes[..10]);
        assert_eq!(byte(&mut source), Ok(10));
        let mut out = Vec::new();
        source.append(&mut out, 200).unwrap();
        assert_eq!(out, bytes[11..211]);
        assert_eq!(source.checksum(), Crc64::of(&bytes[..211]));
        let error = source.append(&mut out, u64::MAX).unwrap_err();
        assert_eq!(error, Error { offset: 256, fault: Fault::Ended });
        assert!(out.capacity() < 4 << 20);
    }

    #[test]
    fn a_slice_ends() {
        let mut source = SliceSource::new(b"abc");
        let error = source.append(&mut Vec::new(), 4).unwrap_err();
        assert_eq!(error, Error { offset: 0, fault: Fault::Ended });
        assert_eq!(array::<3>(&mut source), Ok(*b"abc"));
        assert!(source.is_at_end());
    }
}
