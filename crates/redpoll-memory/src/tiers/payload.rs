//! Where payloads get their bytes, and how they change tiers.
//!
//! A payload is a plain `Vec<u8>` or `Box<[u8]>`: the global [`crate::Allocator`] frees and resizes
//! a block where its address lies, so that a far block is owned like any other and no type needs to
//! know of tiers. Only who makes or changes a payload asks here.

use super::{placement, region, usage};
use crate::allocator::flags;
use std::alloc::Layout;
use std::ptr::NonNull;
use tikv_jemalloc_sys as je;

/// Where a block lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// In DRAM.
    Near,
    /// In far memory.
    Far,
}

/// The tier that bytes lie in.
#[inline]
pub fn tier_of(bytes: &[u8]) -> Tier {
    if region::is_far(bytes.as_ptr().addr()) { Tier::Far } else { Tier::Near }
}

/// The region of far memory that bytes lie in, by its place in [`super::far_usage`]; none if they
/// are in DRAM.
#[inline]
pub fn region_of(bytes: &[u8]) -> Option<usize> {
    region::index_at(bytes.as_ptr().addr())
}

/// An empty payload with room for `capacity` bytes, in the tier where the rule wants that many; in
/// DRAM if far memory is full.
#[inline]
pub fn with_capacity(capacity: usize) -> Vec<u8> {
    match placement::goes_far(capacity) {
        true => far_with_capacity(capacity),
        false => Vec::with_capacity(capacity),
    }
}

/// A payload of these bytes, exactly sized, in the tier where the rule wants it.
#[inline]
pub fn copy(bytes: &[u8]) -> Box<[u8]> {
    let mut payload = with_capacity(bytes.len());
    payload.extend_from_slice(bytes);
    payload.into_boxed_slice()
}

/// A copy of bytes in DRAM, exactly sized, in far memory, which counts as a move of them; none if
/// there is no room. O(length).
pub fn copy_far(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut copy = far_with_capacity(bytes.len());
    if !region::is_far(copy.as_ptr().addr()) {
        return None;
    }
    copy.extend_from_slice(bytes);
    usage::note_move(bytes.as_ptr().addr(), copy.as_ptr().addr(), bytes.len());
    Some(copy)
}

/// Moves a payload, which has grown by so many bytes or has shrunk, to the other tier if its size
/// belongs there. One on the edge of the rule stays where it is. O(1), or O(length) if it moves.
#[inline]
pub fn settle(payload: &mut Vec<u8>, grown: usize) {
    placement::grown(payload.len(), grown);
    if !placement::stays(payload.len(), region::is_far(payload.as_ptr().addr())) {
        *payload = moved(payload, payload.capacity());
    }
}

/// As [`settle`], for a payload that is exactly sized.
#[inline]
pub fn settle_box(payload: &mut Box<[u8]>, grown: usize) {
    placement::grown(payload.len(), grown);
    if !placement::stays(payload.len(), region::is_far(payload.as_ptr().addr())) {
        *payload = moved(payload, payload.len()).into_boxed_slice();
    }
}

/// Moves a payload to a tier; returns whether it lies there now and did not before. O(length).
pub fn relocate(payload: &mut Vec<u8>, tier: Tier) -> bool {
    if payload.is_empty() || tier_of(payload) == tier {
        return false;
    }
    let copy = moved(payload, payload.capacity());
    let is_moved = tier_of(&copy) == tier;
    if is_moved {
        usage::note_move(payload.as_ptr().addr(), copy.as_ptr().addr(), copy.len());
        *payload = copy;
    }
    is_moved
}

/// As [`relocate`], for a payload that is exactly sized.
pub fn relocate_box(payload: &mut Box<[u8]>, tier: Tier) -> bool {
    let mut bytes = std::mem::take(payload).into_vec();
    let is_moved = relocate(&mut bytes, tier);
    *payload = bytes.into_boxed_slice();
    is_moved
}

/// Moves new bytes that were made in DRAM to where the rule wants them. O(1), or O(length) if far.
#[inline]
pub fn place(bytes: Vec<u8>) -> Vec<u8> {
    if !placement::goes_far(bytes.len()) || region::is_far(bytes.as_ptr().addr()) {
        return bytes;
    }
    let mut payload = far_with_capacity(bytes.len());
    payload.extend_from_slice(&bytes);
    payload
}

#[cold]
fn moved(payload: &[u8], capacity: usize) -> Vec<u8> {
    let mut copy = match region::is_far(payload.as_ptr().addr()) {
        true => Vec::with_capacity(capacity),
        false => far_with_capacity(capacity),
    };
    copy.extend_from_slice(payload);
    copy
}

fn far_with_capacity(capacity: usize) -> Vec<u8> {
    let layout = Layout::array::<u8>(capacity).ok().filter(|layout| layout.size() > 0);
    match layout.and_then(take) {
        // SAFETY: the block is new and has the layout of that many bytes. The global allocator is
        // ours (`install` made sure), and gives a far block back where it came from.
        Some(block) => unsafe { Vec::from_raw_parts(block.as_ptr(), 0, capacity) },
        None => Vec::with_capacity(capacity),
    }
}

/// A block in the first region that has room.
pub(super) fn take(layout: Layout) -> Option<NonNull<u8>> {
    let block = region::arenas().iter().find_map(|arena| arena.allocate(layout));
    if block.is_none() {
        usage::turn_away();
    }
    block
}

/// Gives a far block back.
///
/// # Safety
/// The block is far, was allocated with this layout and is not used any more.
#[cold]
pub(crate) unsafe fn free(block: NonNull<u8>, layout: Layout) {
    if let Some(arena) = region::arena_at(block.addr().get()) {
        // SAFETY: the block lies in this arena's region, so it came from it.
        unsafe { arena.free(block, layout) };
    }
}

/// Gives a far block another size, in far memory if the rule and the room allow it, else in DRAM;
/// none if there is no memory at all, and then the block is as it was.
///
/// # Safety
/// The block is far and was allocated with the old layout; the new one has the same alignment and
/// is not empty.
#[cold]
pub(crate) unsafe fn resize(block: NonNull<u8>, old: Layout, new: Layout) -> Option<NonNull<u8>> {
    if placement::stays(new.size(), true) {
        let arena = region::arena_at(block.addr().get());
        // SAFETY: the block lies in this arena's region, so it came from it; the rest is this
        // function's contract.
        if let Some(moved) = arena.and_then(|arena| unsafe { arena.resize(block, old, new) }) {
            return Some(moved);
        }
    }
    // SAFETY: the size is not zero, by this function's contract.
    let near = NonNull::new(unsafe { je::mallocx(new.size(), flags(new)) }.cast::<u8>())?;
    // SAFETY: both blocks have at least the smaller size and do not overlap; the old one is not
    // used any more after this.
    unsafe {
        near.copy_from_nonoverlapping(block, old.size().min(new.size()));
        free(block, old);
    }
    Some(near)
}
