//! The allocator and its accounting: how much memory the process uses, and where it lies; and what
//! a thread asks the kernel for that fills much of it.
//!
//! jemalloc serves every allocation. It is built with 8-byte size classes (see
//! `.cargo/config.toml`), so that a small entry of 40 bytes takes 40; [`Allocator`] passes on the
//! alignments that such classes do not give by themselves.
//!
//! This crate may use `unsafe`: it is the door to the C allocator. Each block says why it is sound.

mod allocator;
pub mod huge;
pub mod nap;
pub mod slices;
pub mod tiers;
mod usage;

pub use allocator::Allocator;
pub use usage::{
    AllocatorStats, allocator_stats, enable_background_purging, peak_memory, purge,
    register_thread, thread_balance, used_memory,
};
