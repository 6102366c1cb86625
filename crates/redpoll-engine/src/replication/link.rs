//! The link of a replica to its primary, as INFO and ROLE tell of it.

use super::{Backlog, Order, Replication};
use std::sync::atomic::Ordering::*;

/// Where a primary is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Primary {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// How far the link is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LinkState {
    /// To be connected.
    #[default]
    Connect,
    /// Connected; the two are introducing themselves.
    Handshake,
    /// A snapshot is on its way.
    Sync,
    /// The stream is followed.
    Connected,
}

impl LinkState {
    /// The name that ROLE uses.
    pub fn name(self) -> &'static str {
        match self {
            LinkState::Connect => "connect",
            LinkState::Handshake => "handshake",
            LinkState::Sync => "sync",
            LinkState::Connected => "connected",
        }
    }
}

/// See the module's head.
#[derive(Clone, Debug)]
pub struct Link {
    /// The primary.
    pub primary: Primary,
    /// How far the link is.
    pub state: LinkState,
    /// When the primary was last heard of, in milliseconds since 1970.
    pub last_heard: i64,
    /// Since when the link is down, in milliseconds since 1970; `None` while it is up.
    pub down_since: Option<i64>,
    /// Bytes of the snapshot: all (if known), and those that have come.
    pub sync_bytes: (Option<u64>, u64),
}

impl Replication {
    /// The link to the primary, if the server is a replica.
    pub fn link(&self) -> Option<Link> {
        self.state.lock().link.clone()
    }

    /// Follows another primary from now on, or none (then the stream goes on under the new id).
    pub fn follow(&self, primary: Option<Primary>, id: String, now: i64) {
        let mut state = self.state.lock();
        let followed = state.link.is_some();
        state.link = primary.clone().map(|primary| Link {
            primary,
            state: LinkState::Connect,
            last_heard: now,
            down_since: Some(now),
            sync_bytes: (None, 0),
        });
        self.follows.store(state.link.is_some(), Release);
        if followed && primary.is_none() {
            let old = std::mem::replace(&mut state.id, id);
            state.previous = Some((old, self.offset() + 1));
        }
        drop(state);
        self.order(Order::Follow(primary));
    }

    /// Changes what is known of the link, if there still is one.
    pub fn update_link(&self, change: impl FnOnce(&mut Link)) {
        if let Some(link) = &mut self.state.lock().link {
            change(link);
        }
    }

    /// Takes id and offset of the primary over, with its snapshot; replicas of our own are let go,
    /// as their data is another.
    pub fn adopt(&self, id: &str, offset: u64) {
        self.drop_replicas();
        let mut state = self.state.lock();
        state.id = id.to_owned();
        state.previous = None;
        self.offset.store(offset, Release);
        let size = state.backlog_size;
        state.backlog = Some(Backlog::new(size, offset + 1));
    }

    /// Takes over the id under which the primary goes on with the same stream.
    pub fn continue_as(&self, id: &str) {
        let mut state = self.state.lock();
        if state.id != id {
            let old = std::mem::replace(&mut state.id, id.to_owned());
            state.previous = Some((old, self.offset() + 1));
        }
        let (size, next) = (state.backlog_size, self.offset() + 1);
        state.backlog.get_or_insert_with(|| Backlog::new(size, next));
    }
}
