//! How the engine's parts work together in replication: snapshots, roles, acknowledgements.

use crate::block::TimeoutReply;
use crate::change_log::Sink;
use crate::engine::Engine;
use crate::replication::{Position, Primary, Replica};
use crate::session::Session;
use redpoll_keyspace::Keys;
use redpoll_types::rng::{Rng, SmallRng};
use std::sync::Arc;

/// What a client is told that waits for an append-only file which there is no longer.
const NO_LOG: &[u8] =
    b"ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";

impl Engine {
    /// Says that a snapshot of this very moment is taken for these replicas; all stripes must be
    /// locked. Answers where the stream goes on.
    ///
    /// # Panics
    /// If not all stripes are locked.
    pub fn begin_sync(&self, keys: &mut Keys<'_>, replicas: &[Arc<Replica>]) -> Position {
        assert!(keys.holds_all(), "a snapshot and its stream begin at one moment");
        self.log_for_replicas(keys);
        self.change_log.select_again();
        self.replication.begin_sync(replicas)
    }

    /// Feeds the change log to the replication stream from now on.
    fn log_for_replicas(&self, keys: &Keys<'_>) {
        if self.replication.attach_once() {
            self.change_log.attach(keys, Arc::clone(&self.replication) as Arc<dyn Sink>);
        }
    }

    /// Follows another primary from now on, or none; all stripes must be locked.
    ///
    /// # Panics
    /// If not all stripes are locked: a write that is under way would be in no stream.
    pub fn follow(&self, keys: &Keys<'_>, primary: Option<Primary>, rng: &mut SmallRng) {
        assert!(keys.holds_all(), "roles change between commands");
        // For CONFIG REWRITE and CONFIG GET. A host with blanks is none, and cannot be written.
        let text = primary.as_ref().map(|it| format!("{} {}", it.host, it.port));
        let noted = text.map(|text| self.config.force("replicaof", text.as_bytes()));
        if !matches!(noted, Some(Ok(()))) {
            let _ = self.config.force("replicaof", b"no one");
        }
        let follows = primary.is_some();
        // Promoted, it goes on with the stream of its primary.
        self.log_for_replicas(keys);
        self.change_log.select_again();
        self.replication.follow(primary, random_id(rng), keys.now());
        self.own_expiry.clear();
        self.expire_or_not(keys.now());
        if follows {
            self.waiters.end_for_new_role();
        }
    }

    /// Takes over what a snapshot file tells of the stream that it was saved in. Without, a server
    /// that comes back has nothing in common with anybody. No stripe is locked when it returns.
    pub fn resume_stream(&self, keys: &mut Keys<'_>, at: &Position, as_replica: bool) {
        keys.lock_all();
        self.log_for_replicas(keys);
        self.replication.resume(at, as_replica);
        keys.unlock();
    }

    /// Takes note of whether expired keys are removed: not by a replica, and not while writes are
    /// paused.
    pub fn expire_or_not(&self, now: i64) {
        let follows = self.replication.is_replica();
        self.keyspace.set_passive(follows || self.pause.holds(true, now).is_some());
    }

    /// Passes on what a link to our primary has done, unless it is in the middle of a transaction.
    #[inline]
    pub(crate) fn pass_on(&self, session: &mut Session) {
        if session.link.is_some() && session.transaction.is_none() {
            self.pass_on_unit(session);
        }
    }

    #[cold]
    fn pass_on_unit(&self, session: &mut Session) {
        let db = session.db;
        if let Some(link) = &mut session.link {
            self.replication.pass_on(link.epoch, &link.unit, db);
            link.unit.clear();
        }
    }

    /// Answers the clients that wait for acknowledgements or the log (WAIT, WAITAOF) and have
    /// enough now.
    pub fn serve_acknowledged(&self) {
        for waiter in self.waiters.waiting_for_replicas() {
            match waiter.request.on_timeout {
                TimeoutReply::Acknowledged { offset, wanted } => {
                    let count = self.replication.acknowledged_by(offset);
                    if count >= wanted {
                        self.answer(&waiter, |reply| reply.count(count));
                    }
                }
                TimeoutReply::Persisted { local: true, .. }
                    if !self.persistence.aof.is_enabled() =>
                {
                    self.answer(&waiter, |reply| reply.error(NO_LOG));
                }
                TimeoutReply::Persisted { position, local, offset, wanted } => {
                    let count = self.replication.persisted_by(offset);
                    let here = self.persisted_here(position);
                    if count >= wanted && here >= usize::from(local) {
                        self.answer(&waiter, |reply| {
                            reply.array(2);
                            reply.count(here);
                            reply.count(count);
                        });
                    }
                }
                TimeoutReply::NullArray => {}
            }
        }
    }
}

/// Forty hexadecimal digits.
pub fn random_id(rng: &mut SmallRng) -> String {
    let digits = |_| char::from_digit(rng.below(16) as u32, 16).unwrap_or('0');
    (0..40).map(digits).collect()
}
