//! How long commands have taken of late, on this thread.
//!
//! It is told from what the thread has counted anyway: once in a while, what each command's calls
//! since the last look took. A worker lets short ones go first (`redpoll-server`'s `later.rs`).

use super::prepare::Plan;
use crate::stats::ThreadStats;

/// A call that takes so many nanoseconds is a long one: most take a hundredth of that.
const LONG: u64 = 10_000;
/// So is a batch that takes so many: the largest of usual commands take less.
const LONG_BATCH: u64 = 100_000;
/// Commands in the largest batch.
const BATCH_MAX: u64 = 64;

/// See the module's head.
pub(super) struct Slow {
    /// By the commands' numbers.
    commands: Box<[Known]>,
    /// Whether a batch can be long.
    any: bool,
}

#[derive(Clone, Copy, Default)]
struct Known {
    /// What had been counted at the last look.
    seen: Counted,
    /// Nanoseconds that a call takes.
    typical: u64,
}

#[derive(Clone, Copy, Default)]
struct Counted {
    calls: u64,
    /// The long ones of these.
    long: u64,
    nanos: u64,
}

impl Counted {
    /// What has been counted since `before`. After CONFIG RESETSTAT there is less than before: then
    /// this is all there is.
    fn since(self, before: Counted) -> Counted {
        let since = || {
            Some(Counted {
                calls: self.calls.checked_sub(before.calls)?,
                long: self.long.checked_sub(before.long)?,
                nanos: self.nanos.checked_sub(before.nanos)?,
            })
        };
        since().unwrap_or(self)
    }

    /// What a call takes: the mean. But the system takes the processor away now and then, for a
    /// thousand times what a command takes: one whose calls are mostly short is short.
    fn typical(self) -> u64 {
        let mean = self.nanos / self.calls;
        if 2 * self.long < self.calls { mean.min(LONG - 1) } else { mean.max(LONG) }
    }
}

impl Slow {
    /// Nothing is known yet of so many commands.
    pub(super) fn new(commands: usize) -> Self {
        Slow { commands: vec![Known::default(); commands].into(), any: false }
    }

    /// Whether a batch will take long: a command of it does, or all of them together.
    pub(super) fn is_long(&self, plan: &Plan) -> bool {
        if !self.any {
            return false;
        }
        let typical = |id: usize| self.commands.get(id).map_or(0, |known| known.typical);
        let mut sum = 0;
        plan.0.iter().filter_map(|prepared| prepared.command).any(|(_, id)| {
            sum += typical(id);
            typical(id) >= LONG || sum >= LONG_BATCH
        })
    }

    /// Learns from what has been counted since the last look. What has not been called since stays
    /// what it was.
    pub(super) fn learn(&mut self, stats: &ThreadStats) {
        for (known, counted) in self.commands.iter_mut().zip(&stats.commands) {
            let calls = counted.calls.get();
            if calls == known.seen.calls {
                continue;
            }
            let (long, nanos) = (counted.at_least(LONG), counted.nanos.get());
            let all = Counted { calls, long, nanos };
            let since = all.since(std::mem::replace(&mut known.seen, all));
            if since.calls > 0 {
                known.typical = since.typical();
            }
        }
        let longest = self.commands.iter().map(|known| known.typical).max();
        self.any = longest.is_some_and(|longest| longest * BATCH_MAX >= LONG_BATCH);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Stats;

    fn typical_after(slow: &mut Slow, stats: &ThreadStats, calls: &[(u64, u64)]) -> u64 {
        calls.iter().for_each(|(count, each)| stats.commands[1].called(*count, count * each));
        slow.learn(stats);
        assert_eq!(slow.commands[0].typical, 0);
        slow.commands[1].typical
    }

    #[test]
    fn a_command_is_what_it_was_of_late() {
        let stats = Stats::default().add_thread(2);
        let mut slow = Slow::new(2);
        let mut after = |calls: &[(u64, u64)]| typical_after(&mut slow, &stats, calls);
        assert_eq!(after(&[]), 0);
        assert_eq!(after(&[(1000, 200)]), 200);
        assert_eq!(after(&[(1, 20_000)]), 20_000, "whatever it took before");
        assert_eq!(after(&[]), 20_000, "nobody has called it since");
        assert_eq!(after(&[(10, 7_000)]), 7_000);
        assert!(after(&[(9, 200), (1, 4_000_000)]) < LONG, "the system has held one up");
    }

    #[test]
    fn counters_may_begin_anew() {
        let all = Stats::default();
        let stats = all.add_thread(2);
        let mut slow = Slow::new(2);
        assert_eq!(typical_after(&mut slow, &stats, &[(10, 100_000)]), 100_000);
        all.reset();
        assert_eq!(typical_after(&mut slow, &stats, &[]), 100_000);
        assert_eq!(typical_after(&mut slow, &stats, &[(5, 50_000)]), 50_000);
        all.reset();
        assert_eq!(typical_after(&mut slow, &stats, &[(10, 1_000)]), 1_000);
    }

    #[test]
    fn nothing_is_added_up_while_no_batch_can_be_long() {
        let stats = Stats::default().add_thread(2);
        let mut slow = Slow::new(2);
        typical_after(&mut slow, &stats, &[(1000, 900)]);
        assert!(!slow.any);
        typical_after(&mut slow, &stats, &[(1000, 2_000)]);
        assert!(slow.any);
    }
}
