//! `EVAL script numkeys [key ...] [arg ...]` and its kin: run a Lua script.

use super::run;
use crate::prelude::*;

const FLAGS: Flags = Flags::NOSCRIPT
    .with(Flags::SKIP_MONITOR)
    .with(Flags::NO_MANDATORY_KEYS)
    .with(Flags::STALE)
    .with(Flags::MOVABLEKEYS);

const BY_BODY: &[Arg] = &[
    Arg::string("script"),
    Arg::integer("numkeys"),
    Arg::key("key", 0).optional().multiple(),
    Arg::string("arg").optional().multiple(),
];

const BY_SHA: &[Arg] = &[
    Arg::string("sha1"),
    Arg::integer("numkeys"),
    Arg::key("key", 0).optional().multiple(),
    Arg::string("arg").optional().multiple(),
];

const SPEC: Spec = Spec {
    arity: -3,
    locks: Locks::Own,
    group: Group::Scripting,
    complexity: "Depends on the script.",
    ..Spec::EMPTY
};

pub const EVAL: Command = Command {
    spec: Spec {
        name: "eval",
        flags: FLAGS.with(Flags::MAY_REPLICATE),
        keys: &[KeySpec::counted(2).rw().access().update()],
        since: "2.6.0",
        summary: "Runs a Lua script.",
        args: BY_BODY,
        ..SPEC
    },
    run: |ctx, args| run::script(ctx, args, false, false),
};

pub const EVAL_RO: Command = Command {
    spec: Spec {
        name: "eval_ro",
        flags: FLAGS.with(Flags::READONLY),
        keys: &[KeySpec::counted(2).ro().access()],
        since: "7.0.0",
        summary: "Runs a Lua script that must not write.",
        args: BY_BODY,
        ..SPEC
    },
    run: |ctx, args| run::script(ctx, args, false, true),
};

pub const EVALSHA: Command = Command {
    spec: Spec {
        name: "evalsha",
        flags: FLAGS.with(Flags::MAY_REPLICATE),
        keys: &[KeySpec::counted(2).rw().access().update()],
        since: "2.6.0",
        summary: "Runs a cached Lua script, named by its SHA-1.",
        args: BY_SHA,
        ..SPEC
    },
    run: |ctx, args| run::script(ctx, args, true, false),
};

pub const EVALSHA_RO: Command = Command {
    spec: Spec {
        name: "evalsha_ro",
        flags: FLAGS.with(Flags::READONLY),
        keys: &[KeySpec::counted(2).ro().access()],
        since: "7.0.0",
        summary: "Runs a cached Lua script, named by its SHA-1, that must not write.",
        args: BY_SHA,
        ..SPEC
    },
    run: |ctx, args| run::script(ctx, args, true, true),
};
