//! Which groups of a stream have changed since a moment.
//!
//! WATCH is not told of what happens to groups, as on Redis. But groups are shared by reference
//! counting: as long as somebody holds a group as it was, whoever changes it makes another one. So
//! two groups are the same if and only if they lie at the same address, which costs nobody
//! anything who does not ask, and tells each group from the others.

use super::producers::Producers;
use super::{Group, Stream, StreamId};
use std::collections::BTreeMap;
use triomphe::Arc;

type Groups = BTreeMap<Box<[u8]>, Arc<Group>>;

/// The groups of a stream at one moment, and where its entries ended.
pub struct Mark {
    groups: Groups,
    producers: Option<Arc<Producers>>,
    end: StreamId,
}

/// Whether a group is what it was; also where there is none.
fn is_same(one: Option<&Arc<Group>>, other: Option<&Arc<Group>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (None, None) => true,
        _ => false,
    }
}

impl Stream {
    /// What tells later what has changed.
    pub fn mark(&self) -> Mark {
        let inner = &*self.inner;
        let (groups, producers) = (inner.groups.clone(), inner.producers.clone());
        Mark { groups, producers, end: inner.log.last_id() }
    }

    /// Whether all groups, and what is known of producers, are as they were at the mark.
    pub fn has_kept(&self, mark: &Mark) -> bool {
        let same_producers = match (&self.inner.producers, &mark.producers) {
            (Some(now), Some(then)) => Arc::ptr_eq(now, then),
            (None, None) => true,
            _ => false,
        };
        same_producers && mark.changed(self).next().is_none()
    }

    /// Whether groups that have changed in `made`, a copy of what this stream was at the mark, can
    /// take their places here: they are still what they were. If entries have been added here
    /// meanwhile, no group may have come upon the end of them: `reads_new` says that new ones
    /// were read.
    pub fn can_take(&self, made: &Stream, mark: &Mark, (grown, reads_new): (bool, bool)) -> bool {
        mark.changed(made).all(|name| {
            let before = mark.groups.get(name);
            let far_from_end = made.group(name).is_none_or(|group| match reads_new {
                true => group.last_delivered() < mark.end,
                // Whatever it has pending was there.
                false => group.last_pending().is_none_or(|last| last <= mark.end),
            });
            is_same(self.inner.groups.get(name), before) && (far_from_end || !grown)
        })
    }

    /// Takes over the groups that have changed in `made`, if [`Stream::can_take`] says that this is
    /// possible.
    pub fn take_groups(&mut self, made: &Stream, mark: &Mark) {
        for name in mark.changed(made) {
            match made.inner.groups.get(name) {
                Some(group) => self.inner.groups.insert(name.into(), Arc::clone(group)),
                None => self.inner.groups.remove(name),
            };
        }
    }
}

impl Mark {
    /// The names of the groups of a stream that are not what they were.
    fn changed<'m>(&'m self, now: &'m Stream) -> impl Iterator<Item = &'m [u8]> {
        let groups = &now.inner.groups;
        let new = groups.keys().filter(|name| !self.groups.contains_key(*name));
        let old = self.groups.iter();
        let old = old.filter(|(name, then)| !is_same(groups.get(*name), Some(*then)));
        old.map(|(name, _)| name).chain(new).map(|name| &**name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::stream::{Threshold, Trim};

    fn stream(entries: u64) -> Stream {
        let mut stream = Stream::new();
        (1..=entries).for_each(|ms| add(&mut stream, ms));
        for name in [b"a", b"b"] {
            assert!(stream.create_group(name, StreamId::MIN, None));
        }
        stream
    }

    fn add(stream: &mut Stream, ms: u64) {
        let words = [&b"f"[..], b"v"].into_iter();
        stream.log_mut().add(StreamId::new(ms, 0), words, &Limits::default());
    }

    fn deliver(stream: &mut Stream, group: &[u8], up_to: u64) {
        let (group, log) = stream.group_mut(group).expect("a group");
        let (consumer, _) = group.consumer_or_new(b"c", 1);
        for entry in log.range(StreamId::MIN, StreamId::new(up_to, 0)) {
            group.read(entry.id, log);
            group.assign(entry.id, consumer, 1, 1);
        }
    }

    const ADDED: (bool, bool) = (true, true);

    #[test]
    fn one_group_does_not_disturb_another() {
        let mut live = stream(9);
        let (mark, mut made) = (live.mark(), live.clone());
        assert!(live.has_kept(&mark));
        deliver(&mut made, b"a", 5);
        deliver(&mut live, b"b", 7);
        add(&mut live, 10);
        assert!(!live.has_kept(&mark) && live.can_take(&made, &mark, ADDED));
        live.take_groups(&made, &mark);
        let pending = |name| live.group(name).map(Group::pending_count);
        assert_eq!((pending(b"a"), pending(b"b"), live.log().len()), (Some(5), Some(7), 10));
    }

    #[test]
    fn a_group_that_has_changed_is_not_overwritten() {
        let mut live = stream(9);
        let (mark, mut made) = (live.mark(), live.clone());
        deliver(&mut made, b"a", 5);
        let changes: [fn(&mut Stream); 3] = [
            |live| deliver(live, b"a", 1),
            |live| drop(live.destroy_group(b"a")),
            |live| {
                drop(live.destroy_group(b"a"));
                live.create_group(b"a", StreamId::MIN, None);
            },
        ];
        for change in changes {
            let mut live = live.clone();
            change(&mut live);
            assert!(!live.can_take(&made, &mark, (false, true)));
        }
        let trim = Trim { until: Threshold::Len(1), approximate: false, limit: None };
        assert_eq!(live.log_mut().trim(&trim, None).count, 8);
        assert!(live.has_kept(&mark));
    }

    #[test]
    fn what_has_read_up_to_the_end_would_have_read_on() {
        let live = stream(9);
        let (mark, mut made) = (live.mark(), live.clone());
        deliver(&mut made, b"a", 9);
        assert!(live.can_take(&made, &mark, (false, true)));
        assert!(!live.can_take(&made, &mark, ADDED));
        assert!(live.can_take(&made, &mark, (true, false)));
    }

    #[test]
    fn groups_that_come_and_go() {
        let mut live = stream(1);
        let (mark, mut made) = (live.mark(), live.clone());
        drop(made.destroy_group(b"a"));
        made.create_group(b"new", StreamId::MIN, None);
        assert!(!made.has_kept(&mark) && live.can_take(&made, &mark, ADDED));
        live.take_groups(&made, &mark);
        let names: Vec<&[u8]> = live.groups().map(|(name, _)| name).collect();
        assert_eq!(names, [&b"b"[..], b"new"]);
    }
}
