//! The `redis` table: what scripts call the server by.

use crate::fault::{Fault, error_table, reply_error};
use crate::host::{Host, with_host};
use crate::host::{Refusal, Verdict};
use crate::stack::{Item, Problem, Stack, native};
use crate::to_lua::{push_error, to_lua};
use mlua::{Lua, MultiValue, Table, Value};
use redpoll_resp::{OwnedArgs, Proto, Reply};
use std::cell::RefCell;
use std::fmt::Write;

/// The version of Redis that scripts are told.
const VERSION: &str = "7.2.4";
const VERSION_NUMBER: u32 = 0x0007_0204;

/// The table that scripts and running functions see.
pub(crate) fn table(lua: &Lua) -> mlua::Result<Table> {
    let redis = lua.create_table()?;
    redis.raw_set("call", caller(lua, true)?)?;
    redis.raw_set("pcall", caller(lua, false)?)?;
    common(lua, &redis)?;
    redis.raw_set("setresp", lua.create_function(set_resp)?)?;
    redis.raw_set("sha1hex", lua.create_function(sha1hex)?)?;
    redis.raw_set("error_reply", lua.create_function(error_reply)?)?;
    redis.raw_set("status_reply", lua.create_function(status_reply)?)?;
    redis.raw_set("set_repl", lua.create_function(set_repl)?)?;
    redis.raw_set("acl_check_cmd", native(lua, acl_check_cmd)?)?;
    redis.raw_set("replicate_commands", lua.create_function(|_, _: MultiValue| Ok(true))?)?;
    redis.raw_set("breakpoint", lua.create_function(|_, _: MultiValue| Ok(false))?)?;
    redis.raw_set("debug", lua.create_function(|_, _: MultiValue| Ok(()))?)?;
    for (name, value) in
        [("REPL_NONE", 0), ("REPL_AOF", 1), ("REPL_SLAVE", 2), ("REPL_REPLICA", 2), ("REPL_ALL", 3)]
    {
        redis.raw_set(name, value)?;
    }
    Ok(redis)
}

/// What a library may use while it loads, too.
pub(crate) fn common(lua: &Lua, redis: &Table) -> mlua::Result<()> {
    redis.raw_set("log", lua.create_function(log)?)?;
    for (level, name) in
        ["LOG_DEBUG", "LOG_VERBOSE", "LOG_NOTICE", "LOG_WARNING"].iter().enumerate()
    {
        redis.raw_set(*name, level)?;
    }
    redis.raw_set("REDIS_VERSION", VERSION)?;
    redis.raw_set("REDIS_VERSION_NUM", VERSION_NUMBER)?;
    redis.raw_set("SERVER_NAME", "redis")?;
    redis.raw_set("SERVER_VERSION", VERSION)?;
    redis.raw_set("SERVER_VERSION_NUM", VERSION_NUMBER)
}

/// The error where there must be a running script and there is none.
fn outside() -> Fault {
    let text = "ERR redis.call/pcall can only be called inside a script invocation";
    Fault::Reply(text.to_owned(), false)
}

/// `redis.call` and `redis.pcall`: a script raises the error of the first and gets that of the
/// second.
fn caller(lua: &Lua, raises: bool) -> mlua::Result<mlua::Function> {
    // The words of a call; a command that a script runs runs none itself.
    let words = RefCell::new(OwnedArgs::default());
    native(lua, move |stack| {
        let mut words = words.borrow_mut();
        let called = match collect(stack, &mut words) {
            Ok(()) => with_host(|host| call(stack, host, &words)).unwrap_or(Err(outside().into())),
            Err(text) => Err(Fault::Reply(format!("ERR {text}"), false).into()),
        };
        match called {
            Err(Problem::Fault(Fault::Reply(text, counted))) if !raises => {
                push_error(stack, text.as_bytes(), counted)
            }
            called => called,
        }
    })
}

/// Runs a command and pushes its value.
fn call(stack: &mut Stack<'_>, host: &mut dyn Host, words: &OwnedArgs) -> Result<(), Problem> {
    match host.call(words.as_args()) {
        Ok([b'-', error @ ..]) => {
            let line = error.split(|&byte| byte == b'\r').next().unwrap_or_default();
            Err(Fault::Reply(String::from_utf8_lossy(line).into_owned(), true).into())
        }
        Ok(reply) => to_lua(stack, reply),
        Err(Refusal::Error(text)) => Err(Fault::Reply(text, true).into()),
        Err(Refusal::Restart) => Err(Fault::Restart.into()),
    }
}

/// The words of a command from a call's arguments.
fn collect(stack: &Stack<'_>, words: &mut OwnedArgs) -> Result<(), &'static str> {
    words.clear();
    if stack.len() == 0 {
        return Err("Please specify at least one argument for this redis lib call");
    }
    for index in 1..=stack.len() {
        match stack.item(index) {
            Item::String(text) => words.push(text),
            Item::Number(number) => match as_integer(number) {
                Some(number) => words.push_int(number),
                None => words.push(number_text(number).as_bytes()),
            },
            _ => return Err("Lua redis lib command arguments must be strings or integers"),
        }
    }
    Ok(())
}

/// A number without a fraction that an integer can hold.
fn as_integer(number: f64) -> Option<i64> {
    let integer = number as i64;
    let same = (integer as f64).to_bits() == number.to_bits();
    // 2^63 saturates to the integer below it.
    (same && integer != i64::MAX).then_some(integer)
}

/// A number as a command's argument: the fewest digits that read back.
fn number_text(number: f64) -> String {
    let mut out = Vec::new();
    Reply::new(&mut out, Proto::Resp3).double(number);
    String::from_utf8_lossy(&out[1..out.len() - 2]).into_owned()
}

/// `redis.log(level, text, ...)`.
fn log(lua: &Lua, args: MultiValue) -> mlua::Result<()> {
    let mut values = args.into_iter();
    let (Some(level), true) = (values.next(), values.len() > 0) else {
        return Err(reply_error("redis.log() requires two arguments or more."));
    };
    let Some(level) = lua.coerce_number(level)? else {
        return Err(reply_error("First argument must be a number (log level)."));
    };
    if !(0.0..=3.0).contains(&level.trunc()) {
        return Err(reply_error("Invalid debug level."));
    }
    let mut line = Vec::new();
    for (index, value) in values.enumerate() {
        if let Value::String(_) | Value::Integer(_) | Value::Number(_) = value {
            if index > 0 {
                line.push(b' ');
            }
            let text = lua.coerce_string(value)?;
            line.extend_from_slice(&text.map(|text| text.as_bytes().to_vec()).unwrap_or_default());
        }
    }
    with_host(|host| host.log(level as u8, &line));
    Ok(())
}

fn set_resp(lua: &Lua, args: MultiValue) -> mlua::Result<()> {
    let [version] = &args.into_vec()[..] else {
        return Err(reply_error("redis.setresp() requires one argument."));
    };
    let proto = match lua.coerce_number(version.clone())?.map(|version| version as i64) {
        Some(2) => Proto::Resp2,
        Some(3) => Proto::Resp3,
        _ => return Err(reply_error("RESP version must be 2 or 3.")),
    };
    with_host(|host| host.set_proto(proto));
    Ok(())
}

/// The hexadecimal SHA-1 of a text.
pub fn sha1(text: &[u8]) -> String {
    let digest = sha1_smol::Sha1::from(text).digest().bytes();
    digest.iter().fold(String::with_capacity(40), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn sha1hex(lua: &Lua, args: MultiValue) -> mlua::Result<String> {
    let [value] = &args.into_vec()[..] else {
        return Err(reply_error("wrong number of arguments"));
    };
    let text = match value {
        Value::String(_) | Value::Integer(_) | Value::Number(_) => {
            lua.coerce_string(value.clone())?
        }
        _ => None,
    };
    Ok(sha1(&text.map(|text| text.as_bytes().to_vec()).unwrap_or_default()))
}

/// A wrong call of the two functions below answers with an error and raises none, as in Redis.
fn wrong_arguments(lua: &Lua) -> mlua::Result<Table> {
    error_table(lua, "ERR wrong number or type of arguments", false)
}

fn error_reply(lua: &Lua, args: MultiValue) -> mlua::Result<Table> {
    let [Value::String(text)] = &args.into_vec()[..] else { return wrong_arguments(lua) };
    let text = text.to_string_lossy();
    let text = text.strip_prefix('-').unwrap_or(&text).trim_end_matches(['\r', '\n']);
    match text.contains(' ') {
        true => error_table(lua, text, false),
        false => error_table(lua, format!("ERR {text}"), false),
    }
}

fn status_reply(lua: &Lua, args: MultiValue) -> mlua::Result<Table> {
    let [Value::String(text)] = &args.into_vec()[..] else { return wrong_arguments(lua) };
    let table = lua.create_table()?;
    table.raw_set("ok", text)?;
    Ok(table)
}

fn set_repl(lua: &Lua, args: MultiValue) -> mlua::Result<()> {
    let [targets] = &args.into_vec()[..] else {
        return Err(reply_error("redis.set_repl() requires one argument."));
    };
    let targets = lua.coerce_number(targets.clone())?.unwrap_or(0.0) as i64;
    if !(0..=3).contains(&targets) {
        let text = "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.";
        return Err(reply_error(text));
    }
    with_host(|host| host.set_replication(targets as u8));
    Ok(())
}

fn acl_check_cmd(stack: &mut Stack<'_>) -> Result<(), Problem> {
    let mut words = OwnedArgs::default();
    let refused = |text: &str| Fault::Reply(format!("ERR {text}"), false);
    collect(stack, &mut words).map_err(refused)?;
    match with_host(|host| host.may_call(words.as_args())).flatten() {
        Some(allowed) => stack.push_boolean(allowed),
        None => return Err(refused("Invalid command passed to redis.acl_check_cmd()").into()),
    }
    Ok(())
}

/// Looks at the running script from Lua's hook.
pub(crate) fn look() -> mlua::Result<mlua::VmState> {
    match with_host(|host| host.look()) {
        None | Some(Verdict::Continue) => Ok(mlua::VmState::Continue),
        Some(Verdict::Kill) => Err(Fault::Killed.into()),
        Some(Verdict::Restart) => Err(Fault::Restart.into()),
    }
}
