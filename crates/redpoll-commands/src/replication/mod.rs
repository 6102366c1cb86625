//! Primaries and replicas.

group! {
    failover: FAILOVER;
    psync: PSYNC, SYNC;
    replconf: REPLCONF;
    replicaof: REPLICAOF, SLAVEOF;
    role: ROLE;
}
