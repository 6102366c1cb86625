//! The snapshot file in the life of the program: loaded at the start, saved when a save point asks
//! for it, saved at the end.

use crate::aof;
use redpoll_engine::Engine;
use redpoll_engine::engine::ShutdownOptions;
use redpoll_engine::persistence::{LoadError, Merge, SaveError};
use redpoll_keyspace::clock;
use redpoll_keyspace::lock::unless_busy;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// How long the end waits for a snapshot that is being written.
const WAIT_MAX: Duration = Duration::from_secs(600);
/// How long the end waits for one that has been given up.
const GIVE_UP_MAX: Duration = Duration::from_secs(2);
const WAIT_STEP: Duration = Duration::from_millis(20);

/// Loads the snapshot file if there is one. Answers whether the program goes on; somebody may have
/// asked for its end meanwhile. The error is for the log: it must not go on without data that are
/// there.
pub fn load(engine: &Arc<Engine>) -> Result<bool, String> {
    let begun = Instant::now();
    let mut keys = engine.keyspace.keys(0, clock::now_ms());
    match engine.load(&mut keys, Merge::Refuse) {
        Ok(loaded) => {
            let databases = engine.keyspace.databases();
            if let Some(position) = loaded.position().filter(|at| at.is_possible(databases)) {
                let as_replica = engine.config.replicaof().is_some();
                engine.resume_stream(&mut keys, position, as_replica);
            }
            loaded.facts.iter().for_each(|fact| log::info!("{fact}"));
            loaded.notes.iter().for_each(|note| log::warn!("{note}"));
            let empty = match loaded.empty {
                0 => String::new(),
                count => format!(", empty keys skipped: {count}"),
            };
            let (count, expired) = (loaded.keys, loaded.expired);
            log::info!("Done loading RDB, keys loaded: {count}, keys expired: {expired}{empty}.");
            let seconds = begun.elapsed().as_secs_f64();
            log::info!("DB loaded from disk: {seconds:.3} seconds");
            Ok(true)
        }
        Err(LoadError::Missing) => Ok(true),
        Err(LoadError::Ended) => Ok(false),
        Err(error) => {
            log::warn!("{error}");
            Err("Terminating server after rdb file reading failure.".to_owned())
        }
    }
}

/// Begins to save in the background if a save point asks for it.
pub fn save_if_due(engine: &Arc<Engine>, now: i64) {
    if !engine.is_save_due(now) {
        return;
    }
    let changes = engine.stats.dirty();
    log::info!("{changes} changes since the last save. Saving...");
    let mut keys = engine.keyspace.keys(0, now);
    if let Err(error) = engine.save_later(&mut keys) {
        log::warn!("Can't save in the background: {error}");
    }
}

/// Ends a snapshot that is being written, so that nothing is left of it.
fn end_save(engine: &Engine) {
    let begun = Instant::now();
    engine.persistence.give_up_save();
    while engine.is_saving() && begun.elapsed() < GIVE_UP_MAX {
        thread::sleep(WAIT_STEP);
    }
}

/// Saves at the end, if that is asked for, and puts the log on disk. Answers whether the program
/// may end; then nothing is changed any more, so that no client is told of a write that the files
/// do not hold.
pub fn may_end(engine: &Engine, options: ShutdownOptions) -> bool {
    let log = aof::log().filter(|_| engine.persistence.aof.is_enabled());
    if log.is_some() && !engine.persistence.aof.is_complete() && !options.force {
        log::warn!("Writing initial AOF, can't exit.");
        return false;
    }
    if !save_at_end(engine, options) {
        return false;
    }
    let Some(log) = log else { return true };
    let mut keys = engine.keyspace.keys(0, clock::now_ms());
    // A script that is busy may hold its locks for ever. It has written nothing that anybody was
    // told of.
    let _ = unless_busy(|| keys.lock_all());
    if !log.finish() {
        log::warn!("Fail to fsync the AOF file");
        if !options.force {
            return false;
        }
    }
    // The locks are never given back.
    std::mem::forget(keys);
    true
}

fn save_at_end(engine: &Engine, options: ShutdownOptions) -> bool {
    let wanted = options.save || !engine.config.save().is_empty();
    end_save(engine);
    if options.nosave || !wanted {
        return true;
    }
    log::info!("Saving the final RDB snapshot before exiting.");
    let mut keys = engine.keyspace.keys(0, clock::now_ms());
    let begun = Instant::now();
    loop {
        keys.lock_all();
        match engine.save(&mut keys) {
            Ok(()) => {
                if !engine.persistence.aof.is_enabled() {
                    // The locks are never given back.
                    std::mem::forget(keys);
                }
                return true;
            }
            Err(SaveError::InProgress) if begun.elapsed() < WAIT_MAX => {
                keys.unlock();
                thread::sleep(WAIT_STEP);
            }
            Err(error) => {
                log::warn!("{error}");
                let what = if options.force { "exiting anyway" } else { "can't exit" };
                log::warn!("Error trying to save the DB, {what}.");
                return options.force;
            }
        }
    }
}
