//! Listeners and byte streams: TCP and Unix sockets behind one type.
//!
//! A server binds [`Listener`]s and gets [`Stream`]s from them; both are non-blocking, and both
//! have a descriptor to wait for. Whoever holds a stream need not know what kind it is: this is the
//! seam at which further transports join.

#![forbid(unsafe_code)]

mod listener;
mod stream;

pub use listener::{BindError, Listener};
pub use stream::{Address, Stream};
