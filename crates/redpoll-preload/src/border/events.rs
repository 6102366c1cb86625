//! Waiting.

use super::transfer::hooks;
use super::{guard, real};
use crate::waiting::{self, Bits};
use crate::{epoll, table};
use libc::{
    c_int, c_ulong, epoll_event, fd_set, nfds_t, pollfd, sigset_t, size_t, timespec, timeval,
};
use std::time::{Duration, Instant};

fn milliseconds(timeout: c_int) -> Option<Duration> {
    u64::try_from(timeout).ok().map(Duration::from_millis)
}

/// A time as C has it. None: it is odd, and the kernel may say so.
fn time(seconds: i64, nanos: i64) -> Option<Duration> {
    let nanos = u32::try_from(nanos).ok().filter(|nanos| *nanos < 1_000_000_000)?;
    Some(Duration::new(u64::try_from(seconds).ok()?, nanos))
}

/// A time that may be absent. Outer `None`: it is odd.
///
/// # Safety
/// Null, or a time.
unsafe fn optional(timeout: *const timespec) -> Option<Option<Duration>> {
    // SAFETY: the caller's promise.
    match unsafe { timeout.as_ref() } {
        None => Some(None),
        Some(timeout) => time(timeout.tv_sec, timeout.tv_nsec).map(Some),
    }
}

/// The descriptors that are polled, if any of them is ours.
///
/// # Safety
/// As of `poll`.
unsafe fn polled<'a>(fds: *mut pollfd, count: nfds_t) -> Option<&'a mut [pollfd]> {
    let count = usize::try_from(count).ok().filter(|count| (1..1 << 20).contains(count))?;
    // SAFETY: so many of them (the caller's promise), and the program waits for the call to return.
    let fds = unsafe { std::slice::from_raw_parts_mut(fds, count) };
    waiting::concerns(fds.iter().map(|poll| poll.fd)).then_some(fds)
}

/// A set of `select`.
///
/// # Safety
/// Null, or a set with room for `count` descriptors.
unsafe fn bits<'a>(set: *mut fd_set, count: usize) -> Bits<'a> {
    let words = count.div_ceil(c_ulong::BITS as usize);
    // SAFETY: not null; a set is an array of such words (the caller's promise).
    (!set.is_null()).then(|| unsafe { std::slice::from_raw_parts_mut(set.cast(), words) })
}

/// The sets of `select`, if any of ours is in them.
///
/// # Safety
/// As of `select`.
unsafe fn sets<'a>(count: c_int, sets: [*mut fd_set; 3]) -> Option<[Bits<'a>; 3]> {
    let count = usize::try_from(count).ok().filter(|count| *count > 0)?;
    // SAFETY: passed on.
    let sets = sets.map(|set| unsafe { bits(set, count) });
    waiting::select_concerns(count, &sets).then_some(sets)
}

/// Waits at an instance of ours.
///
/// # Safety
/// As of `epoll_pwait`.
unsafe fn wait(
    epoll: &epoll::Epoll,
    fd: c_int,
    events: *mut epoll_event,
    most: c_int,
    timeout: Option<Duration>,
    mask: *const sigset_t,
) -> c_int {
    guard(|| {
        let most = usize::try_from(most).unwrap_or(0);
        // SAFETY: room for so many (the caller's promise).
        let events = unsafe { std::slice::from_raw_parts_mut(events, most) };
        // SAFETY: null, or a mask (the caller's promise).
        epoll.wait(fd, events, timeout, unsafe { mask.as_ref() })
    })
}

/// The instance, if it is one of ours and the arguments make sense.
fn instance(
    fd: c_int,
    events: *mut epoll_event,
    most: c_int,
) -> Option<std::sync::Arc<epoll::Epoll>> {
    if table::kind(fd) != table::EPOLL || events.is_null() || most <= 0 {
        return None;
    }
    epoll::instance(fd)
}

hooks! {
    fn poll(fds: *mut pollfd, count: nfds_t, timeout: c_int) -> c_int {
        match polled(fds, count) {
            Some(fds) => guard(|| waiting::poll(fds, milliseconds(timeout), None)),
            None => real::poll(fds, count, timeout),
        }
    }

    fn __poll_chk(fds: *mut pollfd, count: nfds_t, timeout: c_int, room: size_t) -> c_int {
        check(count, room);
        poll(fds, count, timeout)
    }

    fn ppoll(fds: *mut pollfd, count: nfds_t, timeout: *const timespec,
        mask: *const sigset_t) -> c_int {
        match (polled(fds, count), optional(timeout)) {
            (Some(fds), Some(timeout)) => {
                guard(|| waiting::poll(fds, timeout, mask.as_ref()))
            }
            _ => real::ppoll(fds, count, timeout, mask),
        }
    }

    fn __ppoll_chk(fds: *mut pollfd, count: nfds_t, timeout: *const timespec,
        mask: *const sigset_t, room: size_t) -> c_int {
        check(count, room);
        ppoll(fds, count, timeout, mask)
    }

    fn select(count: c_int, read: *mut fd_set, write: *mut fd_set, except: *mut fd_set,
        timeout: *mut timeval) -> c_int {
        let limit = match timeout.as_ref() {
            None => Some(None),
            Some(timeout) => time(timeout.tv_sec, timeout.tv_usec.saturating_mul(1000)).map(Some),
        };
        let (Some(ours), Some(limit)) = (sets(count, [read, write, except]), limit) else {
            return real::select(count, read, write, except, timeout);
        };
        let begun = Instant::now();
        let found = guard(|| waiting::select(count as usize, ours, limit, None));
        if let (Some(timeout), Some(limit)) = (timeout.as_mut(), limit) {
            // As Linux does: what is left.
            let left = limit.saturating_sub(begun.elapsed());
            timeout.tv_sec = left.as_secs() as i64;
            timeout.tv_usec = i64::from(left.subsec_micros());
        }
        found
    }

    fn pselect(count: c_int, read: *mut fd_set, write: *mut fd_set, except: *mut fd_set,
        timeout: *const timespec, mask: *const sigset_t) -> c_int {
        match (sets(count, [read, write, except]), optional(timeout)) {
            (Some(ours), Some(limit)) => {
                guard(|| waiting::select(count as usize, ours, limit, mask.as_ref()))
            }
            _ => real::pselect(count, read, write, except, timeout, mask),
        }
    }

    fn epoll_ctl(fd: c_int, operation: c_int, member: c_int, event: *mut epoll_event) -> c_int {
        let ours = waiting::concerns(std::iter::once(member)) || table::kind(fd) == table::EPOLL;
        // The kernel's is 0 or -1.
        const NOT_OURS: c_int = 1;
        let done = match ours {
            true => guard(|| {
                let told = event.as_ref().copied();
                epoll::control(fd, operation, member, told).unwrap_or(NOT_OURS)
            }),
            false => NOT_OURS,
        };
        if done == NOT_OURS { real::epoll_ctl(fd, operation, member, event) } else { done }
    }

    fn epoll_wait(fd: c_int, events: *mut epoll_event, most: c_int, timeout: c_int) -> c_int {
        match instance(fd, events, most) {
            Some(ours) => wait(&ours, fd, events, most, milliseconds(timeout), std::ptr::null()),
            None => real::epoll_wait(fd, events, most, timeout),
        }
    }

    fn epoll_pwait(fd: c_int, events: *mut epoll_event, most: c_int, timeout: c_int,
        mask: *const sigset_t) -> c_int {
        match instance(fd, events, most) {
            Some(ours) => wait(&ours, fd, events, most, milliseconds(timeout), mask),
            None => real::epoll_pwait(fd, events, most, timeout, mask),
        }
    }

    fn epoll_pwait2(fd: c_int, events: *mut epoll_event, most: c_int, timeout: *const timespec,
        mask: *const sigset_t) -> c_int {
        match (instance(fd, events, most), optional(timeout)) {
            (Some(ours), Some(timeout)) => wait(&ours, fd, events, most, timeout, mask),
            _ => real::epoll_pwait2(fd, events, most, timeout, mask),
        }
    }
}

/// What a fortified program wants to be stopped by.
fn check(count: nfds_t, room: size_t) {
    if room / size_of::<pollfd>() < count as usize {
        std::process::abort();
    }
}
