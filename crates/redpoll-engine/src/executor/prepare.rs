//! Before a batch runs: which commands it holds, the hashes of their keys, and their cache lines.

use super::Executor;
use crate::session::Session;
use crate::spec::Command;
use redpoll_resp::{Args, Batch};

/// What is known of a command before it runs.
#[derive(Clone, Copy)]
pub(super) struct Prepared {
    /// The command and its number; for a container without a valid subcommand the container.
    pub(super) command: Option<(&'static Command, usize)>,
    /// The hash of its one key, if it has one at a fixed place.
    pub(super) hash: Option<u64>,
}

/// What is known of a batch before it runs.
#[derive(Default)]
pub struct Plan(pub(super) Vec<Prepared>);

impl Executor {
    /// Finds the commands of a batch and asks for the table buckets of their keys. Several
    /// connections' batches may be planned before the first of them runs: then their cache misses
    /// overlap, too.
    pub fn plan(&self, session: &mut Session, batch: &Batch, buffer: &[u8], plan: &mut Plan) {
        plan.0.clear();
        plan.0.extend(
            (0..batch.len()).map(|index| self.look_up(session, batch.command(index, buffer))),
        );
        for hash in plan.0.iter().filter_map(|prepared| prepared.hash) {
            self.engine.keyspace.prefetch_bucket(session.db, hash);
        }
    }

    /// Asks for the entries of a planned batch's keys, whose buckets should have arrived by now.
    pub fn prefetch(&self, session: &Session, plan: &Plan) {
        for hash in plan.0.iter().filter_map(|prepared| prepared.hash) {
            self.engine.keyspace.prefetch_entry(session.db, hash);
        }
    }

    /// Whether a planned batch will take long, by what its commands have taken of late.
    pub fn is_long(&self, plan: &Plan) -> bool {
        self.slow.is_long(plan)
    }

    /// Learns how long commands have taken since this was last called.
    pub fn learn_times(&mut self) {
        self.slow.learn(&self.stats);
    }

    /// Finds the command. A pipeline mostly repeats itself, so the last command is tried first.
    #[inline]
    pub(super) fn look_up(&self, session: &mut Session, args: Args<'_>) -> Prepared {
        let Some(name) = args.get(0) else { return Prepared { command: None, hash: None } };
        let found = match session.recent {
            Some((command, id)) if name.eq_ignore_ascii_case(command.spec.name.as_bytes()) => {
                Some((command, id))
            }
            _ => self.find(session, args),
        };
        let key = found.and_then(|(command, _)| args.get(command.spec.single_key(args)?));
        Prepared { command: found, hash: key.map(|key| self.engine.keyspace.hash(key)) }
    }

    fn find(&self, session: &mut Session, args: Args<'_>) -> Option<(&'static Command, usize)> {
        let table = &self.engine.commands;
        let id = table.find(args.at(0))?;
        let row = table.row(id);
        let command = row.command;
        if command.spec.subcommands.is_empty() {
            // The shortcut goes by the name in the metadata.
            session.recent = (!row.renamed).then_some((command, id));
            return Some((command, id));
        }
        let sub = args.get(1).and_then(|name| table.find_sub(id, name)).unwrap_or(id);
        Some((table.row(sub).command, sub))
    }
}
