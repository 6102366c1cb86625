//! The thread that frees what takes long to free. What is very large it leaves to the background,
//! whose threads stand back from those that serve clients; the many smaller things it frees itself,
//! at the pace at which they come.

use redpoll_engine::Engine;
use redpoll_keyspace::Garbage;
use std::sync::{Arc, Weak, mpsc};
use std::thread;

/// Starts the thread and gives its channel to the keyspace.
pub fn start(engine: &Arc<Engine>) -> std::io::Result<()> {
    let (sender, receiver) = mpsc::channel();
    let shared = Arc::clone(engine);
    thread::Builder::new().name("reclaim".to_owned()).spawn(move || {
        redpoll_memory::register_thread();
        let weak = Arc::downgrade(&shared);
        for (garbage, bytes) in receiver {
            free(&shared, &weak, garbage, bytes);
        }
    })?;
    engine.keyspace.set_reclaimer(sender);
    Ok(())
}

fn free(engine: &Engine, weak: &Weak<Engine>, garbage: Garbage, bytes: usize) {
    let cost = garbage.effort();
    if cost >= engine.config.background_threshold() {
        let weak = Weak::clone(weak);
        let freed = engine.background.spawn("free", cost, move |_| {
            drop(garbage);
            if let Some(engine) = weak.upgrade() {
                engine.keyspace.reclaimed(bytes);
            }
        });
        if freed.is_ok() {
            return;
        }
        // There was no place for it: it was freed just now.
    } else {
        drop(garbage);
    }
    engine.keyspace.reclaimed(bytes);
}
