//! Requests that wait for their replies, in the order in which they were sent.

use crate::cmd::{Expect, is_confirmation};
use crate::value::Value;
use std::collections::VecDeque;
use std::task::Waker;

/// What a request has got.
pub struct Replies {
    /// All but the last, if there are several.
    pub before: Vec<Value>,
    /// The last or only one.
    pub last: Value,
}

/// A request.
struct Slot {
    expect: Expect,
    before: Vec<Value>,
    last: Option<Value>,
    waker: Option<Waker>,
    /// Nobody waits for it any more.
    abandoned: bool,
}

/// See the module's head.
#[derive(Default)]
pub struct Slots {
    slots: Vec<Slot>,
    /// Those of them that are not in use.
    free: Vec<usize>,
    /// Those whose replies are still to come.
    order: VecDeque<usize>,
}

/// Replies that room is made for before they come.
const RESERVE_MAX: usize = 1024;

impl Slots {
    /// Notes a request that is sent now.
    pub fn begin(&mut self, expect: Expect) -> usize {
        let before = match expect {
            Expect::Replies(count) => Vec::with_capacity((count - 1).min(RESERVE_MAX)),
            Expect::Confirmations(_) => Vec::new(),
        };
        let slot = Slot { expect, before, last: None, waker: None, abandoned: false };
        let index = match self.free.pop() {
            Some(index) => {
                self.slots[index] = slot;
                index
            }
            None => {
                self.slots.push(slot);
                self.slots.len() - 1
            }
        };
        self.order.push_back(index);
        index
    }

    /// Whether somebody waits.
    pub fn any_waiting(&self) -> bool {
        !self.order.is_empty()
    }

    /// Gives a reply to the request that it belongs to. Gives it back if there is none: then it is
    /// a push for everybody, or nonsense.
    pub fn deliver(&mut self, value: Value) -> Result<(), Value> {
        let Some(index) = self.order.front().copied() else { return Err(value) };
        let slot = &mut self.slots[index];
        let done = match (slot.expect, &value) {
            (Expect::Confirmations(left), Value::Push(_)) if is_confirmation(&value) => {
                slot.expect = Expect::Confirmations(left - 1);
                left == 1
            }
            (_, Value::Push(_)) => return Err(value),
            (Expect::Replies(left), _) if left > 1 => {
                slot.expect = Expect::Replies(left - 1);
                slot.before.push(value);
                return Ok(());
            }
            // The only or last reply, or an error in place of confirmations.
            _ => true,
        };
        if !done {
            return Ok(());
        }
        self.order.pop_front();
        if slot.abandoned {
            slot.before = Vec::new();
            self.free.push(index);
            return Ok(());
        }
        slot.last = Some(value);
        if let Some(waker) = slot.waker.take() {
            waker.wake();
        }
        Ok(())
    }

    /// Takes what a request has got, if it has got everything.
    pub fn take(&mut self, index: usize) -> Option<Replies> {
        let slot = &mut self.slots[index];
        let last = slot.last.take()?;
        let before = std::mem::take(&mut slot.before);
        self.free.push(index);
        Some(Replies { before, last })
    }

    /// Says whom to wake when a request has got everything.
    pub fn wait(&mut self, index: usize, waker: &Waker) {
        match &mut self.slots[index].waker {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }

    /// Nobody waits for this request any more.
    pub fn abandon(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        if slot.last.take().is_some() {
            slot.before = Vec::new();
            self.free.push(index);
        } else {
            slot.abandoned = true;
            slot.waker = None;
        }
    }

    /// Wakes everybody: nothing will come any more.
    pub fn wake_all(&mut self) {
        self.slots.iter_mut().filter_map(|slot| slot.waker.take()).for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(kind: &str) -> Value {
        Value::Push(vec![Value::Bulk(kind.into()), Value::Bulk(b"c".to_vec())])
    }

    #[test]
    fn replies_go_to_requests_in_order() {
        let mut slots = Slots::default();
        let (one, two) = (slots.begin(Expect::Replies(1)), slots.begin(Expect::Replies(3)));
        for number in 1..=4 {
            assert!(slots.deliver(Value::Integer(number)).is_ok());
        }
        let replies = slots.take(two).expect("all three");
        assert_eq!(replies.before, [Value::Integer(2), Value::Integer(3)]);
        assert_eq!(replies.last, Value::Integer(4));
        assert_eq!(slots.take(one).map(|replies| replies.last), Some(Value::Integer(1)));
        assert!(slots.deliver(Value::Integer(5)).is_err() && !slots.any_waiting());
        // Both are free again.
        assert!(slots.begin(Expect::Replies(1)) < 2 && slots.begin(Expect::Replies(1)) < 2);
    }

    #[test]
    fn abandoned_requests_keep_their_place() {
        let mut slots = Slots::default();
        let (one, two) = (slots.begin(Expect::Replies(2)), slots.begin(Expect::Replies(1)));
        slots.abandon(one);
        for number in 1..=3 {
            assert!(slots.deliver(Value::Integer(number)).is_ok());
        }
        assert_eq!(slots.take(two).map(|replies| replies.last), Some(Value::Integer(3)));
        let late = slots.begin(Expect::Replies(1));
        assert!(slots.deliver(Value::Null).is_ok());
        slots.abandon(late);
        assert_eq!(slots.slots.len(), 2);
    }

    #[test]
    fn confirmations_are_counted_and_other_pushes_are_not() {
        let mut slots = Slots::default();
        let wait = slots.begin(Expect::Confirmations(2));
        assert!(slots.deliver(push("subscribe")).is_ok());
        assert!(slots.deliver(push("message")).is_err());
        assert!(slots.take(wait).is_none());
        assert!(slots.deliver(push("subscribe")).is_ok());
        assert!(slots.take(wait).is_some());
        let refused = slots.begin(Expect::Confirmations(2));
        assert!(slots.deliver(Value::Error(b"NOPERM".to_vec())).is_ok());
        assert!(slots.take(refused).is_some());
        // A reply that is expected is not mistaken for one.
        slots.begin(Expect::Replies(1));
        assert!(slots.deliver(push("subscribe")).is_err());
    }
}
