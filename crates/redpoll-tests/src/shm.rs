//! All connections through shared memory, if `REDPOLL_TEST_SHM` is set: tests connect to a port,
//! and what they get is a connection to the same server that has gone over.

use redpoll_client::{Config, Endpoint, SharedMemory, Transport};
use std::collections::HashMap;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

/// The Unix sockets of the servers of this process, by their ports.
static SOCKETS: LazyLock<Mutex<HashMap<u16, PathBuf>>> = LazyLock::new(Mutex::default);

/// Whether it is wanted.
pub fn is_everywhere() -> bool {
    std::env::var_os("REDPOLL_TEST_SHM").is_some()
}

/// Notes where a server is.
pub fn note(port: u16, socket: &Path) {
    SOCKETS.lock().unwrap_or_else(PoisonError::into_inner).insert(port, socket.to_owned());
}

fn socket(port: u16) -> Option<PathBuf> {
    let sockets = SOCKETS.lock().unwrap_or_else(PoisonError::into_inner);
    sockets.get(&port).filter(|path| is_everywhere() && path.exists()).cloned()
}

/// Lets a client go over where it can.
pub fn redirect(config: &mut Config) {
    if let Endpoint::Tcp { port, .. } = config.endpoint
        && let Some(path) = socket(port)
    {
        config.endpoint = Endpoint::Unix(path);
        config.shared_memory = SharedMemory::Try;
    }
}

/// A connection to a port that has gone over, if that is wanted and possible.
pub fn connect(port: u16) -> Option<Box<dyn Transport>> {
    let stream: Box<dyn Transport> = Box::new(UnixStream::connect(socket(port)?).ok()?);
    stream.open_rings(None).ok().map(|upgraded| upgraded.transport)
}
