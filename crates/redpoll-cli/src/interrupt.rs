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

/// What Ctrl-C does at the moment, shared between the signal thread and the rest.
#[derive(Clone, Default)]
pub struct Interrupt {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// The connection whose wait Ctrl-C ends; without one, Ctrl-C ends the program.
    waiting: Mutex<Option<Box<dyn Transport>>>,
    /// Set when a wait was ended.
    raised: AtomicBool,
}

impl Interrupt {
    /// Starts the signal thread. Until [`guard`](Self::guard) is called, Ctrl-C ends the program
    /// with code 1.
    pub fn install(&self) -> io::Result<()> {
        let mut signals = Signals::new([SIGINT])?;
        let shared = Arc::clone(&self.shared);
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for _ in signals.forever() {
                match lock(&shared).as_ref() {
                    Some(transport) => {
                        shared.raised.store(true, Ordering::SeqCst);
                        let _ = transport.shutdown();
                    }
                    None => std::process::exit(1),
                }
            }
        })?;
        Ok(())
    }

    /// Makes Ctrl-C end waits on this transport, until the guard is dropped.
    pub fn guard(&self, transport: &dyn Transport) -> Guard {
        // A Ctrl-C that came when there was nothing to wait for any more is of no interest.
        self.take();
        // Where no second handle is to be had, Ctrl-C ends the program; so be it.
        *lock(&self.shared) = transport.duplicate().ok();
        Guard { shared: Arc::clone(&self.shared) }
    }

    /// Whether Ctrl-C has ended a wait since the last call.
    pub fn take(&self) -> bool {
        self.shared.raised.swap(false, Ordering::SeqCst)
    }
}

/// See [`Interrupt::guard`].
pub struct Guard {
    shared: Arc<Shared>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        *lock(&self.shared) = None;
    }
}

/// A flag that Ctrl-C raises, for work in rounds: the round is finished and the summary printed.
pub fn flag() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    // Without the handler Ctrl-C ends the program at once, which is no worse than redis-cli.
    let _ = signal_hook::flag::register(SIGINT, Arc::clone(&flag));
    flag
}

fn lock(shared: &Shared) -> MutexGuard<'_, Option<Box<dyn Transport>>> {
    shared.waiting.lock().unwrap_or_else(PoisonError::into_inner)
}
