//! Counters: what INFO, LATENCY HISTOGRAM and the metrics read.
//!
//! Each thread that executes commands counts in memory of its own, with plain loads and stores: no
//! line is shared between threads, and counting costs next to nothing. Readers add the threads up.

use parking_lot::{Mutex, RwLock};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

/// A counter with one writing thread and any number of readers.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds; only ever from the thread that owns the counter.
    #[inline(always)]
    pub fn add(&self, amount: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(amount), Relaxed);
    }

    /// Raises the value to `value` if it is lower; only ever from the thread that owns the counter.
    #[inline(always)]
    pub fn raise(&self, value: u64) {
        if value > self.0.load(Relaxed) {
            self.0.store(value, Relaxed);
        }
    }

    /// The present value.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    /// Back to 0. A count that its owner makes at the same moment may be lost.
    pub fn reset(&self) {
        self.0.store(0, Relaxed);
    }
}

/// Values in nanoseconds by order of magnitude: four buckets for each power of two.
#[derive(Debug)]
pub struct Histogram([Counter; Histogram::BUCKETS]);

impl Default for Histogram {
    fn default() -> Self {
        Histogram(std::array::from_fn(|_| Counter::default()))
    }
}

impl Histogram {
    /// Enough for values of up to an hour.
    pub const BUCKETS: usize = 44 * 4;

    fn bucket(nanos: u64) -> usize {
        let nanos = nanos.max(4);
        let log = nanos.ilog2() as usize;
        let fraction = (nanos >> (log - 2)) as usize & 3;
        (log * 4 + fraction - 8).min(Self::BUCKETS - 1)
    }

    /// Counts a value so many times.
    #[inline]
    pub fn record(&self, nanos: u64, count: u64) {
        self.0[Self::bucket(nanos)].add(count);
    }

    /// How many values are at least so many nanoseconds, up to what falls into the same bucket.
    fn at_least(&self, nanos: u64) -> u64 {
        self.0[Self::bucket(nanos)..].iter().map(Counter::get).sum()
    }

    /// The value in nanoseconds below which `percent` of the values lie; exact to a quarter of a
    /// power of two. 0 if there are none.
    pub fn percentile(&self, percent: f64) -> u64 {
        let counts: Vec<u64> = self.0.iter().map(Counter::get).collect();
        percentile_of(&counts, percent)
    }

    /// The largest value, in nanoseconds, that falls into a bucket.
    pub fn upper_bound(bucket: usize) -> u64 {
        let (log, fraction) = ((bucket + 8) / 4, (bucket + 8) % 4);
        ((5 + fraction as u64) << (log - 2)) - 1
    }
}

/// What one thread has counted of one command.
#[derive(Debug, Default)]
pub struct CommandStats {
    /// Executions.
    pub calls: Counter,
    /// Time in the command's function, in nanoseconds.
    pub nanos: Counter,
    /// Refused before execution.
    pub rejected: Counter,
    /// Ended with an error.
    pub failed: Counter,
    latencies: OnceLock<Box<Histogram>>,
}

impl CommandStats {
    /// Counts `count` executions (at least one) that took so long together.
    #[inline]
    pub fn called(&self, count: u64, nanos: u64) {
        self.calls.add(count);
        self.nanos.add(nanos);
        self.latencies.get_or_init(Box::default).record(nanos / count, count);
    }

    /// How many executions took at least so many nanoseconds, up to a quarter of that.
    pub fn at_least(&self, nanos: u64) -> u64 {
        self.latencies.get().map_or(0, |latencies| latencies.at_least(nanos))
    }

    fn reset(&self) {
        self.calls.reset();
        self.nanos.reset();
        self.rejected.reset();
        self.failed.reset();
        if let Some(latencies) = self.latencies.get() {
            latencies.0.iter().for_each(Counter::reset);
        }
    }
}

/// What one thread has counted.
#[derive(Debug, Default)]
pub struct ThreadStats {
    /// By the commands' numbers.
    pub commands: Box<[CommandStats]>,
    /// Commands executed.
    pub executed: Counter,
    /// Bytes received.
    pub bytes_in: Counter,
    /// Bytes sent.
    pub bytes_out: Counter,
    /// Reads that found their key.
    pub hits: Counter,
    /// Reads that did not.
    pub misses: Counter,
    /// Changes made.
    pub dirty: Counter,
    /// Keys that were removed because they had expired.
    pub expired: Counter,
    /// Fields of hashes that were removed because they had expired.
    pub expired_fields: Counter,
    /// Keys that were removed because memory was short.
    pub evicted: Counter,
    /// Error replies.
    pub errors: Counter,
    /// Turns of the event loop.
    pub turns: Counter,
    /// Time in the turns of the event loop, in microseconds.
    pub turn_micros: Counter,
    /// The longest turn since the last reset, in microseconds: what a client may have waited for
    /// others.
    pub longest_turn_micros: Counter,
    /// The most commands in one turn since the last reset.
    pub most_in_turn: Counter,
    /// Time in the timer's turns, in microseconds.
    pub timer_micros: Counter,
    /// Reads from sockets.
    pub reads: Counter,
    /// Writes to sockets.
    pub writes: Counter,
    /// Commands executed for clients of shared memory.
    pub ring_commands: Counter,
    /// Turns in which such a client had something to do.
    pub ring_turns: Counter,
    /// Such clients that were woken.
    pub ring_wakes: Counter,
    /// Wakes by such clients.
    pub ring_doorbells: Counter,
    /// Times that the thread looked at all rings in vain.
    pub spins: Counter,
    /// Times that it gave up looking at a ring until it is woken.
    pub parks: Counter,
    /// Times that it got up because it expected a request.
    pub expected: Counter,
    /// Times that the request came while it waited.
    pub met: Counter,
    /// Time that it waited so, in nanoseconds.
    pub expecting_nanos: Counter,
}

/// One command's counts over all threads.
#[derive(Clone, Debug, Default)]
pub struct CommandTotals {
    /// See [`CommandStats`].
    pub calls: u64,
    /// See [`CommandStats`].
    pub nanos: u64,
    /// See [`CommandStats`].
    pub rejected: u64,
    /// See [`CommandStats`].
    pub failed: u64,
    /// Executions by the bucket of [`Histogram`]; empty if there were none.
    pub latencies: Vec<u64>,
}

impl CommandTotals {
    /// The value in nanoseconds below which `percent` of the executions lie; exact to a quarter of
    /// a power of two.
    pub fn percentile(&self, percent: f64) -> u64 {
        percentile_of(&self.latencies, percent)
    }
}

/// The upper bound of the bucket below which `percent` of the counted values lie.
fn percentile_of(counts: &[u64], percent: f64) -> u64 {
    let total: u64 = counts.iter().sum();
    let wanted = ((total as f64 * percent / 100.0).ceil() as u64).max(1);
    let mut seen = 0;
    for (bucket, count) in counts.iter().enumerate() {
        seen += count;
        if seen >= wanted {
            return Histogram::upper_bound(bucket);
        }
    }
    0
}

/// All counters of the server.
#[derive(Default)]
pub struct Stats {
    threads: RwLock<Vec<Arc<ThreadStats>>>,
    /// Connections accepted.
    pub connections: AtomicU64,
    /// Connections refused because of maxclients.
    pub rejected_connections: AtomicU64,
    /// Commands of a primary's stream, or of the log, that have failed.
    pub unexpected_errors: AtomicU64,
    /// Connections that MIGRATE keeps for another use.
    pub migrate_sockets: AtomicU64,
    /// Clients closed because their replies grew too large.
    pub output_limit_disconnects: AtomicU64,
    /// Clients closed because their requests grew too large.
    pub query_limit_disconnects: AtomicU64,
    /// Clients closed because all of them together took too much memory.
    pub evicted_clients: AtomicU64,
    /// Transactions executed, and those refused because of WATCH.
    pub exec_aborted: AtomicU64,
    /// How late the last expired keys were, at worst, in milliseconds (decays).
    pub expire_lag_ms: AtomicI64,
    /// How late expired keys were, in nanoseconds.
    pub expire_lag: Histogram,
    errors: Mutex<BTreeMap<String, u64>>,
    /// Dirty count at the last save.
    pub saved_dirty: AtomicU64,
}

/// Beyond so many different codes, errors are only counted as a whole.
const ERROR_CODES_MAX: usize = 128;

/// What those are counted as.
const OTHER_ERRORS: &str = "ERRORSTATS_OVERFLOW";

impl Stats {
    /// Counters for a thread that executes commands; `commands` is their number.
    pub fn add_thread(&self, commands: usize) -> Arc<ThreadStats> {
        let commands = (0..commands).map(|_| CommandStats::default()).collect();
        let thread = Arc::new(ThreadStats { commands, ..ThreadStats::default() });
        self.threads.write().push(Arc::clone(&thread));
        thread
    }

    /// Adds something up over the threads.
    pub fn sum(&self, counter: impl Fn(&ThreadStats) -> &Counter) -> u64 {
        self.threads.read().iter().map(|thread| counter(thread).get()).sum()
    }

    /// The largest value of a counter over the threads.
    pub fn max(&self, counter: impl Fn(&ThreadStats) -> &Counter) -> u64 {
        self.threads.read().iter().map(|thread| counter(thread).get()).max().unwrap_or(0)
    }

    /// One command's counts.
    pub fn command(&self, id: usize) -> CommandTotals {
        let mut totals = CommandTotals::default();
        for thread in self.threads.read().iter() {
            let stats = &thread.commands[id];
            totals.calls += stats.calls.get();
            totals.nanos += stats.nanos.get();
            totals.rejected += stats.rejected.get();
            totals.failed += stats.failed.get();
            if let Some(latencies) = stats.latencies.get() {
                totals.latencies.resize(Histogram::BUCKETS, 0);
                for (total, counter) in totals.latencies.iter_mut().zip(&latencies.0) {
                    *total += counter.get();
                }
            }
        }
        totals
    }

    /// Counts an error reply by its code word.
    pub fn error(&self, message: &str) {
        let code = message.split(' ').next().unwrap_or_default();
        let mut errors = self.errors.lock();
        if let Some(count) = errors.get_mut(code) {
            *count += 1;
        } else if errors.len() < ERROR_CODES_MAX {
            errors.insert(code.to_owned(), 1);
        } else {
            *errors.entry(OTHER_ERRORS.to_owned()).or_insert(0) += 1;
        }
    }

    /// The error replies by their code words.
    pub fn errors(&self) -> Vec<(String, u64)> {
        self.errors.lock().iter().map(|(code, count)| (code.clone(), *count)).collect()
    }

    /// Time in commands, in nanoseconds.
    pub fn command_nanos(&self) -> u64 {
        let threads = self.threads.read();
        let commands = threads.iter().flat_map(|thread| thread.commands.iter());
        commands.map(|command| command.nanos.get()).sum()
    }

    /// CONFIG RESETSTAT.
    pub fn reset(&self) {
        for thread in self.threads.read().iter() {
            thread.commands.iter().for_each(CommandStats::reset);
            for counter in [
                &thread.executed,
                &thread.bytes_in,
                &thread.bytes_out,
                &thread.hits,
                &thread.misses,
                &thread.expired,
                &thread.expired_fields,
                &thread.evicted,
                &thread.errors,
                &thread.turns,
                &thread.turn_micros,
                &thread.longest_turn_micros,
                &thread.most_in_turn,
                &thread.timer_micros,
                &thread.reads,
                &thread.writes,
            ] {
                counter.reset();
            }
        }
        for counter in [
            &self.connections,
            &self.rejected_connections,
            &self.unexpected_errors,
            &self.output_limit_disconnects,
            &self.query_limit_disconnects,
            &self.evicted_clients,
        ] {
            counter.store(0, Relaxed);
        }
        self.errors.lock().clear();
    }

    /// Changes since the last save.
    pub fn dirty(&self) -> u64 {
        self.sum(|thread| &thread.dirty).saturating_sub(self.saved_dirty.load(Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_bound_their_values() {
        for nanos in (0..2000).chain([1 << 20, (1 << 20) + 1, 3_999_999_999]) {
            let bucket = Histogram::bucket(nanos);
            assert!(nanos <= Histogram::upper_bound(bucket), "{nanos}");
            assert!(bucket == 0 || nanos > Histogram::upper_bound(bucket - 1), "{nanos}");
        }
        assert_eq!(Histogram::bucket(u64::MAX), Histogram::BUCKETS - 1);
    }

    #[test]
    fn codes_of_errors_are_bounded() {
        let stats = Stats::default();
        (0..200).for_each(|number| stats.error(&format!("CODE{number} text")));
        stats.error("CODE7 text");
        let errors = stats.errors();
        assert_eq!(errors.len(), ERROR_CODES_MAX + 1);
        let count = |code: &str| errors.iter().find(|(known, _)| known == code).map(|(_, n)| *n);
        assert_eq!((count("CODE7"), count(OTHER_ERRORS)), (Some(2), Some(72)));
    }

    #[test]
    fn percentiles() {
        let stats = Stats::default();
        let thread = stats.add_thread(1);
        (0..99).for_each(|_| thread.commands[0].called(1, 1000));
        thread.commands[0].called(1, 1_000_000);
        let totals = stats.command(0);
        assert_eq!(totals.calls, 100);
        assert!((1000..1280).contains(&totals.percentile(50.0)));
        assert!((1_000_000..1_310_000).contains(&totals.percentile(100.0)));
    }
}
