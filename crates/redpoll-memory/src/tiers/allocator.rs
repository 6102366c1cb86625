//! [`Tiered`]: the allocator of payloads.

use super::{placement, region, usage};
use allocator_api2::alloc::{AllocError, Allocator, Global};
use std::alloc::Layout;
use std::ptr::NonNull;

/// Where a block lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// In DRAM.
    Near,
    /// In far memory.
    Far,
}

/// Allocates each block in the tier where the rule wants it, and falls back to DRAM where far
/// memory is full. A block that grows or shrinks changes tiers with its size.
///
/// A `Vec<u8, Tiered>` or `Box<[u8], Tiered>` is as large as one of the global allocator. While
/// there is no far memory, it costs one load and one comparison beside that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tiered;

/// The tier in which bytes lie that a [`Tiered`] collection holds.
#[inline]
pub fn tier_of(bytes: &[u8]) -> Tier {
    if region::is_far(bytes.as_ptr().addr()) { Tier::Far } else { Tier::Near }
}

/// Runs a function whose tiered allocations all go to one tier, whatever the rule says: to move
/// something. Where far memory is full, they lie in DRAM still.
pub fn with_tier<R>(tier: Tier, run: impl FnOnce() -> R) -> R {
    placement::forced(tier == Tier::Far, run)
}

/// A block in far memory, if it belongs there and there is room.
#[inline]
fn far(layout: Layout) -> Option<NonNull<[u8]>> {
    if layout.size() == 0 || !placement::goes_far(layout.size()) {
        return None;
    }
    take_far(layout)
}

/// A block in the first region that has room.
fn take_far(layout: Layout) -> Option<NonNull<[u8]>> {
    let block = region::arenas().iter().find_map(|arena| arena.allocate(layout));
    if block.is_none() {
        usage::turn_away();
    }
    block.map(|block| NonNull::slice_from_raw_parts(block, layout.size()))
}

// SAFETY: a block comes from the global allocator or from an arena of far memory, with at least the
// layout's size and alignment, and goes back to the one whose range of addresses it lies in. Both
// live as long as the process, and a copy of the (empty) allocator is the same allocator.
unsafe impl Allocator for Tiered {
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        match far(layout) {
            Some(block) => Ok(block),
            None => Global.allocate(layout),
        }
    }

    #[inline]
    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        if region::is_far(block.addr().get()) {
            if let Some(arena) = region::arena_at(block.addr().get()) {
                // SAFETY: the block lies in this arena's region, so it came from it; the rest is
                // this function's contract.
                unsafe { arena.free(block, layout) };
            }
            return;
        }
        // SAFETY: what is not far came from the global allocator.
        unsafe { Global.deallocate(block, layout) }
    }

    unsafe fn grow(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        placement::grown(new.size(), new.size() - old.size());
        // SAFETY: the contracts are the same.
        unsafe { resize(block, old, new) }
    }

    unsafe fn shrink(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the contracts are the same.
        unsafe { resize(block, old, new) }
    }
}

/// Gives a block another size: where it is if it may stay in its tier, else in the other one.
///
/// # Safety
/// The block was allocated by [`Tiered`] with the old layout.
unsafe fn resize(
    block: NonNull<u8>,
    old: Layout,
    new: Layout,
) -> Result<NonNull<[u8]>, AllocError> {
    let is_far = region::is_far(block.addr().get());
    let plain = old.size() > 0 && new.size() > 0 && old.align() == new.align();
    if plain && placement::stays(new.size(), is_far) {
        if !is_far {
            // SAFETY: what is not far came from the global allocator.
            return unsafe {
                if new.size() >= old.size() {
                    Global.grow(block, old, new)
                } else {
                    Global.shrink(block, old, new)
                }
            };
        }
        let arena = region::arena_at(block.addr().get());
        // SAFETY: the block lies in this arena's region, so it came from it.
        let moved = arena.and_then(|arena| unsafe { arena.resize(block, old, new) });
        if let Some(moved) = moved {
            return Ok(NonNull::slice_from_raw_parts(moved, new.size()));
        }
    }
    let moved = Tiered.allocate(new)?;
    // SAFETY: both blocks have at least the smaller size and do not overlap; the old one is not
    // used any more after this.
    unsafe {
        let kept = old.size().min(new.size());
        moved.cast::<u8>().copy_from_nonoverlapping(block, kept);
        Tiered.deallocate(block, old);
    }
    Ok(moved)
}
