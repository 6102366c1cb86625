//! Listeners and byte streams: TCP and Unix sockets behind one type, with TLS or without, RDMA, and
//! shared memory behind a Unix socket.
//!
//! A server binds [`Listener`]s and gets [`Stream`]s from them; both are non-blocking, and both
//! have a descriptor to wait for. Whoever holds a stream need not know what kind it is: this is the
//! seam at which further transports join. A stream with TLS begins with a handshake
//! ([`Stream::handshake`]); from then on it is a stream like any other.

#![forbid(unsafe_code)]

mod dial;
mod listener;
mod peer;
mod rdma;
mod rings;
mod stream;
pub mod tls;

pub use dial::dial;
pub use listener::{BindError, Listener};
pub use peer::Peer;
pub use rdma::{RdmaListener, dial_rdma};
pub use redpoll_rdma::Settings as RdmaSettings;
pub use rings::{OpenError, Rings};
pub use stream::{Address, Arrival, Stream};
