//! Loading a library: its code runs and registers functions, with nothing of the server in reach.
//!
//! What comes by FUNCTION LOAD and what a snapshot holds is read alike.

use crate::host::{Host, Refusal, Verdict};
use crate::library::Registered;
use crate::registry::{LibraryInfo, LoadedFunction, Registry};
use crate::sandbox::{Compiled, Sandbox};
use redpoll_resp::{Args, Proto, Reply};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a library may take to load.
const LOAD_MAX: Duration = Duration::from_millis(500);

/// Runs a library's code to see what it registers. Answers the library, which is for the caller to
/// add to the registry, and its compiled functions.
pub fn read_library(
    sandbox: &mut Sandbox,
    registry: &Registry,
    code: &[u8],
) -> Result<(LibraryInfo, Vec<(Registered, Compiled)>), String> {
    let name = crate::library_name(code)?;
    let registered = sandbox.load_library(&mut Loading::new(), code)?;
    if registered.is_empty() {
        return Err("No functions registered".to_owned());
    }
    let id = registry.next_library();
    let mut functions: Vec<Arc<LoadedFunction>> =
        registered.iter().map(|(function, _)| Arc::new(function.loaded(id))).collect();
    functions.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((LibraryInfo { id, name, code: code.into(), functions }, registered))
}

/// The server as a library sees it that is being loaded: nothing of it.
pub struct Loading {
    since: Instant,
    value: Vec<u8>,
}

impl Loading {
    /// For a library whose loading begins now.
    #[expect(clippy::new_without_default, reason = "it notes the time")]
    pub fn new() -> Self {
        Loading { since: Instant::now(), value: Vec::new() }
    }
}

impl Host for Loading {
    fn call(&mut self, _: Args<'_>) -> Result<&[u8], Refusal> {
        Err(Refusal::Error("ERR no command can be called while a library is loaded".to_owned()))
    }

    fn may_call(&mut self, _: Args<'_>) -> Option<bool> {
        None
    }

    fn log(&mut self, level: u8, line: &[u8]) {
        let level = if level < 3 { log::Level::Info } else { log::Level::Warn };
        log::log!(level, "{}", String::from_utf8_lossy(line));
    }

    fn set_proto(&mut self, _: Proto) {}

    fn set_replication(&mut self, _: u8) {}

    fn answer(&mut self) -> (Proto, Reply<'_>) {
        self.value.clear();
        (Proto::Resp2, Reply::new(&mut self.value, Proto::Resp2))
    }

    fn look(&mut self) -> Verdict {
        if self.since.elapsed() > LOAD_MAX { Verdict::Kill } else { Verdict::Continue }
    }
}
