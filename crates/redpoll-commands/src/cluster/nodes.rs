//! What of CLUSTER is about nodes.

use super::disabled::{SPEC, refuse};
use crate::prelude::*;

pub(super) const BUMPEPOCH: Command = Command {
    spec: Spec {
        name: "bumpepoch",
        arity: 2,
        flags: Flags::NO_ASYNC_LOADING.with(Flags::ADMIN).with(Flags::STALE),
        since: "3.0.0",
        summary: "Moves the node's configuration epoch on.",
        tips: &["nondeterministic_output"],
        ..SPEC
    },
    run: refuse,
};

pub(super) const COUNT_FAILURE_REPORTS: Command = Command {
    spec: Spec {
        name: "count-failure-reports",
        arity: 3,
        flags: Flags::ADMIN.with(Flags::STALE),
        since: "3.0.0",
        summary: "Counts the reports that a node has failed.",
        complexity: "O(N)",
        args: &[Arg::string("node-id")],
        tips: &["nondeterministic_output"],
        ..SPEC
    },
    run: refuse,
};

pub(super) const FAILOVER: Command = Command {
    spec: Spec {
        name: "failover",
        arity: -2,
        flags: Flags::NO_ASYNC_LOADING.with(Flags::ADMIN).with(Flags::STALE),
        since: "3.0.0",
        summary: "Makes the replica take its primary's place.",
        args: &[Arg::one_of(
            "options",
            &[Arg::flag("force", "FORCE"), Arg::flag("takeover", "TAKEOVER")],
        )
        .optional()],
        ..SPEC
    },
    run: refuse,
};

pub(super) const FORGET: Command = Command {
    spec: Spec {
        name: "forget",
        arity: 3,
        flags: Flags::NO_ASYNC_LOADING.with(Flags::ADMIN).with(Flags::STALE),
        since: "3.0.0",
        summary: "Forgets a node.",
        args: &[Arg::string("node-id")],
        ..SPEC
    },
    run: refuse,
};

pub(super) const HELP: Command = Command {
    spec: Spec {
        name: "help",
        arity: 2,
        flags: Flags::LOADING.with(Flags::STALE),
        since: "5.0.0",
        summary: "Shows the subcommands of CLUSTER.",
        ..SPEC
    },
    run: refuse,
};

pub(super) const INFO: Command = Command {
    spec: Spec {
        name: "info",
        arity: 2,
        flags: Flags::STALE,
        since: "3.0.0",
        summary: "Tells how the cluster is.",
        tips: &["nondeterministic_output"],
        ..SPEC
    },
    run: refuse,
};

pub(super) const LINKS: Command = Command {
    spec: Spec {
        name: "links",
        arity: 2,
        flags: Flags::STALE,
        since: "7.0.0",
        summary: "Lists the connections to other nodes.",
        complexity: "O(N)",
        tips: &["nondeterministic_output"],
        ..SPEC
    },
    run: refuse,
};

pub(super) const MEET: Command = Command {
    spec: Spec {
        name: "meet",
        history: &[("4.0.0", "The port of the cluster bus.")],
        arity: -4,
        flags: Flags::NO_ASYNC_LOADING.with(Flags::ADMIN).with(Flags::STALE),
        since: "3.0.0",
        summary: "Makes the node join another.",
        args: &[
            Arg::string("ip"),
            Arg::integer("port"),
            Arg::integer("cluster-bus-port").since("4.0.0").optional(),
        ],
        ..SPEC
    },
    run: refuse,
};

pub(super) const MYID: Command = Command {
    spec: Spec {
        name: "myid",
        arity: 2,
        flags: Flags::STALE,
        since: "3.0.0",
        summary: "Returns the node's name.",
        ..SPEC
    },
    run: refuse,
};

pub(super) const MYSHARDID: Command = Command {
    spec: Spec {
        name: "myshardid",
        arity: 2,
        flags: Flags::STALE,
        since: "7.2.0",
        summary: "Returns the shard's name.",
        tips: &["nondeterministic_output"],
        ..SPEC
    },
    run: refuse,
};

pub(super) const NODES: Command = Command {
    spec: Spec {
        name: "nodes",
        arity: 2,
        flags: Flags::STALE,
        since: "3.0.0",
        summary: "Lists the nodes.",
        complexity: "O(N)",
        tips: &["nondeterministic_output"],
        ..SPEC
    },
    run: refuse,
};

pub(super) const REPLICAS: Command = Command {
    spec: Spec {
        name: "replicas",
        arity: 3,
        flags: Flags::ADMIN.with(Flags::STALE),
        since: "5.0.0",
        summary: "Lists the replicas of a node.",
        complexity: "O(N)",
        args: &[Arg::string("node-id")],
        tips: &["nondeterministic_output"],
        ..SPEC
    },
    run: refuse,
};

pub(super) const REPLICATE: Command = Command {
    spec: Spec {
        name: "replicate",
        arity: 3,
        flags: Flags::NO_ASYNC_LOADING.with(Flags::ADMIN).with(Flags::STALE),
        since: "3.0.0",
        summary: "Makes the node a replica of another.",
        args: &[Arg::string("node-id")],
        ..SPEC
    },
    run: refuse,
};

pub(super) const RESET: Command = Command {
    spec: Spec {
        name: "reset",
        arity: -2,
        flags: Flags::ADMIN.with(Flags::STALE).with(Flags::NOSCRIPT),
        since: "3.0.0",
        summary: "Makes the node forget the cluster.",
        complexity: "O(N)",
        args: &[Arg::one_of("reset-type", &[Arg::flag("hard", "HARD"), Arg::flag("soft", "SOFT")])
            .optional()],
        ..SPEC
    },
    run: refuse,
};

pub(super) const SAVECONFIG: Command = Command {
    spec: Spec {
        name: "saveconfig",
        arity: 2,
        flags: Flags::NO_ASYNC_LOADING.with(Flags::ADMIN).with(Flags::STALE),
        since: "3.0.0",
        summary: "Saves the cluster's state.",
        ..SPEC
    },
    run: refuse,
};

pub(super) const SET_CONFIG_EPOCH: Command = Command {
    spec: Spec {
        name: "set-config-epoch",
        arity: 3,
        flags: Flags::NO_ASYNC_LOADING.with(Flags::ADMIN).with(Flags::STALE),
        since: "3.0.0",
        summary: "Sets the node's configuration epoch.",
        args: &[Arg::integer("config-epoch")],
        ..SPEC
    },
    run: refuse,
};

pub(super) const SHARDS: Command = Command {
    spec: Spec {
        name: "shards",
        arity: 2,
        flags: Flags::LOADING.with(Flags::STALE),
        since: "7.0.0",
        summary: "Lists the shards with their slots and nodes.",
        complexity: "O(N)",
        tips: &["nondeterministic_output"],
        ..SPEC
    },
    run: refuse,
};

pub(super) const SLAVES: Command = Command {
    spec: Spec {
        name: "slaves",
        arity: 3,
        flags: Flags::ADMIN.with(Flags::STALE),
        since: "3.0.0",
        summary: "Lists the replicas of a node.",
        complexity: "O(N)",
        args: &[Arg::string("node-id")],
        tips: &["nondeterministic_output"],
        deprecated: Some(("5.0.0", "`CLUSTER REPLICAS`")),
        ..SPEC
    },
    run: refuse,
};
