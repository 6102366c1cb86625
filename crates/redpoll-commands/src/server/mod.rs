//! The server: what it is doing, how it is set up, and how it ends.

group! {
    monitor: MONITOR;
}
