//! `libredpoll_preload.so`: with it in `LD_PRELOAD`, the connections of an unchanged program to a
//! Redpoll on the same host go through shared memory.
//!
//! The library stands in front of the C library's functions for sockets. A connection to a Unix
//! socket is watched from `connect` on; as long as it is, every byte still goes over the socket.
//! Once a request has been answered and another is about to be written, with nothing outstanding,
//! the library asks the server for the memory, in between. Granted, the program's later reads and
//! writes go to the rings, and its waiting (`poll`, `select`, `epoll`) is answered by what the
//! rings hold. `docs/c.md` says which programs are served, and how.
//!
//! **On any doubt a connection stays what it is.** It is given up, for good, as soon as something
//! is seen that is not understood: a request that is no command, a reply that is none, a command
//! after which replies are not one a request, another thread that is in the middle of something.
//! Until the server has granted the memory nothing is different from a program without the library.
//!
//! * [`dialogue`]: reads along, to know when nothing is outstanding;
//! * [`connection`]: one connection, whichever way its bytes go; [`rings`]: those through the
//!   rings;
//! * [`table`]: which descriptor is which;
//! * [`waiting`]: `poll` and `select`; [`epoll`];
//! * [`border`]: the functions themselves, and the C library's behind them. All `unsafe` code is
//!   there.

#![deny(unsafe_code)]

#[cfg_attr(test, allow(dead_code))]
mod border;
#[cfg_attr(test, allow(dead_code))]
mod connection;
#[cfg_attr(test, allow(dead_code))]
mod dialogue;
#[cfg_attr(test, allow(dead_code))]
mod epoll;
#[cfg_attr(test, allow(dead_code))]
mod rings;
#[cfg_attr(test, allow(dead_code))]
mod settings;
#[cfg_attr(test, allow(dead_code))]
mod table;
#[cfg_attr(test, allow(dead_code))]
mod waiting;
