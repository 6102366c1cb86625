//! A replica as its primary sees it.

use super::Primary;
use super::backlog::Backlog;
use crate::client::Client;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering::*};

/// What a client says of itself (REPLCONF) before it becomes a replica.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announced {
    /// The port it listens on.
    pub port: u16,
    /// The address it wants to be known by.
    pub address: Option<String>,
    /// Whether it can take a snapshot whose length is not known at its start.
    pub eof: bool,
    /// Whether it understands `+CONTINUE` with an id.
    pub psync2: bool,
    /// Whether it came with PSYNC and waits for a line before its snapshot.
    pub named_offset: bool,
    /// Whether it can read a sync table.
    pub table: bool,
    /// Whether its snapshot is to hold no keys.
    pub without_data: bool,
    /// Whether it wants a snapshot and nothing after it.
    pub snapshot_only: bool,
}

/// How far a replica is.
#[derive(Debug)]
enum Phase {
    /// It waits for a snapshot to be taken.
    Waiting,
    /// It is being sent a snapshot, or loads it; what is logged meanwhile is kept.
    Sending,
    /// It follows.
    Online,
    /// It is to be closed: what comes now is not for it.
    Gone,
}

/// See the module's head.
pub struct Replica {
    /// Its connection.
    pub client: Arc<Client>,
    /// What it said of itself.
    pub announced: Announced,
    phase: Mutex<Phase>,
    /// The offset of the first byte of the stream that its connection has not been given.
    next: AtomicU64,
    acknowledged: AtomicU64,
    persisted: AtomicU64,
    last_heard: AtomicI64,
    awaits_ack: AtomicBool,
    /// What of its snapshot had not been sent when it was looked at.
    seen_unsent: AtomicUsize,
}

impl Replica {
    /// A replica that waits for its snapshot.
    pub fn new(client: Arc<Client>, announced: Announced, now: i64) -> Self {
        Replica {
            client,
            announced,
            phase: Mutex::new(Phase::Waiting),
            next: AtomicU64::new(0),
            acknowledged: AtomicU64::new(0),
            persisted: AtomicU64::new(0),
            last_heard: AtomicI64::new(now),
            awaits_ack: AtomicBool::new(false),
            seen_unsent: AtomicUsize::new(0),
        }
    }

    /// The stream has grown: `end` is the offset of the byte that comes next. More than
    /// `pending_max` bytes beside a snapshot are too many: the replica is let go.
    pub(super) fn feed(&self, end: u64, pending_max: usize) {
        let mut phase = self.phase.lock();
        let behind = end.saturating_sub(self.next.load(Relaxed));
        match *phase {
            Phase::Sending if behind > pending_max as u64 => {
                *phase = Phase::Gone;
                self.client.kill();
            }
            Phase::Online if !self.announced.snapshot_only => {
                self.client.figures.stream_bytes.store(behind as usize, Relaxed);
                self.client.wake_in_time();
            }
            Phase::Waiting | Phase::Sending | Phase::Online | Phase::Gone => {}
        }
    }

    /// The offset of the first byte of the stream that it still is to be given; `None`: it is given
    /// none.
    pub(super) fn needs(&self) -> Option<u64> {
        let takes = match *self.phase.lock() {
            Phase::Sending | Phase::Online => !self.announced.snapshot_only,
            Phase::Waiting | Phase::Gone => false,
        };
        takes.then(|| self.next.load(Relaxed))
    }

    /// A snapshot has been taken: what comes from the offset `next` on belongs behind it.
    pub(super) fn begin(&self, next: u64) {
        let mut phase = self.phase.lock();
        if !matches!(*phase, Phase::Gone) {
            self.next.store(next, Relaxed);
            *phase = Phase::Sending;
        }
    }

    /// The snapshot has arrived whole: what was logged meanwhile follows.
    pub fn go_online(&self) {
        let mut phase = self.phase.lock();
        if let Phase::Sending = *phase {
            *phase = Phase::Online;
            self.client.wake();
        }
    }

    /// Follows from the offset `next` on, without a snapshot.
    pub(super) fn continue_from(&self, next: u64) {
        self.next.store(next, Relaxed);
        *self.phase.lock() = Phase::Online;
    }

    /// It is let go: no byte of another stream is to reach it.
    pub(super) fn let_go(&self) {
        *self.phase.lock() = Phase::Gone;
        self.client.figures.stream_bytes.store(0, Relaxed);
        self.client.kill();
    }

    /// Moves what its connection is to send to `out`: what it was sent otherwise, and up to `max`
    /// bytes of the stream, which `backlog` has and which ends before the offset `end`.
    pub(super) fn give(&self, backlog: &Backlog, end: u64, max: usize, out: &mut Vec<u8>) {
        let phase = self.phase.lock();
        // What was sent before it went online is there when that is seen.
        self.client.take_outbox(out);
        if !matches!(*phase, Phase::Online) || self.announced.snapshot_only {
            return;
        }
        let next = self.next.load(Relaxed);
        match backlog.copy(next, max, out) {
            Some(count) => {
                let next = next + count as u64;
                self.next.store(next, Relaxed);
                let behind = end.saturating_sub(next) as usize;
                self.client.figures.stream_bytes.store(behind, Relaxed);
            }
            None => self.client.kill(),
        }
    }

    /// The snapshot is sent whole. A replica that knows its end by a mark must not get more before
    /// it has found that: Redis looks for it at the end of what has come. It says when (ACK).
    pub fn snapshot_sent(&self, now: i64) {
        if self.announced.eof {
            self.hear(now);
            self.awaits_ack.store(true, Release);
        } else {
            self.go_online();
        }
    }

    /// Notes how far the replica has come, and how far its own log on disk has.
    pub(super) fn acknowledge(&self, offset: u64, persisted: Option<u64>, now: i64) {
        self.acknowledged.fetch_max(offset, AcqRel);
        self.persisted.fetch_max(persisted.unwrap_or(0), AcqRel);
        self.last_heard.store(now, Release);
        if self.awaits_ack.swap(false, AcqRel) {
            self.go_online();
        }
    }

    /// It shows that it lives.
    pub fn hear(&self, now: i64) {
        self.last_heard.store(now, Release);
    }

    /// How far the replica has said that it has come.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Acquire)
    }

    /// How far it has said that its log on disk has come.
    pub fn persisted(&self) -> u64 {
        self.persisted.load(Acquire)
    }

    /// When it was last heard of, in milliseconds since 1970.
    pub fn last_heard(&self) -> i64 {
        self.last_heard.load(Acquire)
    }

    /// For how long nothing has come from it that it owes, in milliseconds: while it loads what it
    /// was sent it shows that it lives, if only by empty lines. `None`: it owes nothing. To be
    /// asked often: that the last of the snapshot goes out is seen by comparing.
    pub fn silent_for(&self, now: i64) -> Option<i64> {
        let heard = match *self.phase.lock() {
            Phase::Online => self.last_heard(),
            _ if self.awaits_ack.load(Acquire) => {
                let unsent = self.unsent();
                if self.seen_unsent.swap(unsent, AcqRel) > unsent {
                    self.hear(now);
                }
                self.last_heard().max(self.client.figures.last_active.load(Relaxed))
            }
            _ => return None,
        };
        Some(now - heard)
    }

    /// Bytes that its connection was given and has not sent.
    pub fn unsent(&self) -> usize {
        self.client.outbox_len() + self.client.figures.output_bytes.load(Relaxed)
    }

    /// Whether it follows.
    pub fn is_online(&self) -> bool {
        matches!(*self.phase.lock(), Phase::Online)
    }

    /// The memory that what waits for it alone takes: buffers that grow have room to spare.
    pub(super) fn waiting_bytes(&self) -> usize {
        let figures = &self.client.figures;
        let kept = figures.output_bytes.load(Relaxed).max(figures.buffer_bytes.load(Relaxed));
        self.client.outbox_room() + kept
    }

    /// Its state as INFO names it. As in Redis without a file in between, a snapshot is waited for
    /// until it has been sent.
    pub fn state(&self) -> &'static str {
        match *self.phase.lock() {
            Phase::Sending if self.awaits_ack.load(Acquire) => "send_bulk",
            Phase::Waiting | Phase::Sending => "wait_bgsave",
            Phase::Online | Phase::Gone => "online",
        }
    }

    /// Whether it is being sent a snapshot.
    pub fn is_being_sent(&self) -> bool {
        matches!(*self.phase.lock(), Phase::Sending) && !self.awaits_ack.load(Acquire)
    }

    /// Where it can be reached.
    pub fn place(&self) -> Primary {
        Primary { host: self.address(), port: self.announced.port }
    }

    /// The address that it is known by.
    pub fn address(&self) -> String {
        let connected = || {
            let address = &self.client.origin.address;
            address.rsplit_once(':').map_or(&**address, |(host, _)| host).to_owned()
        };
        self.announced.address.clone().unwrap_or_else(connected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_counts_from_the_last_sign_of_life() {
        let client = Client::nobody();
        let announced = Announced { eof: true, ..Announced::default() };
        let replica = Replica::new(Arc::clone(&client), announced, 0);
        assert_eq!(replica.silent_for(900), None, "it waits for us");
        replica.begin(1);
        client.post(&[0; 100]);
        replica.snapshot_sent(1000);
        assert_eq!(replica.silent_for(1000), Some(0));
        assert_eq!(replica.silent_for(1700), Some(700), "nothing of it has gone out");
        client.take_outbox(&mut Vec::new());
        assert_eq!(replica.silent_for(1800), Some(0), "the rest has");
        assert_eq!(replica.silent_for(2000), Some(200));
        client.figures.last_active.store(2100, Relaxed);
        assert_eq!(replica.silent_for(2200), Some(100), "an empty line has come");
        replica.acknowledge(0, None, 3000);
        assert!(replica.is_online());
        assert_eq!(replica.silent_for(3500), Some(500));
    }
}
