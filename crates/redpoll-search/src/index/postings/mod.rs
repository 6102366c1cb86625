//! Posting lists: the documents that hold a term, and how they hold it.
//!
//! A list is a run of bytes in one of two forms, and mostly in both:
//!
//! ```text
//! full blocks   128 postings each, bit-packed by kind: documents, frequencies, fields, positions;
//!               before them a table that says each block's last document, its end, and how good a
//!               score its postings can have at most
//! stream        the rest, posting by posting, in numbers of as many bytes as they need
//! ```
//!
//! A list of fewer than 128 postings, as nearly all are, is a stream only; and so is the list of a
//! term in the mutable head, where postings are appended one by one.

mod block;
mod read;
mod stream;
mod write;

pub use read::Postings;
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
    pub freq_max: u32,
    /// The length of the shortest document.
    pub len_min: u32,
}
