//! Who does the parts of a long command: in the background all threads that have time, else the
//! one that runs it.

use parking_lot::Mutex;
use redpoll_engine::background::{self, Background};
use redpoll_engine::{Ctx, Engine, Mode};
use redpoll_types::table::Part;
use std::sync::Arc;

/// Members from which on sets are computed with part by part.
pub const LARGE: usize = if cfg!(test) { 64 } else { 16 << 10 };
/// Members of a part, about: few enough for a core's own cache.
const PART: usize = if cfg!(test) { 16 } else { 8 << 10 };
/// Members for each part of which a set has more, if it is worth visiting it once for each part.
const SPARSE: usize = 16;

/// How many bits tell parts apart into which so many members are to be cut.
pub fn part_bits(members: usize) -> u8 {
    ((members / PART).max(1).ilog2() as u8).min(Part::BITS_MAX)
}

/// Whether a set of so many members is to be visited in this many parts: one that has few is looked
/// at as a whole.
pub fn is_cut(members: usize, bits: u8) -> bool {
    members >= SPARSE << bits
}

/// See the module's head.
#[derive(Clone, Copy)]
pub struct Crew<'a>(Option<&'a Background>);

impl<'a> Crew<'a> {
    /// One thread.
    pub const ALONE: Crew<'static> = Crew(None);

    /// All threads of the background that have time.
    pub fn with(engine: &'a Engine) -> Self {
        Crew(Some(&engine.background))
    }

    /// For a command.
    pub fn of(ctx: &Ctx<'a>) -> Self {
        match ctx.mode {
            Mode::Background { .. } => Crew::with(ctx.engine),
            _ => Crew::ALONE,
        }
    }

    /// What `make` makes of each number below `parts`, in their order. Between two of them a task
    /// ends whose client has gone.
    pub fn each<T: Send + 'static>(
        self,
        parts: usize,
        make: impl Fn(usize) -> T + Send + Sync + 'static,
    ) -> Vec<T> {
        let Some(pool) = self.0.filter(|_| parts > 1) else {
            return (0..parts).inspect(|_| background::check()).map(make).collect();
        };
        let made: Arc<Vec<Mutex<Option<T>>>> =
            Arc::new((0..parts).map(|_| Mutex::default()).collect());
        let slots = Arc::clone(&made);
        pool.share(parts, move |number| {
            background::check();
            let one = make(number);
            *slots[number].lock() = Some(one);
        });
        made.iter().filter_map(|slot| slot.lock().take()).collect()
    }

    /// What `make` makes of each of these, in their order.
    pub fn map<S: Send + 'static, T: Send + 'static>(
        self,
        all: Vec<S>,
        make: impl Fn(S) -> T + Send + Sync + 'static,
    ) -> Vec<T> {
        let slots: Vec<Mutex<Option<S>>> = all.into_iter().map(|it| Mutex::new(Some(it))).collect();
        self.each(slots.len(), move |number| slots[number].lock().take().map(&make))
            .into_iter()
            .flatten()
            .collect()
    }
}
