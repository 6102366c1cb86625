//! Bringing the server up, and down again.

use crate::acceptor::Doors;
use crate::mailbox::Mailbox;
use crate::worker::Worker;
use crate::{acceptor, banner, logging, reclaim, reconfigure, timer};
use redpoll_config::Config;
use redpoll_engine::Engine;
use redpoll_engine::engine::ProcessInfo;
use redpoll_transport::Listener;
use std::fs;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::{env, process, thread};

/// Starts everything and returns when the server is to end. The error is for the log.
pub fn run(config: Config) -> Result<(), String> {
    logging::start(&config)?;
    config.extras().warnings.iter().for_each(|warning| log::warn!("{warning}"));
    let directory = config.dir();
    let name = directory.to_str_lossy().into_owned();
    warn_of_missing(&config);
    env::set_current_dir(directory.as_path())
        .map_err(|e| format!("Can't chdir to '{name}': {e}"))?;
    let config = Arc::new(config);
    let listeners = bind(&config)?;
    let addresses = describe(&listeners);
    if listeners.is_empty() {
        return Err("Configured to not listen anywhere, exiting.".to_owned());
    }
    let process = ProcessInfo {
        executable: env::current_exe().map(|path| path.display().to_string()).unwrap_or_default(),
        config_file: config.config_file().map(Into::into),
        port: config.port(),
        workers: config.worker_threads(),
        run_id: run_id(),
    };
    log::info!("PID: {}", process::id());
    print_banner(&config, &process, &addresses, &name);
    let signalled = watch_signals()?;
    let pid_file = write_pid_file(&config);
    let engine = Arc::new(Engine::new(config, redpoll_commands::all(), process));
    let failed = |error: std::io::Error| format!("Can't start a thread: {error}");
    redpoll_memory::enable_background_purging();
    reclaim::start(&engine).map_err(failed)?;
    let workers = start_workers(&engine).map_err(failed)?;
    let doors = Arc::new(Doors::new(listeners).map_err(failed)?);
    let shared = Arc::clone(&doors);
    engine.set_config_hook(Box::new(move |config, changed| {
        reconfigure::apply(&shared, config, changed)
    }));
    log::info!("Server initialized");
    acceptor::start(Arc::clone(&engine), doors, workers).map_err(failed)?;
    log::info!("Ready to accept connections");
    timer::run(&engine, &signalled);
    end(&engine, pid_file);
    Ok(())
}

/// Says which directives of the configuration ask for something that this build does not have:
/// whoever relies on them must hear of it at the start, not after a loss.
fn warn_of_missing(config: &Config) {
    let missing = [
        (config.appendonly(), "appendonly", "nothing is written to disk"),
        (config.replicaof().is_some(), "replicaof", "the server starts as a primary"),
        (config.cluster_enabled(), "cluster-enabled", "the server runs alone"),
        (config.tls_port() != 0, "tls-port", "no connection is encrypted"),
        (
            config.maxmemory_policy().evicts() && config.maxmemory() > 0,
            "maxmemory-policy",
            "above maxmemory, commands are refused and nothing is evicted",
        ),
    ];
    for (_, name, instead) in missing.iter().filter(|(asked, _, _)| *asked) {
        log::warn!("{name} is set, but this version does not have it: {instead}.");
    }
}

/// The stack of a worker: scripts nest calls, patterns and tables, and the turns of the loop.
const WORKER_STACK: usize = 16 << 20;

fn start_workers(engine: &Arc<Engine>) -> std::io::Result<Vec<Arc<Mailbox>>> {
    let mut mailboxes = Vec::new();
    for number in 0..engine.process.workers.max(1) {
        let mailbox = Arc::new(Mailbox::new()?);
        mailboxes.push(Arc::clone(&mailbox));
        let engine = Arc::clone(engine);
        let builder = thread::Builder::new().name(format!("worker-{number}"));
        builder.stack_size(WORKER_STACK).spawn(move || {
            redpoll_memory::register_thread();
            match Worker::new(engine, mailbox, number) {
                Ok(mut worker) => worker.run(),
                Err(error) => log::error!("Can't start worker {number}: {error}"),
            }
        })?;
    }
    Ok(mailboxes)
}

/// Binds every configured address.
fn bind(config: &Config) -> Result<Vec<Listener>, String> {
    let mut listeners = bind_tcp(config, |at, backlog| {
        Listener::tcp(at, backlog).map_err(|error| error.to_string())
    })?;
    if let Some(path) = config.unixsocket() {
        let listener = Listener::unix(path.as_path(), config.unixsocketperm());
        listeners.push(listener.map_err(|error| error.to_string())?);
    }
    Ok(listeners)
}

/// Calls `listen` with every configured TCP address and the backlog. An address with a leading `-`
/// may be missing from the machine.
pub fn bind_tcp<L>(
    config: &Config,
    listen: impl Fn(SocketAddr, i32) -> Result<L, String>,
) -> Result<Vec<L>, String> {
    let mut listeners = Vec::new();
    let port = config.port();
    if port == 0 {
        return Ok(listeners);
    }
    for name in config.bind().iter() {
        let name = name.to_str_lossy();
        let (name, optional) = match name.strip_prefix('-') {
            Some(rest) => (rest, true),
            None => (&*name, false),
        };
        match resolve(name, port).and_then(|at| listen(at, config.tcp_backlog() as i32)) {
            Ok(listener) => listeners.push(listener),
            Err(_) if optional => {}
            Err(error) => {
                return Err(format!("Failed listening on port {port} (tcp), aborting. {error}"));
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
            Listener::Tcp(socket) => {
                socket.local_addr().map_or_else(|_| "?".to_owned(), |address| address.to_string())
            }
            Listener::Unix(_, path) => path.display().to_string(),
        })
        .collect()
}

fn print_banner(config: &Config, process: &ProcessInfo, addresses: &[String], directory: &str) {
    use std::io::IsTerminal;
    let wanted = config.always_show_logo() || std::io::stdout().is_terminal();
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

fn watch_signals() -> Result<Arc<AtomicBool>, String> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        // A second signal ends the program at once: the first may be stuck in something.
        signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&flag))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&flag)))
            .map_err(|error| format!("Can't watch for signals: {error}"))?;
    }
    Ok(flag)
}

fn write_pid_file(config: &Config) -> Option<redpoll_config::Text> {
    let path = config.pidfile()?;
    match fs::write(path.as_path(), format!("{}\n", process::id())) {
        Ok(()) => Some(path),
        Err(error) => {
            log::warn!("Can't write the pid file {}: {error}", path.to_str_lossy());
            None
        }
    }
}

fn end(engine: &Engine, pid_file: Option<redpoll_config::Text>) {
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
