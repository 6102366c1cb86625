//! The thread that frees what takes long to free.

use redpoll_engine::Engine;
use std::sync::{Arc, mpsc};
use std::thread;

/// Starts the thread and gives its channel to the keyspace.
pub fn start(engine: &Arc<Engine>) -> std::io::Result<()> {
    let (sender, receiver) = mpsc::channel();
    let shared = Arc::clone(engine);
    thread::Builder::new().name("reclaim".to_owned()).spawn(move || {
        redpoll_memory::register_thread();
        for (garbage, bytes) in receiver {
            drop(garbage);
            shared.keyspace.reclaimed(bytes);
        }
    })?;
    engine.keyspace.set_reclaimer(sender);
    Ok(())
}
