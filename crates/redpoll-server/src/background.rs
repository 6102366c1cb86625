//! The threads of the background: for commands that take long, and for searches. They are made when
//! first needed and stand back from those that serve clients (`background-nice`, `search-nice`), so
//! that on a machine with few cores the short commands win. Their turns are not longer than others'
//! (as those of threads that load are): whoever wakes up would take the processor from one that
//! holds a lock, and that would not have it back for many milliseconds.

use redpoll_engine::background::Purpose;
use redpoll_engine::executor::Annex;
use redpoll_engine::{Engine, Executor};
use redpoll_keyspace::{clock, courtesy};
use std::sync::{Arc, Weak};
use std::thread;

/// The stack of a background thread.
const STACK: usize = 4 << 20;

/// Gives the engine a way to make such threads.
pub fn start(engine: &Arc<Engine>) {
    let weak = Arc::downgrade(engine);
    engine.background.set_spawner(Box::new(move |purpose, number| spawn(&weak, purpose, number)));
}

fn spawn(engine: &Weak<Engine>, purpose: Purpose, number: usize) -> bool {
    let Some(engine) = engine.upgrade() else { return false };
    let (name, nice, kept) = match purpose {
        Purpose::Commands => ("background", engine.config.background_nice(), courtesy::KEPT),
        Purpose::Searches => ("query", engine.config.search_nice(), 2 * courtesy::KEPT),
    };
    let thread = thread::Builder::new().name(format!("{name}-{number}")).stack_size(STACK);
    let started = thread.spawn(move || {
        redpoll_memory::register_thread();
        stand_back(nice);
        courtesy::keep_for(kept);
        let seed = clock::now_ms() as u64 ^ (number as u64) << 40 ^ (purpose as u64) << 60;
        let mut executor = Executor::new(Arc::clone(&engine), seed).let_time_pass();
        let mut annex = Annex::default();
        while let Some(job) = engine.background.next(purpose) {
            engine.standstill.wait();
            executor.do_job(job, &mut annex);
        }
    });
    started.inspect_err(|error| log::warn!("Can't start a thread: {error}")).is_ok()
}

/// Lets other threads have the processor first. Only this thread: on Linux, each has a priority of
/// its own, which goes by the thread's number.
pub fn stand_back(nice: i64) {
    let nice = i32::try_from(nice).unwrap_or(0);
    let this = rustix::thread::gettid();
    if nice > 0
        && let Err(error) = rustix::process::setpriority_process(Some(this), nice)
    {
        log::warn!("Can't lower the priority of a background thread: {error}");
    }
}
