//! Which commands have taken long of late, on this thread.
//!
//! It is told from what the thread has counted anyway: once in a while, how many of each command's
//! calls since the last look were long ones. (A mean would not do: the system takes the processor
//! away now and then, for a thousand times what a command takes.) A worker lets the others go first
//! (`redpoll-server`'s `later.rs`).

use crate::stats::ThreadStats;

/// A call that takes so many nanoseconds is a long one: most take a hundredth of that.
const LONG: u64 = 10_000;

/// See the module's head.
pub(super) struct Slow {
    /// By the commands' numbers.
    commands: Box<[Known]>,
    /// Whether any of them takes long.
    any: bool,
}

#[derive(Clone, Copy, Default)]
struct Known {
    /// Calls that had been counted at the last look, and the long ones among them.
    seen: (u64, u64),
    is_slow: bool,
}

impl Slow {
    /// No command is known yet; there are so many.
    pub(super) fn new(commands: usize) -> Self {
        Slow { commands: vec![Known::default(); commands].into(), any: false }
    }

    /// Whether there is a command that takes long.
    #[inline]
    pub(super) fn any(&self) -> bool {
        self.any
    }

    /// Whether the command of this number takes long.
    #[inline]
    pub(super) fn is(&self, id: usize) -> bool {
        self.commands.get(id).is_some_and(|known| known.is_slow)
    }

    /// Learns from what has been counted since the last look. What has not been called since stays
    /// what it was.
    pub(super) fn learn(&mut self, stats: &ThreadStats) {
        for (known, counted) in self.commands.iter_mut().zip(&stats.commands) {
            let calls = counted.calls.get();
            if calls == known.seen.0 {
                continue;
            }
            let all = (calls, counted.at_least(LONG));
            let before = std::mem::replace(&mut known.seen, all);
            // After CONFIG RESETSTAT there is less than before: then this is all there is.
            let since = |now: u64, before: u64| now.checked_sub(before).unwrap_or(now);
            let (calls, long) = (since(all.0, before.0), since(all.1, before.1));
            if calls > 0 {
                known.is_slow = 2 * long >= calls;
            }
        }
        self.any = self.commands.iter().any(|known| known.is_slow);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Stats;

    #[test]
    fn a_command_is_what_it_was_of_late() {
        let stats = Stats::default().add_thread(2);
        let mut slow = Slow::new(2);
        let mut after = |calls: &[(u64, u64)]| {
            calls.iter().for_each(|(count, each)| stats.commands[1].called(*count, count * each));
            slow.learn(&stats);
            assert!(!slow.is(0) && !slow.is(2));
            slow.is(1)
        };
        assert!(!after(&[]));
        assert!(!after(&[(1000, 200)]));
        assert!(after(&[(1, 20_000)]), "whatever it took before");
        assert!(after(&[]), "nobody has called it since");
        assert!(!after(&[(10, 7_000)]));
        assert!(!after(&[(100, 200), (1, 4_000_000)]), "the system has held one up");
    }

    #[test]
    fn counters_may_begin_anew() {
        let all = Stats::default();
        let stats = all.add_thread(1);
        let mut slow = Slow::new(1);
        stats.commands[0].called(10, 1_000_000);
        slow.learn(&stats);
        all.reset();
        slow.learn(&stats);
        stats.commands[0].called(5, 500_000);
        slow.learn(&stats);
        assert!(slow.is(0));
        all.reset();
        stats.commands[0].called(10, 1_000);
        slow.learn(&stats);
        assert!(!slow.is(0));
    }
}
