//! Running one command: locks, function, effects, and the accounts afterwards.

use super::Executor;
use super::check::{Late, Verdict};
use super::prepare::Prepared;
use crate::block::{BlockRequest, NewWaiter};
use crate::client::flags;
use crate::ctx::{Action, Ctx, Mode};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::refusal::REDIRECT;
use crate::script::busy_error;
use crate::session::{ReplyMode, Session};
use crate::settings::Settings;
use crate::spec::{Command, Cost, Flags, Locks, Spec};
use crate::stats::ThreadStats;
use redpoll_keyspace::Keys;
use redpoll_keyspace::lock::{Busy, unless_busy};
use redpoll_resp::request::encode_words;
use redpoll_resp::{Args, Reply};
use redpoll_script::RunningKind;
use redpoll_types::value::Type;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// How long a primary's command waits for a busy script before it looks again.
const NAP: Duration = Duration::from_millis(1);

/// What MIGRATE is answered where nothing reaches other servers.
const NO_WAY: &[u8] = b"IOERR error or timeout connecting to the client";

/// A key that clients wait for and that has changed, with its database.
pub(super) type Ready = (usize, Box<[u8]>);

impl Executor {
    /// Checks a command and runs, queues or refuses it. Answers whether it ran.
    pub(super) fn dispatch(
        &mut self,
        session: &mut Session,
        prepared: &Prepared,
        args: Args<'_>,
        out: &mut Vec<u8>,
        now: i64,
    ) -> bool {
        if session.client.has_flag(flags::TRACKING) {
            self.bound_readers(Some(session), now);
        }
        if let Some(link) = &mut session.link {
            encode_words(&mut link.unit, args.iter_from(0));
        }
        let verdict = self.check(session, prepared, args, now);
        if !session.pushes.is_empty() {
            // Keys that had to go before this command are told before its reply.
            out.append(&mut session.pushes);
        }
        match verdict {
            Verdict::Run(command, id) => {
                session.last_command = Some(id);
                session.secret_words.clear();
                self.run(session, (command, id), args, prepared.hash, out, now);
                if session.client.has_flag(flags::TRACKING) {
                    self.end_caching(session, id);
                }
                if !command.spec.flags.has(Flags::FAST) {
                    // It may have changed users: the next command is to know.
                    self.refresh_user(session);
                }
                if self.engine.is_monitored() {
                    self.engine.show_command(session, &command.spec, args, now);
                }
                true
            }
            Verdict::Queue(command, id) => {
                self.queue(session, (command, id), args);
                out.extend_from_slice(b"+QUEUED\r\n");
                false
            }
            Verdict::Refuse(mut error) => {
                if let Some(transaction) = &mut session.transaction {
                    transaction.aborted = true;
                    if is_exec(prepared) {
                        error = self.refuse_transaction(session, &error);
                    }
                }
                if let Some((_, id)) = prepared.command {
                    self.stats.commands[id].rejected.add(1);
                }
                let mut reply = Reply::new(out, session.proto);
                Self::write_error(&self.engine, &self.stats, &error, &mut reply);
                self.engine.pass_on(session);
                false
            }
        }
    }

    /// Ends a transaction whose EXEC was refused for this reason.
    #[cold]
    fn refuse_transaction(&self, session: &mut Session, reason: &Error) -> Error {
        session.transaction = None;
        self.engine.unwatch(session);
        let reason = reason.message();
        if reason.starts_with(REDIRECT) {
            // Nothing was wrong with it; it is to be done elsewhere.
            return Error::text(reason.into_owned());
        }
        let reason = reason.strip_prefix("ERR ").unwrap_or(&reason);
        Error::text(format!("EXECABORT Transaction discarded because of: {reason}"))
    }

    /// Runs a command with its stripes locked, and serves those who wait for what it has changed.
    pub(super) fn run(
        &mut self,
        session: &mut Session,
        (command, id): (&'static Command, usize),
        args: Args<'_>,
        hash: Option<u64>,
        out: &mut Vec<u8>,
        now: i64,
    ) {
        let Executor { engine, stats, rng, settings, .. } = self;
        let mark = out.len();
        // The view of the keys is made in its place: moving it costs as much as finding a key.
        let mut ctx = Ctx {
            engine,
            reply: Reply::new(out, session.proto),
            keys: engine.keyspace.keys(session.db, now),
            session,
            rng,
            limits: &settings.limits,
            mode: Mode::Alone,
            stats,
            action: None,
            rewritten: None,
        };
        if lock_for(&mut ctx, &command.spec, args, hash).is_err() {
            return Self::refuse_as_busy(&mut ctx, id);
        }
        if let Some(late) = Self::comes_too_late(engine, ctx.session, &command.spec) {
            return Self::refuse_as_late(&mut ctx, id, late);
        }
        Self::attend(engine, settings, &mut ctx.keys);
        let client_flags = ctx.session.client.flags();
        ctx.keys.set_no_touch(client_flags & flags::NO_TOUCH != 0);
        let is_primary = ctx.session.is_primary;
        if is_primary || settings.import_mode {
            ctx.keys.see_expired(is_primary || client_flags & flags::IMPORT_SOURCE != 0);
        }
        let beside = writes_beside(engine, ctx.session, &command.spec);
        ctx.keys.set_reaps(beside);
        let result = match command.spec.cost {
            None => run_now(command, &mut ctx, args),
            Some(cost) => Self::run_or_leave(&mut ctx, (command, id), args, cost, settings),
        };
        if let Err(error) = result {
            ctx.reply.rewind(mark);
            ctx.rewritten = None;
            stats.commands[id].failed.add(1);
            Self::write_error(engine, stats, &error, &mut ctx.reply);
        } else if let Some(action) = ctx.action.take() {
            Self::act(&mut ctx, (command, id), args, action);
        }
        if client_flags & flags::TRACKING != 0 {
            ctx.note_reads(&command.spec, args);
        }
        let logging = engine.is_logging();
        if logging {
            Self::log(&mut ctx, &command.spec, args);
        }
        if beside {
            engine.own_expiry.note(&mut ctx.keys, &command.spec, args);
        }
        engine.pass_on(ctx.session);
        let ready = Self::settle(engine, ctx.stats, &mut ctx.keys, Some(ctx.session));
        if ctx.keys.effects.dirty > 0 && logging {
            Self::note_position(engine, ctx.session);
        }
        if !ready.is_empty() {
            Self::serve(ctx, ready);
        }
    }

    /// Runs a command that may take long, or hands it over to the background.
    #[inline(never)]
    fn run_or_leave(
        ctx: &mut Ctx<'_>,
        (command, id): (&'static Command, usize),
        args: Args<'_>,
        cost: Cost,
        settings: &Settings,
    ) -> Result {
        let cost = match command.spec.locks {
            // It takes locks to look at what it is about.
            Locks::Own => unless_busy(|| cost(&mut ctx.keys, args)).unwrap_or(0),
            Locks::Keys | Locks::All => cost(&mut ctx.keys, args),
        };
        if cost >= settings.background_threshold && Self::leave(ctx, (command, id), args, cost)? {
            return Ok(());
        }
        run_now(command, ctx, args)
    }

    /// Notes up to where replicas and the append-only file must come to have the client's writes.
    fn note_position(engine: &Engine, session: &mut Session) {
        session.write_offset = engine.replication.offset();
        session.log_position = engine.change_log.offset();
    }

    /// Answers that a script keeps the keys locked.
    #[cold]
    fn refuse_as_busy(ctx: &mut Ctx<'_>, id: usize) {
        let kind = ctx.engine.scripts.busy().unwrap_or(RunningKind::Script);
        Self::refuse(ctx, id, &busy_error(kind));
    }

    /// Answers that the server has become a replica since the command was checked.
    #[cold]
    fn refuse_as_late(ctx: &mut Ctx<'_>, id: usize, late: Late) {
        ctx.session.transaction = None;
        Self::refuse(ctx, id, &Error::text(late.text()));
    }

    fn refuse(ctx: &mut Ctx<'_>, id: usize, error: &Error) {
        ctx.stats.commands[id].rejected.add(1);
        Self::write_error(ctx.engine, ctx.stats, error, &mut ctx.reply);
    }

    /// Does what the command leaves to be done after it.
    #[cold]
    fn act(ctx: &mut Ctx<'_>, command: (&'static Command, usize), args: Args<'_>, action: Action) {
        match action {
            Action::Block(request) => Self::wait(ctx, command, args, request),
            Action::Migrate(migration) => {
                let request = BlockRequest::for_keys(Vec::new(), None, Type::String);
                Self::wait(ctx, command, args, request);
                let Some(waiter) = ctx.session.waiting.clone() else { return };
                if !ctx.engine.migrate(*migration, Arc::clone(&waiter)) {
                    ctx.engine.answer(&waiter, |reply| reply.error(NO_WAY));
                }
            }
            Action::Leave(cost) => match Self::leave(ctx, command, args, cost) {
                Ok(true) => {}
                Ok(false) => Self::run_after_all(ctx, command, args),
                Err(error) => Self::refuse(ctx, command.1, &error),
            },
        }
    }

    /// Runs a command at once that was to leave: the configuration has changed meanwhile.
    fn run_after_all(ctx: &mut Ctx<'_>, (command, id): (&'static Command, usize), args: Args<'_>) {
        ctx.session.runs_inline = true;
        let result = run_now(command, ctx, args);
        ctx.session.runs_inline = false;
        if let Err(error) = result {
            ctx.stats.commands[id].failed.add(1);
            Self::write_error(ctx.engine, ctx.stats, &error, &mut ctx.reply);
        }
    }

    /// Puts the client into the queues of the keys that its command waits for; they are locked.
    fn wait(
        ctx: &mut Ctx<'_>,
        (command, command_id): (&'static Command, usize),
        args: Args<'_>,
        mut request: BlockRequest,
    ) {
        let words = request.words.take();
        let waiter = ctx.engine.waiters.add(NewWaiter {
            client: ctx.session.client.clone(),
            command,
            command_id,
            args: words.unwrap_or_else(|| args.to_owned()),
            db: ctx.session.db,
            proto: ctx.session.proto,
            wants_reply: ctx.session.reply_mode == ReplyMode::On,
            request,
            now: ctx.keys.now(),
        });
        let (db, keyspace) = (ctx.keys.db(), ctx.keys.keyspace());
        for key in &waiter.request.keys {
            let stripe = keyspace.stripe_of(keyspace.hash(key));
            let needs_key = waiter.request.needs_keys;
            ctx.keys.held_stripe(stripe).wait(db, key, waiter.id, needs_key);
        }
        waiter.client.set_flag(flags::BLOCKED, true);
        ctx.session.waiting = Some(waiter);
    }

    /// Puts a command that has run by itself into the change log, before its locks are given back.
    #[cold]
    pub(super) fn log(ctx: &mut Ctx<'_>, spec: &Spec, args: Args<'_>) {
        let itself = spec.is_logged().then_some(args);
        let effects = &ctx.keys.effects;
        if let (Some(args), None, true) = (itself, &ctx.rewritten, effects.nothing_logged()) {
            // The usual case needs no copy of the words.
            if effects.dirty > 0 {
                debug_assert!(ctx.keys.holds_any(), "{}: locks come and go", spec.name);
                ctx.engine.change_log.append_one(ctx.session.db, args);
            }
            return;
        }
        ctx.note_for_log(itself, 0);
    }

    /// Lets a view note what somebody wants to hear of what it changes, for [`Executor::settle`].
    ///
    /// With the stripes locked: a client that begins to track and reads a key before they are will
    /// hear of what changes under the locks.
    #[inline(always)]
    pub(super) fn attend(engine: &Engine, settings: &Settings, keys: &mut Keys<'_>) {
        keys.effects.wanted = settings.wanted_events | engine.tracking.wanted();
    }

    /// Carries out what follows from a command's writes, while its locks are still held; returns
    /// the keys that waiting clients want to hear of.
    pub(super) fn settle(
        engine: &Engine,
        stats: &ThreadStats,
        keys: &mut Keys<'_>,
        own: Option<&mut Session>,
    ) -> Vec<Ready> {
        let effects = &mut keys.effects;
        if effects.dirty + u64::from(effects.expired) > 0 {
            stats.dirty.add(effects.dirty);
            stats.expired.add(u64::from(effects.expired));
        }
        if effects.hits + effects.misses > 0 {
            stats.hits.add(u64::from(effects.hits));
            stats.misses.add(u64::from(effects.misses));
        }
        let Some(mut rare) = effects.take_rare() else { return Vec::new() };
        stats.expired_fields.add(rare.expired_fields);
        stats.evicted.add(rare.evicted);
        if !rare.logged.is_empty() {
            engine.change_log.append_unit(&rare.logged);
        }
        engine.invalidate(&mut rare, own);
        if !rare.events.is_empty() {
            engine.publish_events(&rare.events);
        }
        rare.ready
    }

    /// Writes an error reply and counts it.
    pub(super) fn write_error(
        engine: &Engine,
        stats: &ThreadStats,
        error: &Error,
        reply: &mut Reply<'_>,
    ) {
        let message = error.message();
        reply.error(message.as_bytes());
        if matches!(error, Error::Counted(_)) {
            return;
        }
        stats.errors.add(1);
        engine.stats.error(&message);
    }

    /// Counts the time of `count` calls of a command, and puts the last into the slow log if that
    /// was long.
    #[inline]
    pub(super) fn account(
        &self,
        session: &Session,
        prepared: &Prepared,
        args: Args<'_>,
        count: u64,
        (before, after): (u64, u64),
        now: i64,
    ) {
        let (Some((command, id)), 1..) = (prepared.command, count) else { return };
        let nanos = self.clock.delta_as_nanos(before, after);
        self.stats.commands[id].called(count, nanos);
        self.engine.note_time(session, &command.spec, args, nanos, now);
    }
}

fn is_exec(prepared: &Prepared) -> bool {
    prepared.command.is_some_and(|(command, _)| command.spec.name == "exec")
}

/// Runs a command with the locks that its metadata asks for, or lets it take its own.
#[inline(always)]
fn run_now(command: &Command, ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    match command.spec.locks {
        Locks::Own => run_with_own_locks(command, ctx, args),
        Locks::Keys | Locks::All => (command.run)(ctx, args),
    }
}

/// Runs a command that takes locks by itself; such commands change nothing before they wait.
fn run_with_own_locks(command: &Command, ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    unless_busy(|| (command.run)(ctx, args)).unwrap_or_else(|Busy| {
        Err(busy_error(ctx.engine.scripts.busy().unwrap_or(RunningKind::Script)))
    })
}

/// Takes the locks that a command's metadata asks for, unless a busy script has them.
#[inline(always)]
pub(super) fn lock(
    keys: &mut Keys<'_>,
    spec: &Spec,
    args: Args<'_>,
    hash: Option<u64>,
) -> std::result::Result<(), Busy> {
    if let (Some(hash), Some(index), Locks::Keys) = (hash, spec.single_key(args), spec.locks) {
        keys.lock_hash(hash)?;
        if let Some(key) = args.get(index) {
            keys.set_hint(key, hash);
        }
        return Ok(());
    }
    lock_many(keys, spec, args)
}

/// Whether a client writes on a replica, beside what its primary does.
#[inline(always)]
fn writes_beside(engine: &Engine, session: &Session, spec: &Spec) -> bool {
    engine.replication.is_replica() && spec.flags.has(Flags::WRITE) && !session.is_primary
}

/// The locks of a session's command. A primary's, which cannot be refused, waits for a busy script.
#[inline(always)]
fn lock_for(
    ctx: &mut Ctx<'_>,
    spec: &Spec,
    args: Args<'_>,
    hash: Option<u64>,
) -> std::result::Result<(), Busy> {
    loop {
        match lock(&mut ctx.keys, spec, args, hash) {
            Err(Busy) if ctx.session.link.is_some() => thread::sleep(NAP),
            locked => return locked,
        }
    }
}

/// The locks of a command that has not just one key at a fixed place.
#[inline(never)]
fn lock_many(keys: &mut Keys<'_>, spec: &Spec, args: Args<'_>) -> std::result::Result<(), Busy> {
    match spec.locks {
        Locks::Keys if spec.keys.is_empty() => {}
        Locks::Keys => {
            let positions = spec.key_positions(args);
            let words = positions.iter().filter_map(|position| args.get(position.index));
            unless_busy(|| keys.lock_keys(words))?;
        }
        Locks::All => unless_busy(|| keys.lock_all())?,
        Locks::Own => {}
    }
    Ok(())
}
