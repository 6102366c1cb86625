//! The link of a replica to its primary, as INFO and ROLE tell of it.

use super::{Backlog, Order, Position, Replication};
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
    /// Being connected.
    Connecting,
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
            LinkState::Connecting => "connecting",
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
    /// Since when the link is down, in milliseconds since 1970; `None` while it is up, and as long
    /// as it has never been.
    pub down_since: Option<i64>,
    /// Bytes of the snapshot: all (if known), and those that have come.
    pub sync_bytes: (Option<u64>, u64),
    /// When the snapshot last grew, in milliseconds since 1970.
    pub sync_heard: i64,
    /// How the snapshot comes, if it is being read from a table.
    pub table: Option<TableSync>,
    /// How the last full sync went.
    pub last_sync: Option<SyncReport>,
}

/// A full sync from a table, on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableSync {
    /// The carrier's name.
    pub carrier: &'static str,
    /// Chunks that have come.
    pub chunks: u64,
    /// Keys that have come, and those that there are.
    pub keys: (u64, u64),
    /// When it began, in milliseconds since 1970.
    pub begun: i64,
}

/// A full sync that is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SyncReport {
    /// How it came: a carrier's name, or `stream`.
    pub carrier: &'static str,
    /// Bytes.
    pub bytes: u64,
    /// Keys.
    pub keys: u64,
    /// Seconds from the primary's answer until all was loaded.
    pub seconds: f64,
}

impl Link {
    /// Whether the stream is followed.
    pub fn is_up(&self) -> bool {
        self.state == LinkState::Connected
    }
}

impl SyncReport {
    /// Megabytes a second.
    pub fn rate(&self) -> f64 {
        self.bytes as f64 / 1e6 / self.seconds.max(1e-6)
    }
}

/// The number of a link: it grows each time another primary, or none, is to be followed. Who still
/// acts for an older one is too late.
pub type Epoch = u64;

impl Replication {
    /// The link to the primary, if the server is a replica.
    pub fn link(&self) -> Option<Link> {
        self.state.lock().link.clone()
    }

    /// Whether this is the present link.
    pub fn is_current(&self, epoch: Epoch) -> bool {
        self.epoch.load(Acquire) == epoch
    }

    /// Follows another primary from now on, or none (then the stream goes on under the new id). To
    /// be called with all stripes locked: nothing is changed before that belongs to a later stream.
    pub fn follow(&self, primary: Option<Primary>, id: String, now: i64) {
        let mut state = self.state.lock();
        let epoch = self.epoch.fetch_add(1, AcqRel) + 1;
        let followed = state.link.is_some();
        state.link = primary.clone().map(|primary| Link {
            primary,
            state: LinkState::Connect,
            last_heard: now,
            down_since: None,
            sync_bytes: (None, 0),
            sync_heard: now,
            table: None,
            last_sync: None,
        });
        self.follows.store(state.link.is_some(), Release);
        if followed && primary.is_none() {
            let old = std::mem::replace(&mut state.id, id);
            state.previous = Some((old, self.offset() + 1));
            // They come back at once, and learn the new id.
            state.drop_replicas();
        }
        if !followed {
            state.db = 0;
        }
        drop(state);
        self.order(Order::Follow(primary.map(|primary| (primary, epoch))));
    }

    /// Changes what is known of the link, if it still is the present one.
    pub fn update_link(&self, epoch: Epoch, change: impl FnOnce(&mut Link)) {
        let mut state = self.state.lock();
        if self.is_current(epoch)
            && let Some(link) = &mut state.link
        {
            change(link);
        }
    }

    /// A snapshot is to take the place of the data: what there was of a stream is worth nothing
    /// from now on, for replicas of our own neither. False if another link has taken this one's
    /// place.
    pub fn give_up_stream(&self, epoch: Epoch, id: String) -> bool {
        let mut state = self.state.lock();
        let current = self.is_current(epoch);
        if current {
            state.drop_replicas();
            (state.id, state.previous, state.backlog) = (id, None, None);
        }
        current
    }

    /// Takes the place over at which the primary's snapshot was taken. False if another link has
    /// taken this one's place.
    pub fn adopt(&self, epoch: Epoch, at: &Position) -> bool {
        let mut state = self.state.lock();
        let current = self.is_current(epoch);
        if current {
            (state.id, state.previous) = (at.id.clone(), None);
            state.db = at.db;
            self.offset.store(at.offset, Release);
            state.replace_backlog(at.offset + 1);
        }
        current
    }

    /// Takes over the id under which the primary goes on with the same stream. Replicas of our own
    /// come back at once, and learn it.
    pub fn continue_as(&self, epoch: Epoch, id: &str) {
        let mut state = self.state.lock();
        if !self.is_current(epoch) {
            return;
        }
        if state.id != id {
            let old = std::mem::replace(&mut state.id, id.to_owned());
            state.previous = Some((old, self.offset() + 1));
            state.drop_replicas();
        }
        let (size, next) = (state.backlog_size, self.offset() + 1);
        state.backlog.get_or_insert_with(|| Backlog::new(size, next));
    }

    /// The database at the end of the stream, in which a link that is made anew goes on.
    pub fn stream_db(&self) -> usize {
        self.state.lock().db
    }

    /// The next bytes of the stream, from the primary: what has just been done, with the stripes
    /// still locked, and the database at its end.
    pub(crate) fn pass_on(&self, epoch: Epoch, bytes: &[u8], db: usize) {
        let mut state = self.state.lock();
        if self.is_current(epoch) {
            state.db = db;
            self.stream_in(&mut state, bytes);
        }
    }
}
