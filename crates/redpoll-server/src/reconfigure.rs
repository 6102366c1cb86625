//! What CONFIG SET changes outside of the engine: the log, the directory, the listeners.

use crate::acceptor::Doors;
use crate::{logging, start};
use redpoll_config::{ApplyError, Changed, Config};
use redpoll_transport::Listener;
use std::env;
use std::net::SocketAddr;
use std::sync::Arc;

/// Carries changed directives out. An error leaves what it names as it was.
pub fn apply(doors: &Doors, config: &Config, changed: &[Changed]) -> Result<(), ApplyError> {
    for change in changed {
        let refuse =
            |reason: &str| ApplyError { name: change.name().to_owned(), reason: reason.to_owned() };
        match change.name() {
            "loglevel" => logging::set_level(config.loglevel()),
            "dir" => {
                let directory = config.dir();
                env::set_current_dir(directory.as_path()).map_err(|e| refuse(&e.to_string()))?;
            }
            "port" => listen(doors, config)
                .map_err(|_| refuse("Unable to listen on this port. Check server logs."))?,
            "bind" => listen(doors, config)
                .map_err(|_| refuse("Failed to bind to specified addresses."))?,
            _ => {}
        }
    }
    Ok(())
}

/// Listens where the configuration says now; listeners whose address stays are kept.
fn listen(doors: &Doors, config: &Config) -> Result<(), String> {
    let old = doors.listeners();
    let unix = old.iter().filter(|listener| matches!(***listener, Listener::Unix(..)));
    let mut new: Vec<Arc<Listener>> = unix.cloned().collect();
    let kept = |at: SocketAddr| old.iter().find(|listener| local(listener) == Some(at)).cloned();
    start::bind_tcp(config, |at, backlog| match kept(at) {
        Some(listener) => Ok(listener),
        None => Listener::tcp(at, backlog).map(Arc::new).map_err(|error| error.to_string()),
    })
    .map(|tcp| {
        new.extend(tcp);
        doors.replace(new);
    })
    .inspect_err(|error| log::warn!("{error}"))
}

fn local(listener: &Listener) -> Option<SocketAddr> {
    match listener {
        Listener::Tcp(socket) => socket.local_addr().ok(),
        Listener::Unix(..) => None,
    }
}
