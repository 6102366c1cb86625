//! A Lua state with nothing in it but what scripts may use, and the running of scripts in it.

use crate::fault::{Fault, KILLED, error_table, fault_of, message_of, reply_error, understand};
use crate::host::{Host, with_host, with_host_set};
use crate::library::{Registered, register};
use crate::stack::{Entry, Problem, Stack, reserve};
use crate::to_resp::{ErrorReply, to_resp};
use crate::{api, bits, cjson, msgpack, random, shebang, structs};
use mlua::{
    AnyUserData, ChunkMode, Function, HookTriggers, Lua, LuaOptions, MultiValue, StdLib, Table,
    Value,
};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Instant;

/// Instructions between two looks at a running script.
const LOOK_EVERY: u32 = 100_000;
/// Memory that is never used and makes Lua collect garbage less often: it begins again whenever
/// twice as much is in use as was alive before, and what is alive in an idle state is little.
const BALLAST: usize = 512 << 10;
/// The part of the limit that the ballast may take at most.
const BALLAST_SHARE: usize = 64;

/// Where things lie on the stack when a script begins.
const SCRIPT: i32 = 2;
const GLOBALS: i32 = 3;
const HANDLER: i32 = 4;

/// Why a script has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It has failed.
    Error {
        /// The error, code word first.
        message: String,
        /// Where in the script, as source and line.
        place: Option<(String, String)>,
        /// Whether the server has counted the error already.
        counted: bool,
    },
    /// It is to be run again from its beginning.
    Restart,
}

/// A script that has been compiled here.
#[derive(Clone)]
pub struct Compiled(Function);

/// See the module's head.
pub struct Sandbox {
    lua: Lua,
    globals: Table,
    environment: Table,
    library_environment: Table,
    set_loading: Function,
    /// `xpcall`, and what it is to call with an error.
    protected: Function,
    handler: Function,
    entry: Entry,
    registered: Rc<RefCell<Option<Vec<Registered>>>>,
    memory_limit: usize,
    /// A script has run out of memory since garbage was last collected.
    ran_out: Cell<bool>,
    /// See [`BALLAST`].
    _ballast: AnyUserData,
}

impl Sandbox {
    /// A fresh state that may take `memory_limit` bytes; 0: as many as there are.
    pub fn new(memory_limit: usize) -> Result<Self, String> {
        Self::build(memory_limit).map_err(|error| message_of(&error))
    }

    fn build(memory_limit: usize) -> mlua::Result<Self> {
        let libraries = StdLib::TABLE | StdLib::STRING | StdLib::MATH;
        let lua = Lua::new_with(libraries, LuaOptions::default())?;
        let globals = lua.globals();
        random::install(&lua, &globals.get::<Table>("math")?)?;
        let protected: Function = globals.get("xpcall")?;
        let registered = Rc::default();
        let native = natives(&lua, &registered)?;
        let prelude = lua.load(include_str!("prelude.lua")).set_name("=prelude");
        let (environment, library_environment, set_loading, globals) = prelude.call(native)?;
        let handler = lua.create_function(locate)?;
        let entry = Entry::new(&lua)?;
        let most = if memory_limit == 0 { usize::MAX } else { memory_limit / BALLAST_SHARE };
        let ballast = reserve(&lua, BALLAST.min(most))?;
        let triggers = HookTriggers::new().every_nth_instruction(LOOK_EVERY);
        lua.set_global_hook(triggers, |_, _| api::look())?;
        Ok(Sandbox {
            lua,
            globals,
            environment,
            library_environment,
            set_loading,
            protected,
            handler,
            entry,
            registered,
            memory_limit,
            ran_out: Cell::new(false),
            _ballast: ballast,
        })
    }

    /// The state, for conversions.
    pub fn lua(&self) -> &Lua {
        &self.lua
    }

    /// Bytes that the state takes.
    pub fn memory(&self) -> usize {
        self.lua.used_memory()
    }

    /// Changes the memory that the state may take.
    pub fn set_memory_limit(&mut self, limit: usize) {
        self.memory_limit = limit;
    }

    fn compile_chunk(
        &self,
        code: &[u8],
        name: &str,
        environment: &Table,
    ) -> Result<Function, String> {
        // A mark at the beginning would be a comment to Lua; the shebang has been cut off before.
        let chunk = self.lua.load(code).set_name(name).set_mode(ChunkMode::Text);
        let function = chunk.set_environment(environment.clone()).into_function();
        function.map_err(|error| message_of(&error))
    }

    /// Compiles a script whose shebang line is `shebang` bytes long.
    pub fn compile(&self, body: &[u8], shebang: usize) -> Result<Compiled, String> {
        let code = body.get(shebang..).unwrap_or_default();
        self.compile_chunk(code, "@user_script", &self.environment).map(Compiled)
    }

    /// Runs a script with its keys and arguments as globals. Its value goes where the host wants
    /// it; an error that it has returned comes back, and nothing is written.
    pub fn run<'a>(
        &mut self,
        host: &mut dyn Host,
        script: &Compiled,
        keys: impl Iterator<Item = &'a [u8]> + Clone,
        arguments: impl Iterator<Item = &'a [u8]> + Clone,
    ) -> Result<Option<ErrorReply>, Failure> {
        self.on_stack(host, script, |stack| {
            push_list(stack, keys.clone())?;
            stack.set_field_of(GLOBALS, "KEYS")?;
            push_list(stack, arguments.clone())?;
            stack.set_field_of(GLOBALS, "ARGV")?;
            stack.push_function(SCRIPT);
            Ok(0)
        })
    }

    /// Runs a function of a library, as [`Sandbox::run`] does a script.
    pub fn run_function<'a>(
        &mut self,
        host: &mut dyn Host,
        function: &Compiled,
        keys: impl Iterator<Item = &'a [u8]> + Clone,
        arguments: impl Iterator<Item = &'a [u8]> + Clone,
    ) -> Result<Option<ErrorReply>, Failure> {
        self.on_stack(host, function, |stack| {
            stack.push_function(SCRIPT);
            push_list(stack, keys.clone())?;
            push_list(stack, arguments.clone())?;
            Ok(2)
        })
    }

    /// Calls what `prepare` pushes, a function and so many arguments as it says.
    fn on_stack(
        &self,
        host: &mut dyn Host,
        script: &Compiled,
        mut prepare: impl FnMut(&mut Stack<'_>) -> Result<i32, Problem>,
    ) -> Result<Option<ErrorReply>, Failure> {
        let (mut succeeded, mut returned) = (false, None);
        let mut act = |stack: &mut Stack<'_>| {
            let count = prepare(stack)?;
            succeeded = stack.protected_call(count, HANDLER, self.memory_limit);
            if !succeeded {
                return Ok(());
            }
            let written = with_host(|host| {
                let (proto, mut reply) = host.answer();
                to_resp(stack, proto, &mut reply)
            });
            returned = written.transpose()?.flatten();
            stack.push_nil();
            Ok(())
        };
        let things = (&script.0, &self.globals, &self.handler);
        let result = with_host_set(host, || self.entry.run(&self.lua, things, &mut act));
        match result {
            Ok(_) if succeeded => Ok(returned),
            Ok(problem) => Err(self.failure(problem)),
            Err(error) => Err(self.failure(Value::Error(Box::new(error)))),
        }
    }

    /// Runs something with a host and within the memory limit.
    fn guarded(
        &self,
        host: &mut dyn Host,
        run: impl FnOnce() -> mlua::Result<(bool, Value)>,
    ) -> Result<Value, Failure> {
        // The limit makes every use of the state from Rust dearer: it holds while scripts run.
        let _ = self.lua.set_memory_limit(self.memory_limit);
        let result = with_host_set(host, run);
        let _ = self.lua.set_memory_limit(0);
        match result {
            Ok((true, value)) => Ok(value),
            Ok((false, problem)) => Err(self.failure(problem)),
            Err(error) => Err(self.failure(Value::Error(Box::new(error)))),
        }
    }

    /// Collects garbage if that is urgent. To be called after a run.
    pub fn collect(&mut self) {
        // Lua collects at its own pace and gives up where it gets no memory: it starts afresh with
        // the next script, and in time.
        let half = self.memory_limit / 2;
        if self.ran_out.take() || (half > 0 && self.memory() > half) {
            self.collect_all();
        }
    }

    /// Frees everything that is no longer used.
    pub fn collect_all(&self) {
        // As above.
        let _ = self.lua.gc_collect();
    }

    /// What an error means to the client.
    fn failure(&self, problem: Value) -> Failure {
        if let Value::Error(error) = &problem {
            match fault_of(error) {
                Some(Fault::Restart) => return Failure::Restart,
                Some(Fault::Killed) => return plain_failure(KILLED.to_owned()),
                _ => {}
            }
        }
        let problem = understand(&self.lua, problem).ok().flatten().unwrap_or(Value::Nil);
        let Value::Table(table) = problem else {
            return plain_failure(match &problem {
                Value::String(text) => self.explain(&text.to_string_lossy()),
                _ => "ERR unknown error".to_owned(),
            });
        };
        if table.raw_get("restart").unwrap_or(false) {
            return Failure::Restart;
        }
        let text = |field: &str| match table.raw_get(field) {
            Ok(value @ (Value::String(_) | Value::Integer(_) | Value::Number(_))) => {
                value.to_string().ok()
            }
            _ => None,
        };
        Failure::Error {
            message: text("err").unwrap_or_else(|| "ERR unknown error".to_owned()),
            place: text("source").zip(text("line")),
            counted: table.raw_get("ignore_error_stats_update").unwrap_or(false),
        }
    }

    /// An error that comes from Lua itself, without a place.
    fn explain(&self, text: &str) -> String {
        if text.contains("not enough memory") {
            let limit = self.memory_limit;
            self.ran_out.set(true);
            return format!(
                "ERR script needs more memory than script-memory-limit ({limit} bytes)"
            );
        }
        format!("ERR {text}")
    }

    /// Runs a library's code, which registers functions, and returns them.
    pub fn load_library(
        &mut self,
        host: &mut dyn Host,
        code: &[u8],
    ) -> Result<Vec<(Registered, Compiled)>, String> {
        let (_, shebang) = shebang::of_library(code)?;
        let chunk = self
            .compile_chunk(&code[shebang..], "@user_function", &self.library_environment)
            .map_err(|why| format!("Error compiling function: {why}"))?;
        *self.registered.borrow_mut() = Some(Vec::new());
        let loading = |on: bool| self.set_loading.call::<()>(on);
        let call = (chunk, self.handler.clone());
        let result = match loading(true) {
            Ok(()) => self.guarded(host, || self.protected.call(call)),
            Err(error) => Err(self.failure(Value::Error(Box::new(error)))),
        };
        let _ = loading(false);
        let registered = self.registered.borrow_mut().take().unwrap_or_default();
        match result {
            Ok(_) => Ok(registered
                .into_iter()
                .map(|function| (function.clone(), Compiled(function.callback)))
                .collect()),
            Err(Failure::Error { message, .. }) if message == KILLED => {
                Err("Error registering functions: ERR FUNCTION LOAD timeout".to_owned())
            }
            Err(Failure::Error { message, .. }) => {
                Err(format!("Error registering functions: {message}"))
            }
            Err(Failure::Restart) => Err("Error registering functions".to_owned()),
        }
    }
}

/// Pushes a list of texts.
fn push_list<'a>(
    stack: &mut Stack<'_>,
    items: impl Iterator<Item = &'a [u8]>,
) -> Result<(), Problem> {
    stack.push_table(items.size_hint().0, 0)?;
    for (index, item) in (1..).zip(items) {
        stack.push_string(item)?;
        stack.set_index(index);
    }
    Ok(())
}

fn plain_failure(message: String) -> Failure {
    Failure::Error { message, place: None, counted: false }
}

/// What the prelude takes from Rust.
fn natives(lua: &Lua, registered: &Rc<RefCell<Option<Vec<Registered>>>>) -> mlua::Result<Table> {
    let native = lua.create_table()?;
    native.raw_set("redis", api::table(lua)?)?;
    native.raw_set("cjson", cjson::library(lua)?)?;
    native.raw_set("cmsgpack", msgpack::library(lua)?)?;
    native.raw_set("struct", structs::library(lua)?)?;
    native.raw_set("bit", bits::library(lua)?)?;
    let start = Instant::now();
    let clock = lua.create_function(move |_, _: MultiValue| Ok(start.elapsed().as_secs_f64()))?;
    native.raw_set("clock", clock)?;
    let plain = lua.create_function(|lua, problem: Value| {
        let plain = understand(lua, problem)?;
        Ok((plain.is_some(), plain.unwrap_or(Value::Nil)))
    })?;
    native.raw_set("understand", plain)?;
    let loading = lua.create_table()?;
    api::common(lua, &loading)?;
    let registered = Rc::clone(registered);
    let register =
        lua.create_function(move |lua, args: MultiValue| match &mut *registered.borrow_mut() {
            Some(list) => register(lua, args, list).map_err(reply_error),
            None => Err(reply_error(
                "redis.register_function can only be called on FUNCTION LOAD command",
            )),
        })?;
    loading.raw_set("register_function", register)?;
    native.raw_set("loading", loading)?;
    Ok(native)
}

/// Makes an error a table that says where in the script it was raised.
fn locate(lua: &Lua, problem: Value) -> mlua::Result<Value> {
    let fatal = match &problem {
        Value::Error(error) => fault_of(error).cloned(),
        _ => None,
    };
    let table = match (fatal, understand(lua, problem)?) {
        (Some(Fault::Restart), _) => {
            let table = lua.create_table()?;
            table.raw_set("restart", true)?;
            return Ok(Value::Table(table));
        }
        (Some(Fault::Killed), _) => error_table(lua, KILLED, false)?,
        (_, Some(Value::Table(table))) => table,
        (_, plain) => {
            let plain = plain.unwrap_or(Value::Nil);
            let text = match &plain {
                Value::String(text) => text.as_bytes().to_vec(),
                other => other.to_string().unwrap_or_default().into_bytes(),
            };
            error_table(lua, [b"ERR ", &text[..]].concat(), false)?
        }
    };
    if let Some((source, line)) = user_frame(lua) {
        table.raw_set("source", source)?;
        table.raw_set("line", line)?;
    }
    Ok(Value::Table(table))
}

/// The innermost frame that is a script's own code.
fn user_frame(lua: &Lua) -> Option<(String, usize)> {
    for level in 0.. {
        let frame = lua.inspect_stack(level, |frame| {
            let source = frame.source().source?.into_owned();
            Some((source, frame.current_line()?))
        })?;
        if let Some((source, line)) = frame
            && source.starts_with("@user_")
        {
            return Some((source, line));
        }
    }
    None
}
