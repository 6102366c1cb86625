//! The end of a write that has run on copies: its keys are locked, and if they are still what they
//! were, what it has come to takes their place; see `aside` for the argument.

use super::Executor;
use super::leave::{Errand, NAP};
use super::run::Ready;
use crate::ctx::{Ctx, Mode};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::migration::dump;
use crate::session::Session;
use crate::spec::Flags;
use redpoll_keyspace::effect::Effects;
use redpoll_keyspace::lock::unless_busy;
use redpoll_keyspace::{Keys, Saved, clock};
use redpoll_resp::{OwnedArgs, Reply};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

/// What a write has come to on its copies.
pub(super) struct Made {
    pub(super) effects: Effects,
    pub(super) rewritten: Option<Vec<OwnedArgs>>,
    /// Whether what the change log is to hold was noted.
    pub(super) logged: bool,
    /// The keys that it has changed, as they are to be.
    pub(super) changed: Vec<Saved>,
}

/// What has become of a write's result.
pub(super) enum Commit {
    Done(Option<(u64, u64)>),
    /// A key has changed; the copies are new.
    Stale,
}

impl Executor {
    /// Lets what a write has changed become what is there, if its keys are still what they were.
    pub(super) fn commit(
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
        if let Some(late) = Self::comes_too_late(&engine, session, &command.spec) {
            return Err(Error::text(late.text()));
        }
        Self::attend(&engine, settings, &mut keys);
        keys.see_expired(errand.sees_expired);
        let beside = engine.replication.is_replica();
        keys.set_reaps(beside);
        // What has expired meanwhile has changed.
        for copied in &errand.copies {
            keys.contains(&copied.key);
        }
        let unlogged = keys.is_logging() && !result.logged;
        if unlogged || errand.is_stale(&keys, &result.changed, by_value.is_some()) {
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
        if ctx.engine.is_logging() {
            Self::log(&mut ctx, &command.spec, errand.args.as_args());
        }
        if beside {
            engine.own_expiry.note(&mut ctx.keys, &command.spec, errand.args.as_args());
        }
        let ready = Self::settle(&engine, ctx.stats, &mut ctx.keys, Some(ctx.session));
        let position = (engine.replication.offset(), engine.change_log.offset());
        engine.background.counts.held_locks(locked.elapsed().as_nanos() as u64);
        ctx.session.post_pushes();
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
            if errand.is_of_before() && by_value.is_none() {
                by_value = Some(Self::by_value(engine, &made.changed));
            }
            lock_for_sure(keys, errand);
            if !errand.is_of_before() || by_value.is_some() {
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
    pub(super) fn unwatch(&self, errand: &Errand) {
        let mut keys = self.engine.keyspace.keys(errand.db, errand.now);
        for copied in &errand.copies {
            keys.lock_key(&copied.key);
            keys.unwatch(&copied.key, &copied.changed);
        }
    }
}

/// Locks a command's keys; if a busy script has them, when it no longer does.
fn lock_for_sure(keys: &mut Keys<'_>, errand: &Errand) {
    let words = || errand.copies.iter().map(|copied| &*copied.key);
    while unless_busy(|| keys.lock_keys(words())).is_err() {
        thread::sleep(NAP);
    }
}
