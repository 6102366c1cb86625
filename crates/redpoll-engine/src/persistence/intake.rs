//! Taking a snapshot in, by as many threads as there are cores.
//!
//! All do the same: whoever is free takes the next block of records off the file, which is quick
//! and done by one at a time ([`Turn`]), then makes values of it and puts them in while others take
//! theirs. Keys of a file come once each, so their order means nothing; that one comes twice is
//! seen by whoever finds it there. The thread that was asked to load does its share; it alone
//! takes in libraries of functions, as Lua stays with its thread.

use super::insert::Insert;
use super::load::{LoadError, Loaded, Merge};
use crate::engine::Engine;
use parking_lot::Mutex;
use redpoll_keyspace::Keys;
use redpoll_persist::file::{Block, BlockReader, Item, Part, Record, Sum};
use redpoll_persist::{Error, Fault};
use redpoll_script::{LibraryInfo, Restore, Sandbox, read_library};
use redpoll_types::limits::Limits;
use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// What all threads share.
struct Intake<'e, R> {
    engine: &'e Engine,
    merge: Merge,
    limits: Limits,
    turn: Mutex<Turn<R>>,
    /// Somebody has failed, and nobody is to go on.
    stopped: AtomicBool,
    outcome: Mutex<Outcome>,
}

/// What one thread does at a time.
struct Turn<R> {
    blocks: BlockReader<R>,
    /// What stands beside the keys.
    beside: Loaded,
    /// Code of libraries, and the offsets behind them.
    libraries: Vec<(Vec<u8>, u64)>,
}

/// What a thread takes away from its turn.
enum Task {
    Block(Block),
    /// A record that was too large for a block, its database, and the offset behind it.
    Record(Record, u64, u64),
}

/// What has come of it.
#[derive(Default)]
struct Outcome {
    sums: Vec<Sum>,
    loaded: Loaded,
    failure: Option<LoadError>,
}

/// Loads all that `source` holds. What was loaded before an error stays.
pub(super) fn load(
    engine: &Engine,
    keys: &mut Keys<'_>,
    source: impl Read + Send,
    merge: Merge,
) -> Result<Loaded, LoadError> {
    let blocks = BlockReader::new(source, engine.config.rdbchecksum())?;
    let version = blocks.version();
    let intake = Intake {
        engine,
        merge,
        limits: engine.settings().limits,
        turn: Mutex::new(Turn {
            blocks,
            beside: Loaded { version, ..Loaded::default() },
            libraries: Vec::new(),
        }),
        stopped: AtomicBool::new(false),
        outcome: Mutex::default(),
    };
    // Those of what is loaded beside come with the data.
    let beside = engine.are_beside(keys);
    let mut functions = Functions::new(engine, merge);
    let (now, sees_expired) = (keys.now(), keys.sees_expired());
    let keyspace = keys.keyspace();
    let help = || {
        let mut keys = keyspace.keys(0, now);
        keys.see_expired(sees_expired);
        intake.work(&mut keys, None);
    };
    // Whoever holds all locks would keep the others out; and slowness is to be that of one.
    let alone = keys.holds_all() || engine.config.key_load_delay() != 0;
    let mut own = || intake.work(keys, (!beside).then_some(&mut functions));
    match engine.persistence.storage() {
        Ok(storage) if !alone => storage.together("load", &help, &mut own),
        _ => own(),
    }
    intake.finish((!beside).then_some(&mut functions))
}

impl<R: Read> Intake<'_, R> {
    /// One thread's work. Functions are for the one that can take them in.
    fn work(&self, keys: &mut Keys<'_>, functions: Option<&mut Functions<'_>>) {
        let mut own =
            Worker { intake: self, insert: Insert::new(self.engine, self.merge), sums: Vec::new() };
        keys.unlock_walk();
        let done = own.run(keys, functions);
        keys.unlock_walk();
        let mut outcome = self.outcome.lock();
        outcome.sums.append(&mut own.sums);
        outcome.loaded.add(own.insert.loaded);
        if let Err(error) = done {
            self.stopped.store(true, Relaxed);
            if outcome.failure.as_ref().is_none_or(|known| error.comes_before(known)) {
                outcome.failure = Some(error);
            }
        }
    }

    /// The next piece of work, and whether expired keys are to be put in; `None`: there is no more.
    fn next(
        &self,
        spare: Vec<u8>,
        mut functions: Option<&mut Functions<'_>>,
    ) -> Result<Option<(Task, bool)>, LoadError> {
        let mut turn = self.turn.lock();
        let Turn { blocks, beside, libraries } = &mut *turn;
        let mut spare = spare;
        loop {
            // A start may take minutes. What holds all locks goes on: nobody could ask for the end.
            if self.engine.is_loading() && self.engine.is_ending() {
                return Err(LoadError::Ended);
            }
            if self.stopped.load(Relaxed) {
                return Ok(None);
            }
            if let Some(functions) = functions.as_deref_mut() {
                functions.add_all(libraries)?;
            }
            let part = blocks.next(std::mem::take(&mut spare), &self.limits)?;
            let task = match part {
                None => return Ok(None),
                Some(Part::Block(block)) => Task::Block(block),
                Some(Part::Item(Item::Record(record))) => {
                    Task::Record(record, blocks.db(), blocks.offset())
                }
                Some(Part::Item(item)) => {
                    let databases = self.engine.keyspace.databases() as u64;
                    match item {
                        Item::Database(number) if number >= databases => {
                            return Err(blocks.error(Fault::Database(number)).into());
                        }
                        Item::Function(code) => libraries.push((code, blocks.offset())),
                        item => beside.note_item(item),
                    }
                    self.engine.persistence.load_progress.set_used_memory(beside.used_memory);
                    continue;
                }
            };
            // Where replicas may go on from here, they are to be told what is gone.
            return Ok(Some((task, beside.position().is_some())));
        }
    }

    fn finish(self, functions: Option<&mut Functions<'_>>) -> Result<Loaded, LoadError> {
        let Outcome { sums, loaded, failure } = self.outcome.into_inner();
        if let Some(failure) = failure {
            return Err(failure);
        }
        let Turn { mut blocks, beside: mut all, mut libraries } = self.turn.into_inner();
        match functions {
            Some(functions) => functions.add_all(&mut libraries)?,
            None => all.libraries.extend(libraries.drain(..).map(|(code, _)| code)),
        }
        blocks.finish(&sums)?;
        all.add(loaded);
        all.bytes = blocks.offset();
        Ok(all)
    }
}

/// One of the threads.
struct Worker<'i, 'e, R> {
    intake: &'i Intake<'e, R>,
    insert: Insert<'e>,
    sums: Vec<Sum>,
}

impl<R: Read> Worker<'_, '_, R> {
    fn run(
        &mut self,
        keys: &mut Keys<'_>,
        mut functions: Option<&mut Functions<'_>>,
    ) -> Result<(), LoadError> {
        let (mut spare, turn) = (Vec::new(), &self.intake.turn);
        let checks = turn.lock().blocks.checks();
        while let Some((task, all)) =
            self.intake.next(std::mem::take(&mut spare), functions.as_deref_mut())?
        {
            match task {
                Task::Block(block) => {
                    if checks {
                        self.sums.push(block.sum());
                    }
                    keys.select(block.db() as usize);
                    let progress = &self.intake.engine.persistence.load_progress;
                    let passed = |bytes| progress.pass(bytes);
                    let done = self.insert.all(keys, &mut block.records(), all, passed);
                    keys.unlock_walk();
                    done?;
                    spare = block.into_bytes();
                }
                Task::Record(record, db, offset) => {
                    keys.select(db as usize);
                    self.insert.one(keys, record, offset, all)?;
                    keys.unlock_walk();
                }
            }
        }
        Ok(())
    }
}

/// Takes libraries of functions in.
pub(super) struct Functions<'e> {
    engine: &'e Engine,
    policy: Restore,
    /// Where their code runs to register them; made for the first.
    sandbox: Option<Sandbox>,
}

impl<'e> Functions<'e> {
    pub(super) fn new(engine: &'e Engine, merge: Merge) -> Self {
        let policy = match merge {
            Merge::Refuse => Restore::Append,
            Merge::Replace => Restore::Replace,
        };
        Functions { engine, policy, sandbox: None }
    }

    pub(super) fn add_all(&mut self, libraries: &mut Vec<(Vec<u8>, u64)>) -> Result<(), LoadError> {
        for (code, offset) in libraries.drain(..) {
            let fault = |reason| Error { offset, fault: Fault::Function(reason) };
            self.add(&code).map_err(fault)?;
        }
        Ok(())
    }

    /// Whether all of them can be read; none is taken in.
    pub(super) fn check_all(&mut self, libraries: &[(Vec<u8>, u64)]) -> Result<(), LoadError> {
        for (code, offset) in libraries {
            let fault = |reason| Error { offset: *offset, fault: Fault::Function(reason) };
            self.read(code).map_err(fault)?;
        }
        Ok(())
    }

    fn add(&mut self, code: &[u8]) -> Result<(), String> {
        let library = self.read(code)?;
        self.engine.scripts.restore(vec![library], self.policy)
    }

    fn read(&mut self, code: &[u8]) -> Result<LibraryInfo, String> {
        let scripts = &self.engine.scripts;
        let limit = self.engine.config.script_memory_limit();
        let sandbox = match &mut self.sandbox {
            Some(sandbox) => sandbox,
            none => none.insert(Sandbox::new(usize::try_from(limit).unwrap_or(usize::MAX))?),
        };
        read_library(sandbox, scripts, code).map(|(library, _)| library)
    }
}
