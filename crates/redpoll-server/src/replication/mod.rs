//! Replication's threads: one that sends snapshots to replicas and keeps time, and one that follows
//! a primary.
//!
//! The stream itself needs neither: whoever changes data appends to the backlog, from which the
//! replicas' workers send.

mod follower;
mod handshake;
mod snapshot;
mod table;
mod transfer;
mod waiting;

use crate::oom_score;
use follower::Follower;
use redpoll_config::ReplSync;
use redpoll_engine::Engine;
use redpoll_engine::failover::Step;
use redpoll_engine::following::random_id;
use redpoll_engine::replication::{Order, Primary, Replica};
use redpoll_keyspace::clock;
use redpoll_types::rng::SmallRng;
use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;
use waiting::{Patience, Waiting, Way};

/// How often the thread looks at the clock when nobody wants anything.
const TICK: Duration = Duration::from_millis(100);
/// The same while replicas wait for a snapshot: others may come, or a table may have been read.
const SHORT_TICK: Duration = Duration::from_millis(10);
/// How often a replica that waits for its snapshot is sent an empty line, in milliseconds.
const COMFORT_MS: i64 = 1000;
/// So many snapshots are sent at once: one to a slow replica does not hold up all others, and the
/// data can bear but a few. Who comes meanwhile waits, and shares the next.
const STREAMS_MAX: usize = 3;

/// So many tables are read at once, for the same reasons.
const TABLES_MAX: usize = 3;
/// While a table is being read, replicas wait for so long, in milliseconds, for it to end before
/// another one is laid out for them.
const TABLE_WAIT_MS: i64 = 10_000;

/// Starts the thread that takes orders.
pub fn start(engine: &Arc<Engine>) -> io::Result<()> {
    let (sender, orders) = mpsc::channel();
    engine.replication.set_taker(sender);
    let mut keeper = Keeper {
        rng: SmallRng::new(clock::now_ms() as u64),
        engine: Arc::clone(engine),
        follower: None,
        waiting: Waiting::default(),
        tables: Arc::default(),
        streams: Arc::default(),
        comforted: 0,
        pinged: 0,
        alone_since: None,
    };
    thread::Builder::new().name("replication".to_owned()).spawn(move || {
        redpoll_memory::register_thread();
        keeper.run(&orders);
    })?;
    Ok(())
}

/// See the module's head.
struct Keeper {
    engine: Arc<Engine>,
    rng: SmallRng,
    follower: Option<Follower>,
    /// The replicas that wait for a full sync.
    waiting: Waiting,
    /// Who serves a table has this, too: up to [`TABLES_MAX`] do. Replicas that come later wait.
    tables: Arc<()>,
    /// The same for those who send a snapshot, of whom there are up to [`STREAMS_MAX`].
    streams: Arc<()>,
    /// When those were last shown that this server lives, in milliseconds since 1970.
    comforted: i64,
    /// When replicas were last pinged, in milliseconds since 1970.
    pinged: i64,
    /// Since when there are no replicas, while there is a backlog.
    alone_since: Option<i64>,
}

impl Keeper {
    fn run(&mut self, orders: &mpsc::Receiver<Order>) {
        loop {
            let tick = self.tick();
            match orders.recv_timeout(tick) {
                Ok(order) => self.take(order, orders),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
            self.engine.standstill.wait();
            self.look_at_waiting(clock::now_ms());
            self.look_at_clock(clock::now_ms());
        }
    }

    /// For how long orders are waited for.
    fn tick(&self) -> Duration {
        if self.waiting.is_empty() {
            return TICK;
        }
        let config = &self.engine.config;
        let delays = [config.repl_sync_share_window(), config.repl_diskless_sync_delay() * 1000];
        let next = self.waiting.next(delays, clock::now_ms());
        let next = next.and_then(|left| u64::try_from(left).ok());
        next.map_or(SHORT_TICK, |left| SHORT_TICK.min(Duration::from_millis(left)))
    }

    /// Carries an order out, and those behind it.
    fn take(&mut self, first: Order, orders: &mpsc::Receiver<Order>) {
        let now = clock::now_ms();
        for order in std::iter::once(first).chain(orders.try_iter()) {
            match order {
                Order::FullSync(replica) => self.waiting.add(replica, now),
                Order::Follow(primary) => {
                    // Said in the log already; the server runs without.
                    let _ = oom_score::apply(&self.engine.config, primary.is_some());
                    // Dropping the old one ends it.
                    self.follower = None;
                    let start = |link| Follower::start(Arc::clone(&self.engine), link);
                    self.follower = primary.map(start);
                }
            }
        }
    }

    /// Sends those replicas a snapshot that have waited long enough for others to share it, and
    /// shows the others once a second that this server lives: they wait for an answer.
    fn look_at_waiting(&mut self, now: i64) {
        let config = &self.engine.config;
        let diskless = config.repl_diskless_sync();
        let stream = Arc::strong_count(&self.streams) <= STREAMS_MAX;
        let stream = stream.then(|| Patience {
            delay_ms: if diskless { config.repl_diskless_sync_delay() * 1000 } else { 0 },
            enough: usize::try_from(config.repl_diskless_sync_max_replicas()).unwrap_or(0),
        });
        let clients = &self.engine.clients;
        self.waiting.retain(|replica| clients.get(replica.client.id).is_some());
        let share_ms = config.repl_sync_share_window();
        let (tables, delay_ms) = match Arc::strong_count(&self.tables) - 1 {
            0 => (0, share_ms),
            tables => (tables, share_ms.max(TABLE_WAIT_MS)),
        };
        let table = (tables < TABLES_MAX).then_some(Patience { delay_ms, enough: 0 });
        let streams = config.repl_sync() == ReplSync::Stream;
        let reads = |replica: &Replica| !streams && table::is_for(replica);
        for (way, group) in self.waiting.due((stream, table), reads, now) {
            self.sync(way, group);
        }
        // Who is served is to know that others wait.
        let replication = &self.engine.replication;
        replication.tables.awaited.store(self.waiting.any(reads), Relaxed);
        let awaited = stream.is_none() && self.waiting.any(|replica| !reads(replica));
        replication.streams_awaited.store(awaited, Relaxed);
        if now - self.comforted >= COMFORT_MS {
            self.comforted = now;
            self.waiting.each(|replica| replica.client.send(b"\n"));
        }
    }

    /// Lets a thread send one snapshot to these replicas, or let them read it.
    fn sync(&self, way: Way, replicas: Vec<Arc<Replica>>) {
        let engine = Arc::clone(&self.engine);
        let held = Arc::clone(match way {
            Way::Table => &self.tables,
            Way::Stream => &self.streams,
        });
        let thread = thread::Builder::new().name("sync".to_owned());
        let started = thread.spawn(move || {
            redpoll_memory::register_thread();
            let _held = held;
            match way {
                Way::Table => table::serve(&engine, &replicas),
                Way::Stream => snapshot::send(&engine, &replicas),
            }
        });
        if let Err(error) = started {
            log::warn!("Can't start a thread for a full sync: {error}");
        }
    }

    /// Goes on with a failover, if there is one.
    fn fail_over(&mut self, now: i64) {
        let name = |target: &Primary| format!("{}:{}", target.host, target.port);
        match self.engine.go_on_with_failover(&mut self.rng, now) {
            Step::Waiting => {}
            Step::Synced(target) => {
                log::info!("Failover target {} is synced, failing over.", name(&target));
            }
            Step::Forced(target) => {
                log::info!("FAILOVER to {} time out exceeded, failing over.", name(&target));
            }
            Step::TimedOut => {
                log::info!("FAILOVER aborted: Replica never caught up before timeout");
            }
        }
    }

    /// Pings replicas, lets silent ones go, and forgets the backlog when nobody comes back.
    fn look_at_clock(&mut self, now: i64) {
        self.fail_over(now);
        // A pause may have ended.
        self.engine.expire_or_not(now);
        let (replication, config) = (&self.engine.replication, &self.engine.config);
        // A replica that is to catch up must not be given more to catch up with.
        let ends = self.engine.waits_for_replicas_until().is_some();
        let quiet = replication.is_failing_over() || ends;
        if !quiet && now - self.pinged >= config.repl_ping_replica_period() * 1000 {
            self.pinged = now;
            replication.say(&[b"PING"]);
        }
        for replica in replication.replicas() {
            let silent = replica.silent_for(now);
            if silent.is_some_and(|silent| silent > config.repl_timeout() * 1000) {
                let address = replica.address();
                log::warn!("Disconnecting timedout replica (streaming sync): {address}");
                replica.client.kill();
            }
        }
        let ttl = config.repl_backlog_ttl();
        let alone = replication.replica_count() == 0
            && !replication.is_replica()
            && replication.facts().backlog.is_some();
        self.alone_since = if alone { self.alone_since.or(Some(now)) } else { None };
        if ttl > 0 && self.alone_since.is_some_and(|since| now - since > ttl * 1000) {
            log::info!("Replication backlog freed after {ttl} seconds without connected replicas.");
            replication.drop_backlog(random_id(&mut self.rng));
            self.alone_since = None;
        }
    }
}
