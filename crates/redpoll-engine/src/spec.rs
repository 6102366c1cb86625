//! What a command is: everything that can be known of it without running it, beside its function.
//!
//! One [`Command`] value knows its name, arity, flags, keys, arguments and documentation; the
//! dispatcher, COMMAND, ACL categories, key extraction and the documentation are mere readers of
//! it, so that none of them can drift. All fields are `const`, written in the command's own file.

use crate::ctx::Ctx;
use crate::error::Result;
use redpoll_keyspace::Keys;
use redpoll_resp::Args;

mod arg;
mod flags;
mod keys;
mod uses;

pub use arg::{Arg, ArgKind};
pub use flags::{Acl, Flags};
pub use keys::{Begin, Find, KeyFlags, KeyPosition, KeySpec};

/// A command's function. It has checked arity and locked keys behind it; what it returns as an
/// error replaces whatever it has written to the reply.
pub type Run = fn(&mut Ctx<'_>, Args<'_>) -> Result;

/// About how many elements a call will have to do with. Its keys are locked, if they are by the
/// metadata; bad arguments cost nothing, and are refused later.
pub type Cost = fn(&mut Keys<'_>, Args<'_>) -> usize;

/// A command or subcommand.
pub struct Command {
    /// What is known of it.
    pub spec: Spec,
    /// What it does.
    pub run: Run,
}

/// Which stripes are locked when a command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locks {
    /// Those of its keys (none if it has no keys).
    Keys,
    /// All of them.
    All,
    /// None: the command walks the keyspace and locks stripe by stripe, or finds out its keys by
    /// itself (`ctx.keys.lock_keys`, `lock_all`). Inside a transaction all are locked.
    Own,
}

/// The group of commands that documentation lists a command under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Group {
    String,
    List,
    Set,
    SortedSet,
    Hash,
    Stream,
    Bitmap,
    HyperLogLog,
    Geo,
    Generic,
    Connection,
    Server,
    PubSub,
    Transactions,
    Scripting,
    Cluster,
    Search,
    Suggestion,
}

impl Group {
    /// The name as COMMAND DOCS gives it.
    pub fn name(self) -> &'static str {
        match self {
            Group::String => "string",
            Group::List => "list",
            Group::Set => "set",
            Group::SortedSet => "sorted-set",
            Group::Hash => "hash",
            Group::Stream => "stream",
            Group::Bitmap => "bitmap",
            Group::HyperLogLog => "hyperloglog",
            Group::Geo => "geo",
            Group::Generic => "generic",
            Group::Connection => "connection",
            Group::Server => "server",
            Group::PubSub => "pubsub",
            Group::Transactions => "transactions",
            Group::Scripting => "scripting",
            Group::Cluster => "cluster",
            Group::Search => "search",
            Group::Suggestion => "suggestion",
        }
    }

    /// The ACL category that all commands of the group belong to, if there is one.
    fn acl(self) -> Acl {
        match self {
            Group::String => Acl::STRING,
            Group::List => Acl::LIST,
            Group::Set => Acl::SET,
            Group::SortedSet => Acl::SORTEDSET,
            Group::Hash => Acl::HASH,
            Group::Stream => Acl::STREAM,
            Group::Bitmap => Acl::BITMAP,
            Group::HyperLogLog => Acl::HYPERLOGLOG,
            Group::Geo => Acl::GEO,
            Group::Generic => Acl::KEYSPACE,
            Group::Connection => Acl::CONNECTION,
            Group::Transactions => Acl::TRANSACTION,
            Group::Scripting => Acl::SCRIPTING,
            Group::Search | Group::Suggestion => Acl::SEARCH,
            // The flag says it: PUBSUB HELP is none of them.
            Group::PubSub | Group::Server | Group::Cluster => Acl::NONE,
        }
    }
}

/// Everything that is known of a command.
pub struct Spec {
    /// Its name in lower case; a subcommand's own word only (`get` of `config|get`).
    pub name: &'static str,
    /// The number of words, name included; negative: at least so many. A subcommand counts its
    /// container's name too.
    pub arity: i32,
    /// What it does to the server, and where it may run.
    pub flags: Flags,
    /// ACL categories beyond those that follow from group and flags.
    pub acl: Acl,
    /// Where its keys are.
    pub keys: &'static [KeySpec],
    /// What it needs locked.
    pub locks: Locks,
    /// What a call costs, if it can be much: it may run in the background then. Such a command must
    /// touch no key but those of its metadata (unless `locks` is `Own`: then it has to hold its
    /// locks in slices).
    pub cost: Option<Cost>,
    /// For commands that lock by themselves and have keys: whether a call goes beyond the keys that
    /// the metadata names. If it does, it runs on the live keyspace in the background, and not on
    /// copies.
    pub beyond: Option<fn(Args<'_>) -> bool>,
    /// For commands that change groups of the streams at their keys and nothing else of them, so
    /// that WATCH need not be told: whether a call reads entries that are new to a group, and would
    /// read on if more were added.
    pub groups: Option<fn(Args<'_>) -> bool>,
    /// Where documentation lists it.
    pub group: Group,
    /// The first version of Redis that has it.
    pub since: &'static str,
    /// What later versions have changed: each version, and a sentence of ours.
    pub history: &'static [(&'static str, &'static str)],
    /// One sentence, ours.
    pub summary: &'static str,
    /// Time complexity.
    pub complexity: &'static str,
    /// Its arguments, for COMMAND DOCS, hints and completion.
    pub args: &'static [Arg],
    /// Hints to clients (COMMAND's "tips").
    pub tips: &'static [&'static str],
    /// Its subcommands, if it is a container.
    pub subcommands: &'static [&'static Command],
    /// If deprecated: since which version, and what to use.
    pub deprecated: Option<(&'static str, &'static str)>,
}

impl Spec {
    /// The fields that most commands leave alone.
    pub const EMPTY: Spec = Spec {
        name: "",
        arity: -1,
        flags: Flags::NONE,
        acl: Acl::NONE,
        keys: &[],
        locks: Locks::Keys,
        cost: None,
        beyond: None,
        groups: None,
        group: Group::Generic,
        since: "1.0.0",
        history: &[],
        summary: "",
        complexity: "O(1)",
        args: &[],
        tips: &[],
        subcommands: &[],
        deprecated: None,
    };

    /// All ACL categories: the explicit ones, the group's, and those that the flags imply.
    pub fn categories(&self) -> Acl {
        // Generic commands that name the types or the side they belong to are not of the keyspace:
        // SORT and WAIT.
        // Nor is a container: its subcommands are.
        let placed = self.acl.has(Acl::LIST)
            || self.acl.has(Acl::CONNECTION)
            || !self.subcommands.is_empty();
        let group = if placed { Acl::NONE } else { self.group.acl() };
        let mut acl = self.acl | group;
        let flags = self.flags;
        let implied = [
            (Flags::WRITE, Acl::WRITE),
            (Flags::ADMIN, Acl::ADMIN | Acl::DANGEROUS),
            (Flags::PUBSUB, Acl::PUBSUB),
            (Flags::FAST, Acl::FAST),
            (Flags::BLOCKING, Acl::BLOCKING),
        ];
        for (flag, category) in implied {
            if flags.has(flag) {
                acl = acl | category;
            }
        }
        if flags.has(Flags::READONLY) && !acl.has(Acl::SCRIPTING) {
            acl = acl | Acl::READ;
        }
        if !flags.has(Flags::FAST) {
            acl = acl | Acl::SLOW;
        }
        acl
    }

    /// Whether the command itself may stand in the change log: transactions and scripts are there
    /// by what they have run.
    pub(crate) fn is_logged(&self) -> bool {
        let scripting = self.group == Group::Scripting && !self.flags.has(Flags::WRITE);
        !scripting && (self.flags.has(Flags::WRITE) || self.flags.has(Flags::MAY_REPLICATE))
    }

    /// Whether a command of `words` words has the right number of them.
    #[inline]
    pub fn accepts(&self, words: usize) -> bool {
        let arity = self.arity;
        if arity >= 0 { words == arity as usize } else { words >= arity.unsigned_abs() as usize }
    }
}
