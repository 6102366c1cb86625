//! Which descriptor is which.
//!
//! Every hooked function begins with a look here, for descriptors of all kinds, in every thread,
//! and in signal handlers; so the look is one load of an atomic byte. Only what is ours costs more.

use crate::connection::Connection;
use std::ffi::c_int;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering::*};
use std::sync::{Arc, PoisonError, RwLock};

/// Nothing of ours.
pub const NONE: u8 = 0;
/// A connection whose bytes go over the socket, and that is watched.
pub const WATCHED: u8 = 1;
/// A connection through the rings, or one whose question is on its way.
pub const RINGS: u8 = 2;
/// A descriptor that the library has opened for itself.
pub const PRIVATE: u8 = 3;
/// An epoll instance with connections of ours.
pub const EPOLL: u8 = 4;
/// A connection through the rings, in a process that was forked off.
pub const DEAD: u8 = 5;

/// Descriptors beyond are left alone.
const FDS: usize = 1 << 16;

static KINDS: [AtomicU8; FDS] = [const { AtomicU8::new(NONE) }; FDS];
static SLOTS: [RwLock<Option<Arc<Connection>>>; FDS] = [const { RwLock::new(None) }; FDS];

/// The process that everything here belongs to. A child of `vfork` shares the memory and is another
/// process.
static OWNER: AtomicU32 = AtomicU32::new(0);

/// What it is.
#[inline]
pub fn kind(fd: c_int) -> u8 {
    usize::try_from(fd).ok().and_then(|fd| KINDS.get(fd)).map_or(NONE, |kind| kind.load(Acquire))
}

/// Whether a descriptor may be remembered at all.
pub fn set_kind(fd: c_int, kind: u8) -> bool {
    let slot = usize::try_from(fd).ok().and_then(|fd| KINDS.get(fd));
    slot.map(|slot| slot.store(kind, Release)).is_some()
}

/// The connection behind a descriptor.
#[inline]
pub fn connection(fd: c_int) -> Option<Arc<Connection>> {
    if !matches!(kind(fd), WATCHED | RINGS) {
        return None;
    }
    slot(fd)?.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Notes that a descriptor is a connection of this kind.
pub fn track(fd: c_int, connection: &Arc<Connection>, kind: u8) {
    // A lock that was held when the process was forked is never given back.
    let Some(Ok(mut slot)) = slot(fd).map(RwLock::try_write) else { return };
    let before = slot.replace(Arc::clone(connection));
    drop(slot);
    discard(before);
    set_kind(fd, kind);
}

/// Notes that a descriptor is none any more.
pub fn forget(fd: c_int) -> Option<Arc<Connection>> {
    if !matches!(kind(fd), WATCHED | RINGS) {
        return None;
    }
    set_kind(fd, NONE);
    slot(fd)?.write().unwrap_or_else(PoisonError::into_inner).take()
}

/// A descriptor is about to be closed, or to become another; or has become another already.
pub fn closing(fd: c_int) {
    match kind(fd) {
        WATCHED | RINGS if is_own_process() => {
            crate::epoll::forget_member(fd);
            if let Some(connection) = forget(fd) {
                connection.detach(fd);
            }
        }
        EPOLL if is_own_process() => crate::epoll::forget(fd),
        DEAD => {
            set_kind(fd, NONE);
        }
        _ => {}
    }
}

/// What a parent has left in a slot is not ours to close.
fn discard(connection: Option<Arc<Connection>>) {
    if let Some(connection) = connection.filter(|connection| !connection.is_ours()) {
        std::mem::forget(connection);
    }
}

fn slot(fd: c_int) -> Option<&'static RwLock<Option<Arc<Connection>>>> {
    usize::try_from(fd).ok().and_then(|fd| SLOTS.get(fd))
}

/// Whether this is the process that the table belongs to, and not a child that shares its memory.
pub fn is_own_process() -> bool {
    OWNER.load(Relaxed) == process()
}

/// This process.
pub fn process() -> u32 {
    rustix::process::getpid().as_raw_pid().unsigned_abs()
}

/// Takes possession, before anything is tracked.
pub fn own() {
    OWNER.store(process(), Relaxed);
}

/// In a process that was forked off, before it does anything else. The rings are the parent's:
/// their counters are in each process's own memory, and only one may go on. A connection that still
/// runs over the socket is one like any other.
pub fn after_fork(close: impl Fn(c_int)) {
    for (fd, kind) in KINDS.iter().enumerate() {
        let now = match kind.load(Relaxed) {
            RINGS => DEAD,
            PRIVATE => {
                close(fd as c_int);
                NONE
            }
            WATCHED | EPOLL => NONE,
            _ => continue,
        };
        kind.store(now, Relaxed);
    }
    own();
}
