//! What C sees. All `unsafe` code of the crate is here.
//!
//! What it rests on is what the header asks of its callers:
//!
//! * **A channel** is what `redpoll_new` has returned and `redpoll_free` has not yet been given,
//!   and one thread uses it at a time. Null is checked for and is an error.
//! * **A buffer** has the length that is passed with it, and nobody else touches it meanwhile. A
//!   buffer of length 0 may be null.
//!
//! An error is -1 (or null) with `errno` set, as of a system call. A panic would be a fault of
//! ours; it ends at [`guard`] as `EIO`.

#![allow(unsafe_code)]

use crate::channel::{Channel, Transport, c_string};
use errno::{Errno, set_errno};
use redpoll_shm::{Want, Woken};
use std::ffi::{c_char, c_int, c_void};
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::time::Duration;

const REDPOLL_PENDING: c_int = 0;
const REDPOLL_SHM: c_int = 1;
const REDPOLL_SOCKET: c_int = 2;

const REDPOLL_BYTES: c_int = 1;
const REDPOLL_ROOM: c_int = 2;

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");

/// Numbers of Linux, which are not worth a library.
mod code {
    use rustix::io::Errno;
    pub const INVALID: i32 = Errno::INVAL.raw_os_error();
    pub const AGAIN: i32 = Errno::AGAIN.raw_os_error();
    pub const PIPE: i32 = Errno::PIPE.raw_os_error();
    pub const PROTOCOL: i32 = Errno::PROTO.raw_os_error();
    pub const RESET: i32 = Errno::CONNRESET.raw_os_error();
    pub const TIMED_OUT: i32 = Errno::TIMEDOUT.raw_os_error();
    pub const ALREADY: i32 = Errno::ISCONN.raw_os_error();
    pub const IO: i32 = Errno::IO.raw_os_error();
}

/// The number that C programs expect for an error.
fn number(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(match error.kind() {
        io::ErrorKind::InvalidInput => code::INVALID,
        // As of a socket with SO_RCVTIMEO.
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => code::AGAIN,
        io::ErrorKind::BrokenPipe | io::ErrorKind::NotConnected => code::PIPE,
        io::ErrorKind::InvalidData | io::ErrorKind::WriteZero => code::PROTOCOL,
        io::ErrorKind::UnexpectedEof => code::RESET,
        io::ErrorKind::AlreadyExists => code::ALREADY,
        _ => code::IO,
    })
}

/// Runs `action`, and lets nothing but a value out.
fn guard<T>(failed: T, action: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(action)).unwrap_or_else(|_| {
        set_errno(Errno(code::IO));
        failed
    })
}

/// Runs `action` on a channel; an error becomes -1, `errno` and the channel's text.
///
/// # Safety
/// `channel` is null or a channel, used by this thread alone.
unsafe fn with(
    channel: *mut Channel,
    action: impl FnOnce(&mut Channel) -> io::Result<isize>,
) -> isize {
    guard(-1, || {
        // SAFETY: null, or a live channel that nobody else uses (the caller's promise).
        let Some(channel) = (unsafe { channel.as_mut() }) else {
            set_errno(Errno(code::INVALID));
            return -1;
        };
        action(channel).unwrap_or_else(|error| {
            channel.error = c_string(&error.to_string());
            set_errno(Errno(number(&error)));
            -1
        })
    })
}

/// A buffer to write to. Rust wants it initialised, and C knows no such thing; as nothing reads it
/// before it is written, zeros are spared. None: null with a length, or a length beyond all reason.
///
/// # Safety
/// `out` has `len` bytes that nobody else touches during `'a`.
unsafe fn out_buffer<'a>(out: *mut c_void, len: usize) -> io::Result<&'a mut [u8]> {
    match (out.is_null(), isize::try_from(len)) {
        (_, Ok(0)) => Ok(&mut []),
        // SAFETY: not null and of this length (the caller's promise). The bytes are only written:
        // by the kernel, or by a copy out of the ring.
        (false, Ok(_)) => Ok(unsafe { std::slice::from_raw_parts_mut(out.cast(), len) }),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// Bytes to read.
///
/// # Safety
/// `bytes` has `len` bytes that nobody changes during `'a`.
unsafe fn in_buffer<'a>(bytes: *const c_void, len: usize) -> io::Result<&'a [u8]> {
    match (bytes.is_null(), isize::try_from(len)) {
        (_, Ok(0)) => Ok(&[]),
        // SAFETY: not null and of this length (the caller's promise).
        (false, Ok(_)) => Ok(unsafe { std::slice::from_raw_parts(bytes.cast(), len) }),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

fn want(want: c_int) -> io::Result<Want> {
    match want {
        REDPOLL_BYTES => Ok(Want::Bytes),
        REDPOLL_ROOM => Ok(Want::Room),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

fn how(transport: Transport) -> c_int {
    match transport {
        Transport::Pending => REDPOLL_PENDING,
        Transport::Memory => REDPOLL_SHM,
        Transport::Socket => REDPOLL_SOCKET,
    }
}

/// Milliseconds; negative: for ever.
fn timeout(ms: c_int) -> Option<Duration> {
    u64::try_from(ms).ok().map(Duration::from_millis)
}

/// For the time that a socket may take, 0 would be for ever.
fn limit(ms: c_int) -> Option<Duration> {
    timeout(ms).map(|limit| limit.max(Duration::from_millis(1)))
}

fn ring(bytes: usize) -> Option<usize> {
    Some(bytes).filter(|bytes| *bytes > 0)
}

/// See the header, for this and for all others.
#[unsafe(no_mangle)]
pub extern "C" fn redpoll_version() -> *const c_char {
    VERSION.as_ptr().cast()
}

/// # Safety
/// `fd` is open and stays so until `redpoll_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn redpoll_new(fd: c_int) -> *mut Channel {
    guard(ptr::null_mut(), || {
        if fd < 0 {
            set_errno(Errno(code::INVALID));
            return ptr::null_mut();
        }
        // SAFETY: open, as the caller promises; it is never closed here: `redpoll_free` gives it
        // back.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        Box::into_raw(Box::new(Channel::new(fd)))
    })
}

/// # Safety
/// `channel` is null or a channel, which is gone afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn redpoll_free(channel: *mut Channel) {
    let before = errno::errno();
    guard((), || {
        if !channel.is_null() {
            // SAFETY: made by `redpoll_new` and not freed yet (the caller's promise).
            unsafe { Box::from_raw(channel) }.into_fd();
        }
    });
    set_errno(before);
}

/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn redpoll_open(
    channel: *mut Channel,
    ring_bytes: usize,
    timeout_ms: c_int,
) -> c_int {
    let opened = |channel: &mut Channel| {
        channel.open(ring(ring_bytes), timeout(timeout_ms)).map_err(|error| {
            match error.kind() {
                // Nothing can be done with the connection any more, so this is not "try again".
                io::ErrorKind::TimedOut => io::Error::from_raw_os_error(code::TIMED_OUT),
                _ => error,
            }
        })?;
        Ok(how(channel.transport()) as isize)
    };
    // SAFETY: passed on.
    unsafe { with(channel, opened) as c_int }
}

/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn redpoll_ask(channel: *mut Channel, ring_bytes: usize) -> c_int {
    // SAFETY: passed on.
    unsafe { with(channel, |channel| channel.ask(ring(ring_bytes)).map(|()| 0)) as c_int }
}

/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn redpoll_answer(channel: *mut Channel) -> c_int {
    // SAFETY: passed on.
    unsafe { with(channel, |channel| Ok(how(channel.answer()?) as isize)) as c_int }
}

/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn redpoll_transport(channel: *const Channel) -> c_int {
    // SAFETY: passed on; the channel is not changed.
    unsafe { with(channel.cast_mut(), |channel| Ok(how(channel.transport()) as isize)) as c_int }
}

/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn redpoll_refusal(channel: *const Channel) -> *const c_char {
    // SAFETY: null, or a live channel (the caller's promise).
    unsafe { channel.as_ref() }.map_or(c"".as_ptr(), |channel| channel.refusal.as_ptr())
}

/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn redpoll_error(channel: *const Channel) -> *const c_char {
    // SAFETY: null, or a live channel (the caller's promise).
    unsafe { channel.as_ref() }.map_or(c"".as_ptr(), |channel| channel.error.as_ptr())
}

/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn redpoll_fd(channel: *const Channel) -> c_int {
    let number = |channel: &mut Channel| Ok(channel.as_fd().as_raw_fd() as isize);
    // SAFETY: passed on; the channel is not changed.
    unsafe { with(channel.cast_mut(), number) as c_int }
}

/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn redpoll_set_timeouts(
    channel: *mut Channel,
    read_ms: c_int,
    write_ms: c_int,
) -> c_int {
    let set =
        |channel: &mut Channel| channel.set_timeouts(limit(read_ms), limit(write_ms)).map(|()| 0);
    // SAFETY: passed on.
    unsafe { with(channel, set) as c_int }
}

/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn redpoll_set_nonblocking(
    channel: *mut Channel,
    nonblocking: c_int,
) -> c_int {
    // SAFETY: passed on.
    unsafe {
        with(channel, |channel| channel.set_nonblocking(nonblocking != 0).map(|()| 0)) as c_int
    }
}

/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn redpoll_set_spin(channel: *mut Channel, spin_us: c_int) -> c_int {
    let spin = Duration::from_micros(u64::try_from(spin_us).unwrap_or(0));
    // SAFETY: passed on.
    unsafe { with(channel, |channel| channel.set_spin(spin).map(|()| 0)) as c_int }
}

/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn redpoll_read(
    channel: *mut Channel,
    out: *mut c_void,
    len: usize,
) -> isize {
    // SAFETY: both promises are the caller's.
    unsafe { with(channel, |channel| Ok(channel.read(out_buffer(out, len)?)? as isize)) }
}

/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn redpoll_write(
    channel: *mut Channel,
    bytes: *const c_void,
    len: usize,
) -> isize {
    // SAFETY: both promises are the caller's.
    unsafe { with(channel, |channel| Ok(channel.write(in_buffer(bytes, len)?)? as isize)) }
}

/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn redpoll_exchange(
    channel: *mut Channel,
    bytes: *const c_void,
    len: usize,
    written: *mut usize,
    out: *mut c_void,
    out_len: usize,
) -> isize {
    let exchange = |channel: &mut Channel| {
        // SAFETY: promises of the caller.
        let (bytes, out) = unsafe { (in_buffer(bytes, len)?, out_buffer(out, out_len)?) };
        let (sent, received) = channel.exchange(bytes, out)?;
        if !written.is_null() {
            // SAFETY: not null; the caller promises a number's room.
            unsafe { written.write(sent) };
        }
        Ok(received as isize)
    };
    // SAFETY: passed on.
    unsafe { with(channel, exchange) }
}

/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn redpoll_ready(channel: *mut Channel, what: c_int) -> c_int {
    // SAFETY: passed on.
    unsafe { with(channel, |channel| Ok(channel.is_ready(want(what)?)?.into())) as c_int }
}

/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn redpoll_spin(channel: *mut Channel, what: c_int) -> c_int {
    // SAFETY: passed on.
    unsafe { with(channel, |channel| Ok(channel.spin(want(what)?)?.into())) as c_int }
}

/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn redpoll_arm(channel: *mut Channel, what: c_int) -> c_int {
    // SAFETY: passed on.
    unsafe { with(channel, |channel| Ok(channel.arm(want(what)?).into())) as c_int }
}

/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn redpoll_woken(channel: *mut Channel) -> c_int {
    // SAFETY: passed on.
    unsafe { with(channel, |channel| Ok(channel.answer_bell()?.into())) as c_int }
}

/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn redpoll_wait(
    channel: *mut Channel,
    what: c_int,
    timeout_ms: c_int,
) -> c_int {
    let wait = |channel: &mut Channel| match channel.wait(want(what)?, timeout(timeout_ms))? {
        Woken::Ready => Ok(1),
        Woken::TimedOut => Ok(0),
        Woken::Closed => Err(io::ErrorKind::BrokenPipe.into()),
    };
    // SAFETY: passed on.
    unsafe { with(channel, wait) as c_int }
}

#[cfg(test)]
mod tests;
