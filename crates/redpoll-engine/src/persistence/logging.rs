//! How the engine's parts work together for the append-only file.

use crate::engine::Engine;

impl Engine {
    /// Whether changes are to be logged: somebody wants the log, and what changes is not what the
    /// log, or a primary's snapshot, holds already. For those who are done, or change no data; a
    /// command asks [`redpoll_keyspace::Keys::is_logging`], with its locks.
    #[inline(always)]
    pub fn is_logging(&self) -> bool {
        self.keyspace.is_logging()
    }

    /// The end of the change log, if replies have to wait until it is written or on disk that far.
    ///
    /// It is the log's end and not the client's own last write: what a client reads may be
    /// somebody else's write, and must not be lost either once it was shown.
    #[inline]
    pub fn log_to_wait_for(&self) -> Option<u64> {
        let aof = &self.persistence.aof;
        if !aof.holds() {
            return None;
        }
        let end = self.change_log.offset();
        (end > aof.released()).then_some(end)
    }

    /// 1 if the server's own append-only file has the log on disk up to `position`, else 0.
    pub fn persisted_here(&self, position: u64) -> usize {
        let aof = &self.persistence.aof;
        usize::from(aof.is_complete() && aof.durable() >= position)
    }

    /// Why the append-only file cannot be written, if that is so.
    pub(crate) fn log_failure(&self) -> Option<String> {
        let aof = &self.persistence.aof;
        if aof.is_enabled() { aof.update(|status| status.error.clone()) } else { None }
    }

    /// Answers those who wait for the append-only file, if anybody does.
    pub fn log_is_durable(&self) {
        if !self.waiters.is_empty() {
            self.serve_acknowledged();
        }
    }
}
