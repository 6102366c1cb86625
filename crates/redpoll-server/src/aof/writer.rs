//! The thread that writes the log, and the workers that do it in its place.
//!
//! Whoever changes data leaves the bytes in a queue, with stripes locked, and goes on. This thread
//! takes all that is there, writes it at once and flushes it as `appendfsync` says: so whatever
//! has gathered while one flush was under way shares the next one. Replies that must not leave
//! before that are held back by their workers, which are told of each step
//! ([`redpoll_engine::persistence::Aof::advance`]).
//!
//! With `appendfsync always`, those whose writes shared the last flush have had their replies and
//! are likely to write again at once, and a flush for all costs no more than one for each. So a
//! flush waits for as many writes as shared the last one, but no longer than a flush takes, and for
//! nobody where one client writes alone. Where flushes take a fraction of a millisecond, what costs
//! most is to wake one another: then the worker that comes last takes the pen itself
//! ([`Writer::lead`]), no thread is woken, and its replies leave at once. The thread looks after
//! what nobody comes last for. If flushes take longer, they are the thread's alone, and no worker
//! stands still.
//!
//! **A flush that has failed** says that the system may have lost what was written before: it
//! forgets what it could not write, and the next flush succeeds without it. So from then on nothing
//! is taken to be on disk, until a rewrite has written all data anew.

use super::pen::{Part, Pen, Step};
use super::queue::Queue;
use parking_lot::{Condvar, Mutex};
use redpoll_config::AppendFsync;
use redpoll_engine::Engine;
use redpoll_engine::change_log::Sink;
use redpoll_engine::persistence::Aof;
use redpoll_keyspace::clock;
use redpoll_keyspace::effect::Logged;
use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::*};
use std::thread;
use std::time::{Duration, Instant};

/// How long to wait before trying again what has failed.
const RETRY: Duration = Duration::from_secs(1);
/// How long bytes gather where no reply waits for them.
const GATHER: Duration = Duration::from_millis(1);
/// How long the writes of those who shared the last flush are waited for at most.
const SIBLINGS_MAX: Duration = Duration::from_millis(1);
/// Workers flush the log themselves while that takes no longer, in microseconds.
const LEAD_MAX: u64 = 1000;
/// How long to sleep while waiting for the thread.
const NAP: Duration = Duration::from_micros(200);
/// Bytes that may wait to be written before replies wait for them.
const BEHIND_MAX: usize = 64 << 20;
/// For how long they may wait for the system, as what is not written goes with the process.
const LATE: Duration = Duration::from_secs(1);

/// What the thread shares with those who change data.
pub struct Writer {
    engine: Arc<Engine>,
    queue: Mutex<Queue>,
    arrived: Condvar,
    /// Comes before the queue's lock.
    pen: Mutex<Pen>,
    /// Up to where the log has been flushed.
    pub(super) flushed: AtomicU64,
    /// About how long a flush takes, in microseconds.
    flush_micros: AtomicU64,
    /// The file is being written or flushed at this moment.
    is_in_call: AtomicBool,
    /// Flushes that have failed.
    failures: AtomicU64,
    /// How many of them had failed when all data were last known to be on disk.
    trusted: AtomicU64,
    /// The second of the last time that was noted in the log.
    noted: AtomicI64,
    /// Bytes in the file that is written to.
    pub(super) file_size: AtomicU64,
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
        queue.since.get_or_insert_with(Instant::now);
        queue.end += bytes.len() as u64;
        let aof = self.aof();
        aof.buffered.store(queue.bytes, Relaxed);
        if queue.bytes > BEHIND_MAX || self.is_late(&queue) {
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
            pen: Mutex::new(Pen::new(file)),
            flushed: AtomicU64::new(0),
            flush_micros: AtomicU64::new(0),
            is_in_call: AtomicBool::new(false),
            failures: AtomicU64::new(0),
            trusted: AtomicU64::new(0),
            noted: AtomicI64::new(0),
            file_size: AtomicU64::new(size),
            finished: AtomicBool::new(false),
        });
        let shared = Arc::clone(&writer);
        thread::Builder::new().name("aof".to_owned()).spawn(move || {
            redpoll_memory::register_thread();
            // Short sleeps are to be short; without this, they are a little longer.
            let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
            shared.run();
        })?;
        Ok(writer)
    }

    pub(super) fn aof(&self) -> &Aof {
        &self.engine.persistence.aof
    }

    pub(super) fn policy(&self) -> AppendFsync {
        self.engine.config.appendfsync()
    }

    /// Says at which offset the log begins. To be called with all stripes locked, before anything
    /// is appended.
    pub fn begin_at(&self, offset: u64) {
        self.queue.lock().end = offset;
        self.flushed.store(offset, Release);
        self.aof().restart(offset);
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
        let mut queue = self.queue.lock();
        if queue.since.is_some() {
            queue.since = Some(Instant::now());
        }
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

    /// Waits until all that has been appended is flushed, for this long at most, and no longer than
    /// it takes to see that the disk does not take it.
    pub fn flush(&self, patience: Duration) -> bool {
        let begun = Instant::now();
        self.flush_soon();
        let end = self.queue.lock().end;
        while self.flushed.load(Acquire) < end || !self.has_taken_all() {
            let tried = begun.elapsed() > 2 * RETRY && self.aof().status().error.is_some();
            if tried || begun.elapsed() > patience || self.finished.load(Acquire) {
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
    /// at most. Answers whether more may be waited for.
    fn wait(&self, until: Option<Instant>, awaited: usize) -> bool {
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
        !queue.ended && !queue.flush
    }

    /// Moves what there is to do to `work`, and answers the offset that it comes to, whether
    /// everything is to be flushed, and whether that was all.
    fn take(&self, work: &mut VecDeque<Part>) -> (u64, bool, bool) {
        let mut queue = self.queue.lock();
        let end = queue.take(work);
        (end, std::mem::take(&mut queue.flush), queue.ended)
    }

    /// Whether what has come waits too long for the system.
    fn is_late(&self, queue: &Queue) -> bool {
        self.is_in_call.load(Relaxed) && queue.since.is_some_and(|since| since.elapsed() > LATE)
    }

    /// Writes or flushes the file.
    pub(super) fn in_call<T>(&self, call: impl FnOnce() -> T) -> T {
        self.is_in_call.store(true, Relaxed);
        let done = call();
        self.is_in_call.store(false, Relaxed);
        done
    }

    /// How long a flush has taken.
    pub(super) fn flush_took(&self, took: Duration) {
        let (mean, took) = (self.flush_micros.load(Relaxed), took.as_micros() as u64);
        self.flush_micros.store((3 * mean + took) / 4, Relaxed);
    }

    /// Whether flushing is to wait for whoever else writes (`no-appendfsync-on-rewrite`).
    pub(super) fn is_put_off(&self) -> bool {
        let engine = &self.engine;
        engine.config.no_appendfsync_on_rewrite()
            && (engine.is_saving() || self.aof().is_rewriting())
    }
}

/// What a worker that waits for the log has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lead {
    /// To look again at what waits: the log may have come further.
    Done,
    /// To come again then, if nothing has happened before.
    At(Instant),
    /// Nothing: others flush, and tell.
    Others,
}

/// Flushing in a worker.
impl Writer {
    /// Writes and flushes what there is, if nobody is waited for any more, nobody else is about it
    /// and it will not take long.
    pub fn lead(&self) -> Lead {
        if !self.is_led() {
            return Lead::Others;
        }
        let Some(mut pen) = self.pen.try_lock() else { return Lead::Others };
        let end = match self.take_if_complete(&mut pen.work) {
            Ok(end) => end,
            Err(lead) => return lead,
        };
        if pen.work.is_empty() && end == pen.durable {
            return Lead::Done;
        }
        let done = pen.write(self, end, (AppendFsync::Always, false));
        // Before others are told: who then finds the pen taken is told later.
        drop(pen);
        match done {
            Ok(step) => self.publish(step),
            Err(error) => self.failed(&error, AppendFsync::Always),
        }
        Lead::Done
    }

    /// Whether workers flush.
    fn is_led(&self) -> bool {
        self.policy() == AppendFsync::Always
            && self.flush_micros.load(Relaxed) <= LEAD_MAX
            && self.aof().sleep_micros.load(Relaxed) == 0
    }

    /// Moves what there is to do to `work`, and answers the offset that it comes to, unless more is
    /// waited for, or the end is near, which is the thread's.
    fn take_if_complete(&self, work: &mut VecDeque<Part>) -> Result<u64, Lead> {
        let mut queue = self.queue.lock();
        if queue.ended {
            return Err(Lead::Others);
        }
        match queue.due(self.patience()) {
            Some(due) if queue.appends < queue.siblings => Err(Lead::At(due)),
            _ => Ok(queue.take(work)),
        }
    }

    /// How long siblings are waited for.
    fn patience(&self) -> Duration {
        Duration::from_micros(self.flush_micros.load(Relaxed)).min(SIBLINGS_MAX)
    }
}

/// Trust in the disk.
impl Writer {
    /// A flush has failed.
    pub(super) fn distrust(&self) {
        self.failures.fetch_add(1, SeqCst);
    }

    /// Flushes that have failed so far.
    pub fn failures(&self) -> u64 {
        self.failures.load(SeqCst)
    }

    /// What was changed when so many flushes had failed is on disk elsewhere.
    pub fn trust(&self, failures: u64) {
        self.trusted.fetch_max(failures, SeqCst);
        self.flush_soon();
    }

    /// Whether what was written may not be there although later flushes have succeeded.
    pub fn is_doubtful(&self) -> bool {
        self.failures.load(SeqCst) != self.trusted.load(SeqCst)
    }
}

/// Telling others.
impl Writer {
    /// Tells how far the log has come.
    fn publish(&self, Step { durable, released }: Step) {
        let aof = self.aof();
        let mended = aof.update(|status| status.error.take());
        if mended.is_some() {
            log::warn!("AOF write error looks solved. The server can write again.");
            self.engine.config_changed();
        }
        self.policy_changed();
        aof.advance(durable, released);
        self.engine.log_is_durable();
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
            log::logger().flush();
            std::process::exit(1);
        }
        let why = error.to_string();
        let why = why.split(" (os error").next().unwrap_or(&why).to_owned();
        let known = self.aof().update(|status| status.error.replace(why)).is_some();
        if !known {
            self.engine.config_changed();
        }
    }
}

/// The thread.
impl Writer {
    fn run(&self) {
        loop {
            let due = self.pen.lock().flush_due(self);
            let more = self.wait(due, 0);
            let policy = self.policy();
            if more && policy == AppendFsync::Always && !self.wait_for_siblings() {
                continue;
            }
            let mut pen = self.pen.lock();
            let (end, wanted, ended) = self.take(&mut pen.work);
            let step = loop {
                match pen.write(self, end, (policy, wanted || ended)) {
                    Ok(step) => break Some(step),
                    Err(error) => self.failed(&error, policy),
                }
                if ended {
                    break None;
                }
                thread::sleep(RETRY);
            };
            drop(pen);
            step.into_iter().for_each(|step| self.publish(step));
            if ended {
                self.finished.store(true, Release);
                return;
            }
            if policy != AppendFsync::Always && !wanted {
                thread::sleep(GATHER);
            }
        }
    }

    /// Lets those catch up whose writes are likely to come. Answers whether there is something for
    /// the thread to do.
    fn wait_for_siblings(&self) -> bool {
        let patience = self.patience();
        if self.is_led() {
            // Workers come in time for what their clients wait for. Not to be told of each append
            // saves them more than it costs who is looked after by nobody else.
            thread::sleep(GATHER);
            let queue = self.queue.lock();
            let switches = !queue.parts.is_empty() && queue.since.is_none();
            return switches || (queue.since.is_some() && queue.due(patience).is_none());
        }
        let (due, siblings) = {
            let queue = self.queue.lock();
            let complete = queue.appends >= queue.siblings;
            (if complete { None } else { queue.due(patience) }, queue.siblings)
        };
        if let Some(due) = due {
            self.wait(Some(due), siblings);
        }
        true
    }
}
