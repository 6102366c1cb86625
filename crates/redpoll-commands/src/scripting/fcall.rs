//! `FCALL function numkeys [key ...] [arg ...]`: run a function of a library.

use super::run;
use crate::prelude::*;

const SPEC: Spec = Spec {
    arity: -3,
    locks: Locks::Own,
    group: Group::Scripting,
    since: "7.0.0",
    complexity: "Depends on the function.",
    args: &[
        Arg::string("function"),
        Arg::integer("numkeys"),
        Arg::key("key", 0).optional().multiple(),
        Arg::string("arg").optional().multiple(),
    ],
    ..Spec::EMPTY
};

const FLAGS: Flags = Flags::NOSCRIPT
    .with(Flags::SKIP_MONITOR)
    .with(Flags::NO_MANDATORY_KEYS)
    .with(Flags::STALE)
    .with(Flags::MOVABLEKEYS);

pub const FCALL: Command = Command {
    spec: Spec {
        name: "fcall",
        flags: FLAGS.with(Flags::MAY_REPLICATE),
        keys: &[KeySpec::counted(2).rw().access().update()],
        summary: "Runs a function.",
        ..SPEC
    },
    run: |ctx, args| run::function(ctx, args, false),
};

pub const FCALL_RO: Command = Command {
    spec: Spec {
        name: "fcall_ro",
        flags: FLAGS.with(Flags::READONLY),
        keys: &[KeySpec::counted(2).ro().access()],
        summary: "Runs a function that must not write.",
        ..SPEC
    },
    run: |ctx, args| run::function(ctx, args, true),
};
