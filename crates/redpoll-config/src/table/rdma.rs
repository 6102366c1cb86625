//! Connections that a network card carries.

use super::*;
use crate::config::Config;
use crate::directive::Flags;
use crate::kind::{Kind, Notation};
use crate::special::Special;
use crate::value::{Text, Value};
use std::sync::Arc;

directives! {
    after shared_memory::END;
    section "RDMA";

    rdma_port: Port(0), "rdma-port", [],
        "Port to listen on over RDMA, for clients and for replicas that sync; 0 listens on none.";
    rdma_bind: Addresses, "rdma-bind", [MULTI],
        "Addresses to listen on over RDMA; a leading `-` allows one to be missing.";
    rdma_rx_size: Bytes(1 << 20, 65536, 16 << 20), "rdma-rx-size", [IMMUTABLE],
        "Bytes of a client's memory for what it sends; as much is for what it is sent.";
    rdma_completion_vector: Int(-1, -1, 1024), "rdma-completion-vector", [IMMUTABLE],
        "Interrupt of the network card that tells of requests; -1 takes them in turn.";
}
