//! What a failover does to data and links; see [`crate::replication::Failover`].

use crate::engine::Engine;
use crate::replication::{Failover, FailoverState, Primary};
use redpoll_keyspace::Keys;
use redpoll_types::rng::SmallRng;

/// What has become of a failover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It goes on.
    Waiting,
    /// The replica lacks nothing and is being asked to become the primary.
    Synced(Primary),
    /// The same, although it may lack something: the time is over.
    Forced(Primary),
    /// The time is over, and the failover.
    TimedOut,
}

impl Engine {
    /// Begins a failover: writes wait from now on.
    pub fn begin_failover(&self, failover: Failover, now: i64) {
        self.replication.set_failover(Some(failover));
        self.pause.set_failing_over(true);
        self.expire_or_not(now);
    }

    /// Hands over if a replica has caught up or the time is over; to be called often. No stripe may
    /// be locked by the caller.
    pub fn go_on_with_failover(&self, rng: &mut SmallRng, now: i64) -> Step {
        let failover = self.replication.failover().filter(|failover| !failover.handing_over);
        let Some(failover) = failover else { return Step::Waiting };
        let late = failover.deadline.is_some_and(|deadline| deadline <= now);
        if !late && self.replication.caught_up(&failover).is_none() {
            return Step::Waiting;
        }
        // Commands that began before the pause may still write: none is under way now.
        let mut keys = self.keyspace.keys(0, now);
        keys.lock_all();
        if self.replication.failover().as_ref() != Some(&failover) {
            return Step::Waiting;
        }
        if late && !failover.force {
            self.abort_failover(&mut keys, rng);
            return Step::TimedOut;
        }
        let target = match late {
            true => failover.target.clone(),
            false => self.replication.caught_up(&failover),
        };
        let Some(target) = target else { return Step::Waiting };
        self.replication.set_failover(Some(Failover {
            target: Some(target.clone()),
            handing_over: true,
            ..failover
        }));
        self.follow(&keys, Some(target.clone()), rng);
        if late { Step::Forced(target) } else { Step::Synced(target) }
    }

    /// Ends a failover whose target has become the primary.
    pub fn end_failover(&self, now: i64) {
        self.replication.set_failover(None);
        self.pause.set_failing_over(false);
        self.expire_or_not(now);
    }

    /// Gives a failover up: the server stays the primary, or becomes it again.
    pub fn abort_failover(&self, keys: &mut Keys<'_>, rng: &mut SmallRng) {
        keys.lock_all();
        if self.replication.failover_state() == FailoverState::InProgress {
            self.follow(keys, None, rng);
        }
        self.end_failover(keys.now());
    }
}
