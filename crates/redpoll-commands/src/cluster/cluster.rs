//! `CLUSTER`, `READONLY`, `READWRITE` and `ASKING`: the server is no node of a cluster, so all of
//! them are refused, as a Redis that is none refuses them. Clients ask for them to find out.

use super::disabled::refuse;
use super::{nodes, slots};
use crate::prelude::*;
use redpoll_engine::client::flags;

pub const CLUSTER: Command = Command {
    spec: Spec {
        name: "cluster",
        arity: -2,
        group: Group::Cluster,
        since: "3.0.0",
        summary: "Commands about the cluster.",
        complexity: "Depends on the subcommand.",
        subcommands: &[
            &slots::ADDSLOTS,
            &slots::ADDSLOTSRANGE,
            &nodes::BUMPEPOCH,
            &nodes::COUNT_FAILURE_REPORTS,
            &slots::COUNTKEYSINSLOT,
            &slots::DELSLOTS,
            &slots::DELSLOTSRANGE,
            &nodes::FAILOVER,
            &slots::FLUSHSLOTS,
            &nodes::FORGET,
            &slots::GETKEYSINSLOT,
            &nodes::HELP,
            &nodes::INFO,
            &slots::KEYSLOT,
            &nodes::LINKS,
            &nodes::MEET,
            &nodes::MYID,
            &nodes::MYSHARDID,
            &nodes::NODES,
            &nodes::REPLICAS,
            &nodes::REPLICATE,
            &nodes::RESET,
            &nodes::SAVECONFIG,
            &nodes::SET_CONFIG_EPOCH,
            &slots::SETSLOT,
            &nodes::SHARDS,
            &nodes::SLAVES,
            &slots::SLOTS,
        ],
        ..Spec::EMPTY
    },
    run: container,
};

pub const ASKING: Command = Command {
    spec: Spec {
        group: Group::Cluster,
        name: "asking",
        arity: 1,
        flags: Flags::FAST,
        since: "3.0.0",
        summary: "Says that the next command follows an ASK redirection.",
        acl: Acl::CONNECTION,
        ..Spec::EMPTY
    },
    run: refuse,
};

pub const READONLY: Command = Command {
    spec: Spec {
        group: Group::Cluster,
        name: "readonly",
        arity: 1,
        flags: Flags::FAST.with(Flags::LOADING).with(Flags::STALE),
        since: "3.0.0",
        summary: "Lets a replica answer reads of a client that would be redirected.",
        acl: Acl::CONNECTION,
        ..Spec::EMPTY
    },
    run: |ctx, args| read_here(ctx, args, true),
};

pub const READWRITE: Command = Command {
    spec: Spec {
        group: Group::Cluster,
        name: "readwrite",
        arity: 1,
        flags: Flags::FAST.with(Flags::LOADING).with(Flags::STALE),
        since: "3.0.0",
        summary: "Takes READONLY back.",
        acl: Acl::CONNECTION,
        ..Spec::EMPTY
    },
    run: |ctx, args| read_here(ctx, args, false),
};

/// Without a cluster this is for clients that are redirected (CLIENT CAPA), as in Valkey.
fn read_here(ctx: &mut Ctx<'_>, args: Args<'_>, reads: bool) -> Result {
    let client = &ctx.session.client;
    if !client.has_flag(flags::CAPA_REDIRECT) {
        return refuse(ctx, args);
    }
    client.set_flag(flags::READS_HERE, reads);
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::CLUSTER;
    use crate::testing::check;

    #[test]
    fn who_can_be_redirected_may_read_here() {
        let mut server = crate::testing::TestServer::new();
        let mut session = server.client();
        let mut run = |line: &str| server.run(&mut session, line);
        assert_eq!(run("CLIENT CAPA redirect"), "OK");
        assert_eq!(run("READONLY"), "OK");
        assert!(run("CLIENT INFO").contains(" flags=r "));
        assert_eq!(run("READWRITE"), "OK");
        assert!(run("CLIENT INFO").contains(" flags=N "));
        assert_eq!((run("READONLY"), run("RESET")), ("OK".to_owned(), "RESET".to_owned()));
        assert!(run("CLIENT INFO").contains(" flags=N "));
    }

    #[test]
    fn refuses_everything() {
        let refused = "ERR This instance has cluster support disabled";
        check("READONLY | READWRITE | ASKING", &[refused; 3].join(" | "));
        for command in CLUSTER.spec.subcommands {
            let words = usize::from(command.spec.arity.unsigned_abs() as u16).saturating_sub(2);
            check(&format!("CLUSTER {} {}", command.spec.name, "1 ".repeat(words)), refused);
        }
        check(
            "CLUSTER | CLUSTER nothing | CLUSTER KEYSLOT",
            "ERR wrong number of arguments for 'cluster' command | \
             ERR unknown subcommand 'nothing'. Try CLUSTER HELP. | \
             ERR wrong number of arguments for 'cluster|keyslot' command",
        );
    }
}
