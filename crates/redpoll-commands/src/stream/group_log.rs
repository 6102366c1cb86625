//! What the change log gets of a group: who has got which entry, and how far the group has read.
//!
//! What XREADGROUP, XCLAIM and XAUTOCLAIM do depends on the time and on what was there, so each
//! entry that changes hands is logged by itself, in a form that has the same result wherever it is
//! run.

use crate::prelude::*;
use redpoll_resp::OwnedArgs;
use redpoll_types::stream::{Group, StreamId};

/// Commands that are to stand in the change log, gathered while the group is borrowed.
pub struct GroupLog<'a> {
    key: &'a [u8],
    group: &'a [u8],
    is_on: bool,
    /// A consumer that was made, as long as no entry has been given to it: that makes it, too.
    made: Option<&'a [u8]>,
    commands: Vec<OwnedArgs>,
}

impl<'a> GroupLog<'a> {
    /// A log for a group, which gathers nothing if nobody listens.
    pub fn new(ctx: &Ctx<'_>, key: &'a [u8], group: &'a [u8]) -> Self {
        GroupLog { key, group, is_on: ctx.keys.is_logging(), made: None, commands: Vec::new() }
    }

    fn push(&mut self, words: &[&[u8]]) {
        self.commands.push(words.iter().copied().collect());
    }

    /// Notes who has a pending entry now.
    pub fn owner(&mut self, group: &Group, id: StreamId) {
        let Some(pending) = group.get(id).filter(|_| self.is_on) else { return };
        let time = pending.delivered().to_string();
        let deliveries = pending.deliveries().to_string();
        let (id, last) = (id.to_string(), group.last_delivered().to_string());
        let (key, name, owner) = (self.key, self.group, group.owner_name(pending));
        self.made = self.made.filter(|made| *made != owner);
        let head: [&[u8]; 6] = [b"XCLAIM", key, name, owner, b"0", id.as_bytes()];
        let tail: [&[u8]; 8] = [
            b"TIME",
            time.as_bytes(),
            b"RETRYCOUNT",
            deliveries.as_bytes(),
            b"FORCE",
            b"JUSTID",
            b"LASTID",
            last.as_bytes(),
        ];
        self.push(&[&head[..], &tail].concat());
    }

    /// Notes that an entry is no longer pending.
    pub fn gone(&mut self, id: StreamId) {
        if self.is_on {
            let (key, group, id) = (self.key, self.group, id.to_string());
            self.push(&[b"XACK", key, group, id.as_bytes()]);
        }
    }

    /// Notes how far the group has read.
    pub fn position(&mut self, group: &Group) {
        if self.is_on {
            let id = group.last_delivered().to_string();
            let read = group.entries_read().map_or("-1".to_owned(), |read| read.to_string());
            let (id, read) = (id.as_bytes(), read.as_bytes());
            let (key, name) = (self.key, self.group);
            self.push(&[b"XGROUP", b"SETID", key, name, id, b"ENTRIESREAD", read]);
        }
    }

    /// Notes a consumer that was made.
    pub fn new_consumer(&mut self, name: &'a [u8]) {
        self.made = Some(name);
    }

    /// Puts all of it into the change log, in place of the command.
    pub fn write(self, ctx: &mut Ctx<'_>) {
        if !self.is_on {
            return;
        }
        ctx.log_nothing();
        if let Some(name) = self.made {
            ctx.log_as([&b"XGROUP"[..], b"CREATECONSUMER", self.key, self.group, name]);
        }
        for command in &self.commands {
            ctx.log_as(command.as_args().iter());
        }
    }
}
