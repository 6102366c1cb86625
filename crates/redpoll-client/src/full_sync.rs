//! A snapshot on its way: bytes up to a length, or up to a mark, and what comes behind them.

use std::io::{self, Read};

/// How a snapshot's end is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// So many bytes.
    Length(u64),
    /// Up to these bytes, which belong to it no more.
    Mark(Vec<u8>),
}

/// The length of a mark.
const MARK: usize = 40;

impl End {
    /// What the line says that a primary answers before the snapshot; `None`: it is no such line.
    pub fn announced(line: &str) -> Option<End> {
        let rest = line.strip_prefix('$')?;
        match rest.strip_prefix("EOF:") {
            Some(mark) => (mark.len() == MARK).then(|| End::Mark(mark.as_bytes().to_vec())),
            None => rest.parse().ok().map(End::Length),
        }
    }
}

/// Reads a snapshot and not a byte more; what was taken from the stream beyond it is left in
/// [`Marked::rest`]. Of a snapshot whose length is known, nothing beyond it is taken.
pub struct Marked<R> {
    inner: R,
    /// Bytes taken from the stream and not given yet, from `start` on.
    buffer: Vec<u8>,
    start: usize,
    end: End,
    done: bool,
    given: u64,
}

/// Bytes taken from the stream at once.
const CHUNK: usize = 64 << 10;

impl<R: Read> Marked<R> {
    /// The snapshot begins with `buffer` and goes on with what `inner` brings.
    pub fn new(inner: R, buffer: Vec<u8>, end: End) -> Self {
        Marked { inner, buffer, start: 0, end, done: false, given: 0 }
    }

    /// Bytes given so far.
    pub fn given(&self) -> u64 {
        self.given
    }

    /// The stream again, and the bytes behind the snapshot. The snapshot must have been read to its
    /// end, or else the rest of it is skipped.
    pub fn rest(mut self) -> io::Result<Vec<u8>> {
        io::copy(&mut self, &mut io::sink())?;
        Ok(self.buffer.split_off(self.start))
    }

    fn fill(&mut self) -> io::Result<()> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let before = self.buffer.len();
        let most = match &self.end {
            End::Length(length) => length - self.given - before as u64,
            End::Mark(_) => u64::MAX,
        };
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(CHUNK);
        self.buffer.resize(before + most, 0);
        let count = self.inner.read(&mut self.buffer[before..]);
        self.buffer.truncate(before + count.as_ref().copied().unwrap_or(0));
        match count? {
            0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the stream has ended")),
            _ => Ok(()),
        }
    }

    /// How many of the bytes at hand belong to the snapshot for certain, and whether they are its
    /// last.
    fn ready(&self) -> (usize, bool) {
        let at_hand = &self.buffer[self.start..];
        match &self.end {
            End::Length(length) => {
                let left = length - self.given;
                let count = usize::try_from(left).unwrap_or(usize::MAX).min(at_hand.len());
                (count, count as u64 == left)
            }
            End::Mark(mark) => match find(at_hand, mark) {
                Some(place) => (place, true),
                // The mark may have begun in the last bytes.
                None => ((at_hand.len() + 1).saturating_sub(mark.len()), false),
            },
        }
    }
}

fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).position(|window| window == mark)
}

impl<R: Read> Read for Marked<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.done || out.is_empty() {
            return Ok(0);
        }
        let (ready, last) = loop {
            let (ready, last) = self.ready();
            if ready > 0 || last {
                break (ready, last);
            }
            self.fill()?;
        };
        let count = ready.min(out.len());
        out[..count].copy_from_slice(&self.buffer[self.start..self.start + count]);
        self.start += count;
        self.given += count as u64;
        if last && count == ready {
            self.done = true;
            if let End::Mark(mark) = &self.end {
                self.start += mark.len();
            }
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes a few at a time.
    struct Drops(Vec<u8>, usize);

    impl Read for Drops {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(out.len()).min(self.0.len());
            out[..count].copy_from_slice(&self.0[..count]);
            self.0.drain(..count);
            Ok(count)
        }
    }

    fn check(end: &End, stream: &[u8], snapshot: &[u8], behind: &[u8]) {
        for step in [1, 2, 3, 7, 1000] {
            for first in 0..=stream.len().min(5) {
                let inner = Drops(stream[first..].to_vec(), step);
                let mut marked = Marked::new(inner, stream[..first].to_vec(), end.clone());
                let mut read = Vec::new();
                marked.read_to_end(&mut read).expect("a whole snapshot");
                assert_eq!(read, snapshot, "{step} {first}");
                let mut all = Vec::new();
                let Marked { inner: Drops(left, _), buffer, start, .. } = marked;
                all.extend_from_slice(&buffer[start..]);
                all.extend(left);
                assert_eq!(all, behind);
            }
        }
    }

    #[test]
    fn ends_where_it_should() {
        check(&End::Length(5), b"12345behind", b"12345", b"behind");
        check(&End::Length(0), b"behind", b"", b"behind");
        let mark = End::Mark(b"MMARK".to_vec());
        check(&mark, b"dataMMMARKbehind", b"dataM", b"behind");
        check(&mark, b"MMARK", b"", b"");
    }

    #[test]
    fn ends_are_announced() {
        assert_eq!(End::announced("$15"), Some(End::Length(15)));
        let mark = "b".repeat(MARK);
        assert_eq!(End::announced(&format!("$EOF:{mark}")), Some(End::Mark(mark.into_bytes())));
        assert_eq!(End::announced("$EOF:short"), None);
        assert_eq!(End::announced("-ERR"), None);
    }

    #[test]
    fn a_stream_that_breaks_off_is_an_error() {
        let mut marked = Marked::new(&b"123"[..], Vec::new(), End::Length(5));
        let error = marked.read_to_end(&mut Vec::new()).expect_err("too short");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
