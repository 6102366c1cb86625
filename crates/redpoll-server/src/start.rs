//! Bringing the server up, and down again.

use crate::acceptor::Doors;
use crate::certificates::Certificates;
use crate::handshake::Handshakes;
use crate::mailbox::Mailbox;
use crate::metrics::Metrics;
use crate::pollers::Pollers;
use crate::reconfigure::Reconfigure;
use crate::storage::Directory;
use crate::supervisor::Supervisor;
use crate::worker::Worker;
use crate::workers::Workers;
use crate::{
    acceptor, aof, background, banner, handshake, logging, migrate, oom_score, reclaim,
    replication, search, storage, tiers, timer, users,
};
use redpoll_config::{Config, Text};
use redpoll_engine::engine::ProcessInfo;
use redpoll_engine::replication::Primary;
use redpoll_engine::{Engine, Executor};
use redpoll_keyspace::clock;
use redpoll_memory::slices;
use redpoll_transport::{Listener, RdmaSettings};
use redpoll_types::rng::SmallRng;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::fs;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::{env, process, thread};

/// Starts everything and returns when the server is to end. The error is for the log.
pub fn run(config: Config) -> Result<(), String> {
    if config.daemonize() {
        go_into_background()?;
    }
    logging::start(&config)?;
    config.extras().warnings.iter().for_each(|warning| log::warn!("{warning}"));
    let supervisor = Supervisor::find(&config);
    let directory = config.dir();
    let name = directory.to_str_lossy().into_owned();
    warn_of_missing(&config);
    env::set_current_dir(directory.as_path())
        .map_err(|e| format!("Can't chdir to '{name}': {e}"))?;
    let certificates = Arc::new(Certificates::default());
    certificates.load(&config).map_err(|error| {
        log::warn!("{error}");
        "Failed to configure TLS. Check logs for more info."
    })?;
    tiers::install(&config)?;
    let config = Arc::new(config);
    let listeners = bind(&config)?;
    let addresses = describe(&listeners);
    if listeners.is_empty() {
        return Err("Configured to not listen anywhere, exiting.".to_owned());
    }
    prepare_process(&config);
    let process = ProcessInfo {
        executable: env::current_exe().map(|path| path.display().to_string()).unwrap_or_default(),
        config_file: config.config_file().map(Into::into),
        supervised: supervisor.name(),
        workers: config.worker_threads(),
        // Clients come to shared memory through the Unix socket only.
        pollers: config.unixsocket().map_or(0, |_| config.shm_poll_threads()),
        run_id: run_id(),
    };
    log::info!("PID: {}", process::id());
    print_banner(&config, &process, &addresses, &name);
    let pid_file = write_pid_file(&config);
    let engine = Arc::new(Engine::new(config, redpoll_commands::all(), process));
    watch_signals(&engine)?;
    users::load(&engine)?;
    let (goes_on, doors) = start_threads(&engine, certificates, listeners)?;
    if goes_on {
        log::info!("Ready to accept connections");
        supervisor.ready();
        timer::run(&engine);
    }
    supervisor.stopping();
    // Before the connections go with the process: who then comes again must not get in.
    doors.replace(Vec::new());
    end(&engine, pid_file);
    Ok(())
}

/// Starts all threads and loads the data. Answers whether the program is to go on, and
/// where it listens.
fn start_threads(
    engine: &Arc<Engine>,
    certificates: Arc<Certificates>,
    listeners: Vec<Listener>,
) -> Result<(bool, Arc<Doors>), String> {
    let failed = |error: io::Error| format!("Can't start a thread: {error}");
    redpoll_memory::enable_background_purging();
    reclaim::start(engine).map_err(failed)?;
    tiers::start(engine).map_err(failed)?;
    background::start(engine);
    search::start(engine).map_err(failed)?;
    engine.persistence.set_storage(Box::new(Directory { config: Arc::clone(&engine.config) }));
    migrate::start(engine);
    replication::start(engine).map_err(failed)?;
    log::info!("Server initialized");
    let (workers, pollers) = start_workers(engine).map_err(failed)?;
    let workers = Arc::new(Workers::new(workers, pollers));
    let holders = Arc::clone(&workers);
    engine.persistence.aof.set_wake(Box::new(move || holders.wake_holders()));
    let doors = Arc::new(Doors::new(listeners).map_err(failed)?);
    let handshakes = Arc::new(Handshakes::new().map_err(failed)?);
    certificates.publish(engine);
    let reconfigure = Reconfigure {
        doors: Arc::clone(&doors),
        certificates: Arc::clone(&certificates),
        handshakes: Arc::clone(&handshakes),
        metrics: Metrics::start(engine)?,
        engine: Arc::downgrade(engine),
    };
    engine.set_config_hook(Box::new(move |config, changed| reconfigure.apply(config, changed)));
    handshake::start(
        Arc::clone(engine),
        Arc::clone(&handshakes),
        certificates,
        Arc::clone(&workers),
    )
    .map_err(failed)?;
    // Clients are answered that the data are still being loaded.
    let loading = engine.begin_loading();
    acceptor::start(Arc::clone(engine), Arc::clone(&doors), workers, handshakes).map_err(failed)?;
    let goes_on = aof::start(engine)?;
    drop(loading);
    if goes_on {
        if engine.config.replicaof().is_none() {
            // What had expired in the file; those who know the stream hear of it. Nothing is
            // logged before: while data are loaded.
            Executor::new(Arc::clone(engine), 2).expire_due(clock::now_ms());
        }
        follow_configured(engine);
    }
    Ok((goes_on, doors))
}

/// Leaves the terminal to the one who has started the program. To be done before there are threads:
/// only this one comes along.
fn go_into_background() -> Result<(), String> {
    let failed = |error: io::Error| format!("Can't go into the background: {error}");
    if fork::fork().map_err(failed)?.is_parent() {
        process::exit(0);
    }
    fork::setsid().map_err(failed)?;
    fork::redirect_stdio().map_err(failed)
}

/// What the kernel, and the log, are to know of the process.
fn prepare_process(config: &Arc<Config>) {
    let shared = Arc::clone(config);
    logging::watch_faults(move || shared.crash_log_enabled());
    // Said in the log already; the server runs without.
    let _ = oom_score::apply(config, false);
    // A DAX device is mapped in huge pages or not at all.
    if !config.disable_thp() {
        redpoll_memory::huge::welcome();
    } else if !tiers::has_device(config)
        && let Err(error) = redpoll_memory::huge::restrain()
    {
        log::warn!("Can't turn transparent huge pages off for the process: {error}");
    }
}

/// Says which directives of the configuration ask for something that this build does not have:
/// whoever relies on them must hear of it at the start, not after a loss.
fn warn_of_missing(config: &Config) {
    let missing = [(config.cluster_enabled(), "cluster-enabled", "the server runs alone")];
    for (_, name, instead) in missing.iter().filter(|(asked, _, _)| *asked) {
        log::warn!("{name} is set, but this version does not have it: {instead}.");
    }
}

/// The stack of a worker: scripts nest calls, patterns and tables, and the turns of the loop.
const WORKER_STACK: usize = 16 << 20;

/// Becomes a replica if the configuration says so.
fn follow_configured(engine: &Engine) {
    if let Some(primary) = engine.config.replicaof() {
        let host = primary.host.to_str_lossy().into_owned();
        let mut rng = SmallRng::new(clock::now_ms() as u64);
        let primary = Primary { host, port: primary.port };
        let mut keys = engine.keyspace.keys(0, clock::now_ms());
        keys.lock_all();
        engine.follow(&keys, Some(primary), &mut rng);
    }
}

type Mailboxes = Vec<Arc<Mailbox>>;

/// Starts workers and pollers; returns both's mailboxes.
fn start_workers(engine: &Arc<Engine>) -> io::Result<(Mailboxes, Mailboxes)> {
    let nobody = Arc::new(Pollers::default());
    let (workers, pollers) = (engine.process.workers.max(1), engine.process.pollers);
    let start = |name: &str, number: usize, seed: usize, pollers: &Arc<Pollers>| {
        let mailbox = Arc::new(Mailbox::new()?);
        let boxes = (Arc::clone(&mailbox), Arc::clone(pollers));
        let (engine, name) = (Arc::clone(engine), format!("{name}-{number}"));
        let builder = thread::Builder::new().name(name.clone());
        builder.stack_size(WORKER_STACK).spawn(move || {
            redpoll_memory::register_thread();
            slices::take_short_turns();
            match Worker::new(engine, boxes, seed) {
                Ok(mut worker) => worker.run(),
                Err(error) => log::error!("Can't start {name}: {error}"),
            }
        })?;
        io::Result::Ok(mailbox)
    };
    let polling: Vec<_> = (0..pollers)
        .map(|number| start("poller", number, workers + number, &nobody))
        .collect::<io::Result<_>>()?;
    let pollers = Arc::new(Pollers::new(polling.clone()));
    let working = (0..workers)
        .map(|number| start("worker", number, number, &pollers))
        .collect::<io::Result<_>>()?;
    Ok((working, polling))
}

/// Binds every configured address.
fn bind(config: &Config) -> Result<Vec<Listener>, String> {
    let mut listeners = bind_tcp(config, |at, backlog, tls| listen(config, at, backlog, tls))?;
    listeners.extend(bind_rdma(config, |at| listen_rdma(config, at))?);
    if let Some(path) = config.unixsocket() {
        let listener = Listener::unix(path.as_path(), config.unixsocketperm());
        listeners.push(listener.map_err(|error| error.to_string())?);
    }
    Ok(listeners)
}

/// Listens on one address, for TLS or without it.
pub fn listen(
    config: &Config,
    at: SocketAddr,
    backlog: i32,
    tls: bool,
) -> Result<Listener, String> {
    let bound = if tls { Listener::tls(at, backlog) } else { Listener::tcp(at, backlog) };
    let listener = bound.map_err(|error| error.to_string())?;
    let mark = u32::try_from(config.socket_mark_id()).unwrap_or(0);
    listener.set_mark(mark).map_err(|error| format!("{at}: setting the socket mark: {error}"))?;
    Ok(listener)
}

/// Calls `listen` with every configured TCP address, the backlog, and whether it is for TLS. An
/// address with a leading `-` may be missing from the machine.
pub fn bind_tcp<L>(
    config: &Config,
    listen: impl Fn(SocketAddr, i32, bool) -> Result<L, String>,
) -> Result<Vec<L>, String> {
    let mut listeners = Vec::new();
    let ports = [(config.port(), false), (config.tls_port(), true)];
    for (port, tls) in ports.into_iter().filter(|(port, _)| *port != 0) {
        let kind = if tls { "tls" } else { "tcp" };
        let backlog = config.tcp_backlog() as i32;
        let listen = |at| listen(at, backlog, tls);
        listeners.extend(bind_each(&config.bind(), port, kind, listen)?);
    }
    Ok(listeners)
}

/// Listens on one address over RDMA.
pub fn listen_rdma(config: &Config, at: SocketAddr) -> Result<Listener, String> {
    let settings = RdmaSettings {
        receive: usize::try_from(config.rdma_rx_size()).unwrap_or(usize::MAX),
        vector: u32::try_from(config.rdma_completion_vector()).ok(),
    };
    let bound = Listener::rdma(at, config.tcp_backlog() as i32, settings);
    bound.map_err(|error| error.to_string())
}

/// Calls `listen` with every configured address of RDMA, as [`bind_tcp`] does.
pub fn bind_rdma<L>(
    config: &Config,
    listen: impl Fn(SocketAddr) -> Result<L, String>,
) -> Result<Vec<L>, String> {
    match config.rdma_port() {
        0 => Ok(Vec::new()),
        port => bind_each(&config.rdma_bind(), port, "rdma", listen),
    }
}

/// Listens on each of some addresses.
fn bind_each<L>(
    addresses: &[Text],
    port: u16,
    kind: &str,
    listen: impl Fn(SocketAddr) -> Result<L, String>,
) -> Result<Vec<L>, String> {
    let mut listeners = Vec::new();
    for name in addresses {
        let name = name.to_str_lossy();
        let (name, optional) = match name.strip_prefix('-') {
            Some(rest) => (rest, true),
            None => (&*name, false),
        };
        match resolve(name, port).and_then(&listen) {
            Ok(listener) => listeners.push(listener),
            Err(_) if optional => {}
            Err(error) => {
                return Err(format!("Failed listening on port {port} ({kind}), aborting. {error}"));
            }
        }
    }
    Ok(listeners)
}

fn resolve(name: &str, port: u16) -> Result<SocketAddr, String> {
    let name = match name {
        "*" => "0.0.0.0",
        "::*" => "::",
        other => other,
    };
    let mut found = (name, port).to_socket_addrs().map_err(|error| format!("{name}: {error}"))?;
    found.next().ok_or_else(|| format!("{name} has no address"))
}

fn describe(listeners: &[Listener]) -> Vec<String> {
    listeners
        .iter()
        .map(|listener| match listener {
            Listener::Unix(_, path) => path.display().to_string(),
            tcp => {
                let tls = match tcp {
                    Listener::Tls(_) => " (TLS)",
                    Listener::Rdma(_) => " (RDMA)",
                    _ => "",
                };
                tcp.local_address().map_or_else(|| "?".to_owned(), |at| format!("{at}{tls}"))
            }
        })
        .collect()
}

fn print_banner(config: &Config, process: &ProcessInfo, addresses: &[String], directory: &str) {
    use io::IsTerminal;
    let wanted = config.always_show_logo() || io::stdout().is_terminal();
    if wanted && config.logfile().is_empty() {
        println!("{}", banner::text(process, addresses, directory));
    } else {
        let (version, count) = (env!("CARGO_PKG_VERSION"), process.workers);
        log::info!("Redpoll version={version}, bits=64, workers={count}, data in {directory}");
        addresses.iter().for_each(|address| log::info!("Listening on {address}"));
    }
}

/// Forty hexadecimal digits that no other start of the server has.
fn run_id() -> String {
    use std::hash::{BuildHasher, RandomState};
    let digits = |_| format!("{:016x}", RandomState::new().hash_one(process::id()));
    let mut id: String = (0..3).map(digits).collect();
    id.truncate(40);
    id
}

/// Starts the thread that notes signals. A second one ends the program at once: the first may be
/// stuck in something.
fn watch_signals(engine: &Arc<Engine>) -> Result<(), String> {
    let failed = |error: io::Error| format!("Can't watch for signals: {error}");
    let mut signals = Signals::new([SIGTERM, SIGINT]).map_err(failed)?;
    let engine = Arc::clone(engine);
    let watch = move || {
        for signal in signals.forever() {
            let name = if signal == SIGINT { "SIGINT" } else { "SIGTERM" };
            if engine.signalled.swap(signal, Relaxed) != 0 {
                log::warn!("Received {name} again, exiting now.");
                storage::discard_temporary();
                process::exit(1);
            }
            log::info!("Received {name}, scheduling shutdown...");
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(watch).map(drop).map_err(failed)
}

/// Writes the pid file. A server in the background has one always: it cannot be told by name.
fn write_pid_file(config: &Config) -> Option<Text> {
    let default = config.daemonize().then(|| Text::from("/var/run/redis.pid"));
    let path = config.pidfile().or(default)?;
    match fs::write(path.as_path(), format!("{}\n", process::id())) {
        Ok(()) => Some(path),
        Err(error) => {
            log::warn!("Can't write the pid file {}: {error}", path.to_str_lossy());
            None
        }
    }
}

fn end(engine: &Engine, pid_file: Option<Text>) {
    storage::discard_temporary();
    if let Some(path) = pid_file {
        log::info!("Removing the pid file.");
        // It may have been removed by somebody else.
        let _ = fs::remove_file(path.as_path());
    }
    if let Some(path) = engine.config.unixsocket() {
        log::info!("Removing the unix socket file.");
        // As above.
        let _ = fs::remove_file(path.as_path());
    }
    log::warn!("Redpoll is now ready to exit, bye bye...");
}
