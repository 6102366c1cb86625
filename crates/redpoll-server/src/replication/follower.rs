//! The thread that follows a primary: it connects, gets a snapshot if it must, and runs the
//! stream's commands as they come; when the link breaks, it begins again.

use super::handshake::{Answer, Line, unless_interrupted};
use super::marked::{End, Marked};
use redpoll_engine::client::{ClientId, Origin, Waker};
use redpoll_engine::persistence::{Loaded, Merge};
use redpoll_engine::replication::{LinkState, Primary};
use redpoll_engine::{Engine, Executor, Session};
use redpoll_keyspace::clock;
use redpoll_resp::{Batch, Limits, Parser};
use std::io::{self, Read};
use std::net::{TcpStream, ToSocketAddrs};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::*};
use std::thread;
use std::time::Duration;

/// How often a silent stream is looked at, to say how far we are.
const TICK: Duration = Duration::from_millis(100);
/// How long to wait before a broken link is made anew.
const AGAIN: Duration = Duration::from_millis(1000);
/// How often the primary is told how far we are, in milliseconds.
const ACK_MS: i64 = 1000;
/// Bytes read at once.
const CHUNK: usize = 64 << 10;
/// Commands run at once.
const BATCH: usize = 64;

/// The thread; dropping this ends it soon.
pub struct Follower {
    ended: Arc<AtomicBool>,
}

impl Follower {
    /// Starts to follow.
    pub fn start(engine: Arc<Engine>, primary: Primary) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let follower = Follower { ended: Arc::clone(&ended) };
        let name = format!("{}:{}", primary.host, primary.port);
        log::info!("Connecting to MASTER {name}");
        let started = thread::Builder::new().name("follow".to_owned()).spawn(move || {
            redpoll_memory::register_thread();
            let executor = Executor::new(Arc::clone(&engine), clock::now_ms() as u64);
            Link { engine, executor, primary, ended }.run();
        });
        if let Err(error) = started {
            log::error!("Can't start a thread to follow {name}: {error}");
        }
        follower
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.ended.store(true, Release);
    }
}

/// The link has no worker: what is sent to its client goes nowhere.
struct NoWaker;

impl Waker for NoWaker {
    fn wake(&self, _client: ClientId) {}
}

struct Link {
    engine: Arc<Engine>,
    executor: Executor,
    primary: Primary,
    ended: Arc<AtomicBool>,
}

impl Link {
    fn run(&mut self) {
        while !self.has_ended() {
            let broken = catch_unwind(AssertUnwindSafe(|| self.follow()));
            let why = match broken {
                Ok(Err(error)) => error.to_string(),
                _ => "a command of the stream failed".to_owned(),
            };
            if self.has_ended() {
                return;
            }
            log::warn!("The link to the primary is down: {why}");
            self.engine.replication.update_link(|link| {
                link.state = LinkState::Connect;
                link.down_since = link.down_since.or(Some(clock::now_ms()));
            });
            thread::sleep(AGAIN);
        }
    }

    fn has_ended(&self) -> bool {
        self.ended.load(Acquire)
    }

    fn set_state(&self, state: LinkState) {
        self.engine.replication.update_link(|link| {
            link.state = state;
            link.last_heard = clock::now_ms();
            if state == LinkState::Connected {
                link.down_since = None;
            }
        });
    }

    /// Connects and follows until the link breaks.
    fn follow(&mut self) -> io::Result<std::convert::Infallible> {
        self.set_state(LinkState::Connect);
        let mut line = Line { stream: self.connect()?, buffer: Vec::new() };
        self.set_state(LinkState::Handshake);
        let rest = match line.introduce(&self.engine)? {
            Answer::Full(id, offset) => {
                log::info!("Full resync from master: {id}:{offset}");
                self.take_snapshot(&mut line, &id, offset)?
            }
            Answer::Continue(id) => {
                log::info!("Successful partial resynchronization with master.");
                if let Some(id) = id {
                    self.engine.replication.continue_as(&id);
                }
                std::mem::take(&mut line.buffer)
            }
        };
        self.set_state(LinkState::Connected);
        line.stream.set_read_timeout(Some(TICK))?;
        line.buffer = rest;
        let address = format!("{}:{}", self.primary.host, self.primary.port);
        let origin = Origin { address, ..Origin::default() };
        let client = self.engine.clients.add(origin, Arc::new(NoWaker), clock::now_ms());
        let mut session = Session::new(client, true);
        session.is_primary = true;
        let ended = self.run_stream(&mut line, &mut session);
        self.executor.disconnect(&mut session);
        ended
    }

    fn connect(&self) -> io::Result<TcpStream> {
        let patience = Duration::from_secs(self.engine.config.repl_timeout().unsigned_abs());
        let addresses = (&*self.primary.host, self.primary.port).to_socket_addrs()?;
        let mut failed = io::Error::other("the primary's name has no address");
        for address in addresses {
            match TcpStream::connect_timeout(&address, patience) {
                Ok(stream) => {
                    stream.set_nodelay(!self.engine.config.repl_disable_tcp_nodelay())?;
                    stream.set_read_timeout(Some(patience))?;
                    stream.set_write_timeout(Some(patience))?;
                    return Ok(stream);
                }
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    /// Replaces the data by the primary's. Answers the stream's first bytes.
    fn take_snapshot(&mut self, line: &mut Line, id: &str, offset: u64) -> io::Result<Vec<u8>> {
        self.set_state(LinkState::Sync);
        let end = line.announced_end()?;
        let total = if let End::Length(length) = end { Some(length) } else { None };
        self.engine.replication.update_link(|link| link.sync_bytes = (total, 0));
        log::info!("MASTER <-> REPLICA sync: Flushing old data, loading DB in memory");
        self.engine.replication.drop_replicas();
        let inner = Watched { stream: &line.stream, link: self };
        let mut marked = Marked::new(inner, std::mem::take(&mut line.buffer), end);
        let loaded = self.load(&mut marked)?;
        let bytes = marked.given();
        let rest = marked.rest()?;
        self.engine.replication.adopt(id, offset);
        let keys = loaded.keys;
        log::info!("MASTER <-> REPLICA sync: Finished with success ({keys} keys, {bytes} bytes)");
        Ok(rest)
    }

    fn load(&self, snapshot: &mut impl Read) -> io::Result<Loaded> {
        let mut keys = self.engine.keyspace.keys(0, clock::now_ms());
        keys.see_expired(true);
        let _loading = self.engine.begin_loading();
        keys.lock_all();
        let emptied: Vec<_> =
            (0..self.engine.keyspace.databases()).map(|db| keys.empty(db)).collect();
        self.engine.scripts.flush_libraries();
        keys.unlock();
        emptied.into_iter().for_each(|part| part.free_later(&self.engine.keyspace));
        let loaded = self.engine.load_from(&mut keys, snapshot, Merge::Replace);
        let loaded = loaded.map_err(|error| io::Error::other(error.to_string()))?;
        loaded.notes.iter().for_each(|note| log::warn!("{note}"));
        Ok(loaded)
    }

    /// Runs the commands of the stream until it breaks.
    fn run_stream(
        &mut self,
        line: &mut Line,
        session: &mut Session,
    ) -> io::Result<std::convert::Infallible> {
        let mut parser = Parser::default();
        let mut last_ack = 0;
        loop {
            let asked = self.run_commands(line, session, &mut parser)?;
            let now = clock::now_ms();
            if asked || now - last_ack >= ACK_MS {
                last_ack = now;
                let offset = self.engine.replication.offset().to_string();
                line.say(&[b"REPLCONF", b"ACK", offset.as_bytes()])?;
            }
            self.read(line)?;
        }
    }

    /// Takes what has come, if anything has.
    fn read(&self, line: &mut Line) -> io::Result<()> {
        let before = line.buffer.len();
        line.buffer.resize(before + CHUNK, 0);
        let count = line.stream.read(&mut line.buffer[before..]);
        line.buffer.truncate(before + *count.as_ref().unwrap_or(&0));
        if self.has_ended() {
            return Err(io::Error::other("another primary is followed"));
        }
        let now = clock::now_ms();
        match count {
            Ok(0) => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
            Ok(_) => {
                self.engine.replication.update_link(|link| link.last_heard = now);
                Ok(())
            }
            Err(error) if is_timeout(&error) => {
                let heard = self.engine.replication.link().map_or(now, |link| link.last_heard);
                match now - heard > self.engine.config.repl_timeout() * 1000 {
                    true => Err(io::Error::other("no data nor PING received for a while")),
                    false => Ok(()),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Runs all whole commands at hand. Answers whether the primary asks how far we are.
    fn run_commands(
        &mut self,
        line: &mut Line,
        session: &mut Session,
        parser: &mut Parser,
    ) -> io::Result<bool> {
        let limits = Limits { bulk_max: u64::MAX >> 1, authenticated: true };
        let (mut out, mut asked) = (Vec::new(), false);
        let mut done = 0;
        loop {
            let now = clock::now_ms();
            if self.engine.pause.holds(true, now).is_some() {
                // CLIENT PAUSE holds up the primary, too.
                line.buffer.drain(..done);
                self.engine.replication.set_unread(line.buffer.len());
                return Ok(asked);
            }
            let mut batch = Batch::default();
            let buffer = &mut line.buffer[done..];
            let parsed = parser.parse(buffer, &limits, BATCH, &mut batch);
            if let Some(error) = parsed.error {
                return Err(io::Error::other(format!("the stream holds no command: {error:?}")));
            }
            if batch.is_empty() {
                line.buffer.drain(..done);
                self.engine.replication.set_unread(line.buffer.len());
                return Ok(asked);
            }
            let buffer = &line.buffer[done..];
            let is_question = |index| {
                let args = batch.command(index, buffer);
                args.is(0, "replconf") && args.is(1, "getack")
            };
            asked |= (0..batch.len()).any(is_question);
            self.executor.run_batch(session, (&batch, buffer), (&mut out, usize::MAX), now);
            // The primary waits for no replies.
            out.clear();
            self.engine.replication.stream(&buffer[..parsed.consumed]);
            done += parsed.consumed;
        }
    }
}

/// Whether nothing has come. A wait with a limit is also ended by SIGSTOP and SIGCONT.
fn is_timeout(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted)
}

/// The primary's stream while a snapshot comes: what has come is counted, and it ends when another
/// primary is to be followed.
struct Watched<'a> {
    stream: &'a TcpStream,
    link: &'a Link,
}

impl Read for Watched<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.link.has_ended() {
            return Err(io::Error::other("another primary is followed"));
        }
        let count = unless_interrupted(|| self.stream.read(out))?;
        self.link.engine.replication.update_link(|link| {
            link.sync_bytes.1 += count as u64;
            link.last_heard = clock::now_ms();
        });
        Ok(count)
    }
}
