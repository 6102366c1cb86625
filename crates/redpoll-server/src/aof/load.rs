//! Loading the log: its files become data, one after the other.

use super::files::Files;
use super::manifest::Manifest;
use super::scan::{Found, scan};
use crate::propagation::{self, Source};
use redpoll_engine::client::Client;
use redpoll_engine::persistence::Merge;
use redpoll_engine::{Engine, Executor, Session};
use redpoll_keyspace::clock;
use redpoll_resp::{Batch, Limits, Parser};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::time::Instant;

/// Bytes read at once.
const CHUNK: usize = 256 << 10;
/// Commands run at once.
const BATCH: usize = 64;

/// How a file has ended.
enum End {
    /// With a whole command.
    Whole,
    /// Within a command or a transaction; what counts ends at this offset.
    Cut(u64),
}

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
    let mut replay = Replay::new(engine, at_start);
    let count = manifest.loaded().count();
    let mut size = 0;
    for (index, entry) in manifest.loaded().enumerate() {
        let begun = Instant::now();
        let (name, is_last) = (&entry.name, index + 1 == count);
        let end = replay.load_file(files, name)?;
        if let End::Cut(offset) = end {
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
             redis-check-aof --fix <filename.manifest>. 2) Alternatively you can set the \
             'aof-load-truncated' configuration option to yes and restart the server."
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

/// Runs what files hold.
struct Replay {
    executor: Executor,
    session: Session,
    parser: Parser,
    out: Vec<u8>,
    /// Whether it may be given up.
    at_start: bool,
}

impl Replay {
    fn new(engine: &Arc<Engine>, at_start: bool) -> Self {
        let mut session = Session::new(Client::nobody(), true);
        // What a primary says is not questioned, and neither is the log.
        session.is_primary = true;
        Replay {
            executor: Executor::new(Arc::clone(engine), clock::now_ms() as u64),
            session,
            parser: Parser::default(),
            out: Vec::new(),
            at_start,
        }
    }

    /// Loads a file. It begins with a snapshot, or consists of commands only.
    fn load_file(&mut self, files: &Files, name: &str) -> Result<End, String> {
        let unreadable =
            |error: io::Error| format!("can't read the append only file {name}: {error}");
        let mut file = File::open(files.path(name)).map_err(unreadable)?;
        self.session.db = 0;
        let start = self.load_snapshot(&mut file, name)?;
        file.seek(SeekFrom::Start(start)).map_err(unreadable)?;
        self.run_file(file, start, name)
    }

    /// Loads the snapshot at a file's beginning, if there is one; answers its length.
    fn load_snapshot(&mut self, file: &mut File, name: &str) -> Result<u64, String> {
        let mut magic = Vec::new();
        let read = Read::by_ref(file).take(6).read_to_end(&mut magic);
        let is_snapshot = magic.starts_with(b"REDIS") || magic.starts_with(b"VALKEY");
        if read.is_err() || !is_snapshot {
            return Ok(0);
        }
        let failed = |error: &dyn std::fmt::Display| {
            format!("Error reading the RDB base file {name}, AOF loading aborted: {error}")
        };
        file.seek(SeekFrom::Start(0)).map_err(|error| failed(&error))?;
        let engine = Arc::clone(self.executor.engine());
        let mut keys = engine.keyspace.keys(0, clock::now_ms());
        // Commands behind it may still turn to what has expired: the log says when it goes.
        keys.see_expired(true);
        let loaded = engine.load_from(&mut keys, file, Merge::Refuse);
        drop(keys);
        let loaded = loaded.map_err(|error| failed(&error))?;
        loaded.notes.iter().for_each(|note| log::warn!("{note}"));
        Ok(loaded.bytes)
    }

    /// Runs the commands of a file from `start` on.
    fn run_file(&mut self, mut file: File, start: u64, name: &str) -> Result<End, String> {
        let mut buffer = Vec::new();
        // The offset of the buffer's first byte, and behind the last whole command.
        let (mut base, mut whole) = (start, start);
        let mut before_multi = start;
        let mut wanted = 1;
        loop {
            if self.at_start && self.executor.engine().is_ending() {
                return Err(format!("The end was asked for while {name} was being loaded"));
            }
            let at_end = fill(&mut file, &mut buffer, wanted)
                .map_err(|error| format!("Unrecoverable error reading {name}: {error}"))?;
            let (mut at, mut count) = (0, 0);
            let mut ready = Vec::new();
            wanted = 1;
            while at < buffer.len() {
                match scan(&buffer[at..]) {
                    Found::Note(length) => at += length,
                    Found::Command { length, name: (from, to) } => {
                        let word = &buffer[at + from..at + to];
                        self.is_known(word, name, base + at as u64)?;
                        if word.eq_ignore_ascii_case(b"MULTI") {
                            before_multi = base + at as u64;
                        }
                        ready.extend_from_slice(&buffer[at..at + length]);
                        at += length;
                        count += 1;
                    }
                    Found::More(bytes) => {
                        wanted = bytes;
                        break;
                    }
                    Found::Bad => {
                        self.run(&mut ready);
                        return Err(bad_format(name, base + at as u64));
                    }
                }
                whole = base + at as u64;
                if count == BATCH {
                    self.run(&mut ready);
                    ready.clear();
                    count = 0;
                }
            }
            self.run(&mut ready);
            buffer.drain(..at);
            base += at as u64;
            if at_end {
                break;
            }
        }
        if self.session.transaction.take().is_some() {
            log::warn!("Revert incomplete MULTI/EXEC transaction in AOF file {name}");
            return Ok(End::Cut(before_multi));
        }
        Ok(if buffer.is_empty() { End::Whole } else { End::Cut(whole) })
    }

    fn is_known(&self, word: &[u8], name: &str, offset: u64) -> Result<(), String> {
        match self.executor.engine().commands.find(word) {
            Some(_) => Ok(()),
            None => {
                let word = String::from_utf8_lossy(word);
                Err(format!(
                    "Unknown command '{word}' reading the append only file {name} at offset \
                     {offset}"
                ))
            }
        }
    }

    /// Runs whole commands; nobody wants their answers.
    fn run(&mut self, commands: &mut [u8]) {
        let limits = Limits { bulk_max: u64::MAX >> 1, authenticated: true };
        if commands.is_empty() {
            return;
        }
        let mut batch = Batch::default();
        let parsed = self.parser.parse(commands, &limits, usize::MAX >> 1, &mut batch);
        debug_assert_eq!(parsed.consumed, commands.len(), "only whole commands are run");
        let (executor, session, batch) =
            (&mut self.executor, &mut self.session, (&batch, &*commands));
        propagation::run(executor, session, batch, &mut self.out, (Source::Log, clock::now_ms()));
    }
}

/// Reads until the buffer holds `wanted` bytes, or a chunk. Answers whether the file is at its end.
fn fill(file: &mut File, buffer: &mut Vec<u8>, wanted: usize) -> io::Result<bool> {
    let wanted = wanted.max(CHUNK).saturating_sub(buffer.len());
    let count = Read::by_ref(file).take(wanted as u64).read_to_end(buffer)?;
    Ok(count < wanted)
}

fn bad_format(name: &str, offset: u64) -> String {
    format!(
        "Bad file format reading the append only file {name} at offset {offset}: make a backup of \
         your AOF file, then use redis-check-aof --fix <filename.manifest>"
    )
}
