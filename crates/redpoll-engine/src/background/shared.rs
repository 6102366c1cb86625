//! Something large in parts, for all threads that have nothing better to do.

use super::places::own_purpose;
use super::{Background, Job, Task, current, enter};
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// What a part does, by its number.
type Part = dyn Fn(usize) + Send + Sync;

/// See the module's head.
pub struct Shared {
    /// None when all is done: whoever comes late must not keep alive what it has in it.
    part: Mutex<Option<Arc<Part>>>,
    parts: usize,
    /// The next part that nobody has taken.
    next: AtomicUsize,
    task: Option<Arc<Task>>,
    progress: Mutex<Progress>,
    changed: Condvar,
}

#[derive(Default)]
struct Progress {
    /// Threads that work on parts.
    at_work: usize,
    /// What has stopped one of them.
    fault: Option<Box<dyn Any + Send>>,
}

impl Shared {
    /// Does parts until none is left.
    pub(crate) fn help(&self) {
        self.progress.lock().at_work += 1;
        let part = self.part.lock().clone();
        let worked = catch_unwind(AssertUnwindSafe(|| {
            loop {
                let number = self.next.fetch_add(1, Relaxed);
                match &part {
                    Some(part) if number < self.parts => part(number),
                    _ => return,
                }
            }
        }));
        drop(part);
        let mut progress = self.progress.lock();
        progress.at_work -= 1;
        if let Err(fault) = worked {
            // The others need not begin anything more.
            self.next.store(self.parts, Relaxed);
            progress.fault.get_or_insert(fault);
        }
        self.changed.notify_all();
    }

    /// The same on another thread, as a part of the task that the parts belong to.
    pub(crate) fn help_aside(&self) {
        enter(self.task.clone());
        self.help();
        enter(None);
    }
}

impl Background {
    /// Calls `part` with the numbers below `parts`, each once, on the calling thread and on those
    /// of its pool that have nothing to do; returns when all have been done. A panic in one of them
    /// goes on here.
    pub fn share(&self, parts: usize, part: impl Fn(usize) + Send + Sync + 'static) {
        let shared = Arc::new(Shared {
            part: Mutex::new(Some(Arc::new(part))),
            parts,
            next: AtomicUsize::new(0),
            task: current(),
            progress: Mutex::default(),
            changed: Condvar::new(),
        });
        self.call_helpers(&shared);
        shared.help();
        let mut progress = shared.progress.lock();
        if progress.at_work > 0 {
            // Those that help may need the place.
            self.hold(true);
            while progress.at_work > 0 {
                shared.changed.wait(&mut progress);
            }
            MutexGuard::unlocked(&mut progress, || self.hold(false));
        }
        *shared.part.lock() = None;
        if let Some(fault) = progress.fault.take() {
            drop(progress);
            resume_unwind(fault);
        }
    }

    fn call_helpers(&self, shared: &Arc<Shared>) {
        let purpose = own_purpose();
        let pool = self.pool(purpose);
        let mut state = pool.state.lock();
        let busy = state.at_work();
        let free = pool.threads_max.load(Relaxed).saturating_sub(busy.max(1));
        // Who waits comes first.
        if state.jobs.is_empty() {
            for _ in 0..free.min(shared.parts.saturating_sub(1)) {
                state.jobs.push_back(Job::Help(Arc::clone(shared)));
                self.call_thread(purpose, &mut state);
            }
        }
    }
}
