//! The connection itself: login, protocol, database, and what clients are connected.

group! {
    auth: AUTH;
    client: CLIENT;
    echo: ECHO;
    hello: HELLO;
    ping: PING;
    quit: QUIT;
    reset: RESET;
    select: SELECT;
    shm_open: SHM_OPEN;
}

pub(crate) use hello::{REDIS_VERSION, VALKEY_VERSION};

pub(crate) mod login;
mod names;
