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

use endpoint::Stop;
use parking_lot::Mutex;
use redpoll_config::Config;
use redpoll_engine::{Engine, Executor};
use redpoll_keyspace::clock;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};

/// The endpoint, or that there is none.
pub struct Metrics {
    /// Whose figures they are. (The engine holds this.)
    engine: Weak<Engine>,
    running: Mutex<Option<Running>>,
}

/// A thread that answers.
struct Running {
    address: SocketAddr,
    stop: Arc<Stop>,
    thread: JoinHandle<()>,
}

impl Metrics {
    /// Starts the thread, if a port is configured.
    pub fn start(engine: &Arc<Engine>) -> Result<Self, String> {
        let metrics = Metrics { engine: Arc::downgrade(engine), running: Mutex::default() };
        metrics.follow(&engine.config)?;
        Ok(metrics)
    }

    /// Listens where the configuration says, and nowhere else. On an error all stays as it was.
    pub fn follow(&self, config: &Config) -> Result<(), String> {
        let (port, name) = (config.metrics_port(), config.metrics_bind());
        let name = name.to_str_lossy();
        let fail = |error: io::Error| {
            format!("Failed listening on port {port} (metrics), aborting. {name}: {error}")
        };
        let wanted = match port {
            0 => None,
            port => Some(resolve(&name, port).map_err(fail)?),
        };
        let mut running = self.running.lock();
        let before = running.as_ref().map(|running| running.address);
        let Some(engine) = self.engine.upgrade().filter(|_| before != wanted) else {
            return Ok(());
        };
        // The two may be the same port at different addresses.
        if let Some(old) = running.take() {
            old.end();
        }
        let start = |address| Running::start(&engine, address);
        let started = wanted.map(start).transpose();
        *running = match started {
            Ok(started) => started,
            Err(error) => {
                *running = before.and_then(|address| start(address).ok());
                return Err(fail(error));
            }
        };
        Ok(())
    }
}

impl Running {
    fn start(engine: &Arc<Engine>, address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let stop = Arc::new(Stop::new()?);
        let (mut executor, shared) = (Executor::new(Arc::clone(engine), 3), Arc::clone(&stop));
        let thread = thread::Builder::new().name("metrics".to_owned()).spawn(move || {
            redpoll_memory::register_thread();
            endpoint::serve(&listener, &shared, || text(&mut executor));
        })?;
        log::info!("Figures for Prometheus at http://{address}/metrics");
        Ok(Running { address, stop, thread })
    }

    fn end(self) {
        self.stop.set();
        // A thread that has panicked has ended, too.
        let _ = self.thread.join();
    }
}

fn resolve(name: &str, port: u16) -> io::Result<SocketAddr> {
    let address = (name, port).to_socket_addrs()?.next();
    address.ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
}

/// All figures as they are now.
fn text(executor: &mut Executor) -> String {
    let info = executor.look(clock::now_ms(), redpoll_commands::info);
    figures::write(&info, executor.engine())
}
