//! The thread that writes the log.
//!
//! Whoever changes data leaves the bytes in a queue, with stripes locked, and goes on. This thread
//! takes all that is there, writes it at once and flushes it as `appendfsync` says: so whatever
//! has gathered while one flush was under way shares the next one. Replies that must not leave
//! before that are held back by their workers, which are told of each step
//! ([`redpoll_engine::persistence::Aof::advance`]).

use parking_lot::{Condvar, Mutex};
use redpoll_config::AppendFsync;
use redpoll_engine::Engine;
use redpoll_engine::change_log::Sink;
use redpoll_engine::persistence::Aof;
use redpoll_keyspace::clock;
use redpoll_keyspace::effect::Logged;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::*};
use std::thread;
use std::time::{Duration, Instant};

/// How often the log is flushed with `appendfsync everysec`.
const FLUSH_EVERY: Duration = Duration::from_secs(1);
/// How long to wait before trying again what has failed.
const RETRY: Duration = Duration::from_secs(1);
/// How long bytes gather where no reply waits for them.
const GATHER: Duration = Duration::from_millis(1);
/// How long the writes of those who shared a flush are waited for at most.
const SIBLINGS_MAX: Duration = Duration::from_millis(1);
/// When to look again whether a flush that was put off may be done.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// A flush that takes longer is counted.
const SLOW: Duration = Duration::from_secs(2);
/// How long to sleep while waiting for the thread.
const NAP: Duration = Duration::from_micros(200);
/// Bytes that may wait to be written before replies wait for them.
const BEHIND_MAX: usize = 64 << 20;

/// What is to be done, in this order.
enum Part {
    Bytes(Vec<u8>),
    /// What follows belongs into this file.
    Switch(File),
}

#[derive(Default)]
struct Queue {
    parts: VecDeque<Part>,
    /// Bytes in it.
    bytes: usize,
    /// How often something was appended to it.
    appends: usize,
    /// So many appends are worth waking the thread.
    awaited: usize,
    /// The log's offset behind its last byte.
    end: u64,
    /// Somebody wants everything on disk.
    flush: bool,
    /// Nothing more is to come.
    ended: bool,
    /// The thread waits for something to do.
    waits: bool,
}

/// What the thread shares with those who change data.
pub struct Writer {
    engine: Arc<Engine>,
    queue: Mutex<Queue>,
    arrived: Condvar,
    /// The second of the last time that was noted in the log.
    noted: AtomicI64,
    /// Bytes in the file that is written to.
    file_size: AtomicU64,
    /// All that had come when the thread ended is on disk.
    finished: AtomicBool,
}

impl Sink for Writer {
    fn append(&self, bytes: &[u8]) -> bool {
        let mut queue = self.queue.lock();
        if queue.ended {
            return false;
        }
        let note = self.note();
        if !matches!(queue.parts.back(), Some(Part::Bytes(_))) {
            queue.parts.push_back(Part::Bytes(Vec::new()));
        }
        if let Some(Part::Bytes(last)) = queue.parts.back_mut() {
            last.extend_from_slice(note.as_bytes());
            last.extend_from_slice(bytes);
        }
        queue.bytes += note.len() + bytes.len();
        queue.appends += 1;
        queue.end += bytes.len() as u64;
        let aof = self.aof();
        aof.buffered.store(queue.bytes, Relaxed);
        if queue.bytes > BEHIND_MAX {
            aof.set_holds(true);
        }
        if queue.waits && queue.appends >= queue.awaited {
            self.arrived.notify_one();
        }
        true
    }

    fn takes(&self) -> u8 {
        Logged::FILE
    }
}

impl Writer {
    /// Starts a thread that writes to `file`, which has so many bytes. The log is to be attached
    /// at `end` or has nothing to append until it is.
    pub fn start(engine: &Arc<Engine>, file: File, size: u64) -> io::Result<Arc<Self>> {
        let writer = Arc::new(Writer {
            engine: Arc::clone(engine),
            queue: Mutex::default(),
            arrived: Condvar::new(),
            noted: AtomicI64::new(0),
            file_size: AtomicU64::new(size),
            finished: AtomicBool::new(false),
        });
        let shared = Arc::clone(&writer);
        thread::Builder::new().name("aof".to_owned()).spawn(move || {
            redpoll_memory::register_thread();
            // Short sleeps are to be short; without this, they are a little longer.
            let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
            Thread::new(&shared, file).run();
        })?;
        Ok(writer)
    }

    fn aof(&self) -> &Aof {
        &self.engine.persistence.aof
    }

    /// Says at which offset the log begins. To be called with all stripes locked, before anything
    /// is appended.
    pub fn begin_at(&self, offset: u64) {
        self.queue.lock().end = offset;
        self.aof().advance(offset, offset);
        self.policy_changed();
    }

    /// The line that notes the time, if it is wanted and another second has begun.
    fn note(&self) -> String {
        if !self.engine.config.aof_timestamp_enabled() {
            return String::new();
        }
        let now = clock::now_ms() / 1000;
        if self.noted.swap(now, Relaxed) == now { String::new() } else { format!("#TS:{now}\r\n") }
    }

    /// Takes over what the configuration says of when replies may go.
    pub fn policy_changed(&self) {
        // Under the lock, so that of two who do this the one with the newer policy is the last.
        let queue = self.queue.lock();
        let always = self.engine.config.appendfsync() == AppendFsync::Always;
        self.aof().buffered.store(queue.bytes, Relaxed);
        self.aof().set_holds((always || queue.bytes > BEHIND_MAX) && !queue.ended);
    }

    /// Asks for everything to be flushed, without waiting for it.
    pub fn flush_soon(&self) {
        self.queue.lock().flush = true;
        self.arrived.notify_one();
    }

    /// What follows belongs into another file. To be called with all stripes locked.
    pub fn switch(&self, file: File) {
        let mut queue = self.queue.lock();
        queue.parts.push_back(Part::Switch(file));
        self.arrived.notify_one();
    }

    /// Bytes in the file that is written to.
    pub fn file_size(&self) -> u64 {
        self.file_size.load(Acquire)
    }

    /// Waits until all that has been appended is on disk, for this long at most.
    pub fn flush(&self, patience: Duration) -> bool {
        let begun = Instant::now();
        self.flush_soon();
        let end = self.queue.lock().end;
        while self.aof().durable() < end || !self.has_taken_all() {
            if begun.elapsed() > patience || self.finished.load(Acquire) {
                return false;
            }
            thread::sleep(NAP);
        }
        true
    }

    fn has_taken_all(&self) -> bool {
        let queue = self.queue.lock();
        queue.parts.is_empty() && !queue.flush
    }

    /// Takes nothing more, and ends when all is written; waits for that, so long at most.
    pub fn end(&self, patience: Duration) {
        let begun = Instant::now();
        self.queue.lock().ended = true;
        self.arrived.notify_one();
        while !self.finished.load(Acquire) && begun.elapsed() < patience {
            thread::sleep(NAP);
        }
        self.aof().set_holds(false);
        self.aof().advance(self.aof().durable(), u64::MAX);
    }

    /// Waits for something to do, or, if a number is `awaited`, for so many appends; until `until`
    /// at most. Answers how often something was appended to the log, unless there is a reason not
    /// to wait for more.
    fn wait(&self, until: Option<Instant>, awaited: usize) -> Option<usize> {
        let mut queue = self.queue.lock();
        queue.awaited = awaited;
        while (queue.parts.is_empty() || queue.appends < awaited) && !queue.ended && !queue.flush {
            queue.waits = true;
            let too_late = match until {
                Some(until) => self.arrived.wait_until(&mut queue, until).timed_out(),
                None => {
                    self.arrived.wait(&mut queue);
                    false
                }
            };
            queue.waits = false;
            if too_late {
                break;
            }
        }
        (!queue.ended && !queue.flush).then_some(queue.appends)
    }

    /// Moves what there is to do to `work`, and answers the offset that it comes to, whether
    /// everything is to be flushed, and whether that was all.
    fn take(&self, work: &mut VecDeque<Part>) -> (u64, bool, bool) {
        let mut queue = self.queue.lock();
        work.append(&mut queue.parts);
        queue.appends = 0;
        queue.bytes = 0;
        (queue.end, std::mem::take(&mut queue.flush), queue.ended)
    }
}

/// The thread's own state.
struct Thread<'a> {
    shared: &'a Writer,
    file: File,
    work: VecDeque<Part>,
    /// Up to where the log has been written and flushed.
    written: u64,
    durable: u64,
    flushed_at: Instant,
    /// How long the last flush took.
    flush_took: Duration,
    /// About how many writes share a flush.
    siblings: usize,
}

impl<'a> Thread<'a> {
    fn new(shared: &'a Writer, file: File) -> Self {
        Thread {
            shared,
            file,
            work: VecDeque::new(),
            written: 0,
            durable: 0,
            flushed_at: Instant::now(),
            flush_took: Duration::ZERO,
            siblings: 0,
        }
    }

    fn run(&mut self) {
        loop {
            let due = self.flush_due();
            let appends = self.shared.wait(due, 0);
            let policy = self.shared.engine.config.appendfsync();
            if let Some(appends) = appends.filter(|_| policy == AppendFsync::Always) {
                self.wait_for_siblings(appends);
            }
            let (end, wanted, ended) = self.shared.take(&mut self.work);
            while let Err(error) = self.write(end, policy, wanted || ended) {
                self.failed(&error, policy);
                if ended {
                    break;
                }
                thread::sleep(RETRY);
            }
            if ended {
                self.shared.finished.store(true, Release);
                return;
            }
            if policy != AppendFsync::Always && !wanted {
                thread::sleep(GATHER);
            }
        }
    }

    /// Lets those catch up whose writes shared the last flush: they have had their replies and are
    /// likely to write again at once, and a flush for all costs no more than one for each. It waits
    /// no longer than a flush takes, and for nobody where one client writes alone.
    fn wait_for_siblings(&mut self, mut appends: usize) {
        if self.siblings > 1 && appends < self.siblings {
            let until = Instant::now() + self.flush_took.min(SIBLINGS_MAX);
            let Some(more) = self.shared.wait(Some(until), self.siblings) else { return };
            appends = more;
        }
        self.siblings = appends.max(self.siblings * 3 / 4);
    }

    /// When to flush although nothing more comes.
    fn flush_due(&self) -> Option<Instant> {
        let policy = self.shared.engine.config.appendfsync();
        if self.written == self.durable || policy == AppendFsync::No {
            return None;
        }
        if self.is_put_off() {
            return Some(Instant::now() + LOOK_AGAIN);
        }
        Some(self.flushed_at + FLUSH_EVERY)
    }

    /// Writes what there is, and flushes it if that is due.
    fn write(&mut self, end: u64, policy: AppendFsync, wanted: bool) -> io::Result<()> {
        match self.shared.aof().sleep_micros.load(Relaxed) {
            0 => {}
            micros => thread::sleep(Duration::from_micros(micros)),
        }
        while let Some(part) = self.work.pop_front() {
            match part {
                Part::Bytes(bytes) => {
                    if let Err(error) = self.append(&bytes) {
                        self.work.push_front(Part::Bytes(bytes));
                        return Err(error);
                    }
                }
                Part::Switch(next) => {
                    if let Err(error) = self.file.sync_data() {
                        self.work.push_front(Part::Switch(next));
                        return Err(error);
                    }
                    self.file = next;
                    self.shared.file_size.store(0, Release);
                }
            }
        }
        self.written = end;
        let due = match policy {
            AppendFsync::Always => self.written > self.durable,
            AppendFsync::Everysec => self.flushed_at.elapsed() >= FLUSH_EVERY,
            AppendFsync::No => false,
        };
        if wanted || (due && !self.is_put_off()) {
            self.flush()?;
        }
        self.publish(policy);
        Ok(())
    }

    /// Appends to the file: everything or nothing.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let shared = self.shared;
        let before = shared.file_size();
        if let Err(error) = self.file.write_all(bytes) {
            // Half a command must not stay: what follows would make no sense.
            if let Err(error) = self.file.set_len(before) {
                log::warn!("Could not remove short write from the append-only file: {error}");
            }
            return Err(error);
        }
        shared.file_size.store(before + bytes.len() as u64, Release);
        shared.aof().size.fetch_add(bytes.len() as u64, Relaxed);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        let begun = Instant::now();
        self.file.sync_data()?;
        self.flushed_at = Instant::now();
        self.flush_took = begun.elapsed();
        self.durable = self.written;
        if begun.elapsed() > SLOW {
            self.shared.aof().update(|status| status.slow_flushes += 1);
            log::info!("Flushing the append-only file takes too long (disk is busy?).");
        }
        Ok(())
    }

    /// Whether flushing is to wait for whoever else writes (`no-appendfsync-on-rewrite`).
    fn is_put_off(&self) -> bool {
        let engine = &self.shared.engine;
        engine.config.no_appendfsync_on_rewrite()
            && (engine.is_saving() || self.shared.aof().is_rewriting())
    }

    /// Tells how far the log has come.
    fn publish(&mut self, policy: AppendFsync) {
        let (shared, aof) = (self.shared, self.shared.aof());
        let mended = aof.update(|status| status.error.take());
        if mended.is_some() {
            log::warn!("AOF write error looks solved. The server can write again.");
            shared.engine.config_changed();
        }
        let always = policy == AppendFsync::Always && !self.is_put_off();
        shared.policy_changed();
        aof.advance(self.durable, if always { self.durable } else { self.written });
        shared.engine.log_is_durable();
    }

    /// Notes an error. With `appendfsync always` there is no going on: clients have been promised
    /// that what they are told is on disk.
    fn failed(&self, error: &io::Error, policy: AppendFsync) {
        log::warn!("Error writing to the AOF file: {error}");
        if policy == AppendFsync::Always {
            log::warn!(
                "Can't recover from AOF write error when the AOF fsync policy is 'always'. \
                 Exiting..."
            );
            std::process::exit(1);
        }
        let why = error.to_string();
        let why = why.split(" (os error").next().unwrap_or(&why).to_owned();
        let known = self.shared.aof().update(|status| status.error.replace(why)).is_some();
        if !known {
            self.shared.engine.config_changed();
        }
    }
}
