//! What a part of an index holds, counted; deleted documents count until they are merged away.

use std::ops::AddAssign;

/// See the module's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Postings: how many documents each term has, over all terms.
    pub records: u64,
    /// Blocks of up to 128 postings.
    pub blocks: u64,
    /// Positions of words.
    pub positions: u64,
    /// Bytes of those.
    pub position_bytes: u64,
    /// Bytes of lists, positions among them.
    pub list_bytes: u64,
    /// Bytes of the dictionary, words of texts.
    pub word_bytes: u64,
    /// Bytes of the dictionary, tags and other terms.
    pub tag_bytes: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.blocks += other.blocks;
        self.positions += other.positions;
        self.position_bytes += other.position_bytes;
        self.list_bytes += other.list_bytes;
        self.word_bytes += other.word_bytes;
        self.tag_bytes += other.tag_bytes;
    }
}
