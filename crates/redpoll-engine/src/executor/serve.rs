//! Serving clients that wait: their command runs again, here, on their behalf.

use super::Executor;
use super::run::{Ready, lock};
use crate::block::{TimeoutReply, Waiter};
use crate::ctx::{Ctx, Mode};
use crate::session::Session;
use redpoll_resp::Reply;
use std::collections::VecDeque;
use std::sync::Arc;

impl Executor {
    /// Serves the clients that wait for keys that have changed, the first come first; serving one may
    /// make further keys ready (BLMOVE).
    pub fn serve(&mut self, ready: Vec<(usize, Box<[u8]>)>, now: i64) {
        let mut ready: VecDeque<Ready> = ready.into();
        while let Some((db, key)) = ready.pop_front() {
            let engine = self.engine.clone();
            let stripe = engine.keyspace.stripe_of(engine.keyspace.hash(&key));
            let waiters = engine.keyspace.lock(stripe).waiters(db, &key);
            for id in waiters {
                let Some(waiter) = engine.waiters.get(id) else { continue };
                let mut look = engine.keyspace.keys(db, now);
                look.lock_key(&key);
                let kind = look.type_of(&key);
                drop(look);
                if kind.is_none() {
                    break;
                }
                if kind == Some(waiter.request.wanted) && waiter.begin_serving() {
                    ready.extend(self.retry(&waiter, now));
                }
            }
        }
    }

    /// Runs a waiting command again. Ends its wait if it has an answer now.
    fn retry(&mut self, waiter: &Arc<Waiter>, now: i64) -> Vec<Ready> {
        let Executor { engine, stats, rng, settings, .. } = &mut *self;
        let mut session = Session::new(Arc::clone(&waiter.client), true);
        session.db = waiter.db;
        session.proto = waiter.proto;
        let args = waiter.args.as_args();
        let mut keys = lock(&engine.keyspace, &waiter.command.spec, args, None, waiter.db, now);
        keys.effects.wanted = settings.wanted_events;
        let mut out = Vec::new();
        let mut ctx = Ctx {
            engine,
            reply: Reply::new(&mut out, waiter.proto),
            session: &mut session,
            keys,
            rng,
            limits: &settings.limits,
            mode: Mode::Resumed,
            stats,
            action: None,
            rewritten: None,
        };
        if let Err(error) = (waiter.command.run)(&mut ctx, args) {
            ctx.reply.rewind(0);
            ctx.reply.error(error.message().as_bytes());
        }
        let blocked_again = ctx.action.is_some();
        let ready = Self::settle(engine, stats, &mut ctx.keys);
        drop(ctx);
        if blocked_again {
            waiter.keep_waiting();
        } else {
            self.end_wait(waiter);
            waiter.client.send(&out);
        }
        ready
    }

    /// Takes a waiter out of all queues; its state is `Done` afterwards.
    fn end_wait(&self, waiter: &Waiter) {
        let keyspace = &self.engine.keyspace;
        for key in &waiter.request.keys {
            let stripe = keyspace.stripe_of(keyspace.hash(key));
            keyspace.lock(stripe).stop_waiting(waiter.db, key, waiter.id);
        }
        self.engine.waiters.remove(waiter.id);
        waiter.finish();
    }

    /// Ends a session's wait without an answer from its keys: its time is over, or it was asked to end
    /// (with an error if `unblocked`). Writes the reply to `out`. Does nothing, and answers false, if
    /// somebody is serving the client at this moment.
    pub fn give_up(&self, session: &mut Session, unblocked: bool, out: &mut Vec<u8>) -> bool {
        let Some(waiter) = session.waiting.clone() else { return true };
        if !waiter.begin_serving() {
            return waiter.is_done();
        }
        self.end_wait(&waiter);
        session.waiting = None;
        let mut reply = Reply::new(out, session.proto);
        match (unblocked, waiter.request.on_timeout) {
            (true, _) => reply.error(b"UNBLOCKED client unblocked via CLIENT UNBLOCK"),
            (false, TimeoutReply::Null) => reply.null(),
            (false, TimeoutReply::NullArray) => reply.null_array(),
            (false, TimeoutReply::Zero) => reply.int(0),
        }
        true
    }

    /// Forgets everything that the server holds for a session whose connection has ended.
    pub fn disconnect(&self, session: &mut Session) {
        if let Some(waiter) = session.waiting.take() {
            // If somebody serves it right now, the answer goes to nobody, as in Redis.
            self.end_wait(&waiter);
        }
        self.engine.unwatch(session);
        self.engine.unsubscribe_all(session);
        self.engine.remove_monitor(&session.client);
        self.engine.clients.remove(session.client.id);
    }
}
