//! Files of the data directory: the snapshot.
//!
//! A file takes its place only when it is complete and on disk: it is written under another name,
//! flushed, renamed, and then the directory is flushed, so that after a power cut there is either
//! the old file or the new one.

use redpoll_config::Config;
use redpoll_engine::persistence::{Fill, Storage};
use rustix::io::Errno;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Arc;
use std::thread;

/// The process's working directory, which is the data directory.
pub struct Directory {
    /// What says how files are written.
    pub config: Arc<Config>,
}

impl Storage for Directory {
    fn replace(&self, name: &Path, fill: &mut Fill<'_>) -> io::Result<()> {
        let temporary = temporary();
        let flushes = self.config.rdb_save_incremental_fsync();
        let written = write(&temporary, flushes, fill).and_then(|()| fs::rename(&temporary, name));
        match written.and_then(|()| flush_directory(Path::new("."))) {
            Ok(()) => {
                log::info!("DB saved on disk");
                Ok(())
            }
            Err(error) => {
                log::warn!("Failed saving the DB in {}: {error}", name.display());
                // What is left of it is of no use; it may not be there at all.
                let _ = fs::remove_file(&temporary);
                Err(error)
            }
        }
    }

    fn open(&self, name: &Path) -> io::Result<Option<(Box<dyn Read + Send>, u64)>> {
        match File::open(name) {
            Ok(file) => {
                let size = file.metadata()?.len();
                Ok(Some((Box::new(file), size)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn together(&self, name: &str, help: &(dyn Fn() + Sync), own: &mut dyn FnMut()) {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        thread::scope(|scope| {
            for _ in 1..cores {
                let helper = thread::Builder::new().name(name.to_owned());
                let begun = helper.spawn_scoped(scope, || {
                    redpoll_memory::register_thread();
                    help();
                });
                if let Err(error) = begun {
                    log::warn!("Can't start a thread, going on with fewer: {error}");
                    break;
                }
            }
            own();
        });
    }

    fn spawn(&self, name: &str, job: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            redpoll_memory::register_thread();
            job();
        })?;
        Ok(())
    }
}

/// Where a snapshot is written before it takes its place.
fn temporary() -> PathBuf {
    PathBuf::from(format!("temp-{}.rdb", process::id()))
}

/// Removes what has been written of a file that will not be finished.
pub fn discard_temporary() {
    // Mostly there is none.
    let _ = fs::remove_file(temporary());
}

fn write(path: &Path, flushes: bool, fill: &mut Fill<'_>) -> io::Result<()> {
    let mut out = Steady::new(File::create(path)?, flushes);
    fill(&mut out)?;
    out.file.sync_all()
}

/// Bytes after which a file is flushed while it is written.
const FLUSH_EVERY: usize = 4 << 20;

/// A file that is flushed now and then, if that is wanted, so that no flush takes long: one of
/// gigabytes would keep all others waiting, those of the append-only file too.
pub struct Steady {
    /// The file.
    pub file: File,
    flushes: bool,
    unflushed: usize,
}

impl Steady {
    /// A file, and whether it is to be flushed now and then.
    pub fn new(file: File, flushes: bool) -> Self {
        Steady { file, flushes, unflushed: 0 }
    }
}

impl Write for Steady {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.unflushed += count;
        if self.flushes && self.unflushed >= FLUSH_EVERY {
            self.unflushed = 0;
            self.file.sync_data()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Makes a rename within a directory last. Some file systems cannot flush a directory, and need
/// not.
pub fn flush_directory(path: &Path) -> io::Result<()> {
    match File::open(path)?.sync_all() {
        Err(error) if error.raw_os_error() == Some(Errno::INVAL.raw_os_error()) => Ok(()),
        result => result,
    }
}
