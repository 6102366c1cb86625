//! Database numbers as arguments.

use crate::prelude::*;

/// The database that `word` names.
pub fn database(ctx: &Ctx<'_>, word: &[u8]) -> Result<usize> {
    let number = i32::try_from(parse::int(word)?).map_err(|_| {
        Error::text("ERR value is out of range, value must between -2147483648 and 2147483647")
    })?;
    in_range(ctx, number)
}

/// The database of this number, if there is one.
pub fn in_range(ctx: &Ctx<'_>, number: i32) -> Result<usize> {
    let databases = ctx.keys.keyspace().databases();
    usize::try_from(number).ok().filter(|&db| db < databases).ok_or(Error::DbIndex)
}
