//! The backlog: the last bytes of the replication stream, for replicas that come back.

use std::collections::VecDeque;

/// See the module's head.
#[derive(Debug)]
pub struct Backlog {
    bytes: VecDeque<u8>,
    size: usize,
    /// The stream's offset of the first byte that is kept. Offsets count from 1, as in Redis.
    first: u64,
}

impl Backlog {
    /// An empty backlog of so many bytes; the next byte of the stream has this offset.
    pub fn new(size: usize, next: u64) -> Self {
        Backlog { bytes: VecDeque::new(), size: size.max(1), first: next }
    }

    /// Adds the next bytes of the stream; the oldest go when there is no room. O(bytes).
    pub fn write(&mut self, bytes: &[u8]) {
        let kept = &bytes[bytes.len().saturating_sub(self.size)..];
        let over = (self.bytes.len() + kept.len()).saturating_sub(self.size);
        self.bytes.drain(..over);
        self.bytes.extend(kept);
        self.first += (over + bytes.len() - kept.len()) as u64;
    }

    /// Changes its size; of what is kept, the newest stays.
    pub fn resize(&mut self, size: usize) {
        self.size = size.max(1);
        let over = self.bytes.len().saturating_sub(self.size);
        self.bytes.drain(..over);
        self.first += over as u64;
    }

    /// What the stream holds from `offset` on, if all of it is kept. O(bytes).
    pub fn from(&self, offset: u64) -> Option<Vec<u8>> {
        let skip = usize::try_from(offset.checked_sub(self.first)?).ok()?;
        (skip <= self.bytes.len()).then(|| self.bytes.range(skip..).copied().collect())
    }

    /// The offset of the first byte that is kept.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// How many bytes are kept.
    pub fn held(&self) -> usize {
        self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_has_gone_is_not_given() {
        let mut backlog = Backlog::new(5, 1);
        backlog.write(b"abc");
        assert_eq!(backlog.from(1).as_deref(), Some(&b"abc"[..]));
        assert_eq!(backlog.from(4).as_deref(), Some(&b""[..]));
        assert_eq!(backlog.from(5), None, "not said yet");
        backlog.write(b"defg");
        assert_eq!(backlog.from(2), None);
        assert_eq!(backlog.from(3).as_deref(), Some(&b"cdefg"[..]));
        backlog.resize(2);
        assert_eq!((backlog.from(5), backlog.first()), (None, 6));
    }

    proptest! {
        #[test]
        fn like_the_whole_stream(
            size in 1usize..40,
            writes in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..20),
        ) {
            let (mut backlog, mut stream) = (Backlog::new(size, 1), Vec::new());
            for write in writes {
                backlog.write(&write);
                stream.extend(write);
                let first = stream.len().saturating_sub(size);
                prop_assert_eq!(backlog.first(), first as u64 + 1);
                prop_assert_eq!(backlog.from(first as u64 + 1), Some(stream[first..].to_vec()));
                prop_assert_eq!(backlog.from(first as u64), None);
            }
        }
    }
}
