//! `DEBUG LOADAOF`: replace all data by what the append-only file holds.

use crate::prelude::*;
use redpoll_engine::Mode;

pub(super) fn run(ctx: &mut Ctx<'_>) -> Result {
    if ctx.mode != Mode::Alone {
        // Whoever loads needs the locks that a transaction keeps.
        return Err(Error::text("ERR DEBUG LOADAOF is not allowed in transactions and scripts"));
    }
    let keeper = ctx.engine.persistence.aof.keeper();
    keeper.and_then(|keeper| keeper.reload()).map_err(|error| {
        log::warn!("DEBUG LOADAOF: {error}");
        Error::text("ERR Error trying to load the AOF files, check server logs.")
    })?;
    ctx.reply.ok();
    Ok(())
}
