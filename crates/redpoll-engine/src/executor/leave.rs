//! Where a command leaves its worker: what it needs is copied while its keys are locked, and a
//! thread of the background does the rest.
//!
//! Copying takes a pointer for each chunk of a large value. So the command sees its keys as they
//! are at this moment, whatever happens to them while it waits and runs. Whether it leaves is
//! decided here and nowhere else, by the cost that stands in its metadata.

use super::Executor;
use crate::background::{self, Again, Job, Outcome, Purpose, State, Task};
use crate::client::flags;
use crate::ctx::{Ctx, Mode};
use crate::error::{Error, Result};
use crate::refusal::WriteRefusal;
use crate::session::{ReplyMode, Session};
use crate::spec::{Command, Flags, KeyFlags, Locks, Spec};
use redpoll_config::LongCommands;
use redpoll_keyspace::effect::Effects;
use redpoll_keyspace::entry::{EntryMut, Payload};
use redpoll_keyspace::watch::{Change, WatchFlag};
use redpoll_keyspace::{Keys, Saved, clock};
use redpoll_resp::{Args, OwnedArgs, Proto};
use redpoll_types::stream::{Mark, Stream};
use redpoll_types::value::Typed;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// How long a write waits before it looks again whether it may be made.
pub(super) const NAP: Duration = Duration::from_millis(1);

/// A command on its way through the background.
pub struct Errand {
    pub(super) task: Arc<Task>,
    pub(super) command: (&'static Command, usize),
    pub(super) args: OwnedArgs,
    pub(super) db: usize,
    pub(super) proto: Proto,
    pub(super) wants_reply: bool,
    pub(super) reply_max: usize,
    pub(super) sees_expired: bool,
    /// The moment that it is of.
    pub(super) now: i64,
    pub(super) mode: LongCommands,
    /// Whether it runs on copies of its keys, or on the live keyspace.
    pub(super) on_copies: bool,
    /// Its keys as they were then.
    pub(super) copies: Vec<Copied>,
    /// Whether it changes groups of streams alone; and if so, whether it reads what is new.
    pub(super) groups: Option<bool>,
}

/// A key, as it was when its command left.
pub(super) struct Copied {
    pub(super) key: Box<[u8]>,
    pub(super) saved: Option<Saved>,
    /// Whether the command may change it.
    pub(super) written: bool,
    /// Set by whoever changes the key meanwhile; asked for by writes only.
    pub(super) changed: WatchFlag,
    /// For a stream that may be changed: what its groups were.
    pub(super) mark: Option<Mark>,
}

impl Copied {
    /// Takes the copy, of a key that is locked; a write asks to be told of changes.
    fn take(keys: &mut Keys<'_>, key: &[u8], written: bool, watches: bool) -> Self {
        let saved = keys.save(key);
        let changed = WatchFlag::default();
        if watches {
            keys.watch(key, &changed);
        }
        let mark = match written {
            true => stream_of(&saved).map(Stream::mark),
            false => None,
        };
        Copied { key: key.into(), saved: Some(saved), written, changed, mark }
    }
}

/// The stream that was saved, if it was one.
fn stream_of(saved: &Saved) -> Option<&Stream> {
    match saved.entry()?.payload() {
        Payload::Value(value) => Stream::of(value),
        _ => None,
    }
}

impl Errand {
    /// The estimated number of elements.
    pub(crate) fn cost(&self) -> u64 {
        self.task.cost
    }

    /// Whether it may change something, so that its copies must not have changed when it is done.
    pub(super) fn writes(&self) -> bool {
        let written = || self.copies.iter().any(|copied| copied.written);
        self.command.0.spec.flags.has(Flags::WRITE) && written()
    }

    /// Whether somebody has changed one of its keys that it has only read, so that its result is
    /// that of an earlier moment; and whether such a result may stand at all.
    pub(super) fn is_of_before(&self) -> bool {
        self.mode == LongCommands::Yield
            && self.groups.is_none()
            && self.copies.iter().any(|copied| copied.changed.is_set())
    }

    /// Whether somebody has changed a key so that what has been made of it is worth nothing; its
    /// keys are locked. What has only been read may have changed if the log gets the result
    /// `by_value`.
    pub(super) fn is_stale(&self, keys: &Keys<'_>, made: &[Saved], by_value: bool) -> bool {
        self.copies.iter().any(|copied| {
            let live = || keys.glimpse::<Stream>(&copied.key);
            match (copied.changed.change(), self.groups) {
                (None, _) if copied.mark.is_none() => false,
                (Some(Change::Any), _) => copied.written || !by_value,
                (change, Some(reads_new)) => {
                    let made = made.iter().find(|saved| saved.key() == &*copied.key);
                    let (made, how) = (made.and_then(stream_of), (change.is_some(), reads_new));
                    match (live(), made, &copied.mark) {
                        (Some(live), Some(made), Some(mark)) => !live.can_take(made, mark, how),
                        _ => change.is_some(),
                    }
                }
                (Some(Change::Added), None) => copied.written || !by_value,
                (None, None) => match (live(), &copied.mark) {
                    (Some(live), Some(mark)) => !live.has_kept(mark),
                    _ => true,
                },
            }
        })
    }

    /// The keys that it has changed in the keyspace at hand, taken out of it.
    pub(super) fn take_changed(&self, keys: &mut Keys<'_>, watches: &[WatchFlag]) -> Vec<Saved> {
        let copies = self.copies.iter().zip(watches);
        let changed = copies.filter(|(copied, watch)| {
            let groups_changed = || match (keys.glimpse::<Stream>(&copied.key), &copied.mark) {
                (Some(stream), Some(mark)) => !stream.has_kept(mark),
                _ => false,
            };
            watch.is_set() || groups_changed()
        });
        let changed: Vec<&Copied> = changed.map(|(copied, _)| copied).collect();
        changed.into_iter().map(|copied| keys.take_out(&copied.key)).collect()
    }

    /// Copies its keys once more, under their locks, as they are at the view's moment; and asks to
    /// be told of changes again.
    pub(super) fn copy_again(&mut self, keys: &mut Keys<'_>) {
        self.now = keys.now();
        for copied in &mut self.copies {
            keys.unwatch(&copied.key, &copied.changed);
            *copied = Copied::take(keys, &copied.key, copied.written, true);
        }
    }

    /// Lets what it has come to become what is there; its keys are locked.
    pub(super) fn take_over(&self, keys: &mut Keys<'_>, effects: Effects, changed: Vec<Saved>) {
        keys.effects.absorb(effects);
        for copied in &self.copies {
            keys.unwatch(&copied.key, &copied.changed);
        }
        for saved in changed {
            if self.groups.is_some() {
                self.take_groups(keys, saved);
                continue;
            }
            let key: Box<[u8]> = saved.key().into();
            keys.take_over(saved);
            keys.modified(&key);
        }
    }

    /// Lets the groups that have changed of a stream take their places in the stream that is there.
    /// Nobody is told, as of any change of a group.
    fn take_groups(&self, keys: &mut Keys<'_>, made: Saved) {
        let mark = self.copies.iter().find(|copied| &*copied.key == made.key());
        let live = keys.entry_mut(made.key()).and_then(EntryMut::into_value_mut);
        if let (Some(live), Some(made), Some(mark)) = (
            live.and_then(Stream::of_mut),
            stream_of(&made),
            mark.and_then(|copied| copied.mark.as_ref()),
        ) {
            live.take_groups(made, mark);
        }
    }

    /// What is needed to run it again.
    pub(super) fn again(&self) -> Box<Again> {
        let (command, wants_reply) = (self.command, self.wants_reply);
        Box::new(Again { command, args: self.args.clone(), wants_reply })
    }
}

/// Whether a call touches no key but those that its metadata names.
fn runs_on_copies(spec: &Spec, args: Args<'_>) -> bool {
    match (spec.locks, spec.beyond) {
        (Locks::Keys, _) => true,
        (Locks::Own, Some(beyond)) => !beyond(args),
        (Locks::Own | Locks::All, _) => false,
    }
}

impl Ctx<'_> {
    /// Locks the stripe of a key alone, to change it at the end of a command that has run in the
    /// background on the live keyspace: once writes are not paused, and if they are still allowed.
    pub fn lock_to_write(&mut self, key: &[u8]) -> Result {
        self.keys.unlock_walk();
        while self.engine.pause.holds(true, clock::now_ms()).is_some() {
            background::check();
            thread::sleep(NAP);
        }
        self.keys.lock_key(key);
        let refused =
            self.engine.replication.is_replica() && self.engine.config.replica_read_only();
        match refused {
            true => Err(Error::text(WriteRefusal::ReadOnly.text())),
            false => Ok(()),
        }
    }

    /// Lets the command run in the background, if it costs so much that it is worth it: for one
    /// that is quick nearly always, and finds out only when it looks. Answers whether it does; then
    /// there is nothing more to do for it. Nothing must have been changed or written.
    pub fn leaves(&mut self, cost: usize) -> bool {
        let leaves = cost >= self.engine.config.background_threshold() && self.may_leave();
        if leaves {
            self.leave(cost);
        }
        leaves
    }

    /// Whether the command may leave its worker for the background.
    pub fn may_leave(&self) -> bool {
        self.mode == Mode::Alone && !self.stays()
    }

    /// Whether all commands run on their worker here, whatever they cost.
    fn stays(&self) -> bool {
        let session = &*self.session;
        self.long_commands() == LongCommands::Inline
            || session.is_primary
            || session.link.is_some()
            || session.runs_inline
            || session.is_replica
            || !self.engine.background.is_on()
    }

    /// How the session's long commands run.
    fn long_commands(&self) -> LongCommands {
        let own = self.session.long_commands;
        own.unwrap_or_else(|| self.engine.config.long_commands())
    }
}

impl Executor {
    /// Hands a command over to the background if it is worth it. Answers whether it did; an error
    /// if there is no place for it. Its stripes are locked, as far as its metadata asks for that.
    #[cold]
    pub(super) fn leave(
        ctx: &mut Ctx<'_>,
        (command, id): (&'static Command, usize),
        args: Args<'_>,
        cost: usize,
    ) -> Result<bool> {
        if ctx.stays() {
            return Ok(false);
        }
        let mode = ctx.long_commands();
        let purpose = Purpose::of(command.spec.group);
        if !ctx.engine.background.has_room(purpose) {
            return Err(Error::text(
                "BUSY the queue of long commands is full (background-queue-max)",
            ));
        }
        let on_copies = runs_on_copies(&command.spec, args);
        let copies = match on_copies {
            true => Self::copy_keys(ctx, &command.spec, args),
            false => Vec::new(),
        };
        let name = &ctx.engine.commands.row(id).full_name;
        let client = Arc::clone(&ctx.session.client);
        let task = ctx.engine.background.task(name, Some(client), cost);
        let wants_reply = ctx.session.reply_mode == ReplyMode::On;
        if !wants_reply {
            task.mute();
        }
        let errand = Errand {
            task: Arc::clone(&task),
            command: (command, id),
            args: args.to_owned(),
            db: ctx.session.db,
            proto: ctx.session.proto,
            wants_reply,
            reply_max: ctx.session.reply_max,
            sees_expired: ctx.keys.sees_expired(),
            now: ctx.keys.now(),
            mode,
            on_copies,
            copies,
            groups: command.spec.groups.map(|reads_new| reads_new(args)),
        };
        ctx.session.background = Some(Arc::clone(&task));
        ctx.session.client.set_flag(flags::BACKGROUND, true);
        ctx.engine.background.submit(purpose, &task, Job::Command(Box::new(errand)));
        Ok(true)
    }

    /// Copies of a command's keys, each once, which are locked. Writes ask to be told when one of
    /// them changes.
    fn copy_keys(ctx: &mut Ctx<'_>, spec: &Spec, args: Args<'_>) -> Vec<Copied> {
        let locked = Instant::now();
        let mut seen = BTreeSet::new();
        let positions = spec.key_positions(args);
        if spec.locks == Locks::Own {
            ctx.keys.lock_keys(positions.iter().filter_map(|position| args.get(position.index)));
        }
        let written = |flags: KeyFlags| flags.writes() || spec.groups.is_some();
        let writes = spec.flags.has(Flags::WRITE) && positions.iter().any(|it| written(it.flags));
        let mut copies = Vec::new();
        for position in positions {
            let Some(key) = args.get(position.index).filter(|key| seen.insert(*key)) else {
                continue;
            };
            if position.flags.uses_data() {
                ctx.keys.touch(key);
            }
            copies.push(Copied::take(&mut ctx.keys, key, written(position.flags), writes));
        }
        ctx.engine.background.counts.held_locks(locked.elapsed().as_nanos() as u64);
        copies
    }

    /// Ends what a session's command in the background has left to be done here, when all of its
    /// answer is there. Writes to `out` what is still to be answered.
    pub fn come_back(&mut self, session: &mut Session, out: &mut Vec<u8>, now: i64) {
        let Some(task) = session.background.take_if(|task| task.is_done()) else { return };
        session.client.set_flag(flags::BACKGROUND, false);
        match task.take_outcome() {
            Some(Outcome::Answered { position: Some((offset, position)) }) => {
                (session.write_offset, session.log_position) = (offset, position);
            }
            Some(Outcome::RunInline(again)) => self.run_here(session, &again, out, now),
            Some(Outcome::Close) => session.closing = true,
            Some(Outcome::Answered { position: None }) | None => {}
        }
    }

    /// Runs a command at once whose keys would not stand still.
    fn run_here(&mut self, session: &mut Session, again: &Again, out: &mut Vec<u8>, now: i64) {
        self.refresh_settings();
        let (mark, before) = (out.len(), self.clock.raw());
        let args = again.args.as_args();
        session.runs_inline = true;
        self.run(session, again.command, args, None, out, now);
        session.runs_inline = false;
        if !again.wants_reply {
            out.truncate(mark);
        }
        let nanos = self.clock.delta_as_nanos(before, self.clock.raw());
        let (command, id) = again.command;
        self.stats.commands[id].called(1, nanos);
        self.engine.note_time(session, &command.spec, args, nanos, now);
    }

    /// Forgets the command that a session has in the background: its client is gone.
    pub(super) fn abandon(&self, session: &mut Session) {
        if let Some(task) = session.background.take() {
            self.engine.background.give_up(&task);
        }
    }
}

impl Session {
    /// Whether its further commands wait: for a blocking one, or for one in the background.
    #[inline]
    pub fn waits(&self) -> bool {
        self.waiting.is_some() | self.background.is_some()
    }

    /// The command of it that runs in the background.
    pub fn background(&self) -> Option<&Task> {
        self.background.as_deref()
    }

    /// Whether a command of it runs in the background, so that nothing else may be sent.
    pub fn is_away(&self) -> bool {
        self.background.is_some()
    }

    /// Whether all of the answer of its command in the background is there.
    pub fn has_come_back(&self) -> bool {
        self.background.as_ref().is_some_and(|task| task.state() == State::Done)
    }
}
