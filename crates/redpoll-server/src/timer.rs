//! What time asks for: expired keys, the memory figure, and the end of the program.

use redpoll_engine::{Engine, Executor};
use redpoll_keyspace::clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

/// How long the timer sleeps when nothing is due.
const IDLE_MS: i64 = 100;
/// How long it sleeps at least, so that keys expire in groups.
const TICK_MS: i64 = 10;

/// Runs until SHUTDOWN or a signal asks for the end.
pub fn run(engine: &Arc<Engine>, signalled: &AtomicBool) {
    let mut executor = Executor::new(Arc::clone(engine), 1);
    loop {
        let now = clock::now_ms();
        executor.expire_due(now);
        engine.measure_memory();
        engine.sample_rates(now);
        if signalled.load(Relaxed) {
            log::info!("Received a signal, scheduling shutdown...");
            return;
        }
        if engine.shutdown.read().is_some() {
            log::info!("User requested shutdown...");
            return;
        }
        let wait = (executor.next_expiry().saturating_sub(clock::now_ms())).clamp(TICK_MS, IDLE_MS);
        thread::sleep(Duration::from_millis(wait as u64));
    }
}
