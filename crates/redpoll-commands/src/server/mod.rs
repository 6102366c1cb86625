//! The server: what it is doing, how it is set up, and how it ends.

group! {
    command: COMMAND;
    config: CONFIG;
    monitor: MONITOR;
}

mod local;
