//! Rewriting the log: a new base of the data as they are, and an empty increment behind it.

use crate::storage::Steady;
use redpoll_engine::Engine;
use redpoll_engine::persistence::Snapshot;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering::Acquire};

const BUFFER: usize = 64 << 10;

/// Writes the base of a snapshot to a file of its own and answers its path and size. It ends early,
/// with an error, once `cancelled`.
pub fn write_base(
    engine: &Engine,
    snapshot: Snapshot,
    as_snapshot: bool,
    cancelled: &AtomicBool,
) -> io::Result<(PathBuf, u64)> {
    let path = PathBuf::from(format!("temp-rewriteaof-bg-{}.aof", process::id()));
    let written = fill(engine, snapshot, as_snapshot, &path, cancelled);
    if written.is_err() {
        // What is left of it is of no use; it may not be there at all.
        let _ = fs::remove_file(&path);
    }
    Ok((path, written?))
}

fn fill(
    engine: &Engine,
    snapshot: Snapshot,
    as_snapshot: bool,
    path: &Path,
    cancelled: &AtomicBool,
) -> io::Result<u64> {
    let flushes = engine.config.aof_rewrite_incremental_fsync();
    let file = Steady::new(File::create(path)?, flushes);
    let file = Patient { file, size: 0, cancelled };
    let mut out = BufWriter::with_capacity(BUFFER, file);
    engine.write_base(snapshot, as_snapshot, &mut out)?;
    let base = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    base.file.file.sync_all()?;
    Ok(base.size)
}

/// A file that may be given up.
struct Patient<'a> {
    file: Steady,
    size: u64,
    cancelled: &'a AtomicBool,
}

impl Write for Patient<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.cancelled.load(Acquire) {
            return Err(io::Error::other("the append-only file was turned off"));
        }
        let count = self.file.write(bytes)?;
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
