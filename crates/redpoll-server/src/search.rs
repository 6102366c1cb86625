//! The threads that do for search indexes what needs not be done at once: walking keys that were
//! there before an index, and merging segments. They stand back from those that serve clients.

use crate::background;
use redpoll_engine::Engine;
use redpoll_keyspace::clock;
use std::io;
use std::sync::Arc;
use std::thread;

/// Starts a thread for each core. They wait while there is nothing to do.
pub fn start(engine: &Arc<Engine>) -> io::Result<()> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    for number in 0..cores {
        let shared = Arc::clone(engine);
        thread::Builder::new().name(format!("search-{number}")).spawn(move || {
            redpoll_memory::register_thread();
            background::stand_back(shared.config.background_nice());
            shared.search.add_worker();
            loop {
                shared.standstill.wait();
                let search = &shared.search;
                let wanted = search.wants_worker(number);
                if !wanted || !search.work(&shared.keyspace, clock::now_ms()) {
                    search.rest();
                }
            }
        })?;
    }
    Ok(())
}
