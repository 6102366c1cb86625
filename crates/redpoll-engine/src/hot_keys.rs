//! HOTKEYS: which keys take the most time, and which the most bytes, while somebody asks.
//!
//! Nothing is counted, and a batch pays one load, while no tracking is on. While it is, the
//! heaviest keys are found by the space-saving algorithm (Metwally, Agrawal and El Abbadi, 2005): a
//! bounded number of keys is counted, and a new key takes the place, and the count, of the
//! lightest. A key that is heavier than its fair share is never missed, and its count is never too
//! low.

use crate::spec::Spec;
use parking_lot::Mutex;
use redpoll_resp::Args;
use redpoll_types::rng::{Rng, SmallRng};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Keys that are counted for each key that is to be told.
const PRECISION: usize = 10;

/// What is to be tracked, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Time spent.
    pub cpu: bool,
    /// Bytes received and sent.
    pub net: bool,
    /// How many keys are to be told.
    pub count: usize,
    /// When it ends by itself, in milliseconds; 0: never.
    pub duration_ms: i64,
    /// One command in so many is looked at.
    pub sample_ratio: u32,
}

/// A tracking and what it has found so far.
#[derive(Debug)]
pub struct Tracking {
    /// What was asked for.
    pub options: Options,
    /// When it began, in milliseconds since 1970.
    pub started: i64,
    /// When it was ended; `None`: it goes on.
    pub ended: Option<i64>,
    /// The process's time when it began, in milliseconds: in the program, and in the kernel.
    pub cpu_before_ms: (i64, i64),
    /// Time of all commands with keys, in nanoseconds.
    pub nanos: u64,
    /// Bytes of all commands with keys.
    pub bytes: u64,
    /// Bytes of the commands that were looked at.
    pub sampled_bytes: u64,
    /// Nanoseconds by key.
    pub by_time: Heaviest,
    /// Bytes by key.
    pub by_bytes: Heaviest,
}

/// See the module's head.
#[derive(Debug, Default)]
pub struct HotKeys {
    active: AtomicBool,
    tracking: Mutex<Option<Tracking>>,
}

/// One command that has run.
pub(crate) struct Seen<'a> {
    pub spec: &'a Spec,
    pub args: Args<'a>,
    pub nanos: u64,
    pub bytes: u64,
}

impl HotKeys {
    /// Whether commands are to be noted.
    #[inline(always)]
    pub fn is_active(&self) -> bool {
        self.active.load(Relaxed)
    }

    /// Begins a tracking and forgets the last one; answers false if one goes on.
    pub fn start(&self, options: Options, now: i64, cpu_before_ms: (i64, i64)) -> bool {
        let mut tracking = self.tracking.lock();
        self.end_in_time(&mut tracking, now);
        if self.is_active() {
            return false;
        }
        let heaviest = || Heaviest::new(options.count * PRECISION);
        *tracking = Some(Tracking {
            options,
            started: now,
            ended: None,
            cpu_before_ms,
            nanos: 0,
            bytes: 0,
            sampled_bytes: 0,
            by_time: heaviest(),
            by_bytes: heaviest(),
        });
        self.active.store(true, Relaxed);
        true
    }

    /// Ends the tracking; answers false if none goes on.
    pub fn stop(&self, now: i64) -> bool {
        let mut tracking = self.tracking.lock();
        self.end_in_time(&mut tracking, now);
        let stopped = self.active.swap(false, Relaxed);
        if let Some(tracking) = tracking.as_mut().filter(|_| stopped) {
            tracking.ended = Some(now);
        }
        stopped
    }

    /// Forgets what was found; answers false if a tracking goes on.
    pub fn reset(&self, now: i64) -> bool {
        let mut tracking = self.tracking.lock();
        self.end_in_time(&mut tracking, now);
        if !self.is_active() {
            *tracking = None;
        }
        !self.is_active()
    }

    /// Shows the tracking, if there is one.
    pub fn read<R>(&self, now: i64, show: impl FnOnce(&Tracking) -> R) -> Option<R> {
        let mut tracking = self.tracking.lock();
        self.end_in_time(&mut tracking, now);
        tracking.as_ref().map(show)
    }

    /// Ends a tracking whose time is over.
    fn end_in_time(&self, tracking: &mut Option<Tracking>, now: i64) {
        let Some(tracking) = tracking.as_mut().filter(|tracking| tracking.ended.is_none()) else {
            return;
        };
        let (end, duration) =
            (tracking.started + tracking.options.duration_ms, tracking.options.duration_ms);
        if duration > 0 && now >= end {
            tracking.ended = Some(end);
            self.active.store(false, Relaxed);
        }
    }

    /// Notes a command: its time and bytes count for its keys in equal parts.
    #[cold]
    pub(crate) fn note(&self, seen: &Seen<'_>, now: i64, rng: &mut SmallRng) {
        let keys = seen.spec.key_positions(seen.args);
        if keys.is_empty() {
            return;
        }
        let mut tracking = self.tracking.lock();
        self.end_in_time(&mut tracking, now);
        let Some(tracking) = tracking.as_mut().filter(|tracking| tracking.ended.is_none()) else {
            return;
        };
        tracking.nanos += seen.nanos;
        tracking.bytes += seen.bytes;
        let ratio = u64::from(tracking.options.sample_ratio);
        if ratio > 1 && rng.below(ratio) != 0 {
            return;
        }
        tracking.sampled_bytes += seen.bytes;
        let share = keys.len() as u64;
        for key in keys.iter().filter_map(|position| seen.args.get(position.index)) {
            if tracking.options.cpu {
                tracking.by_time.add(key, seen.nanos / share);
            }
            if tracking.options.net {
                tracking.by_bytes.add(key, seen.bytes / share);
            }
        }
    }
}

/// The heaviest of many keys, in bounded memory.
#[derive(Debug)]
pub struct Heaviest {
    max: usize,
    weights: HashMap<Arc<[u8]>, u64>,
    by_weight: BTreeSet<(u64, Arc<[u8]>)>,
}

impl Heaviest {
    /// Counts up to `max` keys.
    fn new(max: usize) -> Self {
        Heaviest { max, weights: HashMap::new(), by_weight: BTreeSet::new() }
    }

    fn add(&mut self, key: &[u8], weight: u64) {
        let (key, before) = match self.weights.remove_entry(key) {
            Some((key, before)) => {
                self.by_weight.remove(&(before, Arc::clone(&key)));
                (key, before)
            }
            None => (Arc::from(key), self.make_room()),
        };
        let weight = before + weight;
        self.by_weight.insert((weight, Arc::clone(&key)));
        self.weights.insert(key, weight);
    }

    /// Drops the lightest key if there is no room for another; answers what the new one inherits.
    fn make_room(&mut self) -> u64 {
        if self.weights.len() < self.max {
            return 0;
        }
        let Some((weight, lightest)) = self.by_weight.pop_first() else { return 0 };
        self.weights.remove(&lightest);
        weight
    }

    /// The heaviest keys with their weights, up to `count`.
    pub fn top(&self, count: usize) -> impl Iterator<Item = (&[u8], u64)> {
        let heaviest = self.by_weight.iter().rev().take(count);
        heaviest.filter(|(weight, _)| *weight > 0).map(|(weight, key)| (&**key, *weight))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heavy_keys_are_never_missed() {
        let mut heaviest = Heaviest::new(20);
        for round in 0..1000u32 {
            heaviest.add(format!("light{round}").as_bytes(), 1);
            heaviest.add(b"heavy", 3);
            heaviest.add(b"less", 2);
        }
        let top: Vec<(&[u8], u64)> = heaviest.top(2).collect();
        assert_eq!((top[0].0, top[1].0), (&b"heavy"[..], &b"less"[..]));
        assert!(top[0].1 >= 3000 && top[1].1 >= 2000, "{top:?}");
        assert_eq!(heaviest.weights.len(), 20);
        assert_eq!(heaviest.by_weight.len(), 20);
    }

    #[test]
    fn one_tracking_at_a_time() {
        let hot = HotKeys::default();
        let options = Options { cpu: true, count: 10, duration_ms: 50, ..Options::default() };
        assert!(!hot.stop(0));
        assert!(hot.start(options, 100, (0, 0)) && hot.is_active());
        assert!(!hot.start(options, 149, (0, 0)) && !hot.reset(149));
        assert_eq!(hot.read(200, |tracking| tracking.ended), Some(Some(150)));
        assert!(!hot.is_active() && !hot.stop(200));
        assert!(hot.start(options, 200, (0, 0)) && hot.stop(210));
        assert_eq!(hot.read(220, |tracking| tracking.ended), Some(Some(210)));
        assert!(hot.reset(220));
        assert_eq!(hot.read(220, |_| ()), None);
    }
}
