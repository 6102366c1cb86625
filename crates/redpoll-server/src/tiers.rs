//! Far memory, and the thread that moves values between it and DRAM.

use redpoll_config::{AllocPolicy, Config};
use redpoll_engine::Engine;
use redpoll_engine::tiers::{Keeper, TURN, place_by};
use redpoll_memory::tiers::{self, FarSpec};
use std::sync::Arc;
use std::thread;

/// Maps the far memory that the configuration names. Before anything is loaded; the error says
/// what to do.
pub fn install(config: &Config) -> Result<(), String> {
    check(config)?;
    let specs = config.far_memory();
    let specs: Result<Vec<FarSpec>, _> =
        specs.iter().map(|spec| spec.to_str_lossy().parse()).collect();
    let specs = specs.map_err(|error| format!("far-memory {error}"))?;
    tiers::install(&specs).map_err(|error| error.to_string())?;
    place_by(config);
    for region in tiers::far_usage() {
        log::info!("Far memory: {}, {} MiB", region.name, region.limit >> 20);
    }
    Ok(())
}

/// Whether far memory is a DAX device, in part at least.
pub fn has_device(config: &Config) -> bool {
    config.far_memory().iter().any(|spec| spec.starts_with(b"dax:"))
}

/// What directives must agree on. The error names the first that does not.
pub fn check(config: &Config) -> Result<(), String> {
    let policy = config.memory_alloc_policy();
    if policy != AllocPolicy::OnlyDram && config.far_memory().is_empty() {
        return Err(format!(
            "memory-alloc-policy {} needs far memory: name some with far-memory and start again",
            policy.name()
        ));
    }
    let (min, max) = (config.dynamic_threshold_min(), config.dynamic_threshold_max());
    if min > max {
        return Err("dynamic-threshold-min is above dynamic-threshold-max".into());
    }
    if !(min..=max).contains(&config.initial_dynamic_threshold()) {
        return Err("initial-dynamic-threshold is not between dynamic-threshold-min and \
                    dynamic-threshold-max"
            .into());
    }
    Ok(())
}

/// Starts the thread, if there is far memory.
pub fn start(engine: &Arc<Engine>) -> std::io::Result<()> {
    if engine.config.far_memory().is_empty() {
        return Ok(());
    }
    let mut keeper = Keeper::new(engine);
    let engine = Arc::clone(engine);
    thread::Builder::new().name("tiers".to_owned()).spawn(move || {
        redpoll_memory::register_thread();
        loop {
            engine.standstill.wait();
            keeper.turn(&engine);
            thread::sleep(TURN);
        }
    })?;
    Ok(())
}
