//! One thread's share of the load: an epoll loop over its connections.
//!
//! A connection has at most one batch under way: it is sent with one call, and the next one follows
//! as soon as all its replies are in. So a batch costs one `send`, one `recv` and a share of an
//! `epoll_wait`, and nothing else goes to the kernel: sockets stay registered for reading for their
//! whole life, and for writing only while the kernel's buffer is full. Buffers belong to the
//! thread, not to the connection; what could not be sent at once is the only thing copied.
//!
//! A latency runs from just before a batch is sent to when its reply is read: each reply counts
//! with the read that completed it, so that a long pipeline is not credited with the time of its
//! first reply.

use crate::record::Record;
use crate::skip::{SkipError, Skipper};
use crate::socket::{self, Link, Target};
use crate::template::{Numbers, Template};
use redpoll_shm::client::SPIN;
use redpoll_shm::spin::Spin;
use redpoll_transport::Arrival;
use rustix::event::epoll::{self, Event, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::sockopt;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Bytes asked of a socket at a time: a batch of common replies, or a good part of a large one.
const READ_BYTES: usize = 256 * 1024;

/// Sockets reported by one wait.
const EVENTS_MAX: usize = 256;

/// Why a worker gave up.
#[derive(Debug, PartialEq, Eq)]
pub enum WorkerError {
    /// No connection could be made; the text says why.
    Connect(String),
    /// A connection broke; the text says how.
    Socket(String),
    /// The server closed a connection that awaited replies.
    Closed,
    /// The server answered with an error.
    Reply(String),
    /// The server does not speak RESP.
    Protocol(SkipError),
    /// More replies came than requests were sent.
    Surplus,
}

impl fmt::Display for WorkerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WorkerError::Connect(text) => write!(f, "Could not connect to Redis: {text}"),
            WorkerError::Socket(text) => write!(f, "Error: {text}"),
            WorkerError::Closed => f.write_str("Error: Server closed the connection"),
            WorkerError::Reply(text) => write!(f, "Error from server: {text}"),
            WorkerError::Protocol(error) => write!(f, "Error: {error}"),
            WorkerError::Surplus => f.write_str("Error: more replies than requests"),
        }
    }
}

impl WorkerError {
    /// No connection could be made.
    pub fn connect(error: impl Into<io::Error>) -> Self {
        WorkerError::Connect(redpoll_client::Error::Connect(error.into()).to_string())
    }

    /// A connection broke.
    fn socket(error: impl Into<io::Error>) -> Self {
        WorkerError::Socket(redpoll_client::Error::Io(error.into()).to_string())
    }
}

/// What the workers of a test share: how many requests are taken, and when it began.
pub struct Shared {
    /// Requests that workers have taken to send; may run past [`Shared::limit`].
    taken: AtomicU64,
    /// Requests answered, for the progress bar.
    pub finished: AtomicU64,
    /// Requests the test consists of.
    pub limit: u64,
    /// Nanoseconds from the start after which nothing more is sent.
    pub deadline_ns: u64,
}

impl Shared {
    /// Nothing taken yet.
    pub fn new(limit: u64, deadline_ns: u64) -> Shared {
        Shared { taken: AtomicU64::new(0), finished: AtomicU64::new(0), limit, deadline_ns }
    }

    /// Takes up to `count` requests: the number of the first, and how many.
    fn take(&self, count: u64, now_ns: u64) -> Option<(u64, u64)> {
        if now_ns >= self.deadline_ns || self.taken.load(Ordering::Relaxed) >= self.limit {
            return None;
        }
        // Relaxed: the number is all that is shared.
        let first = self.taken.fetch_add(count, Ordering::Relaxed);
        (first < self.limit).then(|| (first, count.min(self.limit - first)))
    }
}

/// What a worker is made of.
pub struct Plan {
    /// Where to connect to.
    pub target: Target,
    /// How many connections.
    pub connections: usize,
    /// Requests a batch.
    pub pipeline: usize,
    /// Whether connections are kept between batches.
    pub keepalive: bool,
    /// Sent first on each connection, and how many replies that brings.
    pub opening: (Vec<u8>, usize),
    /// The batch.
    pub template: Template,
    /// What goes into its fields.
    pub numbers: Numbers,
    /// Significant digits of latencies.
    pub digits: u8,
}

/// A connection and its batch.
struct Client {
    link: Link,
    skipper: Skipper,
    /// The socket is connected and has sent its opening.
    open: bool,
    /// Replies to the opening that are still to come; they are not counted.
    opening: usize,
    /// Requests of the batch that are not answered yet.
    awaited: usize,
    /// When the batch was sent.
    sent_ns: u64,
    /// What the kernel had no room for.
    unsent: Vec<u8>,
}

impl Client {
    /// Whether shared memory has something for it.
    #[inline]
    fn has_news(&self) -> bool {
        self.link.has_news(!self.unsent.is_empty())
    }
}

/// A thread's part of a test.
pub struct Worker<'a> {
    plan: Plan,
    shared: &'a Shared,
    epoll: OwnedFd,
    clients: Vec<Option<Client>>,
    /// How many of the clients have a batch under way.
    busy: usize,
    start: Instant,
    buffer: Vec<u8>,
    record: Record,
}

impl<'a> Worker<'a> {
    /// Opens the connections.
    ///
    /// # Errors
    /// When one of them fails.
    pub fn new(plan: Plan, shared: &'a Shared) -> Result<Worker<'a>, WorkerError> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(WorkerError::socket)?;
        let mut worker = Worker {
            shared,
            epoll,
            clients: Vec::with_capacity(plan.connections),
            busy: 0,
            start: Instant::now(),
            buffer: Vec::with_capacity(READ_BYTES),
            record: Record::new(plan.digits),
            plan,
        };
        for index in 0..worker.plan.connections {
            let client = worker.connect(index, true)?;
            worker.clients.push(Some(client));
        }
        Ok(worker)
    }

    /// Sends until nothing is left to take and everything is answered. `start` is the beginning of
    /// all times.
    pub fn run(mut self, start: Instant) -> Result<Record, WorkerError> {
        self.start = start;
        for index in 0..self.clients.len() {
            self.send_batch(index)?;
        }
        if matches!(self.plan.target, Target::Rings(_)) {
            return self.run_rings();
        }
        let mut events: Vec<Event> = Vec::with_capacity(EVENTS_MAX);
        while self.busy > 0 {
            events.clear();
            match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(WorkerError::socket(error)),
            }
            for event in &events {
                let index = event.data.u64() as usize;
                let flags = event.flags;
                let client = self.clients.get_mut(index).and_then(Option::as_mut);
                let stirred = client.is_some_and(|client| client.link.stir());
                if flags.contains(EventFlags::OUT) || stirred {
                    self.writable(index)?;
                }
                if flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) {
                    self.readable(index)?;
                }
            }
        }
        Ok(self.record)
    }

    /// The same through shared memory: looks at the rings by itself, and sleeps only when nothing
    /// comes for a while.
    fn run_rings(mut self) -> Result<Record, WorkerError> {
        let mut spin = Spin::new(SPIN);
        while self.busy > 0 {
            let clients = &self.clients;
            let any = || clients.iter().flatten().any(Client::has_news);
            if !spin.wait(any) {
                self.sleep()?;
            }
            for index in 0..self.clients.len() {
                let Some(client) = &self.clients[index] else { continue };
                if client.has_news() {
                    let unsent = !client.unsent.is_empty();
                    if unsent {
                        self.writable(index)?;
                    }
                    self.readable(index)?;
                }
            }
        }
        Ok(self.record)
    }

    /// Sleeps until the server rings.
    fn sleep(&mut self) -> Result<(), WorkerError> {
        if !self.clients.iter().flatten().all(|client| client.link.arm(!client.unsent.is_empty())) {
            return Ok(());
        }
        let mut events: Vec<Event> = Vec::with_capacity(EVENTS_MAX);
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(WorkerError::socket(error)),
        }
        for event in &events {
            let index = event.data.u64() as usize;
            let Some(client) = self.clients.get(index).and_then(Option::as_ref) else { continue };
            if !client.link.answer().map_err(WorkerError::socket)? && !client.has_news() {
                return Err(WorkerError::Closed);
            }
        }
        Ok(())
    }

    fn now_ns(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }

    /// Opens a connection and registers it. With `wait` it is ready on return.
    fn connect(&self, index: usize, wait: bool) -> Result<Client, WorkerError> {
        let (rings, wait) = match &self.plan.target {
            Target::Rings(path) => (Some(path), true),
            Target::Rdma(_) => (None, true),
            _ => (None, wait),
        };
        let link = match rings {
            Some(path) => socket::open_rings(path, &self.plan.opening),
            None => socket::open(&self.plan.target, wait),
        };
        let link = link.map_err(WorkerError::connect)?;
        let flags = if wait { EventFlags::IN } else { EventFlags::IN | EventFlags::OUT };
        epoll::add(&self.epoll, &link, EventData::new_u64(index as u64), flags)
            .map_err(WorkerError::socket)?;
        Ok(Client {
            link,
            skipper: Skipper::new(),
            // Shared memory has the opening behind it.
            open: rings.is_some(),
            opening: 0,
            awaited: 0,
            sent_ns: 0,
            unsent: Vec::new(),
        })
    }

    /// Sends the next batch on an idle connection, if there is anything left to send.
    fn send_batch(&mut self, index: usize) -> Result<(), WorkerError> {
        let now_ns = self.now_ns();
        let Some(client) = self.clients.get_mut(index).and_then(Option::as_mut) else {
            return Ok(());
        };
        let Some((first, count)) = self.shared.take(self.plan.pipeline as u64, now_ns) else {
            return Ok(());
        };
        let batch = self.plan.template.fill(count as usize, first, &mut self.plan.numbers);
        client.awaited = count as usize;
        self.busy += 1;
        if client.open {
            client.sent_ns = self.start.elapsed().as_nanos() as u64;
            let sent = send_some(&mut client.link, batch)?;
            if sent < batch.len() || client.link.pending() > 0 {
                client.unsent.extend_from_slice(&batch[sent..]);
                watch(&self.epoll, client, index, EventFlags::IN | EventFlags::OUT)?;
            }
        } else {
            client.open = true;
            client.opening = self.plan.opening.1;
            client.unsent.extend_from_slice(&self.plan.opening.0);
            client.unsent.extend_from_slice(batch);
            client.sent_ns = self.start.elapsed().as_nanos() as u64;
            self.writable(index)?;
        }
        Ok(())
    }

    /// Sends more of what the kernel had no room for.
    fn writable(&mut self, index: usize) -> Result<(), WorkerError> {
        let Some(client) = self.clients.get_mut(index).and_then(Option::as_mut) else {
            return Ok(());
        };
        if !matches!(client.link, Link::Rings(_) | Link::Rdma(_)) {
            match sockopt::socket_error(&client.link) {
                Ok(Ok(())) => {}
                Ok(Err(error)) | Err(error) => return Err(WorkerError::connect(error)),
            }
        }
        let sent = send_some(&mut client.link, &client.unsent)?;
        client.unsent.drain(..sent);
        let flags = if client.unsent.is_empty() && client.link.pending() == 0 {
            EventFlags::IN
        } else {
            EventFlags::IN | EventFlags::OUT
        };
        watch(&self.epoll, client, index, flags)
    }

    /// Reads replies until the kernel has no more of which it would not tell again.
    fn readable(&mut self, index: usize) -> Result<(), WorkerError> {
        while self.read_some(index)? {}
        Ok(())
    }

    /// Reads replies, and sends the next batch when the last one is in. True: there is more of
    /// which the kernel knows nothing.
    fn read_some(&mut self, index: usize) -> Result<bool, WorkerError> {
        let Some(client) = self.clients.get_mut(index).and_then(Option::as_mut) else {
            return Ok(false);
        };
        self.buffer.clear();
        let more = match client.link.receive(&mut self.buffer) {
            // An idle connection may go; one that awaits replies may not.
            Ok(Arrival::End) if client.awaited == 0 => {
                self.clients[index] = None;
                return Ok(false);
            }
            Ok(Arrival::End) => return Err(WorkerError::Closed),
            Ok(Arrival::Nothing) => return Ok(false),
            Ok(Arrival::Bytes { more, .. }) => more,
            Err(error) => return Err(WorkerError::socket(error)),
        };
        let now_ns = self.start.elapsed().as_nanos() as u64;
        let found = client.skipper.feed(&self.buffer).map_err(WorkerError::Protocol)?;
        if let Some(text) = found.error {
            return Err(WorkerError::Reply(text));
        }
        let opening = found.replies.min(client.opening);
        client.opening -= opening;
        let answered = found.replies - opening;
        if answered == 0 {
            return Ok(more);
        }
        client.awaited = client.awaited.checked_sub(answered).ok_or(WorkerError::Surplus)?;
        let done = client.awaited == 0;
        self.record.add(answered as u64, now_ns.saturating_sub(client.sent_ns), now_ns);
        self.shared.finished.fetch_add(answered as u64, Ordering::Relaxed);
        if done {
            self.busy -= 1;
            self.next_batch(index)?;
        }
        Ok(more)
    }

    fn next_batch(&mut self, index: usize) -> Result<(), WorkerError> {
        if !self.plan.keepalive {
            // The socket goes first, so as not to hold two of them.
            self.clients[index] = None;
            if self.shared.taken.load(Ordering::Relaxed) >= self.shared.limit {
                return Ok(());
            }
            self.clients[index] = Some(self.connect(index, false)?);
        }
        self.send_batch(index)
    }
}

/// Sends what the kernel has room for.
fn send_some(link: &mut Link, bytes: &[u8]) -> Result<usize, WorkerError> {
    match link.send(bytes) {
        Ok(sent) => Ok(sent),
        // The reply that explains why the server closed may still be there to be read.
        Err(error) if is_gone(&error) => Ok(bytes.len()),
        Err(error) => Err(WorkerError::socket(error)),
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

fn watch(
    epoll: &OwnedFd,
    client: &Client,
    index: usize,
    flags: EventFlags,
) -> Result<(), WorkerError> {
    if matches!(client.link, Link::Rings(_) | Link::Rdma(_)) {
        // It only ever rings; room is looked for elsewhere.
        return Ok(());
    }
    epoll::modify(epoll, &client.link, EventData::new_u64(index as u64), flags)
        .map_err(WorkerError::socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    /// A server that answers each CRLF with `reply`, on as many connections as come.
    fn server(reply: &'static [u8]) -> Target {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                thread::spawn(move || {
                    let mut buffer = [0; 1000];
                    while let Ok(read @ 1..) = stream.read(&mut buffer) {
                        let lines = buffer[..read].iter().filter(|byte| **byte == b'\n').count();
                        if stream.write_all(&reply.repeat(lines)).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Target::Tcp(address)
    }

    fn plan(target: Target, pipeline: usize) -> Plan {
        Plan {
            target,
            connections: 3,
            pipeline,
            keepalive: true,
            opening: (Vec::new(), 0),
            template: Template::new(b"GET __rand_int__\r\n", pipeline, Some(100)),
            numbers: Numbers::Random(Random::new(1)),
            digits: 3,
        }
    }

    fn run(plan: Plan, requests: u64) -> Result<Record, WorkerError> {
        let shared = Shared::new(requests, u64::MAX);
        Worker::new(plan, &shared)?.run(Instant::now())
    }

    #[test]
    fn exactly_the_requests_asked_for_are_sent_and_recorded() {
        for (pipeline, requests) in [(1, 100), (16, 100), (7, 7), (100, 30)] {
            let record = run(plan(server(b"+OK\r\n"), pipeline), requests).expect("a clean run");
            assert_eq!(record.requests(), requests, "pipeline {pipeline}");
            let in_time: u64 = record.timeline.iter().map(|interval| interval.requests).sum();
            assert_eq!(in_time, requests);
        }
    }

    #[test]
    fn a_batch_larger_than_the_kernels_buffers_arrives() {
        let record = run(plan(server(b":1\r\n"), 200_000), 600_000).expect("a clean run");
        assert_eq!(record.requests(), 600_000);
    }

    #[test]
    fn the_opening_is_sent_once_a_connection_and_not_counted() {
        let mut with_opening = plan(server(b"+OK\r\n"), 4);
        with_opening.opening = (b"AUTH x\r\nSELECT 1\r\n".to_vec(), 2);
        assert_eq!(run(with_opening, 50).expect("a clean run").requests(), 50);
    }

    #[test]
    fn connections_are_made_anew_when_they_are_not_kept() {
        let mut anew = plan(server(b"+OK\r\n"), 2);
        anew.keepalive = false;
        anew.opening = (b"AUTH x\r\n".to_vec(), 1);
        assert_eq!(run(anew, 41).expect("a clean run").requests(), 41);
    }

    #[test]
    fn an_error_reply_ends_the_run() {
        let error = run(plan(server(b"-ERR no\r\n"), 1), 10).expect_err("an error reply");
        assert_eq!(error.to_string(), "Error from server: ERR no");
        let error = run(plan(server(b"HTTP\r\n"), 1), 10).expect_err("no RESP");
        assert_eq!(error, WorkerError::Protocol(SkipError::Type(b'H')));
    }

    #[test]
    fn a_server_that_hangs_up_ends_the_run() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let target = Target::Tcp(listener.local_addr().expect("its address"));
        let hang_up = thread::spawn(move || {
            for stream in listener.incoming().take(3) {
                drop(stream.map(|mut stream| stream.read(&mut [0; 1])));
            }
        });
        let error = run(plan(target, 1), 10).expect_err("the server is gone");
        assert!(matches!(error, WorkerError::Closed | WorkerError::Socket(_)), "{error}");
        hang_up.join().expect("the server's thread ends");
    }

    #[test]
    fn nothing_is_sent_after_the_deadline() {
        let shared = Shared::new(1000, 0);
        let worker = Worker::new(plan(server(b"+OK\r\n"), 1), &shared).expect("connections");
        assert_eq!(worker.run(Instant::now()).expect("a clean run").requests(), 0);
    }
}
