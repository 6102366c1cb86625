//! Two tiers of memory: DRAM, and memory that is larger, cheaper and farther away.
//!
//! What is far is named by the operator ([`FarSpec`]): a NUMA node without processors (persistent
//! memory in KMEM DAX mode, CXL expanders), a DAX device mapped directly, or a file. All far
//! regions lie in one fixed range of addresses, so that a free tells the tiers apart by a few bits
//! of the address and there is one free for both; each region is served by a jemalloc arena of its
//! own, whose extents come from the region and whose bookkeeping stays in DRAM.
//!
//! - Payloads ask where to go ([`with_capacity`], [`place`], [`settle`]). Whatever does not ask
//!   (index, keys, headers, buffers, nodes) lies in DRAM always.
//! - [`Rule`] says which sizes go far; [`Controller`] moves it towards a ratio.
//! - Contents are scratch: after a restart everything comes from RDB and AOF.
//!
//! ```text
//! payload --asks--> placement (a size) --far--> arena of the first region with room --full--> DRAM
//!    |                                                                                (counted)
//!    +--freed and resized by address, in the global allocator
//! ```

mod arena;
mod controller;
pub(crate) mod payload;
mod placement;
pub(crate) mod region;
mod shared;
mod spec;
mod usage;

pub use controller::{CLASSES, Controller, Reading, Target};
pub use payload::{
    Tier, copy, copy_far, place, region_of, relocate, relocate_box, settle, settle_box, tier_of,
    with_capacity,
};
pub use placement::{APART_MIN, Rule, may_lie_with_key, sizes_placed};
pub use region::{FarError, install};
pub use shared::Shared;
pub use spec::{BadSpec, FarSpec};
pub use usage::{FarUsage, REGIONS_MAX, far_usage, far_used, turned_away};
