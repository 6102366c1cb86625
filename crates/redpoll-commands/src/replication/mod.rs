//! Primaries and replicas.

group! {
    psync: PSYNC, SYNC;
    replconf: REPLCONF;
    replicaof: REPLICAOF, SLAVEOF;
    role: ROLE;
}
