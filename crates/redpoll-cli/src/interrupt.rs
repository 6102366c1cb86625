//! Ctrl-C.
//!
//! A read that waits for a server cannot look at a flag, so a signal has to end it from outside:
//! a thread receives the signal and shuts the connection down, and the read returns. Modes that
//! work in rounds need only the flag.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use redpoll_client::Transport;
use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;

/// What Ctrl-C ends at the moment, shared between the signal thread and the rest.
#[derive(Clone, Default)]
pub struct Interrupt {
    shared: Arc<Shared>,
}

/// What Ctrl-C may end.
#[derive(Default)]
pub enum Target {
    /// The program, with code 1.
    #[default]
    Program,
    /// Nothing: what the user meant to end is over already.
    Nothing,
    /// The wait on this connection, by ending the connection.
    Wait(Box<dyn Transport>),
}

#[derive(Default)]
struct Shared {
    target: Mutex<Target>,
    /// Set when a wait was ended.
    raised: AtomicBool,
}

impl Interrupt {
    /// Starts the signal thread. Before that, Ctrl-C does what the system has it do.
    pub fn install(&self) -> io::Result<()> {
        let mut signals = Signals::new([SIGINT])?;
        let shared = Arc::clone(&self.shared);
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for _ in signals.forever() {
                match &*lock(&shared) {
                    Target::Program => std::process::exit(1),
                    Target::Nothing => {}
                    Target::Wait(transport) => {
                        shared.raised.store(true, Ordering::SeqCst);
                        let _ = transport.shutdown();
                    }
                }
            }
        })?;
        Ok(())
    }

    /// Says what Ctrl-C ends until the guard is dropped.
    pub fn aim(&self, target: Target) -> Guard {
        // A Ctrl-C that came when there was nothing to wait for any more is of no interest.
        self.take();
        let before = std::mem::replace(&mut *lock(&self.shared), target);
        Guard { shared: Arc::clone(&self.shared), before }
    }

    /// [`aim`](Self::aim) at waits on this transport; at the program where there is no second
    /// handle to be had.
    pub fn aim_at_waits(&self, transport: &dyn Transport) -> Guard {
        self.aim(transport.duplicate().map_or(Target::Program, Target::Wait))
    }

    /// Whether Ctrl-C has ended a wait since the last call.
    pub fn take(&self) -> bool {
        self.shared.raised.swap(false, Ordering::SeqCst)
    }
}

/// See [`Interrupt::aim`]. Guards are dropped in the reverse order of their making.
pub struct Guard {
    shared: Arc<Shared>,
    before: Target,
}

impl Drop for Guard {
    fn drop(&mut self) {
        *lock(&self.shared) = std::mem::take(&mut self.before);
    }
}

/// A flag that Ctrl-C raises, for work in rounds: the round is finished and the summary printed.
pub fn flag() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    // Without the handler Ctrl-C ends the program at once, which is no worse than redis-cli.
    let _ = signal_hook::flag::register(SIGINT, Arc::clone(&flag));
    flag
}

fn lock(shared: &Shared) -> MutexGuard<'_, Target> {
    shared.target.lock().unwrap_or_else(PoisonError::into_inner)
}
