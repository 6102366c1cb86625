//! Replication's threads: one that sends snapshots to replicas and keeps time, and one that follows
//! a primary.
//!
//! The stream itself needs neither: whoever changes data appends to the replicas' outboxes, and
//! their workers send.

mod follower;
mod handshake;
mod marked;
mod snapshot;

use crate::oom_score;
use follower::Follower;
use redpoll_engine::Engine;
use redpoll_engine::following::random_id;
use redpoll_engine::replication::{Order, Replica};
use redpoll_keyspace::clock;
use redpoll_types::rng::SmallRng;
use std::io;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

/// How often the thread looks at the clock when nobody wants anything.
const TICK: Duration = Duration::from_millis(100);

/// Starts the thread that takes orders.
pub fn start(engine: &Arc<Engine>) -> io::Result<()> {
    let (sender, orders) = mpsc::channel();
    engine.replication.set_taker(sender);
    let mut keeper = Keeper {
        rng: SmallRng::new(clock::now_ms() as u64),
        engine: Arc::clone(engine),
        follower: None,
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
    /// When replicas were last pinged, in milliseconds since 1970.
    pinged: i64,
    /// Since when there are no replicas, while there is a backlog.
    alone_since: Option<i64>,
}

impl Keeper {
    fn run(&mut self, orders: &mpsc::Receiver<Order>) {
        loop {
            match orders.recv_timeout(TICK) {
                Ok(order) => self.take(order, orders),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
            self.engine.standstill.wait();
            self.look_at_clock(clock::now_ms());
        }
    }

    /// Carries an order out. Replicas that want a snapshot at the same time share one.
    fn take(&mut self, first: Order, orders: &mpsc::Receiver<Order>) {
        let mut replicas: Vec<Arc<Replica>> = Vec::new();
        for order in std::iter::once(first).chain(orders.try_iter()) {
            match order {
                Order::FullSync(replica) => replicas.push(replica),
                Order::Follow(primary) => {
                    // Said in the log already; the server runs without.
                    let _ = oom_score::apply(&self.engine.config, primary.is_some());
                    // Dropping the old one ends it.
                    self.follower = None;
                    let start = |primary| Follower::start(Arc::clone(&self.engine), primary);
                    self.follower = primary.map(start);
                }
            }
        }
        if replicas.is_empty() {
            return;
        }
        let engine = Arc::clone(&self.engine);
        let thread = thread::Builder::new().name("sync".to_owned());
        let started = thread.spawn(move || {
            redpoll_memory::register_thread();
            snapshot::send(&engine, &replicas);
        });
        if let Err(error) = started {
            log::warn!("Can't start a thread for a full sync: {error}");
        }
    }

    /// Pings replicas, lets silent ones go, and forgets the backlog when nobody comes back.
    fn look_at_clock(&mut self, now: i64) {
        let (replication, config) = (&self.engine.replication, &self.engine.config);
        if now - self.pinged >= config.repl_ping_replica_period() * 1000 {
            self.pinged = now;
            replication.say(&[b"PING"]);
        }
        for replica in replication.replicas() {
            let silent = now - replica.last_heard();
            if replica.is_online() && silent > config.repl_timeout() * 1000 {
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
