//! MIGRATE's way to other servers: a few threads that send keys and answer the clients that wait.
//!
//! Threads are made when they are first needed. Each keeps its connections for a while, since who
//! moves keys mostly moves many to the same server.

use parking_lot::{Condvar, Mutex};
use redpoll_client::{Config, Connection, Error, Value};
use redpoll_engine::block::Waiter;
use redpoll_engine::migration::{Handover, Migration, Parcel};
use redpoll_engine::{Engine, Executor};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

/// Migrations that go on at the same time.
const THREADS_MAX: usize = 4;
/// How long a connection is kept that is not used.
const KEPT: Duration = Duration::from_secs(10);
/// How often a key is sent again that keeps changing.
const ROUNDS: usize = 16;

const NOT_CONNECTED: &str = "IOERR error or timeout connecting to the client";
const NOT_WRITTEN: &str = "IOERR error or timeout writing to target instance";
const NOT_READ: &str = "IOERR error or timeout reading to target instance";

struct Job {
    migration: Migration,
    waiter: Arc<Waiter>,
}

#[derive(Default)]
struct Pool {
    state: Mutex<State>,
    ready: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    threads: usize,
    /// Threads that wait for a job.
    idle: usize,
}

/// Gives MIGRATE its way to other servers.
pub fn start(engine: &Engine) {
    let pool = Arc::new(Pool::default());
    engine.set_migrator(Box::new(move |engine, migration, waiter| {
        pool.add(engine, Job { migration, waiter });
    }));
}

impl Pool {
    fn add(self: &Arc<Self>, engine: &Arc<Engine>, job: Job) {
        let mut state = self.state.lock();
        state.jobs.push_back(job);
        if state.idle < state.jobs.len() && state.threads < THREADS_MAX {
            let (pool, shared, number) = (Arc::clone(self), Arc::clone(engine), state.threads);
            let thread = thread::Builder::new().name(format!("migrate-{number}"));
            match thread.spawn(move || pool.work(shared, number)) {
                Ok(_) => state.threads += 1,
                Err(error) => {
                    log::warn!("Can't start a thread: {error}");
                    if state.threads == 0
                        && let Some(job) = state.jobs.pop_back()
                    {
                        engine.answer(&job.waiter, |reply| reply.error(NOT_CONNECTED.as_bytes()));
                    }
                }
            }
        }
        self.ready.notify_one();
    }

    fn work(&self, engine: Arc<Engine>, number: usize) {
        redpoll_memory::register_thread();
        let executor = Executor::new(Arc::clone(&engine), 1000 + number as u64);
        let mut courier = Courier { executor, lines: HashMap::new() };
        loop {
            let Some(Job { migration, waiter }) = self.next() else {
                courier.forget_unused();
                continue;
            };
            let carried = courier.carry(&migration);
            engine.answer(&waiter, |reply| match carried {
                Ok(()) => reply.ok(),
                Err(text) => reply.error(text.as_bytes()),
            });
        }
    }

    /// The next job; `None` if there was none for a while.
    fn next(&self) -> Option<Job> {
        let mut state = self.state.lock();
        if state.jobs.is_empty() {
            state.idle += 1;
            self.ready.wait_for(&mut state, KEPT);
            state.idle -= 1;
        }
        state.jobs.pop_front()
    }
}

/// A connection, and what is known of it.
struct Line {
    connection: Connection,
    /// The database that is selected; unknown after a login.
    db: Option<i64>,
    used: Instant,
}

struct Courier {
    executor: Executor,
    lines: HashMap<(String, u16), Line>,
}

impl Courier {
    /// Moves the keys. The error is for the client.
    fn carry(&mut self, migration: &Migration) -> Result<(), String> {
        self.forget_unused();
        let address = (migration.host.clone(), migration.port);
        let kept = self.take(&address).and_then(|line| line.again(migration));
        let (mut line, replies) = match kept.map(|mut line| (line.send_all(migration), line)) {
            Some((Ok(replies), line)) => (line, replies),
            Some((Err(Error::Timeout), _)) => return Err(NOT_READ.to_owned()),
            // The other side may have closed a connection that nobody used.
            Some((Err(_), _)) | None => {
                let mut line = Line::open(migration)?;
                let replies = line.send_all(migration).map_err(|error| text_of(&error))?;
                (line, replies)
            }
        };
        let arrived = arrivals(&migration.parcels, &replies);
        let mut result = first_refusal(&replies);
        if !migration.copy {
            for parcel in arrived {
                let moved = self.hand_over(&mut line, migration.db, parcel);
                result = result.and(moved);
            }
        }
        line.used = Instant::now();
        if !line.connection.is_closed() {
            self.lines.insert(address, line);
            self.executor.engine().stats.migrate_sockets.fetch_add(1, Relaxed);
        }
        result
    }

    /// Closes the connections that nobody has used for a while.
    fn forget_unused(&mut self) {
        let before = self.lines.len();
        self.lines.retain(|_, line| line.used.elapsed() < KEPT);
        let closed = (before - self.lines.len()) as u64;
        self.executor.engine().stats.migrate_sockets.fetch_sub(closed, Relaxed);
    }

    fn take(&mut self, address: &(String, u16)) -> Option<Line> {
        let line = self.lines.remove(address)?;
        self.executor.engine().stats.migrate_sockets.fetch_sub(1, Relaxed);
        Some(line)
    }

    /// Removes a key here that has arrived there, and sends it again as long as it has changed.
    fn hand_over(&mut self, line: &mut Line, db: usize, parcel: &Parcel) -> Result<(), String> {
        let mut sent = parcel.clone();
        for _ in 0..ROUNDS {
            match self.executor.hand_over(db, &sent) {
                Handover::Removed => return Ok(()),
                Handover::Gone => return line.exchange(&[b"DEL", &*sent.key]),
                Handover::Changed(now) => {
                    let ttl = now.ttl_ms().to_string();
                    line.exchange(&restore(&now, ttl.as_bytes(), true))?;
                    sent = now;
                }
            }
        }
        line.exchange(&[b"DEL", &*sent.key])?;
        Err("ERR The key changes faster than it can be moved".to_owned())
    }
}

impl Line {
    fn open(migration: &Migration) -> Result<Self, String> {
        let timeout = Some(Duration::from_millis(migration.timeout_ms));
        let config = Config {
            connect_timeout: timeout,
            io_timeout: timeout,
            ..Config::tcp(migration.host.clone(), migration.port)
        };
        let connection = Connection::open(&config).map_err(|_| NOT_CONNECTED.to_owned())?;
        Ok(Line { connection, db: Some(0), used: Instant::now() })
    }

    /// A connection that was kept, ready for another use if it still is one.
    fn again(mut self, migration: &Migration) -> Option<Self> {
        let timeout = Some(Duration::from_millis(migration.timeout_ms));
        let transport = self.connection.transport();
        let ready = transport.set_read_timeout(timeout).is_ok()
            && transport.set_write_timeout(timeout).is_ok()
            && !self.connection.is_closed();
        ready.then_some(self)
    }

    /// Sends everything at once: login and database if they are needed, and all keys. Returns the
    /// answers about the keys; a refusal of what comes before them stands for all of them.
    fn send_all(&mut self, migration: &Migration) -> Result<Vec<Value>, Error> {
        let ttls: Vec<String> =
            migration.parcels.iter().map(|parcel| parcel.ttl_ms().to_string()).collect();
        let db = migration.target_db.to_string();
        let mut commands: Vec<Vec<&[u8]>> = Vec::with_capacity(migration.parcels.len() + 2);
        if let Some((user, password)) = &migration.login {
            let words = [&b"AUTH"[..]].into_iter().chain(user.as_deref());
            commands.push(words.chain([&password[..]]).collect());
            self.db = None;
        }
        if self.db != Some(migration.target_db) {
            commands.push(vec![b"SELECT", db.as_bytes()]);
        }
        let before = commands.len();
        for (parcel, ttl) in migration.parcels.iter().zip(&ttls) {
            commands.push(restore(parcel, ttl.as_bytes(), migration.replace));
        }
        let mut replies = self.connection.pipeline(&commands)?;
        let about_keys = replies.split_off(before);
        match replies.into_iter().find(|reply| reply.error_text().is_some()) {
            Some(refusal) => {
                self.db = None;
                // The keys may have gone to another database than asked for, which their answers
                // must not hide.
                Ok(vec![refusal; about_keys.len()])
            }
            None => {
                self.db = Some(migration.target_db);
                Ok(about_keys)
            }
        }
    }

    fn exchange(&mut self, words: &[&[u8]]) -> Result<(), String> {
        let reply = self.connection.command(words).map_err(|error| text_of(&error))?;
        first_refusal(&[reply])
    }
}

/// The command that brings a key over.
fn restore<'p>(parcel: &'p Parcel, ttl: &'p [u8], replace: bool) -> Vec<&'p [u8]> {
    let mut words = vec![&b"RESTORE"[..], &parcel.key, ttl, &parcel.payload];
    if replace {
        words.push(b"REPLACE");
    }
    words
}

/// The keys that have arrived.
fn arrivals<'p>(parcels: &'p [Parcel], replies: &[Value]) -> Vec<&'p Parcel> {
    let answered = parcels.iter().zip(replies);
    answered.filter(|(_, reply)| reply.error_text().is_none()).map(|(parcel, _)| parcel).collect()
}

/// What the client is told of the first refusal, if there was one.
fn first_refusal(replies: &[Value]) -> Result<(), String> {
    match replies.iter().find_map(Value::error_text) {
        None => Ok(()),
        Some(text) => {
            let text = String::from_utf8_lossy(text);
            Err(format!("ERR Target instance replied with error: {text}"))
        }
    }
}

fn text_of(error: &Error) -> String {
    match error {
        Error::Connect(_) => NOT_CONNECTED,
        Error::Io(_) => NOT_WRITTEN,
        _ => NOT_READ,
    }
    .to_owned()
}
