//! A connection that rests: it has written documents faster than their index is merged, so its
//! further commands wait for some milliseconds. Those of others on the same worker do not.

use super::{Connection, Next};
use crate::hands::Scratch;
use redpoll_engine::{Engine, Executor};
use redpoll_keyspace::clock;

impl Connection {
    /// Whether its further commands wait.
    #[inline]
    pub(super) fn waits(&self) -> bool {
        self.session.waits() || self.rests_until.is_some()
    }

    /// Begins a rest, if what has just been executed asks for one.
    #[inline]
    pub(super) fn rest_if_ahead(&mut self, engine: &Engine) {
        if let Some(strain) = engine.search.strain() {
            let millis = i64::try_from(strain.as_millis()).unwrap_or(i64::MAX).max(1);
            self.rests_until = Some(clock::now_ms().saturating_add(millis));
        }
    }

    /// When its rest ends, in milliseconds since 1970, if it rests.
    pub fn rests_until(&self) -> Option<i64> {
        self.rests_until
    }

    /// Goes on after a rest.
    pub fn rested(&mut self, executor: &mut Executor, scratch: &mut Scratch, now: i64) -> Next {
        self.rests_until = None;
        self.turn(executor, scratch, now)
    }
}
