//! What a thread keeps for running scripts: a Lua state, and what it has compiled there.
//!
//! Each thread that executes commands has a state of its own, so that scripts on different keys run
//! beside each other. Sources are shared by all (`redpoll_script::Registry`); a thread compiles
//! what it meets, once.

use crate::prelude::*;
use ahash::AHashMap;
use redpoll_engine::Engine;
use redpoll_script::{Compiled, LibraryInfo, LoadedFunction, Loading, Registered, Sandbox, Script};
use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering::*};
use std::sync::{Arc, Weak};

/// Compiled scripts that a thread keeps, at most about so many.
const SCRIPTS_MAX: usize = 1000;

/// A script as a thread keeps it.
#[derive(Clone)]
pub(super) struct Kept {
    pub script: Arc<Script>,
    pub compiled: Compiled,
}

/// A function as a thread keeps it.
#[derive(Clone)]
pub(super) struct KeptFunction {
    pub function: Arc<LoadedFunction>,
    pub compiled: Compiled,
}

/// See the module's head.
pub(super) struct State {
    engine: Weak<Engine>,
    pub sandbox: Sandbox,
    generation: u64,
    by_body: AHashMap<Box<[u8]>, Kept>,
    by_sha: AHashMap<Box<[u8]>, Kept>,
    /// Functions by the names that they were called by.
    by_name: AHashMap<Box<[u8]>, KeptFunction>,
    /// The functions of each library by the library's number.
    libraries: AHashMap<u64, AHashMap<String, Compiled>>,
    memory: Arc<AtomicUsize>,
}

thread_local! {
    static STATE: RefCell<Option<Box<State>>> = const { RefCell::new(None) };
}

/// Runs something with the thread's state. A fault in it costs the state: the next script finds a
/// fresh one.
pub(super) fn with_state<R>(
    engine: &Arc<Engine>,
    act: impl FnOnce(&mut State) -> Result<R>,
) -> Result<R> {
    let kept = STATE.with(|slot| slot.borrow_mut().take());
    let mut state = match kept.filter(|state| state.engine.as_ptr() == Arc::as_ptr(engine)) {
        Some(state) => state,
        None => Box::new(State::new(engine)?),
    };
    state.refresh(engine);
    let result = act(&mut state);
    state.sandbox.collect();
    state.memory.store(state.sandbox.memory(), Relaxed);
    STATE.with(|slot| *slot.borrow_mut() = Some(state));
    result
}

impl State {
    fn new(engine: &Arc<Engine>) -> Result<Self> {
        let limit = engine.config.script_memory_limit();
        let sandbox = Sandbox::new(usize::try_from(limit).unwrap_or(usize::MAX))
            .map_err(|why| Error::text(format!("ERR can't make a Lua state: {why}")))?;
        Ok(State {
            engine: Arc::downgrade(engine),
            sandbox,
            generation: engine.scripts.generation(),
            by_body: AHashMap::new(),
            by_sha: AHashMap::new(),
            by_name: AHashMap::new(),
            libraries: AHashMap::new(),
            memory: engine.scripts.add_state(),
        })
    }

    /// Forgets what has gone since the last time.
    fn refresh(&mut self, engine: &Engine) {
        let generation = engine.scripts.generation();
        if generation == self.generation && self.by_body.len() < SCRIPTS_MAX {
            return;
        }
        let limit = engine.config.script_memory_limit();
        self.sandbox.set_memory_limit(usize::try_from(limit).unwrap_or(usize::MAX));
        if generation == self.generation {
            self.by_body.clear();
            self.by_sha.clear();
        }
        self.generation = generation;
        let there = |kept: &Kept| !kept.script.gone.load(Acquire);
        self.by_body.retain(|_, kept| there(kept));
        self.by_sha.retain(|_, kept| there(kept));
        self.by_name.clear();
        let libraries = engine.scripts.libraries();
        self.libraries.retain(|id, _| libraries.iter().any(|library| library.id == *id));
        self.sandbox.collect_all();
    }

    /// The script with this source, cached and compiled.
    pub(super) fn by_body(&mut self, engine: &Engine, body: &[u8]) -> Result<Kept> {
        if let Some(kept) = self.by_body.get(body)
            && !kept.script.gone.load(Acquire)
        {
            engine.scripts.use_script(&kept.script);
            return Ok(kept.clone());
        }
        let script = engine.scripts.prepare(body).map_err(refused)?;
        let compiled = self.compile(&script)?;
        let script = engine.scripts.add_script(script, false);
        let kept = Kept { script, compiled };
        self.by_body.insert(body.into(), kept.clone());
        Ok(kept)
    }

    /// The script with this SHA-1, compiled.
    pub(super) fn by_sha(&mut self, engine: &Engine, sha: &[u8]) -> Result<Kept> {
        if let Some(kept) = self.by_sha.get(sha)
            && !kept.script.gone.load(Acquire)
        {
            engine.scripts.use_script(&kept.script);
            return Ok(kept.clone());
        }
        let missing = || Error::text("NOSCRIPT No matching script. Please use EVAL.");
        let script = engine.scripts.script(sha).ok_or_else(missing)?;
        let compiled = self.compile(&script)?;
        let kept = Kept { script, compiled };
        self.by_sha.insert(sha.into(), kept.clone());
        if self.by_sha.len() >= SCRIPTS_MAX {
            self.by_sha.clear();
        }
        Ok(kept)
    }

    /// Caches a script for SCRIPT LOAD.
    pub(super) fn load(&mut self, engine: &Engine, body: &[u8]) -> Result<Arc<Script>> {
        let script = engine.scripts.prepare(body).map_err(refused)?;
        self.compile(&script)?;
        Ok(engine.scripts.add_script(script, true))
    }

    fn compile(&self, script: &Script) -> Result<Compiled> {
        self.sandbox
            .compile(&script.body, script.shebang)
            .map_err(|why| Error::text(format!("ERR Error compiling script (new function): {why}")))
    }

    /// The function of this name, in any case, compiled.
    pub(super) fn by_name(&mut self, engine: &Engine, name: &[u8]) -> Result<KeptFunction> {
        if let Some(kept) = self.by_name.get(name) {
            return Ok(kept.clone());
        }
        let found = engine.scripts.function(name);
        let (function, library) = found.ok_or_else(|| Error::text("ERR Function not found"))?;
        let compiled = self.function(&function, &library)?;
        let kept = KeptFunction { function, compiled };
        if self.by_name.len() >= SCRIPTS_MAX {
            self.by_name.clear();
        }
        self.by_name.insert(name.into(), kept.clone());
        Ok(kept)
    }

    /// A function, compiled; its library is loaded if need be.
    fn function(&mut self, function: &LoadedFunction, library: &LibraryInfo) -> Result<Compiled> {
        if !self.libraries.contains_key(&library.id) {
            let registered = self.sandbox.load_library(&mut Loading::new(), &library.code);
            self.keep_library(library.id, registered.map_err(refused)?);
        }
        let functions = self.libraries.get(&library.id);
        let compiled = functions.and_then(|functions| functions.get(&function.name)).cloned();
        compiled.ok_or_else(|| Error::text("ERR Function not found"))
    }

    fn keep_library(&mut self, id: u64, registered: Vec<(Registered, Compiled)>) {
        let by_name = registered.into_iter().map(|(function, code)| (function.name, code));
        self.libraries.insert(id, by_name.collect());
    }

    /// Runs a library's code to see what it registers.
    pub(super) fn read_library(&mut self, engine: &Engine, code: &[u8]) -> Result<LibraryInfo> {
        let read = redpoll_script::read_library(&mut self.sandbox, &engine.scripts, code);
        let (library, registered) = read.map_err(refused)?;
        self.keep_library(library.id, registered);
        Ok(library)
    }
}

/// An error of the sandbox that has no code word yet.
fn refused(why: String) -> Error {
    Error::text(format!("ERR {why}"))
}
