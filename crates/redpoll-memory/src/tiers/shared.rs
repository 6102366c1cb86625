//! Bytes in one block with several owners, in either tier.
//!
//! What a plain `Box<[u8]>` is for one owner, [`Shared`] is for several: one pointer each, and one
//! block with their number, the length and the bytes. An owner that wants the bytes in the other
//! tier makes a copy there and leaves the block to the others.

use super::payload::{self, Tier};
use super::{placement, region, usage};
use crate::allocator::flags;
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering, fence};
use tikv_jemalloc_sys as je;

/// Bytes in one block that all clones own together. Cloning copies no bytes.
pub struct Shared {
    block: NonNull<Head>,
}

/// What stands before the bytes.
struct Head {
    owners: AtomicUsize,
    len: usize,
}

/// Owners from which on the count could overflow, if each of a new thread added one.
const OWNERS_MAX: usize = isize::MAX as usize;

// SAFETY: the bytes never change while the block is there, the count is atomic, and the block may
// be freed by any thread.
unsafe impl Send for Shared {}
// SAFETY: as above; a shared reference gives nothing but the bytes to read, and clones.
unsafe impl Sync for Shared {}

impl Shared {
    /// A copy of these bytes, in the tier where the rule wants it. O(bytes).
    pub fn new(bytes: &[u8]) -> Self {
        let tier = if placement::goes_far(bytes.len()) { Tier::Far } else { Tier::Near };
        Self::made(bytes, tier)
    }

    /// A copy in DRAM. O(bytes).
    pub fn copy_near(&self) -> Self {
        Self::made(self.bytes(), Tier::Near)
    }

    /// A copy in another tier than this lies in, which counts as a move of the bytes; none if there
    /// is no room. O(bytes).
    pub fn copy_to(&self, tier: Tier) -> Option<Self> {
        if self.tier() == tier {
            return None;
        }
        let copy = Some(Self::made(self.bytes(), tier)).filter(|copy| copy.tier() == tier)?;
        let (from, to) = (self.block.addr().get(), copy.block.addr().get());
        usage::note_move(from, to, self.bytes().len());
        Some(copy)
    }

    /// Where the block lies.
    #[inline]
    pub fn tier(&self) -> Tier {
        if region::is_far(self.block.addr().get()) { Tier::Far } else { Tier::Near }
    }

    /// The bytes.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the block was written by `made`, lives as long as an owner does, and nobody
        // changes its bytes; they follow the head, and are as many as it says.
        unsafe {
            let bytes = self.block.add(1).cast::<u8>();
            std::slice::from_raw_parts(bytes.as_ptr(), (*self.block.as_ptr()).len)
        }
    }

    /// How many bytes there are, without a look at far memory: of a far block a size class's
    /// rounding more.
    #[inline]
    pub fn len_about(&self) -> usize {
        match self.tier() {
            Tier::Near => self.bytes().len(),
            Tier::Far => {
                // SAFETY: the block is jemalloc's, which looks its size up in DRAM.
                let size = unsafe { je::sallocx(self.block.as_ptr().cast(), flags(layout(0))) };
                size - size_of::<Head>()
            }
        }
    }

    /// In DRAM if far memory is full.
    fn made(bytes: &[u8], tier: Tier) -> Self {
        let layout = layout(bytes.len());
        let far = if tier == Tier::Far { payload::take(layout) } else { None };
        // SAFETY: the size is not zero.
        let block = far.or_else(|| NonNull::new(unsafe { alloc(layout) }));
        let Some(block) = block else { handle_alloc_error(layout) };
        let block = block.cast::<Head>();
        // SAFETY: the block is new and has room for a head, to which it is aligned, and the bytes.
        unsafe {
            block.write(Head { owners: AtomicUsize::new(1), len: bytes.len() });
            let start = block.add(1).cast::<u8>();
            start.copy_from_nonoverlapping(NonNull::from(bytes).cast(), bytes.len());
        }
        Shared { block }
    }

    fn owners(&self) -> &AtomicUsize {
        // SAFETY: the block lives as long as an owner does, and its count is only used atomically.
        unsafe { &(*self.block.as_ptr()).owners }
    }
}

impl Clone for Shared {
    #[inline]
    fn clone(&self) -> Self {
        // An owner is at hand, so that the count cannot reach zero meanwhile.
        if self.owners().fetch_add(1, Ordering::Relaxed) >= OWNERS_MAX {
            std::process::abort();
        }
        Shared { block: self.block }
    }
}

impl Drop for Shared {
    #[inline]
    fn drop(&mut self) {
        let layout = layout(self.bytes().len());
        if self.owners().fetch_sub(1, Ordering::Release) != 1 {
            return;
        }
        // What others have read of the bytes has been read before this.
        fence(Ordering::Acquire);
        // SAFETY: nobody else owns the block, which has this layout. A far one comes from
        // `payload::take`, and the global allocator, which is ours then, gives it back by its
        // address.
        unsafe { dealloc(self.block.as_ptr().cast(), layout) }
    }
}

/// The layout of a block for so many bytes.
fn layout(len: usize) -> Layout {
    let bytes = Layout::array::<u8>(len).ok();
    let block = bytes.and_then(|bytes| Layout::new::<Head>().extend(bytes).ok());
    // No slice is so long that there is no such block.
    let Some((block, _)) = block else { handle_alloc_error(Layout::new::<Head>()) };
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_see_the_same_bytes_until_the_last_one_goes() {
        for len in [0usize, 1, 7, 8, 63, 1000] {
            let bytes: Vec<u8> = (0..len).map(|at| at as u8).collect();
            let shared = Shared::new(&bytes);
            let others: Vec<Shared> = (0..5).map(|_| shared.clone()).collect();
            assert_eq!(shared.bytes().as_ptr(), others[4].bytes().as_ptr());
            assert_eq!((shared.tier(), shared.len_about()), (Tier::Near, len));
            let copy = shared.copy_near();
            assert!(shared.copy_to(Tier::Near).is_none(), "it lies there already");
            assert!(shared.copy_to(Tier::Far).is_none(), "there is no far memory");
            drop(shared);
            let threads: Vec<_> = others
                .into_iter()
                .map(|other| {
                    let bytes = bytes.clone();
                    std::thread::spawn(move || assert_eq!(other.bytes(), bytes))
                })
                .collect();
            threads.into_iter().for_each(|thread| thread.join().expect("they agree"));
            assert_eq!(copy.bytes(), bytes);
        }
    }
}
