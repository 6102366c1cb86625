//! The global allocator: jemalloc with 8-byte size classes.
//!
//! Why not a ready-made wrapper crate: those assume that malloc aligns to 16 bytes, which is untrue
//! for the classes of 8, 24, 40 and 56 bytes that make small entries cheap.

use crate::tiers::{payload, region};
use crate::usage;
use std::alloc::{GlobalAlloc, Layout};
use std::ffi::{c_char, c_int};
use std::ptr::{NonNull, null_mut};
use tikv_jemalloc_sys as je;

/// jemalloc as Rust's global allocator.
///
/// It allocates in DRAM, and frees and resizes blocks of either tier ([`crate::tiers`]).
pub struct Allocator;

/// A text that jemalloc reads when it starts.
#[repr(transparent)]
struct Options(*const c_char);

// SAFETY: nobody writes to the text, which is a constant.
unsafe impl Sync for Options {}

/// Blocks of 16 KiB and more begin at a page. By default jemalloc gives each a page more, to begin
/// somewhere in it, which is a quarter of the smallest ones; what it saves, misses of a cache
/// whose sets all such blocks would share, is little where most of a block is read at once.
// SAFETY: jemalloc declares a pointer to a text under this name, and that is what it is.
#[used]
#[unsafe(export_name = "_rjem_malloc_conf")]
static OPTIONS: Options = Options(c"cache_oblivious:false".as_ptr());

/// Whether this process's global allocator is [`Allocator`].
pub(crate) fn is_global() -> bool {
    let before = usage::allocated_by_thread();
    drop(std::hint::black_box(Box::new([0u8; 40])));
    usage::allocated_by_thread() != before
}

/// The flags that ask jemalloc for more alignment than a size class gives by itself.
///
/// A class is a multiple of 8, and a slab holds its regions back to back from a page's start; so a
/// class that is a multiple of 16 is aligned to 16. Every class that serves a size divisible by 16
/// is one.
#[inline(always)]
pub(crate) fn flags(layout: Layout) -> c_int {
    let (size, align) = (layout.size(), layout.align());
    if align <= 8 || (align == 16 && size.is_multiple_of(16)) {
        0
    } else {
        je::MALLOCX_ALIGN(align)
    }
}

// SAFETY: jemalloc returns memory of at least the asked size and alignment (see `flags`) or null,
// never unwinds, and keeps a block's content across `rallocx` up to the smaller size. Layouts have
// a non-zero size by the trait's contract, which is what jemalloc needs.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let flags = flags(layout);
        // SAFETY: the size is not zero, by this function's contract.
        unsafe {
            match flags {
                0 => je::malloc(layout.size()).cast(),
                _ => je::mallocx(layout.size(), flags).cast(),
            }
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let flags = flags(layout);
        // SAFETY: the size is not zero, by this function's contract.
        unsafe {
            match flags {
                0 => je::calloc(1, layout.size()).cast(),
                _ => je::mallocx(layout.size(), flags | je::MALLOCX_ZERO).cast(),
            }
        }
    }

    #[inline]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if region::is_far(pointer.addr()) {
            // SAFETY: no block that was handed out lies at address zero; the rest is this
            // function's contract.
            return unsafe { payload::free(NonNull::new_unchecked(pointer), layout) };
        }
        // SAFETY: the block came from this allocator with this layout, so size and flags agree.
        unsafe { je::sdallocx(pointer.cast(), layout.size(), flags(layout)) }
    }

    #[inline]
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let Ok(new_layout) = Layout::from_size_align(new_size, layout.align()) else {
            return null_mut();
        };
        if region::is_far(pointer.addr()) {
            // SAFETY: as in `dealloc`; the new size is not zero, by the contract.
            let moved =
                unsafe { payload::resize(NonNull::new_unchecked(pointer), layout, new_layout) };
            return moved.map_or(null_mut(), NonNull::as_ptr);
        }
        let flags = flags(new_layout);
        // SAFETY: the block is this allocator's; the new size is not zero, by the contract.
        unsafe {
            match flags {
                0 => je::realloc(pointer.cast(), new_size).cast(),
                _ => je::rallocx(pointer.cast(), new_size, flags).cast(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_aligned_whatever_their_size() {
        for align in [1usize, 2, 4, 8, 16, 32, 64, 128, 4096] {
            for size in (1..300).chain([1000, 4095, 5000, 100_000]) {
                let layout = Layout::from_size_align(size, align).expect("a valid layout");
                // SAFETY: the layout is valid and not empty; each block is freed with its own
                // layout.
                unsafe {
                    let block = Allocator.alloc(layout);
                    assert!(!block.is_null() && (block as usize).is_multiple_of(align));
                    block.write_bytes(7, size);
                    let grown = Allocator.realloc(block, layout, size * 2);
                    assert!(!grown.is_null() && (grown as usize).is_multiple_of(align));
                    assert_eq!(*grown.add(size - 1), 7);
                    let layout = Layout::from_size_align(size * 2, align).expect("a valid layout");
                    Allocator.dealloc(grown, layout);
                }
            }
        }
    }

    #[test]
    fn small_entries_take_what_they_need() {
        // SAFETY: asking for a size class touches no memory.
        assert_eq!(unsafe { je::nallocx(40, 0) }, 40);
    }
}
