//! Posting lists: the documents that hold a term, and how they hold it.
//!
//! A list is a run of bytes in one of two forms, and mostly in both:
//!
//! ```text
//! full blocks   128 postings each, bit-packed by kind: documents, frequencies, fields, positions;
//!               before them a table that says each block's last document, its end, and how good a
//!               score its postings can have at most; and the last of these of the stream, too
//! stream        the rest, posting by posting, in numbers of as many bytes as they need
//! ```
//!
//! A list of fewer than 128 postings, as nearly all are, is a stream only; and so is the list of a
//! term in the mutable head, where postings are appended one by one.

mod block;
mod positions;
mod read;
mod scan;
mod stream;
mod table;
mod write;

pub use read::Postings;
pub use scan::{Piece, Scan};
pub use stream::{write_payload, write_posting};
pub use write::ListWriter;

/// Postings of a full block.
pub const BLOCK: usize = 128;
/// The document behind the last one.
pub const END: u32 = u32::MAX;
/// Bytes of a block's record in the table before the blocks.
const RECORD: usize = 16;

/// What the postings of a list hold besides the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// How often the term occurs.
    pub freqs: bool,
    /// In which text fields.
    pub masks: bool,
    /// Where.
    pub positions: bool,
    /// The fields of every posting, if lists do not say them.
    pub implied_mask: u128,
}

impl Format {
    /// Documents and nothing else: tags.
    pub const DOCS: Format =
        Format { freqs: false, masks: false, positions: false, implied_mask: u128::MAX };

    /// What holds at least as much as both.
    pub fn union(self, other: Format) -> Format {
        let masks = self.masks || other.masks || self.implied_mask != other.implied_mask;
        Format {
            freqs: self.freqs || other.freqs,
            masks,
            positions: self.positions || other.positions,
            implied_mask: self.implied_mask,
        }
    }
}

/// The best that the postings of a block can be: what a score's bound is computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Impact {
    /// The highest frequency.
    pub freq_max: u16,
    /// The length of the shortest document in which the term occurs once, twice, and more often: a
    /// term that occurs often mostly does so in a long document. The highest number for none.
    pub len_min: [u16; 3],
}

impl Impact {
    /// Of no posting.
    const NONE: Impact = Impact { freq_max: 0, len_min: [u16::MAX; 3] };

    /// Takes a posting in.
    fn add(&mut self, freq: u32, len: u32) {
        let short = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
        self.freq_max = self.freq_max.max(short(freq));
        let least = &mut self.len_min[freq.clamp(1, 3) as usize - 1];
        *least = short(len).min(*least);
    }

    /// The best of both.
    fn or(self, other: Impact) -> Impact {
        let len_min = std::array::from_fn(|class| self.len_min[class].min(other.len_min[class]));
        Impact { freq_max: self.freq_max.max(other.freq_max), len_min }
    }

    /// Pairs of a frequency and a length, of which one is as good as the best posting or better.
    #[inline]
    pub fn pairs(&self) -> impl Iterator<Item = (u32, u32)> {
        // What is too high for its bits is as high as can be.
        let most = if self.freq_max == u16::MAX { u32::MAX } else { u32::from(self.freq_max) };
        let freqs = [1, most.min(2), most];
        let classes = (most as usize).clamp(1, 3);
        freqs.into_iter().zip(self.len_min.map(u32::from)).take(classes)
    }
}
