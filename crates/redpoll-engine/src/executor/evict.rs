//! Keeping below `maxmemory`: who needs memory makes room first.
//!
//! Before each command the worker looks whether more is in use than may be. Then it samples the
//! keyspace and removes the best candidate, until enough is free, nothing is left that may go, or
//! the command has waited long enough; the rest is the timer's. Several workers may do so at once:
//! each holds one stripe's lock at a time, for about a microsecond.
//!
//! To add up the memory of all threads for every command would cost a miss for each thread. So a
//! worker that has looked may allocate its share of what is left, within the same millisecond,
//! before it looks again.

use super::Executor;
use crate::engine::Engine;
use crate::session::Session;
use redpoll_keyspace::evict::{Policy, Pool};
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// Keys evicted between two looks at the clock.
const UNTIMED: u32 = 16;
/// How often and for how long a command waits for what is being freed in the background, when
/// nothing else can go.
const PATIENCE: u32 = 20;
const NAP: Duration = Duration::from_micros(250);
/// One in so many bytes of the limit may be exceeded for merges of indexes.
const MERGES_PART: u64 = 8;

/// What a thread that evicts keeps from one time to the next.
#[derive(Default)]
pub(super) struct Evictor {
    pool: Pool,
    /// The thread's balance up to which it need not look at the others', and until when that holds.
    headroom: i64,
    looked: i64,
}

/// How it went.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// There is room.
    Room,
    /// Not yet, but keys are left that may go.
    Unfinished,
    /// Nothing is left that may go.
    Full,
}

impl Executor {
    /// Evicts keys until the memory limit is kept. False if it is exceeded and nothing is left to
    /// evict. No stripe may be locked by the caller.
    #[inline]
    pub(super) fn make_room(&mut self, session: &mut Session, now: i64) -> bool {
        let evictor = &self.evictor;
        if evictor.looked == now && redpoll_memory::thread_balance() < evictor.headroom {
            return true;
        }
        let micros = self.settings.eviction_micros;
        self.free_memory(Some(session), micros, now) != Outcome::Full
    }

    /// The timer's part: evicts for up to so many microseconds. Answers whether there is more to
    /// do.
    pub fn evict_due(&mut self, micros: u64, now: i64) -> bool {
        self.refresh_settings();
        self.settings.maxmemory > 0 && self.free_memory(None, micros, now) == Outcome::Unfinished
    }

    #[cold]
    fn free_memory(&mut self, mut own: Option<&mut Session>, micros: u64, now: i64) -> Outcome {
        let engine = self.engine.clone();
        let limit = self.settings.maxmemory;
        if engine.replication.is_replica() && engine.config.replica_ignore_maxmemory() {
            // Its primary says DEL.
            return Outcome::Room;
        }
        if engine.pause.holds(true, now).is_some() {
            return Outcome::Room;
        }
        let left = engine.memory_left(limit);
        if left >= 0 {
            // Half of what is left, so that the shares of all threads never exceed it.
            let share = left / (2 * (engine.process.workers as i64 + 1));
            self.evictor.headroom = redpoll_memory::thread_balance() + share;
            self.evictor.looked = now;
            engine.excess.note(false, now);
            return Outcome::Room;
        }
        self.evictor.looked = 0;
        let (started, mut naps, mut evicted) = (Instant::now(), 0, 0);
        // What the keys held is added up, and not what is in use measured anew: to tell those who
        // cache the keys takes memory as well, and must not make more of them go.
        let mut needed = left.unsigned_abs() as usize;
        let outcome = loop {
            let Some(policy) = self.settings.eviction else { break Outcome::Full };
            if let Some(freed) = self.evict_one(&policy, own.as_deref_mut(), now) {
                evicted += 1;
                needed = needed.saturating_sub(freed);
                if needed == 0 {
                    break Outcome::Room;
                }
                if evicted % UNTIMED == 0 && started.elapsed().as_micros() as u64 >= micros {
                    break Outcome::Unfinished;
                }
                continue;
            }
            // What is to be freed counts as free by an estimate that may be too low.
            if engine.keyspace.lazy_counts().0 == 0 || naps == PATIENCE {
                break Outcome::Full;
            }
            naps += 1;
            std::thread::sleep(NAP);
            if engine.memory_left(limit) >= 0 {
                break Outcome::Room;
            }
        };
        engine.excess.note(outcome != Outcome::Room, now);
        if evicted > 0 {
            let (threshold, millis) = (self.settings.latency_threshold_ms, started.elapsed());
            engine.latency.add("eviction-cycle", millis.as_millis() as u64, threshold, now / 1000);
        }
        outcome
    }

    /// Evicts a key and answers about how many bytes that frees. `None`: none may go.
    fn evict_one(&mut self, policy: &Policy, own: Option<&mut Session>, now: i64) -> Option<usize> {
        let Executor { engine, evictor: Evictor { pool, .. }, rng, .. } = self;
        // A sample may find only keys that are used before they go: rarely once, hardly ever more
        // often.
        for _ in 0..8 {
            if engine.keyspace.sample(policy, pool, rng, now) == 0 {
                return None;
            }
            while let Some(candidate) = pool.take() {
                let mut keys = engine.keyspace.keys_one(candidate.hash, candidate.db, now);
                Self::attend(engine, &self.settings, &mut keys);
                if let Some(freed) = keys.evict(&candidate, policy) {
                    Self::settle(engine, &self.stats, &mut keys, own);
                    return Some(freed);
                }
            }
        }
        None
    }
}

impl Engine {
    /// Bytes that do not count against the limit, as evicting keys would only make them more: what
    /// waits for replicas and for the append-only file, and what snapshots that are being taken
    /// still need of what has gone. Nor does, up to a part of the limit, what merges of indexes
    /// take for a while: keys would be gone for good.
    pub fn uncounted(&self) -> usize {
        let log = self.persistence.aof.buffered.load(Relaxed);
        let most = usize::try_from(self.config.maxmemory() / MERGES_PART).unwrap_or(usize::MAX);
        let merges = self.search.merging_bytes().min(most);
        log + self.replication.waiting_bytes() + self.keyspace.held_bytes() + merges
    }

    /// How many bytes are left below a limit; negative if it is exceeded. What is being freed and
    /// what is [`uncounted`](Self::uncounted) is not counted.
    pub fn memory_left(&self, limit: u64) -> i64 {
        let used = self.measure_memory();
        let soon_free = self.keyspace.lazy_bytes() + self.client_memory.doomed();
        let uncounted = soon_free + self.uncounted();
        i64::try_from(limit).unwrap_or(i64::MAX) - used.saturating_sub(uncounted) as i64
    }
}
