//! The border to C: the functions that stand in front of the C library's, and those behind them.
//! All `unsafe` code of the crate is here.
//!
//! What it rests on:
//!
//! * **A hooked function** is called as the C library's own would be: with descriptors and lengths
//!   of
//!   any value, and with pointers that are good for what the function does with them. Where the
//!   kernel would say EFAULT for a bad one, this crashes; a program that counts on EFAULT from a
//!   connection to a data store is not known.
//! * **A real function** is found by its name behind this library and has the C library's type.
//! * **No panic** crosses: each function that does more than pass on runs in [`guard`].
//!
//! Functions with a variable number of arguments (`fcntl`, `ioctl`) are defined here with the one
//! argument that they may have. On x86-64 and 64-bit ARM under Linux such a call passes it in the
//! same register.

#![allow(unsafe_code)]

#[cfg(not(test))]
mod descriptors;
#[cfg(not(test))]
mod events;
#[cfg(not(test))]
mod transfer;

use errno::{Errno, set_errno};
use libc::{c_int, c_long, c_void, epoll_event, iovec, pollfd, sigset_t, timespec};
use rustix::fd::BorrowedFd;
use std::ffi::CStr;
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::OnceLock;
use std::time::Duration;

use crate::table;

/// Runs `action`; a panic, which would be a fault of ours, becomes an error.
pub fn guard<T: From<i8>>(action: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(action)).unwrap_or_else(|_| {
        set_errno(Errno(libc::EIO));
        T::from(-1)
    })
}

/// The address of a function of the C library behind this library; null if it has none.
fn find(name: &CStr) -> *mut c_void {
    // SAFETY: the name ends with a zero byte.
    unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) }
}

/// Declares functions of the C library that are called behind the hooks of the same name.
macro_rules! real {
    ($($name:ident: fn($($argument:ident: $kind:ty),*) -> $result:ty;)*) => {$(
        /// The C library's own.
        ///
        /// # Safety
        /// As the C library says.
        pub unsafe fn $name($($argument: $kind),*) -> $result {
            use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};
            static FOUND: AtomicPtr<libc::c_void> = AtomicPtr::new(std::ptr::null_mut());
            let mut address = FOUND.load(Relaxed);
            if address.is_null() {
                let name = concat!(stringify!($name), "\0").as_bytes();
                let name = std::ffi::CStr::from_bytes_with_nul(name).unwrap_or_default();
                address = super::find(name);
                if address.is_null() {
                    errno::set_errno(errno::Errno(libc::ENOSYS));
                    return -1;
                }
                FOUND.store(address, Relaxed);
            }
            type Function = unsafe extern "C" fn($($kind),*) -> $result;
            // SAFETY: the function of this name has this type.
            let function = unsafe { std::mem::transmute::<*mut libc::c_void, Function>(address) };
            // SAFETY: passed on.
            unsafe { function($($argument),*) }
        }
    )*};
}

/// The C library's functions.
pub mod real {
    use libc::{
        FILE, c_int, c_long, c_uint, c_ulong, c_void, epoll_event, fd_set, iovec, msghdr, nfds_t,
        pollfd, sigset_t, size_t, sockaddr, socklen_t, ssize_t, timespec, timeval,
    };

    real! {
        read: fn(fd: c_int, out: *mut c_void, len: size_t) -> ssize_t;
        readv: fn(fd: c_int, parts: *const iovec, count: c_int) -> ssize_t;
        recv: fn(fd: c_int, out: *mut c_void, len: size_t, flags: c_int) -> ssize_t;
        recvfrom: fn(fd: c_int, out: *mut c_void, len: size_t, flags: c_int, from: *mut sockaddr,
            from_len: *mut socklen_t) -> ssize_t;
        recvmsg: fn(fd: c_int, message: *mut msghdr, flags: c_int) -> ssize_t;
        write: fn(fd: c_int, bytes: *const c_void, len: size_t) -> ssize_t;
        writev: fn(fd: c_int, parts: *const iovec, count: c_int) -> ssize_t;
        send: fn(fd: c_int, bytes: *const c_void, len: size_t, flags: c_int) -> ssize_t;
        sendto: fn(fd: c_int, bytes: *const c_void, len: size_t, flags: c_int, to: *const sockaddr,
            to_len: socklen_t) -> ssize_t;
        sendmsg: fn(fd: c_int, message: *const msghdr, flags: c_int) -> ssize_t;
        connect: fn(fd: c_int, address: *const sockaddr, len: socklen_t) -> c_int;
        close: fn(fd: c_int) -> c_int;
        fclose: fn(file: *mut FILE) -> c_int;
        syscall: fn(number: c_long, a: c_long, b: c_long, c: c_long, d: c_long, e: c_long,
            f: c_long) -> c_long;
        close_range: fn(first: c_uint, last: c_uint, flags: c_int) -> c_int;
        shutdown: fn(fd: c_int, how: c_int) -> c_int;
        dup: fn(fd: c_int) -> c_int;
        dup2: fn(fd: c_int, to: c_int) -> c_int;
        dup3: fn(fd: c_int, to: c_int, flags: c_int) -> c_int;
        fcntl: fn(fd: c_int, command: c_int, argument: c_ulong) -> c_int;
        fcntl64: fn(fd: c_int, command: c_int, argument: c_ulong) -> c_int;
        ioctl: fn(fd: c_int, request: c_ulong, argument: *mut c_void) -> c_int;
        poll: fn(fds: *mut pollfd, count: nfds_t, timeout: c_int) -> c_int;
        ppoll: fn(fds: *mut pollfd, count: nfds_t, timeout: *const timespec,
            mask: *const sigset_t) -> c_int;
        select: fn(count: c_int, read: *mut fd_set, write: *mut fd_set, except: *mut fd_set,
            timeout: *mut timeval) -> c_int;
        pselect: fn(count: c_int, read: *mut fd_set, write: *mut fd_set, except: *mut fd_set,
            timeout: *const timespec, mask: *const sigset_t) -> c_int;
        epoll_ctl: fn(fd: c_int, operation: c_int, member: c_int,
            event: *mut epoll_event) -> c_int;
        epoll_wait: fn(fd: c_int, events: *mut epoll_event, most: c_int, timeout: c_int) -> c_int;
        epoll_pwait: fn(fd: c_int, events: *mut epoll_event, most: c_int, timeout: c_int,
            mask: *const sigset_t) -> c_int;
        epoll_pwait2: fn(fd: c_int, events: *mut epoll_event, most: c_int,
            timeout: *const timespec, mask: *const sigset_t) -> c_int;
    }
}

/// The buffers of a call: one, or several.
///
/// Bytes are looked at before the call itself (what is to be written) or after it (what was read),
/// never while the kernel fills them.
pub struct Parts<'a> {
    parts: *const iovec,
    count: usize,
    _life: PhantomData<&'a mut [u8]>,
}

impl Parts<'_> {
    /// Those of a call.
    ///
    /// # Safety
    /// `parts` are `count` descriptions of buffers that live as long as this, and that nobody else
    /// touches between calls of its methods. For [`Parts::room`] they must be writable.
    pub unsafe fn new<'a>(parts: *const iovec, count: usize) -> Parts<'a> {
        Parts { parts, count, _life: PhantomData }
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Bytes of all.
    pub fn total(&self) -> usize {
        (0..self.count).fold(0, |sum, index| sum.saturating_add(self.part(index).iov_len))
    }

    fn part(&self, index: usize) -> iovec {
        assert!(index < self.count);
        // SAFETY: there are so many (the promise of `new`).
        unsafe { self.parts.add(index).read() }
    }

    /// One as bytes.
    pub fn bytes(&self, index: usize) -> &[u8] {
        let part = self.part(index);
        if part.iov_len == 0 {
            return &[];
        }
        // SAFETY: a buffer of this length (the promise of `new`).
        unsafe { std::slice::from_raw_parts(part.iov_base.cast(), part.iov_len) }
    }

    /// One as room for bytes.
    pub fn room(&mut self, index: usize) -> &mut [u8] {
        let part = self.part(index);
        if part.iov_len == 0 {
            return &mut [];
        }
        // SAFETY: a writable buffer of this length (the promise of `new`), borrowed with `self`.
        unsafe { std::slice::from_raw_parts_mut(part.iov_base.cast(), part.iov_len) }
    }
}

/// Whether reads and writes of it do not wait.
pub fn is_nonblocking(fd: impl AsFd) -> bool {
    // SAFETY: a command without an argument, on an open descriptor.
    let flags = unsafe { real::fcntl(fd.as_fd().as_raw_fd(), libc::F_GETFL, 0) };
    flags >= 0 && flags & libc::O_NONBLOCK != 0
}

/// What is behind a descriptor: the same for all names of a socket, and another for another.
pub fn identity(fd: c_int) -> Option<(u64, u64)> {
    if fd < 0 {
        return None;
    }
    // SAFETY: borrowed for this call only. A number that is not open is an error of the call.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    rustix::fs::fstat(fd).ok().map(|found| (found.st_dev, found.st_ino))
}

/// Marks a new descriptor as the library's own.
fn keep(fd: OwnedFd) -> Option<OwnedFd> {
    table::set_kind(fd.as_raw_fd(), table::PRIVATE).then_some(fd)
}

/// A descriptor of our own of the program's socket, out of the way of programs that expect low
/// numbers.
pub fn duplicate(fd: c_int) -> Option<OwnedFd> {
    // SAFETY: borrowed for this call only. A number that is not open is an error of the call.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let middle = i32::try_from(limit.unwrap_or(1 << 20) / 2).unwrap_or(1 << 15).min(1 << 15);
    let copy = rustix::io::fcntl_dupfd_cloexec(fd, middle);
    keep(copy.or_else(|_| rustix::io::fcntl_dupfd_cloexec(fd, 64)).ok()?)
}

/// An epoll instance of our own.
pub fn private_epoll() -> Option<c_int> {
    let fd = rustix::event::epoll::create(rustix::event::epoll::CreateFlags::CLOEXEC).ok()?;
    let high = duplicate(fd.as_raw_fd());
    high.map(IntoRawFd::into_raw_fd)
}

/// Closes what [`private_epoll`] has opened.
pub fn close_private(fd: c_int) {
    table::set_kind(fd, table::NONE);
    // SAFETY: ours, and not used any more.
    drop(unsafe { OwnedFd::from_raw_fd(fd) });
}

/// Closes whatever has this number, without a look at the table.
fn close_at_once(fd: c_int) {
    // SAFETY: a plain system call; it is the library's own, in a process that was forked off.
    unsafe { real::syscall(libc::SYS_close, c_long::from(fd), 0, 0, 0, 0, 0) };
}

/// SIGPIPE, to this thread, as of a write to a closed socket.
pub fn raise_sigpipe() {
    // SAFETY: no memory is involved.
    unsafe { libc::raise(libc::SIGPIPE) };
}

fn spec(timeout: Option<Duration>) -> Option<timespec> {
    timeout.map(|timeout| timespec {
        tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(timeout.subsec_nanos()),
    })
}

fn pointer<T>(value: Option<&T>) -> *const T {
    value.map_or(ptr::null(), ptr::from_ref)
}

/// The C library's `ppoll`.
pub fn real_ppoll(fds: &mut [pollfd], timeout: Option<Duration>, mask: Option<&sigset_t>) -> c_int {
    let timeout = spec(timeout);
    let count = fds.len() as libc::nfds_t;
    // SAFETY: the slice's own length; the others live until the call returns, or are null.
    unsafe { real::ppoll(fds.as_mut_ptr(), count, pointer(timeout.as_ref()), pointer(mask)) }
}

/// The C library's `epoll_ctl`.
pub fn real_epoll_ctl(fd: c_int, operation: c_int, member: c_int, events: u32, data: u64) -> c_int {
    let mut event = epoll_event { events, u64: data };
    // SAFETY: the event lives until the call returns.
    unsafe { real::epoll_ctl(fd, operation, member, &raw mut event) }
}

/// The C library's `epoll_pwait`, in whole milliseconds rounded up.
pub fn real_epoll_pwait(
    fd: c_int,
    out: &mut [epoll_event],
    timeout: Option<Duration>,
    mask: Option<&sigset_t>,
) -> c_int {
    let ms = timeout.map_or(-1, |timeout| {
        c_int::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(c_int::MAX)
    });
    let most = c_int::try_from(out.len()).unwrap_or(c_int::MAX);
    // SAFETY: the slice's own length; the mask lives until the call returns, or is null.
    unsafe { real::epoll_pwait(fd, out.as_mut_ptr(), most, ms, pointer(mask)) }
}

/// The number under which a program's epoll instance watches ours: one that no program uses.
pub fn magic() -> u64 {
    static MAGIC: OnceLock<u64> = OnceLock::new();
    *MAGIC.get_or_init(|| {
        use std::hash::{BuildHasher, RandomState};
        RandomState::new().hash_one("redpoll") | 1
    })
}
