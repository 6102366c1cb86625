//! LATENCY: spikes of named events, as the latency monitor of Redis keeps them.

use parking_lot::Mutex;
use std::collections::{BTreeMap, VecDeque};

/// Samples kept for each event.
const SAMPLES_MAX: usize = 160;

/// One event's history.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// The worst ever, in milliseconds.
    pub max: u64,
    /// Time in seconds since 1970 and the worst latency within that second in milliseconds, oldest
    /// first.
    pub samples: VecDeque<(i64, u64)>,
}

/// See the module's head.
#[derive(Default)]
pub struct Latency(Mutex<BTreeMap<&'static str, Series>>);

impl Latency {
    /// Notes that an event took so many milliseconds, if that is at least the threshold (0: off).
    pub fn add(&self, event: &'static str, millis: u64, threshold: u64, now_seconds: i64) {
        if threshold == 0 || millis < threshold {
            return;
        }
        let mut events = self.0.lock();
        let series = events.entry(event).or_default();
        series.max = series.max.max(millis);
        match series.samples.back_mut() {
            Some((time, worst)) if *time == now_seconds => *worst = (*worst).max(millis),
            _ => {
                series.samples.push_back((now_seconds, millis));
                if series.samples.len() > SAMPLES_MAX {
                    series.samples.pop_front();
                }
            }
        }
    }

    /// The history of one event.
    pub fn series(&self, event: &str) -> Option<Series> {
        self.0.lock().get(event).cloned()
    }

    /// All events with their histories.
    pub fn all(&self) -> Vec<(&'static str, Series)> {
        self.0.lock().iter().map(|(event, series)| (*event, series.clone())).collect()
    }

    /// Forgets the named events, or all; returns how many there were.
    pub fn reset(&self, events: &[&str]) -> usize {
        let mut all = self.0.lock();
        let before = all.len();
        all.retain(|event, _| {
            !events.is_empty() && !events.iter().any(|wanted| wanted.eq_ignore_ascii_case(event))
        });
        before - all.len()
    }
}
