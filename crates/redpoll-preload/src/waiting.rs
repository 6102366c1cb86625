//! `poll` and `select` for descriptors of both kinds.
//!
//! What the rings hold is looked at; the rest is asked of the kernel. To sleep, the server is asked
//! to ring for each ring that has nothing, and the kernel waits for the bells and the rest
//! together.

use crate::connection::{Connection, Look, Prepared};
use crate::settings::settings;
use crate::{border, table};
use errno::{Errno, errno, set_errno};
use libc::{POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI, pollfd};
use redpoll_shm::spin::Spin;
use std::cell::RefCell;
use std::ffi::{c_int, c_ulong};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

thread_local! {
    /// How this thread has fared with looking again and again before it sleeps.
    static SPIN: RefCell<Option<Spin>> = const { RefCell::new(None) };
}

/// Looks for a while.
pub fn spin(is_there: impl Fn() -> bool) -> bool {
    static FRESH: OnceLock<Spin> = OnceLock::new();
    let fresh = || FRESH.get_or_init(|| Spin::new(settings().spin)).clone();
    // Not at the end of a thread, nor in a signal handler that has interrupted this.
    let spun = SPIN.try_with(|spin| match spin.try_borrow_mut() {
        Ok(mut spin) => spin.get_or_insert_with(fresh).wait(&is_there),
        Err(_) => is_there(),
    });
    spun.unwrap_or_else(|_| is_there())
}

/// When a wait ends.
#[derive(Clone, Copy)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// After this time; `None`: never.
    pub fn after(timeout: Option<Duration>) -> Deadline {
        Deadline(timeout.and_then(|timeout| Instant::now().checked_add(timeout)))
    }

    /// What is left.
    pub fn left(self) -> Option<Duration> {
        self.0.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }
}

/// Keeps count of the threads that sleep on a connection.
pub struct Sleeper {
    connection: Arc<Connection>,
    on_rings: bool,
    /// What it was woken by.
    pub rung: bool,
}

impl Sleeper {
    /// Of a connection that is prepared, if `on_rings`, or entered.
    pub fn new(connection: &Arc<Connection>, on_rings: bool) -> Sleeper {
        Sleeper { connection: Arc::clone(connection), on_rings, rung: false }
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        if self.on_rings {
            self.connection.woken(self.rung);
        } else {
            self.connection.leave();
        }
    }
}

/// Whether any is a connection that is watched or runs through rings.
pub fn concerns(mut fds: impl Iterator<Item = c_int>) -> bool {
    fds.any(|fd| matches!(table::kind(fd), table::WATCHED | table::RINGS))
}

/// One connection among what is polled.
struct Entry {
    index: usize,
    connection: Arc<Connection>,
    on_rings: bool,
}

/// `poll`, with a signal mask for the sleep if there is one.
pub fn poll(fds: &mut [pollfd], timeout: Option<Duration>, mask: Option<&libc::sigset_t>) -> c_int {
    let found = |(index, poll): (usize, &pollfd)| {
        let connection = table::connection(poll.fd)?;
        Some(Entry { index, connection, on_rings: false })
    };
    let mut entries: Vec<Entry> = fds.iter().enumerate().filter_map(found).collect();
    let deadline = Deadline::after(timeout);
    loop {
        let ready = look(fds, &mut entries);
        let left = deadline.left();
        if ready > 0 || left == Some(Duration::ZERO) {
            return with_others(fds, &entries, ready, mask);
        }
        let wanted: Vec<(&Entry, i16)> = entries
            .iter()
            .filter(|entry| entry.on_rings)
            .map(|entry| (entry, fds[entry.index].events))
            .collect();
        let any = || wanted.iter().any(|(entry, events)| entry.connection.glance(*events));
        if !wanted.is_empty() && spin(any) {
            continue;
        }
        entries.retain(|entry| {
            let fd = fds[entry.index].fd;
            let same = entry.connection.is_at(fd);
            if !same {
                table::closing(fd);
            }
            same
        });
        if let Some(result) = sleep(fds, &mut entries, left, mask) {
            return result;
        }
    }
}

/// Sets what the rings say. How many have something.
fn look(fds: &mut [pollfd], entries: &mut [Entry]) -> c_int {
    let mut ready = 0;
    for entry in entries {
        let poll = &mut fds[entry.index];
        entry.on_rings = match entry.connection.look(poll.events) {
            Look::Socket => false,
            Look::Rings(revents) => {
                poll.revents = revents;
                ready += c_int::from(revents != 0);
                true
            }
        };
    }
    ready
}

/// Asks the kernel about the rest, without waiting.
fn with_others(
    fds: &mut [pollfd],
    entries: &[Entry],
    ready: c_int,
    mask: Option<&libc::sigset_t>,
) -> c_int {
    if entries.iter().filter(|entry| entry.on_rings).count() == fds.len() {
        return ready;
    }
    let mut others = fds.to_vec();
    for entry in entries.iter().filter(|entry| entry.on_rings) {
        // The kernel passes over it.
        others[entry.index].fd = -1;
    }
    let found = border::real_ppoll(&mut others, Some(Duration::ZERO), mask);
    if found < 0 {
        return if ready > 0 { ready } else { found };
    }
    for (poll, other) in fds.iter_mut().zip(&others) {
        if other.fd >= 0 || poll.fd < 0 {
            poll.revents = other.revents;
        }
    }
    ready + found
}

/// Sleeps. `None`: look again.
fn sleep(
    fds: &mut [pollfd],
    entries: &mut [Entry],
    left: Option<Duration>,
    mask: Option<&libc::sigset_t>,
) -> Option<c_int> {
    let mut asked = fds.to_vec();
    let mut sleepers: Vec<(usize, Sleeper)> = Vec::with_capacity(entries.len());
    for entry in entries.iter_mut() {
        match entry.connection.prepare(fds[entry.index].events) {
            Prepared::Ready => return None,
            Prepared::Sleep(bell) => {
                let poll = &mut asked[entry.index];
                (poll.fd, poll.events, entry.on_rings) = (bell, POLLIN, true);
                sleepers.push((entry.index, Sleeper::new(&entry.connection, true)));
            }
            Prepared::Socket => {
                if !entry.connection.enter() {
                    return None;
                }
                entry.on_rings = false;
                sleepers.push((entry.index, Sleeper::new(&entry.connection, false)));
            }
        }
    }
    let found = border::real_ppoll(&mut asked, left, mask);
    let error = errno();
    for (index, sleeper) in &mut sleepers {
        sleeper.rung = found > 0 && asked[*index].revents != 0;
    }
    drop(sleepers);
    if found < 0 {
        set_errno(error);
        return Some(found);
    }
    let mut others = 0;
    for (index, (poll, asked)) in fds.iter_mut().zip(&asked).enumerate() {
        if !entries.iter().any(|entry| entry.index == index && entry.on_rings) {
            poll.revents = asked.revents;
            others += c_int::from(asked.revents != 0);
        }
    }
    let ready = look(fds, entries) + others;
    // Nothing: a bell that was for another, or time is up, which the next look finds.
    (ready > 0).then_some(ready)
}

/// The bits of a set for `select`.
pub type Bits<'a> = Option<&'a mut [c_ulong]>;

const BITS: usize = c_ulong::BITS as usize;

fn has(bits: &Bits<'_>, fd: usize) -> bool {
    bits.as_ref().is_some_and(|bits| bits[fd / BITS] >> (fd % BITS) & 1 == 1)
}

/// The descriptors in the sets.
fn members(count: usize, sets: &[Bits<'_>; 3]) -> impl Iterator<Item = usize> {
    (0..count).filter(move |fd| sets.iter().any(|set| has(set, *fd)))
}

/// Whether `select` concerns any of ours.
pub fn select_concerns(count: usize, sets: &[Bits<'_>; 3]) -> bool {
    concerns(members(count, sets).map(|fd| fd as c_int))
}

/// `select`, for reading, writing and exceptions.
pub fn select(
    count: usize,
    mut sets: [Bits<'_>; 3],
    timeout: Option<Duration>,
    mask: Option<&libc::sigset_t>,
) -> c_int {
    const WANTED: [i16; 3] = [POLLIN, POLLOUT, POLLPRI];
    const FOUND: [i16; 3] = [POLLIN | POLLHUP | POLLERR, POLLOUT | POLLERR, POLLPRI];
    let mut fds: Vec<pollfd> = members(count, &sets)
        .map(|fd| {
            let events = (0..3).filter(|kind| has(&sets[*kind], fd)).map(|kind| WANTED[kind]);
            pollfd { fd: fd as c_int, events: events.fold(0, |all, one| all | one), revents: 0 }
        })
        .collect();
    let found = poll(&mut fds, timeout, mask);
    if found < 0 {
        return found;
    }
    if fds.iter().any(|poll| poll.revents & POLLNVAL != 0) {
        set_errno(Errno(libc::EBADF));
        return -1;
    }
    let mut bits_set = 0;
    for poll in &fds {
        let fd = poll.fd as usize;
        for kind in 0..3 {
            if !has(&sets[kind], fd) {
                continue;
            }
            if poll.revents & FOUND[kind] != 0 {
                bits_set += 1;
            } else if let Some(bits) = &mut sets[kind] {
                bits[fd / BITS] &= !(1 << (fd % BITS));
            }
        }
    }
    bits_set
}
