//! What all threads know of scripts and functions: their sources, by name, and what runs.
//!
//! A thread compiles what it runs into a Lua state of its own and keeps that. Here are the sources,
//! and a generation number that says when a thread has to forget what it keeps.

use crate::running::{AllRunning, KillError, Running, RunningKind};
use crate::shebang::{self, ScriptFlags};
use parking_lot::{Mutex, RwLock};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::*};

/// Scripts that came by EVAL and are kept; the one not used for the longest time goes.
const EVALUATED_MAX: usize = 500;

/// A cached script.
pub struct Script {
    /// The SHA-1 of its source.
    pub sha: String,
    /// Its source.
    pub body: Box<[u8]>,
    /// What its shebang line says.
    pub flags: ScriptFlags,
    /// The length of that line.
    pub shebang: usize,
    /// Whether it has touched keys that it had not declared: it gets all locks from then on.
    pub roams: AtomicBool,
    /// Whether it has been taken out of the cache.
    pub gone: AtomicBool,
    /// Whether it came by SCRIPT LOAD and stays.
    loaded: AtomicBool,
    /// The clock of uses at its last.
    used: AtomicU64,
}

/// A function that can be called.
pub struct LoadedFunction {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<Vec<u8>>,
    /// What it may do and needs.
    pub flags: ScriptFlags,
    /// As [`Script::roams`].
    pub roams: AtomicBool,
    /// The number of its library.
    pub library: u64,
}

/// A library of functions.
pub struct LibraryInfo {
    /// A number that no other library ever had.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Its source, shebang line included.
    pub code: Box<[u8]>,
    /// Its functions, in the order of their names.
    pub functions: Vec<Arc<LoadedFunction>>,
}

/// What happens to the libraries that are there when others are restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restore {
    /// They go.
    Flush,
    /// They stay, and one of the same name is an error.
    Append,
    /// They stay, and those of the same names are replaced.
    Replace,
}

#[derive(Clone, Default)]
struct Libraries {
    by_name: BTreeMap<String, Arc<LibraryInfo>>,
    /// By their names in lower case.
    functions: HashMap<String, (Arc<LoadedFunction>, Arc<LibraryInfo>)>,
}

impl Libraries {
    fn remove(&mut self, name: &str) -> bool {
        let Some(library) = self.by_name.remove(name) else { return false };
        library.functions.iter().for_each(|function| {
            self.functions.remove(&function.name.to_ascii_lowercase());
        });
        true
    }

    fn add(&mut self, library: Arc<LibraryInfo>) -> Result<(), String> {
        let taken = |function: &&Arc<LoadedFunction>| {
            self.functions.contains_key(&function.name.to_ascii_lowercase())
        };
        if let Some(function) = library.functions.iter().find(taken) {
            return Err(format!("Function {} already exists", function.name));
        }
        for function in &library.functions {
            let entry = (Arc::clone(function), Arc::clone(&library));
            self.functions.insert(function.name.to_ascii_lowercase(), entry);
        }
        self.by_name.insert(library.name.clone(), library);
        Ok(())
    }
}

/// See the module's head.
#[derive(Default)]
pub struct Registry {
    scripts: RwLock<HashMap<String, Arc<Script>>>,
    evaluated: AtomicUsize,
    evicted: AtomicU64,
    clock: AtomicU64,
    script_bytes: AtomicUsize,
    libraries: RwLock<Libraries>,
    last_library: AtomicU64,
    generation: AtomicU64,
    running: AllRunning,
    /// Bytes of each thread's Lua state, by the thread's number here.
    memory: Mutex<Vec<Arc<AtomicUsize>>>,
}

impl Registry {
    /// Grows when scripts or functions have gone: threads forget what they have compiled.
    pub fn generation(&self) -> u64 {
        self.generation.load(Acquire)
    }

    /// The script with this SHA-1, in any case.
    pub fn script(&self, sha: &[u8]) -> Option<Arc<Script>> {
        let sha = std::str::from_utf8(sha).ok()?.to_ascii_lowercase();
        let script = self.scripts.read().get(&sha).cloned()?;
        self.use_script(&script);
        Some(script)
    }

    /// Notes that a script is used.
    pub fn use_script(&self, script: &Script) {
        // Not counted up here, or all threads would write the same line of memory.
        script.used.store(self.clock.load(Relaxed), Relaxed);
    }

    /// What would be cached for this source; `Err` if its shebang line is wrong.
    pub fn prepare(&self, body: &[u8]) -> Result<Script, String> {
        let (flags, shebang) = shebang::of_script(body)?;
        Ok(Script {
            sha: crate::sha1(body),
            body: body.into(),
            flags,
            shebang,
            roams: AtomicBool::new(false),
            gone: AtomicBool::new(false),
            loaded: AtomicBool::new(false),
            used: AtomicU64::new(self.clock.fetch_add(1, Relaxed) + 1),
        })
    }

    /// Caches a script that has been compiled, `loaded` by SCRIPT LOAD or run by EVAL. One that is
    /// there already stays.
    pub fn add_script(&self, script: Script, loaded: bool) -> Arc<Script> {
        let mut scripts = self.scripts.write();
        let known = scripts.get(&script.sha).cloned();
        let script = known.unwrap_or_else(|| {
            let script = Arc::new(script);
            script.loaded.store(loaded, Relaxed);
            self.script_bytes.fetch_add(script_size(&script), Relaxed);
            scripts.insert(script.sha.clone(), Arc::clone(&script));
            if !loaded && self.evaluated.fetch_add(1, Relaxed) >= EVALUATED_MAX {
                self.evict(&mut scripts);
            }
            script
        });
        if loaded && !script.loaded.swap(true, Relaxed) {
            self.evaluated.fetch_sub(1, Relaxed);
        }
        script
    }

    /// Forgets the evaluated script that has not been used for the longest time.
    fn evict(&self, scripts: &mut HashMap<String, Arc<Script>>) {
        let evaluated = scripts.values().filter(|script| !script.loaded.load(Relaxed));
        let oldest = evaluated.min_by_key(|script| script.used.load(Relaxed));
        let Some(sha) = oldest.map(|script| script.sha.clone()) else { return };
        if let Some(script) = scripts.remove(&sha) {
            script.gone.store(true, Release);
            self.script_bytes.fetch_sub(script_size(&script), Relaxed);
            self.evaluated.fetch_sub(1, Relaxed);
            self.evicted.fetch_add(1, Relaxed);
        }
    }

    /// Forgets all scripts.
    pub fn flush_scripts(&self) {
        let mut scripts = self.scripts.write();
        scripts.values().for_each(|script| script.gone.store(true, Release));
        scripts.clear();
        self.evaluated.store(0, Relaxed);
        self.script_bytes.store(0, Relaxed);
        self.generation.fetch_add(1, Release);
    }

    /// The number of cached scripts.
    pub fn script_count(&self) -> usize {
        self.scripts.read().len()
    }

    /// The number of scripts that had to make room.
    pub fn evicted_scripts(&self) -> u64 {
        self.evicted.load(Relaxed)
    }

    /// Bytes of the cached sources.
    pub fn script_bytes(&self) -> usize {
        self.script_bytes.load(Relaxed)
    }

    /// A number for a library that is about to be loaded.
    pub fn next_library(&self) -> u64 {
        self.last_library.fetch_add(1, Relaxed) + 1
    }

    /// Adds a library, or says why not.
    pub fn add_library(&self, library: LibraryInfo, replace: bool) -> Result<(), String> {
        let mut libraries = self.libraries.write();
        if !replace && libraries.by_name.contains_key(&library.name) {
            return Err(format!("Library '{}' already exists", library.name));
        }
        let mut changed = libraries.clone();
        let replaced = changed.remove(&library.name);
        changed.add(Arc::new(library))?;
        *libraries = changed;
        if replaced {
            self.generation.fetch_add(1, Release);
        }
        Ok(())
    }

    /// Adds several libraries at once: all of them, or none.
    pub fn restore(&self, new: Vec<LibraryInfo>, policy: Restore) -> Result<(), String> {
        let mut libraries = self.libraries.write();
        let mut changed = match policy {
            Restore::Flush => Libraries::default(),
            Restore::Append | Restore::Replace => libraries.clone(),
        };
        for library in &new {
            if changed.by_name.contains_key(&library.name) {
                if policy != Restore::Replace {
                    return Err(format!("Library {} already exists", library.name));
                }
                changed.remove(&library.name);
            }
        }
        for library in new {
            changed.add(Arc::new(library))?;
        }
        *libraries = changed;
        self.generation.fetch_add(1, Release);
        Ok(())
    }

    /// Forgets a library. False if there is none of this name.
    pub fn delete_library(&self, name: &[u8]) -> bool {
        let removed = self.libraries.write().remove(&String::from_utf8_lossy(name));
        if removed {
            self.generation.fetch_add(1, Release);
        }
        removed
    }

    /// Forgets all libraries.
    pub fn flush_libraries(&self) {
        *self.libraries.write() = Libraries::default();
        self.generation.fetch_add(1, Release);
    }

    /// The function of this name, in any case, with its library.
    pub fn function(&self, name: &[u8]) -> Option<(Arc<LoadedFunction>, Arc<LibraryInfo>)> {
        let name = std::str::from_utf8(name).ok()?;
        let libraries = self.libraries.read();
        match libraries.functions.get(name) {
            None => libraries.functions.get(&name.to_ascii_lowercase()).cloned(),
            found => found.cloned(),
        }
    }

    /// All libraries in the order of their names.
    pub fn libraries(&self) -> Vec<Arc<LibraryInfo>> {
        self.libraries.read().by_name.values().cloned().collect()
    }

    /// The numbers of libraries and of functions.
    pub fn library_counts(&self) -> (usize, usize) {
        let libraries = self.libraries.read();
        (libraries.by_name.len(), libraries.functions.len())
    }

    /// Notes a script that has been running for a while.
    pub fn add_running(&self, running: &Arc<Running>) {
        self.running.add(running);
    }

    /// Notes that it has ended.
    pub fn remove_running(&self, running: &Arc<Running>) {
        self.running.remove(running);
    }

    /// Notes that it keeps everybody waiting.
    pub fn set_busy(&self, running: &Running) {
        self.running.set_busy(running);
    }

    /// What keeps everybody waiting, if anything does.
    #[inline]
    pub fn busy(&self) -> Option<RunningKind> {
        self.running.busy()
    }

    /// A script (of this kind) that has been running for a while.
    pub fn first_running(&self, kind: Option<RunningKind>) -> Option<Arc<Running>> {
        self.running.first(kind)
    }

    /// Ends scripts or functions that have not written.
    pub fn kill(&self, kind: RunningKind) -> Result<(), KillError> {
        self.running.kill(kind)
    }

    /// Where a thread is to note how much memory its Lua state takes.
    pub fn add_state(&self) -> Arc<AtomicUsize> {
        let figure = Arc::default();
        let mut states = self.memory.lock();
        states.retain(|state| Arc::strong_count(state) > 1);
        states.push(Arc::clone(&figure));
        figure
    }

    /// Bytes of all Lua states.
    pub fn state_bytes(&self) -> usize {
        self.memory.lock().iter().map(|state| state.load(Relaxed)).sum()
    }
}

fn script_size(script: &Script) -> usize {
    script.body.len() + script.sha.len() + size_of::<Script>()
}
