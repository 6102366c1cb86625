//! Going through a list once, from its start to its end, some postings at a time.
//!
//! Whoever counts documents or looks for the best of whole lists, of hundreds of words perhaps,
//! needs no place to come back to. So a scan holds no more than where it goes on, and what it loads
//! goes into one [`Piece`] that serves all lists in turn.

use std::borrow::Cow;

use super::table::Table;
use super::{BLOCK, END, Format, Impact, block, stream};

/// Postings that have been loaded.
#[derive(Debug)]
pub struct Piece {
    docs: [u32; BLOCK],
    freqs: [u32; BLOCK],
    len: usize,
    masks: Vec<u128>,
}

impl Piece {
    /// None yet.
    pub fn new() -> Self {
        Piece { docs: [0; BLOCK], freqs: [1; BLOCK], len: 0, masks: Vec::new() }
    }

    /// Their documents.
    #[inline]
    pub fn docs(&self) -> &[u32] {
        &self.docs[..self.len.min(BLOCK)]
    }

    /// Their documents and frequencies, if these were asked for.
    #[inline]
    pub fn postings(&self) -> impl Iterator<Item = (u32, u32)> {
        self.docs().iter().copied().zip(self.freqs.iter().copied())
    }

    #[inline]
    fn push(&mut self, doc: u32, freq: u32) {
        self.docs[self.len] = doc;
        self.freqs[self.len] = freq;
        self.len += 1;
    }

    /// Keeps the postings of documents for which this holds.
    #[inline]
    pub fn retain(&mut self, keep: impl Fn(u32) -> bool) {
        self.retain_at(|_, doc| keep(doc));
    }

    /// Keeps the postings for whose places and documents this holds. There is no branch, which
    /// would be guessed wrong often.
    #[inline]
    fn retain_at(&mut self, keep: impl Fn(usize, u32) -> bool) {
        let mut kept = 0;
        for at in 0..self.len.min(BLOCK) {
            let doc = self.docs[at];
            self.docs[kept % BLOCK] = doc;
            self.freqs[kept % BLOCK] = self.freqs[at];
            kept += usize::from(keep(at, doc));
        }
        self.len = kept;
    }
}

/// A list that is gone through.
#[derive(Debug)]
pub struct Scan<'a> {
    bytes: Cow<'a, [u8]>,
    format: Format,
    /// The fields of which a posting must be in one; none if it does not matter.
    mask: Option<u128>,
    /// Full blocks of the list.
    blocks: usize,
    /// The block that comes next; `blocks` for the stream.
    block: usize,
    /// Where the stream goes on; none if it has not begun.
    stream_at: Option<usize>,
    /// The document before that.
    stream_doc: u32,
    /// Documents from here on do not exist yet for the reader.
    limit: u32,
}

impl<'a> Scan<'a> {
    /// A list of `count` postings with full blocks.
    pub fn new(bytes: &'a [u8], format: Format, count: u32, mask: Option<u128>) -> Self {
        let blocks = count as usize / BLOCK;
        Self::with(Cow::Borrowed(bytes), format, blocks, END, mask)
    }

    /// A list that is a stream throughout, of which documents below `limit` count.
    pub fn of_stream(bytes: Vec<u8>, format: Format, limit: u32, mask: Option<u128>) -> Self {
        Self::with(Cow::Owned(bytes), format, 0, limit, mask)
    }

    fn with(
        bytes: Cow<'a, [u8]>,
        format: Format,
        blocks: usize,
        limit: u32,
        mask: Option<u128>,
    ) -> Self {
        Scan { bytes, format, mask, blocks, block: 0, stream_at: None, stream_doc: 0, limit }
    }

    /// The best that the postings that come next can be. None if nothing is known.
    #[inline]
    pub fn impact(&self) -> Option<Impact> {
        self.table().impact(self.block)
    }

    /// The best that any posting of the list can be. None if nothing is known.
    pub fn best_impact(&self) -> Option<Impact> {
        self.table().best_impact()
    }

    /// Passes over the postings that come next, of which [`impact`](Self::impact) knows something.
    pub fn skip(&mut self) {
        if self.block == self.blocks {
            self.stream_at = Some(self.bytes.len());
        }
        self.block += 1;
    }

    /// Loads the postings that come next, maybe none; with their frequencies, if they are asked
    /// for. False behind the last.
    pub fn load(&mut self, piece: &mut Piece, freqs: bool) -> bool {
        if self.block < self.blocks {
            self.load_block(piece, freqs);
            return true;
        }
        self.load_stream(piece)
    }

    fn load_block(&mut self, piece: &mut Piece, freqs: bool) {
        let table = Table::new(&self.bytes, self.blocks);
        let before = self.block.checked_sub(1).map(|before| table.last(before));
        let bytes = &self.bytes[table.range(self.block)];
        block::read_docs(bytes, before, &mut piece.docs);
        piece.len = BLOCK;
        if freqs && self.format.freqs {
            block::read_freqs(bytes, &mut piece.freqs);
        } else {
            piece.freqs = [1; BLOCK];
        }
        if let Some(wanted) = self.mask {
            block::read_masks(bytes, self.format, &mut piece.masks);
            let masks = std::mem::take(&mut piece.masks);
            piece.retain_at(|at, _| masks[at] & wanted != 0);
            piece.masks = masks;
        }
        self.block += 1;
    }

    fn load_stream(&mut self, piece: &mut Piece) -> bool {
        let mut at = match self.stream_at {
            Some(at) => at,
            None => {
                let table = Table::new(&self.bytes, self.blocks);
                self.stream_doc = self.blocks.checked_sub(1).map_or(0, |last| table.last(last));
                table.range(self.blocks).start
            }
        };
        piece.len = 0;
        let any = at < self.bytes.len();
        while piece.len < BLOCK && at < self.bytes.len() {
            let posting = stream::read_posting(&self.bytes, &mut at, self.format);
            self.stream_doc += posting.distance;
            if self.stream_doc >= self.limit {
                at = self.bytes.len();
                break;
            }
            if self.mask.is_none_or(|wanted| posting.mask & wanted != 0) {
                piece.push(self.stream_doc, posting.freq);
            }
        }
        self.stream_at = Some(at);
        any
    }

    fn table(&self) -> Table<'_> {
        Table::new(&self.bytes, self.blocks)
    }
}

#[cfg(test)]
mod tests {
    use super::super::ListWriter;
    use super::*;

    const FULL: Format =
        Format { freqs: true, masks: true, positions: true, implied_mask: u128::MAX };

    /// Documents with a frequency and a field each.
    fn postings(count: u32) -> Vec<(u32, u32, u128)> {
        (0..count).map(|i| (i * 7 + i % 3, 1 + i % 4, 1 << (i % 5))).collect()
    }

    fn list(format: Format, count: u32) -> Vec<u8> {
        let mut writer = ListWriter::new(format);
        for (doc, freq, mask) in postings(count) {
            writer.push(doc, freq, mask, &[1, 300], 10);
        }
        let mut out = Vec::new();
        writer.finish(&mut out);
        out
    }

    fn read(mut scan: Scan<'_>, freqs: bool) -> Vec<(u32, u32)> {
        let (mut piece, mut all) = (Piece::new(), Vec::new());
        while scan.load(&mut piece, freqs) {
            all.extend(piece.postings());
        }
        all
    }

    #[test]
    fn a_scan_comes_by_all_postings() {
        for format in [FULL, Format { positions: false, ..FULL }] {
            for count in [0, 1, 127, 128, 129, 1000] {
                let bytes = list(format, count);
                for mask in [None, Some(0b1001)] {
                    let wanted = |mask_of: &u128| mask.is_none_or(|mask| mask_of & mask != 0);
                    let want: Vec<(u32, u32)> = postings(count)
                        .iter()
                        .filter(|(.., mask)| wanted(mask))
                        .map(|(doc, freq, _)| (*doc, *freq))
                        .collect();
                    let scan = || Scan::new(&bytes, format, count, mask);
                    assert_eq!(read(scan(), true), want);
                    let docs = read(scan(), false).into_iter().map(|(doc, _)| doc);
                    assert!(docs.eq(want.iter().map(|(doc, _)| *doc)));
                }
            }
        }
    }

    #[test]
    fn blocks_are_passed_over() {
        let bytes = list(FULL, 300);
        let mut scan = Scan::new(&bytes, FULL, 300, None);
        assert!(scan.best_impact().is_some_and(|impact| impact.len_min == [10; 3]));
        assert!(scan.impact().is_some_and(|impact| impact.freq_max == 4));
        scan.skip();
        assert_eq!(
            read(scan, true),
            postings(300)[128..].iter().map(|p| (p.0, p.1)).collect::<Vec<_>>()
        );
        let mut scan = Scan::new(&bytes, FULL, 300, None);
        (0..3).for_each(|_| scan.skip());
        assert_eq!(read(scan, true), []);
        let bytes = list(FULL, 100);
        let scan = Scan::new(&bytes, FULL, 100, None);
        assert_eq!((scan.impact(), scan.best_impact()), (None, None));
    }
}
