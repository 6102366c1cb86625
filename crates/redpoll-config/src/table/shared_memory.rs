//! Clients on the same host that talk through memory.

use super::*;
use crate::config::Config;
use crate::directive::Flags;
use crate::kind::{Kind, Notation};

directives! {
    after network::END;
    section "Shared memory";

    shm_enabled: Bool(true), "shm-enabled", [],
        "Let clients of the Unix socket go over to shared memory (SHM.OPEN).";
    shm_ring_size: Bytes(1 << 20, 4096, 1 << 30), "shm-ring-size", [],
        "Bytes of a ring, rounded up to a power of two; each client has two.";
    shm_max_connections: Count(10000, 0, INT_MAX), "shm-max-connections", [],
        "Clients that may use shared memory at once.";
    shm_poll_threads: Count(1, 1, 64), "shm-poll-threads", [IMMUTABLE],
        "Threads that serve clients of shared memory; each may keep a core busy while they are.";
    shm_spin_us: Count(50, 0, 1000000), "shm-spin-us", [],
        "Microseconds a thread goes on looking for requests before it sleeps; 0 never looks twice.";
    shm_expect_us: Count(8000, 0, 1000000), "shm-expect-us", [],
        "Microseconds a second that threads may look ahead for requests that come regularly.";
    shm_legacy: Bool(false), "shm-legacy", [],
        "Serve clients of the older protocol too, who bring the memory (SHM.OPEN 1 name).";
}
