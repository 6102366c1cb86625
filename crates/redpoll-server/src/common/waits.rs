//! Connections that wait: for the log, for the end of a pause or of a rest, for a deadline, or for
//! a busy script; and those that have more to do than one turn's worth.

use super::Common;
use crate::hands::{Hands, Lane};
use redpoll_engine::client::ClientId;
use std::cmp::Reverse;
use std::sync::atomic::Ordering::SeqCst;

impl Common {
    /// Whether replies wait for the log.
    pub fn holds_replies(&self) -> bool {
        !self.held.borrow().is_empty()
    }

    /// Sends replies that waited for the log, which has come far enough.
    pub fn release_held(&self, hands: &mut Hands, now: i64) {
        if self.held.borrow().is_empty() {
            return;
        }
        // Announced before looking, so that a step of the log between the two wakes the worker.
        self.mailbox.holds.store(true, SeqCst);
        let until = self.engine.persistence.aof.released();
        let held = std::mem::take(&mut *self.held.borrow_mut());
        for client in held {
            let Some(shared) = self.find(client) else { continue };
            let Ok(mut connection) = shared.try_borrow_mut() else {
                self.held.borrow_mut().push(client);
                continue;
            };
            if connection.held_until().is_some_and(|wanted| wanted > until) {
                self.held.borrow_mut().push(client);
                continue;
            }
            connection.in_held = false;
            drop(connection);
            self.serve(hands, client, now, |connection, hands, now| {
                connection.released(&mut hands.executor, &mut hands.scratch, now)
            });
        }
        if self.held.borrow().is_empty() {
            self.mailbox.holds.store(false, SeqCst);
        }
    }

    /// Goes on with connections that had more than one turn's worth, and with paused ones.
    pub fn go_on(&self, hands: &mut Hands, now: i64) {
        let count = self.again.borrow().len();
        for _ in 0..count {
            let client = self.again.borrow_mut().pop_front();
            if let Some(client) = client {
                self.serve(hands, client, now, Self::turn);
            }
        }
        let paused = std::mem::take(&mut *self.paused.borrow_mut());
        for client in paused {
            self.serve(hands, client, now, Self::turn);
        }
    }

    /// Ends blocking commands and rests whose time is over, and tries those again that want it by
    /// now; not while a script is busy, which may have what they wait in.
    pub fn end_waits(&self, hands: &mut Hands, now: i64) {
        while self.engine.scripts.busy().is_none() {
            let first = self.deadlines.borrow().peek().map(|Reverse(first)| *first);
            let Some((_, client)) = first.filter(|(due, _)| *due <= now) else {
                return;
            };
            self.deadlines.borrow_mut().pop();
            self.end_rest(hands, client, now);
            let waiter = self.find(client).and_then(|it| it.borrow().session.waiting.clone());
            match waiter {
                Some(waiter) if waiter.deadline <= now => {
                    self.serve(hands, client, now, |connection, hands, now| {
                        connection.timed_out(&mut hands.executor, &mut hands.scratch, now)
                    });
                }
                Some(waiter) if waiter.look_again_at() <= now => {
                    self.serve(hands, client, now, |connection, hands, now| {
                        connection.look_again(&mut hands.executor, &mut hands.scratch, now)
                    });
                }
                _ => {}
            }
        }
    }

    /// Lets a connection go on whose rest is over.
    fn end_rest(&self, hands: &mut Hands, client: ClientId, now: i64) {
        let until = self.find(client).and_then(|connection| connection.borrow().rests_until());
        if until.is_some_and(|until| until <= now) {
            self.serve(hands, client, now, |connection, hands, now| {
                connection.rested(&mut hands.executor, &mut hands.scratch, now)
            });
        }
    }

    /// Whether something is to be done without anybody asking again.
    pub fn has_more(&self) -> bool {
        !(self.again.borrow().is_empty() && self.held.borrow().is_empty())
    }

    /// Whether something has been put off because of a busy script.
    pub fn has_put_off(&self) -> bool {
        !(self.missed.borrow().is_empty()
            && self.wake_later.borrow().is_empty()
            && self.close_later.borrow().is_empty())
    }

    /// Does what could not be done while a script was busy.
    pub fn catch_up(&self, hands: &mut Hands, now: i64) {
        if !self.has_put_off() || self.engine.scripts.busy().is_some() {
            return;
        }
        let missed = std::mem::take(&mut *self.missed.borrow_mut());
        for (client, flags) in missed {
            let mut lane = Lane::with_buffer();
            if self.arrived(hands, client, flags, &mut lane, now) {
                self.ready.borrow_mut().push_back((client, lane));
                self.run_lane(hands, now);
            }
        }
        let woken = std::mem::take(&mut *self.wake_later.borrow_mut());
        woken.into_iter().for_each(|client| self.wake(hands, client, now));
        let closed = std::mem::take(&mut *self.close_later.borrow_mut());
        closed.into_iter().for_each(|client| self.close(hands, client));
    }
}
