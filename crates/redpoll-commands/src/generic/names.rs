//! KEYS in the background: the keys that match, gathered by all threads that have time.
//!
//! By default the keys are those of one moment: a snapshot of their names, of which every stripe is
//! a part. Under `long-commands yield` the live tables are walked, in slices; then a key is there
//! if it was there all the time, may be there if it came or went meanwhile, and is there once.
//!
//! A reply's length comes first and is not known before the walk ends. So the names gather, encoded
//! already, in blocks that are sent and freed one after the other.

use crate::matching::Pattern;
use crate::prelude::*;
use parking_lot::Mutex;
use redpoll_engine::background::{self, Slices};
use redpoll_engine::{Engine, Mode};
use redpoll_keyspace::snapshot::{Batch, Names, Walked};
use redpoll_keyspace::table::Cursor;
use redpoll_resp::{Proto, Reply};
use redpoll_types::value::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

/// Bytes of a block of encoded names.
const BLOCK: usize = 64 << 10;
/// Names taken under one lock.
const STEP: usize = 256;
/// How long to wait for others to end their snapshots.
const NAP: Duration = Duration::from_millis(2);

/// What a walk looks for, and what it has found.
struct Search {
    engine: Arc<Engine>,
    pattern: Box<[u8]>,
    db: usize,
    now: i64,
    proto: Proto,
    found: AtomicUsize,
    bytes: AtomicUsize,
    /// With more bytes the client is closed and gets nothing.
    bytes_max: usize,
    blocks: Mutex<Vec<Vec<u8>>>,
}

/// Answers with the keys that match.
pub fn answer(ctx: &mut Ctx<'_>, pattern: &[u8], snapshot: bool) -> Result {
    let search = Arc::new(Search {
        engine: Arc::clone(ctx.engine),
        pattern: pattern.into(),
        db: ctx.keys.db(),
        now: ctx.keys.now(),
        proto: ctx.reply.proto(),
        found: AtomicUsize::new(0),
        bytes: AtomicUsize::new(0),
        bytes_max: ctx.session.reply_max,
        blocks: Mutex::default(),
    });
    match snapshot {
        true => search.at_one_moment(),
        false => search.live(),
    }
    ctx.reply.array(search.found.load(Relaxed));
    let blocks = std::mem::take(&mut *search.blocks.lock());
    for block in blocks {
        ctx.reply.buffer().extend_from_slice(&block);
        ctx.reply.flow();
    }
    Ok(())
}

/// Whether a command is to answer this way.
pub fn is_aside(mode: Mode) -> Option<bool> {
    match mode {
        Mode::Background { snapshot } => Some(snapshot),
        _ => None,
    }
}

impl Search {
    fn at_one_moment(self: &Arc<Self>) {
        let Some(names) = self.begin() else { return };
        let names = Arc::new(names);
        let (search, walked) = (Arc::clone(self), Arc::clone(&names));
        let background = &self.engine.background;
        background.share(self.engine.keyspace.stripes(), move |stripe| {
            search.walk_names(&walked, stripe);
        });
        let mut block = Vec::new();
        names.captured(|batch| self.take(batch, &mut block));
        self.keep(block);
    }

    /// Takes a snapshot of the names, when there is room for one. `None`: there are no keys.
    fn begin(&self) -> Option<Names> {
        loop {
            let mut slices = Slices::new(&self.engine);
            let mut keys = self.engine.keyspace.keys(self.db, self.now);
            slices.before();
            keys.lock_all();
            let names = Names::begin(&mut keys);
            keys.unlock();
            slices.after();
            if let Some(names) = names {
                return (!names.is_empty()).then_some(names);
            }
            background::check();
            thread::sleep(NAP);
        }
    }

    fn walk_names(&self, names: &Names, stripe: usize) {
        let mut slices = Slices::new(&self.engine);
        let mut keys = self.engine.keyspace.keys(self.db, self.now);
        let (mut walked, mut batch, mut block) =
            (Walked::default(), Batch::<Value>::of_keys(), Vec::new());
        while !walked.is_over() && self.is_wanted() {
            slices.before();
            names.step(&mut keys, stripe, &mut walked, STEP, &mut batch);
            slices.after();
            self.take(&batch, &mut block);
            batch.clear();
            if block.len() >= BLOCK {
                self.keep(std::mem::take(&mut block));
            }
        }
        self.keep(block);
    }

    fn live(self: &Arc<Self>) {
        let search = Arc::clone(self);
        let background = &self.engine.background;
        background.share(self.engine.keyspace.stripes(), move |stripe| search.walk_live(stripe));
    }

    /// The names of a stripe, each once. A table that has changed its form while it was walked may
    /// have shown some of them twice.
    fn walk_live(&self, stripe: usize) {
        let mut slices = Slices::new(&self.engine);
        let mut keys = self.engine.keyspace.keys(self.db, self.now);
        let mut names: Vec<Box<[u8]>> = Vec::new();
        let (mut cursor, mut form) = (Some(Cursor::default()), None);
        let has_changed = AtomicBool::new(false);
        while let Some(place) = cursor.filter(|_| self.is_wanted()) {
            slices.before();
            let table = &keys.stripe(stripe).dbs()[self.db].table;
            let now = table.form();
            has_changed.fetch_or(form.replace(now).is_some_and(|before| before != now), Relaxed);
            let before = names.len();
            cursor = table.scan_step(place, &mut |entry| {
                if entry.expiry().is_none_or(|at| at > self.now) {
                    names.push(entry.key().into());
                }
            });
            background::step(names.len() - before);
            slices.is_over(&mut keys);
        }
        keys.unlock();
        slices.after();
        if has_changed.into_inner() {
            names.sort_unstable();
            names.dedup();
        }
        let pattern = Pattern::new(&self.pattern);
        let mut block = Vec::new();
        let mut found = 0;
        for name in names.iter().filter(|name| pattern.matches(name)) {
            Reply::new(&mut block, self.proto).bulk(name);
            found += 1;
        }
        self.found.fetch_add(found, Relaxed);
        self.keep(block);
    }

    /// Whether anybody will get the answer.
    fn is_wanted(&self) -> bool {
        self.bytes.load(Relaxed) <= self.bytes_max
    }

    /// Adds the names that match to a block.
    fn take(&self, batch: &Batch<Value>, block: &mut Vec<u8>) {
        let pattern = Pattern::new(&self.pattern);
        let mut reply = Reply::new(block, self.proto);
        let mut found = 0;
        batch.each(|captured| {
            if pattern.matches(captured.key) && captured.expiry.is_none_or(|at| at > self.now) {
                reply.bulk(captured.key);
                found += 1;
            }
            true
        });
        self.found.fetch_add(found, Relaxed);
        background::step(batch.len());
    }

    fn keep(&self, block: Vec<u8>) {
        if !block.is_empty() {
            self.bytes.fetch_add(block.len(), Relaxed);
            self.blocks.lock().push(block);
        }
    }
}
