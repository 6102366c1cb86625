//! INFO's section `Memory`: where the memory goes.

use super::text::Text;
use crate::prelude::*;
use crate::server::memory_figures::{MemoryFigures, human};
use crate::server::process;
use crate::server::survey::Survey;
use redpoll_engine::tiers::Usage;
use std::sync::atomic::Ordering::Relaxed;

pub(super) fn write(text: &mut Text, ctx: &Ctx<'_>, survey: &Survey) {
    let figures = MemoryFigures::take(ctx, survey);
    usage(text, &figures);
    tiers(text, ctx);
    scripts(text, ctx);
    let config = &ctx.engine.config;
    both(text, "maxmemory", config.maxmemory());
    text.field("maxmemory_policy", config.maxmemory_policy().name());
    ratios(text, &figures);
    text.field("mem_not_counted_for_evict", ctx.engine.uncounted());
    let replication = &ctx.engine.replication;
    let backlog = replication.facts().backlog.map_or(0, |(_, bytes)| bytes);
    text.field("mem_replication_backlog", backlog);
    text.field("mem_total_replication_buffers", backlog + replication.waiting_bytes());
    text.field("mem_clients_slaves", figures.replicas);
    text.field("mem_clients_normal", figures.clients - figures.replicas);
    text.zeros(&["mem_cluster_links"]);
    text.field("mem_aof_buffer", ctx.engine.persistence.aof.buffered.load(Relaxed));
    text.field("mem_allocator", "jemalloc-5.3.0");
    text.zeros(&["active_defrag_running"]);
    let (pending, freed) = ctx.engine.keyspace.lazy_counts();
    text.field("lazyfree_pending_objects", pending);
    text.field("lazyfreed_objects", freed);
}

fn usage(text: &mut Text, figures: &MemoryFigures) {
    both(text, "used_memory", figures.used as u64);
    both(text, "used_memory_rss", figures.resident as u64);
    both(text, "used_memory_peak", figures.peak as u64);
    percent(text, "used_memory_peak_perc", figures.peak_percent());
    text.field("used_memory_overhead", figures.overhead);
    text.field("used_memory_startup", figures.startup);
    text.field("used_memory_dataset", figures.dataset);
    percent(text, "used_memory_dataset_perc", figures.dataset_percent());
    text.field("allocator_allocated", figures.allocator.allocated);
    text.field("allocator_active", figures.allocator.active);
    text.field("allocator_resident", figures.allocator.resident);
    both(text, "total_system_memory", process::system_memory() as u64);
}

/// The fields that MemKeyDB has, where there is far memory.
fn tiers(text: &mut Text, ctx: &Ctx<'_>) {
    if ctx.engine.config.far_memory().is_empty() {
        return;
    }
    let usage = Usage::now();
    text.field("pmem_threshold", ctx.engine.tiers.threshold.load(Relaxed));
    both(text, "used_memory_dram", usage.dram);
    both(text, "used_memory_pmem", usage.far);
}

fn scripts(text: &mut Text, ctx: &Ctx<'_>) {
    let scripts = &ctx.engine.scripts;
    let states = scripts.state_bytes() as u64;
    let (libraries, functions) = scripts.library_counts();
    let sources: usize = scripts.libraries().iter().map(|library| library.code.len()).sum();
    text.field("used_memory_lua", states);
    text.field("used_memory_vm_eval", states);
    text.field("used_memory_lua_human", human(states));
    text.field("used_memory_scripts_eval", scripts.script_bytes());
    text.field("number_of_cached_scripts", scripts.script_count());
    text.field("number_of_functions", functions);
    text.field("number_of_libraries", libraries);
    // Scripts and functions run in the same Lua states.
    text.field("used_memory_vm_functions", 0);
    both(text, "used_memory_vm_total", states);
    text.field("used_memory_functions", sources);
    both(text, "used_memory_scripts", (scripts.script_bytes() + sources) as u64);
}

fn ratios(text: &mut Text, figures: &MemoryFigures) {
    for (name, (ratio, bytes)) in [
        ("allocator_frag", figures.allocator_fragmentation()),
        ("allocator_rss", figures.allocator_rss()),
        ("rss_overhead", figures.rss_overhead()),
        ("mem_fragmentation", figures.fragmentation()),
    ] {
        text.decimal(&format!("{name}_ratio"), ratio);
        text.field(&format!("{name}_bytes"), bytes);
    }
}

/// A size, and the same for people.
fn both(text: &mut Text, name: &str, bytes: u64) {
    text.field(name, bytes);
    text.field(&format!("{name}_human"), human(bytes));
}

fn percent(text: &mut Text, name: &str, value: f64) {
    text.field(name, format_args!("{value:.2}%"));
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    #[test]
    fn fields_stand_in_the_order_of_redis() {
        let mut server = TestServer::new();
        let mut session = server.client();
        server.run(&mut session, "CONFIG SET maxmemory 10mb maxmemory-policy allkeys-lru");
        let info = server.run(&mut session, "INFO memory");
        let names: Vec<&str> =
            info.lines().skip(1).filter_map(|line| line.split(':').next()).collect();
        assert_eq!(names.len(), 51, "{names:?}");
        assert_eq!(names[..3], ["used_memory", "used_memory_human", "used_memory_rss"]);
        assert!(info.contains("maxmemory:10485760\r\nmaxmemory_human:10.00M\r\n"), "{info}");
        assert!(info.contains("maxmemory_policy:allkeys-lru\r\n"), "{info}");
    }
}
