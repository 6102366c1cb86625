//! Names and passwords: what AUTH and HELLO share.

use crate::prelude::*;
use redpoll_engine::Mode;
use redpoll_engine::acl::{Context, Login};

/// Lets the client act as a user, or says that name or password are wrong. `verb` is the command's
/// name as it was given.
pub(super) fn log_in(ctx: &mut Ctx<'_>, verb: &[u8], login: Login<'_>) -> Result {
    let context = if ctx.mode == Mode::Transaction { Context::Multi } else { Context::Toplevel };
    let now = ctx.keys.now();
    if ctx.engine.log_in(ctx.session, login, verb, context, now) {
        return Ok(());
    }
    Err(Error::text("WRONGPASS invalid username-password pair or user is disabled."))
}
