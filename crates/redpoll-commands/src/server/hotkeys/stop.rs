//! `HOTKEYS STOP`: end the tracking and keep what it has found; `HOTKEYS RESET`: forget that.

use crate::prelude::*;

pub(super) const STOP: Command = Command {
    spec: Spec {
        name: "stop",
        summary: "Ends the tracking of keys; what it has found stays.",
        ..SPEC
    },
    run: |ctx, _| {
        match ctx.engine.hot_keys.stop(ctx.keys.now()) {
            true => ctx.reply.ok(),
            false => ctx.reply.null(),
        }
        Ok(())
    },
};

pub(super) const RESET: Command = Command {
    spec: Spec {
        name: "reset",
        summary: "Forgets what the last tracking of keys has found.",
        ..SPEC
    },
    run: |ctx, _| {
        if !ctx.engine.hot_keys.reset(ctx.keys.now()) {
            let text = "ERR hotkey tracking session in progress, stop tracking first";
            return Err(Error::text(text));
        }
        ctx.reply.ok();
        Ok(())
    },
};

const SPEC: Spec = Spec {
    arity: 2,
    flags: Flags::ADMIN.with(Flags::NOSCRIPT),
    group: Group::Server,
    since: "8.6.0",
    ..Spec::EMPTY
};
