//! Where memory goes: the figures that INFO, MEMORY STATS and MEMORY DOCTOR share.

use super::process;
use super::survey::Survey;
use crate::prelude::*;
use redpoll_engine::client::{Client, ClientKind};
use redpoll_memory::AllocatorStats;
use std::sync::Arc;

/// All in bytes.
#[derive(Debug, Default)]
pub(super) struct MemoryFigures {
    pub used: usize,
    pub peak: usize,
    pub startup: usize,
    pub clients: usize,
    /// Those of them that are replicas.
    pub replicas: usize,
    /// Everything but the data: startup, clients, tables.
    pub overhead: usize,
    /// The data.
    pub dataset: usize,
    /// Physical memory.
    pub resident: usize,
    pub allocator: AllocatorStats,
    pub keys: usize,
}

impl MemoryFigures {
    pub fn take(ctx: &Ctx<'_>, survey: &Survey) -> Self {
        let used = ctx.engine.measure_memory();
        let all = ctx.engine.clients.all();
        let memory = |client: &Arc<Client>| client.memory();
        let is_replica = |client: &&Arc<Client>| client.kind() == ClientKind::Replica;
        let own = |clients: usize| clients + ctx.engine.replication.shared_bytes();
        let clients = own(all.iter().map(memory).sum());
        let replicas = own(all.iter().filter(is_replica).map(memory).sum());
        let startup = ctx.engine.startup_memory;
        let overhead = startup + clients + survey.overhead();
        MemoryFigures {
            used,
            peak: redpoll_memory::peak_memory(),
            startup,
            clients,
            replicas,
            overhead,
            dataset: used.saturating_sub(overhead),
            resident: process::resident_memory(),
            allocator: redpoll_memory::allocator_stats(),
            keys: survey.keys(),
        }
    }

    /// What has come since the start; at least 1, as it is divided by.
    fn net(&self) -> usize {
        self.used.saturating_sub(self.startup).max(1)
    }

    pub fn dataset_percent(&self) -> f64 {
        ratio(self.dataset, self.net()) * 100.0
    }

    pub fn peak_percent(&self) -> f64 {
        ratio(self.used, self.peak) * 100.0
    }

    pub fn bytes_per_key(&self) -> usize {
        self.net().checked_div(self.keys).unwrap_or(0)
    }

    /// Pages of the allocator against what it has handed out.
    pub fn allocator_fragmentation(&self) -> (f64, i64) {
        excess(self.allocator.active, self.allocator.allocated)
    }

    /// Physical memory of the allocator against its pages.
    pub fn allocator_rss(&self) -> (f64, i64) {
        excess(self.allocator.resident, self.allocator.active)
    }

    /// Physical memory of the process against that of the allocator.
    pub fn rss_overhead(&self) -> (f64, i64) {
        excess(self.resident, self.allocator.resident)
    }

    /// Physical memory of the process against what is in use.
    pub fn fragmentation(&self) -> (f64, i64) {
        excess(self.resident, self.used)
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// The ratio and the difference of two sizes.
fn excess(outer: usize, inner: usize) -> (f64, i64) {
    (ratio(outer, inner), outer as i64 - inner as i64)
}

/// A size for people: `1.50K`, `3.00M`.
pub(super) fn human(bytes: u64) -> String {
    if bytes < 1024 {
        return format!("{bytes}B");
    }
    let units = ["K", "M", "G", "T", "P", "E"];
    let exponent = (bytes.ilog2() / 10) as usize;
    let scaled = bytes as f64 / (1u64 << (10 * exponent)) as f64;
    format!("{scaled:.2}{}", units[exponent - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_for_people() {
        for (bytes, text) in [
            (0, "0B"),
            (1023, "1023B"),
            (1024, "1.00K"),
            (1536, "1.50K"),
            (1 << 20, "1.00M"),
            (5 << 29, "2.50G"),
            (u64::MAX, "16.00E"),
        ] {
            assert_eq!(human(bytes), text);
        }
    }

    #[test]
    fn nothing_is_divided_by_nothing() {
        let none = MemoryFigures::default();
        assert_eq!(none.dataset_percent(), 0.0);
        assert_eq!((none.peak_percent(), none.bytes_per_key()), (0.0, 0));
        assert_eq!(none.fragmentation(), (0.0, 0));
    }
}
