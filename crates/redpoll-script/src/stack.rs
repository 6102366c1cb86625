//! `Stack`: Lua's stack, for what runs for each script, each call and each value.
//!
//! A handle of mlua costs an allocation and several copies, for every value that a callback takes
//! or gives. Here values are read and made where they lie. Everything else uses mlua.
//!
//! Why this is sound:
//!
//! - **Lua never jumps over Rust's frames.** An error of Lua is a jump that skips destructors. A
//!   `Stack` calls nothing that can raise one: it runs no code of Lua except in
//!   `protected_call`, which catches; it never asks for a metamethod; a key that no table can have
//!   is left out; no table is changed while one is walked; the room on the stack is made in advance
//!   by a call that answers; and the memory limit is lifted as long as a `Stack` is there, so
//!   that allocation cannot fail (mlua's allocator aborts where there is no memory, and mlua relies
//!   on the same). Errors are returned, and raised by `native::call` when nothing with a
//!   destructor is left.
//! - **Rust never unwinds through Lua's frames.** Panics are caught and raised again by mlua.
//! - **Indexes are in bounds**: `top` counts what lies there, and each function checks against it.
//! - **What is borrowed from the stack stays there**: texts are borrowed from the `Stack`, and
//!   whatever changes it needs it mutably. Lua never moves a text.

use crate::fault::Fault;
use mlua::{Lua, ffi, lua_State};
use std::ffi::c_int;
use std::marker::PhantomData;

mod native;
#[cfg(test)]
mod tests;

pub(crate) use native::{Entry, native, reserve};

/// Values that are made between two looks at the memory.
const LOOK_EVERY: u32 = 512;
/// What Lua guarantees a function besides its arguments.
const ROOM: c_int = ffi::LUA_MINSTACK;

/// Why a function has no value.
#[derive(Debug)]
pub(crate) enum Problem {
    /// As it is.
    Fault(Fault),
    /// A text, which will begin with the place of the call.
    Text(String),
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Problem::Fault(fault)
    }
}

/// The error for an argument of the wrong kind.
pub(crate) fn bad_argument(index: usize, function: &str, why: &str) -> Problem {
    Problem::Text(format!("bad argument #{index} to '{function}' ({why})"))
}

/// A value on the stack.
pub(crate) enum Item<'a> {
    /// `nil`, or nothing.
    Nil,
    /// A boolean.
    Boolean(bool),
    /// A number.
    Number(f64),
    /// A text.
    String(&'a [u8]),
    /// A table.
    Table,
    /// The light userdata that stands for JSON's `null`.
    Null,
    /// Something of this type.
    Other(&'static str),
}

impl Item<'_> {
    /// The name of its type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Item::Nil => "nil",
            Item::Boolean(_) => "boolean",
            Item::Number(_) => "number",
            Item::String(_) => "string",
            Item::Table => "table",
            Item::Null => "userdata",
            Item::Other(name) => name,
        }
    }
}

/// See the module's head.
pub(crate) struct Stack<'a> {
    state: *mut lua_State,
    /// The number of values.
    top: c_int,
    /// How many there is room for.
    room: c_int,
    /// How many must not be touched.
    floor: c_int,
    /// Tables that are walked.
    walks: u32,
    /// Values made.
    made: u32,
    limit: Unlimited<'a>,
    /// It belongs to a state of this thread.
    _not_send: PhantomData<*mut ()>,
}

/// Lifts the memory limit until it is dropped.
struct Unlimited<'a> {
    lua: &'a Lua,
    limit: usize,
}

impl<'a> Unlimited<'a> {
    fn new(lua: &'a Lua) -> Self {
        // It fails only in a program that is itself run by Lua.
        Unlimited { lua, limit: lua.set_memory_limit(0).unwrap_or(0) }
    }
}

impl Drop for Unlimited<'_> {
    fn drop(&mut self) {
        let _ = self.lua.set_memory_limit(self.limit);
    }
}

impl<'a> Stack<'a> {
    /// # Safety
    ///
    /// `state` must be a thread of `lua` that runs a C function, and lie idle while this is there.
    unsafe fn new(state: *mut lua_State, lua: &'a Lua) -> Self {
        let limit = Unlimited::new(lua);
        // SAFETY: the state is alive, as the caller guarantees.
        let top = unsafe { ffi::lua_gettop(state) };
        let room = top + ROOM;
        Stack { state, top, room, floor: 0, walks: 0, made: 0, limit, _not_send: PhantomData }
    }

    /// The number of values.
    pub fn len(&self) -> c_int {
        self.top
    }

    /// Makes room for some more values. There is room for twenty from the beginning.
    pub fn reserve(&mut self, count: c_int) -> Result<(), Problem> {
        if self.room - self.top >= count {
            return Ok(());
        }
        // SAFETY: answers 0 where there is no room, and raises nothing without a memory limit.
        if unsafe { ffi::lua_checkstack(self.state, count) } == 0 {
            return Err(Problem::Text("stack overflow".to_owned()));
        }
        self.room = self.top + count;
        Ok(())
    }

    /// Counts a value that is about to be pushed.
    fn grow(&mut self) {
        assert!(self.top < self.room, "no room on Lua's stack");
        self.top += 1;
    }

    /// A position from the bottom, 1 being the first, or from the top, -1 being the last.
    fn at(&self, index: c_int) -> Option<c_int> {
        let at = if index < 0 { self.top + 1 + index } else { index };
        (1..=self.top).contains(&at).then_some(at)
    }

    /// The value at a position.
    pub fn item(&self, index: c_int) -> Item<'_> {
        let Some(at) = self.at(index) else { return Item::Nil };
        let state = self.state;
        // SAFETY: the position is taken. The text of what is a text is not converted, stays where
        // it is while it is on the stack, and nothing leaves the stack while `self` is borrowed.
        unsafe {
            match ffi::lua_type(state, at) {
                ffi::LUA_TNIL => Item::Nil,
                ffi::LUA_TBOOLEAN => Item::Boolean(ffi::lua_toboolean(state, at) != 0),
                ffi::LUA_TNUMBER => Item::Number(ffi::lua_tonumber(state, at)),
                ffi::LUA_TSTRING => {
                    let mut length = 0;
                    let text = ffi::lua_tolstring(state, at, &mut length);
                    Item::String(std::slice::from_raw_parts(text.cast(), length))
                }
                ffi::LUA_TTABLE => Item::Table,
                ffi::LUA_TLIGHTUSERDATA if ffi::lua_touserdata(state, at).is_null() => Item::Null,
                ffi::LUA_TFUNCTION => Item::Other("function"),
                ffi::LUA_TTHREAD => Item::Other("thread"),
                _ => Item::Other("userdata"),
            }
        }
    }

    /// Looks at the memory now and then.
    fn spend(&mut self) -> Result<(), Problem> {
        self.made += 1;
        let Unlimited { lua, limit } = self.limit;
        if self.made.is_multiple_of(LOOK_EVERY) && limit > 0 && lua.used_memory() > limit {
            return Err(Fault::Text("not enough memory".to_owned()).into());
        }
        Ok(())
    }

    /// Pushes `nil`.
    pub fn push_nil(&mut self) {
        self.grow();
        // SAFETY: there is room, as for all that follow.
        unsafe { ffi::lua_pushnil(self.state) }
    }

    /// Pushes what stands for JSON's `null`.
    pub fn push_null(&mut self) {
        self.grow();
        // SAFETY: as above.
        unsafe { ffi::lua_pushlightuserdata(self.state, std::ptr::null_mut()) }
    }

    /// Pushes a boolean.
    pub fn push_boolean(&mut self, value: bool) {
        self.grow();
        // SAFETY: as above.
        unsafe { ffi::lua_pushboolean(self.state, value.into()) }
    }

    /// Pushes a number.
    pub fn push_number(&mut self, value: f64) {
        self.grow();
        // SAFETY: as above.
        unsafe { ffi::lua_pushnumber(self.state, value) }
    }

    /// Pushes a text.
    pub fn push_string(&mut self, text: &[u8]) -> Result<(), Problem> {
        self.spend()?;
        self.push_text(text);
        Ok(())
    }

    fn push_text(&mut self, text: &[u8]) {
        self.grow();
        // SAFETY: as above; Lua copies the text, and refuses only lengths that no slice has.
        unsafe { ffi::lua_pushlstring_(self.state, text.as_ptr().cast(), text.len()) }
    }

    /// Pushes an empty table with room for a list and for fields.
    pub fn push_table(&mut self, list: usize, fields: usize) -> Result<(), Problem> {
        self.spend()?;
        self.grow();
        // What is announced is not believed beyond this: Lua refuses sizes that it cannot have.
        let size = |count: usize| count.min(1 << 20) as c_int;
        // SAFETY: as above.
        unsafe { ffi::lua_createtable(self.state, size(list), size(fields)) }
        Ok(())
    }

    /// Takes values off the stack.
    pub fn pop(&mut self, count: c_int) {
        assert!(count >= 0 && self.top - count >= self.floor, "nothing to take off Lua's stack");
        self.top -= count;
        // SAFETY: there were so many.
        unsafe { ffi::lua_settop(self.state, self.top) }
    }

    /// The position of the table `below` the last value, which is to be changed.
    fn table_to_change(&self, below: c_int) -> c_int {
        let at = self.top - below;
        let is_table = at > self.floor && matches!(self.item(at), Item::Table);
        assert!(is_table && self.walks == 0, "no table to change on Lua's stack");
        at
    }

    /// Takes the last value off and puts it at an index of the table below.
    pub fn set_index(&mut self, index: c_int) {
        let table = self.table_to_change(1);
        // SAFETY: there is a table, and nobody walks it. An index is a key that any table can have.
        unsafe { ffi::lua_rawseti_(self.state, table, index) };
        self.top -= 1;
    }

    /// Takes key and value off and puts them into the table below, unless none can have that key.
    pub fn set_pair(&mut self) {
        let table = self.table_to_change(2);
        match self.item(-2) {
            Item::Nil => return self.pop(2),
            Item::Number(key) if key.is_nan() => return self.pop(2),
            _ => {}
        }
        // SAFETY: there is a table, nobody walks it, and the key is neither nil nor NaN.
        unsafe { ffi::lua_rawset(self.state, table) };
        self.top -= 2;
    }

    /// Puts a text into a field of the last value, a table.
    pub fn set_text(&mut self, field: &str, text: &[u8]) -> Result<(), Problem> {
        self.push_text(field.as_bytes());
        self.push_string(text)?;
        self.set_pair();
        Ok(())
    }

    fn assert_table(&self) {
        assert!(matches!(self.item(-1), Item::Table), "no table on Lua's stack");
    }

    /// Pushes what is at an index of the last value, a table.
    pub fn get_index(&mut self, index: c_int) {
        self.assert_table();
        self.grow();
        // SAFETY: there is a table and room; the metatable is not asked.
        unsafe { ffi::lua_rawgeti_(self.state, self.top - 1, index) }
    }

    /// Pushes what is in a field of the last value, a table.
    pub fn get_field(&mut self, field: &str) {
        self.assert_table();
        self.push_text(field.as_bytes());
        // SAFETY: the table lies below the key, which is replaced; the metatable is not asked.
        unsafe { ffi::lua_rawget_(self.state, self.top - 1) }
    }

    /// Visits each key and value of the last value, a table: they are the last two values, and the
    /// stack is cut back to them afterwards. Needs room for three.
    pub fn walk<E>(&mut self, mut visit: impl FnMut(&mut Self) -> Result<(), E>) -> Result<(), E> {
        self.assert_table();
        let (table, floor) = (self.top, self.floor);
        self.push_nil();
        self.walks += 1;
        let result = loop {
            assert!(table + 2 <= self.room, "no room on Lua's stack");
            // SAFETY: the last value is the last key of this table, or nil at first: it lies at the
            // floor, where nobody touches it, and while tables are walked none is changed.
            if unsafe { ffi::lua_next(self.state, table) } == 0 {
                self.top = table;
                break Ok(());
            }
            self.top = table + 2;
            self.floor = self.top;
            let visited = visit(self);
            self.floor = floor;
            self.pop(self.top - table - 1);
            if visited.is_err() {
                self.pop(1);
                break visited;
            }
        };
        self.walks -= 1;
        result
    }

    /// Pushes the key of the pair that is visited, the value being the last.
    pub fn push_key(&mut self) {
        self.push_copy(-2);
    }

    /// Pushes another copy of a value.
    fn push_copy(&mut self, index: c_int) {
        let at = self.at(index).expect("a value on Lua's stack");
        self.grow();
        // SAFETY: the position is taken, and there is room.
        unsafe { ffi::lua_pushvalue(self.state, at) }
    }

    /// Takes the last value off and puts it into a field of the table at `index`.
    pub fn set_field_of(&mut self, index: c_int, field: &str) -> Result<(), Problem> {
        // The table, the name and the value again, the value being the last as it must be.
        let value = self.top;
        self.push_copy(index);
        self.push_text(field.as_bytes());
        self.push_copy(value);
        self.set_pair();
        self.pop(2);
        Ok(())
    }

    /// Pushes the function at a position.
    pub fn push_function(&mut self, index: c_int) {
        assert!(matches!(self.item(index), Item::Other("function")), "no function");
        self.push_copy(index);
    }

    /// Calls the function that lies below `count` arguments; they are replaced with its value, or
    /// with what the function at `handler` has made of the error. Within `limit` bytes of memory.
    pub fn protected_call(&mut self, count: c_int, handler: c_int, limit: usize) -> bool {
        let function = self.top - count;
        let is_function = |at| matches!(self.item(at), Item::Other("function"));
        assert!(function > self.floor && is_function(function) && is_function(handler));
        assert!(self.walks == 0 && 0 < handler && handler < function);
        let _ = self.limit.lua.set_memory_limit(limit);
        // SAFETY: the function and its arguments are there. Errors are caught; whatever runs finds
        // the stack above its own arguments, and leaves one value.
        let status = unsafe { ffi::lua_pcall(self.state, count, 1, handler) };
        let _ = self.limit.lua.set_memory_limit(0);
        self.top = function;
        status == ffi::LUA_OK
    }
}
