//! First syncs from a sync table (`redpoll_sync`), both sides of it.
//!
//! As a primary, a thread lays the snapshot out, once for all replicas that read it ([`serve`]). As
//! a replica, the link's thread and its helpers read chunks by whatever carrier works and load them
//! ([`read::Table`]). What both say of chunks goes over the replication link, between
//! `+FULLRESYNC` and the stream.

mod carriers;
mod kept;
mod pieces;
pub mod read;
mod serve;
mod take;
mod tcp;

use redpoll_engine::replication::Replica;
pub use serve::serve;

/// Whether a replica can read a table.
pub fn is_for(replica: &Replica) -> bool {
    let announced = &replica.announced;
    announced.table
        && announced.eof
        && announced.named_offset
        && !announced.without_data
        && !announced.snapshot_only
}
