//! What the program does besides running commands: one file each.

pub mod bigkeys;
pub mod eval;
pub mod hotkeys;
pub mod intrinsic;
pub mod latency;
pub mod latency_dist;
pub mod lru;
pub mod pipe;
mod random;
pub mod scan;
mod scanner;
pub mod snapshot;
pub mod stat;
pub mod sync_stat;
