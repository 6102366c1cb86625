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
//! a client's outbox. Nothing is encoded and no lock is taken while nobody consumes it: whether
//! somebody does is asked under the same locks (`redpoll_keyspace::LogSwitch`), and it is turned on
//! with all of them held.

use parking_lot::Mutex;
use redpoll_keyspace::effect::Logged;
use redpoll_keyspace::{Keys, Keyspace, LogSwitch};
use redpoll_resp::{Args, request::encode_words};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::*};

/// A consumer of the log.
pub trait Sink: Send + Sync {
    /// Takes the next bytes of the log: whole commands. Called with stripes locked, so it must
    /// neither wait nor look at the data. Answers false when it wants no more; it is let go then.
    fn append(&self, bytes: &[u8]) -> bool;

    /// What it takes of that which is not for all; see [`Logged::targets`].
    fn takes(&self) -> u8 {
        Logged::ALL
    }
}

/// See the module's head.
#[derive(Default)]
pub struct ChangeLog {
    /// On while there are sinks; shared with the keyspace. Written under the state's lock.
    switch: Arc<LogSwitch>,
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
    /// The log of a keyspace, which nobody consumes yet.
    pub fn of(keyspace: &Keyspace) -> Arc<Self> {
        let switch = Arc::clone(keyspace.log_switch());
        let log = Arc::new(ChangeLog { switch, ..ChangeLog::default() });
        let own = Arc::clone(&log);
        keyspace.set_log(Box::new(move |logged| own.append_each(logged)));
        log
    }

    /// Bytes logged so far.
    pub fn offset(&self) -> u64 {
        self.offset.load(Acquire)
    }

    /// Gives everything that is changed from this moment on to `sink`, which begins with a
    /// `SELECT`. Returns the offset at which it begins.
    ///
    /// # Panics
    /// If not all stripes are locked: it would not be one moment for all who change something.
    pub fn attach(&self, keys: &Keys<'_>, sink: Arc<dyn Sink>) -> u64 {
        assert!(keys.holds_all(), "the log is turned on between commands");
        let mut state = self.state.lock();
        state.sinks.push(sink);
        state.db = None;
        self.switch.set_consumed(true);
        self.offset()
    }

    /// Lets the log begin anew for somebody who joins: with a `SELECT`.
    pub fn select_again(&self) {
        self.state.lock().db = None;
    }

    /// Takes a sink off the log.
    pub fn detach(&self, sink: &Arc<dyn Sink>) {
        let mut state = self.state.lock();
        state.sinks.retain(|other| !Arc::ptr_eq(other, sink));
        self.turn_off_without_sinks(&state);
    }

    /// Logs a command as it came.
    pub(crate) fn append_one(&self, db: usize, args: Args<'_>) {
        self.append(|state| state.command(db, args));
    }

    /// Logs commands that do not belong together.
    pub(crate) fn append_each(&self, commands: &[Logged]) {
        if commands.iter().any(|logged| logged.targets != Logged::ALL) {
            return self.append_chosen(commands);
        }
        self.append(|state| {
            commands.iter().for_each(|logged| state.command(logged.db, logged.words.as_args()));
        });
    }

    /// Logs what belongs together.
    pub(crate) fn append_unit(&self, unit: &[Logged]) {
        if unit.iter().any(|logged| logged.targets != Logged::ALL) {
            return self.append_chosen(unit);
        }
        self.append(|state| state.unit(unit.iter()));
    }

    /// Logs what is not all for everybody (PUBLISH, `redis.set_repl`): each sink gets its own, as a
    /// unit.
    #[cold]
    fn append_chosen(&self, unit: &[Logged]) {
        let mut state = self.state.lock();
        let (before, mut sinks) = (state.db, std::mem::take(&mut state.sinks));
        let (mut longest, mut in_file, mut ends) = (0, None, Vec::new());
        sinks.retain(|sink| {
            state.db = before;
            state.buffer.clear();
            state.unit(unit.iter().filter(|logged| logged.targets & sink.takes() != 0));
            ends.push(state.db);
            longest = longest.max(state.buffer.len());
            if sink.takes() & Logged::FILE != 0 {
                in_file = Some(state.buffer.len());
            }
            state.buffer.is_empty() || sink.append(&state.buffer)
        });
        state.sinks = sinks;
        // They may have seen different commands: then each is told the database again.
        let agree = ends.windows(2).all(|pair| pair[0] == pair[1]);
        state.db = ends.first().copied().flatten().filter(|_| agree);
        state.buffer.clear();
        // The offset is a position of the append-only file, whose writer counts what it gets.
        self.offset.fetch_add(in_file.unwrap_or(longest) as u64, Release);
        self.turn_off_without_sinks(&state);
    }

    fn turn_off_without_sinks(&self, state: &State) {
        if state.sinks.is_empty() {
            self.switch.set_consumed(false);
        }
    }

    fn append(&self, encode: impl FnOnce(&mut State)) {
        let mut state = self.state.lock();
        encode(&mut state);
        let State { sinks, buffer, .. } = &mut *state;
        self.offset.fetch_add(buffer.len() as u64, Release);
        sinks.retain(|sink| sink.append(buffer));
        buffer.clear();
        buffer.shrink_to(64 << 10);
        self.turn_off_without_sinks(&state);
    }
}

impl State {
    /// Commands that belong together.
    fn unit<'l>(&mut self, unit: impl Iterator<Item = &'l Logged> + Clone) {
        let several = unit.clone().nth(1).is_some();
        if several {
            self.words(&[b"MULTI"]);
        }
        unit.for_each(|logged| self.command(logged.db, logged.words.as_args()));
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

    fn attach(log: &ChangeLog, sink: Arc<dyn Sink>) {
        let keyspace = Keyspace::new(1);
        let mut keys = keyspace.keys(0, 0);
        keys.lock_all();
        log.attach(&keys, sink);
    }

    struct Kept(Mutex<Vec<u8>>, u8);

    impl Sink for Kept {
        fn append(&self, bytes: &[u8]) -> bool {
            self.0.lock().extend_from_slice(bytes);
            true
        }

        fn takes(&self) -> u8 {
            self.1
        }
    }

    fn logged(db: usize, words: &[&str]) -> Logged {
        let words: OwnedArgs = words.iter().map(|word| word.as_bytes()).collect();
        Logged::new(db, words)
    }

    #[test]
    fn databases_are_selected_and_units_stay_together() {
        let (log, kept) = (ChangeLog::default(), Arc::new(Kept(Mutex::default(), Logged::ALL)));
        attach(&log, kept.clone());
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
    fn each_sink_gets_what_is_for_it() {
        let log = ChangeLog::default();
        let (file, replicas) = (Kept(Mutex::default(), 1), Kept(Mutex::default(), 2));
        let (file, replicas) = (Arc::new(file), Arc::new(replicas));
        attach(&log, file.clone());
        attach(&log, replicas.clone());
        let for_file = Logged { targets: 1, ..logged(0, &["B"]) };
        let for_nobody = Logged { targets: 0, ..logged(0, &["N"]) };
        log.append_unit(&[logged(0, &["A"]), for_file, for_nobody]);
        log.append_one(0, logged(0, &["C"]).words.as_args());
        let text = |kept: &Kept| String::from_utf8_lossy(&kept.0.lock()).replace("\r\n", " ");
        let select = "*2 $6 SELECT $1 0 ";
        let both = format!("*1 $5 MULTI {select}*1 $1 A *1 $1 B *1 $4 EXEC ");
        assert_eq!(text(&file), format!("{both}*1 $1 C "));
        assert_eq!(text(&replicas), format!("{select}*1 $1 A *1 $1 C "));
        // Positions are those of the file.
        assert_eq!(log.offset(), file.0.lock().len() as u64);
        let message = Logged::message(0, logged(0, &["PUBLISH"]).words);
        log.append_each(&[message]);
        assert_eq!(log.offset(), file.0.lock().len() as u64);
        assert!(text(&replicas).ends_with("PUBLISH "));
    }

    #[test]
    fn it_is_off_when_nobody_is_left() {
        let keyspace = Keyspace::new(1);
        let log = ChangeLog::of(&keyspace);
        let sink: Arc<dyn Sink> = Arc::new(Kept(Mutex::default(), Logged::ALL));
        assert!(!keyspace.is_logging());
        attach(&log, Arc::clone(&sink));
        assert!(keyspace.is_logging());
        log.detach(&sink);
        assert!(!keyspace.is_logging());
    }
}
