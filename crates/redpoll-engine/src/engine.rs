//! `Engine`: what all threads and clients share.

use crate::acl::{Grammar, Users};
use crate::background::{Background, Purpose};
use crate::block::Waiters;
use crate::change_log::ChangeLog;
use crate::client::{Client, Clients};
use crate::client_memory::ClientMemory;
use crate::excess::Excess;
use crate::hot_keys::HotKeys;
use crate::latency::Latency;
use crate::migration::Migrator;
use crate::own_expiry::OwnExpiry;
use crate::pause::Pause;
use crate::persistence::Persistence;
use crate::pubsub::PubSub;
use crate::rates::Rates;
use crate::replication::Replication;
use crate::search::{Search, SearchConfig};
use crate::settings::Settings;
use crate::shared_memory::SharedMemory;
use crate::slowlog::SlowLog;
use crate::spec::Command;
use crate::standstill::Standstill;
use crate::stats::Stats;
use crate::table::CommandTable;
use crate::tiers::Tiers;
use crate::tracking::Tracking;
use parking_lot::{Mutex, RwLock};
use redpoll_config::{ApplyError, Changed, ClientClass, Config};
use redpoll_keyspace::{Keyspace, clock};
use redpoll_script::Registry;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicU64, AtomicUsize, Ordering::*};
use std::sync::{Arc, OnceLock};

/// Facts about the running process that INFO tells.
#[derive(Clone, Debug, Default)]
pub struct ProcessInfo {
    /// The program file.
    pub executable: String,
    /// The configuration file, if there is one.
    pub config_file: Option<PathBuf>,
    /// How the program is supervised: `no`, `systemd` or `upstart`.
    pub supervised: &'static str,
    /// Threads that serve clients.
    pub workers: usize,
    /// Threads that serve clients of shared memory.
    pub pollers: usize,
    /// Forty hexadecimal digits, drawn at start.
    pub run_id: String,
}

/// A certificate in use, for INFO.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// Its serial number, in hexadecimal digits.
    pub serial: String,
    /// When it ends, in seconds since 1970.
    pub until: i64,
}

/// The certificates of TLS, as far as there are any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificates {
    /// That which clients are shown.
    pub server: Option<Certificate>,
    /// That which other servers are shown.
    pub client: Option<Certificate>,
    /// Of the authorities, the one that ends first.
    pub authority: Option<Certificate>,
}

/// What SHUTDOWN asks of the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShutdownOptions {
    /// Save even if no save point is configured.
    pub save: bool,
    /// Do not save.
    pub nosave: bool,
    /// Do not wait for replicas.
    pub now: bool,
    /// Ignore errors.
    pub force: bool,
}

/// Carries out what changes of the configuration ask of the program (another port, a limit of open
/// files), or says why it cannot: CONFIG SET takes the change back then.
pub type ConfigHook = dyn Fn(&Config, &[Changed]) -> Result<(), ApplyError> + Send + Sync;

/// See the module's head.
pub struct Engine {
    /// The data.
    pub keyspace: Keyspace,
    /// The configuration.
    pub config: Arc<Config>,
    /// All commands.
    pub commands: CommandTable,
    /// All clients.
    pub clients: Clients,
    /// All users.
    pub users: Users,
    /// Channels and patterns.
    pub pubsub: PubSub,
    /// Clients with caches of their own.
    pub tracking: Tracking,
    /// Clients in blocking commands.
    pub waiters: Waiters,
    /// Threads for commands that take long.
    pub background: Background,
    /// Scripts and functions.
    pub scripts: Registry,
    /// Search indexes.
    pub search: Arc<Search>,
    /// CLIENT PAUSE.
    pub pause: Pause,
    /// DEBUG SLEEP.
    pub standstill: Standstill,
    /// Counters.
    pub stats: Stats,
    /// Counters by the second.
    pub rates: Rates,
    /// SLOWLOG.
    pub slowlog: SlowLog,
    /// COMMANDLOG's large requests.
    pub large_requests: SlowLog,
    /// COMMANDLOG's large replies.
    pub large_replies: SlowLog,
    /// HOTKEYS.
    pub hot_keys: HotKeys,
    /// LATENCY.
    pub latency: Latency,
    /// What replicas and the append-only file follow.
    pub change_log: Arc<ChangeLog>,
    /// Replicas, or the primary.
    pub replication: Arc<Replication>,
    /// Keys that a replica lets expire by itself.
    pub own_expiry: OwnExpiry,
    /// Snapshots.
    pub persistence: Persistence,
    /// Facts for INFO.
    pub process: ProcessInfo,
    /// Certificates in use, for INFO.
    pub certificates: RwLock<Certificates>,
    /// When the server started, in milliseconds since 1970.
    pub started: i64,
    /// Whether expired keys are removed by themselves (DEBUG SET-ACTIVE-EXPIRE).
    pub active_expire: AtomicBool,
    /// Whether the timer does nothing (DEBUG PAUSE-CRON).
    pub timer_paused: AtomicBool,
    /// Whether scripts may call commands that are not for them (DEBUG SET-DISABLE-DENY-SCRIPTS).
    pub scripts_unbound: AtomicBool,
    /// Set by SHUTDOWN; the program ends when it sees it.
    pub shutdown: RwLock<Option<ShutdownOptions>>,
    /// The signal that has asked for the end, or 0. (Set by the program.)
    pub signalled: AtomicI32,
    /// The clients that have asked for it.
    pub shutdown_clients: Mutex<Vec<Arc<Client>>>,
    /// Until when the end waits for replicas, in milliseconds since 1970; 0: it does not.
    pub(crate) parting_until: AtomicI64,
    /// Bytes in use when the engine was made.
    pub startup_memory: usize,
    /// Bytes in use, refreshed by the timer: cheap to read for every command.
    pub used_memory: AtomicUsize,
    /// Since when more memory is in use than maxmemory allows.
    pub excess: Excess,
    /// Memory of clients.
    pub client_memory: ClientMemory,
    /// Clients that talk through shared memory.
    pub shared_memory: SharedMemory,
    /// What moves between the tiers of memory.
    pub tiers: Tiers,
    monitors: RwLock<Vec<Arc<Client>>>,
    monitor_count: AtomicUsize,
    settings: RwLock<Settings>,
    /// Held while the settings are taken over, so that none that were read earlier come later.
    changing: Mutex<()>,
    /// From how many microseconds on a command may be worth a line in a log.
    pub(crate) notable_from_micros: AtomicU64,
    /// Whether it may be that writes are refused, replicas aside.
    pub(crate) may_refuse_writes: AtomicBool,
    config_hook: OnceLock<Box<ConfigHook>>,
    pub(crate) migrator: OnceLock<Box<Migrator>>,
    generation: AtomicU64,
}

/// The table of these commands by the names that the configuration gives them.
fn table_of(commands: impl IntoIterator<Item = &'static Command>, config: &Config) -> CommandTable {
    let mut table = CommandTable::new(commands);
    for renamed in &config.extras().renamed_commands {
        if let [old, new] = &renamed.args[..] {
            table.rename(old, new);
        }
    }
    table
}

impl Engine {
    /// An engine with these commands and an empty keyspace.
    pub fn new(
        config: Arc<Config>,
        commands: impl IntoIterator<Item = &'static Command>,
        process: ProcessInfo,
    ) -> Self {
        let commands = table_of(commands, &config);
        let databases = usize::try_from(config.databases()).unwrap_or(16);
        let grammar = Grammar { commands: &commands, channels_by_default: true, databases };
        let keyspace = Keyspace::new(databases);
        let change_log = ChangeLog::of(&keyspace);
        let engine = Engine {
            keyspace,
            users: Users::new(&grammar),
            commands,
            clients: Clients::default(),
            pubsub: PubSub::default(),
            tracking: Tracking::default(),
            waiters: Waiters::default(),
            background: Background::default(),
            scripts: Registry::default(),
            search: Arc::default(),
            pause: Pause::default(),
            standstill: Standstill::default(),
            stats: Stats::default(),
            rates: Rates::default(),
            slowlog: SlowLog::default(),
            large_requests: SlowLog::default(),
            large_replies: SlowLog::default(),
            hot_keys: HotKeys::default(),
            latency: Latency::default(),
            change_log,
            replication: Arc::new(Replication::new(
                process.run_id.clone(),
                config.repl_backlog_size() as usize,
            )),
            own_expiry: OwnExpiry::default(),
            persistence: Persistence::started(clock::now_ms()),
            process,
            certificates: RwLock::default(),
            started: clock::now_ms(),
            active_expire: AtomicBool::new(true),
            timer_paused: AtomicBool::new(false),
            scripts_unbound: AtomicBool::new(false),
            shutdown: RwLock::new(None),
            signalled: AtomicI32::new(0),
            shutdown_clients: Mutex::default(),
            parting_until: AtomicI64::new(0),
            startup_memory: redpoll_memory::used_memory(),
            used_memory: AtomicUsize::new(0),
            excess: Excess::default(),
            client_memory: ClientMemory::default(),
            shared_memory: SharedMemory::default(),
            tiers: Tiers::default(),
            monitors: RwLock::default(),
            monitor_count: AtomicUsize::new(0),
            settings: RwLock::new(Settings::of(&config)),
            changing: Mutex::new(()),
            notable_from_micros: AtomicU64::new(0),
            may_refuse_writes: AtomicBool::new(false),
            config_hook: OnceLock::new(),
            migrator: OnceLock::new(),
            generation: AtomicU64::new(0),
            config,
        };
        let search = Arc::clone(&engine.search);
        engine.keyspace.set_index(Box::new(move |keyspace, what| search.tell(keyspace, what)));
        engine.config_changed();
        engine.requirepass_changed();
        engine
    }

    /// Takes over what the engine keeps of the configuration. To be called after every change.
    pub fn config_changed(&self) {
        let one_at_a_time = self.changing.lock();
        let mut settings = Settings::of(&self.config);
        settings.snapshot_failed = self.refuses_writes() || self.log_failure().is_some();
        self.keyspace.set_clock(settings.clock, settings.pace);
        let config = &self.config;
        self.keyspace.set_unlinks(config.lazyfree_lazy_expire(), config.lazyfree_lazy_eviction());
        let pending_max = self.config.client_output_buffer_limit(ClientClass::Replica).hard_bytes;
        self.replication.configure(self.config.repl_backlog_size() as usize, pending_max as usize);
        self.notable_from_micros.store(settings.notable_from_micros(), Relaxed);
        self.may_refuse_writes.store(settings.may_refuse_writes(), Relaxed);
        let search = SearchConfig::of(config, self.background_threads());
        for (purpose, threads) in
            [(Purpose::Commands, self.background_threads()), (Purpose::Searches, search.threads)]
        {
            self.background.configure(purpose, threads, config.background_queue_max());
        }
        *self.search.config.write() = search;
        *self.settings.write() = settings;
        self.expire_or_not(clock::now_ms());
        self.generation.fetch_add(1, Release);
        drop(one_at_a_time);
        self.limit_clients(self.config.maxmemory_clients().bytes(self.config.maxmemory()));
    }

    /// How many threads work on long commands: as many as the machine has cores, unless the
    /// configuration says another number.
    pub fn background_threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, |cores| cores.get());
        match self.config.background_threads() {
            0 => cores(),
            threads => threads,
        }
    }

    /// Makes executors and sessions look for newer users.
    pub(crate) fn acl_changed(&self) {
        self.generation.fetch_add(1, Release);
    }

    /// Gives CONFIG SET a hook that carries changes out; a second one is not taken.
    pub fn set_config_hook(&self, hook: Box<ConfigHook>) {
        let _ = self.config_hook.set(hook);
    }

    /// Carries changed directives out: what concerns users here, the rest by the hook.
    pub fn apply_config(&self, changed: &[Changed]) -> Result<(), ApplyError> {
        if changed.iter().any(|change| change.name() == "requirepass") {
            self.requirepass_changed();
        }
        self.config_hook.get().map_or(Ok(()), |hook| hook(&self.config, changed))
    }

    /// What executors read for every command.
    pub fn settings(&self) -> Settings {
        *self.settings.read()
    }

    /// Grows with every change of the configuration and of the users.
    #[inline(always)]
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Acquire)
    }

    /// Shows all commands to a client from now on.
    pub fn add_monitor(&self, client: &Arc<Client>) {
        let mut monitors = self.monitors.write();
        if !monitors.iter().any(|monitor| monitor.id == client.id) {
            monitors.push(Arc::clone(client));
            self.monitor_count.store(monitors.len(), Relaxed);
        }
    }

    /// Stops showing commands to a client.
    pub fn remove_monitor(&self, client: &Client) {
        let mut monitors = self.monitors.write();
        monitors.retain(|monitor| monitor.id != client.id);
        self.monitor_count.store(monitors.len(), Relaxed);
    }

    /// Whether any client watches all commands.
    #[inline(always)]
    pub fn is_monitored(&self) -> bool {
        self.monitor_count.load(Relaxed) > 0
    }

    /// Sends a line to all monitors.
    pub(crate) fn show(&self, line: &[u8]) {
        self.monitors.read().iter().for_each(|monitor| monitor.send(line));
    }

    /// Bytes in use, counted now.
    pub fn measure_memory(&self) -> usize {
        let used = redpoll_memory::used_memory();
        self.used_memory.store(used, Relaxed);
        used
    }
}
