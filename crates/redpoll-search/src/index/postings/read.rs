//! Going through a list.

use std::borrow::Cow;

use super::positions::Positions;
use super::table::Table;
use super::{BLOCK, END, Format, Impact, block, stream};

/// So many postings are looked at at once before the rest of a block is searched.
const NEAR: usize = 8;

/// A place in a list. It stands on the first posting from the start.
#[derive(Debug, Clone)]
pub struct Postings<'a> {
    bytes: Cow<'a, [u8]>,
    format: Format,
    count: u32,
    /// Full blocks of the list.
    blocks: usize,
    /// The block that is loaded; `blocks` for a piece of the stream.
    block: usize,
    /// Where the stream goes on, behind what is loaded.
    stream_at: usize,
    /// The last document before the stream goes on.
    stream_doc: u32,
    /// Documents from here on do not exist yet for the reader.
    limit: u32,

    /// Those that are loaded, and [`END`] at least as often as is looked at at once.
    docs: [u32; BLOCK + NEAR],
    /// How many are loaded.
    loaded: usize,
    /// The last that is loaded.
    last: u32,
    at: usize,
    /// How many pieces have been loaded before.
    piece: u32,
    freqs: [u32; BLOCK],
    freqs_loaded: bool,
    masks: Vec<u128>,
    /// Whether somebody will ask where the term stands.
    keeps_positions: bool,
    positions: Positions,
}

impl<'a> Postings<'a> {
    /// A list of `count` postings with full blocks.
    pub fn new(bytes: &'a [u8], format: Format, count: u32) -> Self {
        let blocks = count as usize / BLOCK;
        Self::with(Cow::Borrowed(bytes), format, count, blocks, END, format.positions)
    }

    /// The same, of which nobody will ask where the term stands.
    pub fn without_positions(bytes: &'a [u8], format: Format, count: u32) -> Self {
        let blocks = count as usize / BLOCK;
        Self::with(Cow::Borrowed(bytes), format, count, blocks, END, false)
    }

    /// A list that is a stream throughout, of which documents below `limit` count.
    pub fn of_stream(bytes: Vec<u8>, format: Format, count: u32, limit: u32) -> Self {
        Self::with(Cow::Owned(bytes), format, count, 0, limit, format.positions)
    }

    fn with(
        bytes: Cow<'a, [u8]>,
        format: Format,
        count: u32,
        blocks: usize,
        limit: u32,
        keeps_positions: bool,
    ) -> Self {
        let mut list = Postings {
            bytes,
            format,
            count,
            blocks,
            block: 0,
            stream_at: 0,
            stream_doc: 0,
            limit,
            docs: [END; BLOCK + NEAR],
            loaded: 0,
            last: END,
            at: 0,
            piece: 0,
            freqs: [1; BLOCK],
            freqs_loaded: true,
            masks: Vec::new(),
            keeps_positions,
            positions: Positions::default(),
        };
        if blocks > 0 {
            list.load_block(0);
        } else {
            list.load_stream();
        }
        list
    }

    /// How many postings the list has, those of documents that do not exist yet included.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The document it stands on; [`END`] behind the last.
    #[inline]
    pub fn doc(&self) -> u32 {
        // `at` is below BLOCK always: see `step`.
        self.docs[self.at & (BLOCK - 1)]
    }

    /// Goes to the next posting.
    #[inline]
    pub fn step(&mut self) -> u32 {
        if self.at + 1 < self.loaded {
            self.at += 1;
        } else {
            self.load_next();
        }
        self.doc()
    }

    /// Goes to the first posting at or behind `target`.
    #[inline]
    pub fn seek(&mut self, target: u32) -> u32 {
        if self.doc() >= target {
            return self.doc();
        }
        if self.last < target {
            self.load_for(target);
            if self.doc() >= target {
                return self.doc();
            }
        }
        // The last that is loaded is not below the target. Mostly it is not far: some are counted
        // without a branch, which would be guessed wrong each time.
        let at = self.at + 1;
        let near = &self.docs[at..at + NEAR];
        let below = near.iter().map(|doc| usize::from(*doc < target)).sum::<usize>();
        self.at = at + below;
        if below == NEAR {
            let rest = &self.docs[self.at..self.loaded];
            self.at += rest.partition_point(|doc| *doc < target);
        }
        self.doc()
    }

    /// The documents of the piece that is loaded. Behind the last there are others, all below the
    /// first or [`END`].
    #[inline]
    pub fn docs(&self) -> &[u32; BLOCK] {
        self.docs.first_chunk().unwrap_or(&[END; BLOCK])
    }

    /// How many documents the piece has.
    pub fn loaded(&self) -> usize {
        self.loaded
    }

    /// The last document of the piece.
    pub fn last(&self) -> u32 {
        self.last
    }

    /// A number that no other piece of the list has.
    pub fn piece(&self) -> u32 {
        self.piece
    }

    /// Where it stands in the piece.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Goes to a document of the piece, by its place.
    #[inline]
    pub fn go_to(&mut self, at: usize) {
        self.at = at.min(self.loaded - 1);
    }

    /// How often the term occurs in the document, weighted.
    #[inline]
    pub fn freq(&mut self) -> u32 {
        if !self.freqs_loaded {
            self.freqs_loaded = true;
            let range = self.block_range();
            block::read_freqs(&self.bytes[range], &mut self.freqs);
        }
        self.freqs[self.at & (BLOCK - 1)]
    }

    /// In which text fields the term occurs.
    #[inline]
    pub fn mask(&mut self) -> u128 {
        if !self.format.masks {
            return self.format.implied_mask;
        }
        if self.masks.is_empty() {
            let range = self.block_range();
            block::read_masks(&self.bytes[range], self.format, &mut self.masks);
        }
        self.masks.get(self.at).copied().unwrap_or(0)
    }

    /// Whether postings have positions, and somebody is to ask for them.
    pub fn has_positions(&self) -> bool {
        self.keeps_positions
    }

    /// Appends the positions of the posting, in ascending order.
    pub fn positions(&mut self, out: &mut Vec<u32>) {
        let mut position = 0u32;
        out.extend(self.distances().iter().map(|distance| {
            position = position.wrapping_add(*distance);
            position
        }));
    }

    /// The positions of the posting, in ascending order, as the distance from each to the one
    /// before; the first to zero.
    #[inline]
    pub fn distances(&mut self) -> &[u32] {
        if !self.keeps_positions || self.doc() == END {
            return &[];
        }
        if self.block == self.blocks {
            return self.positions.of_stream(&self.bytes, self.at);
        }
        if !self.positions.is_loaded() {
            self.load_positions();
        }
        self.positions.of_block(self.at)
    }

    #[inline(never)]
    fn load_positions(&mut self) {
        self.freq();
        let bytes = &self.bytes[self.block_range()];
        self.positions.load(bytes, self.format, &self.freqs);
    }

    /// The best that the postings of the block with the first document at or behind `target` can
    /// be, and the last document for which this holds. None if nothing is known.
    pub fn impact(&self, target: u32) -> Option<(Impact, u32)> {
        let table = self.table();
        Some(match table.block_of(self.block, target) {
            Some(block) => (table.impact(block)?, table.last(block)),
            None => (table.impact(self.blocks)?, END - 1),
        })
    }

    fn table(&self) -> Table<'_> {
        Table::new(&self.bytes, self.blocks)
    }

    fn block_range(&self) -> std::ops::Range<usize> {
        self.table().range(self.block)
    }

    #[inline(never)]
    fn load_next(&mut self) {
        if self.block + 1 < self.blocks {
            self.load_block(self.block + 1);
        } else {
            self.load_stream();
        }
    }

    #[inline(never)]
    fn load_for(&mut self, target: u32) {
        if self.block < self.blocks {
            match self.table().block_of(self.block, target) {
                Some(block) => return self.load_block(block),
                None => self.block = self.blocks - 1,
            }
            self.load_stream();
        }
        while self.doc() != END && self.last < target {
            self.load_stream();
        }
    }

    fn load_block(&mut self, index: usize) {
        self.block = index;
        let table = Table::new(&self.bytes, self.blocks);
        let before = index.checked_sub(1).map(|before| table.last(before));
        if let Some(docs) = self.docs.first_chunk_mut() {
            block::read_docs(&self.bytes[table.range(index)], before, docs);
        }
        self.loaded = BLOCK;
        self.last = self.docs[BLOCK - 1];
        self.at = 0;
        self.freqs_loaded = !self.format.freqs;
        self.masks.clear();
        self.positions.clear();
        self.piece = self.piece.wrapping_add(1);
    }

    /// Loads the next piece of the stream.
    fn load_stream(&mut self) {
        if self.block < self.blocks || self.stream_at == 0 {
            let table = Table::new(&self.bytes, self.blocks);
            self.stream_at = table.range(self.blocks).start;
            self.stream_doc = self.blocks.checked_sub(1).map_or(0, |last| table.last(last));
            self.block = self.blocks;
        }
        self.at = 0;
        self.loaded = 0;
        self.freqs_loaded = true;
        self.masks.clear();
        self.positions.clear();
        self.piece = self.piece.wrapping_add(1);
        while self.loaded < BLOCK && self.stream_at < self.bytes.len() {
            let posting = stream::read_posting(&self.bytes, &mut self.stream_at, self.format);
            self.stream_doc += posting.distance;
            if self.stream_doc >= self.limit {
                self.stream_at = self.bytes.len();
                break;
            }
            self.docs[self.loaded] = self.stream_doc;
            self.freqs[self.loaded] = posting.freq;
            if self.format.masks {
                self.masks.push(posting.mask);
            }
            if self.keeps_positions {
                self.positions.push(posting.positions_at as u32, posting.positions);
            }
            self.loaded += 1;
        }
        if self.loaded == 0 {
            self.docs[0] = END;
            self.loaded = 1;
            self.masks.push(0);
            self.stream_at = self.bytes.len();
        }
        self.last = self.docs[self.loaded - 1];
        // What is left of an earlier piece is not in order with this one.
        self.docs[self.loaded..self.loaded + NEAR].fill(END);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ListWriter, write_payload, write_posting};
    use super::*;

    const FULL: Format =
        Format { freqs: true, masks: true, positions: true, implied_mask: u128::MAX };

    type Posting = (u32, u32, u128, Vec<u32>);

    fn postings(count: u32, step: u32) -> Vec<Posting> {
        let one = |i: u32| {
            let freq = 1 + i % 5;
            let places = (0..1 + i % 3).map(|p| 1 + p * (1 + i % 300)).collect();
            let mask = 1u128 << (i % if count > 300 { 100 } else { 3 });
            (i * step + i % 2, freq, mask, places)
        };
        (0..count).map(one).collect()
    }

    fn list(postings: &[Posting], format: Format) -> Vec<u8> {
        let mut writer = ListWriter::new(format);
        for (doc, freq, mask, places) in postings {
            writer.push(*doc, *freq, *mask, places, 10);
        }
        let mut out = Vec::new();
        assert_eq!(writer.finish(&mut out), postings.len() as u32);
        out
    }

    fn check(list: &mut Postings<'_>, want: &Posting, format: Format) {
        assert_eq!(list.doc(), want.0);
        if format.freqs {
            assert_eq!(list.freq(), want.1);
        }
        if format.masks {
            assert_eq!(list.mask(), want.2);
        }
        if format.positions {
            let mut places = Vec::new();
            list.positions(&mut places);
            assert_eq!(places, want.3);
        }
    }

    #[test]
    fn lists_are_read_as_written() {
        for format in [FULL, Format { masks: false, ..FULL }, Format::DOCS] {
            for count in [0, 1, 2, 127, 128, 129, 256, 1000] {
                let want = postings(count, 7);
                let bytes = list(&want, format);
                let mut list = Postings::new(&bytes, format, count);
                for posting in &want {
                    check(&mut list, posting, format);
                    list.step();
                }
                assert_eq!(list.doc(), END);
                assert_eq!(list.step(), END);
            }
        }
    }

    #[test]
    fn seeking_goes_to_the_first_not_below() {
        for count in [1, 100, 128, 500, 1000] {
            let want = postings(count, 9);
            let bytes = list(&want, FULL);
            for stride in [1, 5, 100, 1000, 3000] {
                let mut list = Postings::new(&bytes, FULL, count);
                let mut target = 0;
                while target < count * 9 + 20 {
                    list.seek(target);
                    match want.iter().find(|posting| posting.0 >= target) {
                        Some(posting) => check(&mut list, posting, FULL),
                        None => assert_eq!(list.doc(), END),
                    }
                    target += stride;
                }
            }
        }
    }

    #[test]
    fn a_stream_ends_at_its_limit() {
        let want = postings(300, 3);
        let mut bytes = Vec::new();
        let mut before = 0;
        for (doc, freq, mask, places) in &want {
            let mut payload = Vec::new();
            let once = write_payload(&mut payload, FULL, *freq, *mask, places.iter().copied());
            write_posting(&mut bytes, doc - before, once, &payload);
            before = *doc;
        }
        for limit in [0, 1, 500, 10_000] {
            let mut list = Postings::of_stream(bytes.clone(), FULL, 300, limit);
            for posting in want.iter().filter(|posting| posting.0 < limit) {
                check(&mut list, posting, FULL);
                list.step();
            }
            assert_eq!(list.doc(), END);
            let mut list = Postings::of_stream(bytes.clone(), FULL, 300, limit);
            let found = want.iter().find(|posting| posting.0 >= 450 && posting.0 < limit);
            assert_eq!(list.seek(450), found.map_or(END, |posting| posting.0));
        }
    }

    #[test]
    fn a_block_knows_its_best() {
        let want = postings(300, 3);
        let bytes = list(&want, FULL);
        let list_of = |postings: &[Posting]| list(postings, FULL);
        let list = Postings::new(&bytes, FULL, 300);
        let (impact, last) = list.impact(200).unwrap();
        assert_eq!(impact, Impact { freq_max: 5, len_min: [10; 3] });
        assert_eq!(impact.pairs().last(), Some((5, 10)));
        assert_eq!(last, want[127].0);
        assert_eq!(list.impact(400).unwrap().1, want[255].0);
        assert_eq!(list.impact(890), Some((impact, END - 1)));
        let few = list_of(&want[..100]);
        assert_eq!(Postings::new(&few, FULL, 100).impact(0), None);
    }
}
