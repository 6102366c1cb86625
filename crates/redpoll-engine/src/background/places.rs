//! Places: as many as there may be threads that work at once.
//!
//! A thread takes a place with its first job. It gives the place up while it waits for a client to
//! read, for its turn or for those who help it, and takes one again to go on. If none is free, it
//! waits: clients that read fast would otherwise have as many threads at work as there are of them,
//! and on few processors those take from the workers what each of them alone would leave.

use super::{Background, Job, Pool};
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
    /// Whether this thread is one of the pool that has been given a job.
    static HAS_JOB: Cell<bool> = const { Cell::new(false) };
}

impl Pool {
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

impl Background {
    /// Sees to it that somebody takes a job that was added.
    pub(super) fn call_thread(&self, pool: &mut Pool) {
        if pool.idle > 0 {
            self.ready.notify_one();
        } else if pool.threads.saturating_sub(pool.held) < self.threads_max.load(Relaxed)
            && let Some(spawner) = self.spawner.get()
        {
            pool.made += 1;
            if spawner(pool.made) {
                pool.threads += 1;
            }
        }
    }

    /// The next job for the calling thread; none: it is not needed any more.
    pub fn next(&self) -> Option<Job> {
        HAS_JOB.set(false);
        let mut pool = self.pool.lock();
        loop {
            let surplus = pool.threads - pool.held > self.threads_max.load(Relaxed);
            if !surplus
                && !pool.prefers_returning()
                && let Some(job) = pool.take()
            {
                pool.job_was_last = true;
                HAS_JOB.set(true);
                return Some(job);
            }
            self.place.notify_one();
            pool.idle += 1;
            let waited = match surplus {
                true => true,
                false => self.ready.wait_for(&mut pool, KEPT).timed_out(),
            };
            pool.idle -= 1;
            if waited && (surplus || pool.jobs.is_empty()) {
                pool.threads -= 1;
                return None;
            }
        }
    }

    /// The calling thread waits from now on, for a client or for its turn, and gives up its place;
    /// or it goes on, as soon as there is a place for it. Nothing if it has none: it is not one of
    /// the pool.
    pub(crate) fn hold(&self, on: bool) {
        if !HAS_JOB.get() {
            return;
        }
        let mut pool = self.pool.lock();
        if on {
            pool.held += 1;
            let returns = pool.returning > 0 && (pool.jobs.is_empty() || pool.prefers_returning());
            match returns {
                true => drop(self.place.notify_one()),
                false if pool.jobs.is_empty() => {}
                false => self.call_thread(&mut pool),
            }
            return;
        }
        let until = Instant::now() + PATIENCE;
        pool.returning += 1;
        while pool.at_work() >= self.threads_max.load(Relaxed)
            && !self.place.wait_until(&mut pool, until).timed_out()
        {}
        pool.returning -= 1;
        pool.job_was_last = false;
        pool.held -= 1;
    }

    /// Whether another thread may wait for its client.
    pub(crate) fn may_hold(&self) -> bool {
        self.pool.lock().held < HELD_MAX
    }
}
