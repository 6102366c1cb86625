//! The thread that keeps the log: it rewrites it, turns it on and off, and loads it again.

use super::files::Files;
use super::manifest::{Entry, Manifest};
use super::writer::Writer;
use super::{Log, PATIENCE, load, rewrite};
use redpoll_engine::persistence::Snapshot;
use redpoll_keyspace::clock;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::*;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

/// The first increment, until its base is complete.
pub const FIRST: &str = "temp-appendonly.aof.incr";
/// How often the thread looks whether a rewrite is due, and tries again what has failed.
const TICK: Duration = Duration::from_millis(100);
/// How long it waits before it tries again to turn the log on, in milliseconds.
const RETRY_MS: i64 = 1000;
/// Rewrites that failed in a row before further ones are put off.
const FAILURES_MAX: u64 = 3;

/// What the thread is asked to do.
pub enum Order {
    /// Rewrite the log; the right to do so has been taken.
    Rewrite,
    /// Rewrite the log: the data were replaced by others.
    Replaced,
    /// Begin to log.
    Enable,
    /// Log no more.
    Disable,
    /// Replace the data by what the files hold.
    Reload(mpsc::SyncSender<Result<(), String>>),
}

/// Whether changes are logged.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Off,
    /// The log is to be turned on, at this time again if it has failed.
    Wanted(i64),
    On,
}

/// See the module's head.
pub struct Keeper {
    log: Arc<Log>,
    files: Files,
    manifest: Manifest,
    mode: Mode,
    /// The number of failures at which was said that further rewrites are put off.
    told: u64,
}

impl Keeper {
    /// Starts the thread; answers where its orders go.
    pub fn start(
        log: &Arc<Log>,
        files: Files,
        manifest: Manifest,
        on: bool,
    ) -> io::Result<mpsc::Sender<Order>> {
        let (sender, orders) = mpsc::channel();
        let mode = if on { Mode::On } else { Mode::Off };
        let mut keeper = Keeper { log: Arc::clone(log), files, manifest, mode, told: 0 };
        thread::Builder::new().name("aof-keeper".to_owned()).spawn(move || {
            redpoll_memory::register_thread();
            keeper.run(&orders);
        })?;
        Ok(sender)
    }

    fn run(&mut self, orders: &mpsc::Receiver<Order>) {
        loop {
            match orders.recv_timeout(TICK) {
                Ok(order) => self.take(order),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
            self.look_at_clock(clock::now_ms());
        }
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Rewrite => self.rewrite(),
            Order::Replaced if self.mode == Mode::On => {
                // Somebody else's rewrite is one of the old data, or comes behind this order.
                self.log.engine.persistence.aof.begin_rewrite(clock::now_ms());
                self.rewrite();
            }
            Order::Replaced => {}
            Order::Enable => self.enable(),
            Order::Disable => {
                // Those who wait for the log are told that there is none.
                self.log.engine.log_is_durable();
                self.log.detach();
                self.log.cancelled.store(false, Release);
                self.mode = Mode::Off;
                log::info!("The append-only file is off.");
            }
            Order::Reload(answer) => {
                let done = self.reload();
                if let Err(why) = &done {
                    log::warn!("{why}");
                }
                // Whoever has asked may have gone.
                let _ = answer.send(done);
            }
        }
    }

    /// Begins what time asks for.
    fn look_at_clock(&mut self, now: i64) {
        match self.mode {
            Mode::Off => {}
            Mode::Wanted(at) if now >= at => self.enable(),
            Mode::Wanted(_) => {}
            Mode::On => {
                let due = self.is_rewrite_needed(now) || self.is_rewrite_due(now);
                if due && self.log.engine.persistence.aof.begin_rewrite(now) {
                    self.rewrite();
                }
            }
        }
    }

    /// Whether the disk may have lost a part of the log, and has recovered since.
    fn is_rewrite_needed(&self, now: i64) -> bool {
        let doubtful = self.log.writer.lock().as_ref().is_some_and(|it| it.is_doubtful());
        let status = self.log.engine.persistence.aof.status();
        let needed = doubtful && status.error.is_none() && now - status.rewrite_begun >= RETRY_MS;
        if needed {
            log::warn!(
                "A flush of the append-only file has failed: writing all data anew, as the disk \
                 may have lost a part of the log."
            );
        }
        needed
    }

    /// Whether the log has grown enough (`auto-aof-rewrite-percentage`).
    fn is_rewrite_due(&mut self, now: i64) -> bool {
        let (config, aof) = (&self.log.engine.config, &self.log.engine.persistence.aof);
        let percentage = u64::try_from(config.auto_aof_rewrite_percentage()).unwrap_or(0);
        let size = aof.size.load(Relaxed);
        if percentage == 0 || size <= config.auto_aof_rewrite_min_size() || aof.is_rewriting() {
            return false;
        }
        let status = aof.status();
        let grown = size.saturating_sub(status.base_size).saturating_mul(100);
        let due = grown / status.base_size.max(1) >= percentage;
        let pause_ms = match status.failures.checked_sub(FAILURES_MAX) {
            None => 0,
            Some(more) => (1 << more.min(6)).min(60) * 60_000,
        };
        if due && now - status.rewrite_begun >= pause_ms {
            let grown = grown / status.base_size.max(1);
            log::info!("Starting automatic rewriting of AOF on {grown}% growth");
            return true;
        }
        if due && self.told != status.failures {
            self.told = status.failures;
            let minutes = pause_ms / 60_000;
            log::warn!(
                "Background AOF rewrite has repeatedly failed and triggered the limit, will retry \
                 in {minutes} minutes"
            );
        }
        false
    }

    /// Rewrites the log, or writes one of a single base if it is off.
    fn rewrite(&mut self) {
        let begun = clock::now_ms();
        let done = catch_unwind(AssertUnwindSafe(|| self.try_rewrite()));
        let done = done.unwrap_or_else(|_| Err(io::Error::other("the rewriting panicked")));
        match &done {
            Ok(()) => {
                let seconds = (clock::now_ms() - begun) as f64 / 1000.0;
                log::info!("Background AOF rewrite finished successfully: {seconds:.3} s");
            }
            Err(error) => log::warn!("Background AOF rewrite failed: {error}"),
        }
        self.log.engine.persistence.aof.end_rewrite(done.is_err(), clock::now_ms());
    }

    fn try_rewrite(&mut self) -> io::Result<()> {
        let engine = Arc::clone(&self.log.engine);
        let writer = self.log.writer.lock().clone();
        let Some(writer) = writer else {
            let mut keys = engine.keyspace.keys(0, clock::now_ms());
            let snapshot = Snapshot::take(&engine, &mut keys)?;
            drop(keys);
            return self.replace_base(snapshot, None, 0);
        };
        let next = self.manifest.next_increment(&self.files.name);
        log::info!("Creating AOF incr file {} on background rewrite", next.name);
        let file = self.files.create(&next.name)?;
        let mut manifest = self.manifest.clone();
        manifest.increments.push(next);
        self.files.write_manifest(&manifest)?;
        self.manifest = manifest;
        let mut keys = engine.keyspace.keys(0, clock::now_ms());
        keys.lock_all();
        writer.switch(file);
        let failures = writer.failures();
        engine.change_log.select_again();
        let snapshot = Snapshot::take(&engine, &mut keys);
        drop(keys);
        self.replace_base(snapshot?, None, 1)?;
        writer.trust(failures);
        self.count_size();
        Ok(())
    }

    /// Writes a base and gives it its place, in front of the last `kept` increments and of `first`.
    fn replace_base(
        &mut self,
        snapshot: Snapshot,
        first: Option<Entry>,
        kept: usize,
    ) -> io::Result<()> {
        let engine = &self.log.engine;
        let as_snapshot = engine.config.aof_use_rdb_preamble();
        let (path, size) = rewrite::write_base(engine, snapshot, as_snapshot, &self.log.cancelled)?;
        let mut manifest = self.manifest.clone();
        let base = manifest.next_base(&self.files.name, as_snapshot);
        self.files.adopt(&path, &base.name)?;
        if let Some(first) = first {
            self.files.rename(FIRST, &first.name)?;
            manifest.increments.push(first);
        }
        manifest.replace_base(base, kept);
        self.files.write_manifest(&manifest)?;
        self.manifest = manifest;
        engine.persistence.aof.update(|status| status.base_size = size);
        if !engine.config.aof_disable_auto_gc() && self.files.remove_history(&mut self.manifest) {
            self.files.write_manifest(&self.manifest)?;
        }
        Ok(())
    }

    /// Adds up what the files hold now.
    fn count_size(&self) {
        if let Some(writer) = self.log.writer.lock().clone() {
            // Only then has it turned to the new file.
            writer.flush(PATIENCE);
            let aof = &self.log.engine.persistence.aof;
            aof.size.store(aof.status().base_size + writer.file_size(), Relaxed);
        }
    }

    /// Turns the log on: writes a first base, and logs what changes meanwhile.
    fn enable(&mut self) {
        if self.mode == Mode::On || !self.log.engine.persistence.aof.is_enabled() {
            return;
        }
        let aof = &self.log.engine.persistence.aof;
        aof.begin_rewrite(clock::now_ms());
        log::info!("The append-only file is turned on: writing its base");
        let done = self.try_enable();
        let failed = done.is_err();
        if let Err(error) = done {
            log::warn!("Turning the append-only file on failed: {error}");
            self.log.detach();
            self.files.remove(FIRST);
            self.mode = Mode::Wanted(clock::now_ms() + RETRY_MS);
        } else {
            log::info!("The append-only file is on.");
            self.mode = Mode::On;
            self.count_size();
        }
        let aof = &self.log.engine.persistence.aof;
        aof.set_complete(!failed);
        aof.end_rewrite(failed, clock::now_ms());
        self.log.engine.log_is_durable();
    }

    fn try_enable(&mut self) -> io::Result<()> {
        let file = self.files.create(FIRST)?;
        let writer = Writer::start(&self.log.engine, file, 0)?;
        let engine = Arc::clone(&self.log.engine);
        let mut keys = engine.keyspace.keys(0, clock::now_ms());
        self.log.attach(&writer, &mut keys);
        let snapshot = Snapshot::take(&engine, &mut keys);
        drop(keys);
        let first = self.manifest.next_increment(&self.files.name);
        self.replace_base(snapshot?, Some(first), 1)
    }

    /// Replaces the data by what the files hold.
    fn reload(&mut self) -> Result<(), String> {
        let engine = Arc::clone(&self.log.engine);
        if self.mode == Mode::On && !self.log.finish() {
            return Err("the append-only file cannot be written to its end".to_owned());
        }
        let _loading = engine.begin_loading();
        engine.empty_all(&mut engine.keyspace.keys(0, clock::now_ms()));
        load::load(&engine, &self.files, &self.manifest, false)
    }
}
