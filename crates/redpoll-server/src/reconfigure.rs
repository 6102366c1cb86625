//! What CONFIG SET changes outside of the engine: the log, the directory, the listeners, the
//! certificates, the endpoint for Prometheus, the score of the process.

use crate::acceptor::Doors;
use crate::certificates::Certificates;
use crate::handshake::Handshakes;
use crate::metrics::Metrics;
use crate::{aof, logging, oom_score, start, tiers};
use redpoll_config::{ApplyError, Changed, Config};
use redpoll_engine::Engine;
use redpoll_transport::Listener;
use std::env;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};

/// What changes are carried out on.
pub struct Reconfigure {
    /// The listeners.
    pub doors: Arc<Doors>,
    /// The certificates.
    pub certificates: Arc<Certificates>,
    /// The thread that looks at the certificates' files.
    pub handshakes: Arc<Handshakes>,
    /// The endpoint for Prometheus.
    pub metrics: Metrics,
    /// Where INFO looks. (The engine holds this.)
    pub engine: Weak<Engine>,
}

/// Directives of the tiers of memory that must agree with each other.
const TIERS: [&str; 5] = [
    "static-threshold",
    "memory-alloc-policy",
    "initial-dynamic-threshold",
    "dynamic-threshold-min",
    "dynamic-threshold-max",
];

impl Reconfigure {
    /// Carries changed directives out. An error leaves what it names as it was.
    pub fn apply(&self, config: &Config, changed: &[Changed]) -> Result<(), ApplyError> {
        let refuse = |change: &Changed, reason: &str| ApplyError {
            name: change.name().to_owned(),
            reason: reason.to_owned(),
        };
        let first = |wanted: fn(&str) -> bool| changed.iter().find(|change| wanted(change.name()));
        if let Some(change) = first(|name| name.starts_with("tls-")) {
            self.load_certificates(config).map_err(|()| {
                refuse(change, "Unable to update TLS configuration. Check server logs.")
            })?;
        }
        if let Some(change) = first(|name| matches!(name, "port" | "tls-port" | "bind")) {
            let reason = match change.name() {
                "bind" => "Failed to bind to specified addresses.",
                _ => "Unable to listen on this port. Check server logs.",
            };
            listen(&self.doors, config).map_err(|_| refuse(change, reason))?;
        }
        if let Some(change) = first(|name| matches!(name, "rdma-port" | "rdma-bind")) {
            let reason = "Unable to listen there over RDMA. Check server logs.";
            listen_rdma(&self.doors, config).map_err(|_| refuse(change, reason))?;
        }
        if let Some(change) = first(|name| name.starts_with("metrics-")) {
            let reason = "Unable to listen there. Check server logs.";
            let followed = self.metrics.follow(config).inspect_err(|error| log::warn!("{error}"));
            followed.map_err(|_| refuse(change, reason))?;
        }
        if let Some(change) = first(|name| TIERS.contains(&name)) {
            tiers::check(config).map_err(|reason| refuse(change, &reason))?;
            redpoll_engine::tiers::place_by(config);
        }
        if let Some(change) = first(|name| name.starts_with("oom-score-adj")) {
            let engine = self.engine.upgrade();
            let is_replica = engine.is_some_and(|engine| engine.replication.is_replica());
            oom_score::apply(config, is_replica).map_err(|_| {
                refuse(change, "Failed to set current oom_score_adj. Check server logs.")
            })?;
        }
        for change in changed {
            match change.name() {
                "appendonly" => aof::log()
                    .map_or(Ok(()), |log| log.set_on(config.appendonly()))
                    .map_err(|error| {
                        log::warn!("Can't turn the append-only file on: {error}");
                        refuse(change, "Unable to turn on AOF. Check server logs.")
                    })?,
                "appendfsync" => {
                    if let Some(log) = aof::log() {
                        log.policy_changed();
                    }
                }
                "loglevel" => logging::set_level(config.loglevel()),
                "log-format" | "log-timestamp-format" => logging::set_form(config),
                "dir" => {
                    let directory = config.dir();
                    env::set_current_dir(directory.as_path())
                        .map_err(|error| refuse(change, &error.to_string()))?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn load_certificates(&self, config: &Config) -> Result<(), ()> {
        self.certificates.load(config).map_err(|error| log::warn!("{error}"))?;
        if let Some(engine) = self.engine.upgrade() {
            self.certificates.publish(&engine);
        }
        self.handshakes.wake();
        Ok(())
    }
}

/// Listens where the configuration says now; listeners whose address stays are kept.
fn listen(doors: &Doors, config: &Config) -> Result<(), String> {
    let old = doors.listeners();
    let others =
        old.iter().filter(|listener| matches!(***listener, Listener::Unix(..) | Listener::Rdma(_)));
    let mut new: Vec<Arc<Listener>> = others.cloned().collect();
    let is_at = |listener: &Listener, at| listener.local_address() == Some(at);
    let kept = |at: SocketAddr| old.iter().find(|it| is_at(it, at) && !it.is_rdma());
    start::bind_tcp(config, |at, backlog, tls| match kept(at) {
        Some(listener) if listener.is_tls() == tls => Ok(Arc::clone(listener)),
        Some(listener) => listener.turned(tls).map(Arc::new).map_err(|error| error.to_string()),
        None => start::listen(config, at, backlog, tls).map(Arc::new),
    })
    .map(|tcp| {
        new.extend(tcp);
        doors.replace(new);
    })
    .inspect_err(|error| log::warn!("{error}"))
}

/// As [`listen`], over RDMA.
fn listen_rdma(doors: &Doors, config: &Config) -> Result<(), String> {
    let (old, others): (Vec<_>, Vec<_>) =
        doors.listeners().into_iter().partition(|listener| listener.is_rdma());
    let kept = |at: SocketAddr| old.iter().find(|it| it.local_address() == Some(at));
    let bound = start::bind_rdma(config, |at| match kept(at) {
        Some(listener) => Ok(Arc::clone(listener)),
        None => start::listen_rdma(config, at).map(Arc::new),
    });
    let bound = bound.inspect_err(|error| log::warn!("{error}"))?;
    doors.replace(others.into_iter().chain(bound).collect());
    Ok(())
}
