//! A jemalloc arena over a region of far memory.
//!
//! jemalloc asks for extents and gets them from the region, from its start to its end; what it
//! gives back it keeps to itself for the next request (the hooks decline to take extents back), so
//! that nothing is ever unmapped and no hole is punched into space that was reserved. Its own
//! bookkeeping lies in DRAM (`metadata_use_hooks` is off): a walk of its lists never touches far
//! memory.
//!
//! Blocks pass no thread's cache, which holds blocks of either tier without telling them apart: a
//! far block would come out again as a near one. The arena's own bins serve them.

use super::region::Region;
use super::usage;
use crate::allocator::flags;
use std::alloc::Layout;
use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::ptr::{NonNull, null_mut};
use tikv_jemalloc_sys as je;

/// The most that jemalloc takes from a region at once beyond what it needs.
const STEP: usize = 64 << 20;

/// One region's arena.
#[derive(Debug)]
pub(super) struct Arena {
    index: c_uint,
    /// The region's place in the list of regions.
    region: usize,
}

/// The table of functions that jemalloc calls, with the region beside it. jemalloc hands the
/// table's address back to each function.
#[repr(C)]
struct Hooks {
    table: je::extent_hooks_t,
    region: &'static Region,
}

/// jemalloc's `arena_config_t`.
#[repr(C)]
struct Config {
    hooks: *mut je::extent_hooks_t,
    metadata_use_hooks: bool,
}

impl Arena {
    /// An arena whose memory is the region's; none if jemalloc has no arena left.
    pub(super) fn over(region: &'static Region, at: usize) -> Option<Self> {
        // What cannot be had is left out: jemalloc then keeps extents instead of giving them back,
        // and takes them as always committed.
        let table = je::extent_hooks_t {
            alloc: Some(take),
            split: Some(split),
            merge: Some(merge),
            ..je::extent_hooks_t::default()
        };
        let hooks: &'static mut Hooks = Box::leak(Box::new(Hooks { table, region }));
        let hooks: *mut Hooks = hooks;
        let mut config = Config { hooks: hooks.cast(), metadata_use_hooks: false };
        let mut index: c_uint = 0;
        let mut len = size_of::<c_uint>();
        // SAFETY: the name is one of jemalloc's; it reads a configuration of the given size and
        // writes an index of the given size. The hooks live for ever.
        let failed = unsafe {
            je::mallctl(
                c"experimental.arenas_create_ext".as_ptr(),
                (&raw mut index).cast(),
                &raw mut len,
                (&raw mut config).cast(),
                size_of::<Config>(),
            )
        };
        if failed != 0 {
            return None;
        }
        let arena = Self { index, region: at };
        // What is free goes to the list of retained extents at once: of those in waiting, jemalloc
        // cuts no block from an extent that is 64 times as large, and would call a region full
        // that has been emptied.
        arena.set("dirty_decay_ms", 0_isize);
        arena.set("muzzy_decay_ms", 0_isize);
        arena.set("retain_grow_limit", STEP);
        Some(arena)
    }

    /// A block in the region; none if it is full. The layout's size is not zero.
    #[inline]
    pub(super) fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        debug_assert!(layout.size() > 0);
        let flags = self.flags(layout);
        // SAFETY: the size is not zero.
        let block = unsafe { je::mallocx(layout.size(), flags) };
        let block = NonNull::new(block.cast())?;
        usage::add(self.region, class(layout) as isize);
        Some(block)
    }

    /// Gives a block back.
    ///
    /// # Safety
    /// The block came from this arena with this layout and is not used any more.
    #[inline]
    pub(super) unsafe fn free(&self, block: NonNull<u8>, layout: Layout) {
        usage::add(self.region, -(class(layout) as isize));
        // SAFETY: by this function's contract; size and flags are those of the allocation.
        unsafe { je::sdallocx(block.as_ptr().cast(), layout.size(), self.flags(layout)) }
    }

    /// The block with another size, content kept up to the smaller one; none if the region is full,
    /// and then the block is as it was.
    ///
    /// # Safety
    /// The block came from this arena with the old layout; the new one has the same alignment and
    /// is not empty.
    pub(super) unsafe fn resize(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Option<NonNull<u8>> {
        // SAFETY: by this function's contract.
        let moved = unsafe { je::rallocx(block.as_ptr().cast(), new.size(), self.flags(new)) };
        let moved = NonNull::new(moved.cast())?;
        usage::add(self.region, class(new) as isize - class(old) as isize);
        Some(moved)
    }

    #[inline]
    fn flags(&self, layout: Layout) -> c_int {
        flags(layout) | je::MALLOCX_ARENA(self.index as usize) | je::MALLOCX_TCACHE_NONE
    }

    /// Sets one of the arena's options. It only tunes, so that a failure is no fault.
    fn set<T>(&self, option: &str, mut value: T) {
        let Ok(name) = CString::new(format!("arena.{}.{option}", self.index)) else { return };
        write(&name, &mut value);
    }
}

/// Bytes that a block of this layout takes.
#[inline]
fn class(layout: Layout) -> usize {
    // SAFETY: reckons only; the size is not zero.
    unsafe { je::nallocx(layout.size(), flags(layout)) }
}

fn write<T>(name: &CStr, value: &mut T) {
    let value: *mut T = value;
    let name: *const c_char = name.as_ptr();
    // SAFETY: jemalloc reads a value of the size that is given, and checks that size itself.
    unsafe { je::mallctl(name, null_mut(), null_mut(), value.cast(), size_of::<T>()) };
}

/// Hands out the region's next extent.
///
/// # Safety
/// To be called by jemalloc, with the hooks that the arena was made with and two flags to write.
unsafe extern "C" fn take(
    hooks: *mut je::extent_hooks_t,
    at: *mut c_void,
    size: usize,
    alignment: usize,
    zero: *mut bool,
    commit: *mut bool,
    _arena: c_uint,
) -> *mut c_void {
    // SAFETY: jemalloc hands back the table that the arena was made with, which is the first field
    // of a `Hooks` that lives for ever.
    let region = unsafe { &*hooks.cast::<Hooks>() }.region;
    if !at.is_null() {
        return null_mut();
    }
    let Some(extent) = region.take(size, alignment) else { return null_mut() };
    // SAFETY: jemalloc passes two flags to be read and written; the extent is the region's, mapped,
    // and nobody else's.
    unsafe {
        if *zero && !region.is_zeroed() {
            extent.as_ptr().write_bytes(0, size);
        }
        *zero |= region.is_zeroed();
        *commit = true;
    }
    extent.as_ptr().cast()
}

/// Cutting an extent in two takes nothing: a region is one mapping.
///
/// # Safety
/// To be called by jemalloc; it touches nothing.
unsafe extern "C" fn split(
    _hooks: *mut je::extent_hooks_t,
    _at: *mut c_void,
    _size: usize,
    _first: usize,
    _second: usize,
    _committed: bool,
    _arena: c_uint,
) -> bool {
    false
}

/// Joining two takes nothing either.
///
/// # Safety
/// To be called by jemalloc; it touches nothing.
unsafe extern "C" fn merge(
    _hooks: *mut je::extent_hooks_t,
    _first: *mut c_void,
    _first_size: usize,
    _second: *mut c_void,
    _second_size: usize,
    _committed: bool,
    _arena: c_uint,
) -> bool {
    false
}
