//! How a walk over live data holds locks: in slices, each no longer than `slice-us`.

use crate::ctx::{Ctx, Mode};
use crate::engine::Engine;
use redpoll_keyspace::Keys;
use redpoll_keyspace::courtesy;
use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

thread_local! {
    /// Whether this thread holds locks of a walk.
    static IS_LOCKED: Cell<bool> = const { Cell::new(false) };
}

/// Lets threads that wait for the processor have it, once this one has worked for long enough;
/// not while it holds the locks of a walk.
pub(super) fn give_way() {
    if !IS_LOCKED.get() {
        courtesy::show();
    }
}

/// The locks of a walk. Where the command runs at once, its locks are its own business, and all of
/// this does nothing.
pub struct Slices {
    engine: Option<Arc<Engine>>,
    budget: Duration,
    /// Since when locks are held.
    locked: Option<Instant>,
}

impl Slices {
    /// For a command.
    pub fn of(ctx: &Ctx<'_>) -> Self {
        let mut slices = Slices::new(ctx.engine);
        if !matches!(ctx.mode, Mode::Background { .. }) {
            slices.engine = None;
        }
        slices
    }

    /// For a part of a command that runs in the background.
    pub fn new(engine: &Arc<Engine>) -> Self {
        let budget = Duration::from_micros(engine.config.slice_us() as u64);
        Slices { engine: Some(Arc::clone(engine)), budget, locked: None }
    }

    /// Whether there are any: the command runs in the background.
    pub fn are_cut(&self) -> bool {
        self.engine.is_some()
    }

    /// To be called before a lock is taken.
    pub fn before(&mut self) {
        if self.engine.is_none() || self.locked.is_some() {
            return;
        }
        courtesy::show();
        self.locked = Some(Instant::now());
        IS_LOCKED.set(true);
    }

    /// To be called now and then while locks are held: gives them back if they have been for long
    /// enough. Answers whether it did.
    pub fn is_over(&mut self, keys: &mut Keys<'_>) -> bool {
        let over = self.locked.is_some_and(|since| since.elapsed() >= self.budget);
        if over {
            keys.unlock_walk();
            self.after();
        }
        over
    }

    /// To be called when the locks have been given back.
    pub fn after(&mut self) {
        if let (Some(engine), Some(since)) = (&self.engine, self.locked.take()) {
            IS_LOCKED.set(false);
            engine.background.counts.held_locks(since.elapsed().as_nanos() as u64);
        }
    }
}

impl Drop for Slices {
    fn drop(&mut self) {
        self.after();
    }
}
