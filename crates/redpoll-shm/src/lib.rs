//! The shared-memory transport: two rings in a sealed memory file, and how two processes come to
//! share it.
//!
//! A client asks for the memory over its Unix socket; from then on requests and replies run through
//! two rings in it, and the socket only tells that a side has died, or wakes one that sleeps.
//! `docs/shm-protocol.md` describes every byte; this crate is that document in code, for the server
//! and for clients of any kind, and depends on nothing but system calls.
//!
//! * [`layout`]: where everything lies in the memory;
//! * [`ring`]: one producer, one consumer, bytes in between, and the words by which a side that
//!   sleeps is woken;
//! * [`Memory`]: the memory file, made, sealed, mapped and checked; all `unsafe` code is there;
//! * [`handshake`]: the request, and the answer that carries the descriptor;
//! * [`Channel`]: the server's side; [`Client`]: the client's;
//! * [`legacy`]: the server's side of the older protocol.
//!
//! Neither side trusts the other. A counter of the other side is read once and checked before it is
//! used, and bytes are copied out before anybody looks at them.

#![deny(unsafe_code)]

mod atomics;
#[cfg(not(loom))]
pub mod bell;
#[cfg(not(loom))]
pub mod channel;
#[cfg(not(loom))]
pub mod client;
#[cfg(not(loom))]
pub mod handshake;
#[cfg(all(miri, test))]
mod interpreted;
pub mod layout;
#[cfg(not(loom))]
pub mod legacy;
#[cfg(not(loom))]
mod memory;
#[cfg(all(loom, test))]
mod model;
pub mod ring;
#[cfg(not(loom))]
pub mod spin;

#[cfg(not(loom))]
pub use channel::Channel;
#[cfg(not(loom))]
pub use client::{Client, Link, Opened, Receiver, Sender, Want, Woken};
#[cfg(not(loom))]
pub use memory::{Half, Memory};
pub use ring::{Consumer, Producer, Violation};
