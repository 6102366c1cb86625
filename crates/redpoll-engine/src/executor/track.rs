//! What a client with a cache of its own has read, and the bound on what is remembered of it.

use super::Executor;
use crate::client::flags;
use crate::ctx::Ctx;
use crate::session::Session;
use crate::spec::{Flags, Group, Spec};
use redpoll_resp::Args;
use redpoll_types::rng::Rng;

/// Keys that are forgotten at once where too many are remembered: about what one command adds.
const FORGET_MAX: usize = 128;

impl Ctx<'_> {
    /// Remembers the keys that a command has just read for its client, if that has a cache of its
    /// own and wants them in it. For every command that runs, from wherever it was called.
    pub fn note_reads(&mut self, spec: &Spec, args: Args<'_>) {
        // A script has read what the commands that it calls have read.
        let reads = spec.flags.has(Flags::READONLY)
            && !spec.flags.has(Flags::PUBSUB)
            && spec.group != Group::Scripting;
        if reads && !spec.keys.is_empty() && caches(self.session) {
            let positions = spec.key_positions(args);
            self.remember_reads(positions.iter().filter_map(|position| args.get(position.index)));
        }
    }

    /// Remembers keys for the client, as [`Ctx::note_reads`] does. For commands that give their
    /// locks back before they end: nobody may change what they have read before it is remembered.
    pub fn remember_reads<'k>(&mut self, keys: impl Iterator<Item = &'k [u8]>) {
        if caches(self.session) {
            let id = self.session.client.id;
            keys.for_each(|key| self.keys.remember_reader(key, id));
        }
    }
}

/// Whether the session's client keeps what the command at hand reads.
fn caches(session: &Session) -> bool {
    let client = session.client.flags();
    let said = client & flags::CACHING != 0;
    match client & (flags::OPT_IN | flags::OPT_OUT) {
        _ if client & (flags::TRACKING | flags::BROADCAST) != flags::TRACKING => false,
        flags::OPT_IN => said,
        flags::OPT_OUT => !said,
        _ => true,
    }
}

impl Executor {
    /// Ends the effect of CLIENT CACHING behind the command that it was said for. CLIENT's own
    /// subcommands leave it in force, and a transaction is as one command.
    #[cold]
    pub(super) fn end_caching(&self, session: &Session, id: usize) {
        let table = &self.engine.commands;
        let parent = table.row(id).parent.map(|parent| table.row(parent).command.spec.name);
        if session.transaction.is_none() && parent != Some("client") {
            session.client.set_flag(flags::CACHING, false);
        }
    }

    /// Forgets keys at random while more are remembered than `tracking-table-max-keys`; their
    /// readers are told that they have changed. For the timer, and before each command of a client
    /// that tracks.
    pub fn bound_readers(&mut self, mut own: Option<&mut Session>, now: i64) {
        let max = self.settings.tracked_max;
        let keyspace = &self.engine.keyspace;
        if max == 0 {
            return;
        }
        for _ in 0..FORGET_MAX {
            if keyspace.read_counts().0 <= max {
                return;
            }
            let stripes = keyspace.stripes();
            let first = self.rng.below(stripes as u64) as usize;
            for turn in 0..stripes {
                let mut keys = keyspace.keys(0, now);
                if keys.forget_readers((first + turn) % stripes, |n| self.rng.below(n)) {
                    Self::settle(&self.engine, &self.stats, &mut keys, own.as_deref_mut());
                    break;
                }
            }
        }
    }
}
