//! A member in a big set: its bytes in one allocation, or in none.
//!
//! A table slot has 16 bytes whatever it holds, so a member of up to seven bytes (most counters,
//! short codes, user numbers below ten millions) lives in the slot itself.

use crate::footprint;
use crate::table::Keyed;
use redpoll_memory::tiers;

/// Longest member that needs no allocation.
const INLINE_MAX: usize = 7;

/// The bytes of a member.
#[derive(Clone)]
pub(crate) enum Member {
    Inline { len: u8, bytes: [u8; INLINE_MAX] },
    Heap(Box<[u8]>),
}

// The compiler keeps the variant in the null pointer; a larger slot would cost more than it saves.
const _: () = assert!(size_of::<Member>() == 16);

impl Member {
    pub(super) fn new(text: &[u8]) -> Self {
        if text.len() > INLINE_MAX {
            return Self::Heap(tiers::copy(text));
        }
        let mut bytes = [0; INLINE_MAX];
        bytes[..text.len()].copy_from_slice(text);
        Self::Inline { len: text.len() as u8, bytes }
    }

    pub(super) fn into_vec(self) -> Vec<u8> {
        match self {
            Self::Inline { .. } => self.key().to_vec(),
            Self::Heap(bytes) => bytes.into_vec(),
        }
    }
}

impl Keyed for Member {
    #[inline]
    fn key(&self) -> &[u8] {
        match self {
            Self::Inline { len, bytes } => &bytes[..usize::from(*len)],
            Self::Heap(bytes) => bytes,
        }
    }

    fn heap_bytes(&self) -> usize {
        match self {
            Self::Inline { .. } => 0,
            Self::Heap(bytes) => footprint::allocated(bytes.len()),
        }
    }
}
