//! FAILOVER: a primary hands its part over to a replica, without a write being lost.
//!
//! Writes wait until the replica has the whole stream; then the server follows the replica, and the
//! link's PSYNC asks it to become a primary. What is done to data and links is in
//! [`crate::failover`]; here is only what is planned, and how far it is.

use super::{Primary, Replica, Replication};
use std::sync::Arc;
use std::sync::atomic::Ordering::*;

/// What FAILOVER was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failover {
    /// The replica; whoever is first, if none is named.
    pub target: Option<Primary>,
    /// When the waiting is over, in milliseconds since 1970.
    pub deadline: Option<i64>,
    /// Whether the part is handed over then, even if the replica lacks something.
    pub force: bool,
    /// Whether the replica has been chosen and is being followed.
    pub handing_over: bool,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailoverState {
    /// None is going on.
    None,
    /// Writes wait for a replica to catch up.
    WaitingForSync,
    /// The replica is asked to become the primary.
    InProgress,
}

impl FailoverState {
    /// The name that INFO uses.
    pub fn name(self) -> &'static str {
        match self {
            FailoverState::None => "no-failover",
            FailoverState::WaitingForSync => "waiting-for-sync",
            FailoverState::InProgress => "failover-in-progress",
        }
    }
}

impl Replication {
    /// How far a failover is.
    pub fn failover_state(&self) -> FailoverState {
        match &*self.failover.lock() {
            None => FailoverState::None,
            Some(Failover { handing_over: false, .. }) => FailoverState::WaitingForSync,
            Some(_) => FailoverState::InProgress,
        }
    }

    /// Whether a failover is going on.
    #[inline]
    pub fn is_failing_over(&self) -> bool {
        self.failing_over.load(Acquire)
    }

    /// The failover that is going on.
    pub fn failover(&self) -> Option<Failover> {
        self.failover.lock().clone()
    }

    /// Notes that a failover is going on, or none any more.
    pub(crate) fn set_failover(&self, failover: Option<Failover>) {
        let mut state = self.failover.lock();
        self.failing_over.store(failover.is_some(), Release);
        *state = failover;
    }

    /// The replica that is known by this address.
    pub fn replica_at(&self, address: &Primary) -> Option<Arc<Replica>> {
        let is_it = |replica: &&Arc<Replica>| replica.place() == *address;
        self.state.lock().replicas.iter().find(is_it).cloned()
    }

    /// Where the failover can lead to now: a replica that lacks nothing.
    pub(crate) fn caught_up(&self, failover: &Failover) -> Option<Primary> {
        let offset = self.offset();
        let fits = |replica: &&Arc<Replica>| {
            replica.is_online()
                && replica.acknowledged() == offset
                && failover.target.as_ref().is_none_or(|target| replica.place() == *target)
        };
        self.state.lock().replicas.iter().find(fits).map(|replica| replica.place())
    }
}
