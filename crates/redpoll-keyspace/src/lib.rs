//! The keyspace: lock-striped segmented hash tables, expiry, watches and waiters.
//!
//! Start with [`Keyspace`] (how stripes are locked) and [`Keys`] (what a command sees). [`table`]
//! and [`entry`] hold the data; [`wheel`] knows what expires when, and [`db`] keeps the two in
//! step; [`effect`] is what follows from a write; [`snapshot`] captures all of it at one moment;
//! [`tiering`] moves values between DRAM and far memory.
//!
//! Invariants: no I/O, and no clock but the one that [`clock`] reads when a wheel is made; `unsafe`
//! only in `entry`, `lock` and `table`; locks are taken in ascending order of stripes.

pub mod access;
pub mod clock;
pub mod courtesy;
pub mod db;
pub mod effect;
pub mod entry;
pub mod evict;
mod hash;
pub mod heat;
mod keys;
mod keyspace;
mod lens;
pub mod lock;
mod log;
pub mod readers;
pub mod snapshot;
pub mod stripe;
pub mod table;
pub mod tiering;
pub mod watch;
pub mod wheel;

pub use hash::KeyHash;
pub use keys::{Emptied, Expiry, Keys, Owned, Saved, StrRef, View, When, WrongType, type_of};
pub use keyspace::{Garbage, Indexed, Keyspace};
pub use log::LogSwitch;
