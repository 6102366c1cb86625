//! A task of the background: what others see of it, and its reply on the way to its client.

use crate::client::Client;
use crate::spec::Command;
use parking_lot::{Condvar, Mutex};
use redpoll_resp::OwnedArgs;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::*};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Bytes of a reply that wait for the client's thread before the task waits itself.
const ROOM: usize = 256 << 10;
/// How often a task that waits looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(50);

/// What a task is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Waiting for a thread.
    Queued,
    /// Running.
    Running,
    /// Waiting for its client to read.
    Held,
    /// Done, or given up.
    Done,
}

impl State {
    /// As BACKGROUND LIST names it.
    pub fn name(self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Running => "running",
            State::Held => "held",
            State::Done => "done",
        }
    }

    fn of(number: u8) -> Self {
        let all = [State::Queued, State::Running, State::Held, State::Done];
        all.into_iter().find(|state| *state as u8 == number).unwrap_or(State::Done)
    }
}

/// Why a task is to end before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Nobody wants its answer any more.
    Gone = 1,
    /// BACKGROUND KILL.
    Killed,
    /// What it makes takes more memory than there may be.
    OutOfMemory,
}

/// Whether there is memory left for what a task makes.
pub(crate) type HasRoom = dyn Fn() -> bool + Send + Sync;

/// How a command has ended, for the thread that serves its client.
pub enum Outcome {
    /// All of the answer is there.
    Answered {
        /// The replication offset and the position in the change log behind what it has written.
        position: Option<(u64, u64)>,
    },
    /// It is to be run again at once, by the client's own thread.
    RunInline(Box<Again>),
    /// The connection cannot go on: a part of an answer has been sent that has no rest.
    Close,
}

/// A command that is to be run again.
pub struct Again {
    /// The command, and its number in the table.
    pub command: (&'static Command, usize),
    /// Its words.
    pub args: OwnedArgs,
    /// Whether the client wants the reply.
    pub wants_reply: bool,
}

/// The task was ended from outside; what unwinds it.
pub(crate) struct Ended;

/// See the module's head.
pub struct Task {
    /// Its number.
    pub id: u64,
    /// What it does: a command's name, or what its maker calls it.
    pub name: Box<str>,
    /// Its client; none for work of the server itself.
    pub client: Option<Arc<Client>>,
    /// The estimated number of elements.
    pub cost: u64,
    /// When it was handed over.
    pub since: Instant,
    done: AtomicU64,
    sent: AtomicU64,
    state: AtomicU8,
    ending: AtomicU8,
    /// Whether the client wants no answer (CLIENT REPLY).
    mute: AtomicBool,
    has_room: OnceLock<Box<HasRoom>>,
    reply: Mutex<Vec<u8>>,
    reply_len: AtomicUsize,
    room: Condvar,
    outcome: Mutex<Option<Outcome>>,
}

impl Task {
    pub(super) fn new(id: u64, name: &str, client: Option<Arc<Client>>, cost: usize) -> Arc<Self> {
        Arc::new(Task {
            id,
            name: name.into(),
            client,
            cost: cost as u64,
            since: Instant::now(),
            done: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            state: AtomicU8::new(State::Queued as u8),
            ending: AtomicU8::new(0),
            mute: AtomicBool::new(false),
            has_room: OnceLock::new(),
            reply: Mutex::default(),
            reply_len: AtomicUsize::new(0),
            room: Condvar::new(),
            outcome: Mutex::default(),
        })
    }

    /// What it is doing.
    pub fn state(&self) -> State {
        State::of(self.state.load(Acquire))
    }

    pub(super) fn set_state(&self, state: State) {
        self.state.store(state as u8, Release);
    }

    /// Elements that it has worked on.
    pub fn done(&self) -> u64 {
        self.done.load(Relaxed)
    }

    /// Bytes of its answer so far.
    pub fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }

    /// Says that it has worked on so many elements; ends it here if it is to end.
    pub fn advance(&self, elements: usize) {
        self.done.fetch_add(elements as u64, Relaxed);
        self.go_on_or_end();
    }

    /// As [`Task::advance`], where more and more memory may be taken.
    pub(super) fn grow(&self, elements: usize) {
        if self.has_room.get().is_some_and(|has_room| !has_room()) {
            self.end(Ending::OutOfMemory);
        }
        self.advance(elements);
    }

    /// Ends it as soon as `has_room` says that there is no more memory for what it makes.
    pub(crate) fn limit(&self, has_room: Box<HasRoom>) {
        let _ = self.has_room.set(has_room);
    }

    /// Ends it here, by unwinding, if it is to end. What it has made so far belongs to it alone.
    pub fn go_on_or_end(&self) {
        if self.ending().is_some() {
            std::panic::resume_unwind(Box::new(Ended));
        }
    }

    /// Whether, and why, it is to end before its time.
    pub fn ending(&self) -> Option<Ending> {
        let number = self.ending.load(Acquire);
        let all = [Ending::Gone, Ending::Killed, Ending::OutOfMemory];
        all.into_iter().find(|ending| *ending as u8 == number)
    }

    /// Ends it as soon as it looks.
    pub(super) fn end(&self, why: Ending) {
        // The first reason stays.
        let _ = self.ending.compare_exchange(0, why as u8, AcqRel, Acquire);
        self.room.notify_all();
    }

    /// Whether all of its answer is there.
    pub fn is_done(&self) -> bool {
        self.state() == State::Done
    }

    /// Says that nobody wants the answer.
    pub(crate) fn mute(&self) {
        self.mute.store(true, Relaxed);
    }

    /// Whether somebody wants the answer.
    pub(crate) fn is_answered(&self) -> bool {
        !self.mute.load(Relaxed)
    }

    /// Whether any of the answer has been given out.
    pub(crate) fn has_begun(&self) -> bool {
        self.sent() > 0
    }

    /// Adds to the answer, once there is room for it, nobody waits for it any more or there is
    /// reason to `hurry`; `held` is called before the thread begins to wait, and after.
    pub(crate) fn feed(
        &self,
        part: &mut Vec<u8>,
        hurry: &dyn Fn() -> bool,
        mut held: impl FnMut(bool),
    ) {
        let mut reply = self.reply.lock();
        let waits = || self.ending().is_none() && !hurry();
        if reply.len() >= ROOM && waits() {
            self.set_state(State::Held);
            held(true);
            while reply.len() >= ROOM && waits() {
                self.room.wait_for(&mut reply, LOOK);
            }
            held(false);
            self.set_state(State::Running);
        }
        drop(reply);
        self.gather(part);
    }

    /// Adds to the answer, whether there is room for it or not.
    pub(crate) fn gather(&self, part: &mut Vec<u8>) {
        self.sent.fetch_add(part.len() as u64, Relaxed);
        let mut reply = self.reply.lock();
        join(&mut reply, part);
        self.reply_len.store(reply.len(), Release);
        drop(reply);
        if let Some(client) = &self.client {
            client.wake();
        }
    }

    /// Moves to `out` what there is of the answer. For the thread that serves the client.
    pub fn take_reply(&self, out: &mut Vec<u8>) {
        if self.reply_len.load(Acquire) > 0 {
            let mut reply = self.reply.lock();
            join(out, &mut reply);
            self.reply_len.store(0, Release);
            drop(reply);
            self.room.notify_all();
        }
    }

    /// Bytes of the answer that wait to be taken.
    pub fn waiting_bytes(&self) -> usize {
        self.reply_len.load(Acquire)
    }

    pub(crate) fn finish(&self, outcome: Outcome) {
        *self.outcome.lock() = Some(outcome);
        self.set_state(State::Done);
        if let Some(client) = &self.client {
            client.wake();
        }
    }

    pub(crate) fn take_outcome(&self) -> Option<Outcome> {
        self.outcome.lock().take()
    }
}

/// Moves all bytes of `more` behind those of `bytes`; nothing is copied if there are none.
fn join(bytes: &mut Vec<u8>, more: &mut Vec<u8>) {
    match bytes.is_empty() {
        true => std::mem::swap(bytes, more),
        false => bytes.append(more),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::thread;

    fn ended_by(act: impl FnOnce()) -> bool {
        catch_unwind(AssertUnwindSafe(act)).is_err()
    }

    #[test]
    fn an_answer_waits_for_room() {
        let task = Task::new(1, "keys", None, 0);
        let total = thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..64 {
                    task.feed(&mut vec![7; 64 << 10], &|| false, |_| {});
                }
                task.finish(Outcome::Answered { position: None });
            });
            let (mut out, mut total) = (Vec::new(), 0);
            while !task.is_done() || task.waiting_bytes() > 0 {
                task.take_reply(&mut out);
                assert!(out.len() <= ROOM + (64 << 10));
                total += out.len();
                out.clear();
                thread::yield_now();
            }
            total
        });
        assert_eq!(total, 64 * (64 << 10));
    }

    #[test]
    fn who_is_to_end_waits_no_longer() {
        let task = Task::new(1, "keys", None, 0);
        task.feed(&mut vec![7; ROOM], &|| false, |_| {});
        task.feed(&mut vec![7; 1], &|| true, |_| {});
        thread::scope(|scope| {
            scope.spawn(|| task.end(Ending::Killed));
            task.feed(&mut vec![7; 1], &|| false, |_| {});
        });
        task.end(Ending::Gone);
        assert_eq!(task.ending(), Some(Ending::Killed));
        assert!(ended_by(|| task.advance(1)));
    }
}
