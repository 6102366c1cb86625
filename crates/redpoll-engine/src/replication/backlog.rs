//! The backlog: the last bytes of the replication stream. Replicas that come back find there what
//! they have missed, and those that follow get the stream from there, each at its own pace.
//!
//! The bytes are in blocks, once, however many replicas are behind: as long as one is to be sent a
//! byte the byte stays, even if the backlog as such (`repl-backlog-size`) ends later.

use std::collections::VecDeque;

/// Bytes of a block: a sixteenth of the backlog, within these bounds. The oldest go block by block.
const BLOCK_MIN: usize = 4 << 10;
const BLOCK_MAX: usize = 64 << 10;

/// See the module's head.
#[derive(Debug)]
pub struct Backlog {
    /// None is empty.
    blocks: VecDeque<Vec<u8>>,
    /// Bytes in all blocks.
    len: usize,
    size: usize,
    /// The stream's offset of the next byte that comes. Offsets count from 1, as in Redis.
    next: u64,
    /// A block that has gone, for the next one that is needed.
    spare: Vec<u8>,
}

impl Backlog {
    /// An empty backlog of so many bytes; the next byte of the stream has this offset.
    pub fn new(size: usize, next: u64) -> Self {
        let (blocks, spare) = (VecDeque::new(), Vec::new());
        Backlog { blocks, len: 0, size: size.max(1), next, spare }
    }

    fn block(&self) -> usize {
        (self.size / 16).clamp(BLOCK_MIN, BLOCK_MAX)
    }

    /// Adds the next bytes of the stream. O(bytes).
    pub fn write(&mut self, mut bytes: &[u8]) {
        let block = self.block();
        self.len += bytes.len();
        self.next += bytes.len() as u64;
        while !bytes.is_empty() {
            if self.blocks.back().is_none_or(|last| last.len() >= block) {
                let mut spare = std::mem::take(&mut self.spare);
                spare.reserve_exact(block);
                self.blocks.push_back(spare);
            }
            let Some(last) = self.blocks.back_mut() else { return };
            let (now, later) = bytes.split_at(bytes.len().min(block - last.len()));
            last.extend_from_slice(now);
            bytes = later;
        }
    }

    /// Lets those blocks go that are neither within the backlog's size nor needed by anybody; the
    /// bytes from the offset `needed` on are.
    pub fn trim(&mut self, needed: u64) {
        while let Some(oldest) = self.blocks.front() {
            let rest = self.len - oldest.len();
            if rest < self.size || self.next - (rest as u64) > needed {
                return;
            }
            self.len = rest;
            self.spare = self.blocks.pop_front().unwrap_or_default();
            self.spare.clear();
            if self.spare.capacity() > self.block() {
                self.spare = Vec::new();
            }
        }
    }

    /// Changes its size; the bytes from the offset `needed` on stay in any case.
    pub fn resize(&mut self, size: usize, needed: u64) {
        self.size = size.max(1);
        self.trim(needed);
    }

    /// Whether the backlog holds all that the stream has from `offset` on.
    pub fn has(&self, offset: u64) -> bool {
        (self.first()..=self.next).contains(&offset)
    }

    /// Adds up to `max` bytes of the stream from `offset` on to `out`, and answers how many.
    /// `None`: they are not kept. O(bytes + blocks).
    pub fn copy(&self, offset: u64, max: usize, out: &mut Vec<u8>) -> Option<usize> {
        let behind = usize::try_from(self.next.checked_sub(offset)?).ok()?;
        let (first, mut skip) = self.find(self.len.checked_sub(behind)?);
        let (before, mut left) = (out.len(), max.min(behind));
        for block in self.blocks.range(first..) {
            let bytes = &block[skip..];
            let count = bytes.len().min(left);
            out.extend_from_slice(&bytes[..count]);
            (skip, left) = (0, left - count);
            if left == 0 {
                break;
            }
        }
        Some(out.len() - before)
    }

    /// The number of the block that the byte after `skip` others is in, and how many of those are
    /// in the same block.
    fn find(&self, skip: usize) -> (usize, usize) {
        // Who follows closely is served from the last ones.
        let (mut index, mut begins) = (self.blocks.len(), self.len);
        while begins > skip && index > 0 {
            index -= 1;
            begins -= self.blocks[index].len();
        }
        (index, skip - begins)
    }

    /// The offset of the first byte that the backlog holds.
    pub fn first(&self) -> u64 {
        self.next - self.held() as u64
    }

    /// How many bytes the backlog holds, at most its size.
    pub fn held(&self) -> usize {
        self.len.min(self.size)
    }

    /// How many bytes are kept beyond the backlog's size, as replicas are still to be sent them.
    pub fn shared(&self) -> usize {
        self.len.saturating_sub(self.size + self.block())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn from(backlog: &Backlog, offset: u64) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        backlog.has(offset).then(|| backlog.copy(offset, usize::MAX, &mut out)).map(|_| out)
    }

    #[test]
    fn what_has_gone_is_not_given() {
        let mut backlog = Backlog::new(5, 1);
        backlog.write(b"abc");
        assert_eq!(from(&backlog, 1).as_deref(), Some(&b"abc"[..]));
        assert_eq!(from(&backlog, 4).as_deref(), Some(&b""[..]));
        assert_eq!(from(&backlog, 5), None, "not said yet");
        backlog.write(b"defg");
        assert_eq!(from(&backlog, 2), None);
        assert_eq!(from(&backlog, 3).as_deref(), Some(&b"cdefg"[..]));
        backlog.resize(2, u64::MAX);
        assert_eq!((from(&backlog, 5), backlog.first()), (None, 6));
        for offset in [0, u64::MAX] {
            assert_eq!(from(&backlog, offset), None);
            assert_eq!(backlog.copy(offset, 9, &mut Vec::new()), None);
        }
    }

    #[test]
    fn what_somebody_needs_stays() {
        let mut backlog = Backlog::new(1, 1);
        let bytes: Vec<u8> = (0..10 * BLOCK_MIN).map(|at| (at / 100) as u8).collect();
        backlog.write(&bytes);
        let needed = BLOCK_MIN as u64 + 8;
        backlog.trim(needed);
        let mut out = Vec::new();
        assert_eq!(backlog.copy(needed, 2 * BLOCK_MIN, &mut out), Some(2 * BLOCK_MIN));
        assert_eq!(out, bytes[BLOCK_MIN + 7..][..2 * BLOCK_MIN]);
        assert_eq!(backlog.copy(2, 10, &mut out), None, "nobody needs it");
        assert_eq!((backlog.held(), backlog.shared()), (1, 8 * BLOCK_MIN - 1));
        backlog.trim(u64::MAX);
        assert_eq!((backlog.copy(needed, 10, &mut out), backlog.shared()), (None, 0));
    }

    proptest! {
        #[test]
        fn like_the_whole_stream(
            size in 1usize..20_000,
            writes in prop::collection::vec(
                (prop::collection::vec(any::<u8>(), 0..60), 1usize..400), 0..20
            ),
            behind in 0usize..30_000,
        ) {
            let (mut backlog, mut stream) = (Backlog::new(size, 1), Vec::new());
            for (write, times) in writes {
                let write = write.repeat(times);
                backlog.write(&write);
                stream.extend(write);
                let needed = stream.len().saturating_sub(behind);
                backlog.trim(needed as u64 + 1);
                let first = stream.len().saturating_sub(size);
                prop_assert_eq!(backlog.first(), first as u64 + 1);
                prop_assert_eq!(from(&backlog, first as u64 + 1), Some(stream[first..].to_vec()));
                prop_assert_eq!(from(&backlog, first as u64), None);
                let mut out = Vec::new();
                let half = (stream.len() - needed) / 2;
                prop_assert_eq!(backlog.copy(needed as u64 + 1, half, &mut out), Some(half));
                prop_assert_eq!(&out, &stream[needed..][..half]);
                prop_assert!(backlog.shared() <= behind.saturating_sub(size) + BLOCK_MIN);
            }
        }
    }
}
