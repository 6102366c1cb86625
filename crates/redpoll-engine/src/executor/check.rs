//! What is checked before a command runs, in the order and the words of Redis.

use super::Executor;
use super::prepare::Prepared;
use crate::error::Error;
use crate::session::{Queued, Session};
use crate::spec::{Command, Flags, Spec};
use redpoll_resp::Args;

/// What becomes of a command.
pub(super) enum Verdict {
    /// It runs.
    Run(&'static Command, usize),
    /// It waits for EXEC.
    Queue(&'static Command, usize),
    /// It is refused.
    Refuse(Error),
}

impl Executor {
    /// Until when the command has to wait because of CLIENT PAUSE, if it has.
    #[inline]
    pub(super) fn paused(&self, session: &Session, prepared: &Prepared, now: i64) -> Option<i64> {
        let spec = &prepared.command?.0.spec;
        // Only what cannot touch data stays usable, so that an operator can look and unpause.
        let exempt = spec.flags.has(Flags::ALLOW_BUSY) || matches!(spec.name, "unpause" | "pause");
        if exempt {
            return None;
        }
        let writes =
            may_write(spec.flags) || (spec.name == "exec" && queue_has(session, may_write));
        self.engine.pause.holds(writes, now)
    }

    pub(super) fn check(
        &mut self,
        session: &mut Session,
        prepared: &Prepared,
        args: Args<'_>,
    ) -> Verdict {
        let Some((command, id)) = prepared.command else {
            return Verdict::Refuse(unknown_command(args));
        };
        let spec = &command.spec;
        // COMMAND is a container and a command by itself.
        if !(spec.subcommands.is_empty() || (args.len() == 1 && spec.accepts(1))) {
            return Verdict::Refuse(self.bad_container(id, args));
        }
        if !spec.accepts(args.len()) {
            return Verdict::Refuse(Error::arity(&self.engine.commands.row(id).full_name));
        }
        if !session.authenticated && !spec.flags.has(Flags::NO_AUTH) {
            return Verdict::Refuse(Error::text("NOAUTH Authentication required."));
        }
        if session.transaction.is_some() && spec.flags.has(Flags::NO_MULTI) {
            let text = "ERR Command not allowed inside a transaction";
            return Verdict::Refuse(Error::text(text));
        }
        let needs_memory = spec.flags.has(Flags::DENYOOM)
            || (spec.name == "exec" && queue_has(session, |flags| flags.has(Flags::DENYOOM)));
        if needs_memory && self.is_out_of_memory() {
            return Verdict::Refuse(Error::OutOfMemory);
        }
        if self.settings.snapshot_failed && may_change(session, spec) {
            return Verdict::Refuse(Error::text(MISCONF));
        }
        if session.only_pubsub() && !allowed_for_subscribers(spec.name) {
            return Verdict::Refuse(Error::text(format!(
                "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / \
                 RESET \
                 are allowed in this context",
                self.engine.commands.row(id).full_name
            )));
        }
        match session.transaction.is_some() && !runs_in_multi(spec.name) {
            true => Verdict::Queue(command, id),
            false => Verdict::Run(command, id),
        }
    }

    /// Why a call of a container is refused: no subcommand, or one that there is not.
    fn bad_container(&self, id: usize, args: Args<'_>) -> Error {
        let name = &self.engine.commands.row(id).full_name;
        match args.get(1) {
            None => Error::arity(name),
            Some(sub) => Error::text(format!(
                "ERR unknown subcommand '{}'. Try {} HELP.",
                String::from_utf8_lossy(&sub[..sub.len().min(128)]),
                name.to_uppercase()
            )),
        }
    }

    fn is_out_of_memory(&self) -> bool {
        let limit = self.settings.maxmemory;
        if limit == 0 {
            return false;
        }
        self.engine.measure_memory() as u64 > limit
    }

    /// Keeps a command for EXEC.
    pub(super) fn queue(
        &mut self,
        session: &mut Session,
        (command, id): (&'static Command, usize),
        args: Args<'_>,
    ) {
        if let Some(transaction) = &mut session.transaction {
            let args = args.to_owned();
            transaction.bytes += args.memory_bytes();
            transaction.queue.push(Queued { command, id, args });
        }
    }
}

/// Whether a queued command has such flags.
fn queue_has(session: &Session, wanted: fn(Flags) -> bool) -> bool {
    let queue = session.transaction.iter().flat_map(|transaction| &transaction.queue);
    queue.map(|queued| queued.command.spec.flags).any(wanted)
}

/// Why writes are refused after a snapshot has failed.
const MISCONF: &str = "MISCONF Redis is configured to save RDB snapshots, but it's currently \
    unable to persist to disk. Commands that may modify the data set are disabled, because this \
    instance is configured to report errors during writes if RDB snapshotting fails \
    (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB \
    error.";

/// Whether a command, or one of those that EXEC would run, changes data.
fn may_change(session: &Session, spec: &Spec) -> bool {
    let writes = |flags: Flags| flags.has(Flags::WRITE);
    writes(spec.flags) || (spec.name == "exec" && queue_has(session, writes))
}

/// Whether a command may change data or what others receive.
fn may_write(flags: Flags) -> bool {
    flags.has(Flags::WRITE) || flags.has(Flags::MAY_REPLICATE)
}

/// The commands that act at once although a transaction is open.
fn runs_in_multi(name: &str) -> bool {
    matches!(name, "exec" | "discard" | "multi" | "watch" | "quit" | "reset")
}

fn allowed_for_subscribers(name: &str) -> bool {
    matches!(
        name,
        "subscribe"
            | "unsubscribe"
            | "psubscribe"
            | "punsubscribe"
            | "ssubscribe"
            | "sunsubscribe"
            | "ping"
            | "quit"
            | "reset"
    )
}

/// Names the command and the beginning of its arguments, each bounded.
fn unknown_command(args: Args<'_>) -> Error {
    let shown = |word: &[u8], max: usize| {
        String::from_utf8_lossy(&word[..word.len().min(max)]).into_owned()
    };
    let name = args.get(0).unwrap_or_default();
    let mut list = String::new();
    for arg in args.iter_from(1) {
        if list.len() >= 128 {
            break;
        }
        let arg = shown(arg, 128 - list.len());
        list.push_str(&format!("'{arg}' "));
    }
    Error::text(format!(
        "ERR unknown command '{}', with args beginning with: {list}",
        shown(name, 128)
    ))
}
