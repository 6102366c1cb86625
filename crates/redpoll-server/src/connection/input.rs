//! Requests on their way in: read, parsed, and kept where they are not complete.

use super::{AHEAD_MAX, Connection, Next, READ_SIZE, UNREAD_MAX};
use crate::hands::{Lane, Scratch};
use redpoll_engine::Executor;
use redpoll_resp::Limits;
use redpoll_transport::Arrival;
use std::sync::atomic::Ordering::Relaxed;

impl Connection {
    /// Whether there is something to read, and it may be: not while the client does not read what
    /// it was answered, or sends without end while it waits in a command.
    pub fn should_read(&self) -> bool {
        self.arrived && self.may_read()
    }

    /// The same, whether something has arrived or not.
    pub(super) fn may_read(&self) -> bool {
        !self.finishing && self.unsent() <= self.unread_max && self.input.len() <= self.input_max()
    }

    /// A client that waits may send ahead, but not without end.
    fn input_max(&self) -> usize {
        if self.waits() { UNREAD_MAX } else { usize::MAX }
    }

    /// Whether what has arrived can go through a lane: nothing waits before it.
    pub fn can_start_lane(&self) -> bool {
        self.input.is_empty() && self.should_read()
    }

    /// Reads what has arrived into a lane, parses and plans its first batch;
    /// [`Connection::finish_lane`] is to follow. An error says what is to become of the connection
    /// without new bytes.
    pub fn start_lane(&mut self, executor: &Executor, lane: &mut Lane) -> Result<(), Next> {
        lane.input.clear();
        self.read(executor, &mut lane.input)?;
        self.parse(executor, lane, 0);
        Ok(())
    }

    /// Reads into a buffer. An error says what is to become of the connection without new bytes.
    fn read(&mut self, executor: &Executor, buffer: &mut Vec<u8>) -> Result<(), Next> {
        let arrival = self.stream.read(buffer);
        executor.stats().reads.add(1);
        match arrival {
            Ok(Arrival::End) => Err(Next::Close),
            Err(error) => {
                self.note_broken(executor, &error);
                Err(Next::Close)
            }
            Ok(Arrival::Nothing) => {
                self.arrived = false;
                Err(Next::Wait)
            }
            Ok(Arrival::Bytes { count, more }) => {
                self.arrived = more || self.hung_up;
                if count == 0 {
                    return Err(Next::Wait);
                }
                executor.stats().bytes_in.add(count as u64);
                let figures = &self.session.client.figures;
                figures.bytes_in.fetch_add(count as u64, Relaxed);
                figures.query_bytes.store(buffer.len(), Relaxed);
                Ok(())
            }
        }
    }

    /// Reads what has arrived behind what waits already, executes it, and answers.
    pub(super) fn read_more(
        &mut self,
        executor: &mut Executor,
        scratch: &mut Scratch,
        now: i64,
    ) -> Next {
        let mut input = std::mem::take(&mut self.input);
        input.reserve(READ_SIZE);
        let result = self.read(executor, &mut input);
        self.input = input;
        match result {
            Ok(()) => self.go_on(executor, scratch, now),
            Err(next) => next,
        }
    }

    /// Parses and plans a batch from the lane's `start`th byte on.
    pub(super) fn parse(&mut self, executor: &Executor, lane: &mut Lane, start: usize) {
        let config = &executor.engine().config;
        let limits = Limits {
            bulk_max: config.proto_max_bulk_len(),
            authenticated: self.session.authenticated,
        };
        lane.batch.clear();
        lane.prefetched = false;
        let bytes = &mut lane.input[start..];
        lane.parsed = self.parser.parse(bytes, &limits, self.batch_max(), &mut lane.batch);
        executor.plan(&mut self.session, &lane.batch, bytes, &mut lane.plan);
    }

    /// Keeps the bytes from `start` on for later.
    pub(super) fn keep(&mut self, input: &[u8], start: usize, missing: usize) {
        let rest = &input[start..];
        if !rest.is_empty() && !self.finishing {
            self.input.reserve(rest.len() + missing.min(AHEAD_MAX));
            self.input.extend_from_slice(rest);
        }
        // As in Redis: without what is parsed already.
        let unparsed = rest.len() - self.parser.understood(rest);
        self.session.client.figures.query_bytes.store(unparsed, Relaxed);
    }
}
