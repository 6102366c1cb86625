//! The cluster.

use super::*;
use crate::choice::ClusterEndpointType;
use crate::config::Config;
use crate::directive::Flags;
use crate::kind::{Kind, Notation};
use crate::value::Text;

directives! {
    after replication::END;
    section "Cluster";

    cluster_enabled: Bool(false), "cluster-enabled", [IMMUTABLE],
        "Be a node of a cluster.";
    cluster_config_file: Str("nodes.conf"), "cluster-config-file", [IMMUTABLE],
        "File the node keeps its view of the cluster in, written by the server only.";
    cluster_port: Port(0), "cluster-port", [IMMUTABLE],
        "Port of the bus between nodes; 0 takes `port` + 10000.";
    cluster_node_timeout: Int(15000, 0, LONG_MAX), "cluster-node-timeout", [],
        "Milliseconds after which a silent node is taken for failing.";
    cluster_replica_validity_factor: Int(10, 0, INT_MAX),
        "cluster-replica-validity-factor" | "cluster-slave-validity-factor", [],
        "Node timeouts a replica may have been cut off and still be promoted; 0: any.";
    cluster_migration_barrier: Int(1, 0, INT_MAX), "cluster-migration-barrier", [],
        "Replicas a primary keeps when another primary has none.";
    cluster_allow_replica_migration: Bool(true), "cluster-allow-replica-migration", [],
        "Let replicas move to primaries that have none.";
    cluster_require_full_coverage: Bool(true), "cluster-require-full-coverage", [],
        "Answer nothing while any slot is without a node.";
    cluster_replica_no_failover: Bool(false),
        "cluster-replica-no-failover" | "cluster-slave-no-failover", [],
        "Never promote this replica unless told to.";
    cluster_allow_reads_when_down: Bool(false), "cluster-allow-reads-when-down", [],
        "Answer reads of own slots while the cluster is down.";
    cluster_allow_pubsubshard_when_down: Bool(true), "cluster-allow-pubsubshard-when-down", [],
        "Allow sharded publish and subscribe while the cluster is down.";
    cluster_link_sendbuf_limit: Bytes(0, 0, ULONG_MAX), "cluster-link-sendbuf-limit", [],
        "Output waiting for another node before the link is cut; 0: any.";
    cluster_preferred_endpoint_type: Word(ClusterEndpointType, Ip),
        "cluster-preferred-endpoint-type", [],
        "By what clients are told to find a node.";
    cluster_announce_ip: OptStr, "cluster-announce-ip", [],
        "Address the node gives as its own.";
    cluster_announce_hostname: OptStr, "cluster-announce-hostname", [], check host_name,
        "Host name the node gives as its own.";
    cluster_announce_human_nodename: OptStr, "cluster-announce-human-nodename", [],
        check node_name,
        "Name of the node in logs, for people.";
    cluster_announce_port: Port(0), "cluster-announce-port", [],
        "Port the node gives as its own; 0 gives the real one.";
    cluster_announce_tls_port: Port(0), "cluster-announce-tls-port", [],
        "TLS port the node gives as its own; 0 gives the real one.";
    cluster_announce_bus_port: Port(0), "cluster-announce-bus-port", [],
        "Bus port the node gives as its own; 0 gives the real one.";
}
