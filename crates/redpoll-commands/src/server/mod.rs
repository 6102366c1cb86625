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
    save: SAVE, BGSAVE;
    shutdown: SHUTDOWN;
    slowlog: SLOWLOG;
    time: TIME;
}

mod local;
mod memory_figures;
mod process;
mod survey;
