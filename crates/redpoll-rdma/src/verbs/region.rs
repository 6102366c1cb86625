//! Devices' domains of protection, and memory that is registered in them.

use super::abi::{self, Context, DeviceAttr, Mr, Pd};
use super::library::library;
use super::{Id, Pages, checked, explained};
use std::io;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::Arc;

/// A domain of protection: keys of memory are valid for connections of the same domain only.
pub struct Domain {
    raw: NonNull<Pd>,
    context: NonNull<Context>,
    /// All devices, which the library keeps open until they are let go of.
    devices: NonNull<*mut Context>,
    limits: Limits,
}

/// How many RDMA devices there are.
///
/// # Errors
/// If there is no RDMA at all.
pub fn devices() -> io::Result<usize> {
    let library = library()?;
    let mut count: libc::c_int = 0;
    // SAFETY: the number goes into a place of ours; the list is the library's, or null.
    let list = unsafe { (library.rdma_get_devices)(&raw mut count) };
    if list.is_null() {
        return Ok(0);
    }
    // SAFETY: the list is released once.
    unsafe { (library.rdma_free_devices)(list) };
    Ok(usize::try_from(count).unwrap_or(0))
}

/// What a device can do.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests that may wait in a queue.
    pub requests: u32,
    /// Completions that a queue may hold.
    pub completions: u32,
    /// Completion vectors.
    pub vectors: u32,
}

// SAFETY: the verbs may be used by any thread.
unsafe impl Send for Domain {}
// SAFETY: as above; they lock what they share.
unsafe impl Sync for Domain {}

impl Domain {
    /// One of the device that an id has been bound to.
    ///
    /// # Errors
    /// If it has no device, or the device refuses.
    pub fn of(id: &Id) -> io::Result<Arc<Domain>> {
        let library = library()?;
        let context = id.context()?;
        // SAFETY: the library takes null for a number that is not wanted; it answers with a list of
        // its own, or null.
        let devices = unsafe { (library.rdma_get_devices)(std::ptr::null_mut()) };
        let devices = NonNull::new(devices).ok_or_else(io::Error::last_os_error)?;
        let release = || {
            // SAFETY: the list is released once, here or by `drop`.
            unsafe { (library.rdma_free_devices)(devices.as_ptr()) };
        };
        let mut attributes = DeviceAttr::empty();
        let raw = context.as_ptr();
        // SAFETY: the device is open, and the answer is written to a structure of its size.
        let asked = checked(unsafe { (library.ibv_query_device)(raw, &raw mut attributes) });
        asked.inspect_err(|_| release())?;
        // SAFETY: the device is open.
        let vectors = unsafe { context.as_ref().num_comp_vectors };
        let limits = Limits {
            requests: u32::try_from(attributes.max_qp_wr).unwrap_or(0),
            completions: u32::try_from(attributes.max_cqe).unwrap_or(0),
            vectors: u32::try_from(vectors).unwrap_or(1).max(1),
        };
        // SAFETY: the device is open.
        let Some(raw) = NonNull::new(unsafe { (library.ibv_alloc_pd)(raw) }) else {
            let error = explained("no domain of protection", io::Error::last_os_error());
            release();
            return Err(error);
        };
        Ok(Arc::new(Domain { raw, context, devices, limits }))
    }

    /// What its device can do.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Whether an id is bound to the same device.
    pub fn is_of(&self, id: &Id) -> bool {
        id.context().is_ok_and(|context| context == self.context)
    }

    pub(super) fn raw(&self) -> *mut Pd {
        self.raw.as_ptr()
    }

    pub(super) fn context(&self) -> *mut Context {
        self.context.as_ptr()
    }
}

impl Drop for Domain {
    fn drop(&mut self) {
        if let Ok(library) = library() {
            // SAFETY: all that is in the domain holds it, so that nothing is any more; then the
            // devices are let go of, once.
            unsafe {
                (library.ibv_dealloc_pd)(self.raw.as_ptr());
                (library.rdma_free_devices)(self.devices.as_ptr());
            }
        }
    }
}

/// What may be done with a region, besides sending from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Send,
    /// The device may write to it: what is received, and what is read from the other side.
    Receive,
    /// The other side may write to it.
    RemoteWrite,
    /// The other side may read it.
    RemoteRead,
}

/// Memory that stays where it is.
///
/// # Safety
/// What [`base`](Self::base) and [`len`](Self::len) say is mapped, and stays so at this address
/// until the value is dropped.
pub unsafe trait Stable: Send + Sync {
    /// The address of its first byte.
    fn base(&self) -> *const u8;

    /// Bytes.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

// SAFETY: pages own their mapping until they are dropped.
unsafe impl Stable for Pages {
    fn base(&self) -> *const u8 {
        Pages::base(self)
    }

    fn len(&self) -> usize {
        Pages::len(self)
    }
}

/// Memory that a device knows of. When this is dropped, the device forgets it: no key leads to it
/// any more.
pub struct Region<M: Stable + ?Sized = Pages> {
    raw: NonNull<Mr>,
    memory: ManuallyDrop<Arc<M>>,
    _domain: Arc<Domain>,
}

// SAFETY: the verbs may be used by any thread, and such memory may.
unsafe impl<M: Stable + ?Sized> Send for Region<M> {}
// SAFETY: as above; nothing in it changes.
unsafe impl<M: Stable + ?Sized> Sync for Region<M> {}

impl Region {
    /// Registers pages.
    ///
    /// # Errors
    /// If the device refuses, or so much memory may not be locked.
    pub fn new(domain: &Arc<Domain>, pages: Arc<Pages>, access: Access) -> io::Result<Region> {
        Region::register(domain, pages, access)
    }

    /// The memory.
    pub fn pages(&self) -> &Pages {
        &self.memory
    }
}

impl Region<dyn Stable> {
    /// Lets the other side read memory that is this side's own otherwise.
    ///
    /// # Errors
    /// As [`new`](Region::new).
    pub fn readable(domain: &Arc<Domain>, memory: Arc<dyn Stable>) -> io::Result<Self> {
        // The device writes nothing: there may be references to what it reads.
        Region::register(domain, memory, Access::RemoteRead)
    }
}

impl<M: Stable + ?Sized> Region<M> {
    fn register(domain: &Arc<Domain>, memory: Arc<M>, access: Access) -> io::Result<Self> {
        let flags = match access {
            Access::Send => 0,
            Access::Receive => abi::ACCESS_LOCAL_WRITE,
            Access::RemoteWrite => abi::ACCESS_LOCAL_WRITE | abi::ACCESS_REMOTE_WRITE,
            Access::RemoteRead => abi::ACCESS_REMOTE_READ,
        };
        let (base, length) = (memory.base().cast_mut().cast(), memory.len());
        // SAFETY: the memory is mapped, and stays so until the region is taken back (`drop`). The
        // device writes to it only if it is pages, to which there are no references.
        let raw = unsafe { (library()?.ibv_reg_mr)(domain.raw(), base, length, flags) };
        let raw = NonNull::new(raw)
            .ok_or_else(|| explained("memory cannot be registered", io::Error::last_os_error()))?;
        Ok(Region { raw, memory: ManuallyDrop::new(memory), _domain: Arc::clone(domain) })
    }

    /// Where it is, for the other side.
    pub fn address(&self) -> u64 {
        self.memory.base() as u64
    }

    /// The key that leads the other side to it.
    pub fn remote_key(&self) -> u32 {
        // SAFETY: the region is there, and is not changed.
        unsafe { self.raw.as_ref().rkey }
    }

    /// The key for requests of this side.
    pub(super) fn local_key(&self) -> u32 {
        // SAFETY: as above.
        unsafe { self.raw.as_ref().lkey }
    }
}

impl<M: Stable + ?Sized> Drop for Region<M> {
    fn drop(&mut self) {
        let Ok(library) = library() else { return };
        // SAFETY: the region is this one's own, and is taken back once.
        if unsafe { (library.ibv_dereg_mr)(self.raw.as_ptr()) } == 0 {
            // SAFETY: the memory is let go of here alone, once. If the device has not forgotten it
            // it stays for ever, as it may still be reached.
            unsafe { ManuallyDrop::drop(&mut self.memory) };
        }
    }
}
