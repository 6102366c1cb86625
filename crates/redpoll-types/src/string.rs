//! `Str`: a string too long to lie in its entry.
//!
//! The bytes are shared by reference count: a reader of a long string takes a reference under the
//! lock and copies after it; a writer that meets a reader copies first. Spare capacity is kept
//! after APPEND, which makes growing by pieces linear. They lie in the tier of memory where their
//! size wants them, and change it as they grow.

use redpoll_memory::tiers;
use std::sync::Arc;

/// Appends zeros up to a length; memory for very many of them is not even touched.
pub fn grow(bytes: &mut Vec<u8>, len: usize) {
    if len / 2 > bytes.len() {
        let mut grown = vec![0; len];
        grown[..bytes.len()].copy_from_slice(bytes);
        *bytes = grown;
    } else {
        bytes.resize(len, 0);
    }
}

/// A long string. Cloning it costs a reference count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Str(Arc<Vec<u8>>);

impl Str {
    /// A string of these bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Str(Arc::new(tiers::place(bytes)))
    }

    /// A string of a copy of these bytes, exactly sized.
    pub fn copy_of(bytes: &[u8]) -> Self {
        Str(Arc::new(tiers::copy(bytes).into_vec()))
    }

    /// A string of a copy of these bytes in far memory; none if there is no room.
    pub fn far_copy_of(bytes: &[u8]) -> Option<Self> {
        tiers::copy_far(bytes).map(|copy| Str(Arc::new(copy)))
    }

    /// The bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, to be changed. O(length) if somebody still reads the string, else O(1). Who lets
    /// them grow calls [`Str::settle`] after it.
    pub fn make_mut(&mut self) -> &mut Vec<u8> {
        Arc::make_mut(&mut self.0)
    }

    /// Moves the bytes, which have grown, to the tier where their size wants them, unless somebody
    /// reads them.
    pub fn settle(&mut self, grown: usize) {
        if let Some(own) = Arc::get_mut(&mut self.0) {
            tiers::settle(own, grown);
        }
    }

    /// Appends zeros up to a length. O(new bytes), amortized; memory for very many of them is not
    /// even touched.
    pub fn grow(&mut self, len: usize) {
        let own = self.make_mut();
        grow(own, len);
        tiers::settle(own, len);
    }

    /// The bytes, to be moved to the other tier, unless somebody reads them.
    pub(crate) fn own_mut(&mut self) -> Option<&mut Vec<u8>> {
        Arc::get_mut(&mut self.0)
    }

    /// Replaces the bytes in place and answers true, if nobody reads the string and the new bytes
    /// fit the old ones' room without wasting half of it.
    pub fn overwrite(&mut self, bytes: &[u8]) -> bool {
        match Arc::get_mut(&mut self.0) {
            Some(own) if (bytes.len()..=2 * bytes.len()).contains(&own.capacity()) => {
                own.clear();
                own.extend_from_slice(bytes);
                tiers::settle(own, 0);
                true
            }
            _ => false,
        }
    }

    /// Bytes on the heap.
    pub fn memory_bytes(&self) -> usize {
        self.0.capacity() + size_of::<Vec<u8>>() + 2 * size_of::<usize>()
    }
}
