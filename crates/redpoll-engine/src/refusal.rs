//! When the server runs no writes, or hardly anything: as a replica, without enough replicas of its
//! own, or after it could not save. And what a script counts as, which says so by its flags.

use crate::engine::Engine;
use crate::session::Session;
use crate::spec::{Flags, Group, Locks, Spec};
use redpoll_keyspace::clock;
use redpoll_resp::Args;
use redpoll_script::{ScriptFlags, script_flags};
use std::borrow::Cow;
use std::sync::atomic::Ordering::Relaxed;

/// Why no write is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteRefusal {
    /// The last snapshot could not be written.
    SnapshotFailed,
    /// The append-only file cannot be written, for this reason.
    LogFailed(String),
    /// Too few replicas are near.
    NoReplicas,
    /// The server is a replica that only its primary writes to.
    ReadOnly,
}

impl WriteRefusal {
    /// What a client is told that sends a write.
    pub fn text(&self) -> Cow<'static, str> {
        match self {
            WriteRefusal::SnapshotFailed => {
                "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to \
                 persist to disk. Commands that may modify the data set are disabled, because this \
                 instance is configured to report errors during writes if RDB snapshotting fails \
                 (stop-writes-on-bgsave-error option). Please check the Redis logs for details \
                 about the RDB error."
                    .into()
            }
            WriteRefusal::LogFailed(why) => {
                format!("MISCONF Errors writing to the AOF file: {why}").into()
            }
            WriteRefusal::NoReplicas => "NOREPLICAS Not enough good replicas to write.".into(),
            WriteRefusal::ReadOnly => {
                "READONLY You can't write against a read only replica.".into()
            }
        }
    }

    /// What a script is told that has declared by its flags that it may write.
    pub fn text_for_scripts(&self) -> Cow<'static, str> {
        match self {
            WriteRefusal::SnapshotFailed => {
                "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to \
                 persist to disk. Writable scripts are blocked. Use 'no-writes' flag for read only \
                 scripts."
                    .into()
            }
            WriteRefusal::LogFailed(why) => format!(
                "MISCONF Redis is configured to persist data to AOF, but it's currently unable to \
                 persist to disk. Writable scripts are blocked. Use 'no-writes' flag for read only \
                 scripts. AOF error: {why}"
            )
            .into(),
            WriteRefusal::NoReplicas => self.text(),
            WriteRefusal::ReadOnly => {
                "READONLY Can not run script with write flag on readonly replica".into()
            }
        }
    }
}

/// What a client is told whose command needs data, by a replica that is not to serve old ones.
pub const MASTERDOWN: &str =
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";

/// What a client is told that is sent to the primary; its address follows.
pub const REDIRECT: &str = "REDIRECT ";

impl Engine {
    /// Whether this is a replica out of touch with its primary that is not to serve old data.
    pub fn is_stale(&self) -> bool {
        self.replication.is_replica()
            && !self.config.replica_serve_stale_data()
            && !self.replication.can_serve()
    }

    /// Why a client's writes are not run, if they are not.
    #[inline]
    pub fn write_refusal(&self, session: &Session) -> Option<WriteRefusal> {
        let may_refuse = self.may_refuse_writes.load(Relaxed) || self.replication.is_replica();
        if may_refuse && !session.is_primary { self.find_write_refusal() } else { None }
    }

    #[cold]
    fn find_write_refusal(&self) -> Option<WriteRefusal> {
        if self.replication.is_replica() {
            return self.config.replica_read_only().then_some(WriteRefusal::ReadOnly);
        }
        let settings = self.settings();
        if settings.snapshot_failed {
            let why = self.log_failure();
            return Some(why.map_or(WriteRefusal::SnapshotFailed, WriteRefusal::LogFailed));
        }
        let (wanted, lag) = (settings.min_replicas, self.config.min_replicas_max_lag());
        let lacks = wanted > 0 && lag > 0 && self.replication.near(lag, clock::now_ms()) < wanted;
        lacks.then_some(WriteRefusal::NoReplicas)
    }

    /// The flags of a call: those of its command, and for a script that has declared its own,
    /// what they make of it.
    pub(crate) fn flags_of(&self, spec: &Spec, args: Args<'_>) -> Flags {
        let runs_script = spec.group == Group::Scripting && spec.locks == Locks::Own;
        match args.get(1).filter(|_| runs_script) {
            Some(word) => self.declared_flags(spec, word).unwrap_or(spec.flags),
            None => spec.flags,
        }
    }

    #[cold]
    fn declared_flags(&self, spec: &Spec, word: &[u8]) -> Option<Flags> {
        let declared = match spec.name {
            "eval" | "eval_ro" => script_flags(word)?,
            "evalsha" | "evalsha_ro" => self.scripts.script(word)?.flags,
            "fcall" | "fcall_ro" => self.scripts.function(word)?.0.flags,
            _ => return None,
        };
        if declared.has(ScriptFlags::COMPATIBLE) {
            return None;
        }
        let mut flags = spec.flags.without(Flags::STALE).without(Flags::MAY_REPLICATE);
        let writes = !declared.has(ScriptFlags::NO_WRITES);
        if writes {
            flags = flags.with(Flags::WRITE);
        }
        if writes && !declared.has(ScriptFlags::ALLOW_OOM) {
            flags = flags.with(Flags::DENYOOM);
        }
        if declared.has(ScriptFlags::ALLOW_STALE) {
            flags = flags.with(Flags::STALE);
        }
        Some(flags)
    }
}
