//! What is checked before a command runs, in the order and the words of Redis.

use super::Executor;
use super::prepare::Prepared;
use crate::acl::Context;
use crate::acl::check::Call;
use crate::client::flags;
use crate::ctx::Ctx;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::refusal::{MASTERDOWN, REDIRECT, WriteRefusal};
use crate::replication::{FailoverState, Primary};
use crate::script::busy_error;
use crate::session::{Queued, Session};
use crate::spec::{Command, Flags, Spec};
use redpoll_resp::Args;
use std::borrow::Cow;

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
    pub(super) fn paused(
        &self,
        session: &mut Session,
        prepared: &Prepared,
        args: Args<'_>,
        now: i64,
    ) -> Option<i64> {
        match self.engine.pause.is_set() | session.postponed {
            true => self.postponed(session, prepared, args, now),
            false => None,
        }
    }

    #[cold]
    fn postponed(
        &self,
        session: &mut Session,
        prepared: &Prepared,
        args: Args<'_>,
        now: i64,
    ) -> Option<i64> {
        let until = prepared.command.and_then(|(command, _)| {
            let spec = &command.spec;
            // Only what cannot touch data stays usable, so that an operator can look and unpause.
            let exempt = spec.flags.has(Flags::ALLOW_BUSY) || spec.name == "unpause";
            if exempt || session.is_primary || !spec.accepts(args.len()) {
                return None;
            }
            let writes = any_has(session, spec, self.engine.flags_of(spec, args), may_write);
            self.engine.pause.holds(writes, now)
        });
        self.engine.pause.postpone(session, until.is_some());
        until
    }

    pub(super) fn check(
        &mut self,
        session: &mut Session,
        prepared: &Prepared,
        args: Args<'_>,
        now: i64,
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
        if !(session.authenticated & session.unrestricted)
            && !session.is_primary
            && let Err(error) = self.check_user(session, (command, id), args, now)
        {
            return Verdict::Refuse(error);
        }
        if session.transaction.is_some() && spec.flags.has(Flags::NO_MULTI) {
            let text = "ERR Command not allowed inside a transaction";
            return Verdict::Refuse(Error::text(text));
        }
        if self.engine.replication.is_replica()
            && session.client.has_flag(flags::CAPA_REDIRECT)
            && let Some(elsewhere) = self.redirect(session, spec, args)
        {
            return Verdict::Refuse(elsewhere);
        }
        let has = |wanted| any_has(session, spec, spec.flags, wanted);
        if waits_for_data(&self.engine, session, has) {
            return Verdict::Refuse(Error::text(Late::Loading.text()));
        }
        if self.settings.maxmemory > 0
            && !session.is_primary
            && !self.make_room(session, now)
            && self.needs_memory(session, spec, args)
        {
            return Verdict::Refuse(Error::OutOfMemory);
        }
        if (self.settings.may_refuse_writes() || self.engine.replication.is_replica())
            && !session.is_primary
            && let Some(text) = self.refuse_change(session, spec, args)
        {
            return Verdict::Refuse(Error::text(text));
        }
        if session.only_pubsub() && !allowed_for_subscribers(self.own_name(id)) {
            return Verdict::Refuse(Error::text(format!(
                "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / \
                 RESET \
                 are allowed in this context",
                self.engine.commands.row(id).full_name
            )));
        }
        if let Some(kind) = self.engine.scripts.busy()
            && !spec.flags.has(Flags::ALLOW_BUSY)
            && session.link.is_none()
        {
            return Verdict::Refuse(busy_error(kind));
        }
        match session.transaction.is_some() && !runs_in_multi(self.own_name(id)) {
            true => Verdict::Queue(command, id),
            false => Verdict::Run(command, id),
        }
    }

    /// A command's name, and nothing for a subcommand: SLOWLOG RESET is not RESET.
    fn own_name(&self, id: usize) -> &'static str {
        let row = self.engine.commands.row(id);
        if row.parent.is_some() { "" } else { row.command.spec.name }
    }

    /// Whether the client has logged in, and its user may make this call.
    #[cold]
    fn check_user(
        &self,
        session: &mut Session,
        (command, id): (&'static Command, usize),
        args: Args<'_>,
        now: i64,
    ) -> Result<()> {
        let engine = &self.engine;
        // So that ACL LOG shows the client with this command.
        session.last_command = Some(id);
        if engine.needs_login(session, command.spec.flags) {
            return Err(Error::text("NOAUTH Authentication required."));
        }
        if session.transaction.is_some() && command.spec.flags.has(Flags::NO_MULTI) {
            // Refused for this reason first.
            return Ok(());
        }
        let context = match session.transaction {
            Some(_) => Context::Multi,
            None => Context::Toplevel,
        };
        let call = Call { command, id, args, db: session.db_of_next() };
        let denied = engine.authorize(session, call, context, now);
        denied.map_err(|denied| engine.denial(session, denied, id))
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

    /// Where a client is sent that understands it (CLIENT CAPA redirect): what writes is its
    /// primary's to do, and so is what reads, unless a replica's answer is wanted (READONLY). Not
    /// while the primary that we follow is still to become one.
    #[cold]
    fn redirect(&self, session: &Session, spec: &Spec, args: Args<'_>) -> Option<Error> {
        let (flags, replication) = (self.engine.flags_of(spec, args), &self.engine.replication);
        let reads_here = session.client.has_flag(flags::READS_HERE);
        let is_concerned = any_has(session, spec, flags, |flags| flags.has(Flags::WRITE))
            || !reads_here && any_has(session, spec, flags, |flags| flags.has(Flags::READONLY));
        if session.is_primary
            || !is_concerned
            || replication.failover_state() == FailoverState::InProgress
        {
            return None;
        }
        let Primary { host, port } = replication.link()?.primary;
        Some(Error::text(format!("{REDIRECT}{host}:{port}")))
    }

    /// Why a command is not run that writes, or needs data that are not old.
    #[cold]
    fn refuse_change(
        &self,
        session: &Session,
        spec: &Spec,
        args: Args<'_>,
    ) -> Option<Cow<'static, str>> {
        let flags = self.engine.flags_of(spec, args);
        let writes = |flags: Flags| flags.has(Flags::WRITE);
        if any_has(session, spec, flags, writes)
            && let Some(refusal) = self.engine.write_refusal(session)
        {
            return Some(refusal.text());
        }
        let needs_data = |flags: Flags| !flags.has(Flags::STALE);
        let stale = any_has(session, spec, flags, needs_data) && self.engine.is_stale();
        stale.then_some(MASTERDOWN.into())
    }

    /// Whether a command is refused where memory is short: it may need more by itself, or it would
    /// be kept for EXEC.
    #[cold]
    fn needs_memory(&self, session: &Session, spec: &Spec, args: Args<'_>) -> bool {
        let needs = |flags: Flags| flags.has(Flags::DENYOOM);
        match spec.name {
            "exec" => queue_has(session, needs),
            "discard" | "quit" | "reset" => false,
            _ => needs(self.engine.flags_of(spec, args)) || session.transaction.is_some(),
        }
    }

    /// What has changed since the command was checked, now that it has its locks, so that it must
    /// not run: the role, and it would change data that are not its to change; or the data are
    /// being replaced, and it would see a part of them. Roles change with all stripes locked, and
    /// data make way for others likewise.
    #[inline]
    pub(super) fn comes_too_late(engine: &Engine, session: &Session, spec: &Spec) -> Option<Late> {
        Late::is(engine, session, |wanted| any_has(session, spec, spec.flags, wanted))
    }

    /// Keeps a command for EXEC.
    pub(super) fn queue(
        &mut self,
        session: &mut Session,
        (command, id): (&'static Command, usize),
        args: Args<'_>,
    ) {
        if let Some(transaction) = &mut session.transaction {
            let flags = self.engine.flags_of(&command.spec, args);
            let args = args.to_owned();
            transaction.bytes += args.memory_bytes();
            transaction.queue.push(Queued { command, id, flags, args });
        }
    }
}

/// Why a command that was in order is so no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Late {
    /// The server is a replica.
    Role,
    /// Its data are being loaded.
    Loading,
}

impl Ctx<'_> {
    /// Whether a command that takes locks by itself may still change something, now that it has
    /// them.
    pub fn may_still_write(&self) -> Result {
        self.is_in_time(|wanted| wanted(Flags::WRITE))
    }

    /// Whether what is about to be done is in time; `has` tells whether any of it has such flags.
    pub(crate) fn is_in_time(&self, has: impl Fn(fn(Flags) -> bool) -> bool) -> Result {
        match Late::is(self.engine, self.session, has) {
            Some(late) => Err(Error::text(late.text())),
            None => Ok(()),
        }
    }
}

impl Late {
    /// See [`Executor::comes_too_late`]; `has` tells whether what is to run has such flags.
    #[inline]
    fn is(
        engine: &Engine,
        session: &Session,
        has: impl Fn(fn(Flags) -> bool) -> bool,
    ) -> Option<Self> {
        let replication = &engine.replication;
        if let Some(link) = &session.link {
            return (!replication.is_current(link.epoch)).then_some(Late::Role);
        }
        if waits_for_data(engine, session, &has) {
            return Some(Late::Loading);
        }
        let late = replication.is_replica()
            && !session.is_primary
            && has(|flags| flags.has(Flags::WRITE))
            && engine.config.replica_read_only();
        late.then_some(Late::Role)
    }

    /// What the client is told.
    pub(super) fn text(self) -> Cow<'static, str> {
        match self {
            Late::Role => WriteRefusal::ReadOnly.text(),
            Late::Loading => "LOADING Redis is loading the dataset in memory".into(),
        }
    }
}

/// Whether what is to run has to wait for data that are being loaded; `has` tells whether any of it
/// has such flags.
#[inline]
fn waits_for_data(
    engine: &Engine,
    session: &Session,
    has: impl Fn(fn(Flags) -> bool) -> bool,
) -> bool {
    match engine.refused_while_loading() {
        Some(refused) => !session.is_primary && has(refused),
        None => false,
    }
}

/// Whether a queued command has such flags.
fn queue_has(session: &Session, wanted: fn(Flags) -> bool) -> bool {
    let queue = session.transaction.iter().flat_map(|transaction| &transaction.queue);
    queue.map(|queued| queued.flags).any(wanted)
}

/// Whether a command with these flags, or one of those that EXEC would run, has such flags.
fn any_has(session: &Session, spec: &Spec, flags: Flags, wanted: fn(Flags) -> bool) -> bool {
    wanted(flags) || (spec.name == "exec" && queue_has(session, wanted))
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
