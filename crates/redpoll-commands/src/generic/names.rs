//! KEYS in the background: the keys that match, found by all threads that have time.
//!
//! By default the keys are those of one moment: a snapshot of their names, of which every stripe is
//! a part. Under `long-commands yield` the live tables are walked, in slices; then a key is there
//! if it was there all the time, may be there if it came or went meanwhile, and is there once. If
//! that comes to more than is to be kept in memory, it is given up for a snapshot.
//!
//! A reply's length comes first. How many keys there are of a moment is known, unless a pattern
//! chooses among them, or some have expired and are still there. Then two snapshots are taken of
//! the same moment: the first is walked to count. What it finds is kept up to a bound; behind that
//! names are only counted. What is kept, or does not match, is taken out of the second snapshot.
//! What is left of that is walked then, and names go to the client as they are found, in blocks.
//! So no more than the bound is in memory, whatever the number of keys.
//!
//! A snapshot that waits for its client to read takes one of few seats. As soon as somebody else
//! has found none, the rest of the answer gathers in memory, and the seat is free.

use crate::matching::Pattern;
use crate::prelude::*;
use parking_lot::Mutex;
use redpoll_engine::background::{self, Flow, Slices};
use redpoll_engine::{Engine, Mode};
use redpoll_keyspace::Keys;
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
/// Bytes of names that are kept while they are counted.
const KEPT: usize = if cfg!(test) { 4 << 10 } else { 2 << 20 };
/// Names taken under one lock.
const STEP: usize = 256;
/// How long to wait for others to end their snapshots.
const NAP: Duration = Duration::from_millis(2);

/// What a walk looks for.
struct Search {
    engine: Arc<Engine>,
    pattern: Box<[u8]>,
    db: usize,
    now: i64,
    proto: Proto,
}

/// What becomes of the names that are found.
enum Way {
    /// They are kept, until they are so many bytes.
    Keep { most: usize },
    /// They are kept, and forgotten when they are more bytes.
    KeepAll { most: usize },
    /// They go to the client.
    Send(Flow),
}

/// What a walk has found.
struct Found {
    way: Way,
    count: AtomicUsize,
    /// How many of them were written to blocks.
    written: AtomicUsize,
    /// Bytes that were kept, or would have been.
    bytes: AtomicUsize,
    blocks: Mutex<Vec<Vec<u8>>>,
    /// What is too little for a block of its own.
    rest: Mutex<Vec<u8>>,
}

/// Whether a command is to answer this way.
pub fn is_aside(mode: Mode) -> Option<bool> {
    match mode {
        Mode::Background { snapshot } => Some(snapshot),
        _ => None,
    }
}

/// Answers with the keys that match, behind a head that is told their number.
pub fn answer(
    ctx: &mut Ctx<'_>,
    pattern: &[u8],
    snapshot: bool,
    head: impl FnOnce(&mut Reply<'_>, usize),
) -> Result {
    let search = Arc::new(Search {
        engine: Arc::clone(ctx.engine),
        pattern: pattern.into(),
        db: ctx.keys.db(),
        now: ctx.keys.now(),
        proto: ctx.reply.proto(),
    });
    let Some(flow) = Flow::of_this(ctx.engine) else {
        search.live(ctx.session.reply_max).answer(&mut ctx.reply, head);
        return Ok(());
    };
    if !snapshot {
        let found = search.live(KEPT);
        if found.has_all() {
            found.answer(&mut ctx.reply, head);
            return Ok(());
        }
    }
    let Some((names, counting)) = search.begin() else {
        head(&mut ctx.reply, 0);
        return Ok(());
    };
    let names = Arc::new(names);
    let counted = counting.map(|counting| search.count(counting, Arc::clone(&names)));
    let count = counted.as_ref().map_or(names.len(), |found| found.count.load(Relaxed));
    head(&mut ctx.reply, count);
    flow.send(ctx.reply.buffer(), &|| false);
    let mut walks = true;
    let sending = Arc::new(Found::new(Way::Send(flow)));
    if let Some(counted) = counted {
        walks = !counted.has_all();
        sending.send_kept(&counted, &names);
    }
    search.send(names, walks, &sending);
    let sent = sending.written.load(Relaxed);
    // Else the client would take what follows for the rest: its connection is closed.
    assert_eq!(sent, count, "names of a snapshot");
    Ok(())
}

impl Search {
    /// Takes a snapshot of the names, and a second one of the same moment if they have to be
    /// counted, when there is room. `None`: there are no keys.
    fn begin(&self) -> Option<(Names, Option<Names>)> {
        loop {
            let mut slices = Slices::new(&self.engine);
            let mut keys = self.engine.keyspace.keys(self.db, self.now);
            slices.before();
            keys.lock_all();
            let names = Names::begin(&mut keys);
            let counting = match self.knows_number(&keys) {
                true => Some(None),
                false => Names::begin(&mut keys).map(Some),
            };
            keys.unlock();
            slices.after();
            if let (Some(names), Some(counting)) = (names, counting) {
                return (!names.is_empty()).then_some((names, counting));
            }
            background::check();
            thread::sleep(NAP);
        }
    }

    /// Whether all keys that there are belong to the answer. All stripes are locked.
    fn knows_number(&self, keys: &Keys<'_>) -> bool {
        let keyspace = keys.keyspace();
        let none_expired = || (0..keyspace.stripes()).all(|it| keyspace.next_due(it) > self.now);
        Pattern::new(&self.pattern) == Pattern::Any && none_expired()
    }

    /// Counts the names of a snapshot. Those that are kept, and those that do not match, are taken
    /// out of another one of the same moment.
    fn count(self: &Arc<Self>, names: Names, rest: Arc<Names>) -> Arc<Found> {
        let found = Arc::new(Found::new(Way::Keep { most: KEPT }));
        let (search, names, finds) = (Arc::clone(self), Arc::new(names), Arc::clone(&found));
        let walked = Arc::clone(&names);
        self.engine.background.share(self.engine.keyspace.stripes(), move |stripe| {
            search.count_names(&walked, &rest, stripe, &finds);
        });
        // Of these the other snapshot has the same.
        names.captured(|batch| {
            self.take(batch, None, &found);
        });
        found.end(&names);
        found
    }

    fn count_names(&self, names: &Names, rest: &Names, stripe: usize, found: &Found) {
        let mut slices = Slices::new(&self.engine);
        let mut keys = self.engine.keyspace.keys(self.db, self.now);
        let (mut walked, mut batch, mut block) =
            (Walked::default(), Batch::<Value>::of_keys(), Vec::new());
        while !walked.is_over() {
            slices.before();
            let place = (stripe, &mut walked);
            if found.has_all() {
                names.step_with(rest, &mut keys, place, STEP, &mut batch);
                slices.after();
                self.take(&batch, Some(&mut block), found);
                found.pass(&mut block, names);
            } else if let Some(wants) = self.quick_test() {
                let count = names.count_step(rest, &mut keys, place, STEP, wants);
                slices.after();
                found.count.fetch_add(count, Relaxed);
                background::step(STEP);
            } else {
                names.step(&mut keys, stripe, &mut walked, STEP, &mut batch);
                slices.after();
                self.take(&batch, None, found);
            }
            batch.clear();
        }
        found.keep(block, names);
    }

    /// Sends the names of a snapshot, or, if it `walks` no more, what others have captured for it.
    fn send(self: &Arc<Self>, names: Arc<Names>, walks: bool, found: &Arc<Found>) {
        let (search, walked, finds) = (Arc::clone(self), Arc::clone(&names), Arc::clone(found));
        let stripes = if walks { self.engine.keyspace.stripes() } else { 0 };
        self.engine.background.share(stripes, move |stripe| {
            search.send_names(&walked, stripe, &finds);
        });
        let mut block = Vec::new();
        names.captured(|batch| {
            self.take(batch, Some(&mut block), found);
            found.pass(&mut block, &names);
        });
        found.keep(block, &names);
        found.end(&names);
    }

    fn send_names(&self, names: &Names, stripe: usize, found: &Found) {
        let mut slices = Slices::new(&self.engine);
        let mut keys = self.engine.keyspace.keys(self.db, self.now);
        let (mut walked, mut batch, mut block) =
            (Walked::default(), Batch::<Value>::of_keys(), Vec::new());
        while !walked.is_over() {
            slices.before();
            names.step(&mut keys, stripe, &mut walked, STEP, &mut batch);
            slices.after();
            self.take(&batch, Some(&mut block), found);
            batch.clear();
            found.pass(&mut block, names);
        }
        found.keep(block, names);
    }

    /// Whether a name belongs to the answer, if that is told so quickly that it may be asked while
    /// a stripe is locked.
    fn quick_test(&self) -> Option<impl Fn(&[u8], Option<i64>) -> bool> {
        let (pattern, now) = (Pattern::new(&self.pattern), self.now);
        let is_quick = !matches!(pattern, Pattern::Glob(_));
        is_quick.then_some(move |key: &[u8], expiry: Option<i64>| {
            pattern.matches(key) && expiry.is_none_or(|at| at > now)
        })
    }

    /// Walks the live tables, as long as what is found is no more than `most` bytes.
    fn live(self: &Arc<Self>, most: usize) -> Arc<Found> {
        let found = Arc::new(Found::new(Way::KeepAll { most }));
        let (search, finds) = (Arc::clone(self), Arc::clone(&found));
        let background = &self.engine.background;
        background.share(self.engine.keyspace.stripes(), move |stripe| {
            search.walk_live(stripe, &finds);
        });
        found
    }

    /// The names of a stripe, each once. A table that has changed its form while it was walked may
    /// have shown some of them twice.
    fn walk_live(&self, stripe: usize, found: &Found) {
        let mut slices = Slices::new(&self.engine);
        let mut keys = self.engine.keyspace.keys(self.db, self.now);
        let mut names: Vec<Box<[u8]>> = Vec::new();
        let (mut cursor, mut form) = (Some(Cursor::default()), None);
        let has_changed = AtomicBool::new(false);
        while let Some(place) = cursor.filter(|_| found.has_all()) {
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
        let mut count = 0;
        for name in names.iter().filter(|name| pattern.matches(name)) {
            Reply::new(&mut block, self.proto).bulk(name);
            count += 1;
        }
        found.count.fetch_add(count, Relaxed);
        found.add_block(block);
    }

    /// Adds the names that match to a block, or counts them alone.
    fn take(&self, batch: &Batch<Value>, block: Option<&mut Vec<u8>>, found: &Found) {
        let pattern = Pattern::new(&self.pattern);
        let mut reply = block.map(|block| Reply::new(block, self.proto));
        let mut count = 0;
        batch.each(|captured| {
            if pattern.matches(captured.key) && captured.expiry.is_none_or(|at| at > self.now) {
                if let Some(reply) = &mut reply {
                    reply.bulk(captured.key);
                }
                count += 1;
            }
            true
        });
        found.count.fetch_add(count, Relaxed);
        if reply.is_some() {
            found.written.fetch_add(count, Relaxed);
        }
        background::step(batch.len());
    }
}

impl Found {
    fn new(way: Way) -> Self {
        Found {
            way,
            count: AtomicUsize::new(0),
            written: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            blocks: Mutex::default(),
            rest: Mutex::default(),
        }
    }

    /// Whether nothing that was found has been forgotten.
    fn has_all(&self) -> bool {
        match self.way {
            Way::Keep { most } | Way::KeepAll { most } => self.bytes.load(Relaxed) <= most,
            Way::Send(_) => true,
        }
    }

    /// Lets go of a block that is full.
    fn pass(&self, block: &mut Vec<u8>, names: &Names) {
        if block.len() < BLOCK {
            return;
        }
        match &self.way {
            Way::Keep { .. } | Way::KeepAll { .. } => self.add_block(std::mem::take(block)),
            Way::Send(flow) => flow.send(block, &|| names.are_short()),
        }
    }

    /// Lets go of the last block of a stripe, together with those of others.
    fn keep(&self, block: Vec<u8>, names: &Names) {
        let mut rest = self.rest.lock();
        rest.extend_from_slice(&block);
        if rest.len() >= BLOCK {
            let mut full = std::mem::take(&mut *rest);
            drop(rest);
            self.pass(&mut full, names);
        }
    }

    /// Lets go of what is left.
    fn end(&self, names: &Names) {
        let mut rest = std::mem::take(&mut *self.rest.lock());
        match &self.way {
            Way::Keep { .. } | Way::KeepAll { .. } => self.add_block(rest),
            Way::Send(flow) => flow.send(&mut rest, &|| names.are_short()),
        }
    }

    fn add_block(&self, block: Vec<u8>) {
        self.bytes.fetch_add(block.len(), Relaxed);
        let mut blocks = self.blocks.lock();
        match (self.has_all(), &self.way) {
            (false, Way::KeepAll { .. }) => blocks.clear(),
            _ => blocks.push(block),
        }
    }

    /// Sends the names that another walk has kept.
    fn send_kept(&self, kept: &Found, names: &Names) {
        let Way::Send(flow) = &self.way else { return };
        for mut block in std::mem::take(&mut *kept.blocks.lock()) {
            flow.send(&mut block, &|| names.are_short());
        }
        self.written.fetch_add(kept.written.load(Relaxed), Relaxed);
    }

    /// Answers with what was kept.
    fn answer(&self, reply: &mut Reply<'_>, head: impl FnOnce(&mut Reply<'_>, usize)) {
        head(reply, self.count.load(Relaxed));
        for block in std::mem::take(&mut *self.blocks.lock()) {
            reply.buffer().extend_from_slice(&block);
            reply.flow();
        }
    }
}
