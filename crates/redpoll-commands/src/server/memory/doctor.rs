//! `MEMORY DOCTOR`: what is odd about the memory, in words.

use crate::prelude::*;
use crate::server::memory_figures::{MemoryFigures, human};
use crate::server::survey::Survey;

/// Below this, figures say nothing.
const SMALL: usize = 5 << 20;
/// Waste below this is not worth a word.
const WASTE_MIN: i64 = 10 << 20;
/// Buffers of a client beyond this, on the mean of all, are large.
const CLIENT_MAX: usize = 200 << 10;

pub(super) const DOCTOR: Command = Command {
    spec: Spec {
        name: "doctor",
        arity: 2,
        group: Group::Server,
        since: "4.0.0",
        summary: "Looks for problems with memory.",
        tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
        locks: Locks::Own,
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let survey = Survey::take(ctx);
    let figures = MemoryFigures::take(ctx, &survey);
    let report = report(&figures, ctx.engine.clients.len());
    ctx.reply.verbatim("txt", report.as_bytes());
    Ok(())
}

fn report(figures: &MemoryFigures, clients: usize) -> String {
    if figures.used < SMALL {
        let used = human(figures.used as u64);
        return format!("With only {used} in use there is nothing to examine yet.\n");
    }
    let wasteful = |(ratio, bytes): (f64, i64), limit: f64| ratio > limit && bytes > WASTE_MIN;
    let findings = [
        (
            figures.peak as f64 > figures.used as f64 * 1.5,
            "The peak was more than half above what is in use now. Pages of that time may still be \
             resident: MEMORY PURGE gives them back.",
        ),
        (
            wasteful(figures.fragmentation(), 1.4),
            "The process has far more physical memory than it uses. After a peak this is harmless, \
             and MEMORY PURGE helps; otherwise see the findings below.",
        ),
        (
            wasteful(figures.allocator_fragmentation(), 1.1),
            "The allocator's pages are not full: many values have been freed or have changed their \
             size. New data of the same sizes will fill them.",
        ),
        (
            wasteful(figures.allocator_rss(), 1.1),
            "The allocator keeps pages that hold nothing: MEMORY PURGE gives them back.",
        ),
        (
            wasteful(figures.rss_overhead(), 1.1),
            "Much physical memory belongs to the process but not to the allocator.",
        ),
        (
            figures.clients / clients.max(1) > CLIENT_MAX,
            "Clients have large buffers: CLIENT LIST shows which (fields qbuf, obl, omem). Slow \
             subscribers and very large replies do this.",
        ),
    ];
    let found: String = findings
        .iter()
        .filter(|(found, _)| *found)
        .map(|(_, text)| format!(" * {text}\n"))
        .collect();
    match found.is_empty() {
        true => "Nothing is odd about the memory of this server.\n".to_owned(),
        false => format!("This is odd about the memory of this server:\n\n{found}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redpoll_memory::AllocatorStats;

    fn healthy() -> MemoryFigures {
        let size = 100 << 20;
        let allocator =
            AllocatorStats { allocated: size, active: size, resident: size, mapped: size };
        MemoryFigures { used: size, peak: size, resident: size, allocator, ..Default::default() }
    }

    #[test]
    fn finds_what_is_odd() {
        assert!(report(&MemoryFigures::default(), 1).contains("nothing to examine"));
        assert!(report(&healthy(), 1).starts_with("Nothing is odd"));
        let after_peak = MemoryFigures { peak: 200 << 20, ..healthy() };
        assert!(report(&after_peak, 1).contains("The peak was"));
        let clients = MemoryFigures { clients: 10 << 20, ..healthy() };
        assert!(report(&clients, 10).contains("large buffers"));
        assert!(report(&clients, 1000).starts_with("Nothing is odd"));
        let resident = MemoryFigures { resident: 300 << 20, ..healthy() };
        assert_eq!(report(&resident, 1).matches(" * ").count(), 2);
    }

    #[test]
    fn answers() {
        let mut server = crate::testing::TestServer::new();
        let mut session = server.client();
        assert!(server.run(&mut session, "MEMORY DOCTOR").ends_with('\n'));
    }
}
