//! Memory that devices read and write: whole pages, which nobody looks at in place.
//!
//! The other side may write to such memory at any time, whether it keeps to the protocol or not. So
//! there is never a reference to its bytes: they are copied out and in by raw pointers, and looked
//! at as a copy.

use rustix::mm::{MapFlags, ProtFlags};
use std::io;
use std::ptr::{self, NonNull};

/// Pages of memory that stay where they are until this is dropped.
pub struct Pages {
    base: NonNull<u8>,
    length: usize,
}

// SAFETY: the mapping belongs to the process and not to a thread, and its bytes are reached by raw
// copies only.
unsafe impl Send for Pages {}
// SAFETY: as above. Two threads that copy to the same place get a mixture of what both wrote, as
// from a device; no reference is there that this could break.
unsafe impl Sync for Pages {}

impl Pages {
    /// New pages, with zeros, of at least so many bytes.
    ///
    /// # Errors
    /// If there is no memory.
    pub fn new(length: usize) -> io::Result<Pages> {
        let length = length.max(1).next_multiple_of(rustix::param::page_size());
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice touches no other memory.
        let base = unsafe {
            rustix::mm::mmap_anonymous(ptr::null_mut(), length, protection, MapFlags::PRIVATE)?
        };
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Pages { base, length })
    }

    /// Bytes.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Never.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Where they begin, for a device.
    pub(super) fn base(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    /// Panics unless a piece lies within the pages: callers know where they copy.
    fn check(&self, at: usize, length: usize) {
        assert!(
            at <= self.length && length <= self.length - at,
            "a copy of {length} bytes at {at} of {}",
            self.length
        );
    }

    /// Copies bytes out, into the spare room of a buffer, which must have as much.
    pub fn append_to(&self, at: usize, count: usize, buffer: &mut Vec<u8>) {
        self.check(at, count);
        let room = &mut buffer.spare_capacity_mut()[..count];
        // SAFETY: both places have `count` bytes, as was just checked, and are apart, as the
        // buffer is not of this mapping; the bytes are valid whatever they are.
        unsafe {
            ptr::copy_nonoverlapping(self.base.as_ptr().add(at), room.as_mut_ptr().cast(), count);
            buffer.set_len(buffer.len() + count);
        }
    }

    /// Copies bytes out.
    pub fn copy_out(&self, at: usize, into: &mut [u8]) {
        self.check(at, into.len());
        // SAFETY: as above.
        unsafe {
            ptr::copy_nonoverlapping(self.base.as_ptr().add(at), into.as_mut_ptr(), into.len());
        }
    }

    /// Copies bytes in.
    pub fn copy_in(&self, at: usize, from: &[u8]) {
        self.check(at, from.len());
        // SAFETY: as above.
        unsafe {
            ptr::copy_nonoverlapping(from.as_ptr(), self.base.as_ptr().add(at), from.len());
        }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: the mapping is this one's own, and nothing points into it any more: a region
        // that a device knows of holds the pages until the device has forgotten it.
        let _ = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), self.length) };
    }
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages").field("length", &self.length).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_go_in_and_come_out() {
        let pages = Pages::new(10).expect("memory");
        assert_eq!(pages.len() % 4096, 0);
        pages.copy_in(4090, b"hello!");
        let mut out = [0; 6];
        pages.copy_out(4090, &mut out);
        assert_eq!(&out, b"hello!");
        let mut more = b"say ".to_vec();
        more.reserve(8);
        pages.append_to(4090, 5, &mut more);
        assert_eq!(more, b"say hello");
    }

    #[test]
    #[should_panic(expected = "a copy of")]
    fn nothing_is_copied_from_beyond_the_end() {
        let pages = Pages::new(1).expect("memory");
        let mut out = [0; 2];
        pages.copy_out(pages.len() - 1, &mut out);
    }
}
