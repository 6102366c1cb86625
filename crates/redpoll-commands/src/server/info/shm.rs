//! INFO's section `Shm`: clients that talk through shared memory, and the threads that serve them.

use super::text::Text;
use crate::prelude::*;
use crate::server::survey::Survey;
use std::sync::atomic::Ordering::Relaxed;

pub(super) fn write(text: &mut Text, ctx: &Ctx<'_>, _survey: &Survey) {
    let (shared, stats) = (&ctx.engine.shared_memory, &ctx.engine.stats);
    let (connections, threads) = (shared.connections(), ctx.engine.process.pollers);
    let polling = shared.polling.load(Relaxed);
    text.field("shm_connections", connections);
    text.field("shm_rings", 2 * connections);
    text.field("shm_bytes", shared.bytes());
    text.field("shm_total_connections", shared.opened.load(Relaxed));
    text.field("shm_rejected_connections", shared.refused.load(Relaxed));
    text.field("shm_broken_connections", shared.broken.load(Relaxed));
    text.field("shm_commands_processed", stats.sum(|thread| &thread.ring_commands));
    text.field("shm_requests", stats.sum(|thread| &thread.ring_turns));
    text.field("shm_client_wakeups", stats.sum(|thread| &thread.ring_wakes));
    text.field("shm_server_wakeups", stats.sum(|thread| &thread.ring_doorbells));
    text.field("shm_spins", stats.sum(|thread| &thread.spins));
    text.field("shm_parks", stats.sum(|thread| &thread.parks));
    text.field("shm_requests_expected", stats.sum(|thread| &thread.expected));
    text.field("shm_requests_met", stats.sum(|thread| &thread.met));
    text.field("shm_expecting_us", stats.sum(|thread| &thread.expecting_nanos) / 1000);
    text.field("shm_pollers", threads);
    text.field("shm_pollers_parked", threads.saturating_sub(polling));
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    #[test]
    fn tells_how_many_there_are() {
        let mut server = TestServer::new();
        let mut session = server.client();
        let info = server.run(&mut session, "INFO shm");
        assert!(info.starts_with("# Shm\r\nshm_connections:0\r\nshm_rings:0\r\n"), "{info}");
    }
}
