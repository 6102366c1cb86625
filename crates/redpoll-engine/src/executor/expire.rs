//! Removing expired keys without being asked: in slices that hold one stripe's lock for
//! microseconds.

use super::Executor;
use redpoll_keyspace::lock::unless_busy;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

/// Keys removed under one lock: about 30 microseconds.
const SLICE: usize = 100;

impl Executor {
    /// Removes all keys whose time has come by `now`. Returns their number.
    pub fn expire_due(&mut self, now: i64) -> u64 {
        let engine = self.engine.clone();
        if !engine.active_expire.load(Relaxed) {
            return 0;
        }
        if engine.pause.holds(true, now).is_some() {
            return 0;
        }
        if engine.keyspace.is_passive() {
            return match engine.own_expiry.is_empty() {
                true => 0,
                false => self.expire_own(now),
            };
        }
        self.refresh_settings();
        if self.settings.import_mode {
            return 0;
        }
        let started = Instant::now();
        let mut removed = 0;
        let mut all_ready = Vec::new();
        for stripe in 0..engine.keyspace.stripes() {
            let mut more = engine.keyspace.next_due(stripe) <= now;
            while more {
                let mut keys = engine.keyspace.keys(0, now);
                Self::attend(&engine, &self.settings, &mut keys);
                // Not to wait for a script that may take minutes.
                let slice = unless_busy(|| engine.keyspace.expire(stripe, SLICE, &mut keys, now));
                let Ok(left) = slice else { return removed };
                more = left;
                removed += u64::from(keys.effects.expired);
                let lags = std::mem::take(&mut keys.effects.rare().lags_ms);
                self.note_lag(&lags);
                // Now, each by itself: nothing joins keys that happen to go at the same time.
                keys.unlock();
                all_ready.append(&mut Self::settle(&engine, &self.stats, &mut keys, None));
            }
        }
        if removed > 0 {
            let (threshold, millis) = (self.settings.latency_threshold_ms, started.elapsed());
            engine.latency.add("expire-cycle", millis.as_millis() as u64, threshold, now / 1000);
        }
        if !all_ready.is_empty() {
            self.serve_unasked(all_ready, now);
        }
        removed
    }

    /// Removes those keys whose time has come that clients have written on a replica. Returns their
    /// number.
    fn expire_own(&mut self, now: i64) -> u64 {
        self.refresh_settings();
        let engine = self.engine.clone();
        let (mut last, mut removed) = (None, 0);
        let mut all_ready = Vec::new();
        loop {
            let slice = engine.own_expiry.slice(last.as_ref());
            let Some(end) = slice.last() else { break };
            last = Some(end.clone());
            for key in &slice {
                let mut keys = engine.keyspace.keys(key.0, now);
                keys.lock_key(&key.1);
                Self::attend(&engine, &self.settings, &mut keys);
                keys.set_reaps(true);
                let expires = keys.peek(&key.1).is_some_and(|entry| entry.expiry().is_some());
                // To look at it removes it, if its time has come.
                let stays = keys.contains(&key.1);
                removed += u64::from(keys.effects.expired);
                if !expires || !stays {
                    engine.own_expiry.forget(key);
                }
                all_ready.append(&mut Self::settle(&engine, &self.stats, &mut keys, None));
            }
        }
        if !all_ready.is_empty() {
            self.serve_unasked(all_ready, now);
        }
        removed
    }

    /// When [`Executor::expire_due`] may find something next, in milliseconds since 1970.
    pub fn next_expiry(&self) -> i64 {
        let keyspace = &self.engine.keyspace;
        (0..keyspace.stripes()).map(|stripe| keyspace.next_due(stripe)).min().unwrap_or(i64::MAX)
    }

    fn note_lag(&self, lags_ms: &[i64]) {
        let stats = &self.engine.stats;
        for &lag in lags_ms {
            stats.expire_lag.record(u64::try_from(lag).unwrap_or(0).saturating_mul(1_000_000), 1);
        }
        if let Some(&worst) = lags_ms.iter().max() {
            stats.expire_lag_ms.store(worst, Relaxed);
        }
    }
}
