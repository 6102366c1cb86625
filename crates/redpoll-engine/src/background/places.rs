//! Places: as many as there may be threads that work at once.
//!
//! A thread takes a place with its first job. It gives the place up while it waits for a client to
//! read, for its turn or for those who help it, and takes one again to go on. If none is free, it
//! waits: clients that read fast would otherwise have as many threads at work as there are of them,
//! and on few processors those take from the workers what each of them alone would leave.

use super::{Background, Job, PoolState, Purpose};
use std::cell::Cell;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// Threads that may wait for clients at once, beyond those that work. With more, the answers of
/// further commands gather in memory.
const HELD_MAX: usize = 64;
/// How long a thread that has nothing to do is kept.
const KEPT: Duration = Duration::from_secs(30);
/// How long a thread waits for a place to go on. After that it does so without: whoever has the
/// place may wait for something that this one has.
const PATIENCE: Duration = Duration::from_millis(50);

thread_local! {
    /// The pool whose thread this is, while it has a job.
    static POOL: Cell<Option<Purpose>> = const { Cell::new(None) };
}

impl PoolState {
    /// Threads that have a place.
    pub(super) fn at_work(&self) -> usize {
        self.threads.saturating_sub(self.held + self.idle)
    }

    /// Whether a free place is rather for somebody who wants to go on than for a job: they take
    /// turns.
    fn prefers_returning(&self) -> bool {
        self.returning > 0 && self.job_was_last
    }
}

/// The purpose of the pool that the calling thread works for; that of commands if of none.
pub(super) fn own_purpose() -> Purpose {
    POOL.get().unwrap_or(Purpose::Commands)
}

impl Background {
    /// Sees to it that somebody takes a job that was added.
    pub(super) fn call_thread(&self, purpose: Purpose, state: &mut PoolState) {
        let pool = self.pool(purpose);
        if state.idle > 0 {
            pool.ready.notify_one();
        } else if state.threads.saturating_sub(state.held) < pool.threads_max.load(Relaxed)
            && let Some(spawner) = self.spawner.get()
        {
            state.made += 1;
            if spawner(purpose, state.made) {
                state.threads += 1;
            }
        }
    }

    /// The next job for the calling thread, which is of this pool; none: it is not needed any more.
    pub fn next(&self, purpose: Purpose) -> Option<Job> {
        POOL.set(None);
        let pool = self.pool(purpose);
        let mut state = pool.state.lock();
        loop {
            let surplus = state.threads - state.held > pool.threads_max.load(Relaxed);
            if !surplus
                && !state.prefers_returning()
                && let Some(job) = state.take()
            {
                state.job_was_last = true;
                POOL.set(Some(purpose));
                return Some(job);
            }
            pool.place.notify_one();
            state.idle += 1;
            let waited = match surplus {
                true => true,
                false => pool.ready.wait_for(&mut state, KEPT).timed_out(),
            };
            state.idle -= 1;
            if waited && (surplus || state.jobs.is_empty()) {
                state.threads -= 1;
                return None;
            }
        }
    }

    /// The calling thread waits from now on, for a client or for its turn, and gives up its place;
    /// or it goes on, as soon as there is a place for it. Nothing if it has none: it is not one of
    /// a pool.
    pub(crate) fn hold(&self, on: bool) {
        let Some(purpose) = POOL.get() else { return };
        let pool = self.pool(purpose);
        let mut state = pool.state.lock();
        if on {
            state.held += 1;
            let returns =
                state.returning > 0 && (state.jobs.is_empty() || state.prefers_returning());
            match returns {
                true => drop(pool.place.notify_one()),
                false if state.jobs.is_empty() => {}
                false => self.call_thread(purpose, &mut state),
            }
            return;
        }
        let until = Instant::now() + PATIENCE;
        state.returning += 1;
        while state.at_work() >= pool.threads_max.load(Relaxed)
            && !pool.place.wait_until(&mut state, until).timed_out()
        {}
        state.returning -= 1;
        state.job_was_last = false;
        state.held -= 1;
    }

    /// Whether another thread may wait for its client.
    pub(crate) fn may_hold(&self) -> bool {
        self.pool(own_purpose()).state.lock().held < HELD_MAX
    }
}
