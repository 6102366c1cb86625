//! The area that the table lies in: a file without a name, mapped.
//!
//! All `unsafe` code of the crate is here. What it rests on:
//!
//! * **The mapping stays.** An [`Area`] or a [`View`] owns it until it is dropped, and what points
//!   into it borrows them, or holds a reference (`Arc`).
//! * **The file cannot shrink**: it is sealed before anybody else has its descriptor, and a replica
//!   maps nothing that is not. So no access fails with SIGBUS.
//! * **Nobody but the primary writes.** The file is sealed against further writing
//!   (`F_SEAL_FUTURE_WRITE`) once the primary has its own mapping. A kernel that cannot do that
//!   gets no file; the area is then the process's own memory, for carriers that need none.
//! * **Within the primary, a slot is lent to one writer or to readers.** A count for each, as in a
//!   `RefCell`, refuses everything else; so nothing rests on what [`crate::window`] does.
//! * **The replica trusts nothing.** It never has a reference to the shared bytes, which the
//!   primary changes at any time; it copies them out by one raw copy, and looks at the copy. A
//!   primary that writes at the same time garbles what it could have sent garbled anyway.

#![allow(unsafe_code)]

use rustix::fs::{MemfdFlags, SealFlags};
use rustix::mm::{Advice, MapFlags, ProtFlags};
use std::io;
use std::ops::{Deref, DerefMut};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU32, Ordering::*};

/// A page, and what the lengths of areas are multiples of.
pub const PAGE: usize = 4096;

/// A mapping.
struct Mapping {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: the mapping belongs to the process and not to a thread.
unsafe impl Send for Mapping {}
// SAFETY: as above; a shared `Mapping` gives out its address only.
unsafe impl Sync for Mapping {}

impl Mapping {
    fn new(fd: Option<BorrowedFd<'_>>, len: usize, protection: ProtFlags) -> io::Result<Mapping> {
        // SAFETY: a new mapping at an address of the kernel's choice touches no other memory.
        let base = unsafe {
            match fd {
                Some(fd) => {
                    rustix::mm::mmap(ptr::null_mut(), len, protection, MapFlags::SHARED, fd, 0)?
                }
                None => {
                    rustix::mm::mmap_anonymous(ptr::null_mut(), len, protection, MapFlags::PRIVATE)?
                }
            }
        };
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Mapping { base, len })
    }

    fn at(&self, offset: usize, len: usize) -> NonNull<u8> {
        assert!(offset <= self.len && len <= self.len - offset);
        // SAFETY: within the mapping, as just checked.
        unsafe { self.base.add(offset) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and whoever points into it borrows its owner.
        let unmapped = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), self.len) };
        debug_assert!(unmapped.is_ok());
    }
}

/// The primary's side: slots of equal size, one after the other.
pub struct Area {
    mapping: Mapping,
    file: Option<OwnedFd>,
    slot: usize,
    /// For each slot: readers, or [`WRITTEN`].
    lent: Box<[AtomicU32]>,
}

/// The slot is lent to a writer.
const WRITTEN: u32 = u32::MAX;

const SEALS: SealFlags =
    SealFlags::SHRINK.union(SealFlags::GROW).union(SealFlags::FUTURE_WRITE).union(SealFlags::SEAL);

impl Area {
    /// Makes one of so many slots, whose size is up to whole pages. It takes memory as it is
    /// written.
    pub fn new(slots: usize, slot: usize) -> io::Result<Area> {
        let slot = slot.max(1).next_multiple_of(PAGE);
        let len = slot.checked_mul(slots.max(1)).ok_or(io::ErrorKind::InvalidInput)?;
        let (mapping, file) = match sealed_file(len) {
            Ok((file, mapping)) => (mapping, Some(file)),
            Err(_) => (Mapping::new(None, len, ProtFlags::READ | ProtFlags::WRITE)?, None),
        };
        let lent = (0..slots.max(1)).map(|_| AtomicU32::new(0)).collect();
        Ok(Area { mapping, file, slot, lent })
    }

    /// Its length.
    pub fn len(&self) -> usize {
        self.mapping.len
    }

    /// Never.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The address of its first byte, for devices that read it. It stays what it is.
    pub fn base(&self) -> *const u8 {
        self.mapping.base.as_ptr()
    }

    /// The file, which nobody can write to by this descriptor or map so; `None`: the kernel has no
    /// such files.
    pub fn file(&self) -> Option<BorrowedFd<'_>> {
        self.file.as_ref().map(|file| file.as_fd())
    }

    /// A slot, to be written. `None`: somebody has it.
    pub fn write(&self, slot: usize) -> Option<SlotMut<'_>> {
        let lent = self.lent.get(slot)?;
        lent.compare_exchange(0, WRITTEN, Acquire, Relaxed).ok()?;
        Some(SlotMut { area: self, slot })
    }

    /// The first `len` bytes of a slot, to be read. `None`: somebody writes it, or it is shorter.
    pub fn read(&self, slot: usize, len: usize) -> Option<SlotRef<'_>> {
        let lent = self.lent.get(slot).filter(|_| len <= self.slot)?;
        lent.fetch_update(Acquire, Relaxed, |count| (count < WRITTEN - 1).then(|| count + 1))
            .ok()?;
        Some(SlotRef { area: self, slot, len })
    }
}

// SAFETY: the area owns its mapping until it is dropped.
unsafe impl redpoll_rdma::verbs::Stable for Area {
    fn base(&self) -> *const u8 {
        Area::base(self)
    }

    fn len(&self) -> usize {
        Area::len(self)
    }
}

/// A slot that nobody else of this process has.
pub struct SlotMut<'a> {
    area: &'a Area,
    slot: usize,
}

impl Deref for SlotMut<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let len = self.area.slot;
        let at = self.area.mapping.at(self.slot * len, len);
        // SAFETY: within the mapping, which lives as long as the area; `lent` says that nobody else
        // in this process has the slot, and other processes cannot write it.
        unsafe { std::slice::from_raw_parts(at.as_ptr(), len) }
    }
}

impl DerefMut for SlotMut<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        let len = self.area.slot;
        let at = self.area.mapping.at(self.slot * len, len);
        // SAFETY: as above. What other processes read meanwhile is theirs to doubt.
        unsafe { std::slice::from_raw_parts_mut(at.as_ptr(), len) }
    }
}

impl Drop for SlotMut<'_> {
    fn drop(&mut self) {
        self.area.lent[self.slot].store(0, Release);
    }
}

/// Bytes of a slot that nobody writes.
pub struct SlotRef<'a> {
    area: &'a Area,
    slot: usize,
    len: usize,
}

impl Deref for SlotRef<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let at = self.area.mapping.at(self.slot * self.area.slot, self.len);
        // SAFETY: within the mapping, which lives as long as the area; `lent` says that nobody in
        // this process writes the slot, and other processes cannot.
        unsafe { std::slice::from_raw_parts(at.as_ptr(), self.len) }
    }
}

impl Drop for SlotRef<'_> {
    fn drop(&mut self) {
        self.area.lent[self.slot].fetch_sub(1, Release);
    }
}

fn sealed_file(len: usize) -> io::Result<(OwnedFd, Mapping)> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    // Kernels before 6.3 do not know that a file may be declared no program.
    let file = rustix::fs::memfd_create("redpoll-sync", flags | MemfdFlags::NOEXEC_SEAL)
        .or_else(|_| rustix::fs::memfd_create("redpoll-sync", flags))?;
    rustix::fs::ftruncate(&file, len as u64)?;
    let mapping = Mapping::new(Some(file.as_fd()), len, ProtFlags::READ | ProtFlags::WRITE)?;
    rustix::fs::fcntl_add_seals(&file, SEALS)?;
    Ok((file, mapping))
}

/// The replica's side: the primary's area, readable.
pub struct View {
    mapping: Mapping,
}

impl View {
    /// Maps the file that a primary has sent, which must be sealed and as long as was said.
    pub fn open(file: &OwnedFd, len: usize) -> io::Result<View> {
        let bad = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why.to_owned());
        let seals = rustix::fs::fcntl_get_seals(file).map_err(|_| bad("the area has no seals"))?;
        if !seals.contains(SealFlags::SHRINK) {
            return Err(bad("the area is not sealed"));
        }
        let size = rustix::fs::fstat(file)?.st_size;
        if len == 0 || u64::try_from(size).ok() != Some(len as u64) {
            return Err(bad("the area is not as long as was said"));
        }
        Ok(View { mapping: Mapping::new(Some(file.as_fd()), len, ProtFlags::READ)? })
    }

    /// Its length.
    pub fn len(&self) -> usize {
        self.mapping.len
    }

    /// Never.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Copies bytes into `out`, from its beginning; what was there is gone. False: they are not all
    /// within the area.
    pub fn copy(&self, offset: u64, len: usize, out: &mut Vec<u8>) -> bool {
        out.clear();
        self.append(offset, len, out)
    }

    /// Appends bytes to `out`. False: they are not all within the area.
    pub fn append(&self, offset: u64, len: usize, out: &mut Vec<u8>) -> bool {
        let Ok(offset) = usize::try_from(offset) else { return false };
        if offset > self.len() || len > self.len() - offset {
            return false;
        }
        out.reserve(len);
        let from = self.mapping.at(offset, len);
        let room = &mut out.spare_capacity_mut()[..len];
        // SAFETY: both have `len` bytes, apart from each other, and no reference of ours is to the
        // shared ones; these of `out` are then written, so that they count.
        unsafe {
            ptr::copy_nonoverlapping(from.as_ptr(), room.as_mut_ptr().cast(), len);
            out.set_len(out.len() + len);
        }
        true
    }
}

/// Makes the pages that the next `len` bytes of `out` will lie in, all at once, if they are not
/// there: a third less work than to have each made when it is touched.
pub fn make_pages(out: &mut Vec<u8>, len: usize) {
    let room = out.spare_capacity_mut();
    let len = len.min(room.len());
    if len == 0 {
        return;
    }
    let start = room.as_mut_ptr().cast::<u8>();
    let before = start.addr() % PAGE;
    let whole = (before + len).next_multiple_of(PAGE);
    // SAFETY: each of the pages is ours at least in part, so they are mapped, and nothing in them
    // changes. Kernels before 5.14 do not know how; then each is made when it is touched.
    let _ = unsafe {
        rustix::mm::madvise(start.wrapping_sub(before).cast(), whole, Advice::LinuxPopulateWrite)
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_seen_and_nobody_else_can_write() {
        let area = Area::new(3, 10).unwrap();
        assert_eq!(area.len(), 3 * PAGE);
        area.write(1).unwrap()[904..907].copy_from_slice(b"abc");
        let Some(file) = area.file() else { return };
        let received = file.try_clone_to_owned().unwrap();
        assert!(View::open(&received, PAGE).is_err(), "another length");
        let view = View::open(&received, 3 * PAGE).unwrap();
        let mut out = b"old".to_vec();
        assert!(view.copy(4999, 5, &mut out));
        assert_eq!(out, b"\0abc\0");
        assert!(view.append(5000, 2, &mut out) && !view.append(u64::MAX, 1, &mut out));
        assert_eq!(out, b"\0abc\0ab");
        for (offset, len) in [(3 * PAGE as u64, 1), (u64::MAX, 1), (1, 3 * PAGE), (0, usize::MAX)] {
            assert!(!view.copy(offset, len, &mut out), "{offset} {len}");
        }
        assert!(rustix::io::pwrite(&received, b"x", 0).is_err());
        assert!(rustix::fs::ftruncate(&received, 0).is_err());
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        assert!(Mapping::new(Some(received.as_fd()), PAGE, protection).is_err());
    }

    #[test]
    fn pages_that_are_made_hold_what_they_held() {
        let mut out = vec![7; 10 * PAGE + 5];
        out.reserve_exact(20 * PAGE);
        make_pages(&mut out, 3 * PAGE);
        make_pages(&mut out, usize::MAX);
        assert!(out.len() == 10 * PAGE + 5 && out.iter().all(|byte| *byte == 7));
        make_pages(&mut Vec::new(), 1);
    }

    #[test]
    fn a_slot_has_one_writer_or_readers() {
        let area = Area::new(2, PAGE).unwrap();
        let mut writer = area.write(0).unwrap();
        writer[0] = 1;
        assert!(area.write(0).is_none() && area.read(0, 1).is_none());
        drop(writer);
        let readers = (area.read(0, 1).unwrap(), area.read(0, PAGE).unwrap());
        assert_eq!((readers.0.len(), readers.1[0]), (1, 1));
        assert!(area.write(0).is_none() && area.write(1).is_some());
        drop(readers);
        assert!(area.write(0).is_some());
        assert!(area.read(0, PAGE + 1).is_none() && area.write(2).is_none());
    }

    #[test]
    fn only_sealed_files_are_mapped() {
        let file = rustix::fs::memfd_create("x", MemfdFlags::ALLOW_SEALING).unwrap();
        rustix::fs::ftruncate(&file, PAGE as u64).unwrap();
        assert!(View::open(&file, PAGE).is_err());
        assert!(View::open(&std::fs::File::open("/dev/zero").unwrap().into(), PAGE).is_err());
    }
}
