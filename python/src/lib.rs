//! The part of the Python package that is not Python: a connection in the shape of a socket.
//!
//! redis-py asks little of a socket: to send, to receive with a timeout, to be polled, to be
//! closed. [`Channel`] does that over a Unix socket, and, once the server has granted it, through
//! shared memory; so redis-py's own connections and parsers work on it. The interpreter's lock is
//! given away while a thread waits, except for the first moment: most replies are there before
//! another thread could have been let in.

#![forbid(unsafe_code)]

mod channel;
mod wire;

/// The extension module.
#[pyo3::pymodule]
mod _core {
    #[pymodule_export]
    use super::channel::Channel;
}
