//! The server: what it is doing, how it is set up, and how it ends.

group! {
    acl: ACL;
    command: COMMAND;
    config: CONFIG;
    debug: DEBUG;
    info: INFO;
    lastsave: LASTSAVE;
    latency: LATENCY;
    lolwut: LOLWUT;
    memory: MEMORY;
    monitor: MONITOR;
    replicaof: REPLICAOF, SLAVEOF;
    role: ROLE;
    shutdown: SHUTDOWN;
    slowlog: SLOWLOG;
    time: TIME;
}

pub use info::everything;

mod local;
mod memory_figures;
mod process;
mod survey;
