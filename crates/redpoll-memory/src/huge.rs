//! Huge pages for what a load fills.
//!
//! Whoever loads a data set touches all the memory it takes for the first time, and the kernel
//! makes every page when it is touched: with pages of 4 KiB that is a third to a half of the whole
//! time. In pages of 2 MiB it is hardly anything. What speaks against them speaks against them in
//! service: a single write may have to wait until 2 MiB are cleared, or until the kernel has
//! brought so much together. So they are asked for while a load goes on, and for the memory that is
//! mapped meanwhile; what of it is given back later comes in small pages again. (Nothing here
//! forks, so there is no copying of huge pages either.)
//!
//! A virtual machine may give free blocks of that size back to its host (free page reporting), and
//! keeps smaller ones. Then a huge page is one that the host has to make first, which costs several
//! times what it saves, and a small one most often one that is there. So none are asked for in such
//! a machine.
//!
//! How: a thread that loads holds a [`Filling`]. While it does, its arena maps memory through a
//! hook that tells the kernel, and that is else jemalloc's own.

use crate::usage::{read, write};
use rustix::mm::{Advice, madvise};
use std::cell::UnsafeCell;
use std::ffi::{CString, c_uint, c_void};
use std::fs;
use std::marker::PhantomData;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};
use std::sync::{Mutex, OnceLock, PoisonError};
use tikv_jemalloc_sys as je;

/// What is mapped in smaller pieces is not worth a call.
const SIZE_MIN: usize = 2 << 20;
/// A huge page has 2 to the power of so many small ones.
const HUGE_ORDER: u32 = 9;
/// The most pieces that are remembered. Arenas map ever larger ones, so that few are needed.
const PIECES: usize = 1024;

/// Memory that was mapped by the hook: address and length of each piece.
static MAPPED: [[AtomicUsize; 2]; PIECES] =
    [const { [AtomicUsize::new(0), AtomicUsize::new(0)] }; PIECES];
/// How many pieces there are, or were asked for.
static COUNT: AtomicUsize = AtomicUsize::new(0);
/// Whether huge pages are wanted for good.
static KEPT: AtomicBool = AtomicBool::new(false);

/// Arenas that have the hook: number, how many threads hold them, and jemalloc's own hooks.
static ARENAS: Mutex<Vec<Hooked>> = Mutex::new(Vec::new());

struct Hooked {
    arena: c_uint,
    holders: usize,
    own: *mut je::extent_hooks_t,
}

// SAFETY: the address is that of a constant of jemalloc's.
unsafe impl Send for Hooked {}

/// jemalloc's own hooks with one changed. Written once, before its address is given to anybody.
struct Hooks(UnsafeCell<je::extent_hooks_t>);

// SAFETY: written under the lock of ARENAS while no arena has it, and only read after that.
unsafe impl Sync for Hooks {}

static HOOKS: Hooks = Hooks(UnsafeCell::new(je::extent_hooks_s {
    alloc: None,
    dalloc: None,
    destroy: None,
    commit: None,
    decommit: None,
    purge_lazy: None,
    purge_forced: None,
    split: None,
    merge: None,
}));

type Alloc = unsafe extern "C" fn(
    *mut je::extent_hooks_t,
    *mut c_void,
    usize,
    usize,
    *mut bool,
    *mut bool,
    c_uint,
) -> *mut c_void;

/// jemalloc's own way of mapping memory, as an address; 0: not known yet.
static OWN_ALLOC: AtomicUsize = AtomicUsize::new(0);
static OWN_HOOKS: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" fn alloc(
    _: *mut je::extent_hooks_t,
    at: *mut c_void,
    size: usize,
    alignment: usize,
    zero: *mut bool,
    commit: *mut bool,
    arena: c_uint,
) -> *mut c_void {
    // SAFETY: stored from a function of this type before the hook was given to an arena.
    let own: Alloc = unsafe { std::mem::transmute::<usize, Alloc>(OWN_ALLOC.load(Acquire)) };
    let hooks = OWN_HOOKS.load(Acquire) as *mut je::extent_hooks_t;
    // SAFETY: as we were asked, with the hooks that the function belongs to.
    let mapped = unsafe { own(hooks, at, size, alignment, zero, commit, arena) };
    if !mapped.is_null() && size >= SIZE_MIN {
        remember(mapped, size);
    }
    mapped
}

/// Asks for huge pages, if that can be undone. Allocates nothing.
fn remember(mapped: *mut c_void, size: usize) {
    let Some([at, len]) = MAPPED.get(COUNT.fetch_add(1, AcqRel)) else { return };
    at.store(mapped.addr(), Release);
    len.store(size, Release);
    // SAFETY: the memory was mapped for the allocator just now, and the advice changes none of it.
    // Where the kernel takes no advice, pages stay small.
    let _ = unsafe { madvise(mapped, size, Advice::LinuxHugepage) };
}

/// What was asked for is to hold for what is touched from now on no longer.
fn settle() {
    let pieces = COUNT.load(Acquire).min(PIECES);
    for [at, len] in &MAPPED[..pieces] {
        let (at, len) = (at.swap(0, AcqRel), len.swap(0, AcqRel));
        if len > 0 && !KEPT.load(Relaxed) {
            // SAFETY: the allocator never unmaps what it has mapped; and if somebody else's memory
            // lay there, the advice would change nothing of what it holds.
            let _ = unsafe {
                madvise(std::ptr::with_exposed_provenance_mut(at), len, Advice::LinuxNoHugepage)
            };
        }
    }
    COUNT.store(0, Release);
}

/// While it lives, the calling thread's arena takes huge pages. See the module's head.
pub struct Filling {
    arena: Option<c_uint>,
    /// It is about the thread that has made it.
    _thread: PhantomData<*const ()>,
}

impl Filling {
    /// Begins; does nothing if the allocator is another one.
    pub fn begin() -> Self {
        if gives_free_blocks_back() {
            return Filling { arena: None, _thread: PhantomData };
        }
        Filling::with_hook()
    }

    fn with_hook() -> Self {
        let mut arena = c_uint::MAX;
        read(c"thread.arena", &mut arena);
        let arena = (arena != c_uint::MAX && hold(arena).is_some()).then_some(arena);
        Filling { arena, _thread: PhantomData }
    }
}

impl Drop for Filling {
    fn drop(&mut self) {
        let Some(arena) = self.arena else { return };
        let mut arenas = ARENAS.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(index) = arenas.iter().position(|it| it.arena == arena) else { return };
        arenas[index].holders -= 1;
        if arenas[index].holders == 0 {
            let mut own = arenas.swap_remove(index).own;
            if let Some(name) = hooks_of(arena) {
                write(&name, &mut own);
            }
        }
        if arenas.is_empty() {
            settle();
        }
    }
}

/// Whether this is a virtual machine that gives free blocks of the size of a huge page back to its
/// host. The kernel tells from which order of blocks on it does, or a number that is none.
fn gives_free_blocks_back() -> bool {
    static KNOWN: OnceLock<bool> = OnceLock::new();
    *KNOWN.get_or_init(|| {
        let order =
            fs::read_to_string("/sys/module/page_reporting/parameters/page_reporting_order");
        order.is_ok_and(|text| is_reported(&text))
    })
}

/// Whether a kernel that reports from this order on reports blocks of 2 MiB.
fn is_reported(order: &str) -> bool {
    order.trim().parse::<u32>().is_ok_and(|order| order <= HUGE_ORDER)
}

/// The name of an arena's hooks.
fn hooks_of(arena: c_uint) -> Option<CString> {
    CString::new(format!("arena.{arena}.extent_hooks")).ok()
}

/// Gives an arena the hook, if it does not have it.
fn hold(arena: c_uint) -> Option<()> {
    let mut arenas = ARENAS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = arenas.iter_mut().find(|it| it.arena == arena) {
        known.holders += 1;
        return Some(());
    }
    let name = hooks_of(arena)?;
    let mut own: *mut je::extent_hooks_t = null_mut();
    read(&name, &mut own);
    // SAFETY: jemalloc has answered with the address of hooks that are there for ever; or with
    // none.
    let known = unsafe { own.as_ref() }?;
    match OWN_HOOKS.load(Acquire) {
        0 => {
            let hooks = je::extent_hooks_s { alloc: Some(alloc), ..*known };
            // SAFETY: no arena has it yet, and the lock is ours.
            unsafe { *HOOKS.0.get() = hooks };
            OWN_ALLOC.store(known.alloc? as usize, Release);
            OWN_HOOKS.store(own.expose_provenance(), Release);
        }
        // Somebody else's: not ours to change.
        other if other != own.addr() => return None,
        _ => {}
    }
    let mut hooks = HOOKS.0.get();
    if !write(&name, &mut hooks) {
        return None;
    }
    arenas.push(Hooked { arena, holders: 1, own });
    Some(())
}

/// Turns huge pages off for the process, but for those of a [`Filling`] where the kernel knows the
/// difference. Where nobody gets any without asking there is nothing to turn off.
pub fn restrain() -> rustix::io::Result<()> {
    let enabled = fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled");
    if enabled.is_ok_and(|text| !text.contains("[always]")) {
        return Ok(());
    }
    /// Linux 6.18: whoever asks gets them.
    const EXCEPT_ADVISED: usize = 2;
    // SAFETY: numbers only.
    let spared = unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, 1usize, EXCEPT_ADVISED, 0, 0) };
    match spared {
        0 => Ok(()),
        _ => rustix::thread::disable_transparent_huge_pages(true),
    }
}

/// Says that huge pages are welcome, also later.
pub fn welcome() {
    KEPT.store(true, Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own_hooks() -> *mut je::extent_hooks_t {
        let (mut arena, mut hooks) = (0, null_mut());
        read(c"thread.arena", &mut arena);
        read(&hooks_of(arena).expect("a name"), &mut hooks);
        hooks
    }

    #[test]
    fn kernels_that_report_are_known() {
        assert!(is_reported("9\n") && is_reported("0"));
        // Nobody has asked for reports; or only for larger blocks.
        assert!(!is_reported("4294967295\n") && !is_reported("10") && !is_reported("-1"));
        assert!(!is_reported(""));
    }

    #[test]
    fn memory_is_mapped_while_it_is_held_and_the_hook_goes() {
        let before = own_hooks();
        let block = {
            let one = Filling::with_hook();
            let two = Filling::with_hook();
            assert_ne!(own_hooks(), before);
            drop(two);
            assert_ne!(own_hooks(), before, "one holds it still");
            let pieces = COUNT.load(Acquire);
            let block = vec![1u8; 100 << 20];
            assert!(block.iter().step_by(4096).all(|byte| *byte == 1));
            // Large blocks may have an arena of their own.
            let blocks: Vec<Vec<u8>> = (0..100).map(|_| vec![2u8; 1 << 20]).collect();
            assert!(COUNT.load(Acquire) > pieces, "nothing was mapped");
            drop(one);
            (block, blocks)
        };
        assert_eq!(own_hooks(), before);
        assert_eq!(COUNT.load(Acquire), 0);
        drop(block);
        assert!(vec![3u8; 10 << 20].iter().all(|byte| *byte == 3));
    }
}
