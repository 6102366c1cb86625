//! The server: what it is doing, how it is set up, and how it ends.

group! {
    acl: ACL;
    background: BACKGROUND;
    bgrewriteaof: BGREWRITEAOF;
    command: COMMAND;
    commandlog: COMMANDLOG;
    config: CONFIG;
    debug: DEBUG;
    hotkeys: HOTKEYS;
    info: INFO;
    lastsave: LASTSAVE;
    latency: LATENCY;
    lolwut: LOLWUT;
    memory: MEMORY;
    module: MODULE;
    monitor: MONITOR;
    save: SAVE, BGSAVE;
    shutdown: SHUTDOWN;
    slowlog: SLOWLOG;
    time: TIME;
}

pub use info::everything;

mod local;
mod memory_figures;
mod process;
mod survey;
