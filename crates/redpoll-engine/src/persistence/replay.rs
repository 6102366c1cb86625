//! Replaying an append-only file: a snapshot, if it begins with one, and then commands.
//!
//! The commands run in a session like that of a primary: what the log says is not questioned. A
//! file is no client, though: a command that would wait is given up at once, and one that would end
//! a connection ends nothing.

use super::load::{LoadError, Merge};
use crate::client::Client;
use crate::engine::Engine;
use crate::executor::{Executor, Progress, Stop};
use crate::session::Session;
use redpoll_keyspace::clock;
use redpoll_persist::aof::{Found, fill, scan};
use redpoll_persist::file::{MAGIC_LEN, is_snapshot};
use redpoll_resp::{Batch, Limits, Parser};
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

/// Bytes read at once.
const CHUNK: usize = 256 << 10;
/// Commands run at once.
const BATCH: usize = 64;

/// Runs commands whose spans lie in a buffer. The vector is room for their answers.
pub type Run =
    fn(&mut Executor, &mut Session, (&Batch, &[u8]), out: &mut Vec<u8>, now: i64) -> Progress;

/// How a file has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayEnd {
    /// With a whole command.
    Whole,
    /// Within a command or a transaction; what counts ends at this offset.
    Cut(u64),
}

/// What was found in a file.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// How it has ended.
    pub end: ReplayEnd,
    /// Whether that was within a transaction, of which nothing was run.
    pub in_transaction: bool,
    /// What the snapshot tells of itself, for the log.
    pub facts: Vec<String>,
    /// What of the snapshot was passed over, for the log.
    pub notes: Vec<String>,
}

/// Why a file cannot be replayed, or not to its end.
#[derive(Debug)]
pub enum ReplayError {
    /// The program is to end.
    Ended,
    /// It cannot be read.
    Io(io::Error),
    /// The snapshot that it begins with cannot be loaded.
    Snapshot(LoadError),
    /// A command that there is not.
    Unknown {
        /// Its name.
        word: String,
        /// Where it begins.
        offset: u64,
    },
    /// What stands there is no command.
    Bad {
        /// Where the last whole command ends.
        offset: u64,
        /// Where something is wrong.
        place: u64,
        /// What is wrong.
        what: String,
    },
}

impl From<io::Error> for ReplayError {
    fn from(error: io::Error) -> Self {
        ReplayError::Io(error)
    }
}

/// See the module's head.
pub struct Replay {
    executor: Executor,
    session: Session,
    parser: Parser,
    out: Vec<u8>,
    run: Run,
    /// Whether it may be given up because the program is to end.
    at_start: bool,
}

impl Replay {
    /// Something that replays files one after the other; at the start of the program, it gives up
    /// when somebody asks for its end.
    pub fn new(engine: &Arc<Engine>, at_start: bool) -> Self {
        let mut session = Session::new(Client::nobody(), true);
        // What a primary says is not questioned, and neither is the log.
        session.is_primary = true;
        Replay {
            executor: Executor::new(Arc::clone(engine), clock::now_ms() as u64),
            session,
            parser: Parser::default(),
            out: Vec::new(),
            run: |executor, session, batch, out, now| {
                executor.run_batch(session, batch, (out, usize::MAX), now)
            },
            at_start,
        }
    }

    /// Lets somebody else run the commands: who wants to see their answers.
    pub fn with_run(self, run: Run) -> Self {
        Replay { run, ..self }
    }

    /// Loads a file. It begins with a snapshot, or consists of commands only.
    pub fn load(&mut self, file: &mut (impl Read + Seek + Send)) -> Result<Replayed, ReplayError> {
        self.session.db = 0;
        let end = ReplayEnd::Whole;
        let (facts, notes) = (Vec::new(), Vec::new());
        let mut replayed = Replayed { end, in_transaction: false, facts, notes };
        let start = self.load_snapshot(file, &mut replayed)?;
        file.seek(SeekFrom::Start(start))?;
        let (end, before_multi) = self.run_file(file, start)?;
        replayed.end = end;
        if self.session.transaction.take().is_some() {
            replayed.in_transaction = true;
            replayed.end = ReplayEnd::Cut(before_multi);
        }
        Ok(replayed)
    }

    /// Loads the snapshot at a file's beginning, if there is one; answers its length.
    fn load_snapshot(
        &mut self,
        file: &mut (impl Read + Seek + Send),
        replayed: &mut Replayed,
    ) -> Result<u64, ReplayError> {
        let mut magic = Vec::new();
        file.take(MAGIC_LEN).read_to_end(&mut magic)?;
        if !is_snapshot(&magic) {
            return Ok(0);
        }
        file.seek(SeekFrom::Start(0))?;
        let engine = Arc::clone(self.executor.engine());
        let mut keys = engine.keyspace.keys(0, clock::now_ms());
        // Commands behind it may still turn to what has expired: the log says when it goes.
        keys.see_expired(true);
        let loaded = engine.load_from(&mut keys, file, Merge::Refuse);
        drop(keys);
        let loaded = loaded.map_err(ReplayError::Snapshot)?;
        (replayed.facts, replayed.notes) = (loaded.facts, loaded.notes);
        Ok(loaded.bytes)
    }

    /// Runs the commands of a file from `start` on. Answers how it ends, and where the last
    /// transaction begins.
    fn run_file(
        &mut self,
        file: &mut impl Read,
        start: u64,
    ) -> Result<(ReplayEnd, u64), ReplayError> {
        let mut buffer = Vec::new();
        // The offset of the buffer's first byte.
        let (mut base, mut before_multi, mut wanted) = (start, start, 1);
        loop {
            if self.at_start && self.executor.engine().is_ending() {
                return Err(ReplayError::Ended);
            }
            let at_end = fill(file, &mut buffer, wanted.max(CHUNK))?;
            let ran = self.run_buffer(&mut buffer, base, &mut before_multi)?;
            wanted = ran.wanted;
            buffer.drain(..ran.bytes);
            base += ran.bytes as u64;
            self.executor.engine().persistence.load_progress.pass(ran.bytes as u64);
            if at_end {
                let end = if buffer.is_empty() { ReplayEnd::Whole } else { ReplayEnd::Cut(base) };
                return Ok((end, before_multi));
            }
        }
    }

    /// Runs the whole commands at the front of the buffer.
    fn run_buffer(
        &mut self,
        buffer: &mut [u8],
        base: u64,
        before_multi: &mut u64,
    ) -> Result<Ran, ReplayError> {
        let (mut at, mut count, mut wanted) = (0, 0, 1);
        let mut ready = Vec::new();
        while at < buffer.len() {
            let offset = base + at as u64;
            match scan(&buffer[at..]) {
                Found::Note(length) => at += length,
                Found::Command { length, name: (from, to) } => {
                    let word = &buffer[at + from..at + to];
                    if self.executor.engine().commands.find(word).is_none() {
                        self.run(&mut ready);
                        let word = word[..word.len().min(128)].escape_ascii().to_string();
                        return Err(ReplayError::Unknown { word, offset });
                    }
                    if word.eq_ignore_ascii_case(b"MULTI") {
                        *before_multi = offset;
                    }
                    ready.extend_from_slice(&buffer[at..at + length]);
                    at += length;
                    count += 1;
                }
                Found::More(bytes) => {
                    wanted = bytes;
                    break;
                }
                Found::Bad(fault) => {
                    self.run(&mut ready);
                    let place = offset + fault.at as u64;
                    return Err(ReplayError::Bad { offset, place, what: fault.what });
                }
            }
            if count == BATCH {
                self.run(&mut ready);
                ready.clear();
                count = 0;
            }
        }
        self.run(&mut ready);
        Ok(Ran { bytes: at, wanted })
    }

    /// Runs whole commands; nobody wants their answers.
    fn run(&mut self, mut commands: &mut [u8]) {
        let limits = Limits { bulk_max: u64::MAX >> 1, authenticated: true };
        while !commands.is_empty() {
            self.out.clear();
            let mut batch = Batch::default();
            let parsed = self.parser.parse(commands, &limits, usize::MAX >> 1, &mut batch);
            debug_assert_eq!(parsed.consumed, commands.len(), "only whole commands are run");
            let (executor, session, now) = (&mut self.executor, &mut self.session, clock::now_ms());
            let ran = (self.run)(executor, session, (&batch, commands), &mut self.out, now);
            if ran.stop == Stop::Done || ran.executed == 0 {
                return;
            }
            self.executor.give_up(&mut self.session, false, &mut self.out);
            self.session.closing = false;
            let done = batch.bytes_of(ran.executed).min(commands.len());
            commands = &mut commands[done..];
        }
    }
}

/// How far a buffer was run.
struct Ran {
    /// The bytes of what has been run.
    bytes: usize,
    /// How many there must be at least to go on.
    wanted: usize,
}
