//! `FUNCTION KILL`: end the running function.

use crate::prelude::*;
use crate::scripting::script::kill;
use redpoll_script::RunningKind;

pub(super) const KILL: Command = Command {
    spec: Spec {
        name: "kill",
        arity: 2,
        flags: Flags::NOSCRIPT.with(Flags::ALLOW_BUSY),
        group: Group::Scripting,
        since: "7.0.0",
        summary: "Ends the running function, if it has written nothing.",
        tips: &["request_policy:all_shards", "response_policy:one_succeeded"],
        ..Spec::EMPTY
    },
    run: |ctx, _args| kill::kill(ctx, RunningKind::Function),
};
