//! Figures for Prometheus: a thread that answers `GET /metrics`.
//!
//! All figures are INFO's, under the names that redis_exporter has made usual; only histograms,
//! which INFO does not show, come from the counters themselves. The thread takes at most a few
//! connections, each for a few seconds and with a small request, and reads the figures as a client
//! would: workers notice nothing of it.

mod endpoint;
mod exposition;
mod figures;
mod names;

use redpoll_engine::{Engine, Executor};
use redpoll_keyspace::clock;
use std::net::{TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::thread;

/// Starts the thread, if a port is configured.
pub fn start(engine: &Arc<Engine>) -> Result<(), String> {
    let port = engine.config.metrics_port();
    if port == 0 {
        return Ok(());
    }
    let name = engine.config.metrics_bind();
    let name = name.to_str_lossy();
    let fail = |error: std::io::Error| {
        format!("Failed listening on port {port} (metrics), aborting. {name}: {error}")
    };
    let address = (&*name, port).to_socket_addrs().map_err(fail)?.next();
    let address = address.ok_or_else(|| fail(std::io::ErrorKind::AddrNotAvailable.into()))?;
    let listener = TcpListener::bind(address).map_err(fail)?;
    listener.set_nonblocking(true).map_err(fail)?;
    let mut executor = Executor::new(Arc::clone(engine), 3);
    thread::Builder::new()
        .name("metrics".to_owned())
        .spawn(move || {
            redpoll_memory::register_thread();
            endpoint::serve(&listener, || text(&mut executor));
        })
        .map_err(fail)?;
    log::info!("Figures for Prometheus at http://{address}/metrics");
    Ok(())
}

/// All figures as they are now.
fn text(executor: &mut Executor) -> String {
    let info = executor.look(clock::now_ms(), redpoll_commands::info);
    figures::write(&info, executor.engine())
}
