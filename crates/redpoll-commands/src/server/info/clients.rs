//! INFO's section `Clients`: who is connected, and who waits.

use super::text::Text;
use crate::prelude::*;
use crate::server::survey::Survey;
use redpoll_engine::client::{Client, ClientKind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

pub(super) fn write(text: &mut Text, ctx: &Ctx<'_>, survey: &Survey) {
    let clients = ctx.engine.clients.all();
    let largest =
        |bytes: fn(&Client) -> usize| clients.iter().map(|client| bytes(client)).max().unwrap_or(0);
    // Replicas are counted by themselves (`connected_slaves`).
    let count = |kind| clients.iter().filter(|client| client.kind() == kind).count();
    text.field("connected_clients", clients.len() - count(ClientKind::Replica));
    text.zeros(&["cluster_connections"]);
    text.field("maxclients", ctx.engine.config.maxclients());
    text.field(
        "client_recent_max_input_buffer",
        largest(|client| client.figures.query_bytes.load(Relaxed)),
    );
    text.field(
        "client_recent_max_output_buffer",
        largest(|client| client.figures.output_bytes.load(Relaxed) + client.outbox_len()),
    );
    let engine = ctx.engine;
    let ending = engine.shutdown_clients.lock().len();
    let blocked = engine.waiters.len() + engine.pause.postponed() + ending;
    text.field("blocked_clients", blocked);
    text.field("tracking_clients", ctx.engine.tracking.client_count());
    text.field("pubsub_clients", count(ClientKind::PubSub));
    let watches = |client: &&Arc<Client>| client.figures.watched.load(Relaxed) > 0;
    text.field("watching_clients", clients.iter().filter(watches).count());
    text.field("clients_in_timeout_table", ctx.engine.waiters.timed());
    text.field("total_blocking_keys", survey.awaited_keys);
    text.field("total_blocking_keys_on_nokey", survey.needed_keys);
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    #[test]
    fn counts_clients() {
        let mut server = TestServer::new();
        let (mut session, _other) = (server.client(), server.client());
        let info = server.run(&mut session, "INFO clients");
        let expected = "# Clients\r\nconnected_clients:2\r\ncluster_connections:0\r\n\
                        maxclients:10000\r\nclient_recent_max_input_buffer:0\r\n\
                        client_recent_max_output_buffer:0\r\nblocked_clients:0\r\n\
                        tracking_clients:0\r\npubsub_clients:0\r\nwatching_clients:0\r\n\
                        clients_in_timeout_table:0\r\n\
                        total_blocking_keys:0\r\ntotal_blocking_keys_on_nokey:0\r\n";
        assert_eq!(info, expected);
    }
}
