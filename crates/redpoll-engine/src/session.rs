//! `Session`: the state of one client, owned by the thread that serves it.

use crate::acl::User;
use crate::background::Task;
use crate::block::Waiter;
use crate::client::{Client, flags};
use crate::replication::{Announced, Epoch};
use crate::shared_memory::RingsWanted;
use crate::spec::{Command, Flags};
use redpoll_config::LongCommands;
use redpoll_keyspace::watch::{Change, WatchFlag};
use redpoll_resp::{OwnedArgs, Proto};
use redpoll_types::number::parse_i64;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// Whether a client wants replies (CLIENT REPLY).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReplyMode {
    /// Every reply.
    #[default]
    On,
    /// None.
    Off,
    /// None for the next command.
    SkipNext,
    /// None for this command.
    Skip,
}

/// A command that waits for EXEC.
pub struct Queued {
    /// The command.
    pub command: &'static Command,
    /// Its number in the command table.
    pub id: usize,
    /// The flags of the call.
    pub flags: Flags,
    /// Its words.
    pub args: OwnedArgs,
}

/// The state between MULTI and EXEC.
#[derive(Default)]
pub struct Transaction {
    /// The commands so far.
    pub queue: Vec<Queued>,
    /// A command was refused: EXEC will be, too.
    pub aborted: bool,
    /// Bytes of the queued words.
    pub bytes: usize,
}

/// A key that a client watches.
pub struct Watched {
    /// The database.
    pub db: usize,
    /// The key.
    pub key: Box<[u8]>,
    /// Whether the key was there, so that its expiry counts as a change.
    pub existed: bool,
}

/// Names of fields, in an order.
pub type FieldNames = Arc<[Box<[u8]>]>;

/// What a client has subscribed to.
#[derive(Default)]
pub struct Subscriptions {
    /// Channels.
    pub channels: BTreeSet<Box<[u8]>>,
    /// Patterns.
    pub patterns: BTreeSet<Box<[u8]>>,
    /// Shard channels.
    pub shard_channels: BTreeSet<Box<[u8]>>,
}

impl Subscriptions {
    /// Channels and patterns together: the count that SUBSCRIBE answers.
    pub fn count(&self) -> usize {
        self.channels.len() + self.patterns.len()
    }

    /// Whether there is any subscription at all.
    pub fn any(&self) -> bool {
        self.count() + self.shard_channels.len() > 0
    }
}

/// What a link to our primary passes on to the stream that replicas of our own follow.
#[derive(Debug)]
pub struct Stream {
    /// The link's number.
    pub epoch: Epoch,
    /// What has come of a transaction, or of the command that runs: it is passed on when it is
    /// done, so that a link that breaks within it asks for the whole of it again.
    pub(crate) unit: Vec<u8>,
}

impl Stream {
    /// That of the link with this number.
    pub fn new(epoch: Epoch) -> Self {
        Stream { epoch, unit: Vec::new() }
    }
}

/// See the module's head.
pub struct Session {
    /// What others see of the client.
    pub client: Arc<Client>,
    /// The selected database.
    pub db: usize,
    /// The protocol.
    pub proto: Proto,
    /// Whether the client may run commands that need authentication.
    pub authenticated: bool,
    /// Whether its user may do everything, so that nothing is checked.
    pub(crate) unrestricted: bool,
    /// The user it acts as; none before its first command.
    pub(crate) user: Option<Arc<User>>,
    /// The engine's generation when the user was looked up.
    pub(crate) generation: u64,
    /// Whether replies are wanted.
    pub reply_mode: ReplyMode,
    /// The state between MULTI and EXEC.
    pub transaction: Option<Transaction>,
    /// The keys it watches.
    pub watched: Vec<Watched>,
    /// Set by whoever changes one of them.
    pub watch_flag: WatchFlag,
    /// What it has subscribed to.
    pub subscriptions: Subscriptions,
    /// The blocking command that it waits in.
    pub waiting: Option<Arc<Waiter>>,
    /// The command of it that runs in the background.
    pub(crate) background: Option<Arc<Task>>,
    /// How its long commands run, if it has said so.
    pub long_commands: Option<LongCommands>,
    /// Its command runs here, whatever it costs.
    pub(crate) runs_inline: bool,
    /// What it has said of itself as a replica to be.
    pub announced: Option<Announced>,
    /// Whether it is a replica.
    pub is_replica: bool,
    /// Whether this is the link to our primary, whose commands are not questioned.
    pub is_primary: bool,
    /// What the link to our primary passes on, if this is one.
    pub link: Option<Box<Stream>>,
    /// The replication offset behind its last write.
    pub write_offset: u64,
    /// The position in the change log behind its last write.
    pub log_position: u64,
    /// Field names for HIMPORT SET, by the names that HIMPORT PREPARE gave them.
    pub fieldsets: BTreeMap<Box<[u8]>, FieldNames>,
    /// Messages to the client that come right behind the reply of the command that runs.
    pub pushes: Vec<u8>,
    /// Whether its next command waits because of CLIENT PAUSE.
    pub(crate) postponed: bool,
    /// It has asked for shared memory.
    pub rings_wanted: Option<RingsWanted>,
    /// To be closed when the replies so far are sent.
    pub closing: bool,
    /// With more bytes of replies than this it will be closed, and gets none of them.
    pub reply_max: usize,
    /// The words of the running command that MONITOR and SLOWLOG must not show, by their positions.
    pub secret_words: Vec<usize>,
    /// What the slow log is to say of the last search, if that took long.
    pub remark: Option<Box<[u8]>>,
    /// The last command that is no subcommand, to recognise the same again in a pipeline.
    pub(crate) recent: Option<(&'static Command, usize)>,
    /// Commands executed so far.
    pub(crate) executed: u64,
    /// The number of the last command.
    pub(crate) last_command: Option<usize>,
}

impl Session {
    /// The session of a client that has just connected.
    pub fn new(client: Arc<Client>, authenticated: bool) -> Self {
        Session {
            client,
            db: 0,
            proto: Proto::Resp2,
            authenticated,
            unrestricted: false,
            user: None,
            // None: the first batch looks the user up.
            generation: u64::MAX,
            reply_mode: ReplyMode::On,
            transaction: None,
            watched: Vec::new(),
            watch_flag: WatchFlag::default(),
            subscriptions: Subscriptions::default(),
            waiting: None,
            background: None,
            long_commands: None,
            runs_inline: false,
            announced: None,
            is_replica: false,
            is_primary: false,
            link: None,
            write_offset: 0,
            log_position: 0,
            fieldsets: BTreeMap::new(),
            pushes: Vec::new(),
            postponed: false,
            rings_wanted: None,
            closing: false,
            reply_max: usize::MAX,
            secret_words: Vec::new(),
            remark: None,
            recent: None,
            executed: 0,
            last_command: None,
        }
    }

    /// Messages to the client itself come behind its answer: until that is there, they wait with
    /// what others have for it.
    pub(crate) fn post_pushes(&mut self) {
        if !self.pushes.is_empty() {
            self.client.post(&std::mem::take(&mut self.pushes));
        }
    }

    /// Commands executed so far.
    pub fn executed(&self) -> u64 {
        self.executed
    }

    /// Switches the protocol.
    pub fn set_proto(&mut self, proto: Proto) {
        self.proto = proto;
        self.client.set_proto(proto);
    }

    /// The database that the next command will run in: behind a queued SELECT another one than now.
    pub fn db_of_next(&self) -> usize {
        let queue = self.transaction.iter().flat_map(|transaction| transaction.queue.iter().rev());
        let mut selects = queue.filter(|queued| queued.command.spec.name == "select");
        let number = selects.next().and_then(|queued| parse_i64(queued.args.as_args().get(1)?));
        number.and_then(|number| usize::try_from(number).ok()).unwrap_or(self.db)
    }

    /// Whether a watched key has changed.
    pub fn watch_broken(&self) -> bool {
        self.watch_flag.is_set()
    }

    /// Declares the watched keys changed (or, after EXEC, unchanged).
    pub fn set_watch_broken(&self, broken: bool) {
        match broken {
            true => self.watch_flag.note(Change::Any),
            false => self.watch_flag.clear(),
        }
    }

    /// Whether only the commands of a subscriber are allowed: RESP2 with subscriptions.
    #[inline]
    pub fn only_pubsub(&self) -> bool {
        self.proto == Proto::Resp2 && self.subscriptions.any()
    }

    /// Refreshes what CLIENT LIST shows. Called once a batch.
    pub fn publish_figures(&self, now: i64) {
        let figures = &self.client.figures;
        figures.last_active.store(now, Relaxed);
        figures.db.store(self.db as u32, Relaxed);
        figures.last_command.store(self.last_command.map_or(0, |id| id as u32 + 1), Relaxed);
        figures.commands.store(self.executed, Relaxed);
        let queue = self.transaction.as_ref();
        figures.queued.store(queue.map_or(0, |t| t.queue.len() as u32 + 1), Relaxed);
        figures.queued_bytes.store(queue.map_or(0, |t| t.bytes), Relaxed);
        figures.channels.store(self.subscriptions.channels.len() as u32, Relaxed);
        figures.patterns.store(self.subscriptions.patterns.len() as u32, Relaxed);
        figures.shard_channels.store(self.subscriptions.shard_channels.len() as u32, Relaxed);
        figures.watched.store(self.watched.len() as u32, Relaxed);
        self.client.set_flag(flags::BLOCKED, self.waiting.is_some());
        self.client.set_flag(flags::BACKGROUND, self.background.is_some());
        self.client.set_flag(flags::CLOSING, self.closing);
    }
}
