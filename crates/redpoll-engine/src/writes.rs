//! Why no client may write now, whatever the command: the server is a replica, its disk fails, or
//! too few replicas are near.

use crate::engine::Engine;

/// See the module's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteRefusal {
    /// The server is a replica for reading only.
    ReadOnly,
    /// The last snapshot could not be written.
    SnapshotFailed,
    /// Too few replicas are near (`min-replicas-to-write`).
    FewReplicas,
}

impl WriteRefusal {
    /// What a client is told.
    pub fn text(self) -> &'static str {
        match self {
            WriteRefusal::ReadOnly => "READONLY You can't write against a read only replica.",
            WriteRefusal::SnapshotFailed => {
                "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to \
                 persist to disk. Commands that may modify the data set are disabled, because this \
                 instance is configured to report errors during writes if RDB snapshotting fails \
                 (stop-writes-on-bgsave-error option). Please check the Redis logs for details \
                 about the RDB error."
            }
            WriteRefusal::FewReplicas => "NOREPLICAS Not enough good replicas to write.",
        }
    }

    /// What is told to one who wants to run a script that declares that it may write.
    pub fn text_for_script(self) -> &'static str {
        match self {
            WriteRefusal::ReadOnly => {
                "READONLY Can not run script with write flag on readonly replica"
            }
            WriteRefusal::SnapshotFailed => {
                "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to \
                 persist to disk. Writable scripts are blocked. Use 'no-writes' flag for read only \
                 scripts."
            }
            WriteRefusal::FewReplicas => self.text(),
        }
    }
}

impl Engine {
    /// Why clients (and not the primary's link) may not write now, if they may not.
    pub fn refuses_writes_now(&self) -> Option<WriteRefusal> {
        let (replication, config) = (&self.replication, &self.config);
        if replication.is_replica() {
            return config.replica_read_only().then_some(WriteRefusal::ReadOnly);
        }
        let settings = self.settings();
        if settings.snapshot_failed {
            return Some(WriteRefusal::SnapshotFailed);
        }
        self.lacks_replicas(settings.min_replicas).then_some(WriteRefusal::FewReplicas)
    }

    /// Whether fewer replicas than so many are near.
    pub(crate) fn lacks_replicas(&self, wanted: usize) -> bool {
        let lag = self.config.min_replicas_max_lag();
        wanted > 0
            && lag > 0
            && !self.replication.is_replica()
            && self.replication.near(lag, redpoll_keyspace::clock::now_ms()) < wanted
    }

    /// Whether a client may not even read: the link to the primary is down, and
    /// `replica-serve-stale-data` says so.
    pub fn is_too_stale(&self) -> bool {
        self.replication.is_replica()
            && !self.config.replica_serve_stale_data()
            && !self.replication.can_serve()
    }
}
