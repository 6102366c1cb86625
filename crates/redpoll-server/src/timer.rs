//! What time asks for: expired keys, keys to evict, the memory figure, snapshots, and the end of
//! the program.

use crate::snapshot;
use redpoll_engine::engine::ShutdownOptions;
use redpoll_engine::{Engine, Executor};
use redpoll_keyspace::clock;
use signal_hook::consts::SIGINT;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

/// How long the timer sleeps when nothing is due.
const IDLE_MS: i64 = 100;
/// How long it sleeps at least, so that keys expire in groups.
const TICK_MS: i64 = 10;

/// For how long it evicts keys before it looks at anything else. It holds up nobody.
const EVICTION_MICROS: u64 = 10_000;

/// Runs until SHUTDOWN or a signal asks for the end.
pub fn run(engine: &Arc<Engine>) {
    let mut executor = Executor::new(Arc::clone(engine), 1);
    loop {
        engine.standstill.wait();
        let (now, woken) = (clock::now_ms(), Instant::now());
        let mut more = false;
        let paused = engine.timer_paused.load(Relaxed);
        if !paused {
            executor.expire_due(now);
            executor.bound_readers(None, now);
            more = executor.evict_due(EVICTION_MICROS, now);
            engine.sample_rates(now);
            engine.pause.end_if_over(now);
        }
        engine.measure_memory();
        snapshot::save_if_due(engine, now);
        let signal = engine.signalled.load(Relaxed);
        if signal != 0 && !paused {
            if snapshot::may_end(engine, on_signal(engine, signal)) {
                return;
            }
            log::warn!("Errors trying to shut down the server. Check the logs.");
            engine.signalled.store(0, Relaxed);
        }
        let wish = *engine.shutdown.read();
        if let Some(options) = wish {
            log::info!("User requested shutdown...");
            if snapshot::may_end(engine, options) {
                return;
            }
            engine.refuse_shutdown();
        }
        executor.stats().timer_micros.add(woken.elapsed().as_micros() as u64);
        if more {
            continue;
        }
        let wait = (executor.next_expiry().saturating_sub(clock::now_ms())).clamp(TICK_MS, IDLE_MS);
        thread::sleep(Duration::from_millis(wait as u64));
    }
}

/// What a signal asks for, as `shutdown-on-sigterm` and `shutdown-on-sigint` say.
fn on_signal(engine: &Engine, signal: i32) -> ShutdownOptions {
    let config = &engine.config;
    let flags = match signal {
        SIGINT => config.shutdown_on_sigint(),
        _ => config.shutdown_on_sigterm(),
    };
    ShutdownOptions {
        save: flags.save(),
        nosave: flags.nosave(),
        now: flags.now(),
        force: flags.force(),
    }
}
