//! The memory that both sides share: a file without a name, sealed and mapped.
//!
//! All `unsafe` code of the crate is here. What it rests on:
//!
//! * **The mapping stays.** A [`Memory`] owns it until it is dropped, and whatever points into it
//!   (a [`Half`]) holds a reference to the `Memory`.
//! * **The file cannot shrink.** It is sealed before anybody else has its descriptor, and a client
//!   maps nothing that is not sealed; so no access to the mapping can fail with SIGBUS. (Punching
//!   holes stays possible, and gives zeros.)
//! * **No reference to bytes.** The other process may write anything anywhere at any time. Words
//!   that both sides use are atomics, for which any value is valid. Ring bytes are reached by raw
//!   pointers only and are copied out or in by one `copy_nonoverlapping`, never looked at in place.
//!   Between correct peers the counters order these copies; a peer that breaks the order can garble
//!   the bytes that are copied, which it could have sent anyway, and nothing else.

#![allow(unsafe_code)]

use crate::atomics::AtomicU32;
use crate::layout::{DESCRIPTION_LEN, Layout, RingAt, STATE_AT, Unusable};
use crate::ring::{Area, Control};
use rustix::fs::{MemfdFlags, SealFlags};
use rustix::mm::{MapFlags, ProtFlags};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::sync::Arc;

/// A mapped memory file.
pub struct Memory {
    base: NonNull<u8>,
    layout: Layout,
}

// SAFETY: the mapping belongs to the process and not to a thread, and what it holds is reached
// through atomics and raw copies only.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

/// What the file may no longer do: nobody can take bytes away that another has mapped.
const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW).union(SealFlags::SEAL);

impl Memory {
    /// Makes the memory, with two rings of at least `ring` bytes, and its descriptor, to be handed
    /// to the other side.
    pub fn create(ring: usize) -> io::Result<(Arc<Memory>, OwnedFd)> {
        let layout = Layout::with_rings(ring);
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        // Kernels before 6.3 do not know that a file may be declared no program.
        let fd = rustix::fs::memfd_create("redpoll", flags | MemfdFlags::NOEXEC_SEAL)
            .or_else(|_| rustix::fs::memfd_create("redpoll", flags))?;
        rustix::fs::ftruncate(&fd, layout.len as u64)?;
        rustix::fs::fcntl_add_seals(&fd, SEALS)?;
        let memory = Self::map(&fd, layout)?;
        let description = layout.describe();
        // SAFETY: the mapping is longer than the description, and nobody else has it yet.
        unsafe {
            ptr::copy_nonoverlapping(description.as_ptr(), memory.base.as_ptr(), DESCRIPTION_LEN);
        }
        Ok((Arc::new(memory), fd))
    }

    /// Maps the memory that another process has made; it must be sealed and as it describes itself.
    pub fn open(fd: &OwnedFd) -> io::Result<Arc<Memory>> {
        let unusable = |why: Unusable| io::Error::new(io::ErrorKind::InvalidData, why);
        let unsealed = || io::Error::new(io::ErrorKind::InvalidData, "the memory is not sealed");
        let seals = rustix::fs::fcntl_get_seals(fd).map_err(|_| unsealed())?;
        if !seals.contains(SealFlags::SHRINK | SealFlags::GROW) {
            return Err(unsealed());
        }
        let len = usize::try_from(rustix::fs::fstat(fd)?.st_size).unwrap_or(0);
        // Sealed, the file keeps this length.
        let mut description = [0; DESCRIPTION_LEN];
        if rustix::io::pread(fd, &mut description, 0)? < DESCRIPTION_LEN {
            return Err(unusable(Unusable::Length));
        }
        let layout = Layout::read(&description, len).map_err(unusable)?;
        Ok(Arc::new(Self::map(fd, layout)?))
    }

    /// Maps a file that has the layout's length and is sealed.
    fn map(fd: &impl AsFd, layout: Layout) -> io::Result<Memory> {
        // SAFETY: a new mapping at an address of the kernel's choice touches no other memory.
        let base = unsafe {
            rustix::mm::mmap(
                ptr::null_mut(),
                layout.len,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::SHARED,
                fd,
                0,
            )?
        };
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Memory { base, layout })
    }

    /// Makes memory of this process alone, for an interpreter that knows no files.
    #[cfg(miri)]
    pub(crate) fn private(ring: usize) -> Arc<Memory> {
        let layout = Layout::with_rings(ring);
        // SAFETY: the layout has a size.
        let base = unsafe { std::alloc::alloc_zeroed(Self::allocation(&layout)) };
        Arc::new(Memory { base: NonNull::new(base).expect("there is memory"), layout })
    }

    #[cfg(miri)]
    fn allocation(layout: &Layout) -> std::alloc::Layout {
        std::alloc::Layout::from_size_align(layout.len, 4096).expect("a layout")
    }

    /// Where everything lies.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Bytes.
    pub fn len(&self) -> usize {
        self.layout.len
    }

    /// Never.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The state word: [`OPEN`](crate::layout::OPEN) or [`CLOSED`](crate::layout::CLOSED).
    pub fn state(&self) -> &AtomicU32 {
        // SAFETY: `STATE_AT` is aligned and within the mapping (`Layout::read` lets no control
        // block overlap it); the word is used as an atomic only, for which any value is valid, and
        // it lives as long as `self`.
        unsafe { &*self.base.as_ptr().add(STATE_AT).cast::<AtomicU32>() }
    }

    /// The ring that carries requests.
    pub fn requests(self: &Arc<Self>) -> Half {
        Half::new(self, &self.layout.requests)
    }

    /// The ring that carries replies.
    pub fn replies(self: &Arc<Self>) -> Half {
        Half::new(self, &self.layout.replies)
    }
}

#[cfg(miri)]
impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: `private` has allocated it so, and nobody points into it any more.
        unsafe { std::alloc::dealloc(self.base.as_ptr(), Self::allocation(&self.layout)) };
    }
}

#[cfg(not(miri))]
impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and nobody points into it any more: a `Half` would keep
        // `self` alive.
        let unmapped = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), self.layout.len) };
        debug_assert!(unmapped.is_ok());
    }
}

/// One ring of a memory.
pub struct Half {
    control: NonNull<Control>,
    bytes: NonNull<u8>,
    size: usize,
    memory: Arc<Memory>,
}

// SAFETY: a `Half` is pointers into a mapping that any thread may use (see `Memory`).
unsafe impl Send for Half {}
// SAFETY: as above; its methods copy bytes or give out atomics.
unsafe impl Sync for Half {}

impl Half {
    fn new(memory: &Arc<Memory>, ring: &RingAt) -> Self {
        let at = |offset: usize, len: usize| {
            assert!(offset.checked_add(len).is_some_and(|end| end <= memory.layout.len));
            // SAFETY: within the mapping, as just checked; so the pointer is not null either.
            unsafe { memory.base.add(offset) }
        };
        let control = at(ring.control, size_of::<Control>()).cast::<Control>();
        assert!(control.is_aligned() && ring.size.is_power_of_two());
        Half {
            control,
            bytes: at(ring.bytes, ring.size),
            size: ring.size,
            memory: Arc::clone(memory),
        }
    }

    /// The memory that it is a part of.
    pub fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// Where `len` bytes from the `at`th on lie. Panics unless they are within the ring.
    #[inline]
    fn pointer(&self, at: usize, len: usize) -> *mut u8 {
        assert!(at <= self.size && len <= self.size - at);
        // SAFETY: within the ring, which `new` has found to be within the mapping.
        unsafe { self.bytes.as_ptr().add(at) }
    }
}

impl Area for Half {
    #[inline]
    fn control(&self) -> &Control {
        // SAFETY: aligned and within the mapping, as `new` has checked; consists of atomics alone,
        // for which any value is valid; lives as long as `self` holds the memory.
        unsafe { self.control.as_ref() }
    }

    #[inline]
    fn size(&self) -> usize {
        self.size
    }

    #[inline]
    fn put(&self, at: usize, bytes: &[u8]) {
        let to = self.pointer(at, bytes.len());
        // SAFETY: `to` has room for them, and no slice of ours lies in the shared mapping.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) }
    }

    #[inline]
    fn append(&self, at: usize, len: usize, out: &mut Vec<u8>) {
        let from = self.pointer(at, len);
        let room = out.spare_capacity_mut();
        assert!(len <= room.len());
        // SAFETY: both have `len` bytes, apart from each other; these are then written, so that
        // they count.
        unsafe {
            ptr::copy_nonoverlapping(from, room.as_mut_ptr().cast(), len);
            out.set_len(out.len() + len);
        }
    }

    #[inline]
    fn take(&self, at: usize, out: &mut [u8]) {
        let from = self.pointer(at, out.len());
        // SAFETY: both have `out.len()` bytes, apart from each other.
        unsafe { ptr::copy_nonoverlapping(from, out.as_mut_ptr(), out.len()) }
    }
}
