//! The change log: every change of the data, as commands that make it again, in one order.
//!
//! What a replica follows and an append-only file holds is the same: commands, free of chance and
//! time, as RESP requests, a `SELECT` before each change of database. A command that stands for
//! itself is logged as it came; others say by [`crate::Ctx::log_as`] what stands for them. What one
//! command, transaction or script has changed is logged as one: between `MULTI` and `EXEC` if it is
//! more than one command.
//!
//! Invariant: the log is appended to **while the stripes of the changed keys are locked**, so its
//! order agrees with the order of the changes to every key. Its lock comes after stripes and before
//! a client's outbox. Nothing is encoded and no lock is taken while nobody consumes it.

use parking_lot::Mutex;
use redpoll_keyspace::effect::Logged;
use redpoll_resp::{Args, request::encode_words};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::*};

/// A consumer of the log.
pub trait Sink: Send + Sync {
    /// Takes the next bytes of the log: whole commands. Called with stripes locked, so it must
    /// neither wait nor look at the data. Answers false when it wants no more; it is let go then.
    fn append(&self, bytes: &[u8]) -> bool;

    /// Whether it takes messages as well, which change nothing (PUBLISH).
    fn takes_messages(&self) -> bool {
        false
    }
}

/// See the module's head.
#[derive(Default)]
pub struct ChangeLog {
    on: AtomicBool,
    offset: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sinks: Vec<Arc<dyn Sink>>,
    /// The database that the last command in the log belongs to.
    db: Option<usize>,
    /// Used again for each append.
    buffer: Vec<u8>,
}

impl ChangeLog {
    /// Whether anybody consumes it.
    #[inline(always)]
    pub fn is_on(&self) -> bool {
        self.on.load(Relaxed)
    }

    /// Bytes logged so far.
    pub fn offset(&self) -> u64 {
        self.offset.load(Acquire)
    }

    /// Gives everything that is logged from now on to `sink`, which begins with a `SELECT`. Whoever
    /// wants the log to continue a snapshot calls this with all stripes locked. Returns the offset
    /// at which it begins.
    pub fn attach(&self, sink: Arc<dyn Sink>) -> u64 {
        let mut state = self.state.lock();
        state.sinks.push(sink);
        state.db = None;
        self.on.store(true, Release);
        self.offset()
    }

    /// Lets the log begin anew for somebody who joins: with a `SELECT`.
    pub(crate) fn select_again(&self) {
        self.state.lock().db = None;
    }

    /// Takes a sink off the log.
    pub fn detach(&self, sink: &Arc<dyn Sink>) {
        let mut state = self.state.lock();
        state.sinks.retain(|other| !Arc::ptr_eq(other, sink));
        self.on.store(!state.sinks.is_empty(), Release);
    }

    /// Logs a command as it came.
    pub(crate) fn append_one(&self, db: usize, args: Args<'_>) {
        self.append(|state| state.command(db, args));
    }

    /// Logs commands that do not belong together.
    pub(crate) fn append_each(&self, commands: &[Logged]) {
        self.append(|state| {
            commands.iter().for_each(|logged| state.command(logged.db, logged.words.as_args()));
        });
    }

    /// Logs what belongs together.
    pub(crate) fn append_unit(&self, unit: &[Logged]) {
        if unit.iter().any(|logged| logged.message) {
            return self.append_with_messages(unit);
        }
        self.append(|state| state.unit(unit));
    }

    /// As [`ChangeLog::append_unit`], but what is a message goes to those who take messages only.
    #[cold]
    fn append_with_messages(&self, unit: &[Logged]) {
        let mut state = self.state.lock();
        let changes: Vec<Logged> = unit.iter().filter(|logged| !logged.message).cloned().collect();
        // The same commands select databases for all sinks, or they would disagree afterwards.
        if state.db.is_none() {
            unit.iter().take(1).for_each(|first| state.select(first.db));
        }
        let (db, before) = (state.db, state.buffer.len());
        state.unit(&changes);
        let lean = state.buffer.clone();
        state.buffer.truncate(before);
        state.db = db;
        state.unit(unit);
        let State { sinks, buffer, .. } = &mut *state;
        self.offset.fetch_add(buffer.len() as u64, Release);
        sinks.retain(|sink| match sink.takes_messages() {
            true => sink.append(buffer),
            false => lean.is_empty() || sink.append(&lean),
        });
        buffer.clear();
        self.on.store(!state.sinks.is_empty(), Release);
    }

    fn append(&self, encode: impl FnOnce(&mut State)) {
        let mut state = self.state.lock();
        encode(&mut state);
        let State { sinks, buffer, .. } = &mut *state;
        self.offset.fetch_add(buffer.len() as u64, Release);
        sinks.retain(|sink| sink.append(buffer));
        buffer.clear();
        buffer.shrink_to(64 << 10);
        self.on.store(!state.sinks.is_empty(), Release);
    }
}

impl State {
    fn unit(&mut self, unit: &[Logged]) {
        let several = unit.len() > 1;
        if several {
            self.words(&[b"MULTI"]);
        }
        for Logged { db, words, message } in unit {
            match message {
                false => self.command(*db, words.as_args()),
                // A message belongs to no database.
                true => encode_words(&mut self.buffer, words.as_args().iter()),
            }
        }
        if several {
            self.words(&[b"EXEC"]);
        }
    }

    fn command(&mut self, db: usize, args: Args<'_>) {
        self.select(db);
        encode_words(&mut self.buffer, args.iter_from(0));
    }

    fn select(&mut self, db: usize) {
        if self.db != Some(db) {
            self.db = Some(db);
            self.words(&[b"SELECT", db.to_string().as_bytes()]);
        }
    }

    fn words(&mut self, words: &[&[u8]]) {
        encode_words(&mut self.buffer, words.iter().copied());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redpoll_resp::OwnedArgs;

    struct Kept(Mutex<Vec<u8>>);

    impl Sink for Kept {
        fn append(&self, bytes: &[u8]) -> bool {
            self.0.lock().extend_from_slice(bytes);
            true
        }
    }

    fn logged(db: usize, words: &[&str]) -> Logged {
        let words: OwnedArgs = words.iter().map(|word| word.as_bytes()).collect();
        Logged { db, words, message: false }
    }

    #[test]
    fn databases_are_selected_and_units_stay_together() {
        let (log, kept) = (ChangeLog::default(), Arc::new(Kept(Mutex::default())));
        assert!(!log.is_on());
        log.attach(kept.clone());
        log.append_unit(&[logged(3, &["DEL", "k"])]);
        log.append_unit(&[logged(3, &["A"]), logged(0, &["B"])]);
        let text = String::from_utf8_lossy(&kept.0.lock()).replace("\r\n", " ");
        let select = |db: usize| format!("*2 $6 SELECT $1 {db} ");
        let expected = format!(
            "{}*2 $3 DEL $1 k *1 $5 MULTI *1 $1 A {}*1 $1 B *1 $4 EXEC ",
            select(3),
            select(0)
        );
        assert_eq!(text, expected);
        assert_eq!(log.offset(), kept.0.lock().len() as u64);
    }

    #[test]
    fn it_is_off_when_nobody_is_left() {
        let (log, kept) = (ChangeLog::default(), Arc::new(Kept(Mutex::default())));
        let sink: Arc<dyn Sink> = kept;
        log.attach(Arc::clone(&sink));
        assert!(log.is_on());
        log.detach(&sink);
        assert!(!log.is_on());
    }
}
