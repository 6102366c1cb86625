//! Whether changes are logged: one answer, for all who change something.
//!
//! A change log goes on from a moment: that of a snapshot, or of an empty keyspace. What is changed
//! before it belongs into the snapshot, what is changed after it into the log. So the moment is one
//! at which all stripes are locked, and the [`LogSwitch`] is turned on then and at no other time:
//! while a stripe is locked, it stays off if it was. Whoever asks **with the stripe of what it
//! changes locked** therefore knows on which side of the moment its change is. An answer from
//! before the lock is worth nothing: the moment may have come while the lock was waited for, and
//! the change would be in neither. That is why nobody keeps an answer beside the locks, and why
//! [`crate::Keys::is_logging`] looks each time: it costs a load.
//!
//! Turning it off needs no moment: what is logged then goes to nobody.

use std::sync::atomic::{AtomicU8, Ordering::*};

/// Somebody consumes the log.
const CONSUMED: u8 = 1;
/// What changes is not for the log: data are being loaded that it holds already.
const SUSPENDED: u8 = 2;

/// See the module's head. A keyspace and its change log share one.
#[derive(Debug, Default)]
pub struct LogSwitch(AtomicU8);

impl LogSwitch {
    /// Whether changes are logged.
    #[inline(always)]
    pub fn is_on(&self) -> bool {
        self.0.load(Relaxed) == CONSUMED
    }

    /// Says whether somebody consumes the log. From no to yes with all stripes locked only.
    pub fn set_consumed(&self, on: bool) {
        self.set(CONSUMED, on);
    }

    /// Says that what changes is not for the log, or is again. From the former to the latter before
    /// anybody else may change anything.
    pub fn set_suspended(&self, on: bool) {
        self.set(SUSPENDED, on);
    }

    fn set(&self, bit: u8, on: bool) {
        match on {
            true => self.0.fetch_or(bit, Release),
            false => self.0.fetch_and(!bit, Release),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_on_while_the_log_is_consumed_and_not_suspended() {
        let switch = LogSwitch::default();
        assert!(!switch.is_on());
        switch.set_suspended(true);
        switch.set_consumed(true);
        assert!(!switch.is_on());
        switch.set_suspended(false);
        assert!(switch.is_on());
        switch.set_consumed(false);
        assert!(!switch.is_on());
    }
}
