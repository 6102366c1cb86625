//! Scripts that have been running for long enough to be noticed, and how they are ended.

use parking_lot::Mutex;
use redpoll_resp::OwnedArgs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};
use std::time::Instant;

/// What runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunningKind {
    /// A script (EVAL and the like).
    Script,
    /// A function (FCALL).
    Function,
}

/// A script that runs.
pub struct Running {
    /// What it is.
    pub kind: RunningKind,
    /// Its SHA-1 or its function's name.
    pub name: String,
    /// The words of the command that runs it.
    pub command: OwnedArgs,
    /// When it began.
    pub started: Instant,
    /// Whether it has written: it cannot be ended any more then.
    pub wrote: AtomicBool,
    /// Whether it has exceeded the threshold of busy replies.
    pub busy: AtomicBool,
    killed: AtomicBool,
}

impl Running {
    /// A script that began at `started`.
    pub fn new(kind: RunningKind, name: String, command: OwnedArgs, started: Instant) -> Self {
        let no = || AtomicBool::new(false);
        Running { kind, name, command, started, wrote: no(), busy: no(), killed: no() }
    }

    /// Whether somebody has asked for its end.
    pub fn is_killed(&self) -> bool {
        self.killed.load(Acquire)
    }
}

/// All that run and have been noticed.
#[derive(Default)]
pub(crate) struct AllRunning {
    list: Mutex<Vec<Arc<Running>>>,
    /// How many of them are busy, and of these how many are functions.
    busy: AtomicUsize,
    busy_functions: AtomicUsize,
}

impl AllRunning {
    pub fn add(&self, running: &Arc<Running>) {
        self.list.lock().push(Arc::clone(running));
    }

    pub fn remove(&self, running: &Arc<Running>) {
        self.list.lock().retain(|other| !Arc::ptr_eq(other, running));
        if running.busy.swap(false, AcqRel) {
            self.busy.fetch_sub(1, AcqRel);
            if running.kind == RunningKind::Function {
                self.busy_functions.fetch_sub(1, AcqRel);
            }
        }
    }

    pub fn set_busy(&self, running: &Running) {
        if !running.busy.swap(true, AcqRel) {
            self.busy.fetch_add(1, AcqRel);
            if running.kind == RunningKind::Function {
                self.busy_functions.fetch_add(1, AcqRel);
            }
        }
    }

    /// What keeps everybody waiting, if anything does.
    pub fn busy(&self) -> Option<RunningKind> {
        if self.busy.load(Acquire) == 0 {
            return None;
        }
        Some(match self.busy_functions.load(Acquire) {
            0 => RunningKind::Script,
            _ => RunningKind::Function,
        })
    }

    pub fn first(&self, kind: Option<RunningKind>) -> Option<Arc<Running>> {
        let list = self.list.lock();
        list.iter().find(|running| kind.is_none_or(|kind| running.kind == kind)).cloned()
    }

    /// Asks for the end of a script (or function) that has not written.
    pub fn kill(&self, kind: RunningKind) -> Result<(), KillError> {
        let list = self.list.lock();
        if list.is_empty() {
            return Err(KillError::NotBusy);
        }
        let mut of_kind = list.iter().filter(|running| running.kind == kind).peekable();
        if of_kind.peek().is_none() {
            return Err(KillError::OtherKind);
        }
        let mut killed = false;
        for running in of_kind.filter(|running| !running.wrote.load(Acquire)) {
            running.killed.store(true, Release);
            killed = true;
        }
        if killed { Ok(()) } else { Err(KillError::Wrote) }
    }
}

/// Why nothing was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KillError {
    /// Nothing runs.
    NotBusy,
    /// What runs is a function, and a script's end was asked for; or the other way round.
    OtherKind,
    /// It has written.
    Wrote,
}
