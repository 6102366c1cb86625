//! The live configuration, shared by all threads.
//!
//! Numbers, booleans, words and output limits are mirrored in atomics: their getters take no lock
//! and cost a load. All values, those included, stand in one list behind a lock, which CONFIG GET,
//! CONFIG SET and REWRITE work on and which gives texts and lists as cheap clones. A reader on a
//! hot path that needs a text keeps it and compares [`Config::generation`], which grows with every
//! change.
//!
//! A reader may see one number of a CONFIG SET before another; nothing here depends on two at once.

use crate::directive::{Flags, find, row};
use crate::error::ValueError;
use crate::glob::{glob_match, has_wildcard};
use crate::kind::Stage;
use crate::load::Extras;
use crate::table::{COUNT, DIRECTIVES};
use crate::value::{BufferLimit, ClientClass, Text, Value};
use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The value of every directive. Share it as `Arc<Config>`.
pub struct Config {
    /// Mirrors of values that are numbers, by row. Written only with `values` locked.
    numbers: [AtomicI64; COUNT],
    /// Mirrors of the output limits, by class: hard bytes, soft bytes, soft seconds.
    limits: [[AtomicU64; 3]; 3],
    /// All values by row; the truth.
    values: RwLock<Vec<Value>>,
    /// Grows after every change has become visible.
    generation: AtomicU64,
    /// Held by a CONFIG SET or REWRITE from its start to its end, hooks included.
    changing: Mutex<()>,
    /// Where CONFIG REWRITE writes.
    config_file: Option<PathBuf>,
    /// Directives of the files that are not settings.
    extras: Extras,
}

impl Config {
    /// The defaults, with the current directory as `dir`.
    #[must_use]
    pub fn new() -> Self {
        Self::with(default_values(), Extras::default(), None)
    }

    pub(crate) fn with(values: Vec<Value>, extras: Extras, config_file: Option<PathBuf>) -> Self {
        let config = Self {
            numbers: [const { AtomicI64::new(0) }; COUNT],
            limits: [const { [const { AtomicU64::new(0) }; 3] }; 3],
            values: RwLock::new(Vec::new()),
            generation: AtomicU64::new(0),
            changing: Mutex::new(()),
            config_file,
            extras,
        };
        for (index, value) in values.iter().enumerate() {
            config.mirror(index, value);
        }
        *config.write_values() = values;
        config
    }

    /// The file the configuration was read from, absolute: what INFO shows and CONFIG REWRITE
    /// writes.
    #[must_use]
    pub fn config_file(&self) -> Option<&Path> {
        self.config_file.as_deref()
    }

    /// Users, renamed commands and modules the files ask for, for the server to carry out.
    #[must_use]
    pub fn extras(&self) -> &Extras {
        &self.extras
    }

    /// A number that has grown whenever any value has changed. A reader that kept a value asks for
    /// it again when this is no longer what it was before the value was read. Costs a load.
    #[must_use]
    #[inline]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// `io-threads`, with 0 replaced by the number of cores the process may use.
    #[must_use]
    pub fn worker_threads(&self) -> usize {
        match self.io_threads() {
            threads @ 1.. => threads as usize,
            _ => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
        }
    }

    /// CONFIG GET: names and values that match any of `patterns`, each name once.
    ///
    /// A pattern without wildcards is a name, is shown as it was given, and finds hidden directives
    /// too. Aliases match and are shown like names. All values are of one moment.
    #[must_use]
    pub fn get<P: AsRef<[u8]>>(&self, patterns: &[P]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut names: Vec<(Vec<u8>, usize)> = Vec::new();
        for pattern in patterns.iter().map(AsRef::as_ref) {
            if has_wildcard(pattern) {
                add_matches(&mut names, pattern);
            } else if let Some(found) = find(pattern) {
                add(&mut names, pattern, found.index);
            }
        }
        let values = self.read_values();
        let show = |index: usize| DIRECTIVES[index].show(&values[index]);
        names.into_iter().map(|(name, index)| (name, show(index))).collect()
    }

    /// The value of one directive as CONFIG GET shows it, by name or alias.
    #[must_use]
    pub fn get_one(&self, name: &str) -> Option<Vec<u8>> {
        let index = find(name.as_bytes())?.index;
        Some(DIRECTIVES[index].show(&self.value(index)))
    }

    /// Sets a directive on the server's own account, even an immutable one: REPLICAOF changes
    /// `replicaof`, a low limit of open files changes `maxclients`. `text` is split at spaces where
    /// the directive takes several arguments. Not to be called from a hook of
    /// [`set_many_with`](Self::set_many_with), whose lock it takes.
    ///
    /// # Errors
    ///
    /// If the value is not a valid one, or there is no such directive.
    pub fn force(&self, name: &str, text: &[u8]) -> Result<(), ValueError> {
        let Some(found) = find(name.as_bytes()) else {
            return Err(ValueError::Rule("Bad directive or wrong number of arguments"));
        };
        let directive = &DIRECTIVES[found.index];
        let _changing = self.lock_changes();
        let args = split_value(text, directive.flags);
        let value = directive.parse(&self.value(found.index), &args, Stage::Load)?;
        self.store(vec![(found.index, value)]);
        Ok(())
    }

    #[inline]
    pub(crate) fn number(&self, index: usize) -> i64 {
        self.numbers[index].load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn buffer_limit(&self, class: ClientClass) -> BufferLimit {
        let [hard, soft, seconds] = &self.limits[class as usize];
        BufferLimit {
            hard_bytes: hard.load(Ordering::Relaxed),
            soft_bytes: soft.load(Ordering::Relaxed),
            soft_seconds: seconds.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn text(&self, index: usize) -> Text {
        match self.value(index) {
            Value::Text(text) => text,
            _ => Text::default(),
        }
    }

    pub(crate) fn value(&self, index: usize) -> Value {
        self.read_values()[index].clone()
    }

    pub(crate) fn all_values(&self) -> Vec<Value> {
        self.read_values().clone()
    }

    pub(crate) fn lock_changes(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts new values into their places, all of them before the generation grows.
    pub(crate) fn store(&self, new: Vec<(usize, Value)>) {
        let mut values = self.write_values();
        for (index, value) in new {
            self.mirror(index, &value);
            values[index] = value;
        }
        drop(values);
        self.generation.fetch_add(1, Ordering::Release);
    }

    fn mirror(&self, index: usize, value: &Value) {
        match value {
            Value::Number(number) => self.numbers[index].store(*number, Ordering::Relaxed),
            Value::BufferLimits(limits) => {
                for (cells, limit) in self.limits.iter().zip(limits) {
                    let numbers = [limit.hard_bytes, limit.soft_bytes, limit.soft_seconds];
                    for (cell, number) in cells.iter().zip(numbers) {
                        cell.store(number, Ordering::Relaxed);
                    }
                }
            }
            _ => {}
        }
    }

    // The lists stay whole even if a thread panics while it holds the lock.
    fn read_values(&self) -> RwLockReadGuard<'_, Vec<Value>> {
        self.values.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_values(&self) -> RwLockWriteGuard<'_, Vec<Value>> {
        self.values.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Config {
    /// Shows what differs from the defaults, and no secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.read_values();
        let mut map = f.debug_map();
        for (directive, value) in DIRECTIVES.iter().zip(values.iter()) {
            if *value != directive.kind.default() && !directive.flags.contains(Flags::SENSITIVE) {
                map.entry(&directive.name, value);
            }
        }
        map.finish()
    }
}

/// The default of every directive.
pub(crate) fn default_values() -> Vec<Value> {
    let mut values: Vec<Value> = DIRECTIVES.iter().map(|row| row.kind.default()).collect();
    if let Ok(dir) = std::env::current_dir() {
        values[row("dir").0] = Value::Text(dir.as_path().into());
    }
    values
}

/// The arguments in a value given as one text, as CONFIG SET gives it.
pub(crate) fn split_value(text: &[u8], flags: Flags) -> Vec<Vec<u8>> {
    match flags.contains(Flags::MULTI) {
        true if text.is_empty() => Vec::new(),
        true => text.split(|byte| *byte == b' ').map(<[u8]>::to_vec).collect(),
        false => vec![text.to_vec()],
    }
}

fn add_matches(names: &mut Vec<(Vec<u8>, usize)>, pattern: &[u8]) {
    for (index, directive) in DIRECTIVES.iter().enumerate() {
        if directive.flags.contains(Flags::HIDDEN) {
            continue;
        }
        for name in directive.names().filter(|name| glob_match(pattern, name.as_bytes(), true)) {
            add(names, name.as_bytes(), index);
        }
    }
}

fn add(names: &mut Vec<(Vec<u8>, usize)>, name: &[u8], index: usize) {
    if !names.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
        names.push((name.to_vec(), index));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::MaxmemoryPolicy;
    use crate::notify::NotifyFlags;
    use crate::value::{MemoryLimit, Primary};

    fn names(config: &Config, patterns: &[&str]) -> Vec<String> {
        let found = config.get(patterns);
        found.iter().map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect()
    }

    #[test]
    fn getters_have_the_types_and_defaults_of_their_rows() {
        let config = Config::new();
        assert_eq!(config.port(), 6379);
        assert_eq!(config.maxmemory(), 0);
        assert_eq!(config.maxmemory_policy(), MaxmemoryPolicy::Noeviction);
        assert_eq!(config.hash_max_listpack_entries(), 512);
        assert_eq!(config.slowlog_log_slower_than(), 10000);
        assert!(config.protected_mode());
        assert_eq!(config.unixsocket(), None);
        assert_eq!(config.dbfilename(), "dump.rdb");
        assert_eq!(config.save()[1].changes, 100);
        assert_eq!(config.bind()[..], ["127.0.0.1", "-::1"]);
        assert_eq!(config.replicaof(), None);
        assert_eq!(config.client_output_buffer_limit(ClientClass::Replica).soft_bytes, 64 << 20);
        assert_eq!(config.maxmemory_clients(), MemoryLimit::Bytes(0));
        assert_eq!(config.notify_keyspace_events(), NotifyFlags::NONE);
        assert_eq!(config.latency_tracking_info_percentiles()[..], [50.0, 99.0, 99.9]);
        assert_eq!(config.oom_score_adj_values(), [0, 200, 800]);
        assert_eq!(config.dir().as_path(), std::env::current_dir().unwrap());
        assert!(config.worker_threads() >= 1);
    }

    #[test]
    fn every_getter_sees_what_is_forced() {
        let config = Config::new();
        config.force("maxmemory", b"18446744073709551615").unwrap();
        config.force("maxmemory-clients", b"5%").unwrap();
        config.force("replicaof", b"10.0.0.1 7000").unwrap();
        config.force("client-output-buffer-limit", b"normal 1kb 2kb 3").unwrap();
        config.force("unixsocketperm", b"700").unwrap();
        config.force("shutdown-on-sigterm", b"nosave now").unwrap();
        config.force("pidfile", b"/run/a\xff.pid").unwrap();
        assert_eq!(config.maxmemory(), u64::MAX);
        assert_eq!(config.maxmemory_clients().bytes(1000), 50);
        assert_eq!(config.replicaof(), Some(Primary { host: "10.0.0.1".into(), port: 7000 }));
        let limit = config.client_output_buffer_limit(ClientClass::Normal);
        assert_eq!((limit.hard_bytes, limit.soft_bytes, limit.soft_seconds), (1024, 2048, 3));
        assert_eq!(config.unixsocketperm(), 0o700);
        assert!(config.shutdown_on_sigterm().nosave() && config.shutdown_on_sigterm().now());
        assert_eq!(&config.pidfile().unwrap()[..], b"/run/a\xff.pid");
        assert_eq!(config.generation(), 7);
        assert!(config.force("nothing", b"1").is_err());
        assert!(config.force("port", b"x").is_err());
        assert_eq!(config.generation(), 7);
    }

    #[test]
    fn get_matches_names_and_aliases() {
        let config = Config::new();
        assert_eq!(
            names(&config, &["replica-p*", "SLAVE-PRIO*"]),
            ["replica-priority", "slave-priority"]
        );
        assert_eq!(names(&config, &["PORT", "po[r]t", "port"]), ["PORT"]);
        assert_eq!(names(&config, &["nothing"]), [""; 0]);
        assert_eq!(config.get(&["hz"]), [(b"hz".to_vec(), b"10".to_vec())]);
        assert_eq!(config.get_one("slave-priority").unwrap(), b"100");
    }

    #[test]
    fn hidden_directives_need_their_exact_name() {
        let config = Config::new();
        assert_eq!(names(&config, &["use-exit-on-panic"]), ["use-exit-on-panic"]);
        assert!(!names(&config, &["*"]).contains(&"use-exit-on-panic".to_string()));
        assert!(names(&config, &["*"]).len() > 190);
    }

    #[test]
    fn whoever_sees_a_generation_sees_its_values() {
        let config = Config::new();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for step in 1..=200u64 {
                    config.force("maxmemory", step.to_string().as_bytes()).unwrap();
                }
            });
            let mut generation = 0;
            while generation < 200 {
                generation = config.generation();
                assert!(config.maxmemory() >= generation);
            }
        });
    }

    #[test]
    fn debugging_shows_changes_but_no_secrets() {
        let config = Config::new();
        config.force("requirepass", b"hush").unwrap();
        config.force("timeout", b"5").unwrap();
        let shown = format!("{config:?}");
        assert!(shown.contains("timeout") && !shown.contains("hush"), "{shown}");
    }
}
