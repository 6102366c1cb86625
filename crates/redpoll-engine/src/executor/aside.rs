//! The background's side of a long command: it runs on copies of its keys, and what it has changed
//! is taken over at one moment.
//!
//! The copies are put into a keyspace of the thread's own, and the command's function, the same
//! that a worker would call, runs there: it meets the keys as they were when the command came. A
//! **read** is done then; its answer is that of the moment at which its keys were copied, between
//! the request and the answer.
//!
//! A **write** is a transaction, as a client would make one of WATCH, MULTI and EXEC. Its keys have
//! been watched since they were copied. When the result is there, they are locked, and
//!
//! - if none of them has changed, the keys that the command has changed take their new values, and
//!   all that follows from a write follows now: one entry in the change log, events, waiters. The
//!   command has then happened at this moment: it has read what is there now, and nobody has seen
//!   anything else. So the change log may hold the command itself, and a replica that runs it
//!   where it stands in the log comes to the same result;
//! - if one of them has changed, the result is worth nothing. The keys are copied once more, under
//!   the same locks, and the command begins again. After a few times the client's own worker runs
//!   it at once, as in Redis; others wait then, but it ends;
//! - under `long-commands yield` a result stands although keys have changed that were only read. It
//!   is that of the moment of the copies, becomes visible later, and stands in the change log by
//!   its value (RESTORE), as replicas could not find it again. Keys that the command changes in
//!   place must not have changed in any case: else the changes of others would be lost.
//!
//! A write that has changed nothing is done without any of this, at the moment of its copies.
//!
//! Commands that walk the keyspace, or find out their keys as they go, have no copies: they run on
//! the live keyspace and hold locks in slices.

use super::Executor;
use super::commit::{Commit, Made};
use super::leave::Errand;
use crate::background::{Ended, Ending, Flow, Job, Outcome, Task};
use crate::client::flags;
use crate::ctx::{Ctx, Mode};
use crate::engine::Engine;
use crate::error::Error;
use crate::session::Session;
use crate::spec::Flags;
use redpoll_config::LongCommands;
use redpoll_keyspace::Keyspace;
use redpoll_keyspace::watch::WatchFlag;
use redpoll_resp::Reply;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::time::Instant;

/// How often a write is tried on copies before it runs at once.
const TRIES: usize = 3;

/// What a client is told whose command BACKGROUND KILL has ended.
const KILLED: &str = "ERR the command was ended by BACKGROUND KILL";
/// What one is told whose command has met a fault of the server.
const FAULT: &str = "ERR internal error: the command has failed, see the server's log";

/// A thread's own keyspace, made when first needed.
#[derive(Default)]
pub struct Annex(Option<Box<Keyspace>>);

impl Annex {
    /// The keyspace, whose access clocks go as those of `main` do. Whether what is changed in it is
    /// noted for the log is decided here, for the whole of a command.
    fn keyspace(&mut self, main: &Keyspace) -> &Keyspace {
        let own = self.0.get_or_insert_with(|| Box::new(Keyspace::new(main.databases())));
        own.set_clock(main.clock(), main.pace());
        own.log_switch().set_consumed(main.is_logging());
        own
    }
}

/// What a command has come to on its copies.
enum Aside {
    /// It has changed nothing, and its answer stands.
    Answered,
    /// What is to be taken over.
    Made(Made),
    /// It has found nothing, and its client is to wait.
    Waits,
}

impl Executor {
    /// Does a job of the background.
    pub fn do_job(&mut self, job: Job, annex: &mut Annex) {
        match job {
            Job::Command(errand) => self.do_errand(*errand, annex),
            Job::Help(shared) => shared.help_aside(),
            Job::Work(task, work) => {
                let engine = Arc::clone(&self.engine);
                engine.background.begin(&task);
                let worked = catch_unwind(AssertUnwindSafe(|| {
                    task.go_on_or_end();
                    work(&task);
                }));
                if let Err(fault) = &worked
                    && !fault.is::<Ended>()
                {
                    engine.background.counts.faults.fetch_add(1, Relaxed);
                }
                engine.background.end(&task, worked.is_err());
                task.finish(Outcome::Answered { position: None });
            }
        }
    }

    /// Runs a client's command, and answers.
    fn do_errand(&mut self, mut errand: Errand, annex: &mut Annex) {
        let (engine, task) = (Arc::clone(&self.engine), Arc::clone(&errand.task));
        engine.background.begin(&task);
        self.refresh_settings();
        self.limit_memory(&errand);
        let mut flow = Flow::new(&engine, &task);
        let worked = catch_unwind(AssertUnwindSafe(|| {
            task.go_on_or_end();
            let mut out = Vec::new();
            let outcome = match errand.on_copies {
                true => self.run_aside(&mut errand, annex, (&mut out, &mut flow)),
                false => self.run_walk(&errand, (&mut out, &mut flow)),
            };
            if out.len() > errand.reply_max {
                close_as_unread(&engine, &task);
            }
            flow.rest(&mut out);
            outcome
        }));
        if errand.writes() {
            self.unwatch(&errand);
            engine.search.forget_ready();
        }
        let ended = worked.is_err();
        let outcome = worked.unwrap_or_else(|fault| {
            // What the command has left there is nobody's.
            *annex = Annex::default();
            self.answer_fault(&errand, &*fault)
        });
        drop(errand);
        engine.background.end(&task, ended);
        task.finish(outcome);
    }

    /// Lets a command that stores something end as soon as it exceeds `maxmemory`, if nobody would
    /// make room for it: else that is seen to when it is done.
    fn limit_memory(&self, errand: &Errand) {
        let limit = self.settings.maxmemory;
        let stores = errand.command.0.spec.flags.has(Flags::DENYOOM) && errand.writes();
        if limit > 0 && stores && self.settings.eviction.is_none() {
            let engine = Arc::clone(&self.engine);
            errand.task.limit(Box::new(move || engine.memory_left(limit) >= 0));
        }
    }

    /// What becomes of a command that has not come to its end.
    fn answer_fault(&mut self, errand: &Errand, fault: &(dyn Any + Send)) -> Outcome {
        let task = &errand.task;
        let error = match task.ending() {
            _ if !fault.is::<Ended>() => {
                self.engine.background.counts.faults.fetch_add(1, Relaxed);
                Error::text(FAULT)
            }
            Some(Ending::Gone) => return Outcome::Close,
            Some(Ending::OutOfMemory) => Error::OutOfMemory,
            Some(Ending::Killed) | None => Error::text(KILLED),
        };
        if task.has_begun() {
            return Outcome::Close;
        }
        self.stats.commands[errand.command.1].failed.add(1);
        let mut out = Vec::new();
        let mut reply = Reply::new(&mut out, errand.proto);
        Self::write_error(&self.engine, &self.stats, &error, &mut reply);
        if errand.wants_reply {
            task.gather(&mut out);
        }
        Outcome::Answered { position: None }
    }

    /// The session in which a command runs: that of its client, as far as commands look at it.
    fn session_of(&self, errand: &Errand) -> Session {
        let client = errand.task.client.clone();
        let mut session = Session::new(client.unwrap_or_else(crate::client::Client::nobody), true);
        let user = session.client.user_id.load(Acquire);
        self.engine.enter_as(&mut session, user);
        session.db = errand.db;
        session.proto = errand.proto;
        session.reply_max = errand.reply_max;
        session.last_command = Some(errand.command.1);
        session
    }

    /// Runs a command on copies of its keys, as often as needed.
    fn run_aside(
        &mut self,
        errand: &mut Errand,
        annex: &mut Annex,
        (out, flow): (&mut Vec<u8>, &mut Flow),
    ) -> Outcome {
        let mut session = self.session_of(errand);
        for _ in 0..TRIES {
            out.clear();
            let result = match self.run_on_copies(errand, annex, &mut session, (out, flow)) {
                Aside::Answered => return Outcome::Answered { position: None },
                Aside::Waits => break,
                Aside::Made(result) => result,
            };
            match self.commit(errand, &mut session, result, out) {
                Ok(Commit::Done(position)) => return Outcome::Answered { position },
                Ok(Commit::Stale) => {
                    self.engine.background.counts.retried.fetch_add(1, Relaxed);
                }
                Err(error) => {
                    out.clear();
                    self.stats.commands[errand.command.1].failed.add(1);
                    let mut reply = Reply::new(out, errand.proto);
                    Self::write_error(&self.engine, &self.stats, &error, &mut reply);
                    return Outcome::Answered { position: None };
                }
            }
        }
        self.engine.background.counts.inlined.fetch_add(1, Relaxed);
        out.clear();
        Outcome::RunInline(errand.again())
    }

    /// Runs a command once.
    fn run_on_copies(
        &mut self,
        errand: &mut Errand,
        annex: &mut Annex,
        session: &mut Session,
        (out, flow): (&mut Vec<u8>, &mut Flow),
    ) -> Aside {
        let Executor { engine, stats, rng, settings, .. } = self;
        let writes = errand.writes();
        let mut keys = annex.keyspace(&engine.keyspace).keys(errand.db, errand.now);
        keys.lock_keys(errand.copies.iter().map(|copied| &*copied.key));
        let watches: Vec<WatchFlag> = errand.copies.iter().map(|_| WatchFlag::default()).collect();
        for (copied, watch) in errand.copies.iter_mut().zip(&watches) {
            if let Some(saved) = copied.saved.take() {
                keys.put_back(saved);
            }
            keys.watch(&copied.key, watch);
        }
        Self::attend(engine, settings, &mut keys);
        keys.see_expired(errand.sees_expired);
        let reply = match writes {
            true => Reply::new(out, errand.proto),
            false => Reply::flowing(out, errand.proto, flow),
        };
        let mode = Mode::Background { snapshot: errand.mode == LongCommands::Snapshot };
        let mut ctx = Ctx {
            engine,
            reply,
            keys,
            session,
            rng,
            limits: &settings.limits,
            mode,
            stats,
            action: None,
            rewritten: None,
        };
        if !Self::run_function(&mut ctx, errand) {
            ctx.keys.effects.undo();
        } else if writes && ctx.action.is_none() {
            let changed = errand.take_changed(&mut ctx.keys, &watches);
            if !changed.is_empty() || ctx.keys.effects.dirty > 0 {
                let logged = ctx.keys.is_logging();
                let effects = std::mem::take(&mut ctx.keys.effects);
                let rewritten = ctx.rewritten.take();
                ctx.keys.wipe();
                if engine.keyspace.is_indexed() {
                    engine.search.get_ready(&changed, errand.now);
                }
                return Aside::Made(Made { effects, rewritten, changed, logged });
            }
        }
        ctx.keys.effects.dirty = 0;
        Self::settle(engine, stats, &mut ctx.keys, None);
        ctx.keys.wipe();
        if ctx.action.is_some() { Aside::Waits } else { Aside::Answered }
    }

    /// Runs a command's function and counts its time; an error is answered, and the answer is then
    /// that it has not done what it was to do.
    fn run_function(ctx: &mut Ctx<'_>, errand: &Errand) -> bool {
        let started = Instant::now();
        let (command, id) = errand.command;
        let result = (command.run)(ctx, errand.args.as_args());
        let nanos = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        ctx.stats.commands[id].called(1, nanos);
        let (args, now) = (errand.args.as_args(), ctx.keys.now());
        ctx.engine.note_time(ctx.session, &command.spec, args, nanos, now);
        let Err(error) = result else { return true };
        ctx.reply.rewind(0);
        ctx.rewritten = None;
        ctx.stats.commands[id].failed.add(1);
        Self::write_error(ctx.engine, ctx.stats, &error, &mut ctx.reply);
        false
    }

    /// Runs a command that walks the keyspace, on the keyspace itself.
    fn run_walk(&mut self, errand: &Errand, (out, flow): (&mut Vec<u8>, &mut Flow)) -> Outcome {
        let mut session = self.session_of(errand);
        let engine = Arc::clone(&self.engine);
        let Executor { stats, rng, settings, .. } = self;
        let (command, _) = errand.command;
        let mut keys = engine.keyspace.keys(errand.db, errand.now);
        Self::attend(&engine, settings, &mut keys);
        keys.see_expired(errand.sees_expired);
        keys.set_no_touch(session.client.has_flag(flags::NO_TOUCH));
        let mut ctx = Ctx {
            engine: &engine,
            reply: Reply::flowing(out, errand.proto, flow),
            keys,
            session: &mut session,
            rng,
            limits: &settings.limits,
            mode: Mode::Background { snapshot: errand.mode == LongCommands::Snapshot },
            stats,
            action: None,
            rewritten: None,
        };
        Self::run_function(&mut ctx, errand);
        if ctx.session.client.has_flag(flags::TRACKING) {
            ctx.note_reads(&command.spec, errand.args.as_args());
        }
        if engine.is_logging() {
            Self::log(&mut ctx, &command.spec, errand.args.as_args());
        }
        let wrote = ctx.keys.effects.dirty > 0;
        let ready = Self::settle(&engine, ctx.stats, &mut ctx.keys, Some(ctx.session));
        let position = (engine.replication.offset(), engine.change_log.offset());
        ctx.session.post_pushes();
        if !ready.is_empty() {
            Self::serve(ctx, ready);
        }
        Outcome::Answered { position: wrote.then_some(position) }
    }
}

/// The answer is longer than its client may leave unread.
#[cold]
fn close_as_unread(engine: &Engine, task: &Task) {
    engine.stats.output_limit_disconnects.fetch_add(1, Relaxed);
    engine.background.give_up(task);
}
