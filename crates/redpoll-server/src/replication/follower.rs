//! The thread that follows a primary: it connects, gets a snapshot if it must, and runs the
//! stream's commands as they come; when the link breaks, it begins again.

use super::handshake::{Answer, Line, is_timeout, refused};
use crate::certificates;
use crate::propagation::{self, Source};
use parking_lot::Mutex;
use redpoll_client::{Endpoint, Transport};
use redpoll_config::ReplSync;
use redpoll_engine::client::{ClientId, Origin, Waker, flags};
use redpoll_engine::replication::{Epoch, FailoverState, LinkState, Primary};
use redpoll_engine::session::Stream;
use redpoll_engine::{Engine, Executor, Session};
use redpoll_keyspace::clock;
use redpoll_resp::{Batch, Limits, Parser};
use redpoll_types::rng::{Rng, SmallRng};
use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::os::fd::AsRawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::*};
use std::thread;
use std::time::{Duration, Instant};

/// How often a silent stream is looked at, to say how far we are.
const TICK: Duration = Duration::from_millis(100);
/// How long to wait before a broken link is made anew.
const AGAIN: Duration = Duration::from_millis(1000);
/// Up to how many milliseconds more.
const AGAIN_JITTER_MS: u64 = 300;
/// How often the primary is told how far we are, in milliseconds.
const ACK_MS: i64 = 1000;
/// So many syncs from a table may fail before the stream is taken.
const TABLES_TRIED: u32 = 2;
/// Bytes read at once.
const CHUNK: usize = 64 << 10;
/// While writes are paused, no more is taken when so many bytes of the stream wait.
const UNREAD_MAX: usize = 16 << 20;
/// Commands run at once.
const BATCH: usize = 64;

/// Held by the link whose snapshot is being loaded.
pub(super) static LOADING: Mutex<()> = Mutex::new(());

/// The thread; dropping this ends it soon.
pub struct Follower {
    ended: Arc<AtomicBool>,
}

impl Follower {
    /// Starts to follow.
    pub fn start(engine: Arc<Engine>, (primary, epoch): (Primary, Epoch)) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let follower = Follower { ended: Arc::clone(&ended) };
        let name = format!("{}:{}", primary.host, primary.port);
        log::info!("Connecting to MASTER {name}");
        let started = thread::Builder::new().name("follow".to_owned()).spawn(move || {
            redpoll_memory::register_thread();
            let executor = Executor::new(Arc::clone(&engine), clock::now_ms() as u64);
            let (has_worked, tables_failed) = (false, 0);
            Link { engine, executor, primary, epoch, ended, has_worked, tables_failed }.run();
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

pub(super) struct Link {
    pub(super) engine: Arc<Engine>,
    executor: Executor,
    pub(super) primary: Primary,
    pub(super) epoch: Epoch,
    ended: Arc<AtomicBool>,
    /// Whether the stream has been followed since it was last looked.
    has_worked: bool,
    /// How many syncs from a table have failed since the last full sync that did not.
    pub(super) tables_failed: u32,
}

impl Link {
    fn run(&mut self) {
        let mut hurried = Instant::now();
        while !self.has_ended() {
            self.engine.standstill.wait();
            let broken = catch_unwind(AssertUnwindSafe(|| self.follow()));
            let why = match broken {
                Ok(Err(error)) => error.to_string(),
                _ => "a command of the stream failed".to_owned(),
            };
            if self.has_ended() {
                return;
            }
            log::warn!("The link to the primary is down: {why}");
            self.engine.replication.update_link(self.epoch, |link| {
                if link.is_up() {
                    link.down_since = Some(clock::now_ms());
                }
                link.state = LinkState::Connect;
            });
            // A link that has worked is made anew at once, unless it breaks again and again.
            let worked = std::mem::take(&mut self.has_worked);
            if !worked || hurried.elapsed() < AGAIN {
                self.rest();
            } else {
                hurried = Instant::now();
            }
        }
    }

    /// Waits before the link is made anew; many who have lost the same primary do not come back
    /// at the same moment.
    fn rest(&self) {
        let seed = clock::now_ms() as u64 ^ u64::from(process::id()) << 32;
        let jitter = SmallRng::new(seed).below(AGAIN_JITTER_MS);
        let until = Instant::now() + AGAIN + Duration::from_millis(jitter);
        while !self.has_ended() && Instant::now() < until {
            thread::sleep(TICK);
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Acquire) || !self.engine.replication.is_current(self.epoch)
    }

    pub(super) fn set_state(&self, state: LinkState) {
        self.engine.replication.update_link(self.epoch, |link| {
            link.state = state;
            link.last_heard = clock::now_ms();
            if state == LinkState::Connected {
                link.down_since = None;
            }
        });
    }

    /// Connects and follows until the link breaks.
    fn follow(&mut self) -> io::Result<std::convert::Infallible> {
        self.set_state(LinkState::Connecting);
        let mut line = self.line()?;
        self.set_state(LinkState::Handshake);
        let rest = match self.introduce(&mut line)? {
            Answer::Full(id, offset) => {
                log::info!("Full resync from master: {id}:{offset}");
                self.take_snapshot(&mut line, &id, offset)?
            }
            Answer::Continue(id) => {
                log::info!("Successful partial resynchronization with master.");
                if let Some(id) = id {
                    self.engine.replication.continue_as(self.epoch, &id);
                }
                std::mem::take(&mut line.buffer)
            }
            Answer::Refused(reply) => return Err(refused("PSYNC", &reply)),
        };
        self.set_state(LinkState::Connected);
        self.has_worked = true;
        line.buffer = rest;
        let mut session = self.session(&*line.stream);
        let ended = self.run_stream(&mut line, &mut session);
        self.executor.disconnect(&mut session);
        ended
    }

    /// A new connection to the primary.
    pub(super) fn line(&self) -> io::Result<Line> {
        let patience = self.patience_for_line();
        Ok(Line { stream: self.connect()?, buffer: Vec::new(), patience })
    }

    /// Whether a first sync from a table is wanted. Where those fail, the stream is tried.
    fn wants_table(&self) -> bool {
        match self.engine.config.repl_sync() {
            ReplSync::Auto => self.tables_failed < TABLES_TRIED,
            ReplSync::Onesided => true,
            ReplSync::Stream => false,
        }
    }

    /// Asks for the stream, and says what that means for a failover.
    fn introduce(&mut self, line: &mut Line) -> io::Result<Answer> {
        let answer = line.introduce(&self.engine, self.wants_table())?;
        if self.has_ended() {
            return Err(superseded());
        }
        if self.engine.replication.failover_state() == FailoverState::InProgress {
            let now = clock::now_ms();
            if let Answer::Refused(reply) = &answer {
                log::info!("FAILOVER aborted: Failover target rejected psync request: {reply}");
                let mut keys = self.engine.keyspace.keys(0, now);
                self.engine.abort_failover(&mut keys, &mut SmallRng::new(now as u64));
                return Err(superseded());
            }
            self.engine.end_failover(now);
        }
        Ok(answer)
    }

    /// The session that runs the stream's commands. CLIENT LIST shows it, and CLIENT KILL ends it.
    fn session(&self, stream: &dyn Transport) -> Session {
        let client =
            self.engine.clients.add(self.origin(stream), Arc::new(NoWaker), clock::now_ms());
        client.set_flag(flags::PRIMARY, true);
        // No user's rights bind it.
        client.names.lock().user = "(superuser)".to_owned();
        let mut session = Session::new(client, true);
        session.is_primary = true;
        session.link = Some(Box::new(Stream::new(self.epoch)));
        session.db = self.engine.replication.stream_db();
        session
    }

    /// The link's two ends.
    fn origin(&self, stream: &dyn Transport) -> Origin {
        let socket = stream.poll_fd();
        let another = socket.and_then(|it| it.try_clone_to_owned().ok()).map(TcpStream::from);
        let address = |end: fn(&TcpStream) -> io::Result<SocketAddr>| {
            another.as_ref().and_then(|socket| end(socket).ok()).map(|end| end.to_string())
        };
        let named = || format!("{}:{}", self.primary.host, self.primary.port);
        Origin {
            address: address(TcpStream::peer_addr).unwrap_or_else(named),
            local_address: address(TcpStream::local_addr).unwrap_or_default(),
            descriptor: socket.map_or(0, |socket| socket.as_raw_fd().into()),
            tls: self.engine.config.tls_replication(),
            ..Origin::default()
        }
    }

    /// Says of a primary that has been silent for so long, before it sends its stream, whether it
    /// is still waited for.
    fn patience_for_line(&self) -> Box<dyn Fn(Duration) -> io::Result<()> + Send + Sync> {
        let (engine, epoch) = (Arc::clone(&self.engine), self.epoch);
        let ended = Arc::clone(&self.ended);
        Box::new(move |silent| {
            if ended.load(Acquire) || !engine.replication.is_current(epoch) {
                return Err(superseded());
            }
            if silent <= patience(&engine) {
                return Ok(());
            }
            let is_sync = engine.replication.link().is_some_and(|it| it.state == LinkState::Sync);
            Err(io::Error::other(match is_sync {
                true => "Timeout receiving bulk data from MASTER (see repl-timeout)",
                false => "Timeout connecting to the MASTER",
            }))
        })
    }

    fn connect(&self) -> io::Result<Box<dyn Transport>> {
        let (config, patience) = (&self.engine.config, patience(&self.engine));
        let tls = config.tls_replication().then(|| certificates::outgoing(config)).transpose();
        let tls = tls.map_err(io::Error::other)?;
        let endpoint = Endpoint::tcp(&self.primary.host, self.primary.port);
        let stream = endpoint.connect_from(self.source_address()?, patience, tls.as_ref())?;
        stream.set_read_timeout(Some(TICK))?;
        stream.set_write_timeout(Some(patience))?;
        Ok(stream)
    }

    /// The address of this host that the primary is to see (`bind-source-addr`).
    fn source_address(&self) -> io::Result<Option<IpAddr>> {
        let Some(name) = self.engine.config.bind_source_addr() else { return Ok(None) };
        let addresses = (&*String::from_utf8_lossy(&name), 0).to_socket_addrs();
        addresses.map(|mut all| all.next().map(|address| address.ip()))
    }

    /// Runs the commands of the stream until it breaks.
    fn run_stream(
        &mut self,
        line: &mut Line,
        session: &mut Session,
    ) -> io::Result<std::convert::Infallible> {
        let mut parser = Parser::default();
        let mut last_ack = 0;
        let mut progress = Progress::default();
        let mut room = vec![0; CHUNK];
        loop {
            // Also while the server stands still: the primary is to see that we have gone.
            if session.client.take_wishes().kill {
                return Err(io::Error::other("closed by CLIENT KILL"));
            }
            self.engine.standstill.wait();
            let asked = self.run_commands(line, session, &mut parser)?;
            let now = clock::now_ms();
            if asked || now - last_ack >= ACK_MS {
                last_ack = now;
                let offset = self.engine.replication.offset();
                let durable = progress.durable(&self.engine, offset).map(|at| at.to_string());
                let offset = offset.to_string();
                match durable {
                    None => line.say(&[b"REPLCONF", b"ACK", offset.as_bytes()])?,
                    Some(durable) => {
                        let words = [&b"REPLCONF"[..], b"ACK", offset.as_bytes(), b"FACK"];
                        line.say(&[&words[..], &[durable.as_bytes()]].concat())?;
                    }
                }
            }
            self.read(line, &mut room)?;
        }
    }

    /// Takes what has come, if anything has.
    fn read(&self, line: &mut Line, room: &mut [u8]) -> io::Result<()> {
        if line.buffer.len() > UNREAD_MAX
            && self.engine.pause.holds(true, clock::now_ms()).is_some()
        {
            // It waits at the primary.
            thread::sleep(TICK);
            return if self.has_ended() { Err(superseded()) } else { Ok(()) };
        }
        let count = line.stream.read(room);
        line.buffer.extend_from_slice(&room[..*count.as_ref().unwrap_or(&0)]);
        if self.has_ended() {
            return Err(superseded());
        }
        let now = clock::now_ms();
        match count {
            Ok(0) => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
            Ok(count) => {
                self.engine.replication.note_received(count);
                self.engine.replication.update_link(self.epoch, |link| link.last_heard = now);
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

    /// Runs all whole commands at hand; what they were is passed on with their locks still held.
    /// Answers whether the primary asks how far we are.
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
            let (executor, batch) = (&mut self.executor, (&batch, buffer));
            propagation::run(executor, session, batch, &mut out, (Source::Primary, now));
            session.publish_figures(now);
            done += parsed.consumed;
        }
    }
}

/// How much of the stream is on disk: the log counts other bytes than the stream, so that pairs of
/// offsets that belong together are noted.
#[derive(Default)]
struct Progress {
    /// Up to where the stream is on disk.
    durable: u64,
    /// An offset of the log that is waited for, and that of the stream with it.
    pending: Option<(u64, u64)>,
}

impl Progress {
    /// Up to where the stream, which has come to `offset`, is on disk; `None` without a log.
    fn durable(&mut self, engine: &Engine, offset: u64) -> Option<u64> {
        let aof = &engine.persistence.aof;
        if !aof.is_complete() {
            *self = Progress::default();
            return None;
        }
        for _ in 0..2 {
            let (logged, streamed) =
                *self.pending.get_or_insert((engine.change_log.offset(), offset));
            if aof.durable() < logged {
                break;
            }
            self.durable = streamed;
            self.pending = None;
        }
        Some(self.durable)
    }
}

/// How long a silent primary is waited for.
fn patience(engine: &Engine) -> Duration {
    Duration::from_secs(engine.config.repl_timeout().unsigned_abs())
}

/// Another primary, or none, is followed meanwhile.
pub(super) fn superseded() -> io::Error {
    io::Error::other("another primary is followed")
}
