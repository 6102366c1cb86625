//! The way of a long answer to its client: in parts, no faster than that reads.

use super::{Background, Task, current, slices};
use crate::engine::Engine;
use redpoll_resp::Valve;
use std::sync::Arc;

/// Bytes of an answer that is there as a whole which are sent together.
const PART: usize = 64 << 10;

/// See the module's head. Several threads may hold it, and send parts in any order.
#[derive(Clone)]
pub struct Flow {
    engine: Arc<Engine>,
    task: Arc<Task>,
}

impl Flow {
    /// For the answer of a task.
    pub(crate) fn new(engine: &Arc<Engine>, task: &Arc<Task>) -> Self {
        Flow { engine: Arc::clone(engine), task: Arc::clone(task) }
    }

    /// For the answer of the task that the calling thread works on.
    pub fn of_this(engine: &Arc<Engine>) -> Option<Self> {
        Some(Flow::new(engine, &current()?))
    }

    /// Sends a part, which is empty afterwards, when the client has read what it was sent before:
    /// or as soon as `hurry` says that there is no time to wait for it.
    pub fn send(&self, part: &mut Vec<u8>, hurry: &dyn Fn() -> bool) {
        match self.task.is_answered() {
            true => self.engine.background.feed(&self.task, part, hurry),
            false => part.clear(),
        }
        self.task.go_on_or_end();
        slices::give_way();
    }

    /// Sends what is left of an answer: in parts as well, so that nobody copies all of it at once.
    pub(crate) fn rest(&mut self, rest: &mut Vec<u8>) {
        let rest = std::mem::take(rest);
        rest.chunks(PART).for_each(|part| self.pass(&mut part.to_vec(), 0));
    }
}

impl Valve for Flow {
    fn pass(&mut self, part: &mut Vec<u8>, elements: usize) {
        self.task.advance(elements);
        self.send(part, &|| false);
    }
}

impl Background {
    /// Gives a part of an answer out. Where many threads wait for their clients already, this one
    /// does not, and the answer gathers in memory.
    fn feed(&self, task: &Task, part: &mut Vec<u8>, hurry: &dyn Fn() -> bool) {
        match self.may_hold() {
            true => task.feed(part, hurry, |on| self.hold(on)),
            false => task.gather(part),
        }
    }
}
