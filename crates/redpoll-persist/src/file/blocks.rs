//! Reading a snapshot in blocks: for several threads at once.
//!
//! Whoever has the [`BlockReader`] takes a block of whole records off it, which costs little; what
//! is expensive, making values of the records and summing the bytes up, is done with the block
//! alone. A record that is too large for a block comes by itself, read as it streams.

use super::pass::{self, Stop};
use super::read::{Head, Item, Step, step};
use crate::crc64::Crc64;
use crate::pieces::PieceSource;
use crate::read::Dialect;
use crate::{Error, Fault, Pieces, ReadSource, Result, SliceSource, Source};
use redpoll_types::limits::Limits;
use std::io::Read;

/// Bytes of a block, about.
const BLOCK: usize = 1 << 20;
/// A record of more blocks than this is not gathered.
const LARGE: usize = 16;

/// A part of a snapshot.
pub enum Part {
    /// Something beside the keys, or a key with a large value.
    Item(Item),
    /// Records.
    Block(Block),
}

/// Some records of a database.
pub struct Block {
    bytes: Vec<u8>,
    start: usize,
    offset: u64,
    db: u64,
    dialect: Dialect,
    /// Its place among the sums of the parts.
    index: usize,
}

/// The checksum of a block.
#[derive(Clone, Copy, Debug)]
pub struct Sum {
    index: usize,
    value: u64,
}

/// Takes a snapshot apart. See the module's head.
pub struct BlockReader<R> {
    source: ReadSource<R>,
    head: Head,
    check: bool,
    /// Bytes of a block, about.
    block: usize,
    db: u64,
    /// Checksums and lengths of all parts, those of blocks unknown.
    sums: Vec<(u64, u64)>,
    /// What the checksum should be, once the end is there; 0: nobody has said.
    stated: u64,
    /// The end, or what cannot be read, has been met.
    done: bool,
    bad: Option<Error>,
}

impl<R: Read> BlockReader<R> {
    /// Begins to read; `check` says whether the checksum is to be compared.
    pub fn new(reader: R, check: bool) -> Result<Self> {
        Self::with_blocks(reader, check, BLOCK)
    }

    fn with_blocks(reader: R, check: bool, block: usize) -> Result<Self> {
        let mut source = ReadSource::new(reader);
        let head = Head::read(&mut source)?;
        Ok(BlockReader {
            source,
            head,
            check: check && head.has_checksum(),
            block,
            db: 0,
            sums: Vec::new(),
            stated: 0,
            done: false,
            bad: None,
        })
    }

    /// The version of the file.
    pub fn version(&self) -> u16 {
        self.head.version
    }

    /// Bytes read so far.
    pub fn offset(&self) -> u64 {
        self.source.offset()
    }

    /// An error at this place.
    pub fn error(&self, fault: Fault) -> Error {
        self.source.error(fault)
    }

    /// The database that the keys at this place belong to.
    pub fn db(&self) -> u64 {
        self.db
    }

    /// The next part; `None` behind the last. The bytes of a block that is done with may be given
    /// back as `spare`.
    pub fn next(&mut self, spare: Vec<u8>, limits: &Limits) -> Result<Option<Part>> {
        let mut wanted = self.block;
        while !self.done {
            let ready = self.source.look(wanted)?;
            let (at_hand, at_end) = (ready.len(), ready.len() < wanted);
            let passed = pass::records(ready, self.head.dialect);
            match passed.stop {
                // Whoever reads it as a block says what is wrong with it.
                Stop::Bad => return Ok(Some(self.last_block(at_hand, spare))),
                Stop::Cut if at_end && at_hand > 0 => {
                    return Ok(Some(self.last_block(at_hand, spare)));
                }
                _ if passed.len > 0 => return Ok(Some(self.block(passed.len, spare))),
                Stop::Cut if at_end => return Err(self.source.error(Fault::Ended)),
                Stop::Cut if at_hand < LARGE * self.block => wanted = at_hand * 2,
                Stop::Cut | Stop::Beside => {
                    match step(&mut self.source, self.head.dialect, limits)? {
                        Step::Item(item) => {
                            if let Item::Database(number) = &item {
                                self.db = *number;
                            }
                            return Ok(Some(Part::Item(item)));
                        }
                        Step::Nothing => {}
                        Step::End => {
                            let own = self.source.take_checksum();
                            self.sums.push(own);
                            self.stated = self.head.stated_checksum(&mut self.source)?;
                            self.done = true;
                        }
                    }
                }
            }
        }
        Ok(None)
    }

    fn block(&mut self, len: usize, spare: Vec<u8>) -> Part {
        let offset = self.source.offset();
        let (bytes, start) = self.source.cut(len, spare);
        let own = self.source.take_checksum();
        self.sums.extend([own, (0, len as u64)]);
        let (db, dialect, index) = (self.db, self.head.dialect, self.sums.len() - 1);
        Part::Block(Block { bytes, start, offset, db, dialect, index })
    }

    /// A block in which something is wrong: nothing that follows can be read.
    fn last_block(&mut self, len: usize, spare: Vec<u8>) -> Part {
        self.done = true;
        let block = self.block(len, spare);
        self.bad = Some(self.source.error(Fault::Ended));
        block
    }

    /// Compares the checksum, given those of all blocks.
    pub fn finish(&mut self, blocks: &[Sum]) -> Result<()> {
        if let Some(bad) = self.bad.take() {
            return Err(bad);
        }
        if !self.check || self.stated == 0 {
            return Ok(());
        }
        for block in blocks {
            self.sums[block.index].0 = block.value;
        }
        let join = |all, &(sum, len): &(u64, u64)| Crc64::join(all, sum, len);
        match self.sums.iter().fold(0, join) == self.stated {
            true => Ok(()),
            false => Err(self.source.error(Fault::Checksum)),
        }
    }

    /// Whether checksums of blocks are wanted.
    pub fn checks(&self) -> bool {
        self.check
    }
}

impl Block {
    /// The database that its keys belong to.
    pub fn db(&self) -> u64 {
        self.db
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its checksum.
    pub fn sum(&self) -> Sum {
        Sum { index: self.index, value: Crc64::of(&self.bytes[self.start..]) }
    }

    /// Its records, from the first on.
    pub fn records(&self) -> Records<'_> {
        let source = SliceSource::part(&self.bytes[self.start..], self.offset);
        Records { source, dialect: self.dialect }
    }

    /// Its bytes, to be used again.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Records that stand by themselves, as they come.
pub struct StreamedRecords<P>(PieceSource<P>);

impl<P: Pieces> StreamedRecords<P> {
    /// Those that come in pieces, written by this version of this program.
    pub fn new(pieces: P) -> Self {
        StreamedRecords(PieceSource::new(pieces))
    }

    /// The place behind what was read last.
    pub fn offset(&self) -> u64 {
        self.0.offset()
    }

    /// The next one; `None` behind the last.
    pub fn next(&mut self, limits: &Limits) -> Result<Option<Item>> {
        while !self.0.is_at_end()? {
            match step(&mut self.0, Dialect::Redis, limits)? {
                Step::Item(item) => return Ok(Some(item)),
                Step::Nothing => {}
                Step::End => return Err(self.0.error(Fault::Trailing)),
            }
        }
        Ok(None)
    }
}

/// The records of a block.
pub struct Records<'a> {
    source: SliceSource<'a>,
    dialect: Dialect,
}

impl<'a> Records<'a> {
    /// Those that stand by themselves, written by this version of this program.
    pub fn new(bytes: &'a [u8]) -> Self {
        Records { source: SliceSource::new(bytes), dialect: Dialect::Redis }
    }

    /// The next one; `None` behind the last.
    pub fn next(&mut self, limits: &Limits) -> Result<Option<Item>> {
        while !self.source.is_at_end() {
            match step(&mut self.source, self.dialect, limits)? {
                Step::Item(item) => return Ok(Some(item)),
                Step::Nothing => {}
                Step::End => return Err(self.source.error(Fault::Trailing)),
            }
        }
        Ok(None)
    }

    /// The place behind what was read last.
    pub fn offset(&self) -> u64 {
        self.source.offset()
    }

    /// An error at this place.
    pub fn error(&self, fault: Fault) -> Error {
        self.source.error(fault)
    }
}

#[cfg(test)]
mod tests;
