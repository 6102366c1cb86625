//! Descriptors: where connections begin and end, and what other names they get.

use super::transfer::hooks;
use super::{close_at_once, guard, identity, real};
use crate::connection::Connection;
use crate::epoll;
use crate::settings::settings;
use crate::table::{self, EPOLL, PRIVATE, RINGS, WATCHED};
use errno::{Errno, errno, set_errno};
use libc::{
    FILE, c_int, c_long, c_uint, c_ulong, c_void, sa_family_t, sockaddr, sockaddr_un, socklen_t,
};
use std::mem::offset_of;
use std::sync::{Arc, Once};

/// The path of a Unix socket's address; none if it is another kind, or has no path.
///
/// # Safety
/// As of `connect`.
unsafe fn path<'a>(address: *const sockaddr, len: socklen_t) -> Option<&'a [u8]> {
    let begin = offset_of!(sockaddr_un, sun_path);
    let len = (len as usize).min(size_of::<sockaddr_un>());
    if address.is_null() || len <= begin {
        return None;
    }
    // SAFETY: not null, and longer than a family (the caller's promise).
    let family = unsafe { address.cast::<sa_family_t>().read_unaligned() };
    if c_int::from(family) != libc::AF_UNIX {
        return None;
    }
    // SAFETY: the address has so many bytes behind its beginning (the caller's promise).
    let path = unsafe { std::slice::from_raw_parts(address.cast::<u8>().add(begin), len - begin) };
    let path = path.split(|byte| *byte == 0).next().unwrap_or_default();
    (!path.is_empty()).then_some(path)
}

/// A connection was made.
fn connected(fd: c_int, path: &[u8]) {
    static FORK: Once = Once::new();
    // It was closed by a function that is not seen (`fclose`), and is another socket now.
    table::closing(fd);
    if !settings().covers(path) || table::kind(fd) != table::NONE || !is_stream(fd) {
        return;
    }
    FORK.call_once(|| {
        table::own();
        // SAFETY: the function is of the type that is asked for, and does what may be done there.
        unsafe { libc::pthread_atfork(None, None, Some(forked)) };
    });
    if table::is_own_process() {
        let Some(identity) = identity(fd) else { return };
        let name = String::from_utf8_lossy(path).into_owned();
        Arc::new(Connection::new(name, identity)).attach(fd);
    }
}

extern "C" fn forked() {
    table::after_fork(close_at_once);
}

fn is_stream(fd: c_int) -> bool {
    let mut kind: c_int = 0;
    let mut len = size_of::<c_int>() as socklen_t;
    let at = (&raw mut kind).cast::<c_void>();
    // SAFETY: room for an int, and its length.
    let got = unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_TYPE, at, &raw mut len) };
    got == 0 && kind == libc::SOCK_STREAM
}

/// A descriptor has got another name. (`copy` was closed before, if it was one of ours.)
fn duplicated(fd: c_int, copy: c_int) {
    if copy < 0 || copy == fd || !table::is_own_process() {
        return;
    }
    match table::kind(fd) {
        WATCHED | RINGS => {
            if let Some(connection) = table::connection(fd) {
                connection.attach(copy);
            }
        }
        EPOLL => epoll::duplicate(fd, copy),
        table::DEAD => {
            table::set_kind(copy, table::DEAD);
        }
        _ => {}
    }
}

/// Whether the program may close this. The library's own it has never opened.
fn is_closable(fd: c_int) -> bool {
    let closable = table::kind(fd) != PRIVATE || !table::is_own_process();
    if !closable {
        set_errno(Errno(libc::EBADF));
    }
    closable
}

/// `dup2` and `dup3`.
fn replace(fd: c_int, to: c_int, real: impl Fn() -> c_int) -> c_int {
    guard(|| {
        if fd == to {
            return real();
        }
        if !is_closable(to) {
            // It is where we have put something, by chance.
            set_errno(Errno(libc::EBUSY));
            return -1;
        }
        table::closing(to);
        let copy = real();
        if copy >= 0 {
            duplicated(fd, copy);
        }
        copy
    })
}

/// Closes one after the other what is not the library's.
fn close_each(first: c_uint, last: c_uint) {
    let last = c_int::try_from(last).unwrap_or(c_int::MAX);
    for fd in c_int::try_from(first).unwrap_or(c_int::MAX)..=last.min(1 << 16) {
        if table::kind(fd) != PRIVATE {
            table::closing(fd);
            close_at_once(fd);
        }
    }
}

/// Whether the table knows anything in a range.
fn concerns(first: c_uint, last: c_uint) -> bool {
    let last = c_int::try_from(last).unwrap_or(c_int::MAX).min(1 << 16);
    let first = c_int::try_from(first).unwrap_or(c_int::MAX);
    (first..=last).any(|fd| table::kind(fd) != table::NONE)
}

/// `fcntl`.
fn control(fd: c_int, command: c_int, real: impl Fn() -> c_int) -> c_int {
    let result = real();
    if result >= 0 && matches!(command, libc::F_DUPFD | libc::F_DUPFD_CLOEXEC) {
        let error = errno();
        guard(|| {
            duplicated(fd, result);
            0
        });
        set_errno(error);
    }
    result
}

hooks! {
    fn connect(fd: c_int, address: *const sockaddr, len: socklen_t) -> c_int {
        let result = real::connect(fd, address, len);
        if result == 0
            && let Some(path) = path(address, len)
        {
            let error = errno();
            guard(|| {
                connected(fd, path);
                0
            });
            set_errno(error);
        }
        result
    }

    fn close(fd: c_int) -> c_int {
        if table::kind(fd) == table::NONE {
            return real::close(fd);
        }
        guard(|| {
            if !is_closable(fd) {
                return -1;
            }
            table::closing(fd);
            real::close(fd)
        })
    }

    fn fclose(file: *mut FILE) -> c_int {
        if !file.is_null() {
            let fd = libc::fileno(file);
            guard(|| {
                table::closing(fd);
                0
            });
        }
        real::fclose(file)
    }

    // Some libraries of event loops close by this. All of its arguments are passed on, as many as a
    // system call can have; those that are absent are whatever stands where they would be.
    fn syscall(number: c_long, a: c_long, b: c_long, c: c_long, d: c_long, e: c_long,
        f: c_long) -> c_long {
        if number == libc::SYS_close
            && let Ok(fd) = c_int::try_from(a)
            && table::kind(fd) != table::NONE
        {
            return c_long::from(close(fd));
        }
        real::syscall(number, a, b, c, d, e, f)
    }

    fn close_range(first: c_uint, last: c_uint, flags: c_int) -> c_int {
        if flags != 0 || !table::is_own_process() || !concerns(first, last) {
            return real::close_range(first, last, flags);
        }
        guard(|| {
            close_each(first, last);
            0
        })
    }

    fn closefrom(first: c_int) -> () {
        close_range(c_uint::try_from(first).unwrap_or(0), c_uint::MAX, 0);
    }

    fn shutdown(fd: c_int, how: c_int) -> c_int {
        let through_rings = table::kind(fd) == RINGS;
        if through_rings && how == libc::SHUT_RD {
            return 0;
        }
        // The server sees it as the end of the connection.
        let how = if through_rings { libc::SHUT_RDWR } else { how };
        real::shutdown(fd, how)
    }

    fn dup(fd: c_int) -> c_int {
        let copy = real::dup(fd);
        guard(|| {
            duplicated(fd, copy);
            copy
        })
    }

    fn dup2(fd: c_int, to: c_int) -> c_int {
        replace(fd, to, || real::dup2(fd, to))
    }

    fn dup3(fd: c_int, to: c_int, flags: c_int) -> c_int {
        replace(fd, to, || real::dup3(fd, to, flags))
    }

    fn fcntl(fd: c_int, command: c_int, argument: c_ulong) -> c_int {
        control(fd, command, || real::fcntl(fd, command, argument))
    }

    fn fcntl64(fd: c_int, command: c_int, argument: c_ulong) -> c_int {
        control(fd, command, || real::fcntl64(fd, command, argument))
    }

    fn ioctl(fd: c_int, request: c_ulong, argument: *mut c_void) -> c_int {
        let unread = match table::kind(fd) {
            RINGS if request == libc::FIONREAD => {
                table::connection(fd).and_then(|connection| connection.unread())
            }
            _ => None,
        };
        match unread {
            Some(unread) => {
                argument.cast::<c_int>().write(unread);
                0
            }
            None => real::ioctl(fd, request, argument),
        }
    }
}
