//! The Rust client and the adapter for the `redis` crate, over every transport.

mod asynchronous;
mod blocking;
mod redis_rs;

use redpoll_tests::Server;

/// A server, and the URIs by which it is reached: TCP, Unix socket, shared memory.
fn reachable() -> (Server, [String; 3]) {
    let server = Server::start(&["--requirepass", "pw", "--io-threads", "2"]);
    let socket = server.socket();
    let socket = socket.display();
    let uris = [
        format!("redis://:pw@127.0.0.1:{}", server.port),
        format!("unix://:pw@{socket}"),
        format!("redis+shm://:pw@{socket}?fallback=no"),
    ];
    (server, uris)
}

/// The URI with a parameter more.
fn with(uri: &str, parameter: &str) -> String {
    let join = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{join}{parameter}")
}

/// The URI of shared memory alone, of a server without a password.
fn shm(server: &Server) -> String {
    format!("redis+shm://{}", server.socket().display())
}
