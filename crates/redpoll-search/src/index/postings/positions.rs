//! Where a term stands in the documents of the piece of a list that is loaded.

use super::super::varint;
use super::{BLOCK, Format, block};

/// Positions, as the distance from each to the one before; the first of a posting to zero.
#[derive(Debug, Clone, Default)]
pub struct Positions {
    /// Whether those of a block are loaded.
    loaded: bool,
    /// Where each posting's begin: in `distances` for a block, in the list for a stream.
    starts: Vec<u32>,
    /// How many each posting of a stream has.
    counts: Vec<u32>,
    /// Those of a block; of a stream, those of the posting that was asked about last.
    distances: Vec<u32>,
}

impl Positions {
    /// Another piece of the list is loaded, of which nothing is known yet.
    pub fn clear(&mut self) {
        self.loaded = false;
        self.starts.clear();
        self.counts.clear();
    }

    /// Adds a posting of a stream: it has so many, which begin there.
    pub fn push(&mut self, start: u32, count: u32) {
        self.starts.push(start);
        self.counts.push(count);
    }

    /// Whether those of the block are loaded.
    pub fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// Loads those of a block, in which the term occurs so often.
    pub fn load(&mut self, bytes: &[u8], format: Format, freqs: &[u32; BLOCK]) {
        self.loaded = true;
        block::read_positions(bytes, format, freqs, &mut self.starts, &mut self.distances);
    }

    /// Those of a posting of the block that is loaded.
    #[inline]
    pub fn of_block(&self, at: usize) -> &[u32] {
        match self.starts.get(at..at + 2) {
            Some(&[start, end]) => &self.distances[start as usize..end as usize],
            _ => &[],
        }
    }

    /// Those of a posting of a stream, whose bytes are these.
    pub fn of_stream(&mut self, bytes: &[u8], at: usize) -> &[u32] {
        self.distances.clear();
        if let (Some(start), Some(count)) = (self.starts.get(at), self.counts.get(at)) {
            let mut from = *start as usize;
            for _ in 0..*count {
                if from >= bytes.len() {
                    break;
                }
                self.distances.push(varint::read(bytes, &mut from));
            }
        }
        &self.distances
    }
}
