//! `MEMORY STATS`: the figures of INFO's section on memory, and more, as a map.

use crate::prelude::*;
use crate::server::info::region_facts;
use crate::server::memory_figures::MemoryFigures;
use crate::server::survey::Survey;
use redpoll_engine::tiers::Usage;
use redpoll_memory::tiers::{FarUsage, far_usage};
use std::sync::atomic::Ordering::Relaxed;

pub(super) const STATS: Command = Command {
    spec: Spec {
        name: "stats",
        arity: 2,
        group: Group::Server,
        since: "4.0.0",
        summary: "Returns where the memory goes.",
        tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
        locks: Locks::Own,
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let survey = Survey::take(ctx);
    let figures = MemoryFigures::take(ctx, &survey);
    let dbs = survey.dbs.iter().enumerate().filter(|(_, db)| db.keys > 0);
    let ratios = [
        ("allocator-fragmentation.ratio", figures.allocator_fragmentation()),
        ("allocator-rss.ratio", figures.allocator_rss()),
        ("rss-overhead.ratio", figures.rss_overhead()),
        ("fragmentation", figures.fragmentation()),
    ];
    let regions = far_usage();
    let tiers = if regions.is_empty() { 0 } else { 3 + regions.len() };
    ctx.reply.map(29 + tiers + dbs.clone().count());
    sizes(ctx, &figures);
    far_memory(ctx, &regions);
    for (number, db) in dbs {
        ctx.reply.bulk(format!("db.{number}").as_bytes());
        ctx.reply.map(3);
        count(ctx, "overhead.hashtable.main", db.overhead);
        // Expiries lie in the entries, and their wheel is counted with the table.
        count(ctx, "overhead.hashtable.expires", 0);
        count(ctx, "overhead.hashtable.slot-to-keys", 0);
    }
    totals(ctx, &figures);
    for (name, (ratio, bytes)) in ratios {
        ctx.reply.bulk(name.as_bytes());
        ctx.reply.double(ratio);
        let difference = format!("{}.bytes", name.trim_end_matches(".ratio"));
        ctx.reply.bulk(difference.as_bytes());
        ctx.reply.int(bytes);
    }
    Ok(())
}

fn sizes(ctx: &mut Ctx<'_>, figures: &MemoryFigures) {
    count(ctx, "peak.allocated", figures.peak);
    count(ctx, "total.allocated", figures.used);
    count(ctx, "startup.allocated", figures.startup);
    let backlog = ctx.engine.replication.facts().backlog.map_or(0, |(_, bytes)| bytes);
    count(ctx, "replication.backlog", backlog);
    count(ctx, "clients.slaves", 0);
    count(ctx, "clients.normal", figures.clients);
    count(ctx, "cluster.links", 0);
    count(ctx, "aof.buffer", 0);
    count(ctx, "lua.caches", ctx.engine.scripts.script_bytes());
    count(ctx, "functions.caches", 0);
    let usage = Usage::now();
    count(ctx, "tiers.dram", usage.dram as usize);
    count(ctx, "tiers.far", usage.far as usize);
}

/// What MemKeyDB calls the two tiers, and each region of far memory, where there is any.
fn far_memory(ctx: &mut Ctx<'_>, regions: &[FarUsage]) {
    if regions.is_empty() {
        return;
    }
    let usage = Usage::now();
    count(ctx, "pmem_threshold", ctx.engine.tiers.threshold.load(Relaxed));
    count(ctx, "used_memory_dram", usage.dram as usize);
    count(ctx, "used_memory_pmem", usage.far as usize);
    let (near, far) = ctx.engine.keyspace.tier_hits();
    for (number, region) in regions.iter().enumerate() {
        let hits = ctx.engine.keyspace.region_hits(number);
        let facts = region_facts(region, hits, near + far);
        ctx.reply.bulk(format!("far.{number}").as_bytes());
        ctx.reply.map(1 + facts.len());
        ctx.reply.bulk(b"name");
        ctx.reply.bulk(region.name.as_bytes());
        for (name, value) in facts {
            count(ctx, name, value as usize);
        }
    }
}

fn totals(ctx: &mut Ctx<'_>, figures: &MemoryFigures) {
    count(ctx, "overhead.total", figures.overhead);
    count(ctx, "keys.count", figures.keys);
    count(ctx, "keys.bytes-per-key", figures.bytes_per_key());
    count(ctx, "dataset.bytes", figures.dataset);
    ctx.reply.bulk(b"dataset.percentage");
    ctx.reply.double(figures.dataset_percent());
    ctx.reply.bulk(b"peak.percentage");
    ctx.reply.double(figures.peak_percent());
    count(ctx, "allocator.allocated", figures.allocator.allocated);
    count(ctx, "allocator.active", figures.allocator.active);
    count(ctx, "allocator.resident", figures.allocator.resident);
}

fn count(ctx: &mut Ctx<'_>, name: &str, value: usize) {
    ctx.reply.bulk(name.as_bytes());
    ctx.reply.count(value);
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    #[test]
    fn is_a_map_with_its_databases() {
        let mut server = TestServer::new();
        let mut session = server.client();
        server.run(&mut session, "HELLO 3");
        server.run(&mut session, "SET k v");
        let stats = server.run(&mut session, "MEMORY STATS");
        assert!(stats.starts_with("{peak.allocated ") && stats.ends_with('}'), "{stats}");
        assert!(stats.contains(" db.0 {overhead.hashtable.main "), "{stats}");
        assert!(stats.contains(" keys.count 1 "), "{stats}");
        let raw = server.raw(&mut session, "MEMORY STATS");
        assert!(raw.starts_with(b"%30\r\n"));
        assert_eq!(server.run(&mut session, "PING"), "PONG");
    }
}
