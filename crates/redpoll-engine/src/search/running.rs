//! How long a query may take, and what it does while it runs: lets others in, and looks whether its
//! answer is still wanted.

use super::turns::{Rule, Turn};
use crate::background;
use crate::ctx::{Ctx, Mode};
use crate::engine::Engine;
use parking_lot::Mutex;
use redpoll_config::SearchMode;
use redpoll_keyspace::courtesy;
use redpoll_search::execute::{Helpers, Interrupt, Part};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Documents between two looks of a search at its interrupt, about.
const LOOK: usize = 1024;
/// How long a query under `search-mode slices` runs before it lets another one run.
const SLICE: Duration = Duration::from_micros(200);

/// A query on its way: when it began, when it is given up, and its turn if it takes turns.
pub struct Running {
    begun: Instant,
    over: Option<Instant>,
    engine: Arc<Engine>,
    long: bool,
    turn: Mutex<Option<Turn>>,
}

impl Running {
    /// A query that begins now and may take so many milliseconds; 0: as long as it likes. Under
    /// `search-mode safe` all keys are locked for it from now on. In the background it first waits
    /// for its turn.
    pub fn begin(ctx: &mut Ctx<'_>, milliseconds: u64) -> Arc<Self> {
        let (mode, threads) = {
            let config = ctx.engine.search.config.read();
            (config.mode, config.threads)
        };
        let aside = matches!(ctx.mode, Mode::Background { .. });
        if mode == SearchMode::Safe && !aside {
            ctx.keys.lock_all();
        }
        let engine = Arc::clone(ctx.engine);
        let rule = match mode {
            SearchMode::Slices => Rule { most: 1, slice: Some(SLICE) },
            SearchMode::Parallel | SearchMode::Safe => Rule { most: threads, slice: None },
        };
        if aside {
            courtesy::show();
        }
        let turn = aside.then(|| engine.search.turns.take(rule, &engine.background));
        let begun = Instant::now();
        let over = (milliseconds > 0)
            .then(|| begun.checked_add(Duration::from_millis(milliseconds)))
            .flatten();
        Arc::new(Running { begun, over, engine, long: aside, turn: Mutex::new(turn) })
    }

    /// Whether it runs in the background.
    pub fn is_long(&self) -> bool {
        self.long
    }

    /// It has found what it looked for: others may have its turn while the answer is written.
    pub fn end(&self) {
        *self.turn.lock() = None;
    }

    /// How long it has taken so far, in microseconds.
    pub fn micros(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

impl Interrupt for Running {
    fn stop(&self) -> bool {
        background::step(LOOK);
        if self.long {
            courtesy::show();
        }
        if let Some(turn) = &*self.turn.lock() {
            turn.pass_on(&self.engine.background);
        }
        self.over.is_some_and(|over| Instant::now() >= over)
    }
}

/// Threads of the background that have nothing to do, for the parts of a search.
pub struct IdleThreads(Arc<Engine>);

impl IdleThreads {
    /// Those that a command's query may use: none where it runs at once, or by turns.
    pub fn of(ctx: &Ctx<'_>) -> Option<Arc<dyn Helpers>> {
        let config = ctx.engine.search.config.read();
        let many = config.mode == SearchMode::Parallel && config.threads > 1;
        let aside = matches!(ctx.mode, Mode::Background { .. });
        (many && aside).then(|| Arc::new(IdleThreads(Arc::clone(ctx.engine))) as Arc<dyn Helpers>)
    }
}

impl Helpers for IdleThreads {
    fn share(&self, parts: usize, part: Arc<Part>) {
        self.0.background.share(parts, move |number| part(number));
    }
}

impl Ctx<'_> {
    /// Whether a query may leave for the background.
    pub fn may_search_aside(&self) -> bool {
        let mode = self.engine.search.config.read().mode;
        mode != SearchMode::Safe && self.may_leave()
    }
}
