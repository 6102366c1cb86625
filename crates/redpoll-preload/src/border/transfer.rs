//! Reading and writing.

use super::{Parts, guard, real};
use crate::connection::{Connection, Stale};
use crate::table::{self, DEAD, RINGS, WATCHED};
use errno::{Errno, set_errno};
use libc::{c_int, c_void, iovec, msghdr, size_t, sockaddr, socklen_t, ssize_t};
use std::sync::Arc;

/// Flags that concern no bytes of the stream.
const ASIDE: c_int = libc::MSG_OOB | libc::MSG_ERRQUEUE;

/// Who is behind a descriptor.
enum Behind {
    /// Nobody of ours.
    Socket,
    Ours(Arc<Connection>),
    /// A parent's rings.
    Dead,
}

#[inline]
fn behind(fd: c_int) -> Behind {
    match table::kind(fd) {
        WATCHED | RINGS => table::connection(fd).map_or(Behind::Socket, Behind::Ours),
        DEAD => Behind::Dead,
        _ => Behind::Socket,
    }
}

fn dead() -> ssize_t {
    set_errno(Errno(libc::ECONNRESET));
    -1
}

/// A call that reads into these buffers.
///
/// # Safety
/// As of `readv`; `real` is the call itself.
#[inline]
unsafe fn receive(
    fd: c_int,
    parts: *const iovec,
    count: usize,
    flags: c_int,
    real: impl Fn() -> ssize_t,
) -> ssize_t {
    match behind(fd) {
        Behind::Ours(connection) if flags & ASIDE == 0 => guard(|| {
            // SAFETY: the caller's promise; the C library's call alone fills them meanwhile.
            let mut parts = unsafe { Parts::new(parts, count) };
            connection.receive(fd, &mut parts, flags, &real).unwrap_or_else(|Stale| {
                table::closing(fd);
                real()
            })
        }),
        Behind::Dead => dead(),
        _ => real(),
    }
}

/// A call that writes these buffers.
///
/// # Safety
/// As of `writev`; `real` is the call itself.
#[inline]
unsafe fn transmit(
    fd: c_int,
    parts: *const iovec,
    count: usize,
    flags: c_int,
    real: impl Fn() -> ssize_t,
) -> ssize_t {
    match behind(fd) {
        Behind::Ours(connection) if flags & ASIDE == 0 => guard(|| {
            // SAFETY: the caller's promise.
            let parts = unsafe { Parts::new(parts, count) };
            connection.send(fd, &parts, flags, &real).unwrap_or_else(|Stale| {
                table::closing(fd);
                real()
            })
        }),
        Behind::Dead => dead(),
        _ => real(),
    }
}

fn one(base: *mut c_void, len: size_t) -> iovec {
    iovec { iov_base: base, iov_len: len }
}

fn length(count: c_int) -> usize {
    usize::try_from(count).unwrap_or(0)
}

/// Exports functions of the C library's names. Each body has the caller's promise that the
/// arguments are good for the C library's function of this name, which is what all of it rests on.
macro_rules! hooks {
    ($(fn $name:ident($($argument:ident: $kind:ty),*) -> $result:ty $body:block)*) => {$(
        /// In front of the C library's.
        ///
        /// # Safety
        /// As the C library says.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($argument: $kind),*) -> $result {
            // SAFETY: passed on; see `hooks`.
            unsafe { $body }
        }
    )*};
}
pub(super) use hooks;

hooks! {
    fn read(fd: c_int, out: *mut c_void, len: size_t) -> ssize_t {
        let part = one(out, len);
        receive(fd, &raw const part, 1, 0, || real::read(fd, out, len))
    }

    fn __read_chk(fd: c_int, out: *mut c_void, len: size_t, room: size_t) -> ssize_t {
        check(len, room);
        read(fd, out, len)
    }

    fn readv(fd: c_int, parts: *const iovec, count: c_int) -> ssize_t {
        receive(fd, parts, length(count), 0, || real::readv(fd, parts, count))
    }

    fn recv(fd: c_int, out: *mut c_void, len: size_t, flags: c_int) -> ssize_t {
        let part = one(out, len);
        receive(fd, &raw const part, 1, flags, || real::recv(fd, out, len, flags))
    }

    fn __recv_chk(fd: c_int, out: *mut c_void, len: size_t, room: size_t, flags: c_int) -> ssize_t {
        check(len, room);
        recv(fd, out, len, flags)
    }

    fn recvfrom(fd: c_int, out: *mut c_void, len: size_t, flags: c_int, from: *mut sockaddr,
        from_len: *mut socklen_t) -> ssize_t {
        let part = one(out, len);
        receive(fd, &raw const part, 1, flags, || {
            real::recvfrom(fd, out, len, flags, from, from_len)
        })
    }

    fn __recvfrom_chk(fd: c_int, out: *mut c_void, len: size_t, room: size_t, flags: c_int,
        from: *mut sockaddr, from_len: *mut socklen_t) -> ssize_t {
        check(len, room);
        recvfrom(fd, out, len, flags, from, from_len)
    }

    fn recvmsg(fd: c_int, message: *mut msghdr, flags: c_int) -> ssize_t {
        let (parts, count) = ((*message).msg_iov, (*message).msg_iovlen);
        let through_rings = table::kind(fd) == RINGS;
        let received = receive(fd, parts, count, flags, || real::recvmsg(fd, message, flags));
        if through_rings && received >= 0 && table::kind(fd) == RINGS {
            (*message).msg_controllen = 0;
            (*message).msg_flags = 0;
            (*message).msg_namelen = 0;
        }
        received
    }

    fn write(fd: c_int, bytes: *const c_void, len: size_t) -> ssize_t {
        let part = one(bytes.cast_mut(), len);
        transmit(fd, &raw const part, 1, 0, || real::write(fd, bytes, len))
    }

    fn writev(fd: c_int, parts: *const iovec, count: c_int) -> ssize_t {
        transmit(fd, parts, length(count), 0, || real::writev(fd, parts, count))
    }

    fn send(fd: c_int, bytes: *const c_void, len: size_t, flags: c_int) -> ssize_t {
        let part = one(bytes.cast_mut(), len);
        transmit(fd, &raw const part, 1, flags, || real::send(fd, bytes, len, flags))
    }

    fn sendto(fd: c_int, bytes: *const c_void, len: size_t, flags: c_int, to: *const sockaddr,
        to_len: socklen_t) -> ssize_t {
        let part = one(bytes.cast_mut(), len);
        transmit(fd, &raw const part, 1, flags, || real::sendto(fd, bytes, len, flags, to, to_len))
    }

    fn sendmsg(fd: c_int, message: *const msghdr, flags: c_int) -> ssize_t {
        let (parts, count) = ((*message).msg_iov, (*message).msg_iovlen);
        transmit(fd, parts, count, flags, || real::sendmsg(fd, message, flags))
    }
}

/// What a fortified program wants to be stopped by.
fn check(len: size_t, room: size_t) {
    if len > room {
        std::process::abort();
    }
}
