//! How the engine's parts work together in replication: snapshots, roles, acknowledgements.

use crate::block::TimeoutReply;
use crate::change_log::Sink;
use crate::engine::Engine;
use crate::replication::{Primary, Replica};
use redpoll_keyspace::Keys;
use redpoll_types::rng::{Rng, SmallRng};
use std::sync::Arc;

impl Engine {
    /// Says that a snapshot of this very moment is taken for these replicas; all stripes must be
    /// locked. Answers the stream's id and the offset after which it goes on.
    ///
    /// # Panics
    /// If not all stripes are locked.
    pub fn begin_sync(&self, keys: &mut Keys<'_>, replicas: &[Arc<Replica>]) -> (String, u64) {
        assert!(keys.holds_all(), "a snapshot and its stream begin at one moment");
        self.log_for_replicas();
        self.change_log.select_again();
        self.replication.begin_sync(replicas)
    }

    /// Feeds the change log to the replication stream from now on.
    fn log_for_replicas(&self) {
        if self.replication.attach_once() {
            self.change_log.attach(Arc::clone(&self.replication) as Arc<dyn Sink>);
        }
    }

    /// Follows another primary from now on, or none.
    pub fn follow(&self, primary: Option<Primary>, rng: &mut SmallRng, now: i64) {
        // Promoted, it goes on with the stream of its primary.
        self.log_for_replicas();
        self.replication.follow(primary, random_id(rng), now);
        self.settle_expiry();
    }

    /// Leaves expired keys to the primary, or removes them, as role and configuration say.
    pub(crate) fn settle_expiry(&self) {
        // Two that settle it at the same time must not end with what the slower one has seen.
        let _order = self.expiry_order.lock();
        let passive = self.replication.is_replica() && self.config.replica_read_only();
        self.keyspace.set_passive(passive);
    }

    /// Answers the clients that wait for acknowledgements (WAIT) and have enough now.
    pub fn serve_acknowledged(&self) {
        for waiter in self.waiters.waiting_for_replicas() {
            match waiter.request.on_timeout {
                TimeoutReply::Acknowledged { offset, wanted } => {
                    let count = self.replication.acknowledged_by(offset);
                    if count >= wanted {
                        self.answer(&waiter, |reply| reply.count(count));
                    }
                }
                TimeoutReply::Persisted { offset, wanted } => {
                    let count = self.replication.persisted_by(offset);
                    if count >= wanted {
                        self.answer(&waiter, |reply| {
                            reply.array(2);
                            reply.int(0);
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
