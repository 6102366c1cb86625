//! How connections come about: ids, and channels that tell what happens to them.

use super::abi::{self, CmEvent, CmId, ConnParam, Context, EventChannel};
use super::library::library;
use super::{address, checked, explained};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

/// A channel for what happens to connections. It does not wait.
pub struct Channel {
    raw: NonNull<EventChannel>,
}

// SAFETY: the library lets any thread use a channel.
unsafe impl Send for Channel {}
// SAFETY: as above; asking for an event is one system call on its descriptor.
unsafe impl Sync for Channel {}

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The other side's address has a device on this one.
    AddressResolved,
    /// There is a way to it.
    RouteResolved,
    /// Somebody wants to connect.
    Request,
    /// The connection stands.
    Established,
    /// It does not come about.
    Failed(&'static str),
    /// It has ended.
    Ended,
    /// Something that does not matter here.
    Other,
}

/// Something that has happened on a channel.
pub struct Event {
    /// What.
    pub happening: Happening,
    /// Whose connection is to be accepted.
    pub request: Option<Id>,
    /// What the other side has said with it.
    pub words: Vec<u8>,
}

impl Channel {
    /// A new one.
    ///
    /// # Errors
    /// If there is no RDMA.
    pub fn open() -> io::Result<Arc<Channel>> {
        // SAFETY: it takes nothing and answers with a channel or null.
        let raw = unsafe { (library()?.rdma_create_event_channel)() };
        let Some(raw) = NonNull::new(raw) else {
            let why = "no RDMA on this machine: the connection manager does not answer";
            return Err(explained(why, io::Error::last_os_error()));
        };
        let channel = Channel { raw };
        set_nonblocking(channel.as_fd())?;
        Ok(Arc::new(channel))
    }

    /// What has happened next; `None` if nothing has.
    ///
    /// # Errors
    /// If the channel is of no use any more.
    pub fn next(self: &Arc<Self>) -> io::Result<Option<Event>> {
        let library = library()?;
        let mut raw: *mut CmEvent = ptr::null_mut();
        // SAFETY: the channel is open, and the answer goes into a pointer of ours.
        if unsafe { (library.rdma_get_cm_event)(self.raw.as_ptr(), &raw mut raw) } != 0 {
            let error = io::Error::last_os_error();
            return match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(None),
                _ => Err(error),
            };
        }
        // SAFETY: an event was answered, which is there until it is acknowledged.
        let event = unsafe { &*raw };
        let happening = Happening::of(event.event);
        let words = match happening {
            Happening::Request | Happening::Established | Happening::Failed(_) => {
                let (words, count) = (event.conn.private_data, event.conn.private_data_len);
                match words.is_null() {
                    true => Vec::new(),
                    // SAFETY: these events carry so many bytes at this place.
                    false => unsafe {
                        std::slice::from_raw_parts(words.cast::<u8>(), count.into()).to_vec()
                    },
                }
            }
            _ => Vec::new(),
        };
        let request = match happening {
            Happening::Request => NonNull::new(event.id),
            _ => None,
        };
        // SAFETY: each event is acknowledged once, and not looked at again.
        unsafe { (library.rdma_ack_cm_event)(raw) };
        let request = request.map(|raw| Id { raw, channel: Arc::clone(self) });
        Ok(Some(Event { happening, request, words }))
    }
}

impl Happening {
    fn of(event: u32) -> Happening {
        match event {
            abi::EVENT_ADDR_RESOLVED => Happening::AddressResolved,
            abi::EVENT_ROUTE_RESOLVED => Happening::RouteResolved,
            abi::EVENT_CONNECT_REQUEST => Happening::Request,
            abi::EVENT_ESTABLISHED => Happening::Established,
            abi::EVENT_ADDR_ERROR => Happening::Failed("no device leads to this address"),
            abi::EVENT_ROUTE_ERROR => Happening::Failed("there is no way to this address"),
            abi::EVENT_CONNECT_ERROR => Happening::Failed("the connection did not come about"),
            abi::EVENT_UNREACHABLE => Happening::Failed("nobody answers"),
            abi::EVENT_REJECTED => Happening::Failed("connection refused"),
            abi::EVENT_DISCONNECTED | abi::EVENT_DEVICE_REMOVAL => Happening::Ended,
            _ => Happening::Other,
        }
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the descriptor is open as long as the channel is.
        unsafe { BorrowedFd::borrow_raw(self.raw.as_ref().fd) }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        if let Ok(library) = library() {
            // SAFETY: every id of the channel holds it, so that there is none any more; all events
            // were acknowledged.
            unsafe { (library.rdma_destroy_event_channel)(self.raw.as_ptr()) };
        }
    }
}

pub(super) fn set_nonblocking(descriptor: BorrowedFd<'_>) -> io::Result<()> {
    let flags = fcntl_getfl(descriptor)?;
    Ok(fcntl_setfl(descriptor, flags | OFlags::NONBLOCK)?)
}

/// What stands for a connection, or for a listener.
pub struct Id {
    raw: NonNull<CmId>,
    channel: Arc<Channel>,
}

// SAFETY: the library lets any thread use an id, one at a time.
unsafe impl Send for Id {}

impl Id {
    /// A new one, whose events go to a channel.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn new(channel: &Arc<Channel>) -> io::Result<Id> {
        let mut raw: *mut CmId = ptr::null_mut();
        let on = channel.raw.as_ptr();
        // SAFETY: the channel is open, and the answer goes into a pointer of ours.
        checked(unsafe {
            (library()?.rdma_create_id)(on, &raw mut raw, ptr::null_mut(), abi::PORTS_TCP)
        })?;
        let raw = NonNull::new(raw).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Id { raw, channel: Arc::clone(channel) })
    }

    /// Listens at an address.
    ///
    /// # Errors
    /// If no device has it, or the port is taken.
    pub fn listen(&self, at: SocketAddr, backlog: i32) -> io::Result<()> {
        let library = library()?;
        let mut yes: libc::c_int = 1;
        for option in [abi::OPTION_ID_REUSEADDR, abi::OPTION_ID_AFONLY] {
            if option == abi::OPTION_ID_AFONLY && at.is_ipv4() {
                continue;
            }
            // SAFETY: the id is there, and the option is read while it is set.
            checked(unsafe {
                (library.rdma_set_option)(
                    self.raw.as_ptr(),
                    abi::OPTION_ID,
                    option,
                    (&raw mut yes).cast(),
                    size_of_val(&yes),
                )
            })?;
        }
        let mut raw = address::to_raw(at);
        // SAFETY: the id is there, and the address is read while it is bound.
        checked(unsafe { (library.rdma_bind_addr)(self.raw.as_ptr(), (&raw mut raw).cast()) })?;
        // SAFETY: as above.
        checked(unsafe { (library.rdma_listen)(self.raw.as_ptr(), backlog) })
    }

    /// Asks which device leads to an address, from one of this side's if one is given.
    ///
    /// # Errors
    /// If none does; or an event tells.
    pub fn resolve_address(
        &self,
        from: Option<SocketAddr>,
        to: SocketAddr,
        patience: Duration,
    ) -> io::Result<()> {
        let mut to = address::to_raw(to);
        let mut from = from.map(address::to_raw);
        let from = from.as_mut().map_or(ptr::null_mut(), |from| (&raw mut *from).cast());
        // SAFETY: the id is there, and the addresses are read while the call lasts.
        checked(unsafe {
            let to = (&raw mut to).cast();
            (library()?.rdma_resolve_addr)(self.raw.as_ptr(), from, to, millis(patience))
        })
    }

    /// Asks for a way to the address.
    ///
    /// # Errors
    /// If there is none; or an event tells.
    pub fn resolve_route(&self, patience: Duration) -> io::Result<()> {
        // SAFETY: the id is there.
        checked(unsafe { (library()?.rdma_resolve_route)(self.raw.as_ptr(), millis(patience)) })
    }

    /// Asks the other side to connect, with a few words; `reads` that may be under way at once, 255
    /// for as many as the device can have.
    ///
    /// # Errors
    /// If that cannot be sent; an event tells what it answers.
    pub fn connect(&self, reads: u8, words: &[u8]) -> io::Result<()> {
        let mut how = ConnParam::new(reads, words);
        // SAFETY: the id is there, and what the parameters point to is read while the call lasts.
        checked(unsafe { (library()?.rdma_connect)(self.raw.as_ptr(), &raw mut how) })
    }

    /// Accepts a request, with a few words.
    ///
    /// # Errors
    /// If the other side has gone meanwhile.
    pub fn accept(&self, reads: u8, words: &[u8]) -> io::Result<()> {
        let mut how = ConnParam::new(reads, words);
        // SAFETY: as above.
        checked(unsafe { (library()?.rdma_accept)(self.raw.as_ptr(), &raw mut how) })
    }

    /// Refuses a request.
    pub fn reject(&self) {
        if let Ok(library) = library() {
            // SAFETY: the id is there. If the other side has gone there is nobody to refuse.
            unsafe { (library.rdma_reject)(self.raw.as_ptr(), ptr::null(), 0) };
        }
    }

    /// Ends the connection: all that waits to be sent or received comes back undone.
    pub fn disconnect(&self) {
        if let Ok(library) = library() {
            // SAFETY: the id is there; one that is not connected refuses.
            unsafe { (library.rdma_disconnect)(self.raw.as_ptr()) };
        }
    }

    /// Lets its events go to another channel.
    ///
    /// # Errors
    /// If the system refuses; then they go where they went.
    pub fn migrate(&mut self, to: &Arc<Channel>) -> io::Result<()> {
        let raw = to.raw.as_ptr();
        // SAFETY: both are there, and all events of the id were acknowledged, so that the call does
        // not wait for that.
        checked(unsafe { (library()?.rdma_migrate_id)(self.raw.as_ptr(), raw) })?;
        self.channel = Arc::clone(to);
        Ok(())
    }

    /// The address of this side.
    pub fn source(&self) -> Option<SocketAddr> {
        // SAFETY: the id is there, and only the library writes to it, in calls of this thread.
        address::from_raw(unsafe { &(*self.raw.as_ptr()).source })
    }

    /// The address of the other side.
    pub fn destination(&self) -> Option<SocketAddr> {
        // SAFETY: as above.
        address::from_raw(unsafe { &(*self.raw.as_ptr()).destination })
    }

    /// The device, once it is known.
    pub(super) fn context(&self) -> io::Result<NonNull<Context>> {
        // SAFETY: as above.
        let context = unsafe { (*self.raw.as_ptr()).verbs };
        NonNull::new(context).ok_or_else(|| {
            io::Error::new(io::ErrorKind::AddrNotAvailable, "the address has no RDMA device")
        })
    }

    pub(super) fn raw(&self) -> *mut CmId {
        self.raw.as_ptr()
    }
}

impl Drop for Id {
    fn drop(&mut self) {
        if let Ok(library) = library() {
            // SAFETY: the id is this one's own. A queue pair on it has been destroyed before, by
            // the one that holds both. All its events were acknowledged.
            unsafe { (library.rdma_destroy_id)(self.raw.as_ptr()) };
        }
    }
}

fn millis(time: Duration) -> libc::c_int {
    libc::c_int::try_from(time.as_millis()).unwrap_or(libc::c_int::MAX).max(1)
}
