//! CLIENT PAUSE: commands that wait until an operator lets them go on.

use crate::client::flags;
use crate::session::Session;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicUsize, Ordering::*};

/// Which commands wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseMode {
    /// All.
    All,
    /// Those that may write.
    Write,
}

/// A failover goes on.
const FAILOVER: u8 = 1;
/// The program ends as soon as its replicas have everything.
const END: u8 = 2;

/// See the module's head.
#[derive(Default)]
pub struct Pause {
    /// Until when, in milliseconds since 1970; 0: not paused.
    until: AtomicI64,
    all: AtomicBool,
    /// Writes wait for the end of a failover ([`FAILOVER`]) or of the program ([`END`]), whatever
    /// CLIENT UNPAUSE says.
    writes_held: AtomicU8,
    /// Clients whose next command waits.
    postponed: AtomicUsize,
}

impl Pause {
    /// Pauses until `until`. As in Redis, a second pause never shortens or weakens the first.
    pub fn pause(&self, until: i64, mode: PauseMode, now: i64) {
        let running = self.until.load(Relaxed) > now;
        let all = mode == PauseMode::All || (running && self.all.load(Relaxed));
        self.all.store(all, Relaxed);
        let until = if running { until.max(self.until.load(Relaxed)) } else { until };
        self.until.store(until, Release);
    }

    /// Ends the pause.
    pub fn unpause(&self) {
        self.until.store(0, Release);
    }

    /// Lets writes wait for the end of a failover, or go on.
    pub fn set_failing_over(&self, on: bool) {
        self.hold_writes(FAILOVER, on);
    }

    /// Lets writes wait for the end of the program, or go on.
    pub fn set_ending(&self, on: bool) {
        self.hold_writes(END, on);
    }

    fn hold_writes(&self, reason: u8, on: bool) {
        match on {
            true => self.writes_held.fetch_or(reason, AcqRel),
            false => self.writes_held.fetch_and(!reason, AcqRel),
        };
    }

    /// Forgets a pause that is over.
    pub fn end_if_over(&self, now: i64) {
        let until = self.until.load(Relaxed);
        if until != 0 && until <= now {
            // Unless somebody has just begun another one.
            let _ = self.until.compare_exchange(until, 0, Release, Relaxed);
        }
    }

    /// Whether there is a pause, or was one until a moment ago.
    #[inline(always)]
    pub fn is_set(&self) -> bool {
        self.until.load(Relaxed) != 0 || self.writes_held.load(Relaxed) != 0
    }

    /// The number of clients whose next command waits.
    pub fn postponed(&self) -> usize {
        self.postponed.load(Relaxed)
    }

    /// Notes whether a client's next command waits.
    pub(crate) fn postpone(&self, session: &mut Session, waits: bool) {
        match (std::mem::replace(&mut session.postponed, waits), waits) {
            (false, true) => self.postponed.fetch_add(1, Relaxed),
            (true, false) => self.postponed.fetch_sub(1, Relaxed),
            _ => return,
        };
        session.client.set_flag(flags::BLOCKED, waits);
    }

    /// Until when commands of this kind wait, if they do.
    #[inline]
    pub fn holds(&self, writes: bool, now: i64) -> Option<i64> {
        if writes && self.writes_held.load(Acquire) != 0 {
            return Some(i64::MAX);
        }
        let until = self.until.load(Acquire);
        (until > now && (writes || self.all.load(Relaxed))).then_some(until)
    }
}
