//! The table before the full blocks of a list.

use super::{END, Impact, RECORD};

/// What a list says of its full blocks.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    bytes: &'a [u8],
    blocks: usize,
}

impl<'a> Table<'a> {
    /// That of a list of so many full blocks, whose bytes are these.
    pub fn new(bytes: &'a [u8], blocks: usize) -> Self {
        Table { bytes, blocks }
    }

    /// The last document of a block.
    #[inline]
    pub fn last(self, block: usize) -> u32 {
        self.number(block, 0)
    }

    /// Where a block's bytes are, or those behind the last.
    pub fn range(self, block: usize) -> std::ops::Range<usize> {
        // The stream behind blocks has a record, too.
        let base = if self.blocks == 0 { 0 } else { (self.blocks + 1) * RECORD };
        let end_of = |block: usize| base + self.number(block, 1) as usize;
        let start = if block == 0 { base } else { end_of(block - 1) };
        let end = if block < self.blocks { end_of(block) } else { self.bytes.len() };
        start..end
    }

    /// The best that the postings of a block can be, or those behind the last. None if nothing is
    /// known.
    pub fn impact(self, block: usize) -> Option<Impact> {
        (self.blocks > 0 && block <= self.blocks).then(|| self.known_impact(block))
    }

    fn known_impact(self, block: usize) -> Impact {
        let short = |number: u32| [number as u16, (number >> 16) as u16];
        let [freq_max, once] = short(self.number(block, 2));
        let [twice, more] = short(self.number(block, 3));
        Impact { freq_max, len_min: [once, twice, more] }
    }

    /// The best that any posting can be. None if nothing is known.
    pub fn best_impact(self) -> Option<Impact> {
        let impacts = (0..=self.blocks).map(|block| self.known_impact(block));
        impacts.reduce(Impact::or).filter(|_| self.blocks > 0)
    }

    /// The first block from `from` on whose last document is not below `target`.
    pub fn block_of(self, from: usize, target: u32) -> Option<usize> {
        let (mut low, mut high) = (from, self.blocks);
        // Mostly it is the first or the one behind.
        for near in low..high.min(low + 2) {
            if self.last(near) >= target {
                return Some(near);
            }
        }
        low = high.min(low + 2);
        while low < high {
            let middle = (low + high) / 2;
            if self.last(middle) < target {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (low < self.blocks).then_some(low)
    }

    #[inline]
    fn number(self, block: usize, number: usize) -> u32 {
        let at = block * RECORD + number * 4;
        let bytes = self.bytes.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(END, u32::from_le_bytes)
    }
}
