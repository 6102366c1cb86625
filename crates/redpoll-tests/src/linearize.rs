//! Is there an order of these operations, each at one moment between its call and its return, in
//! which every answer is right?
//!
//! The search is that of Wing and Gong with Lowe's memory: calls and returns lie in a list by time;
//! the first operations that have not been placed may come next, any of them; a return that is met
//! before its operation has been placed shows that an earlier choice was wrong. Which operations
//! have been placed and what state they led to is remembered, so that no situation is tried twice.
//!
//! Linearizability is local: a history is explained if that of every object is. So operations name
//! the part they act on, and parts are searched one by one, which keeps the search short.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Debug;
use std::hash::Hash;

/// What an object does, in sequence.
pub trait Model {
    /// The object's state.
    type State: Clone + Eq + Hash + Default;
    /// What is asked of it.
    type Call: Debug;
    /// What it answers.
    type Answer: PartialEq + Debug;

    /// Carries out a call and tells the right answer.
    fn apply(state: &mut Self::State, call: &Self::Call) -> Self::Answer;
}

/// One finished operation of one client.
pub struct Operation<M: Model> {
    /// The object it acted on; operations of different parts have nothing in common.
    pub part: usize,
    /// When it was called, on a clock that all clients share.
    pub called: u64,
    /// When its answer was there.
    pub returned: u64,
    /// What was asked.
    pub call: M::Call,
    /// What was answered.
    pub answer: M::Answer,
}

/// What the search has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every answer is explained.
    Explained,
    /// No order explains this part's answers.
    Violation {
        /// The part.
        part: usize,
        /// The operations that any order fails at the latest, for people to read.
        around: String,
    },
    /// The search was given up: too many possible orders.
    Undecided,
}

/// Checks a history, spending at most `budget` steps on each part.
pub fn check<M: Model>(history: &[Operation<M>], budget: u64) -> Verdict {
    let mut parts: BTreeMap<usize, Vec<&Operation<M>>> = BTreeMap::new();
    for operation in history {
        parts.entry(operation.part).or_default().push(operation);
    }
    let mut verdict = Verdict::Explained;
    for (part, operations) in parts {
        match Search::new(&operations).run(budget) {
            Outcome::Explained => {}
            Outcome::Stuck(around) => return Verdict::Violation { part, around },
            Outcome::Undecided => verdict = Verdict::Undecided,
        }
    }
    verdict
}

enum Outcome {
    Explained,
    Stuck(String),
    Undecided,
}

/// The list's sentinel: in front of the first event and behind the last.
const ENDS: usize = 0;

/// An event of the list: a call or a return of an operation.
#[derive(Clone, Copy)]
struct Event {
    operation: usize,
    is_return: bool,
}

struct Search<'a, M: Model> {
    operations: &'a [&'a Operation<M>],
    /// Event `i` is at list position `i + 1`.
    events: Vec<Event>,
    next: Vec<usize>,
    previous: Vec<usize>,
    /// Where each operation's return is.
    returns: Vec<usize>,
    /// Operations placed so far, a bit each.
    placed: Vec<u64>,
    tried: HashSet<(Vec<u64>, M::State)>,
}

impl<'a, M: Model> Search<'a, M> {
    fn new(operations: &'a [&'a Operation<M>]) -> Self {
        let mut times: Vec<(u64, Event)> = Vec::new();
        for (index, operation) in operations.iter().enumerate() {
            times.push((operation.called, Event { operation: index, is_return: false }));
            times.push((operation.returned, Event { operation: index, is_return: true }));
        }
        // At the same tick a call precedes a return: the two count as overlapping.
        times.sort_by_key(|(time, event)| (*time, event.is_return));
        let events: Vec<Event> = times.into_iter().map(|(_, event)| event).collect();
        let mut returns = vec![ENDS; operations.len()];
        for (index, event) in events.iter().enumerate().filter(|(_, event)| event.is_return) {
            returns[event.operation] = index + 1;
        }
        let length = events.len() + 1;
        Search {
            next: (0..length).map(|at| (at + 1) % length).collect(),
            previous: (0..length).map(|at| (at + length - 1) % length).collect(),
            placed: vec![0; operations.len().div_ceil(64)],
            tried: HashSet::new(),
            operations,
            events,
            returns,
        }
    }

    fn run(mut self, budget: u64) -> Outcome {
        let mut state = M::State::default();
        let mut path: Vec<(usize, M::State)> = Vec::new();
        let mut furthest = (0, String::new());
        let mut at = self.next[ENDS];
        for _ in 0..budget {
            if self.next[ENDS] == ENDS {
                return Outcome::Explained;
            }
            let event = self.events[at - 1];
            if !event.is_return {
                match self.place(&state, event.operation) {
                    Some(after) => {
                        path.push((at, std::mem::replace(&mut state, after)));
                        self.unlink(at);
                        at = self.next[ENDS];
                    }
                    None => at = self.next[at],
                }
                continue;
            }
            if path.len() >= furthest.0 {
                furthest = (path.len(), self.describe(event.operation));
            }
            let Some((call, before)) = path.pop() else { return Outcome::Stuck(furthest.1) };
            state = before;
            let operation = self.events[call - 1].operation;
            self.placed[operation / 64] &= !(1 << (operation % 64));
            self.relink(call);
            at = self.next[call];
        }
        Outcome::Undecided
    }

    /// Places an operation next, if its answer is right there and the outcome has not been tried.
    fn place(&mut self, state: &M::State, operation: usize) -> Option<M::State> {
        let mut after = state.clone();
        let asked = self.operations[operation];
        if M::apply(&mut after, &asked.call) != asked.answer {
            return None;
        }
        self.placed[operation / 64] |= 1 << (operation % 64);
        if self.tried.insert((self.placed.clone(), after.clone())) {
            return Some(after);
        }
        self.placed[operation / 64] &= !(1 << (operation % 64));
        None
    }

    /// Takes an operation's call and return out of the list.
    fn unlink(&mut self, call: usize) {
        for at in [call, self.returns[self.events[call - 1].operation]] {
            let (before, behind) = (self.previous[at], self.next[at]);
            self.next[before] = behind;
            self.previous[behind] = before;
        }
    }

    /// Puts them back: to be done in the opposite order of taking out.
    fn relink(&mut self, call: usize) {
        for at in [self.returns[self.events[call - 1].operation], call] {
            let (before, behind) = (self.previous[at], self.next[at]);
            self.next[before] = at;
            self.previous[behind] = at;
        }
    }

    /// The operation that could not be placed, and those open at the same time.
    fn describe(&self, operation: usize) -> String {
        let stuck = self.operations[operation];
        let mut around: Vec<&&Operation<M>> = self
            .operations
            .iter()
            .filter(|o| o.called <= stuck.returned && o.returned >= stuck.called)
            .collect();
        around.sort_by_key(|operation| operation.called);
        let lines = around.iter().map(|o| {
            format!("{:>12}..{:<12} {:?} -> {:?}\n", o.called, o.returned, o.call, o.answer)
        });
        lines.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Register;

    #[derive(Debug, Clone, Copy)]
    enum Call {
        Set(u8),
        Get,
    }
    use Call::{Get, Set};

    impl Model for Register {
        type State = u8;
        type Call = Call;
        type Answer = u8;

        fn apply(state: &mut u8, call: &Call) -> u8 {
            match *call {
                Set(value) => {
                    *state = value;
                    0
                }
                Get => *state,
            }
        }
    }

    fn verdict(history: &[(u64, u64, Call, u8)]) -> Verdict {
        let operations: Vec<Operation<Register>> = history
            .iter()
            .map(|&(called, returned, call, answer)| Operation {
                part: 3,
                called,
                returned,
                call,
                answer,
            })
            .collect();
        check(&operations, 1_000_000)
    }

    fn is_violation(history: &[(u64, u64, Call, u8)]) -> bool {
        matches!(verdict(history), Verdict::Violation { part: 3, .. })
    }

    #[test]
    fn nothing_is_explained() {
        assert_eq!(verdict(&[]), Verdict::Explained);
    }

    #[test]
    fn an_overlapping_write_may_be_seen_or_not() {
        for seen in [0, 1] {
            assert_eq!(verdict(&[(0, 10, Set(1), 0), (2, 8, Get, seen)]), Verdict::Explained);
        }
        assert!(is_violation(&[(0, 10, Set(1), 0), (2, 8, Get, 2)]));
    }

    #[test]
    fn a_stale_read_is_a_violation() {
        assert!(is_violation(&[(0, 1, Set(1), 0), (2, 3, Get, 0)]));
    }

    #[test]
    fn a_value_seen_once_does_not_vanish() {
        // The write overlaps both reads; the later read may not go back behind the earlier.
        let write = (0, 10, Set(1), 0);
        assert!(is_violation(&[write, (1, 2, Get, 1), (3, 4, Get, 0)]));
        assert_eq!(verdict(&[write, (1, 2, Get, 0), (3, 4, Get, 1)]), Verdict::Explained);
    }

    #[test]
    fn two_clients_may_not_see_two_orders() {
        let writes = [(0, 10, Set(1), 0), (0, 10, Set(2), 0)];
        let reads = [(11, 12, Get, 1), (13, 14, Get, 2)];
        assert!(is_violation(&[writes[0], writes[1], reads[0], reads[1]]));
        assert_eq!(verdict(&[writes[0], writes[1], reads[0]]), Verdict::Explained);
    }

    #[test]
    fn going_back_undoes_a_wrong_first_choice() {
        // The first call listed must come last for both reads to be right.
        let history = [
            (0, 20, Set(1), 0),
            (1, 20, Set(2), 0),
            (2, 20, Set(3), 0),
            (3, 20, Get, 3),
            (21, 22, Get, 1),
        ];
        assert_eq!(verdict(&history), Verdict::Explained);
    }

    #[test]
    fn a_violation_is_shown() {
        let Verdict::Violation { around, .. } = verdict(&[(0, 1, Set(1), 0), (2, 3, Get, 0)])
        else {
            panic!("not found");
        };
        assert!(around.contains("Get -> 0"), "{around}");
    }

    #[test]
    fn the_search_is_bounded() {
        let operations: Vec<Operation<Register>> = (0..40)
            .map(|n| Operation { part: 0, called: n, returned: 100, call: Set(n as u8), answer: 0 })
            .chain([Operation { part: 0, called: 101, returned: 102, call: Get, answer: 99 }])
            .collect();
        assert_eq!(check(&operations, 10_000), Verdict::Undecided);
    }

    #[test]
    fn parts_have_nothing_in_common() {
        let operation = |part, called, call, answer| Operation::<Register> {
            part,
            called,
            returned: called + 1,
            call,
            answer,
        };
        let history = [operation(0, 0, Set(1), 0), operation(1, 5, Get, 0)];
        assert_eq!(check(&history, 1000), Verdict::Explained);
    }
}
