//! `libredpoll`: a connection to Redpoll through shared memory, for programs in C and in every
//! language that can call C.
//!
//! [`channel`] is what the library does, in safe Rust over `redpoll-shm`; [`ffi`] is what C sees of
//! it, and all `unsafe` code: pointers are checked there, errors become `errno`, and a panic ends
//! there. `include/redpoll.h` describes the interface and is compared with `ffi` by a test.
//! `include/redpoll_hiredis.h` puts hiredis on top; it is C, since the structures of hiredis are
//! C's business and differ from version to version.

#![deny(unsafe_code)]

mod channel;
mod ffi;
