//! The background: threads for commands that take long, so that short ones need not wait.
//!
//! A command whose estimated cost reaches the threshold leaves its worker (`executor/leave.rs`) and
//! becomes a [`Task`] here. A thread of the program takes it from the queue, mostly the one that
//! costs least, and runs it (`executor/aside.rs`); its answer goes to the client in parts
//! ([`Flow`]), at the pace at which that reads. The client's further commands wait meanwhile, so
//! replies keep their order.
//!
//! A thread that waits for a client to read does not count: another one takes its place, so that
//! clients who do not read keep nobody's command waiting (`places.rs`).
//!
//! There are two pools of threads, with priorities of their own: one for searches, whose clients
//! wait for them as for anything else, and one for all other commands ([`Purpose`]). That one takes
//! other work, too: [`Background::spawn`] runs a function with a [`Task`] of its own. In either,
//! [`Background::share`] lets idle threads help with the parts of something large.

mod flow;
mod places;
mod shared;
mod slices;
mod task;

pub use flow::Flow;
pub use slices::Slices;
pub(crate) use task::Ended;
pub use task::{Again, Ending, Outcome, State, Task};

use crate::client::Client;
use crate::executor::Errand;
use crate::spec::Group;
use parking_lot::{Condvar, Mutex};
use shared::Shared;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

/// So many jobs are looked at for the least of them.
const LOOKED_AT: usize = 64;
/// So many later ones go before the first in the queue at most.
const PATIENCE: usize = 8;
/// Elements between two looks at the task at hand.
const UNTOLD: usize = 1024;

/// What a pool's threads are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Long commands, and what else there is to do.
    Commands,
    /// Searches.
    Searches,
}

impl Purpose {
    /// Both.
    pub const ALL: [Purpose; 2] = [Purpose::Commands, Purpose::Searches];

    /// That of a command of this group.
    pub(crate) fn of(group: Group) -> Self {
        if group == Group::Search { Purpose::Searches } else { Purpose::Commands }
    }
}

/// Makes another thread of a pool, which calls [`Background::next`] until that has nothing more for
/// it. Answers whether it could.
pub type Spawner = dyn Fn(Purpose, usize) -> bool + Send + Sync;

/// The queue has no place for another task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// What a thread of the pool is to do.
pub enum Job {
    /// Run a client's command.
    Command(Box<Errand>),
    /// Do what somebody has handed over.
    Work(Arc<Task>, Box<dyn FnOnce(&Task) + Send>),
    /// Help with something large.
    Help(Arc<Shared>),
}

impl Job {
    /// About how many elements it is about. Who helps does what somebody waits for already.
    fn cost(&self) -> u64 {
        match self {
            Job::Command(errand) => errand.cost(),
            Job::Work(task, _) => task.cost,
            Job::Help(_) => 0,
        }
    }
}

/// See the module's head.
#[derive(Default)]
pub struct Background {
    pools: [Pool; 2],
    /// Those in the queues, and those that run.
    tasks: Mutex<BTreeMap<u64, Arc<Task>>>,
    spawner: OnceLock<Box<Spawner>>,
    queue_max: AtomicUsize,
    last_id: AtomicU64,
    /// What has happened, for INFO.
    pub counts: Counts,
}

/// Threads of one purpose.
#[derive(Default)]
struct Pool {
    state: Mutex<PoolState>,
    ready: Condvar,
    place: Condvar,
    threads_max: AtomicUsize,
}

#[derive(Default)]
struct PoolState {
    jobs: VecDeque<Job>,
    /// How many have gone before the first of them.
    passed: usize,
    threads: usize,
    /// Threads that wait for a job.
    idle: usize,
    /// Threads that have given their place to another: those that wait for a client to read, or for
    /// their turn, and those that want to go on.
    held: usize,
    /// Those of them that want to go on.
    returning: usize,
    /// Whether the last place that became free went to a job, while somebody wanted to go on.
    job_was_last: bool,
    made: usize,
}

impl PoolState {
    /// The next job: the one that costs least, so that those that are soon done do not wait for
    /// those that are not; of equal ones the first. Nobody is passed over for ever.
    fn take(&mut self) -> Option<Job> {
        let near = self.jobs.iter().take(LOOKED_AT).enumerate();
        let least = near.min_by_key(|(_, job)| job.cost()).map(|(at, _)| at)?;
        let at = if self.passed < PATIENCE { least } else { 0 };
        self.passed = if at == 0 { 0 } else { self.passed + 1 };
        self.jobs.remove(at)
    }
}

/// What has happened in the background.
#[derive(Debug, Default)]
pub struct Counts {
    /// Tasks that have ended by themselves.
    pub finished: AtomicU64,
    /// Tasks that were ended: their clients went away, or BACKGROUND KILL.
    pub cancelled: AtomicU64,
    /// Tasks that were refused, as the queue was full.
    pub rejected: AtomicU64,
    /// Writes that were done again since their keys had changed meanwhile.
    pub retried: AtomicU64,
    /// Writes that were run at once in the end, for the same reason.
    pub inlined: AtomicU64,
    /// Tasks that have met a fault of the server.
    pub faults: AtomicU64,
    /// Times that a task has held locks.
    pub slices: AtomicU64,
    /// The longest of them, in nanoseconds.
    pub longest_slice: AtomicU64,
    /// The longest task, in microseconds.
    pub longest_task: AtomicU64,
}

impl Counts {
    /// Counts locks that were held for so long.
    pub fn held_locks(&self, nanos: u64) {
        self.slices.fetch_add(1, Relaxed);
        self.longest_slice.fetch_max(nanos, Relaxed);
    }

    /// Forgets everything (CONFIG RESETSTAT).
    pub fn reset(&self) {
        let Counts { finished, cancelled, rejected, retried, inlined, faults, .. } = self;
        for count in [finished, cancelled, rejected, retried, inlined, faults, &self.slices] {
            count.store(0, Relaxed);
        }
        self.longest_slice.store(0, Relaxed);
        self.longest_task.store(0, Relaxed);
    }
}

/// How many tasks and threads there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Tasks that wait for a thread.
    pub queued: usize,
    /// Tasks that run.
    pub running: usize,
    /// Of those, the ones that wait for their clients to read.
    pub held: usize,
    /// Threads.
    pub threads: usize,
}

impl Background {
    /// Gives the pool a way to make threads; a second one is not taken. Without one, everything
    /// runs on the worker that has read it.
    pub fn set_spawner(&self, spawner: Box<Spawner>) {
        let _ = self.spawner.set(spawner);
    }

    /// Whether there is a pool.
    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.spawner.get().is_some()
    }

    /// Sets how many threads of this purpose may work at once, and how many tasks may wait for one.
    pub fn configure(&self, purpose: Purpose, threads: usize, queue: usize) {
        self.queue_max.store(queue.max(1), Relaxed);
        let pool = self.pool(purpose);
        pool.threads_max.store(threads.max(1), Relaxed);
        pool.ready.notify_all();
        pool.place.notify_all();
    }

    fn pool(&self, purpose: Purpose) -> &Pool {
        &self.pools[purpose as usize]
    }

    /// A new task, which is to be submitted.
    pub(crate) fn task(&self, name: &str, client: Option<Arc<Client>>, cost: usize) -> Arc<Task> {
        Task::new(self.last_id.fetch_add(1, Relaxed) + 1, name, client, cost)
    }

    /// Whether one more task may wait for a thread; if not, that is counted.
    pub(crate) fn has_room(&self, purpose: Purpose) -> bool {
        let waiting = self.pool(purpose).state.lock().jobs.len();
        let free = waiting < self.queue_max.load(Relaxed);
        if !free {
            self.counts.rejected.fetch_add(1, Relaxed);
        }
        free
    }

    pub(crate) fn submit(&self, purpose: Purpose, task: &Arc<Task>, job: Job) {
        self.tasks.lock().insert(task.id, Arc::clone(task));
        let mut state = self.pool(purpose).state.lock();
        state.jobs.push_back(job);
        self.call_thread(purpose, &mut state);
    }

    /// Runs `work` in the background; `name` and `cost`, an estimate in elements, are for those who
    /// look. The function is to say how far it has come by [`Task::advance`], which ends it, by
    /// unwinding, if somebody has asked for that.
    pub fn spawn(
        &self,
        name: &str,
        cost: usize,
        work: impl FnOnce(&Task) + Send + 'static,
    ) -> Result<Arc<Task>, Full> {
        if !self.has_room(Purpose::Commands) {
            return Err(Full);
        }
        let task = self.task(name, None, cost);
        self.submit(Purpose::Commands, &task, Job::Work(Arc::clone(&task), Box::new(work)));
        Ok(task)
    }

    /// A job, if there is one, for those who do not wait: tests.
    pub fn try_next(&self) -> Option<Job> {
        Purpose::ALL.iter().find_map(|purpose| self.pool(*purpose).state.lock().take())
    }

    /// Notes that a task has begun to run.
    pub(crate) fn begin(&self, task: &Arc<Task>) {
        task.set_state(State::Running);
        enter(Some(Arc::clone(task)));
    }

    /// Notes that a task is over; `cancelled` if somebody has ended it.
    pub(crate) fn end(&self, task: &Task, cancelled: bool) {
        enter(None);
        self.tasks.lock().remove(&task.id);
        let Counts { finished, cancelled: ended, longest_task, .. } = &self.counts;
        if cancelled { ended } else { finished }.fetch_add(1, Relaxed);
        longest_task.fetch_max(task.since.elapsed().as_micros() as u64, Relaxed);
    }

    /// Nobody waits for a task's answer any more.
    pub fn give_up(&self, task: &Task) {
        task.end(Ending::Gone);
    }

    /// Ends the task of this number. Answers whether there was one.
    pub fn kill(&self, id: u64) -> bool {
        let task = self.tasks.lock().get(&id).cloned();
        task.inspect(|task| task.end(Ending::Killed)).is_some()
    }

    /// All tasks, the oldest first.
    pub fn tasks(&self) -> Vec<Arc<Task>> {
        self.tasks.lock().values().cloned().collect()
    }

    /// How many tasks and threads there are.
    pub fn census(&self) -> Census {
        let tasks = self.tasks.lock();
        let count = |state| tasks.values().filter(|task| task.state() == state).count();
        let (queued, held) = (count(State::Queued), count(State::Held));
        let threads = self.pools.iter().map(|pool| pool.state.lock().threads).sum();
        Census { queued, running: tasks.len() - queued, held, threads }
    }
}

thread_local! {
    /// What this thread works on.
    static CURRENT: RefCell<Option<Arc<Task>>> = const { RefCell::new(None) };
    /// Elements that the task has not been told of.
    static STEPS: Cell<usize> = const { Cell::new(0) };
}

fn enter(task: Option<Arc<Task>>) {
    STEPS.set(0);
    CURRENT.set(task);
}

/// The task that the calling thread works on, if it is one of the pool.
pub fn current() -> Option<Arc<Task>> {
    CURRENT.with_borrow(Clone::clone)
}

/// Says that whoever runs here has worked on so many elements: shown as the task's progress, and
/// where it ends, by unwinding, if its client is gone, or lets others have the processor for a
/// moment. For loops that may be long; costs about a nanosecond, and nothing else where no task
/// runs.
#[inline]
pub fn step(elements: usize) {
    let steps = STEPS.get() + elements;
    match steps < UNTOLD {
        true => STEPS.set(steps),
        false => tell(steps),
    }
}

/// Whether what runs here is to end before its time.
pub(crate) fn is_to_end() -> bool {
    CURRENT.with_borrow(|task| task.as_ref().is_some_and(|task| task.ending().is_some()))
}

/// Ends what runs here, by unwinding, if that is asked for.
pub fn check() {
    if let Some(task) = current() {
        task.go_on_or_end();
    }
}

#[cold]
fn tell(steps: usize) {
    STEPS.set(0);
    if let Some(task) = current() {
        task.grow(steps);
        slices::give_way();
    }
}

#[cfg(test)]
mod tests;
