//! `SCRIPT KILL`: end the running script.

use crate::prelude::*;
use redpoll_engine::script::busy_error;
use redpoll_script::{KillError, RunningKind};

pub(super) const KILL: Command = Command {
    spec: Spec {
        name: "kill",
        arity: 2,
        flags: Flags::NOSCRIPT.with(Flags::ALLOW_BUSY),
        group: Group::Scripting,
        since: "2.6.0",
        summary: "Ends the running script, if it has written nothing.",
        tips: &["request_policy:all_shards", "response_policy:one_succeeded"],
        ..Spec::EMPTY
    },
    run: |ctx, _args| kill(ctx, RunningKind::Script),
};

/// Ends what runs of this kind.
pub(in crate::scripting) fn kill(ctx: &mut Ctx<'_>, kind: RunningKind) -> Result {
    match ctx.engine.scripts.kill(kind) {
        Ok(()) => ctx.reply.ok(),
        Err(KillError::NotBusy) => {
            return Err(Error::text("NOTBUSY No scripts in execution right now."));
        }
        Err(KillError::OtherKind) => {
            let other = match kind {
                RunningKind::Script => RunningKind::Function,
                RunningKind::Function => RunningKind::Script,
            };
            return Err(busy_error(other));
        }
        Err(KillError::Wrote) => {
            return Err(Error::text(
                "UNKILLABLE Sorry the script already executed write commands against the \
                 dataset. You can either wait the script termination or kill the server in a hard \
                 way using the SHUTDOWN NOSAVE command.",
            ));
        }
    }
    Ok(())
}
