//! The memory limit while Rust makes values for a script.
//!
//! With a limit, Lua may fail at every allocation, and each must be guarded against its jump; that
//! costs as much as the allocation itself. So the limit is lifted while Rust makes many values at
//! once, and looked at from time to time instead.

use mlua::Lua;

/// Values that are made between two looks at the memory.
const LOOK_EVERY: u32 = 512;

/// The limit that holds for a script, counted in values made.
pub(crate) struct Budget<'a> {
    lua: &'a Lua,
    limit: usize,
    made: u32,
}

impl Budget<'_> {
    /// To be called for each value that is made.
    pub fn spend(&mut self) -> mlua::Result<()> {
        self.made += 1;
        if self.made.is_multiple_of(LOOK_EVERY)
            && self.limit > 0
            && self.lua.used_memory() > self.limit
        {
            return Err(mlua::Error::MemoryError("not enough memory".to_owned()));
        }
        Ok(())
    }
}

/// Makes values without Lua's own limit.
pub(crate) fn unlimited<'a, R>(
    lua: &'a Lua,
    make: impl FnOnce(Budget<'a>) -> mlua::Result<R>,
) -> mlua::Result<R> {
    let limit = lua.set_memory_limit(0)?;
    let made = make(Budget { lua, limit, made: 0 });
    lua.set_memory_limit(limit)?;
    made
}
