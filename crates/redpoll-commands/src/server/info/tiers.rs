//! INFO's section `Tiers`: what lies in DRAM and what in far memory, and what moves between them.

use super::text::Text;
use crate::prelude::*;
use crate::server::survey::Survey;
use redpoll_engine::tiers::{Usage, target};
use redpoll_memory::tiers::{FarUsage, far_usage, turned_away};
use std::sync::atomic::Ordering::Relaxed;

pub(super) fn write(text: &mut Text, ctx: &Ctx<'_>, _survey: &Survey) {
    let (config, tiers, usage) = (&ctx.engine.config, &ctx.engine.tiers, Usage::now());
    let (near, far) = ctx.engine.keyspace.tier_hits();
    text.field("tier_policy", config.memory_alloc_policy().name());
    text.field("tier_dram_bytes", usage.dram);
    text.field("tier_dram_limit", config.maxmemory_dram());
    text.field("tier_far_bytes", usage.far);
    text.decimal("tier_far_share", usage.far_share());
    text.decimal("tier_far_share_wanted", target(config).far_share());
    text.field("tier_dram_hits", near);
    text.field("tier_far_hits", far);
    text.field("tier_promotions", tiers.promotions.load(Relaxed));
    text.field("tier_promoted_bytes", tiers.promoted_bytes.load(Relaxed));
    text.field("tier_demotions", tiers.demotions.load(Relaxed));
    text.field("tier_demoted_bytes", tiers.demoted_bytes.load(Relaxed));
    text.field("tier_rounds", tiers.rounds.load(Relaxed));
    text.field("tier_far_full", turned_away());
    for (number, region) in far_usage().into_iter().enumerate() {
        let hits = ctx.engine.keyspace.region_hits(number);
        let facts = region_facts(&region, hits, near + far);
        let facts = facts.map(|(name, value)| format!(",{name}={value}")).concat();
        text.field(&format!("tier_far_{number}"), format!("name={}{facts}", region.name));
    }
}

/// What is told of a region, in which so many of all uses have found their value.
pub(in crate::server) fn region_facts(
    region: &FarUsage,
    hits: u64,
    uses: u64,
) -> [(&'static str, u64); 8] {
    let (up, down) = (region.promotions, region.demotions);
    [
        ("used", region.used as u64),
        ("limit", region.limit as u64),
        ("hits", hits),
        ("misses", uses.saturating_sub(hits)),
        ("promotions", up.0),
        ("promoted_bytes", up.1),
        ("demotions", down.0),
        ("demoted_bytes", down.1),
    ]
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    #[test]
    fn without_far_memory_everything_is_in_dram() {
        let mut server = TestServer::new();
        let mut session = server.client();
        let info = server.run(&mut session, "INFO tiers");
        assert!(info.starts_with("# Tiers\r\ntier_policy:only-dram\r\n"), "{info}");
        assert!(info.contains("tier_far_bytes:0\r\n"), "{info}");
    }
}
