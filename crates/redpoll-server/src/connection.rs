//! One connection: its stream, its session, and the bytes between them.
//!
//! An idle connection owns no buffers: requests are read into the worker's buffer and parsed there,
//! and replies leave from the worker's buffer. Only what is left over (half a command, replies that
//! the client does not read) is kept here.

mod away;
mod input;
mod rest;
mod rings;
mod stream;
mod unread;

use crate::hands::{self, Lane, Scratch};
use crate::held::Held;
use crate::rhythm::{Rhythm, Window};
use redpoll_engine::executor::Stop;
use redpoll_engine::shared_memory::Place;
use redpoll_engine::{Executor, Session};
use redpoll_resp::Parser;
use redpoll_transport::Stream;
use std::io;
use std::sync::atomic::Ordering::Relaxed;

/// Replies that a client may leave unread before it is no longer read from. Where the operator has
/// set a limit at which such clients are closed, that one holds instead.
const UNREAD_MAX: usize = 1 << 20;
/// The same for one that is stuck: see [`Connection::make_room`].
const UNREAD_STUCK_MAX: usize = 512 << 20;
/// Replies that gather before they are sent, within a batch.
const OUT_MAX: usize = 256 << 10;
/// Room for replies that a worker keeps.
const OUT_KEPT: usize = 2 * OUT_MAX;
/// Commands parsed, prefetched and executed together.
const BATCH: usize = 64;
/// Bytes read at once into a connection's own buffer.
const READ_SIZE: usize = 64 << 10;
/// Bytes of a large argument that are made room for ahead of their arrival.
const AHEAD_MAX: usize = 4 << 20;

/// What is to become of a connection after it has been served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Wait for what its stream brings.
    Wait,
    /// Go on in the next round: there is more to execute.
    Again,
    /// Go on at this time, in milliseconds since 1970: clients are paused.
    Paused(i64),
    /// Close it.
    Close,
}

/// See the module's head.
pub struct Connection {
    pub stream: Stream,
    pub session: Session,
    /// Whether its bytes are in a lane and wait to be executed.
    pub in_lane: bool,
    /// Whether its worker looks at its rings.
    pub is_hot: bool,
    /// When its client comes, if it came through shared memory before.
    pub rhythm: Option<Box<Rhythm>>,
    /// When it is expected next, if its worker is to be awake then.
    pub expected: Option<Window>,
    /// Whether its worker knows that replies wait for the log.
    pub in_held: bool,
    parser: Parser,
    /// Requests that could not be executed yet.
    input: Vec<u8>,
    /// Replies that the stream did not take yet, from `sent` on.
    output: Vec<u8>,
    sent: usize,
    /// Replies that wait for the log, behind those.
    held: Option<Box<Held>>,
    /// The stream has brought something that has not been read. (The poller tells each arrival
    /// once.)
    arrived: bool,
    /// The other end has closed: reading is to go on until the stream says so, too.
    hung_up: bool,
    /// Replies that may stay unread: `room`, or any number.
    unread_max: usize,
    /// [`UNREAD_MAX`], or more while the client is stuck.
    room: usize,
    /// Bytes sent until a second ago.
    sent_before: u64,
    /// Since when the unread replies exceed the soft limit, in milliseconds since 1970.
    over_soft_since: Option<i64>,
    /// Nothing more is executed; what has been answered is sent.
    finishing: bool,
    /// Until when its further commands wait, in milliseconds since 1970: see `rest.rs`.
    rests_until: Option<i64>,
    /// Its place among the clients with shared memory, if it is one.
    place: Option<Place>,
    /// Commands executed, and wakes of a client of shared memory, as far as they are counted.
    counted: (u64, u64),
}

impl Connection {
    pub fn new(stream: Stream, session: Session) -> Self {
        Connection {
            stream,
            session,
            in_lane: false,
            is_hot: false,
            rhythm: None,
            expected: None,
            in_held: false,
            parser: Parser::default(),
            input: Vec::new(),
            output: Vec::new(),
            sent: 0,
            held: None,
            arrived: false,
            hung_up: false,
            unread_max: UNREAD_MAX,
            room: UNREAD_MAX,
            sent_before: 0,
            over_soft_since: None,
            finishing: false,
            rests_until: None,
            place: None,
            counted: (0, 0),
        }
    }

    fn unsent(&self) -> usize {
        self.untaken() + self.held.as_ref().map_or(0, |held| held.len())
    }

    /// Bytes that the stream has not taken.
    fn untaken(&self) -> usize {
        self.output.len() - self.sent + self.stream.pending()
    }

    /// The position of the log that replies wait for first, if any do.
    pub fn held_until(&self) -> Option<u64> {
        self.held.as_ref().map(|held| held.until())
    }

    /// Sends what no longer has to wait for the log, and goes on.
    pub fn released(&mut self, executor: &mut Executor, scratch: &mut Scratch, now: i64) -> Next {
        self.release(executor.engine().persistence.aof.released());
        if !self.writable(executor) {
            return Next::Close;
        }
        if self.has_work() { self.go_on(executor, scratch, now) } else { Next::Wait }
    }

    fn release(&mut self, until: u64) {
        if let Some(held) = &mut self.held
            && held.release(until, &mut self.output)
        {
            self.held = None;
        }
    }

    /// Notes that the stream has brought something, or has been closed by the other end.
    pub fn has_arrived(&mut self, hung_up: bool) {
        self.arrived = true;
        self.hung_up |= hung_up;
    }

    /// Executes what waits in the connection's own buffer.
    pub fn go_on(&mut self, executor: &mut Executor, scratch: &mut Scratch, now: i64) -> Next {
        let mut lane = std::mem::take(&mut scratch.own);
        std::mem::swap(&mut lane.input, &mut self.input);
        self.parse(executor, &mut lane, 0);
        let next = self.finish_lane(executor, scratch, &mut lane, now);
        if self.input.is_empty() && lane.input.capacity() <= READ_SIZE {
            // An allocation that the next half command can use again.
            lane.input.clear();
            std::mem::swap(&mut lane.input, &mut self.input);
        }
        lane.input = Vec::new();
        lane.batch.clear();
        scratch.own = lane;
        next
    }

    /// Executes the commands of a lane whose first batch is planned, keeps what is left over, and
    /// sends the replies.
    pub fn finish_lane(
        &mut self,
        executor: &mut Executor,
        scratch: &mut Scratch,
        lane: &mut Lane,
        now: i64,
    ) -> Next {
        scratch.output.clear();
        if !self.session.is_away() {
            // What the client was told before these commands comes before their replies.
            self.session.client.take_outbox(&mut scratch.output);
        }
        self.bound_replies(executor);
        let out_max = self.session.reply_max.min(OUT_MAX);
        let mut start = 0;
        let next = loop {
            if self.waits() {
                self.parser.reset();
                break Next::Wait;
            }
            if !std::mem::take(&mut lane.prefetched) {
                executor.prefetch(&self.session, &lane.plan);
            }
            let batch = (&lane.batch, &lane.input[start..], &lane.plan);
            let out = (&mut scratch.output, out_max);
            let progress = executor.execute(&mut self.session, batch, out, now);
            self.rest_if_ahead(executor.engine());
            if progress.stop == Stop::Done {
                start += lane.parsed.consumed;
            } else {
                start += lane.batch.bytes_of(progress.executed);
                self.parser.reset();
            }
            match progress.stop {
                Stop::Done => {
                    if let Some(error) = &lane.parsed.error {
                        self.refuse(executor, &error.message(), &mut scratch.output);
                        break Next::Wait;
                    }
                }
                Stop::Blocked => break Next::Wait,
                Stop::Close => {
                    self.finishing = true;
                    break Next::Wait;
                }
                Stop::OpenRings => {
                    let wanted = self.session.rings_wanted.take();
                    let alone = start == lane.input.len();
                    if !self.open_rings(executor, wanted, &mut scratch.output, alone) {
                        return Next::Close;
                    }
                    break if alone { Next::Wait } else { Next::Again };
                }
                Stop::Paused(until) => break Next::Paused(until),
                // More in the next round, if the client reads what it gets.
                Stop::OutputFull => break Next::Again,
            }
            if lane.parsed.consumed == 0 || start == lane.input.len() {
                break Next::Wait;
            }
            if self.answers_early() && !self.flush(executor, &mut scratch.output) {
                return Next::Close;
            }
            self.parse(executor, lane, start);
        };
        self.keep(&lane.input, start, lane.parsed.missing);
        self.finish(executor, scratch, next, now)
    }

    /// Sends the replies of a turn.
    fn finish(&mut self, executor: &Executor, scratch: &mut Scratch, next: Next, now: i64) -> Next {
        self.session.publish_figures(now);
        if scratch.output.len() > self.session.reply_max {
            scratch.output = Vec::with_capacity(hands::READ_SIZE);
            self.close_as_unread(executor);
            return Next::Close;
        }
        if !self.session.is_away() {
            self.session.client.take_outbox(&mut scratch.output);
        }
        if !self.flush(executor, &mut scratch.output)
            || !self.send_stream(executor)
            || self.over_limits(executor, now)
        {
            return Next::Close;
        }
        self.reckon(executor);
        match next {
            _ if self.finishing && self.unsent() == 0 => Next::Close,
            Next::Again if self.unsent() > self.unread_max => Next::Wait,
            next => next,
        }
    }

    /// Answers with a fault of the protocol, after which the connection ends.
    fn refuse(&mut self, executor: &Executor, message: &str, out: &mut Vec<u8>) {
        out.push(b'-');
        out.extend_from_slice(message.as_bytes());
        out.extend_from_slice(b"\r\n");
        executor.stats().errors.add(1);
        executor.engine().stats.error(message);
        log::debug!("Protocol error from client {}: {message}", self.session.client.origin.address);
        self.finishing = true;
    }

    /// Sends `out`, keeping what the stream does not take. False if the stream is dead.
    fn flush(&mut self, executor: &Executor, out: &mut Vec<u8>) -> bool {
        if out.is_empty() {
            return true;
        }
        if let Some(end) = executor.engine().log_to_wait_for() {
            self.held.get_or_insert_default().add(out, end);
            out.clear();
            self.publish_output();
            return true;
        }
        self.release(u64::MAX);
        if self.unsent() > 0 {
            self.announce_growth(out.len());
            self.output.extend_from_slice(out);
            out.clear();
            out.shrink_to(OUT_KEPT);
            return self.send_kept(executor);
        }
        let Ok(count) = self.write(executor, out) else { return false };
        if count < out.len() {
            self.output.clear();
            self.sent = 0;
            self.output.extend_from_slice(&out[count..]);
        }
        out.clear();
        out.shrink_to(OUT_KEPT);
        self.publish_output();
        true
    }

    /// Sends what is kept, and what a replica can have of the stream. False if the stream is dead,
    /// or the connection was only waiting for this.
    pub fn writable(&mut self, executor: &Executor) -> bool {
        self.send_kept(executor) && self.send_stream(executor)
    }

    fn send_kept(&mut self, executor: &Executor) -> bool {
        if self.untaken() == 0 {
            return !(self.finishing && self.unsent() == 0);
        }
        let output = std::mem::take(&mut self.output);
        let result = self.write(executor, &output[self.sent..]);
        self.output = output;
        let Ok(count) = result else { return false };
        self.sent += count;
        if self.sent == self.output.len() {
            self.output = Vec::new();
            self.sent = 0;
            self.room = UNREAD_MAX;
            self.reckon(executor);
            self.ask_for_more();
        } else if self.sent > UNREAD_MAX && self.sent > self.output.len() / 2 {
            self.output.drain(..self.sent);
            self.sent = 0;
        }
        self.publish_output();
        !(self.finishing && self.unsent() == 0)
    }

    fn write(&mut self, executor: &Executor, bytes: &[u8]) -> io::Result<usize> {
        self.stream.flush()?;
        let count =
            self.stream.write(bytes).inspect_err(|error| self.note_broken(executor, error))?;
        executor.stats().writes.add(1);
        executor.stats().bytes_out.add(count as u64);
        if self.session.is_replica {
            executor.engine().replication.note_sent(count);
        }
        self.session.client.figures.bytes_out.fetch_add(count as u64, Relaxed);
        Ok(count)
    }

    fn publish_output(&self) {
        self.session.client.figures.output_bytes.store(self.unsent(), Relaxed);
    }

    /// Says beforehand what the output takes while so many bytes are added: if it grows, it is
    /// there twice for a moment. For replicas, as what waits for them must not evict keys.
    fn announce_growth(&self, more: usize) {
        let (room, needed) = (self.output.capacity(), self.output.len() + more);
        if self.session.is_replica && needed > room {
            let bytes = self.input.capacity() + room + needed.max(2 * room);
            self.session.client.figures.buffer_bytes.store(bytes, Relaxed);
        }
    }

    /// Says what the client's buffers take; somebody's may be too much now.
    fn reckon(&self, executor: &Executor) {
        let client = &self.session.client;
        let bytes = self.input.capacity() + self.output.capacity();
        client.figures.buffer_bytes.store(bytes, Relaxed);
        client.settle_outbox();
        executor.engine().reckon_client(client);
    }

    /// Whether commands wait in the connection's own buffer that could go on now.
    pub fn has_work(&self) -> bool {
        !self.input.is_empty()
            && !self.finishing
            && !self.waits()
            && self.unsent() <= self.unread_max
    }

    /// Does one turn of what there is to do: executes what waits, or reads.
    /// Nothing if what it has sent waits in a lane: that comes first.
    pub fn turn(&mut self, executor: &mut Executor, scratch: &mut Scratch, now: i64) -> Next {
        if self.in_lane {
            return Next::Wait;
        }
        if self.has_work() && !self.should_read() {
            return self.go_on(executor, scratch, now);
        }
        if !self.should_read() {
            return Next::Wait;
        }
        if !self.input.is_empty() {
            return self.read_more(executor, scratch, now);
        }
        let mut lane = std::mem::take(&mut scratch.lane);
        let next = match self.start_lane(executor, &mut lane) {
            Ok(()) => self.finish_lane(executor, scratch, &mut lane, now),
            Err(next) => next,
        };
        scratch.lane = lane;
        next
    }

    /// Looks at what others want of the client and have sent it.
    pub fn woken(&mut self, executor: &mut Executor, scratch: &mut Scratch, now: i64) -> Next {
        let client = self.session.client.clone();
        client.woken();
        let wishes = client.take_wishes();
        scratch.output.clear();
        if self.session.waiting.as_ref().is_some_and(|waiter| waiter.is_done()) {
            self.session.waiting = None;
        }
        if (wishes.unblock || wishes.unblock_error)
            && !executor.give_up(&mut self.session, wishes.unblock_error, &mut scratch.output)
        {
            // Somebody is serving it at this moment; the answer will wake us again.
            client.unblock(wishes.unblock_error);
        }
        if wishes.new_role && self.session.waiting.is_some() {
            match executor.give_up_for_new_role(&mut self.session, &mut scratch.output) {
                true => self.finishing = true,
                false => client.unblock_for_new_role(),
            }
        }
        self.pull(executor, &mut scratch.output, now);
        if !self.session.is_away() {
            client.take_outbox(&mut scratch.output);
        }
        self.session.publish_figures(client.figures.last_active.load(Relaxed));
        if wishes.kill
            || self.session.closing
            || !self.flush(executor, &mut scratch.output)
            || !self.send_stream(executor)
            || self.over_limits(executor, now)
            || (self.finishing && self.unsent() == 0)
        {
            return Next::Close;
        }
        self.reckon(executor);
        if self.has_work() { self.go_on(executor, scratch, now) } else { Next::Wait }
    }

    /// Tries a blocking command again; its answer, if there is one, wakes the connection.
    pub fn look_again(&mut self, executor: &mut Executor, _: &mut Scratch, now: i64) -> Next {
        executor.look_again(&self.session, now);
        Next::Wait
    }

    /// Ends the wait of a blocking command whose time is over.
    pub fn timed_out(&mut self, executor: &mut Executor, scratch: &mut Scratch, now: i64) -> Next {
        scratch.output.clear();
        if !executor.give_up(&mut self.session, false, &mut scratch.output) {
            return Next::Wait;
        }
        if !self.flush(executor, &mut scratch.output) {
            return Next::Close;
        }
        self.session.publish_figures(now);
        if self.has_work() { self.go_on(executor, scratch, now) } else { Next::Wait }
    }

    /// Whether the client has left too much unread, or sent too much that is no command.
    fn over_limits(&mut self, executor: &Executor, now: i64) -> bool {
        let config = &executor.engine().config;
        let address = &self.session.client.origin.address;
        let stats = &executor.engine().stats;
        if self.input.len() as u64 > config.client_query_buffer_limit() {
            stats.query_limit_disconnects.fetch_add(1, Relaxed);
            log::warn!("Closing client {address}: its request exceeds client-query-buffer-limit.");
            return true;
        }
        let limit = self.output_limit(executor);
        let closes = limit.hard_bytes > 0 || executor.engine().client_memory.is_limited();
        self.unread_max = if closes { usize::MAX } else { self.room };
        let client = &self.session.client;
        let of_stream = client.figures.stream_bytes.load(Relaxed);
        let unread = (self.unsent() + client.outbox_len() + of_stream) as u64;
        let soft = limit.soft_bytes > 0 && unread > limit.soft_bytes;
        self.over_soft_since = if soft { self.over_soft_since.or(Some(now)) } else { None };
        let too_long = self
            .over_soft_since
            .is_some_and(|since| now - since > limit.soft_seconds as i64 * 1000);
        let over = (limit.hard_bytes > 0 && unread > limit.hard_bytes) || too_long;
        if over {
            self.close_as_unread(executor);
        }
        over
    }

    /// Once a second: whether the connection is to be closed because its client is silent, or does
    /// not read.
    pub fn is_overdue(&mut self, executor: &Executor, now: i64) -> bool {
        let config = &executor.engine().config;
        if self.session.is_replica {
            self.stream.set_nodelay(!config.repl_disable_tcp_nodelay());
        }
        self.stream.keep_alive();
        let timeout = config.timeout();
        let figures = &self.session.client.figures;
        let idle = now - figures.last_active.load(Relaxed);
        let exempt =
            self.session.waits() || self.session.subscriptions.any() || self.session.is_replica;
        if timeout > 0 && idle > timeout * 1000 && !exempt {
            log::debug!("Closing idle client {}", self.session.client.origin.address);
            return true;
        }
        self.over_limits(executor, now)
    }
}
