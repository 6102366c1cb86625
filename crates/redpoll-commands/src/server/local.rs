//! Which clients are on this host, for what only those may do.

use redpoll_engine::client::Client;

/// Whether the client came over a Unix socket or a loopback address.
pub(super) fn is_local(client: &Client) -> bool {
    let address = &client.origin.address;
    client.origin.unix || address.starts_with("127.") || address.starts_with("[::1]:")
}
