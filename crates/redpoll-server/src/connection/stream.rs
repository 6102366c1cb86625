//! What a replica's connection takes of the replication stream: as much as it can send.
//!
//! The stream's bytes are kept once for all replicas. Only a piece of them is copied for each,
//! which is sent before the next one is fetched; so a slow replica costs the piece, however far
//! behind it is.

use super::Connection;
use redpoll_engine::Executor;
use std::sync::atomic::Ordering::Relaxed;

/// Bytes that are fetched at once.
const PIECE: usize = 128 << 10;
/// As long as so many have not been sent, none are fetched.
const ENOUGH: usize = 64 << 10;
/// The same for those that wait for the append-only file: they are sent all at once.
const HELD_MAX: usize = 8 << 20;
/// Pieces in one turn: others are to have theirs.
const PIECES: usize = 16;

impl Connection {
    /// Sends of the stream what the other end takes. False if the connection is dead.
    pub(super) fn send_stream(&mut self, executor: &Executor) -> bool {
        if !self.session.is_replica || self.session.is_away() {
            return true;
        }
        let engine = executor.engine();
        let client = self.session.client.clone();
        for _ in 0..PIECES {
            if self.untaken() >= ENOUGH || self.unsent() >= HELD_MAX {
                // It goes on when that has been sent.
                return true;
            }
            let mut piece = Vec::new();
            engine.replication.give(&client, PIECE, &mut piece);
            if piece.is_empty() {
                return true;
            }
            if !self.flush(executor, &mut piece) {
                return false;
            }
        }
        if client.figures.stream_bytes.load(Relaxed) > 0 {
            client.wake();
        }
        true
    }
}
