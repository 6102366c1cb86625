//! Replicas that wait for a full sync. Each waits a while for others that may share its snapshot.

use redpoll_engine::replication::Replica;
use redpoll_sync::window::READERS_MAX;
use std::sync::Arc;

/// How a group of replicas is to get its snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// They read it from a table.
    Table,
    /// It is sent to them.
    Stream,
}

/// For how long a replica waits for others.
#[derive(Clone, Copy)]
pub struct Patience {
    /// So many milliseconds (`repl-diskless-sync-delay`).
    pub delay_ms: i64,
    /// Or until so many wait (`repl-diskless-sync-max-replicas`); 0 is any number.
    pub enough: usize,
}

impl Patience {
    /// Whether a group of so many waits no longer, the first of which has waited for so long.
    fn is_over(&self, count: usize, waited_ms: i64) -> bool {
        waited_ms >= self.delay_ms || (self.enough > 0 && count >= self.enough)
    }
}

/// See the module's head.
#[derive(Default)]
pub struct Waiting(Vec<Waiter>);

struct Waiter {
    replica: Arc<Replica>,
    /// In milliseconds since 1970.
    since: i64,
}

impl Waiting {
    /// One more.
    pub fn add(&mut self, replica: Arc<Replica>, now: i64) {
        self.0.push(Waiter { replica, since: now });
    }

    /// Forgets those that are not to be kept.
    pub fn retain(&mut self, keep: impl Fn(&Replica) -> bool) {
        self.0.retain(|waiter| keep(&waiter.replica));
    }

    /// How many milliseconds after `now` somebody will have waited for one of these, at least 1;
    /// `None`: nobody will.
    pub fn next(&self, delays_ms: [i64; 2], now: i64) -> Option<i64> {
        let lefts = self.0.iter().flat_map(|waiter| {
            delays_ms.map(|delay| waiter.since.saturating_add(delay).saturating_sub(now))
        });
        lefts.filter(|left| *left > 0).min()
    }

    /// Whether anybody waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes those out that wait no longer, in groups that share a snapshot: one with keys is not
    /// for whom wants none, and a table (which goes by `table`, or is not to be had now) not for
    /// whom cannot read it. Who cannot take a snapshot of unknown length does not wait, as in
    /// Redis, and takes its group along.
    pub fn due(
        &mut self,
        (stream, table): (Patience, Option<Patience>),
        reads: impl Fn(&Replica) -> bool,
        now: i64,
    ) -> Vec<(Way, Vec<Arc<Replica>>)> {
        let waiting = std::mem::take(&mut self.0);
        let (readers, others): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|waiter| reads(&waiter.replica));
        let (without_data, with_data): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|waiter| waiter.replica.announced.without_data);
        let mut due = Vec::new();
        for (way, patience, mut group) in [
            (Way::Table, table, readers),
            (Way::Stream, Some(stream), with_data),
            (Way::Stream, Some(stream), without_data),
        ] {
            let over = |waiter: &Waiter| {
                let is_over = |it: Patience| it.is_over(group.len(), now - waiter.since);
                !waiter.replica.announced.eof || patience.is_some_and(is_over)
            };
            if !group.iter().any(over) {
                self.0.extend(group);
                continue;
            }
            if way == Way::Table {
                let later = group.split_off(group.len().min(READERS_MAX));
                self.0.extend(later);
            }
            due.push((way, group.into_iter().map(|waiter| waiter.replica).collect()));
        }
        due
    }

    /// Does something for each.
    pub fn each(&self, act: impl Fn(&Replica)) {
        self.0.iter().for_each(|waiter| act(&waiter.replica));
    }
}
