//! What a view notes for the change log, and when it goes there: see [`crate::LogSwitch`].

use super::*;
use crate::effect::Logged;

impl Keys<'_> {
    /// Whether what is changed under the locks at hand is to be logged. As long as they are held
    /// the answer does not turn from no to yes; it is not to be kept any longer.
    #[inline(always)]
    pub fn is_logging(&self) -> bool {
        debug_assert!(self.holds_any(), "asked before the lock: the answer may change");
        self.keyspace.is_logging()
    }

    /// Whether any stripe is locked.
    pub fn holds_any(&self) -> bool {
        !self.guards.are_none()
    }

    /// Puts a command into the change log, if changes are logged: what stands for a change, or for
    /// a removal that nobody has asked for.
    pub fn log<'w>(&mut self, db: usize, words: impl IntoIterator<Item = &'w [u8]>) {
        if self.is_logging() {
            let words = words.into_iter().collect();
            self.effects.rare().logged.push(Logged::new(db, words));
        }
    }

    /// Lets the change log have what was noted for it, before the locks are given back. Where the
    /// keyspace has no log, it stays among the effects, which go elsewhere.
    #[inline]
    pub(super) fn hand_over_log(&mut self) {
        if !self.effects.nothing_logged() {
            self.hand_over_some();
        }
    }

    #[cold]
    fn hand_over_some(&mut self) {
        if let Some(log) = self.keyspace.log() {
            log(&std::mem::take(&mut self.effects.rare().logged));
        }
    }
}

/// Who leaves early, by a panic or because its client has gone, may have removed before what has
/// expired: the log gets that all the same.
impl Drop for Keys<'_> {
    #[inline]
    fn drop(&mut self) {
        self.hand_over_log();
    }
}
