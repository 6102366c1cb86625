//! Long turns on a processor, for threads that work for long and that nobody waits for.
//!
//! Where all processors are in use, a thread that wakes up runs before those whose turns are longer
//! than its own (Linux 6.12). So threads that load a data set ask for long turns: they get as much of
//! the processor as before, but those that answer clients, of this program and of others, get it
//! when they want it. It is not for threads that take locks which clients wait for: they would lose
//! the processor with the lock in hand. It needs no privilege, and earlier kernels pay no heed to
//! it.

use std::marker::PhantomData;
use std::time::Duration;

/// The kernel allows a tenth of a millisecond to a tenth of a second.
const TURN: Duration = Duration::from_millis(20);

/// The kernel's `struct sched_attr`, in its first version.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Attributes {
    size: u32,
    policy: u32,
    flags: u64,
    nice: i32,
    priority: u32,
    runtime: u64,
    deadline: u64,
    period: u64,
}

/// While it lives, the calling thread's turns are long.
pub struct LongTurns {
    before: Option<Attributes>,
    /// It is about the thread that has made it.
    _thread: PhantomData<*const ()>,
}

impl LongTurns {
    /// Begins.
    pub fn begin() -> Self {
        let before = attributes().filter(|own| {
            // Others have no turns, or an operator's.
            [libc::SCHED_OTHER, libc::SCHED_BATCH].contains(&(own.policy as libc::c_int))
        });
        if let Some(own) = before {
            set(&Attributes { runtime: own.runtime.max(TURN.as_nanos() as u64), ..own });
        }
        LongTurns { before, _thread: PhantomData }
    }
}

impl Drop for LongTurns {
    fn drop(&mut self) {
        self.before.iter().for_each(set);
    }
}

/// Those of the calling thread.
fn attributes() -> Option<Attributes> {
    let size = size_of::<Attributes>() as u32;
    let mut own = Attributes::default();
    // SAFETY: the kernel writes `size` bytes at most, which `own` has, all of them plain numbers.
    let read = unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &mut own, size, 0) };
    own.flags = 0;
    (read == 0).then_some(own)
}

/// Changes those of the calling thread. Where that is not allowed, turns stay what they are.
fn set(wanted: &Attributes) {
    let wanted = Attributes { size: size_of::<Attributes>() as u32, ..*wanted };
    // SAFETY: the kernel reads as many bytes as the structure says, and it has so many.
    unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &wanted, 0) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_what_they_were_afterwards() {
        let Some(before) = attributes() else { return };
        let long = LongTurns::begin();
        let meanwhile = attributes().expect("they were read before");
        assert_eq!((meanwhile.policy, meanwhile.nice), (before.policy, before.nice));
        // Earlier kernels tell nothing.
        assert!([0, TURN.as_nanos() as u64].contains(&meanwhile.runtime));
        drop(long);
        assert_eq!(attributes().expect("they were read before").runtime, before.runtime);
    }
}
