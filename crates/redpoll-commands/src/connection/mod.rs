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
}

mod login;
mod names;
