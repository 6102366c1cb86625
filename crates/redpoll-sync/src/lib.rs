//! The sync table: a primary's snapshot in shared memory that replicas read by themselves.
//!
//! For a first sync the snapshot is laid out once, as *chunks* in the slots of one memory area, and
//! any number of replicas read them by themselves: by mapping the area, by RDMA, or by asking for
//! their bytes. `docs/sync-protocol.md` describes every byte. This crate knows neither keys nor
//! sockets of the server; it is
//!
//! * [`memory`]: the area, and the view that another process has of it; all `unsafe` code is there;
//! * [`chunk`]: the header of a chunk, and how it is checked;
//! * [`window`]: who has which slot: one writer, readers, and what becomes of slow ones;
//! * [`wire`]: the lines by which primary and replica speak of chunks;
//! * [`carrier`]: the seam for the ways that chunks take; [`shm`], the one for one host; and
//!   [`rdma`], the one for cards that read memory by themselves.
//!
//! Neither side trusts the other: a replica checks each place and each chunk, a primary takes no
//! more from a replica than that it is done with chunks that it was given.

#![deny(unsafe_code)]

pub mod carrier;
pub mod chunk;
pub mod memory;
pub mod rdma;
pub mod shm;
pub mod token;
pub mod window;
pub mod wire;

pub use carrier::{Admits, Carrier, Export, Lane, Place};
pub use memory::{Area, View};
pub use token::Token;
pub use window::{Reader, Window};
