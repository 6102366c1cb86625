//! What time asks for: expired keys, keys to evict, the memory figure, snapshots, and the end of
//! the program.

use crate::progress::Saving;
use crate::snapshot;
use redpoll_engine::ending::Parting;
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
    let mut saving = Saving::default();
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
        saving.look(engine);
        if let Some(options) = wanted_end(engine, paused)
            && may_end(engine, options, now)
        {
            return;
        }
        executor.stats().timer_micros.add(woken.elapsed().as_micros() as u64);
        if more {
            continue;
        }
        let wait = (executor.next_expiry().saturating_sub(clock::now_ms())).clamp(TICK_MS, IDLE_MS);
        thread::sleep(Duration::from_millis(wait as u64));
    }
}

/// How the program is to end, if it is.
fn wanted_end(engine: &Engine, paused: bool) -> Option<ShutdownOptions> {
    let signal = engine.signalled.load(Relaxed);
    let by_signal = (signal != 0 && !paused).then(|| on_signal(engine, signal));
    by_signal.or(*engine.shutdown.read())
}

/// Goes on with the end of the program; answers whether it may end now.
fn may_end(engine: &Engine, options: ShutdownOptions, now: i64) -> bool {
    let is_first = engine.waits_for_replicas_until().is_none();
    if is_first {
        log::info!("User requested shutdown...");
    }
    match engine.part_from_replicas(options, now) {
        Parting::Begun => log::info!("Waiting for replicas before shutting down."),
        Parting::Waiting => {}
        Parting::Over => {
            tell_of_replicas(engine, now);
            if snapshot::may_end(engine, options) {
                return true;
            }
            log::warn!("Errors trying to shut down the server. Check the logs.");
            engine.give_up_end(now);
        }
    }
    false
}

/// Says who of the replicas has everything.
fn tell_of_replicas(engine: &Engine, now: i64) {
    let (replicas, offset) = (engine.replication.replicas(), engine.replication.offset());
    let mut lagging = 0;
    for replica in &replicas {
        let behind = offset.saturating_sub(replica.acknowledged());
        if behind > 0 {
            lagging += 1;
            let (place, state) = (replica.place(), replica.state());
            let lag = (now - replica.last_heard()) / 1000;
            log::info!(
                "Lagging replica {}:{} reported offset {behind} behind master, lag={lag}, \
                 state={state}.",
                place.host,
                place.port
            );
        }
    }
    if !replicas.is_empty() {
        let (count, all) = (replicas.len() - lagging, replicas.len());
        log::info!("{count} of {all} replicas are in sync when shutting down.");
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
