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
use super::leave::{Errand, NAP, is_set};
use super::run::Ready;
use crate::background::{Ended, Ending, Flow, Job, Outcome, Task};
use crate::client::flags;
use crate::ctx::{Ctx, Mode};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::migration::dump;
use crate::refusal::WriteRefusal;
use crate::session::Session;
use crate::spec::Flags;
use redpoll_config::LongCommands;
use redpoll_keyspace::effect::Effects;
use redpoll_keyspace::lock::unless_busy;
use redpoll_keyspace::stripe::WatchFlag;
use redpoll_keyspace::{Keys, Keyspace, Saved, clock};
use redpoll_resp::{OwnedArgs, Reply};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::thread;
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
    /// The keyspace, whose access clocks go as those of `main` do.
    fn keyspace(&mut self, main: &Keyspace) -> &Keyspace {
        let own = self.0.get_or_insert_with(|| Box::new(Keyspace::new(main.databases())));
        own.set_clock(main.clock(), main.pace());
        own
    }
}

/// What a write has come to on its copies.
struct Made {
    effects: Effects,
    rewritten: Option<Vec<OwnedArgs>>,
    /// The keys that it has changed, as they are to be.
    changed: Vec<Saved>,
}

/// What has become of a write's result.
enum Commit {
    Done(Option<(u64, u64)>),
    /// A key has changed; the copies are new.
    Stale,
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
        let mut flow = Flow::new(&engine, &task, errand.wants_reply);
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

    /// What becomes of a command that has not come to its end.
    fn answer_fault(&mut self, errand: &Errand, fault: &(dyn Any + Send)) -> Outcome {
        let task = &errand.task;
        let text = match task.ending() {
            _ if !fault.is::<Ended>() => {
                self.engine.background.counts.faults.fetch_add(1, Relaxed);
                FAULT
            }
            Some(Ending::Gone) => return Outcome::Close,
            Some(Ending::Killed) | None => KILLED,
        };
        if task.has_begun() {
            return Outcome::Close;
        }
        self.stats.commands[errand.command.1].failed.add(1);
        let mut out = Vec::new();
        let mut reply = Reply::new(&mut out, errand.proto);
        Self::write_error(&self.engine, &self.stats, &Error::text(text), &mut reply);
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
            let aside = self.run_on_copies(errand, annex, &mut session, (out, flow));
            let Some(result) = aside else { return Outcome::Answered { position: None } };
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

    /// Runs a command once. `None`: it has changed nothing, and its answer stands.
    fn run_on_copies(
        &mut self,
        errand: &mut Errand,
        annex: &mut Annex,
        session: &mut Session,
        (out, flow): (&mut Vec<u8>, &mut Flow),
    ) -> Option<Made> {
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
        // What stands for the command must be known when it is taken over: a replica may have come
        // by then.
        keys.effects.logging = writes;
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
        } else if writes {
            let changed: Vec<Saved> = errand
                .copies
                .iter()
                .zip(&watches)
                .filter(|(_, watch)| is_set(watch))
                .map(|(copied, _)| ctx.keys.take_out(&copied.key))
                .collect();
            if !changed.is_empty() || ctx.keys.effects.dirty > 0 {
                let effects = std::mem::take(&mut ctx.keys.effects);
                let rewritten = ctx.rewritten.take();
                ctx.keys.wipe();
                if engine.keyspace.is_indexed() {
                    engine.search.get_ready(&changed, errand.now);
                }
                return Some(Made { effects, rewritten, changed });
            }
        }
        ctx.keys.effects.dirty = 0;
        Self::settle(engine, stats, &mut ctx.keys, None);
        ctx.keys.wipe();
        None
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

    /// Lets what a write has changed become what is there, if its keys are still what they were.
    fn commit(
        &mut self,
        errand: &mut Errand,
        session: &mut Session,
        result: Made,
        out: &mut Vec<u8>,
    ) -> Result<Commit> {
        let engine = Arc::clone(&self.engine);
        let (command, _) = errand.command;
        let now = self.wait_for_pause(errand);
        if self.settings.maxmemory > 0
            && command.spec.flags.has(Flags::DENYOOM)
            && !self.make_room(session, now)
        {
            return Err(Error::OutOfMemory);
        }
        let Executor { stats, rng, settings, .. } = self;
        let mut keys = engine.keyspace.keys(errand.db, now);
        let by_value = Self::lock_to_commit(&engine, &mut keys, errand, &result);
        let locked = Instant::now();
        if Self::comes_too_late(&engine, session, &command.spec) {
            return Err(Error::text(WriteRefusal::ReadOnly.text()));
        }
        Self::attend(&engine, settings, &mut keys);
        keys.see_expired(errand.sees_expired);
        let beside = engine.replication.is_replica();
        keys.set_reaps(beside);
        // What has expired meanwhile has changed.
        for copied in &errand.copies {
            keys.contains(&copied.key);
        }
        if errand.has_changed(false) || (errand.has_changed(true) && by_value.is_none()) {
            errand.copy_again(&mut keys);
            let ready = Self::settle(&engine, stats, &mut keys, None);
            drop(keys);
            self.serve_late(ready, now);
            return Ok(Commit::Stale);
        }
        let rewritten = by_value.or(result.rewritten);
        errand.take_over(&mut keys, result.effects, result.changed);
        let mut ctx = Ctx {
            engine: &engine,
            reply: Reply::new(out, errand.proto),
            keys,
            session,
            rng,
            limits: &settings.limits,
            mode: Mode::Resumed,
            stats,
            action: None,
            rewritten,
        };
        if ctx.keys.effects.logging {
            Self::log(&mut ctx, &command.spec, errand.args.as_args());
        }
        if beside {
            engine.own_expiry.note(&mut ctx.keys, &command.spec, errand.args.as_args());
        }
        let ready = Self::settle(&engine, ctx.stats, &mut ctx.keys, Some(ctx.session));
        let position = (engine.replication.offset(), engine.change_log.offset());
        engine.background.counts.held_locks(locked.elapsed().as_nanos() as u64);
        post_pushes(ctx.session);
        if !ready.is_empty() {
            Self::serve(ctx, ready);
        }
        Ok(Commit::Done(Some(position)))
    }

    /// Locks a command's keys. If what it has read has changed and its result stands all the same,
    /// answers what the log is to hold of that, which is made without any lock.
    fn lock_to_commit(
        engine: &Engine,
        keys: &mut Keys<'_>,
        errand: &Errand,
        made: &Made,
    ) -> Option<Vec<OwnedArgs>> {
        let mut by_value = None;
        loop {
            let stands = errand.mode == LongCommands::Yield && errand.has_changed(true);
            if stands && by_value.is_none() {
                by_value = Some(Self::by_value(engine, &made.changed));
            }
            lock_for_sure(keys, errand);
            let stands = errand.mode == LongCommands::Yield && errand.has_changed(true);
            if !stands || by_value.is_some() {
                return by_value;
            }
            keys.unlock();
        }
    }

    /// The commands that make keys what they have become, whatever they were.
    fn by_value(engine: &Engine, changed: &[Saved]) -> Vec<OwnedArgs> {
        let compress = engine.config.rdbcompression();
        let restore = |saved: &Saved| -> OwnedArgs {
            let Some(entry) = saved.entry() else {
                return [&b"DEL"[..], saved.key()].into_iter().collect();
            };
            let payload = dump(entry.payload(), compress);
            let expiry = entry.expiry().unwrap_or(0).to_string();
            let words = [&b"RESTORE"[..], saved.key(), expiry.as_bytes(), &payload];
            let options = [&b"REPLACE"[..], b"ABSTTL"];
            words.into_iter().chain(options).collect()
        };
        changed.iter().map(restore).collect()
    }

    /// Waits until writes are not paused; answers what time it is.
    fn wait_for_pause(&self, errand: &Errand) -> i64 {
        loop {
            let now = if self.time_passes { clock::now_ms() } else { errand.now };
            if self.engine.pause.holds(true, now).is_none() {
                return now.max(errand.now);
            }
            errand.task.go_on_or_end();
            thread::sleep(NAP);
        }
    }

    /// Serves those who wait for keys that have expired under a command's eyes.
    fn serve_late(&mut self, ready: Vec<Ready>, now: i64) {
        if !ready.is_empty() {
            self.serve_unasked(ready, now);
        }
    }

    /// Takes back what a write has asked for.
    fn unwatch(&self, errand: &Errand) {
        let mut keys = self.engine.keyspace.keys(errand.db, errand.now);
        for copied in &errand.copies {
            keys.lock_key(&copied.key);
            keys.unwatch(&copied.key, &copied.changed);
        }
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
        if ctx.keys.effects.logging {
            Self::log(&mut ctx, &command.spec, errand.args.as_args());
        }
        let wrote = ctx.keys.effects.dirty > 0;
        let ready = Self::settle(&engine, ctx.stats, &mut ctx.keys, Some(ctx.session));
        let position = (engine.replication.offset(), engine.change_log.offset());
        post_pushes(ctx.session);
        if !ready.is_empty() {
            Self::serve(ctx, ready);
        }
        Outcome::Answered { position: wrote.then_some(position) }
    }
}

/// Locks a command's keys; if a busy script has them, when it no longer does.
fn lock_for_sure(keys: &mut Keys<'_>, errand: &Errand) {
    let words = || errand.copies.iter().map(|copied| &*copied.key);
    while unless_busy(|| keys.lock_keys(words())).is_err() {
        thread::sleep(NAP);
    }
}

/// Messages to the client itself come behind its answer: until that is there, they wait with what
/// others have for it.
fn post_pushes(session: &mut Session) {
    if !session.pushes.is_empty() {
        session.client.post(&std::mem::take(&mut session.pushes));
    }
}

/// The answer is longer than its client may leave unread.
#[cold]
fn close_as_unread(engine: &Engine, task: &Task) {
    engine.stats.output_limit_disconnects.fetch_add(1, Relaxed);
    engine.background.give_up(task);
}
