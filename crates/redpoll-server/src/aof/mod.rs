//! The append-only file: files, threads, and when they are needed.
//!
//! [`manifest`] says which files the log is made of, [`files`] opens and renames them, [`load`]
//! reads them at the start. While the log is on, the thread of [`writer`] writes it, and
//! another one, the keeper of this module, rewrites it ([`rewrite`]) and turns it on and off: it
//! takes orders, so that no client's thread waits for a disk. Neither thread is there before it is
//! needed.
//!
//! A rewrite changes no file that is needed. A new increment is named in the manifest, then the
//! writer is sent to it in the moment of the snapshot; when the base of that snapshot is complete,
//! a new manifest names both, and only then is what came before removed. Whenever the program
//! ends, one manifest or the other is there, and either is whole.

mod files;
mod keeper;
mod load;
pub mod manifest;
mod pen;
mod queue;
mod rewrite;
mod writer;

use crate::{progress, snapshot};
use files::Files;
use keeper::{Keeper, Order};
use manifest::Manifest;
use parking_lot::Mutex;
use redpoll_engine::Engine;
use redpoll_engine::change_log::Sink;
use redpoll_engine::persistence::{LogKeeper, Snapshot};
use redpoll_keyspace::{Keys, clock};
use std::sync::atomic::{AtomicBool, Ordering::*};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::Duration;
use std::{fs, io};
pub use writer::Lead;
use writer::Writer;

/// How long the end of the program waits for the disk.
const PATIENCE: Duration = Duration::from_secs(60);

/// The log as the rest of the program sees it.
pub struct Log {
    engine: Arc<Engine>,
    orders: Mutex<Option<mpsc::Sender<Order>>>,
    writer: Mutex<Option<Arc<Writer>>>,
    /// A rewrite under way is to be given up.
    cancelled: AtomicBool,
    /// The data are loaded: it may be turned on and off.
    ready: AtomicBool,
}

/// The log of this process.
static LOG: OnceLock<Arc<Log>> = OnceLock::new();

/// Loads the data, from the log if there is to be one and else from the snapshot, and begins to
/// log. Answers whether the program goes on; somebody may have asked for its end meanwhile. The
/// error is for the log of the program.
pub fn start(engine: &Arc<Engine>) -> Result<bool, String> {
    let log = Arc::new(Log {
        engine: Arc::clone(engine),
        orders: Mutex::new(None),
        writer: Mutex::new(None),
        cancelled: AtomicBool::new(false),
        ready: AtomicBool::new(false),
    });
    let log = LOG.get_or_init(|| log);
    let aof = &engine.persistence.aof;
    aof.set_keeper(Box::new(Shared(Arc::clone(log))));
    let goes_on = progress::while_loading(engine, || load_and_open(engine, log))?;
    log.ready.store(true, SeqCst);
    let wanted = engine.config.appendonly();
    if goes_on && wanted != aof.is_enabled() {
        // Somebody has changed it meanwhile.
        let changed = log.set_on(wanted);
        changed.map_err(|error| format!("Can't turn the append-only file on: {error}"))?;
    }
    Ok(goes_on)
}

fn load_and_open(engine: &Arc<Engine>, log: &Arc<Log>) -> Result<bool, String> {
    if !engine.config.appendonly() {
        return snapshot::load(engine);
    }
    let files = Files::of(&engine.config);
    let mut manifest = files.read_manifest()?;
    files.upgrade(&mut manifest)?;
    if manifest.loaded().next().is_none() && engine.config.dbfilename().as_path().exists() {
        log::warn!(
            "There is no append-only file: starting without data, although there is a snapshot. \
             To keep its data, start with appendonly no, then CONFIG SET appendonly yes."
        );
    }
    if let Err(why) = load::load(engine, &files, &manifest, true) {
        if engine.is_ending() {
            log::warn!("{why}");
            return Ok(false);
        }
        return Err(why);
    }
    let failed = |error: io::Error| format!("Can't open the append-only file: {error}");
    log.open(&files, &mut manifest).map_err(failed)?;
    log.start_keeper(files, manifest, true).map_err(failed)?;
    Ok(true)
}

/// The log, once the engine has been started.
pub fn log() -> Option<&'static Arc<Log>> {
    LOG.get()
}

impl Log {
    /// Begins to append to the last increment, or to the first one.
    fn open(&self, files: &Files, manifest: &mut Manifest) -> io::Result<()> {
        let engine = &self.engine;
        if manifest.loaded().next().is_none() {
            self.make_first_base(files, manifest)?;
        }
        let (file, size) = match manifest.increments.last() {
            Some(last) => {
                log::info!("Opening AOF incr file {} on server start", last.name);
                files.append_to(&last.name)?
            }
            None => {
                let entry = manifest.next_increment(&files.name);
                log::info!("Creating AOF incr file {} on server start", entry.name);
                let file = files.create(&entry.name)?;
                manifest.increments.push(entry);
                files.write_manifest(manifest)?;
                (file, 0)
            }
        };
        if !engine.config.aof_disable_auto_gc() && files.remove_history(manifest) {
            files.write_manifest(manifest)?;
        }
        let writer = Writer::start(engine, file, size)?;
        self.attach(&writer, &mut engine.keyspace.keys(0, clock::now_ms()));
        engine.persistence.aof.set_enabled(true);
        engine.persistence.aof.set_complete(true);
        Ok(())
    }

    /// A log that begins with nothing begins with a base that holds nothing, as Redis wants it.
    fn make_first_base(&self, files: &Files, manifest: &mut Manifest) -> io::Result<()> {
        let as_snapshot = self.engine.config.aof_use_rdb_preamble();
        let base = manifest.next_base(&files.name, as_snapshot);
        log::info!("Creating AOF base file {} on server start", base.name);
        let mut keys = self.engine.keyspace.keys(0, clock::now_ms());
        let snapshot = Snapshot::take(&self.engine, &mut keys)?;
        drop(keys);
        let written = rewrite::write_base(&self.engine, snapshot, as_snapshot, &self.cancelled);
        let (path, size) = written?;
        files.adopt(&path, &base.name)?;
        self.engine.persistence.aof.update(|status| status.base_size = size);
        self.engine.persistence.aof.size.store(size, Release);
        manifest.base = Some(base);
        Ok(())
    }

    /// Gives the log to a writer from this moment on, at which all stripes are locked.
    fn attach(&self, writer: &Arc<Writer>, keys: &mut Keys<'_>) {
        keys.lock_all();
        let begin = self.engine.change_log.attach(keys, Arc::clone(writer) as Arc<dyn Sink>);
        writer.begin_at(begin);
        *self.writer.lock() = Some(Arc::clone(writer));
    }

    /// Takes the log from its writer, which ends when everything is on disk.
    fn detach(&self) {
        let Some(writer) = self.writer.lock().take() else { return };
        let aof = &self.engine.persistence.aof;
        // Before: nobody is to be told that what it lacks from now on is on disk.
        aof.set_complete(false);
        self.engine.change_log.detach(&(Arc::clone(&writer) as Arc<dyn Sink>));
        writer.end(PATIENCE);
        if aof.update(|status| status.error.take()).is_some() {
            self.engine.config_changed();
        }
    }

    fn start_keeper(
        self: &Arc<Self>,
        files: Files,
        manifest: Manifest,
        on: bool,
    ) -> io::Result<()> {
        let sender = Keeper::start(self, files, manifest, on)?;
        *self.orders.lock() = Some(sender);
        Ok(())
    }

    /// Gives the keeper an order; it is started if this is the first one.
    fn order(self: &Arc<Self>, order: Order) -> io::Result<()> {
        if self.orders.lock().is_none() {
            let files = Files::of(&self.engine.config);
            let manifest = files.read_manifest().map_err(io::Error::other)?;
            self.start_keeper(files, manifest, false)?;
        }
        let orders = self.orders.lock();
        let gone = || io::Error::other("the keeper of the append-only file has ended");
        orders.as_ref().ok_or_else(gone)?.send(order).map_err(|_| gone())
    }

    /// Turns the log on or off (CONFIG SET appendonly). It is on when its first base is complete.
    pub fn set_on(self: &Arc<Self>, on: bool) -> io::Result<()> {
        let aof = &self.engine.persistence.aof;
        if aof.is_enabled() == on || !self.ready.load(SeqCst) {
            return Ok(());
        }
        if on {
            let files = Files::of(&self.engine.config);
            drop(files.create(keeper::FIRST)?);
            fs::remove_file(files.path(keeper::FIRST))?;
        } else {
            self.cancelled.store(true, Release);
        }
        // Before the order: the keeper looks whether it still holds.
        aof.set_enabled(on);
        let ordered = self.order(if on { Order::Enable } else { Order::Disable });
        ordered.inspect_err(|_| aof.set_enabled(!on))
    }

    /// `appendfsync` has changed.
    pub fn policy_changed(&self) {
        if let Some(writer) = &*self.writer.lock() {
            writer.policy_changed();
            writer.flush_soon();
        }
    }

    /// Puts the log on disk in the thread of a worker that waits for that; see [`Writer::lead`].
    pub fn lead(&self) -> Lead {
        let writer = self.writer.lock().clone();
        writer.map_or(Lead::Others, |writer| writer.lead())
    }

    /// At the end of the program: puts everything on disk. Answers whether it is.
    pub fn finish(&self) -> bool {
        let writer = self.writer.lock().clone();
        writer.is_none_or(|writer| {
            log::info!("Calling fsync() on the AOF file.");
            writer.flush(PATIENCE) && !writer.is_doubtful()
        })
    }
}

/// The log for the engine.
struct Shared(Arc<Log>);

impl LogKeeper for Shared {
    fn rewrite(&self) -> io::Result<()> {
        self.0.order(Order::Rewrite)
    }

    fn replaced(&self) -> io::Result<()> {
        self.0.order(Order::Replaced)
    }

    fn reload(&self) -> io::Result<()> {
        let (answer, answers) = mpsc::sync_channel(1);
        self.0.order(Order::Reload(answer))?;
        let gone = || io::Error::other("the keeper of the append-only file has ended");
        answers.recv().map_err(|_| gone())?.map_err(io::Error::other)
    }
}
