//! Loading the log: its files become data, one after the other.

use super::files::Files;
use super::manifest::Manifest;
use crate::propagation::{self, Source};
use redpoll_engine::Engine;
use redpoll_engine::persistence::{Replay, ReplayEnd, ReplayError};
use std::fs::{File, OpenOptions};
use std::io;
use std::sync::Arc;
use std::time::Instant;

/// Loads all files of a manifest, in their order, and says how many bytes they have. The error is
/// for the log. At the start of the program, it gives up when somebody asks for its end.
pub fn load(
    engine: &Arc<Engine>,
    files: &Files,
    manifest: &Manifest,
    at_start: bool,
) -> Result<(), String> {
    for entry in manifest.loaded() {
        files.size(entry).map_err(|error| {
            let (name, missing) = (&entry.name, error.kind() == io::ErrorKind::NotFound);
            let what = if missing { "doesn't exist" } else { "can't be opened" };
            format!("The append log file {name} {what}: {error}")
        })?;
    }
    // At the start, all loading is over only when the log is attached.
    let _loading = (!at_start).then(|| engine.begin_loading());
    let sizes = manifest.loaded().map(|entry| files.size(entry).unwrap_or(0));
    engine.persistence.load_progress.expect(sizes.sum());
    let mut replay =
        Replay::new(engine, at_start).with_run(|executor, session, batch, out, now| {
            propagation::run(executor, session, batch, out, (Source::Log, now))
        });
    let count = manifest.loaded().count();
    let mut size = 0;
    for (index, entry) in manifest.loaded().enumerate() {
        let begun = Instant::now();
        let (name, is_last) = (&entry.name, index + 1 == count);
        let end = load_file(&mut replay, files, name)?;
        if let ReplayEnd::Cut(offset) = end {
            cut(engine, files, name, offset, is_last)?;
        }
        let what = if manifest.base.as_ref() == Some(entry) { "base" } else { "incr" };
        let seconds = begun.elapsed().as_secs_f64();
        log::info!("DB loaded from {what} file {name}: {seconds:.3} seconds");
        size += files.size(entry).unwrap_or(0);
    }
    let aof = &engine.persistence.aof;
    aof.size.store(size, std::sync::atomic::Ordering::Relaxed);
    let base = manifest.base.as_ref().and_then(|base| files.size(base).ok()).unwrap_or(0);
    aof.update(|status| status.base_size = base);
    Ok(())
}

/// Cuts the end off that does not count, if that is allowed.
fn cut(
    engine: &Engine,
    files: &Files,
    name: &str,
    offset: u64,
    is_last: bool,
) -> Result<(), String> {
    if !is_last {
        log::warn!("The append only file {name} ends within a command at offset {offset}.");
        return Err("Fatal error: the truncated file is not the last file".to_owned());
    }
    if !engine.config.aof_load_truncated() {
        return Err(format!(
            "Unexpected end of file reading the append only file {name}: what is whole ends at \
             offset {offset}. You can: 1) Make a backup of your AOF file, then use \
             redpoll-server --check-aof --fix <filename.manifest>. 2) Alternatively you can set \
             the 'aof-load-truncated' configuration option to yes and restart the server."
        ));
    }
    log::warn!("!!! Warning: short read while loading the AOF file {name}!!!");
    log::warn!("!!! Truncating the AOF {name} at offset {offset} !!!");
    let file = OpenOptions::new().write(true).open(files.path(name));
    let cut = file.and_then(|file| file.set_len(offset).and_then(|()| file.sync_all()));
    cut.map_err(|error| format!("Error truncating the AOF file {name}: {error}"))?;
    log::warn!("AOF {name} loaded anyway because aof-load-truncated is enabled");
    Ok(())
}

/// Loads a file. The error is for the log.
fn load_file(replay: &mut Replay, files: &Files, name: &str) -> Result<ReplayEnd, String> {
    let mut file = File::open(files.path(name))
        .map_err(|error| format!("can't read the append only file {name}: {error}"))?;
    let loaded = replay.load(&mut file).map_err(|error| match error {
        ReplayError::Ended => format!("The end was asked for while {name} was being loaded"),
        ReplayError::Io(error) => format!("Unrecoverable error reading {name}: {error}"),
        ReplayError::Snapshot(error) => {
            format!("Error reading the RDB base file {name}, AOF loading aborted: {error}")
        }
        ReplayError::Unknown { word, offset } => format!(
            "Unknown command '{word}' reading the append only file {name} at offset {offset}"
        ),
        ReplayError::Bad { offset, place, what } => format!(
            "Bad file format reading the append only file {name} at offset {offset}: make a backup \
             of your AOF file, then use redpoll-server --check-aof --fix <filename.manifest>. \
             {what} (offset {place})"
        ),
    })?;
    loaded.facts.iter().for_each(|fact| log::info!("{fact}"));
    loaded.notes.iter().for_each(|note| log::warn!("{note}"));
    if loaded.in_transaction {
        log::warn!("Revert incomplete MULTI/EXEC transaction in AOF file {name}");
    }
    Ok(loaded.end)
}
