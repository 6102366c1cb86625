//! The hand that writes the log: its file, and how far that has come.
//!
//! There is one, behind a lock: whoever has it writes what has gathered and flushes it as
//! `appendfsync` says. That is the log's own thread, or a worker that needs its replies released
//! (see [`super::writer`]).
//!
//! With `everysec` a thread of its own flushes: a busy disk can take many seconds for it, and what
//! is written meanwhile is safe from the end of the process, as it was before.

use super::writer::Writer;
use redpoll_config::AppendFsync;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::sync::atomic::Ordering::*;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often the log is flushed with `appendfsync everysec`.
const FLUSH_EVERY: Duration = Duration::from_secs(1);
/// When to look again whether a flush that was put off may be done.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// A flush that takes longer is counted.
const SLOW: Duration = Duration::from_secs(2);

/// What is to be done, in this order.
pub enum Part {
    /// These are to be appended.
    Bytes(Vec<u8>),
    /// What follows belongs into this file.
    Switch(File),
}

/// How far the log has come.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Up to where it is on disk.
    pub durable: u64,
    /// Up to where replies may go.
    pub released: u64,
}

/// See the module's head.
pub struct Pen {
    file: File,
    /// What is to be written before anything else.
    pub work: VecDeque<Part>,
    /// Up to where the log has been written and flushed.
    pub written: u64,
    /// See `written`.
    pub durable: u64,
    flushed_at: Instant,
    /// A flush that is under way.
    flush: Option<Flush>,
    /// The last one has failed.
    has_failed: bool,
}

/// A flush by a thread of its own.
struct Flush {
    /// Answers how long it took.
    thread: JoinHandle<io::Result<Duration>>,
    /// Up to where the log had been written when it began.
    end: u64,
}

impl Pen {
    /// One that goes on with this file.
    pub fn new(file: File) -> Self {
        let (work, flushed_at) = (VecDeque::new(), Instant::now());
        Pen { file, work, written: 0, durable: 0, flushed_at, flush: None, has_failed: false }
    }

    /// When to flush although nothing more comes.
    pub fn flush_due(&self, shared: &Writer) -> Option<Instant> {
        let policy = shared.policy();
        if self.written == self.durable || policy == AppendFsync::No {
            return None;
        }
        if shared.is_put_off() || self.flush.is_some() {
            return Some(Instant::now() + LOOK_AGAIN);
        }
        Some(self.flushed_at + FLUSH_EVERY)
    }

    /// Writes what there is, up to this offset, and flushes it if that is due.
    pub fn write(
        &mut self,
        shared: &Writer,
        end: u64,
        (policy, wanted): (AppendFsync, bool),
    ) -> io::Result<Step> {
        match shared.aof().sleep_micros.load(Relaxed) {
            0 => {}
            micros => thread::sleep(Duration::from_micros(micros)),
        }
        self.end_flush(shared)?;
        while let Some(part) = self.work.pop_front() {
            match part {
                Part::Bytes(bytes) => {
                    if let Err(error) = self.append(shared, &bytes) {
                        self.work.push_front(Part::Bytes(bytes));
                        return Err(error);
                    }
                }
                Part::Switch(next) => {
                    if let Err(error) = self.sync(shared) {
                        self.work.push_front(Part::Switch(next));
                        return Err(error);
                    }
                    self.file = next;
                    shared.file_size.store(0, Release);
                }
            }
        }
        self.written = end;
        let due = match policy {
            AppendFsync::Always => self.written > self.durable,
            AppendFsync::Everysec => self.flushed_at.elapsed() >= FLUSH_EVERY,
            AppendFsync::No => false,
        };
        let put_off = shared.is_put_off();
        if wanted || (due && !put_off) {
            match wanted || policy == AppendFsync::Always || self.has_failed {
                true => self.flush(shared)?,
                false => self.begin_flush(shared)?,
            }
        }
        let always = policy == AppendFsync::Always && !put_off;
        let durable = if shared.is_doubtful() { shared.aof().durable() } else { self.durable };
        Ok(Step { durable, released: if always { durable } else { self.written } })
    }

    /// Appends to the file: everything or nothing.
    fn append(&mut self, shared: &Writer, bytes: &[u8]) -> io::Result<()> {
        let before = shared.file_size();
        if let Err(error) = shared.in_call(|| self.file.write_all(bytes)) {
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

    fn flush(&mut self, shared: &Writer) -> io::Result<()> {
        let begun = Instant::now();
        self.sync(shared)?;
        self.has_flushed(shared, self.written, begun.elapsed());
        Ok(())
    }

    /// Lets a thread of its own flush, if none does.
    fn begin_flush(&mut self, shared: &Writer) -> io::Result<()> {
        if self.flush.is_some() {
            return Ok(());
        }
        let begin = |file: File| {
            thread::Builder::new().name("aof-fsync".to_owned()).spawn(move || {
                let begun = Instant::now();
                file.sync_data().map(|()| begun.elapsed())
            })
        };
        match self.file.try_clone().and_then(begin) {
            Ok(thread) => {
                self.flush = Some(Flush { thread, end: self.written });
                Ok(())
            }
            // No more threads or descriptors: then without.
            Err(_) => self.flush(shared),
        }
    }

    /// Takes over what has come of a flush, if it is done.
    fn end_flush(&mut self, shared: &Writer) -> io::Result<()> {
        let Some(Flush { thread, end }) = self.flush.take_if(|flush| flush.thread.is_finished())
        else {
            return Ok(());
        };
        let done =
            thread.join().unwrap_or_else(|_| Err(io::Error::other("the flush has panicked")));
        let took = done.inspect_err(|_| {
            self.has_failed = true;
            shared.distrust();
        })?;
        self.has_flushed(shared, end, took);
        Ok(())
    }

    /// The log is on disk up to this place.
    fn has_flushed(&mut self, shared: &Writer, end: u64, took: Duration) {
        self.has_failed = false;
        self.flushed_at = Instant::now();
        shared.flush_took(took);
        self.durable = self.durable.max(end);
        shared.flushed.store(self.durable, Release);
        if took > SLOW {
            shared.aof().update(|status| status.slow_flushes += 1);
            log::info!("Flushing the append-only file takes too long (disk is busy?).");
        }
    }

    /// Flushes the file. What the system could not write it may have forgotten: it is not told
    /// again by the next flush, which may well succeed.
    fn sync(&self, shared: &Writer) -> io::Result<()> {
        shared.in_call(|| self.file.sync_data()).inspect_err(|_| shared.distrust())
    }
}
