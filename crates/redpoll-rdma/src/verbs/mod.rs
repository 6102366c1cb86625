//! The verbs: devices, memory that they know of, queues of work, and how connections come about.
//! All `unsafe` code of the crate is here. What it rests on:
//!
//! * **The libraries are those that they say they are.** They are loaded under the names that stand
//!   for one binary interface ([`library`]), whose structures are declared in [`abi`].
//! * **Things end in order.** What the libraries have made is destroyed by the `Drop` of the one
//!   value that owns it, and whatever it needs is owned, or held by an `Arc`, by the same value and
//!   ends after it: a queue pair before its completion queues, these and regions before their
//!   domain, the domain before the device is let go of, an id before its channel.
//! * **A device reaches registered memory only.** Work requests name memory by a region's key and
//!   an address in it; the device refuses what lies outside, or a key that has been taken back. So
//!   a request that outlives its region fails and touches nothing, and pages are unmapped only when
//!   their region has been taken back ([`Region`]).
//! * **No reference to such memory**: see [`memory`].

#![allow(unsafe_code)]

mod abi;
mod address;
mod library;
mod manager;
mod memory;
mod queue;
mod region;

pub use library::{describe, library};
pub use manager::{Channel, Event, Happening, Id};
pub use memory::Pages;
pub use queue::{Batch, Bell, Completion, Done, Queue, QueuePair, Sizes};
pub use region::{Access, Domain, Limits, Region, Stable, devices};

use std::io;

/// A failure as librdmacm reports it (-1, and `errno`), or libibverbs (its number).
fn checked(code: libc::c_int) -> io::Result<()> {
    match code {
        0 => Ok(()),
        1.. => Err(io::Error::from_raw_os_error(code)),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Says what could not be done.
pub(crate) fn explained(what: &str, error: io::Error) -> io::Error {
    let advice = match error.raw_os_error() {
        Some(libc::ENOMEM) => " (is `ulimit -l`, the memory that may be locked, too small?)",
        Some(libc::ENODEV) => " (there is no RDMA device with this address)",
        _ => "",
    };
    io::Error::new(error.kind(), format!("{what}: {error}{advice}"))
}
