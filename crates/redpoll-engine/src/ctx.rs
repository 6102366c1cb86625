//! `Ctx`: what a command acts in.
//!
//! A command sees the server's shared state, its client's session, the locked keys, and the reply
//! to write. It sees no socket, no thread, and no clock but `keys.now()`. The parts are separate
//! fields so that a value may be borrowed from `keys` while the reply is written.

use crate::block::BlockRequest;
use crate::engine::Engine;
use crate::migration::Migration;
use crate::session::Session;
use crate::stats::ThreadStats;
use redpoll_config::Config;
use redpoll_keyspace::Keys;
use redpoll_keyspace::effect::{Class, Logged, removal};
use redpoll_resp::{Args, OwnedArgs, Reply};
use redpoll_types::limits::Limits;
use redpoll_types::rng::SmallRng;
use redpoll_types::value::Type;
use std::sync::Arc;

/// See the module's head.
pub struct Ctx<'a> {
    /// What all clients share.
    pub engine: &'a Arc<Engine>,
    /// The client that sent the command.
    pub session: &'a mut Session,
    /// The selected database, with the stripes of the command's keys locked.
    pub keys: Keys<'a>,
    /// Where the answer goes.
    pub reply: Reply<'a>,
    /// Randomness, for commands that pick.
    pub rng: &'a mut SmallRng,
    /// Where the thresholds of the compact encodings stand.
    pub limits: &'a Limits,
    /// How the command runs: alone, in a transaction, or from a script.
    pub mode: Mode,
    /// The thread's counters.
    pub stats: &'a ThreadStats,
    /// What is to be done after the command, if anything.
    pub(crate) action: Option<Action>,
    /// What stands in the change log in place of the command itself.
    pub(crate) rewritten: Option<Vec<OwnedArgs>>,
}

/// How a command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// By itself; it may block its client.
    Alone,
    /// In EXEC, where it must answer at once.
    Transaction,
    /// From a script, where it must answer at once.
    Script,
    /// Again, for a client that waits: nothing new came, or something did.
    Resumed,
    /// On a thread of the background: on copies of its keys, or, if it walks, on the live keyspace.
    Background {
        /// Whether what is answered is to be that of one moment where that is dearer.
        snapshot: bool,
    },
}

/// What is to be done after a command has run and given its locks back.
pub(crate) enum Action {
    /// The client waits. (Registered while the locks are still held.)
    Block(BlockRequest),
    /// The client waits until its keys have moved to another server.
    Migrate(Box<Migration>),
    /// The command runs once more, in the background; its estimated cost in elements.
    Leave(usize),
}

impl Ctx<'_> {
    /// Says that the key has changed; see [`Keys::wrote`].
    #[inline]
    pub fn wrote(&mut self, key: &[u8], class: Class, event: &'static str, changes: u64) {
        self.keys.wrote(key, class, event, changes);
    }

    /// Says that fields of the hash at `key` have changed; see [`Keys::wrote`]. `fields` is looked
    /// at only if somebody wants to know them.
    #[inline]
    pub fn wrote_fields<'f>(
        &mut self,
        key: &[u8],
        event: &'static str,
        changes: u64,
        fields: impl IntoIterator<Item = &'f [u8]>,
    ) {
        self.keys.effects.dirty += changes;
        self.keys.modified(key);
        self.keys.field_event(key, event, fields);
    }

    /// Whether the command may make its client wait. If not, it answers as if its time were over.
    /// One in the background, where there was something when it left, goes back to its worker then.
    pub fn may_block(&self) -> bool {
        matches!(self.mode, Mode::Alone | Mode::Resumed | Mode::Background { .. })
    }

    /// Makes the client wait until one of the keys changes, and then runs the command again;
    /// nothing must have been written to the reply.
    pub fn block(&mut self, request: BlockRequest) {
        self.action = Some(Action::Block(request));
    }

    /// Moves keys to another server, and makes the client wait for it; nothing must have been
    /// written to the reply.
    pub fn migrate(&mut self, migration: Migration) {
        self.action = Some(Action::Migrate(Box::new(migration)));
    }

    /// Lets the command run once more, in the background, where it answers: for commands that find
    /// out only as they run what they cost. [`Ctx::may_leave`] must have been asked, nothing must
    /// have been written to the reply, and nothing changed.
    pub fn leave(&mut self, cost: usize) {
        self.action = Some(Action::Leave(cost));
    }

    /// How a command ends that pops from the first of several keys and has found none: the client
    /// waits for a `wanted` at one of them, or, where it may not wait, gets the absent array at
    /// once, as it does when its time is over.
    pub fn wait_for<'k>(
        &mut self,
        keys: impl Iterator<Item = &'k [u8]>,
        timeout_ms: Option<i64>,
        wanted: Type,
    ) {
        if !self.may_block() {
            return self.reply.null_array();
        }
        self.block(BlockRequest::for_keys(keys.map(Box::from).collect(), timeout_ms, wanted));
    }

    /// What replicas and the append-only file get in place of the command itself: for commands
    /// whose effect depends on chance, on time, or on what was there (SPOP becomes SREM, EXPIRE
    /// PEXPIREAT). Several calls give several commands. `words` runs only if somebody listens.
    pub fn log_as<'w>(&mut self, words: impl IntoIterator<Item = &'w [u8]>) {
        if self.keys.is_logging() {
            let command: OwnedArgs = words.into_iter().collect();
            self.rewritten.get_or_insert_default().push(command);
        }
    }

    /// As [`Ctx::log_as`]: that the key was removed, which a replica does in the background if
    /// `lazily`, a `lazyfree-lazy-…` directive, says so.
    pub fn log_removal(&mut self, key: &[u8], lazily: fn(&Config) -> bool) {
        if self.keys.is_logging() {
            self.log_as([removal(lazily(&self.engine.config)), key]);
        }
    }

    /// Nothing of the command goes to replicas and the append-only file, although it counts as a
    /// write.
    pub fn log_nothing(&mut self) {
        // Even if nobody listens: somebody may before the command ends that gives its locks back.
        self.rewritten.get_or_insert_default();
    }

    /// Lets replicas carry the command out as it came, although it changes nothing: a message.
    pub fn log_message(&mut self, args: Args<'_>) {
        if self.engine.is_logging() {
            let message = Logged::message(self.session.db, args.to_owned());
            self.keys.effects.rare().logged.push(message);
        }
    }

    /// Puts the command as it came into the change log, whether it has changed anything or not:
    /// for FLUSHALL, which may give its locks back before it ends.
    pub fn log_always(&mut self, args: Args<'_>) {
        self.keys.log(self.session.db, args.iter());
        self.log_nothing();
    }

    /// Notes for the change log what the command has changed that has just ended: `itself` if it
    /// said nothing else, and if the dirty count, which was `before`, has grown.
    pub(crate) fn note_for_log(&mut self, itself: Option<Args<'_>>, before: u64) {
        let db = self.session.db;
        match (self.rewritten.take(), itself) {
            (Some(commands), _) => {
                let commands = commands.into_iter().map(|words| Logged::new(db, words));
                self.keys.effects.rare().logged.extend(commands);
            }
            (None, Some(args)) if self.keys.effects.dirty > before => {
                self.keys.log(db, args.iter());
            }
            (None, _) => {}
        }
    }
}
