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

    /// Whether one of those waits that this holds for.
    pub fn any(&self, holds: impl Fn(&Replica) -> bool) -> bool {
        self.0.iter().any(|waiter| holds(&waiter.replica))
    }

    /// Takes those out that wait no longer, in groups that share a snapshot: one with keys is not
    /// for whom wants none, and a table not for whom cannot read it. A way without patience is not
    /// to be had now. Who cannot take a snapshot of unknown length does not wait for others, as in
    /// Redis, and takes its group along.
    pub fn due(
        &mut self,
        (stream, table): (Option<Patience>, Option<Patience>),
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
            (Way::Stream, stream, with_data),
            (Way::Stream, stream, without_data),
        ] {
            let over = |waiter: &Waiter, patience: Patience| {
                let waited = now - waiter.since;
                !waiter.replica.announced.eof || patience.is_over(group.len(), waited)
            };
            let is_due = |patience| group.iter().any(|waiter| over(waiter, patience));
            if !patience.is_some_and(is_due) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use redpoll_engine::client::Client;
    use redpoll_engine::replication::Announced;

    fn replica(announced: Announced) -> Arc<Replica> {
        Arc::new(Replica::new(Client::nobody(), announced, 0))
    }

    #[test]
    fn nobody_is_served_by_a_way_that_is_not_to_be_had() {
        let mut waiting = Waiting::default();
        let eof = Announced { eof: true, ..Announced::default() };
        let old = Announced::default();
        let table = Announced { table: true, ..eof.clone() };
        for announced in [eof, old, table] {
            waiting.add(replica(announced), 0);
        }
        let at_once = Some(Patience { delay_ms: 0, enough: 0 });
        let reads = |replica: &Replica| replica.announced.table;
        assert!(waiting.due((None, None), reads, 9).is_empty());
        let due = waiting.due((None, at_once), reads, 9);
        let ways: Vec<_> = due.iter().map(|(way, group)| (*way, group.len())).collect();
        assert_eq!(ways, [(Way::Table, 1)]);
        let due = waiting.due((at_once, None), reads, 9);
        let ways: Vec<_> = due.iter().map(|(way, group)| (*way, group.len())).collect();
        assert_eq!(ways, [(Way::Stream, 2)]);
        assert!(waiting.is_empty());
    }

    #[test]
    fn who_needs_the_length_takes_its_group_along() {
        let mut waiting = Waiting::default();
        let patience = Some(Patience { delay_ms: 1000, enough: 0 });
        let none = |_: &Replica| false;
        waiting.add(replica(Announced { eof: true, ..Announced::default() }), 0);
        assert!(waiting.due((patience, None), none, 10).is_empty());
        waiting.add(replica(Announced::default()), 10);
        assert_eq!(waiting.due((patience, None), none, 10).len(), 1);
        assert!(waiting.is_empty());
    }
}
