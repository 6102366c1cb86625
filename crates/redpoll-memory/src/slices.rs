//! Turns on a processor: long ones for threads that work for long and that nobody waits for, short
//! ones for threads that answer clients.
//!
//! Where all processors are in use, a thread that wakes up runs before those whose turns are longer
//! than its own (Linux 6.12). So threads that load a data set ask for long turns: they get as much
//! of the processor as before, but those that answer clients, of this program and of others, get it
//! when they want it. It is not for threads that take locks which clients wait for: they would lose
//! the processor with the lock in hand.
//!
//! A thread that always has something to do gets no more than its share in the end, whatever it
//! asks for: it runs for a turn, and then waits until others have caught up, which takes the longer
//! the longer the turn was. So threads that answer clients ask for short turns, and wait often but
//! never for long.
//!
//! It needs no privilege, and earlier kernels pay no heed to it.

use std::marker::PhantomData;
use std::time::Duration;

/// The kernel allows a tenth of a millisecond to a tenth of a second.
const LONG: Duration = Duration::from_millis(20);
const SHORT: Duration = Duration::from_micros(200);

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
        let before = with_turns();
        if let Some(own) = before {
            set(&Attributes { runtime: own.runtime.max(LONG.as_nanos() as u64), ..own });
        }
        LongTurns { before, _thread: PhantomData }
    }
}

impl Drop for LongTurns {
    fn drop(&mut self) {
        self.before.iter().for_each(set);
    }
}

/// The calling thread's turns are short from now on; those of threads that it starts are not.
pub fn take_short_turns() {
    if let Some(own) = with_turns() {
        let flags = libc::SCHED_FLAG_RESET_ON_FORK as u64;
        set(&Attributes { runtime: SHORT.as_nanos() as u64, flags, ..own });
    }
}

/// Those of the calling thread, if it has turns, and not an operator's.
fn with_turns() -> Option<Attributes> {
    let turns = [libc::SCHED_OTHER, libc::SCHED_BATCH];
    attributes().filter(|own| turns.contains(&(own.policy as libc::c_int)))
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
        assert!([0, LONG.as_nanos() as u64].contains(&meanwhile.runtime));
        drop(long);
        assert_eq!(attributes().expect("they were read before").runtime, before.runtime);
        // On a thread of its own, as they stay.
        let short = std::thread::spawn(|| {
            take_short_turns();
            attributes().expect("they were read before").runtime
        });
        let short = short.join().expect("it ends well");
        assert!([0, SHORT.as_nanos() as u64].contains(&short));
    }
}
