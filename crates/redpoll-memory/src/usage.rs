//! How much memory is in use, exactly and at the price of a few loads.
//!
//! jemalloc keeps two counters for every thread: bytes it ever allocated and bytes it ever freed,
//! in units of the size class. It updates them on its own fast path anyway; so the sum over the
//! threads of their differences is the memory in use to the byte, and costs the allocating threads
//! nothing. A thread takes part once it has called [`register_thread`]; when it ends, its balance
//! is kept.

use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_void};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use tikv_jemalloc_sys as je;

/// The live threads' counters.
static THREADS: Mutex<Vec<Counters>> = Mutex::new(Vec::new());
/// What threads that have ended allocated and did not free (negative: freed for others).
static ENDED: AtomicI64 = AtomicI64::new(0);
/// The highest value that [`used_memory`] has returned.
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// One thread's two counters. The memory is jemalloc's and lives as long as the thread.
#[derive(Clone, Copy)]
struct Counters {
    allocated: *const AtomicU64,
    deallocated: *const AtomicU64,
}

// SAFETY: the counters are only ever read, atomically; an entry leaves THREADS, under its lock,
// before its thread ends (see `Registration::drop`), so no pointer in the list dangles.
unsafe impl Send for Counters {}

impl Counters {
    /// Bytes allocated and not freed by the thread; negative if it freed what others allocated.
    fn balance(&self) -> i64 {
        // SAFETY: the thread that owns the counters is alive (see the impl of Send). jemalloc
        // writes them with plain aligned 64-bit stores from that thread; an atomic load of such a
        // word cannot tear.
        let (allocated, freed) =
            unsafe { ((*self.allocated).load(Relaxed), (*self.deallocated).load(Relaxed)) };
        allocated.wrapping_sub(freed) as i64
    }
}

/// Takes the thread out of the list when it ends, and keeps its balance.
struct Registration(Counters);

impl Drop for Registration {
    fn drop(&mut self) {
        let mut threads = THREADS.lock().unwrap_or_else(PoisonError::into_inner);
        threads.retain(|counters| !std::ptr::eq(counters.allocated, self.0.allocated));
        ENDED.fetch_add(self.0.balance(), Relaxed);
    }
}

thread_local! {
    static REGISTRATION: RefCell<Option<Registration>> = const { RefCell::new(None) };
}

/// Counts the calling thread's allocations from now on; a second call does nothing.
///
/// To be the first thing every thread of the program does.
pub fn register_thread() {
    REGISTRATION.with_borrow_mut(|registration| {
        if registration.is_some() {
            return;
        }
        let counters = Counters {
            allocated: read_pointer(c"thread.allocatedp"),
            deallocated: read_pointer(c"thread.deallocatedp"),
        };
        if counters.allocated.is_null() || counters.deallocated.is_null() {
            return;
        }
        THREADS.lock().unwrap_or_else(PoisonError::into_inner).push(counters);
        *registration = Some(Registration(counters));
    });
}

/// Bytes in use by the program, in units of the allocator's size classes. O(threads).
pub fn used_memory() -> usize {
    let threads = THREADS.lock().unwrap_or_else(PoisonError::into_inner);
    let balance: i64 = threads.iter().map(Counters::balance).sum();
    drop(threads);
    let used = usize::try_from(balance + ENDED.load(Relaxed)).unwrap_or(0);
    PEAK.fetch_max(used, Relaxed);
    used
}

/// Bytes that the calling thread has allocated and not freed since it was registered; negative if
/// it has freed what others allocated. Two loads: to find out whether the sum over all threads can
/// have changed by much.
#[inline]
pub fn thread_balance() -> i64 {
    REGISTRATION.with_borrow(|registration| registration.as_ref().map_or(0, |own| own.0.balance()))
}

/// Bytes that the calling thread ever allocated.
pub(crate) fn allocated_by_thread() -> u64 {
    let allocated = read_pointer(c"thread.allocatedp");
    // SAFETY: jemalloc's counter of this thread lives as long as the thread.
    if allocated.is_null() { 0 } else { unsafe { (*allocated).load(Relaxed) } }
}

/// The highest figure that [`used_memory`] has given so far.
pub fn peak_memory() -> usize {
    PEAK.load(Relaxed).max(used_memory())
}

/// What jemalloc knows of itself, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllocatorStats {
    /// Handed out to the program.
    pub allocated: usize,
    /// In pages that hold at least one allocation.
    pub active: usize,
    /// In physical memory, metadata and unused dirty pages included.
    pub resident: usize,
    /// Mapped from the kernel.
    pub mapped: usize,
}

/// jemalloc's own figures, refreshed. Costs microseconds: for INFO, not for every command.
pub fn allocator_stats() -> AllocatorStats {
    let mut epoch: u64 = 1;
    write(c"epoch", &mut epoch);
    AllocatorStats {
        allocated: read_size(c"stats.allocated"),
        active: read_size(c"stats.active"),
        resident: read_size(c"stats.resident"),
        mapped: read_size(c"stats.mapped"),
    }
}

/// Lets jemalloc give unused pages back from a thread of its own, so that no command pays for it.
pub fn enable_background_purging() {
    let mut on = true;
    write(c"background_thread", &mut on);
}

/// Gives all unused pages back to the kernel at once.
pub fn purge() {
    // SAFETY: the name is a NUL-terminated mallctl that takes no value; 4096 is MALLCTL_ARENAS_ALL.
    unsafe {
        je::mallctl(c"arena.4096.purge".as_ptr(), null_mut(), null_mut(), null_mut(), 0);
    }
}

fn read_pointer(name: &CStr) -> *const AtomicU64 {
    let mut pointer: *const AtomicU64 = null();
    read(name, &mut pointer);
    pointer
}

fn read_size(name: &CStr) -> usize {
    let mut size: usize = 0;
    read(name, &mut size);
    size
}

/// Reads a mallctl value whose C type has the size of `T`; leaves `value` alone if there is none.
pub(crate) fn read<T: Copy>(name: &CStr, value: &mut T) {
    let mut size = size_of::<T>();
    let name: *const c_char = name.as_ptr();
    // SAFETY: `value` is writable for `size` bytes, and mallctl refuses a value of any other size.
    unsafe {
        je::mallctl(name, (value as *mut T).cast::<c_void>(), &mut size, null_mut(), 0);
    }
}

/// Writes a mallctl value whose C type has the size of `T`. Answers whether it was taken.
pub(crate) fn write<T: Copy>(name: &CStr, value: &mut T) -> bool {
    let value: *mut T = value;
    // SAFETY: `value` is readable for its size, and mallctl refuses a value of any other size.
    unsafe { je::mallctl(name.as_ptr(), null_mut(), null_mut(), value.cast(), size_of::<T>()) == 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[global_allocator]
    static ALLOCATOR: crate::Allocator = crate::Allocator;

    #[test]
    fn counts_across_threads() {
        register_thread();
        let before = used_memory();
        let kept = std::thread::spawn(|| {
            register_thread();
            vec![1u8; 10 << 20]
        });
        let kept = kept.join().expect("the thread ends well");
        let grown = used_memory();
        assert!(grown >= before + (10 << 20), "{before} {grown}");
        drop(kept);
        let after = used_memory();
        assert!(after < before + (1 << 20), "{before} {after}");
        assert!(peak_memory() >= grown);
        assert!(allocator_stats().resident > 0);
    }
}
