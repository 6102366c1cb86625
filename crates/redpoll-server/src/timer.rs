//! What time asks for: expired keys, keys to evict, the memory figure, and the end of the program.

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

/// For how long it evicts keys before it looks at anything else. It holds up nobody.
const EVICTION_MICROS: u64 = 10_000;

/// Runs until SHUTDOWN or a signal asks for the end.
pub fn run(engine: &Arc<Engine>, signalled: &AtomicBool) {
    let mut executor = Executor::new(Arc::clone(engine), 1);
    loop {
        let now = clock::now_ms();
        let mut more = false;
        if !engine.timer_paused.load(Relaxed) {
            executor.expire_due(now);
            executor.bound_readers(None, now);
            more = executor.evict_due(EVICTION_MICROS, now);
            engine.sample_rates(now);
        }
        engine.measure_memory();
        if signalled.load(Relaxed) {
            log::info!("Received a signal, scheduling shutdown...");
            return;
        }
        if engine.shutdown.read().is_some() {
            log::info!("User requested shutdown...");
            return;
        }
        if more {
            continue;
        }
        let wait = (executor.next_expiry().saturating_sub(clock::now_ms())).clamp(TICK_MS, IDLE_MS);
        thread::sleep(Duration::from_millis(wait as u64));
    }
}
