//! Serving clients that wait: their commands run again, here, on their behalf.
//!
//! Whoever has changed a key serves those who wait for it, before it gives the key's lock back:
//! nobody can come in between and take what a waiting client is to have. Only if a waiting command
//! has further keys whose stripes are not locked, all locks are given back and those of its keys
//! are taken instead (locks are taken in ascending order or not at all).
//!
//! Whatever concerns one waiter happens with the stripes of all its command's keys locked: trying,
//! going on waiting, giving up. So no change can fall between a try that finds nothing and going on
//! to wait.

use super::Executor;
use super::run::{Ready, lock};
use crate::acl::Context;
use crate::acl::check::Call;
use crate::block::{TimeoutReply, Waiter};
use crate::client::{Client, flags};
use crate::ctx::{Action, Ctx, Mode};
use crate::engine::Engine;
use crate::error::Result;
use crate::session::Session;
use crate::spec::Locks;
use redpoll_keyspace::Keys;
use redpoll_keyspace::stripe::WaiterId;
use redpoll_resp::Reply;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering::Acquire;

/// What a client is told whose wait another client has ended with an error.
const UNBLOCKED: &str = "UNBLOCKED client unblocked via CLIENT UNBLOCK";

/// What one is told whose wait has ended since the server has become a replica.
const NEW_ROLE: &str = "UNBLOCKED force unblock from blocking operation, instance state changed \
    (master -> replica?)";

impl Executor {
    /// Serves the clients that wait for keys that have changed: key after key in the order of the
    /// changes, and for each the first come first. What that changes (BLMOVE) comes last. `ctx` is
    /// the command's that has made the changes, with its keys still locked.
    #[cold]
    pub(super) fn serve(mut ctx: Ctx<'_>, ready: Vec<Ready>) {
        let mut round = Round { ready: ready.into(), last: 0 };
        ctx.keys.clear_hint();
        ctx.keys.effects = ctx.keys.effects.renewed();
        if let Some(waiter) = round.next(ctx.engine, &mut ctx.keys) {
            Self::serve_round(ctx, round, waiter);
        }
    }

    /// Serves the clients that wait for keys that have changed by themselves: that have expired.
    pub(super) fn serve_unasked(&mut self, ready: Vec<Ready>, now: i64) {
        let engine = Arc::clone(&self.engine);
        let mut round = Round { ready: ready.into(), last: 0 };
        let mut keys = engine.keyspace.keys(0, now);
        if let Some(waiter) = round.next(&engine, &mut keys) {
            let client = Arc::clone(&waiter.client);
            self.act_for(&client, keys, |ctx| Self::serve_round(ctx, round, waiter));
        }
    }

    /// Runs a session's waiting command again because the time for it has come. Its answer, if it
    /// has one now, goes to the client's outbox.
    pub fn look_again(&mut self, session: &Session, now: i64) {
        let Some(waiter) = session.waiting.clone() else { return };
        let engine = Arc::clone(&self.engine);
        let (spec, args) = (&waiter.command.spec, waiter.args.as_args());
        // A busy script has the key: its time comes again.
        let mut keys = engine.keyspace.keys(waiter.db, now);
        if lock(&mut keys, spec, args, None).is_err() {
            return;
        }
        if waiter.begin_serving() {
            let round = Round { ready: VecDeque::new(), last: 0 };
            let current = Arc::clone(&waiter);
            self.act_for(&waiter.client, keys, |ctx| Self::serve_round(ctx, round, current));
        }
    }

    /// Lets `act` run on a client's behalf, outside of any command.
    fn act_for(&mut self, client: &Arc<Client>, keys: Keys<'_>, act: impl FnOnce(Ctx<'_>)) {
        let mut session = Session::new(Arc::clone(client), true);
        let mut out = Vec::new();
        let mut ctx = Ctx {
            engine: &self.engine,
            reply: Reply::new(&mut out, session.proto),
            session: &mut session,
            keys,
            rng: &mut self.rng,
            limits: &self.settings.limits,
            mode: Mode::Resumed,
            stats: &self.stats,
            action: None,
            rewritten: None,
        };
        Self::attend(&self.engine, &self.settings, &mut ctx.keys);
        act(ctx);
    }

    /// Runs the command of `waiter`, which is for the caller to serve, and those of all that come
    /// after it in the round.
    fn serve_round(ctx: Ctx<'_>, mut round: Round, mut waiter: Arc<Waiter>) {
        let mut session = Session::new(Arc::clone(&waiter.client), true);
        let mut out = Vec::new();
        let mut ctx = Ctx {
            reply: Reply::new(&mut out, waiter.proto),
            session: &mut session,
            mode: Mode::Resumed,
            ..ctx
        };
        let mut served = Vec::new();
        loop {
            if Self::retry(&mut ctx, &waiter) {
                served.push(Arc::clone(&waiter));
            }
            round.add(Self::settle(ctx.engine, ctx.stats, &mut ctx.keys, Some(ctx.session)));
            if !ctx.session.pushes.is_empty() {
                // Behind its answer.
                waiter.client.post(&std::mem::take(&mut ctx.session.pushes));
            }
            ctx.keys.effects = ctx.keys.effects.renewed();
            match round.next(ctx.engine, &mut ctx.keys) {
                Some(next) => waiter = next,
                None => break,
            }
        }
        Self::settle(ctx.engine, ctx.stats, &mut ctx.keys, None);
        // To wake a thread may take a system call: not with locks held.
        ctx.keys.unlock();
        served.iter().for_each(|waiter| waiter.client.wake());
    }

    /// Runs a waiting command again; ends its wait, and answers true, if it has an answer now. The
    /// client's thread is still to be woken then.
    fn retry(ctx: &mut Ctx<'_>, waiter: &Waiter) -> bool {
        *ctx.session = Session::new(Arc::clone(&waiter.client), true);
        ctx.session.db = waiter.db;
        ctx.session.proto = waiter.proto;
        ctx.reply.rewind(0);
        ctx.reply.set_proto(waiter.proto);
        ctx.keys.set_no_touch(waiter.client.has_flag(flags::NO_TOUCH));
        ctx.rewritten = None;
        match Self::check_waiting(ctx, waiter) {
            Err(error) => {
                ctx.stats.commands[waiter.command_id].rejected.add(1);
                Self::write_error(ctx.engine, ctx.stats, &error, &mut ctx.reply);
            }
            Ok(()) if Self::run_again(ctx, waiter) => {}
            Ok(()) => {
                waiter.keep_waiting();
                return false;
            }
        }
        leave_queues(ctx.engine, &mut ctx.keys, waiter);
        if waiter.wants_reply {
            waiter.client.post(ctx.reply.buffer());
        }
        // Only now may the client's thread go on with the next command: the answer comes first.
        waiter.finish();
        true
    }

    /// Runs a waiting command again; answers whether it has an answer now.
    fn run_again(ctx: &mut Ctx<'_>, waiter: &Waiter) -> bool {
        let started = quanta::Instant::now();
        if let Err(error) = (waiter.command.run)(ctx, waiter.args.as_args()) {
            ctx.reply.rewind(0);
            ctx.rewritten = None;
            ctx.stats.commands[waiter.command_id].failed.add(1);
            Self::write_error(ctx.engine, ctx.stats, &error, &mut ctx.reply);
        }
        if let Some(Action::Block(request)) = ctx.action.take() {
            waiter.set_look_again_at(request.look_again_at);
            return false;
        }
        if ctx.engine.is_logging() {
            ctx.note_for_log(Some(waiter.args.as_args()), 0);
        }
        let nanos = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        ctx.stats.commands[waiter.command_id].called(1, nanos);
        let (args, now) = (waiter.args.as_args(), ctx.keys.now());
        ctx.engine.note_time(ctx.session, &waiter.command.spec, args, nanos, now);
        ctx.note_reads(&waiter.command.spec, waiter.args.as_args());
        true
    }

    /// Whether a waiting client's user may still do what it waits for.
    fn check_waiting(ctx: &mut Ctx<'_>, waiter: &Waiter) -> Result<()> {
        let (engine, id) = (ctx.engine, waiter.command_id);
        engine.enter_as(ctx.session, waiter.client.user_id.load(Acquire));
        let call = Call { command: waiter.command, id, args: waiter.args.as_args(), db: waiter.db };
        let denied = engine.authorize(ctx.session, call, Context::Toplevel, ctx.keys.now());
        denied.map_err(|denied| engine.denial(ctx.session, denied, id))
    }

    /// Ends a session's wait without an answer from its keys: its time is over, or it was asked to
    /// end (with an error if `unblocked`). Writes the reply to `out`. Does nothing, and answers
    /// false, if somebody is serving the client at this moment.
    pub fn give_up(&self, session: &mut Session, unblocked: bool, out: &mut Vec<u8>) -> bool {
        self.end_with(session, unblocked.then_some(UNBLOCKED), out)
    }

    /// The same, as the server has become a replica.
    pub fn give_up_for_new_role(&self, session: &mut Session, out: &mut Vec<u8>) -> bool {
        self.end_with(session, Some(NEW_ROLE), out)
    }

    fn end_with(
        &self,
        session: &mut Session,
        error: Option<&'static str>,
        out: &mut Vec<u8>,
    ) -> bool {
        let Some(waiter) = session.waiting.clone() else { return true };
        if !self.end_wait(&waiter) {
            return waiter.is_done();
        }
        session.waiting = None;
        self.count_giving_up(&waiter, error);
        if !waiter.wants_reply {
            return true;
        }
        let mut reply = Reply::new(out, session.proto);
        match (error, waiter.request.on_timeout) {
            (Some(error), _) => reply.error(error.as_bytes()),
            (None, TimeoutReply::NullArray) => reply.null_array(),
            (None, TimeoutReply::Acknowledged { offset, .. }) => {
                reply.count(self.engine.replication.acknowledged_by(offset));
            }
            (None, TimeoutReply::Persisted { position, offset, .. }) => {
                reply.array(2);
                reply.count(self.engine.persisted_here(position));
                reply.count(self.engine.replication.persisted_by(offset));
            }
        }
        true
    }

    /// Counts a command that has ended without an answer from its keys.
    fn count_giving_up(&self, waiter: &Waiter, error: Option<&'static str>) {
        let counts = &self.stats.commands[waiter.command_id];
        counts.called(1, 0);
        if let Some(error) = error {
            counts.failed.add(1);
            self.stats.errors.add(1);
            self.engine.stats.error(error);
        }
    }

    /// Ends a wait unless somebody else has ended it; answers whether it did.
    fn end_wait(&self, waiter: &Waiter) -> bool {
        let (engine, spec) = (&self.engine, &waiter.command.spec);
        let args = waiter.args.as_args();
        let mut keys = engine.keyspace.keys(waiter.db, waiter.since);
        if lock(&mut keys, spec, args, None).is_err() {
            return false;
        }
        let ended = waiter.begin_serving();
        if ended {
            leave_queues(engine, &mut keys, waiter);
            waiter.finish();
        }
        ended
    }

    /// Forgets everything that the server holds for a session whose connection has ended.
    pub fn disconnect(&self, session: &mut Session) {
        self.abandon(session);
        if let Some(waiter) = session.waiting.take() {
            // If somebody has served it just now, the answer goes to nobody, as in Redis.
            if !self.end_wait(&waiter) && waiter.begin_serving() {
                // A busy script has the queues: there, a waiter that is done is passed over.
                self.engine.waiters.remove(waiter.id);
                waiter.finish();
            }
        }
        self.engine.pause.postpone(session, false);
        self.engine.unwatch(session);
        self.engine.unsubscribe_all(session);
        self.engine.remove_monitor(&session.client);
        self.engine.replication.remove(&session.client);
        self.engine.stop_tracking(&session.client);
        self.engine.client_memory.forget(&session.client);
        self.engine.clients.remove(session.client.id);
    }
}

/// Takes a waiter out of all queues. The stripes of its keys are locked.
fn leave_queues(engine: &Engine, keys: &mut Keys<'_>, waiter: &Waiter) {
    let keyspace = &engine.keyspace;
    for key in &waiter.request.keys {
        let stripe = keys.held_stripe(keyspace.stripe_of(keyspace.hash(key)));
        stripe.stop_waiting(waiter.db, key, waiter.id, waiter.request.needs_keys);
    }
    engine.waiters.remove(waiter.id);
    waiter.client.set_flag(flags::BLOCKED, false);
}

/// The keys that have changed and are not done with.
struct Round {
    /// Each with its database. The first is being worked on.
    ready: VecDeque<Ready>,
    /// The last waiter that was looked at for the first key; 0: none yet.
    last: WaiterId,
}

impl Round {
    /// Adds keys that serving has changed. The one that is being worked on is done anyway.
    fn add(&mut self, ready: Vec<Ready>) {
        let current = self.ready.front();
        let new: Vec<Ready> = ready.into_iter().filter(|key| Some(key) != current).collect();
        self.ready.extend(new);
    }

    /// The next waiter that there may be something for; its stripes are locked, and it is for the
    /// caller to serve.
    fn next(&mut self, engine: &Engine, keys: &mut Keys<'_>) -> Option<Arc<Waiter>> {
        loop {
            let (db, key) = self.ready.front()?;
            keys.select(*db);
            if !keys.holds_keys([&**key].into_iter()) {
                keys.lock_keys([&**key].into_iter());
            }
            let stripe = engine.keyspace.stripe_of(engine.keyspace.hash(key));
            let kind = keys.glance(key);
            let stripe = keys.held_stripe(stripe);
            let next = match kind.is_some() || stripe.is_needed(*db, key) {
                true => stripe.next_waiter(*db, key, self.last),
                false => None,
            };
            let Some(id) = next else {
                self.ready.pop_front();
                self.last = 0;
                continue;
            };
            let concerned = |waiter: &Arc<Waiter>| {
                kind == Some(waiter.request.wanted) || waiter.request.needs_keys
            };
            let waiter = engine.waiters.get(id).filter(concerned);
            let Some(waiter) = waiter else {
                self.last = id;
                continue;
            };
            if lock_for(&waiter, keys) {
                // The key was out of our hands: look again.
                continue;
            }
            self.last = id;
            if waiter.begin_serving() {
                return Some(waiter);
            }
        }
    }
}

/// Locks the stripes of a waiting command, if they are not locked; answers whether other locks had
/// to be given back.
fn lock_for(waiter: &Waiter, keys: &mut Keys<'_>) -> bool {
    let (spec, args) = (&waiter.command.spec, waiter.args.as_args());
    if spec.locks != Locks::Keys {
        let held = keys.holds_all();
        keys.lock_all();
        return !held;
    }
    let positions = spec.key_positions(args);
    let words = || positions.iter().filter_map(|position| args.get(position.index));
    if keys.holds_keys(words()) {
        return false;
    }
    keys.lock_keys(words());
    true
}
