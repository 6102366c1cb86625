//! One request, from its sending to its last reply.

use super::link::Shared;
use super::slots::Replies;
use crate::cmd::Expect;
use crate::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::task::coop;

/// See the module's head.
pub struct Request<'a> {
    shared: &'a Shared,
    encode: &'a (dyn Fn(&mut Vec<u8>) + Sync),
    expect: Expect,
    state: State,
}

enum State {
    /// Not sent.
    New,
    /// Waits, under this number.
    Sent(usize),
    /// Has got its replies.
    Done,
}

impl<'a> Request<'a> {
    /// Nothing is sent before it is waited for.
    pub fn new(
        shared: &'a Shared,
        encode: &'a (dyn Fn(&mut Vec<u8>) + Sync),
        expect: Expect,
    ) -> Self {
        Request { shared, encode, expect, state: State::New }
    }
}

impl Future for Request<'_> {
    type Output = Result<Replies, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Replies come at once so often that a task might never let another one run.
        let turn = ready!(coop::poll_proceed(cx));
        let mut link = self.shared.lock();
        let slot = match self.state {
            State::Sent(slot) => slot,
            State::New | State::Done => {
                if let Some(failure) = link.failure() {
                    return Poll::Ready(Err(failure.error()));
                }
                if link.is_crowded() {
                    link.queue_up(cx.waker());
                    return Poll::Pending;
                }
                let slot = link.begin(self.encode, self.expect);
                self.state = State::Sent(slot);
                if let Some(replies) = link.spin_for(slot, self.shared) {
                    link.settle();
                    turn.made_progress();
                    self.state = State::Done;
                    return Poll::Ready(Ok(replies));
                }
                slot
            }
        };
        let mut taken = link.take_or_wait(slot, cx.waker());
        link.settle();
        if taken.is_none() {
            // Settling may have brought it.
            taken = link.take_or_wait(slot, cx.waker());
        }
        match taken {
            Some(result) => {
                turn.made_progress();
                if result.is_ok() {
                    self.state = State::Done;
                }
                Poll::Ready(result)
            }
            None => Poll::Pending,
        }
    }
}

impl Drop for Request<'_> {
    fn drop(&mut self) {
        if let State::Sent(slot) = self.state {
            self.shared.lock().abandon(slot);
        }
    }
}
