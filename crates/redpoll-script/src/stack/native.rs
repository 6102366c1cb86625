//! Functions that work on the stack: Lua's way to them, and Rust's way onto the stack.

use super::{Problem, Stack};
use crate::fault::{Fault, place};
use mlua::{
    AnyUserData, Function, IntoLuaMulti, LightUserData, Lua, Value, WeakLua, ffi, lua_State,
};
use std::any::Any;
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// What a function of ours has ended with, if not with a value.
enum Pending {
    Problem(Problem),
    Panic(Box<dyn Any + Send>),
}

thread_local! {
    /// What [`raise`] is to raise.
    static PENDING: Cell<Option<Pending>> = const { Cell::new(None) };
}

/// Raises what is pending, by the means of mlua.
fn raise(lua: &Lua, (): ()) -> mlua::Result<()> {
    match PENDING.take() {
        Some(Pending::Problem(Problem::Fault(fault))) => Err(fault.into()),
        Some(Pending::Problem(Problem::Text(text))) => {
            // This function is the innermost, the one that has failed called it.
            Err(Fault::Text(format!("{}{text}", place(lua, 2))).into())
        }
        Some(Pending::Panic(payload)) => resume_unwind(payload),
        None => Ok(()),
    }
}

/// A function and the state that it belongs to, as an upvalue.
struct Upvalue<F> {
    act: F,
    lua: WeakLua,
}

/// A Lua function that works on the stack: it finds its arguments there and pushes its value.
pub(crate) fn native<F>(lua: &Lua, act: F) -> mlua::Result<Function>
where
    F: Fn(&mut Stack<'_>) -> Result<(), Problem> + 'static,
{
    const { assert!(align_of::<Upvalue<F>>() <= 8, "Lua aligns its userdata to eight bytes") };
    let mut upvalue = Some(Upvalue { act, lua: lua.weak() });
    let address = LightUserData((&raw mut upvalue).cast());
    // SAFETY: `bind` is given what it wants, and Lua keeps no other way to it.
    let bind = unsafe { lua.create_c_function(bind::<F>)? };
    bind.call((address, lua.create_function(raise)?))
}

/// Makes a closure of [`call`]. Arguments: the address of an `Option<Upvalue<F>>` and `raise`.
// SAFETY: only `native` calls this, by Lua, with the arguments that it wants.
unsafe extern "C-unwind" fn bind<F>(state: *mut lua_State) -> c_int
where
    F: Fn(&mut Stack<'_>) -> Result<(), Problem> + 'static,
{
    // SAFETY: only `native` calls this. Nothing here has a destructor when Lua may raise an error,
    // and the upvalue is moved when none can be raised any more before the collector knows it.
    unsafe {
        let given = ffi::lua_touserdata(state, 1).cast::<Option<Upvalue<F>>>();
        let place = ffi::lua_newuserdata(state, size_of::<Upvalue<F>>()).cast::<Upvalue<F>>();
        ffi::lua_createtable(state, 0, 1);
        ffi::lua_pushcclosure(state, finalize::<F>, 0);
        ffi::lua_setfield(state, -2, c"__gc".as_ptr());
        if let Some(upvalue) = (*given).take() {
            place.write(upvalue);
        }
        ffi::lua_setmetatable(state, -2);
        ffi::lua_pushvalue(state, 2);
        ffi::lua_pushcclosure(state, call::<F>, 2);
    }
    1
}

/// Drops an upvalue that the collector has found to be garbage.
// SAFETY: only the collector calls this, with the userdata that `bind` has made.
unsafe extern "C-unwind" fn finalize<F>(state: *mut lua_State) -> c_int {
    // SAFETY: the collector calls this once for each upvalue, and no script can reach it.
    unsafe { ffi::lua_touserdata(state, 1).cast::<Upvalue<F>>().drop_in_place() };
    0
}

/// What Lua calls.
// SAFETY: only Lua calls this, with the upvalues that `bind` has given it.
unsafe extern "C-unwind" fn call<F>(state: *mut lua_State) -> c_int
where
    F: Fn(&mut Stack<'_>) -> Result<(), Problem> + 'static,
{
    // SAFETY: the upvalues are those that `bind` has made. `raise` jumps out of here, and nothing
    // here has a destructor by then.
    unsafe {
        let upvalue = ffi::lua_touserdata(state, ffi::lua_upvalueindex(1)).cast::<Upvalue<F>>();
        if !attempt(state, &*upvalue) {
            ffi::lua_settop(state, 0);
            ffi::lua_pushvalue(state, ffi::lua_upvalueindex(2));
            ffi::lua_call(state, 0, 0);
            return 0;
        }
    }
    1
}

/// Runs a function. False if it has no value: why is pending then.
///
/// # Safety
///
/// As for [`Stack::new`].
unsafe fn attempt<F>(state: *mut lua_State, upvalue: &Upvalue<F>) -> bool
where
    F: Fn(&mut Stack<'_>) -> Result<(), Problem>,
{
    let pending = match catch_unwind(AssertUnwindSafe(|| {
        let lua = upvalue.lua.upgrade();
        // SAFETY: as the caller guarantees.
        let mut stack = unsafe { Stack::new(state, &lua) };
        (upvalue.act)(&mut stack)
    })) {
        Ok(Ok(())) => return true,
        Ok(Err(problem)) => Pending::Problem(problem),
        Err(payload) => Pending::Panic(payload),
    };
    PENDING.set(Some(pending));
    false
}

/// Takes memory for nothing, as userdata. Its pages are not touched.
pub(crate) fn reserve(lua: &Lua, bytes: usize) -> mlua::Result<AnyUserData> {
    // SAFETY: `take` wants a number, and raises an error only where mlua catches it.
    unsafe { lua.create_c_function(take)? }.call(bytes)
}

/// Makes userdata of as many bytes as the argument says.
// SAFETY: only `reserve` calls this, by Lua, with a number.
unsafe extern "C-unwind" fn take(state: *mut lua_State) -> c_int {
    // SAFETY: there is an argument, and nothing here has a destructor.
    unsafe { ffi::lua_newuserdata(state, ffi::lua_tonumber(state, 1) as usize) };
    1
}

/// The way from Rust onto the stack.
pub(crate) struct Entry(Function);

/// What is to be done there.
struct Task<'a> {
    act: &'a mut dyn FnMut(&mut Stack<'_>) -> Result<(), Problem>,
    lua: &'a Lua,
    pending: Option<Pending>,
}

impl Entry {
    /// An entry to this state.
    pub fn new(lua: &Lua) -> mlua::Result<Self> {
        // SAFETY: only `run` calls the function, with what it wants.
        unsafe { lua.create_c_function(enter) }.map(Entry)
    }

    /// Does something on a stack on which the arguments lie from position 2 on. Returns the value
    /// that is the last then.
    pub fn run(
        &self,
        lua: &Lua,
        args: impl IntoLuaMulti,
        act: &mut dyn FnMut(&mut Stack<'_>) -> Result<(), Problem>,
    ) -> mlua::Result<Value> {
        let mut task = Task { act, lua, pending: None };
        let address = LightUserData((&raw mut task).cast::<c_void>());
        let value = self.0.call((address, args));
        match task.pending {
            None => value,
            Some(Pending::Panic(payload)) => resume_unwind(payload),
            Some(Pending::Problem(Problem::Fault(fault))) => Err(fault.into()),
            Some(Pending::Problem(Problem::Text(text))) => Err(Fault::Text(text).into()),
        }
    }
}

/// Does what the task at the address that is the first argument says.
// SAFETY: only `Entry::run` calls this, by Lua, with a task's address.
unsafe extern "C-unwind" fn enter(state: *mut lua_State) -> c_int {
    // SAFETY: only `Entry::run` calls this; the task lies in its frame, which waits.
    let task = unsafe { &mut *ffi::lua_touserdata(state, 1).cast::<Task<'_>>() };
    let done = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: this is a C function that Lua runs in the state of `task.lua`.
        let mut stack = unsafe { Stack::new(state, task.lua) };
        (task.act)(&mut stack)
    }));
    task.pending = match done {
        Ok(Ok(())) => return 1,
        Ok(Err(problem)) => Some(Pending::Problem(problem)),
        Err(payload) => Some(Pending::Panic(payload)),
    };
    0
}
