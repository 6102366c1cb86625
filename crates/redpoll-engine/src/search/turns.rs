//! Turns: how many long queries run at once, and for how long one runs while others wait.
//!
//! Under `search-mode parallel` a query runs to its end, beside as many others as there are threads
//! for searches. Under `slices` there is one turn, which goes round: whoever has had it for a slice
//! gives it to who has waited longest.

use crate::background::{self, Background};
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How often who waits looks whether its answer is still wanted.
const LOOK: Duration = Duration::from_millis(50);

/// See the module's head.
#[derive(Default)]
pub struct Turns {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    running: usize,
    /// Those who wait, the longest first, by numbers.
    waiting: VecDeque<u64>,
    last: u64,
    passed: u64,
}

/// What a query may be told to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// How many run at once.
    pub most: usize,
    /// How long one runs while others wait.
    pub slice: Option<Duration>,
}

/// How long queries wait for their turns, for INFO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// Queries that have a turn.
    pub running: usize,
    /// Queries that wait for one.
    pub waiting: usize,
    /// How often a turn was given on before its query's end.
    pub passed: u64,
}

impl Turns {
    /// Waits for a turn. The calling thread belongs to the pool; its place there is given to
    /// another meanwhile. Ends by unwinding if the answer is not wanted any more.
    pub fn take(self: &Arc<Self>, rule: Rule, pool: &Background) -> Turn {
        self.wait(rule.most, pool);
        let since = Mutex::new(Instant::now());
        Turn { turns: Arc::clone(self), rule, since, held: AtomicBool::new(true) }
    }

    fn wait(&self, most: usize, pool: &Background) {
        let mut state = self.state.lock();
        if state.running < most && state.waiting.is_empty() {
            state.running += 1;
            return;
        }
        state.last += 1;
        let number = state.last;
        state.waiting.push_back(number);
        drop(state);
        // Where many wait already, this one keeps its place.
        let holds = pool.may_hold();
        if holds {
            pool.hold(true);
        }
        let wanted = self.wait_as(number, most);
        if holds {
            pool.hold(false);
        }
        if !wanted {
            // Its end is asked for: this unwinds.
            background::check();
        }
    }

    /// Waits until it is the turn of this number; false if the answer is not wanted any more.
    fn wait_as(&self, number: u64, most: usize) -> bool {
        let mut state = self.state.lock();
        while state.waiting.front() != Some(&number) || state.running >= most {
            self.changed.wait_for(&mut state, LOOK);
            if background::is_to_end() {
                state.waiting.retain(|other| *other != number);
                self.changed.notify_all();
                return false;
            }
        }
        state.waiting.pop_front();
        state.running += 1;
        // There may be room for the next one, too.
        self.changed.notify_all();
        true
    }

    fn give_back(&self) {
        self.state.lock().running -= 1;
        self.changed.notify_all();
    }

    /// How many run and wait.
    pub fn queue(&self) -> Queue {
        let state = self.state.lock();
        Queue { running: state.running, waiting: state.waiting.len(), passed: state.passed }
    }
}

/// A query's turn, given back when it is dropped.
pub struct Turn {
    turns: Arc<Turns>,
    rule: Rule,
    since: Mutex<Instant>,
    held: AtomicBool,
}

impl Turn {
    /// Gives the turn to who waits, if it was held for a slice, and waits for the next one.
    pub fn pass_on(&self, pool: &Background) {
        let Some(slice) = self.rule.slice else { return };
        let mut since = self.since.lock();
        if since.elapsed() < slice {
            return;
        }
        let others = {
            let mut state = self.turns.state.lock();
            let others = !state.waiting.is_empty();
            state.passed += u64::from(others);
            others
        };
        if others {
            self.held.store(false, Relaxed);
            self.turns.give_back();
            self.turns.wait(self.rule.most, pool);
            self.held.store(true, Relaxed);
        } else {
            std::thread::yield_now();
        }
        *since = Instant::now();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if *self.held.get_mut() {
            self.turns.give_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;
    use std::thread;

    #[test]
    fn no_more_run_than_may() {
        let (turns, pool) = (Arc::new(Turns::default()), Background::default());
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let rule = Rule { most: 2, slice: None };
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let turn = turns.take(rule, &pool);
                        most.fetch_max(now.fetch_add(1, Relaxed) + 1, Relaxed);
                        thread::yield_now();
                        now.fetch_sub(1, Relaxed);
                        turn.pass_on(&pool);
                    }
                });
            }
        });
        assert!(most.load(Relaxed) <= 2);
        assert_eq!(turns.queue(), Queue::default());
    }

    #[test]
    fn a_turn_goes_round() {
        let (turns, pool) = (Arc::new(Turns::default()), Background::default());
        let rule = Rule { most: 1, slice: Some(Duration::ZERO) };
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                let turn = turns.take(rule, &pool);
                // Without its being passed on, the other would never come to its end.
                while !done.load(Relaxed) {
                    turn.pass_on(&pool);
                }
            });
            scope.spawn(|| {
                drop(turns.take(rule, &pool));
                done.store(true, Relaxed);
            });
        });
        assert_eq!((turns.queue().running, turns.queue().waiting), (0, 0));
    }
}
