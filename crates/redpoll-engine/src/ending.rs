//! The end of the program, which SHUTDOWN or a signal asks for: replicas catch up first.
//!
//! For `shutdown-timeout` seconds writes wait until all replicas have acknowledged the whole
//! stream; one of them may be the next primary.

use crate::client::flags;
use crate::engine::{Engine, ShutdownOptions};
use redpoll_keyspace::lock::unless_busy;
use std::sync::atomic::Ordering::*;

/// Whether the program may end, as far as its replicas are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parting {
    /// They are waited for from now on.
    Begun,
    /// They are waited for.
    Waiting,
    /// It may end: they have everything, or the time is over.
    Over,
}

impl Engine {
    /// Whether SHUTDOWN or a signal asks for the end.
    pub fn is_ending(&self) -> bool {
        self.signalled.load(Relaxed) != 0 || self.shutdown.read().is_some()
    }

    /// Until when replicas are waited for, in milliseconds since 1970, if they are.
    pub fn waits_for_replicas_until(&self) -> Option<i64> {
        Some(self.parting_until.load(Acquire)).filter(|&until| until != 0)
    }

    /// Goes on with the end; to be called often. No stripe may be locked by the caller.
    pub fn part_from_replicas(&self, options: ShutdownOptions, now: i64) -> Parting {
        let timeout = self.config.shutdown_timeout() * 1000;
        if options.now || timeout == 0 || self.replication.replica_count() == 0 {
            return Parting::Over;
        }
        let until = self.waits_for_replicas_until();
        if until.is_none() {
            self.parting_until.store(now + timeout, Release);
            self.pause.set_ending(true);
            self.expire_or_not(now);
            // Commands that began before may still write: once this is passed, none does. A script
            // that is busy may go on for ever.
            let _ = unless_busy(|| self.keyspace.keys(0, now).lock_all());
        }
        if self.replication.is_caught_up() || until.is_some_and(|until| until <= now) {
            return Parting::Over;
        }
        if until.is_some() {
            return Parting::Waiting;
        }
        self.replication.say(&[b"REPLCONF", b"GETACK", b"*"]);
        Parting::Begun
    }

    /// Gives the end up that SHUTDOWN or a signal has asked for. False if none has.
    pub fn give_up_end(&self, now: i64) -> bool {
        let signalled = self.signalled.swap(0, Relaxed) != 0;
        let wished = self.shutdown.write().take().is_some();
        self.parting_until.store(0, Release);
        self.pause.set_ending(false);
        self.expire_or_not(now);
        for client in self.shutdown_clients.lock().drain(..) {
            client.set_flag(flags::BLOCKED, false);
            client.send(b"-ERR Errors trying to SHUTDOWN. Check logs.\r\n");
        }
        signalled || wished
    }
}
