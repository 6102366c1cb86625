//! What of CLUSTER is about slots.

use super::disabled::{SPEC, refuse};
use crate::prelude::*;

pub(super) const ADDSLOTS: Command = Command {
    spec: Spec {
        name: "addslots",
        arity: -3,
        flags: Flags::NO_ASYNC_LOADING.with(Flags::ADMIN).with(Flags::STALE),
        since: "3.0.0",
        summary: "Gives the node slots.",
        complexity: "O(N)",
        args: &[Arg::integer("slot").multiple()],
        ..SPEC
    },
    run: refuse,
};

pub(super) const ADDSLOTSRANGE: Command = Command {
    spec: Spec {
        name: "addslotsrange",
        arity: -4,
        flags: Flags::NO_ASYNC_LOADING.with(Flags::ADMIN).with(Flags::STALE),
        since: "7.0.0",
        summary: "Gives the node ranges of slots.",
        complexity: "O(N)",
        args: &[
            Arg::block("range", &[Arg::integer("start-slot"), Arg::integer("end-slot")]).multiple()
        ],
        ..SPEC
    },
    run: refuse,
};

pub(super) const COUNTKEYSINSLOT: Command = Command {
    spec: Spec {
        name: "countkeysinslot",
        arity: 3,
        flags: Flags::STALE,
        since: "3.0.0",
        summary: "Counts the keys in a slot.",
        args: &[Arg::integer("slot")],
        ..SPEC
    },
    run: refuse,
};

pub(super) const DELSLOTS: Command = Command {
    spec: Spec {
        name: "delslots",
        arity: -3,
        flags: Flags::NO_ASYNC_LOADING.with(Flags::ADMIN).with(Flags::STALE),
        since: "3.0.0",
        summary: "Takes slots from the node.",
        complexity: "O(N)",
        args: &[Arg::integer("slot").multiple()],
        ..SPEC
    },
    run: refuse,
};

pub(super) const DELSLOTSRANGE: Command = Command {
    spec: Spec {
        name: "delslotsrange",
        arity: -4,
        flags: Flags::NO_ASYNC_LOADING.with(Flags::ADMIN).with(Flags::STALE),
        since: "7.0.0",
        summary: "Takes ranges of slots from the node.",
        complexity: "O(N)",
        args: &[
            Arg::block("range", &[Arg::integer("start-slot"), Arg::integer("end-slot")]).multiple()
        ],
        ..SPEC
    },
    run: refuse,
};

pub(super) const FLUSHSLOTS: Command = Command {
    spec: Spec {
        name: "flushslots",
        arity: 2,
        flags: Flags::NO_ASYNC_LOADING.with(Flags::ADMIN).with(Flags::STALE),
        since: "3.0.0",
        summary: "Takes all slots from the node.",
        ..SPEC
    },
    run: refuse,
};

pub(super) const GETKEYSINSLOT: Command = Command {
    spec: Spec {
        name: "getkeysinslot",
        arity: 4,
        flags: Flags::STALE,
        since: "3.0.0",
        summary: "Returns keys of a slot.",
        complexity: "O(N)",
        args: &[Arg::integer("slot"), Arg::integer("count")],
        tips: &["nondeterministic_output"],
        ..SPEC
    },
    run: refuse,
};

pub(super) const KEYSLOT: Command = Command {
    spec: Spec {
        name: "keyslot",
        arity: 3,
        flags: Flags::STALE,
        since: "3.0.0",
        summary: "Returns a key's slot.",
        complexity: "O(N)",
        args: &[Arg::string("key")],
        ..SPEC
    },
    run: refuse,
};

pub(super) const SETSLOT: Command = Command {
    spec: Spec {
        name: "setslot",
        arity: -4,
        flags: Flags::NO_ASYNC_LOADING.with(Flags::ADMIN).with(Flags::STALE),
        since: "3.0.0",
        summary: "Says which node has a slot.",
        args: &[
            Arg::integer("slot"),
            Arg::one_of(
                "subcommand",
                &[
                    Arg::string("importing").shown_as("node-id").token("IMPORTING"),
                    Arg::string("migrating").shown_as("node-id").token("MIGRATING"),
                    Arg::string("node").shown_as("node-id").token("NODE"),
                    Arg::flag("stable", "STABLE"),
                ],
            ),
        ],
        ..SPEC
    },
    run: refuse,
};

pub(super) const SLOTS: Command = Command {
    spec: Spec {
        name: "slots",
        history: &[("4.0.0", "Names of nodes."), ("7.0.0", "More about their addresses.")],
        arity: 2,
        flags: Flags::LOADING.with(Flags::STALE),
        since: "3.0.0",
        summary: "Lists the slots with their nodes.",
        complexity: "O(N)",
        tips: &["nondeterministic_output"],
        deprecated: Some(("7.0.0", "`CLUSTER SHARDS`")),
        ..SPEC
    },
    run: refuse,
};
