//! The executor: one thread's way of running commands, a batch at a time.
//!
//! A batch is what a connection has sent. Before anything runs, the keys of all its commands are
//! hashed and their cache lines asked for, first the buckets, then the entries; so that the misses
//! of a whole pipeline overlap instead of adding up. Then the commands run one after the other,
//! each with its stripes locked, and their replies gather in one buffer.

mod aside;
mod check;
mod commit;
mod evict;
mod expire;
mod hand_over;
mod leave;
mod prepare;
mod run;
mod serve;
mod slow;
mod track;

use crate::client::Client;
use crate::ctx::{Ctx, Mode};
use crate::engine::Engine;
use crate::hot_keys::Seen;
use crate::session::{ReplyMode, Session};
use crate::settings::Settings;
use crate::spec::Flags;
use crate::stats::ThreadStats;
pub use aside::Annex;
use evict::Evictor;
pub use leave::Errand;
pub use prepare::Plan;
use prepare::Prepared;
use redpoll_resp::{Args, Batch, Reply};
use redpoll_types::rng::SmallRng;
use slow::Slow;
use std::sync::Arc;

/// Commands of one kind that share a reading of the clock.
const TIMED_TOGETHER: u64 = 8;

/// Milliseconds after which a batch is left, where time passes: other connections wait.
const TURN_MS: i64 = 1;

/// Why a batch was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Every command is answered.
    Done,
    /// The client waits in a blocking command, or for one in the background.
    Blocked,
    /// Clients are paused until this time, in milliseconds since 1970.
    Paused(i64),
    /// The replies so far fill a buffer, or the batch takes long: send them, and let others in.
    OutputFull,
    /// The client has asked for shared memory, and is to be answered by whoever has its stream.
    OpenRings,
    /// The client is to be closed once its replies are sent.
    Close,
}

/// How far a batch has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Commands executed; the next one is to be executed first when the batch goes on.
    pub executed: usize,
    /// Why it was left.
    pub stop: Stop,
}

/// What a batch is looked at for, beyond the usual.
#[derive(Clone, Copy)]
struct Watch {
    /// Somebody tracks hot keys.
    hot_keys: bool,
    /// The buffer is so large that a request in it may belong into the log.
    requests: bool,
}

/// A command that has run.
struct Done<'a> {
    batch: &'a Batch,
    index: usize,
    args: Args<'a>,
    /// Bytes of its reply.
    reply: usize,
}

impl Done<'_> {
    /// Bytes of its request.
    fn request(&self) -> usize {
        self.batch.bytes_of(self.index + 1) - self.batch.bytes_of(self.index)
    }
}

/// Why a batch is left after a command, if it is; `full` if the replies fill a buffer.
#[inline]
fn why_stop(session: &Session, full: bool) -> Option<Stop> {
    match () {
        () if session.closing => Some(Stop::Close),
        () if session.waits() => Some(Stop::Blocked),
        () if session.rings_wanted.is_some() => Some(Stop::OpenRings),
        () => full.then_some(Stop::OutputFull),
    }
}

/// See the module's head.
pub struct Executor {
    engine: Arc<Engine>,
    stats: Arc<ThreadStats>,
    rng: SmallRng,
    clock: quanta::Clock,
    plan: Plan,
    settings: Settings,
    generation: u64,
    evictor: Evictor,
    slow: Slow,
    /// Whether time goes on from command to command of a batch.
    time_passes: bool,
}

impl Executor {
    /// An executor for the calling thread.
    pub fn new(engine: Arc<Engine>, seed: u64) -> Self {
        let stats = engine.stats.add_thread(engine.commands.len());
        Executor {
            slow: Slow::new(stats.commands.len()),
            stats,
            rng: SmallRng::new(seed),
            clock: quanta::Clock::new(),
            plan: Plan::default(),
            settings: engine.settings(),
            generation: engine.generation(),
            evictor: Evictor::default(),
            time_passes: false,
            engine,
        }
    }

    /// Lets time go on from command to command, so that what comes behind a long one sees what has
    /// expired meanwhile. Otherwise a whole batch runs at one moment: for tests and replays.
    pub fn let_time_pass(mut self) -> Self {
        self.time_passes = true;
        self
    }

    /// What all threads share.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// The thread's counters.
    pub fn stats(&self) -> &ThreadStats {
        &self.stats
    }

    /// Lets the program look at the data as a command does, without being one: nothing is counted,
    /// and no stripe is locked yet.
    pub fn look<T>(&mut self, now: i64, look: impl FnOnce(&mut Ctx<'_>) -> T) -> T {
        self.refresh_settings();
        let mut session = Session::new(Client::nobody(), true);
        let mut out = Vec::new();
        let mut ctx = Ctx {
            engine: &self.engine,
            reply: Reply::new(&mut out, session.proto),
            keys: self.engine.keyspace.keys(session.db, now),
            session: &mut session,
            rng: &mut self.rng,
            limits: &self.settings.limits,
            mode: Mode::Alone,
            stats: &self.stats,
            action: None,
            rewritten: None,
        };
        look(&mut ctx)
    }

    /// Plans, prefetches and runs a batch in one go; see [`Executor::execute`].
    pub fn run_batch(
        &mut self,
        session: &mut Session,
        (batch, buffer): (&Batch, &[u8]),
        out: (&mut Vec<u8>, usize),
        now: i64,
    ) -> Progress {
        let mut plan = std::mem::take(&mut self.plan);
        self.plan(session, batch, buffer, &mut plan);
        self.prefetch(session, &plan);
        let progress = self.execute(session, (batch, buffer, &plan), out, now);
        self.plan = plan;
        progress
    }

    /// Runs the planned commands of `batch`, whose spans lie in `buffer`. Replies are appended to
    /// `out`; once they exceed `out_max` bytes, or the batch has taken [`TURN_MS`], it is left, to
    /// be gone on with later.
    pub fn execute(
        &mut self,
        session: &mut Session,
        (batch, buffer, plan): (&Batch, &[u8], &Plan),
        (out, out_max): (&mut Vec<u8>, usize),
        now: i64,
    ) -> Progress {
        self.refresh_settings();
        self.refresh_user(session);
        if session.closing {
            return Progress { executed: 0, stop: Stop::Close };
        }
        let mut before = self.clock.raw();
        let (begun, mut now) = ((before, now), now);
        let mut executed = 0;
        // Commands run since `before`; see `is_timed_with`.
        let mut timed = 0;
        let (mut stop, mut is_long) = (Stop::Done, false);
        let watch = self.watch(buffer.len());
        while executed < batch.len() {
            let args = batch.command(executed, buffer);
            let prepared = plan.0[executed];
            if let Some(until) = self.paused(session, &prepared, args, now) {
                stop = Stop::Paused(until);
                break;
            }
            executed += 1;
            if args.len() == 0 {
                continue;
            }
            let start = out.len();
            let ran = self.dispatch(session, &prepared, args, out, now);
            let done = Done { batch, index: executed - 1, args, reply: out.len() - start };
            if ran && (watch.requests || done.reply >= self.settings.large_reply.0) {
                self.note_large(session, &prepared, &done, now);
            }
            if session.reply_mode != ReplyMode::On || !session.pushes.is_empty() {
                Self::end_reply(session, out, start);
            }
            // A command that waits is counted when its wait ends.
            timed += u64::from(ran && !session.waits());
            let next = plan.0.get(executed);
            let alone = watch.hot_keys && ran;
            if alone || !next.is_some_and(|next| ran && self.is_timed_with(&prepared, next, timed))
            {
                let after = self.clock.raw();
                self.account(session, &prepared, args, timed, (before, after), now);
                now = self.later(begun, after);
                is_long = now - begun.1 >= TURN_MS;
                if alone {
                    self.note_hot(&prepared, &done, (before, after), now);
                }
                before = after;
                timed = 0;
            }
            let full = (out.len() > out_max || is_long) && executed < batch.len();
            if let Some(why) = why_stop(session, full) {
                stop = why;
                break;
            }
        }
        if timed > 0 {
            // A pause has cut a group short; its last command is the one before.
            let (last, times) = (executed - 1, (before, self.clock.raw()));
            self.account(session, &plan.0[last], batch.command(last, buffer), timed, times, now);
        }
        self.stats.executed.add(executed as u64);
        session.executed += executed as u64;
        Progress { executed, stop }
    }

    /// What to look for while a buffer of so many bytes is executed.
    #[inline]
    fn watch(&self, bytes: usize) -> Watch {
        Watch {
            hot_keys: self.engine.hot_keys.is_active(),
            requests: bytes >= self.settings.large_request.0,
        }
    }

    /// The time after a command, `begun` being the batch's beginning as the clock and as a date.
    #[inline]
    fn later(&self, (clock, now): (u64, i64), after: u64) -> i64 {
        match self.time_passes {
            true => now + (self.clock.delta_as_nanos(clock, after) / 1_000_000) as i64,
            false => now,
        }
    }

    /// Whether the next command's time is measured together with this one's. Reading the clock
    /// costs a tenth of a GET; so up to [`TIMED_TOGETHER`] fast commands of one kind share a
    /// reading, and each counts with their mean. Not if the slow log asks for such short times
    /// itself.
    #[inline]
    fn is_timed_with(&self, this: &Prepared, next: &Prepared, timed: u64) -> bool {
        let (Some((command, id)), Some((_, next))) = (this.command, next.command) else {
            return false;
        };
        timed < TIMED_TOGETHER
            && id == next
            && self.settings.coarse_times
            && command.spec.flags.has(Flags::FAST)
    }

    /// Puts a command into the logs of large requests and replies, unless it is one that no log
    /// has.
    #[cold]
    fn note_large(&self, session: &Session, prepared: &Prepared, done: &Done<'_>, now: i64) {
        let Some((command, _)) = prepared.command else { return };
        if !command.spec.flags.has(Flags::SKIP_SLOWLOG) {
            let sizes = (done.request(), done.reply);
            self.engine.note_large(session, &self.settings, done.args, sizes, now);
        }
    }

    /// Tells HOTKEYS of a command that has run.
    #[cold]
    fn note_hot(
        &mut self,
        prepared: &Prepared,
        done: &Done<'_>,
        (before, after): (u64, u64),
        now: i64,
    ) {
        let Some((command, _)) = prepared.command else { return };
        let nanos = self.clock.delta_as_nanos(before, after);
        let bytes = (done.request() + done.reply) as u64;
        let seen = Seen { spec: &command.spec, args: done.args, nanos, bytes };
        self.engine.hot_keys.note(&seen, now, &mut self.rng);
    }

    /// Takes the settings anew if the configuration has changed.
    #[inline]
    fn refresh_settings(&mut self) {
        if self.generation != self.engine.generation() {
            self.generation = self.engine.generation();
            self.settings = self.engine.settings();
            self.evictor = Evictor::default();
        }
    }

    /// Takes the session's user anew if users have changed.
    #[inline]
    fn refresh_user(&self, session: &mut Session) {
        if session.generation != self.engine.generation() {
            self.engine.refresh_user(session);
        }
    }

    /// Takes a reply back that CLIENT REPLY does not want, and moves SKIP on; behind it come the
    /// messages that belong there.
    #[cold]
    fn end_reply(session: &mut Session, out: &mut Vec<u8>, start: usize) {
        match session.reply_mode {
            ReplyMode::On => {}
            ReplyMode::Off => out.truncate(start),
            ReplyMode::Skip => {
                out.truncate(start);
                session.reply_mode = ReplyMode::On;
            }
            ReplyMode::SkipNext => {
                out.truncate(start);
                session.reply_mode = ReplyMode::Skip;
            }
        }
        out.append(&mut session.pushes);
    }
}
