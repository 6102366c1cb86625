//! Bytes that come piece by piece, and go straight to where they are to be.

use crate::source::Buffered;
use crate::{Error, Fault, Result, Source};
use std::io;

/// Gives bytes in pieces.
pub trait Pieces {
    /// Appends up to `max` bytes to `out`, at least one if there are any; answers how many. 0: the
    /// end of all.
    fn append(&mut self, out: &mut Vec<u8>, max: usize) -> io::Result<usize>;

    /// So many bytes are certain to come.
    fn certain(&self) -> usize;
}

impl<P: Pieces + ?Sized> Pieces for &mut P {
    fn append(&mut self, out: &mut Vec<u8>, max: usize) -> io::Result<usize> {
        (**self).append(out, max)
    }

    fn certain(&self) -> usize {
        (**self).certain()
    }
}

/// The bytes of some pieces: short ones through a buffer, long strings without.
pub(crate) struct PieceSource<P> {
    pieces: P,
    buffer: Vec<u8>,
    /// What of the buffer has been given.
    at: usize,
    /// Bytes given before those of the buffer.
    before: u64,
}

impl<P: Pieces> PieceSource<P> {
    /// Strings from this length on are not buffered, and what is buffered is no longer.
    const BUFFER: usize = 16 << 10;
    /// The most that is reserved at once of what may never come, unless as much has come already.
    const PIECE: usize = 1 << 20;

    /// Nothing has been given yet.
    pub(crate) fn new(pieces: P) -> Self {
        PieceSource { pieces, buffer: Vec::new(), at: 0, before: 0 }
    }

    /// Whether all bytes have been given.
    pub(crate) fn is_at_end(&mut self) -> Result<bool> {
        Ok(self.at == self.buffer.len() && !self.refill()?)
    }

    /// Reads something into the buffer, of which all has been given. False: there is nothing.
    fn refill(&mut self) -> Result<bool> {
        self.before += self.at as u64;
        self.at = 0;
        self.buffer.clear();
        let read = self.pieces.append(&mut self.buffer, Self::BUFFER);
        Ok(read.map_err(|error| self.failed(&error))? > 0)
    }

    #[cold]
    fn failed(&self, error: &io::Error) -> Error {
        self.error(Fault::Io(error.to_string()))
    }

    /// Appends `rest` bytes to `out`, past the buffer as soon as that is empty.
    fn append_long(&mut self, out: &mut Vec<u8>, mut rest: usize) -> Result<()> {
        while rest > 0 {
            let buffered = self.buffer.len() - self.at;
            let sure = (buffered + self.pieces.certain()).max(Self::PIECE).max(out.len());
            out.reserve_exact(rest.min(sure));
            if buffered > 0 {
                let some = self.some(rest)?;
                out.extend_from_slice(some);
                rest -= some.len();
                continue;
            }
            let room = rest.min(out.capacity() - out.len());
            let read = self.pieces.append(out, room).map_err(|error| self.failed(&error))?;
            if read == 0 {
                return Err(self.error(Fault::Ended));
            }
            self.before += read as u64;
            rest -= read;
        }
        Ok(())
    }
}

impl<P: Pieces> Buffered for PieceSource<P> {
    fn some(&mut self, len: usize) -> Result<&[u8]> {
        if self.at == self.buffer.len() && !self.refill()? {
            return Err(self.error(Fault::Ended));
        }
        let start = self.at;
        self.at = self.buffer.len().min(start + len);
        Ok(&self.buffer[start..self.at])
    }
}

impl<P: Pieces> Source for PieceSource<P> {
    #[inline]
    fn fill(&mut self, target: &mut [u8]) -> Result<()> {
        if let Some(ready) = self.buffer[self.at..].get(..target.len()) {
            target.copy_from_slice(ready);
            self.at += target.len();
            return Ok(());
        }
        self.fill_in_pieces(target)
    }

    #[inline]
    fn append(&mut self, out: &mut Vec<u8>, len: u64) -> Result<()> {
        // So much memory there is nowhere, so it ends before.
        let mut rest = usize::try_from(len).unwrap_or(usize::MAX);
        if rest >= Self::BUFFER {
            return self.append_long(out, rest);
        }
        while rest > 0 {
            let some = self.some(rest)?;
            out.extend_from_slice(some);
            rest -= some.len();
        }
        Ok(())
    }

    fn offset(&self) -> u64 {
        self.before + self.at as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{array, byte};

    /// Gives pieces of this length.
    struct Cut<'a>(&'a [u8], usize);

    impl Pieces for Cut<'_> {
        fn append(&mut self, out: &mut Vec<u8>, max: usize) -> io::Result<usize> {
            let len = self.0.len().min(max).min(self.1);
            let (piece, rest) = self.0.split_at(len);
            out.extend_from_slice(piece);
            self.0 = rest;
            Ok(len)
        }

        fn certain(&self) -> usize {
            self.0.len().min(self.1)
        }
    }

    #[test]
    fn short_and_long_strings_come_whole() {
        let bytes: Vec<u8> = (0..3_000_000u32).map(|number| ((number * 7) >> 3) as u8).collect();
        for piece in [1000, 20_000, 1 << 20, 3_000_000] {
            let mut source = PieceSource::new(Cut(&bytes, piece));
            assert_eq!(array::<10>(&mut source).unwrap(), bytes[..10]);
            assert_eq!(byte(&mut source), Ok(bytes[10]));
            let mut at = 11;
            for len in [0, 5, 900, 16_383, 16_384, 70_000, 2_500_000] {
                let mut out = b"in front".to_vec();
                source.append(&mut out, len as u64).unwrap();
                assert!(out.starts_with(b"in front"));
                assert_eq!(out[8..], bytes[at..at + len], "{piece} {len}");
                at += len;
                assert_eq!(source.offset(), at as u64);
            }
            let mut out = Vec::new();
            source.append(&mut out, (bytes.len() - at) as u64).unwrap();
            assert_eq!(source.is_at_end(), Ok(true));
            let ended = Error { offset: bytes.len() as u64, fault: Fault::Ended };
            assert_eq!(source.append(&mut out, 1), Err(ended));
        }
    }

    #[test]
    fn a_string_that_is_there_has_no_room_to_spare() {
        let bytes = vec![7; 3_000_000];
        let mut source = PieceSource::new(Cut(&bytes, bytes.len()));
        let mut out = Vec::new();
        source.append(&mut out, 2_999_999).unwrap();
        assert_eq!(out.capacity(), 2_999_999);
    }

    #[test]
    fn nothing_is_reserved_for_what_is_announced_only() {
        let bytes = vec![7; 100_000];
        for len in [u64::MAX, 1 << 40, 200_000] {
            let mut source = PieceSource::new(Cut(&bytes, 30_000));
            let mut out = Vec::new();
            let error = source.append(&mut out, len).unwrap_err();
            assert_eq!(error, Error { offset: 100_000, fault: Fault::Ended });
            assert!(out.capacity() < 4 << 20);
        }
    }
}
