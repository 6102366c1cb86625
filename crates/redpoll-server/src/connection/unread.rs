//! How much of its replies a client may leave unread, and what becomes of one that leaves more.

use super::{Connection, UNREAD_STUCK_MAX};
use redpoll_config::{BufferLimit, ClientClass};
use redpoll_engine::Executor;
use redpoll_engine::client::ClientKind;
use std::sync::atomic::Ordering::Relaxed;

impl Connection {
    /// Sets how much a turn's commands may answer before the client is closed for it: what its hard
    /// limit leaves.
    pub(super) fn bound_replies(&mut self, executor: &Executor) {
        let hard = self.output_limit(executor).hard_bytes;
        let left = usize::try_from(hard).unwrap_or(usize::MAX).saturating_sub(self.unsent());
        self.session.reply_max = if hard > 0 { left } else { usize::MAX };
    }

    /// Once a second: gives a client more room that seems to write all its requests before it reads
    /// the first reply. It waits until we read, and would wait for ever; as we give room in steps,
    /// one that floods us does not get far. Answers whether there is something to do now.
    pub fn make_room(&mut self) -> bool {
        let sent = self.session.client.figures.bytes_out.load(Relaxed);
        let is_stuck = sent == std::mem::replace(&mut self.sent_before, sent)
            && self.unsent() > self.unread_max
            && (self.arrived || !self.input.is_empty());
        if !is_stuck || self.room >= UNREAD_STUCK_MAX {
            return false;
        }
        self.room *= 8;
        self.unread_max = self.unread_max.max(self.room);
        true
    }

    /// How much of its replies the client may leave unread.
    pub(super) fn output_limit(&self, executor: &Executor) -> BufferLimit {
        let class = match self.session.client.kind() {
            ClientKind::Normal | ClientKind::Primary => ClientClass::Normal,
            ClientKind::Replica => ClientClass::Replica,
            ClientKind::PubSub => ClientClass::Pubsub,
        };
        let config = &executor.engine().config;
        let mut limit = config.client_output_buffer_limit(class);
        if class == ClientClass::Replica && limit.hard_bytes > 0 {
            // Less than the backlog would let replicas go that it could serve.
            limit.hard_bytes = limit.hard_bytes.max(config.repl_backlog_size());
        }
        limit
    }

    #[cold]
    pub(super) fn close_as_unread(&self, executor: &Executor) {
        executor.engine().stats.output_limit_disconnects.fetch_add(1, Relaxed);
        let address = &self.session.client.origin.address;
        log::warn!("Client {address} closed for overcoming of output buffer limits.");
    }
}
