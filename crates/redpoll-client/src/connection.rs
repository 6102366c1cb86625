//! One connection to a server: requests out, replies in, pushes kept apart.
//!
//! Sending and receiving are separate steps ([`queue`](Connection::queue),
//! [`flush`](Connection::flush), [`receive`](Connection::receive)), so that a pipeline is only a
//! matter of calling the first several times; [`command`](Connection::command) and
//! [`pipeline`](Connection::pipeline) are the common combinations. [`Cmd`] and
//! [`Pipeline`](crate::Pipeline) stand on [`exchange`](Connection::exchange).

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::thread;
use std::time::Duration;

use crate::cmd::{Cmd, Expect, is_confirmation};
use crate::decode::Decoder;
use crate::error::{Error, HandshakeStep};
use crate::request;
use crate::transport::{Endpoint, Transport};
use crate::value::Value;
use redpoll_transport::tls::Client as Tls;

/// Bytes asked of the transport at a time.
const READ_BYTES: usize = 64 * 1024;

/// Pushes kept for [`Connection::take_push`]; beyond it the oldest is dropped, so that a caller
/// who never asks cannot be made to hold unbounded memory.
const PUSHES_MAX: usize = 65_536;

/// Replies that room is made for before they come.
const RESERVE_MAX: usize = 4096;

/// Request bytes of a pipeline up to which replies are not read meanwhile. Servers buffer at
/// least this much between the two sides' sockets.
const PIPELINE_BYTES: usize = 128 * 1024;

/// The protocol version to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// What every server speaks; no `HELLO` is sent.
    #[default]
    Resp2,
    /// Asked for with `HELLO 3`.
    Resp3,
}

/// Whether to go over to shared memory once connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SharedMemory {
    /// No.
    #[default]
    No,
    /// Where the server is willing, or else stay with the socket
    /// ([`Connection::refusal`] says why).
    Try,
    /// Or fail.
    Require,
}

/// Where and how to connect.
#[derive(Debug, Clone)]
pub struct Config {
    /// The server's address.
    pub endpoint: Endpoint,
    /// Bounds connecting; `None` leaves it to the system.
    pub connect_timeout: Option<Duration>,
    /// Bounds every read and write; `None` waits for ever.
    pub io_timeout: Option<Duration>,
    /// The user to authenticate as; without one, `AUTH` names only the password.
    pub username: Option<String>,
    /// The password; without one, `AUTH` is not sent.
    pub password: Option<String>,
    /// The database to select; 0 is where every connection begins.
    pub database: u32,
    /// The protocol version.
    pub protocol: Protocol,
    /// How to speak TLS, if at all.
    pub tls: Option<Tls>,
    /// Whether to go over to shared memory; needs a Unix socket.
    pub shared_memory: SharedMemory,
}

impl Config {
    /// Plain RESP2 on database 0, without timeouts and password.
    pub fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            connect_timeout: None,
            io_timeout: None,
            username: None,
            password: None,
            database: 0,
            protocol: Protocol::Resp2,
            tls: None,
            shared_memory: SharedMemory::No,
        }
    }

    /// [`new`](Self::new) for a TCP address.
    pub fn tcp(host: impl Into<String>, port: u16) -> Self {
        Self::new(Endpoint::tcp(host, port))
    }
}

/// An open connection.
pub struct Connection {
    transport: Box<dyn Transport>,
    decoder: Decoder,
    /// Requests queued and not yet written.
    outgoing: Vec<u8>,
    incoming: Box<[u8]>,
    pushes: VecDeque<Value>,
    pushes_dropped: u64,
    refusal: Option<String>,
    /// Whether HELLO 3 was sent at the opening.
    resp3: bool,
    /// Replies that an exchange gave up waiting for, and that the next one must pass over.
    owed: usize,
}

/// Connects to the server that a URI names; see [`uri`](crate::uri).
///
/// # Errors
/// If the URI is none, nobody answers, or a step of the opening is refused.
pub fn connect(uri: &str) -> Result<Connection, Error> {
    Connection::open(&Config::from_uri(uri)?)
}

impl Connection {
    /// Connects and, as `config` says, authenticates, switches the protocol and selects the
    /// database.
    pub fn open(config: &Config) -> Result<Self, Error> {
        let transport = match &config.tls {
            Some(tls) => config.endpoint.connect_tls(config.connect_timeout, tls),
            None => config.endpoint.connect(config.connect_timeout),
        };
        let transport = transport.map_err(Error::Connect)?;
        transport.set_read_timeout(config.io_timeout).map_err(Error::Connect)?;
        transport.set_write_timeout(config.io_timeout).map_err(Error::Connect)?;
        let mut connection = Self::over(transport);
        if let Some(password) = &config.password {
            connection.authenticate(config.username.as_deref(), password)?;
        }
        if config.protocol == Protocol::Resp3 {
            connection.step(HandshakeStep::Hello, &["HELLO", "3"])?;
            connection.resp3 = true;
        }
        if config.database != 0 {
            let database = config.database.to_string();
            connection.step(HandshakeStep::Select, &["SELECT", &database])?;
        }
        if config.shared_memory == SharedMemory::No {
            return Ok(connection);
        }
        let connection = connection.open_rings(None).map_err(Error::Connect)?;
        match (&connection.refusal, config.shared_memory) {
            (Some(why), SharedMemory::Require) => {
                Err(Error::Refused(HandshakeStep::SharedMemory, why.clone()))
            }
            _ => {
                connection.transport.set_read_timeout(config.io_timeout)?;
                connection.transport.set_write_timeout(config.io_timeout)?;
                Ok(connection)
            }
        }
    }

    /// Goes over to shared memory where the server is willing, or stays as it is, and
    /// [`refusal`](Self::refusal) says why. No reply must be outstanding. `ring` is a wish for the
    /// size of the rings.
    pub fn open_rings(self, ring: Option<usize>) -> io::Result<Self> {
        let upgraded = self.transport.open_rings(ring)?;
        Ok(Connection { transport: upgraded.transport, refusal: upgraded.refusal, ..self })
    }

    /// Whether it has opened with RESP3, so that the server may push.
    pub fn is_resp3(&self) -> bool {
        self.resp3
    }

    /// Why it did not go over to shared memory, if that was asked for and refused.
    pub fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    /// A connection over a transport that is ready; sends nothing.
    pub fn over(transport: Box<dyn Transport>) -> Self {
        Self {
            transport,
            decoder: Decoder::new(),
            outgoing: Vec::new(),
            incoming: vec![0; READ_BYTES].into_boxed_slice(),
            pushes: VecDeque::new(),
            pushes_dropped: 0,
            refusal: None,
            resp3: false,
            owed: 0,
        }
    }

    /// Sends `AUTH`; a refusal is an [`Error::Refused`].
    pub fn authenticate(&mut self, username: Option<&str>, password: &str) -> Result<(), Error> {
        match username {
            Some(user) => self.step(HandshakeStep::Auth, &["AUTH", user, password]),
            None => self.step(HandshakeStep::Auth, &["AUTH", password]),
        }
    }

    /// Sends one command and waits for its reply. An error reply is a [`Value::Error`].
    pub fn command<A: AsRef<[u8]>>(&mut self, arguments: &[A]) -> Result<Value, Error> {
        self.queue(arguments);
        self.flush()?;
        self.receive()
    }

    /// Sends all `commands` and waits for their replies, in order. Requests of any total size are
    /// safe: where they might fill the buffers of both sides, a second thread writes them.
    pub fn pipeline<A, C>(&mut self, commands: &[C]) -> Result<Vec<Value>, Error>
    where
        A: AsRef<[u8]>,
        C: AsRef<[A]>,
    {
        for command in commands {
            self.queue(command.as_ref());
        }
        let bytes = std::mem::take(&mut self.outgoing);
        self.exchange(&bytes, commands.len())
    }

    /// Sends requests that are encoded already, and waits for so many replies, in order. Of any
    /// total size, as [`pipeline`](Self::pipeline).
    ///
    /// If the timeout of reads passes, the connection can be used further: replies that come late
    /// are passed over.
    ///
    /// # Errors
    /// If the connection fails. Error replies are values.
    pub fn exchange(&mut self, requests: &[u8], replies: usize) -> Result<Vec<Value>, Error> {
        self.pass_over()?;
        if requests.len() <= PIPELINE_BYTES {
            self.transport.write_all(requests)?;
            return self.receive_many(replies);
        }
        let mut writing = self.transport.duplicate()?;
        thread::scope(|scope| {
            let writer = scope.spawn(move || {
                // A reader that waits for replies which cannot come any more must not hang.
                writing.write_all(requests).inspect_err(|_| drop(writing.shutdown()))
            });
            let received = self.receive_many(replies);
            if received.is_err() {
                // Likewise a writer whose bytes nobody takes any more.
                let _ = self.transport.shutdown();
            }
            match writer.join() {
                Ok(Ok(())) => received,
                Ok(Err(error)) => received.and(Err(error.into())),
                Err(_) => Err(Error::Closed),
            }
        })
    }

    /// Sends a command and waits for what answers it. The replies to commands that subscribe are
    /// messages, of which the last is given; messages of other kinds that come before it are kept
    /// for [`take_push`](Self::take_push).
    ///
    /// # Errors
    /// If the connection fails. An error reply is a value.
    pub fn send(&mut self, command: &Cmd) -> Result<Value, Error> {
        self.pass_over()?;
        command.encode(&mut self.outgoing);
        self.flush()?;
        match command.expect() {
            Expect::Replies(_) => self.receive().inspect_err(|error| self.owe(error, 1)),
            Expect::Confirmations(count) => self.receive_confirmations(count),
        }
    }

    fn receive_confirmations(&mut self, count: usize) -> Result<Value, Error> {
        let mut last = Value::Null;
        let mut left = count;
        while left > 0 {
            match self.receive_any()? {
                error @ Value::Error(_) => return Ok(error),
                push if is_confirmation(&push) => {
                    last = push;
                    left -= 1;
                }
                message => self.keep(message),
            }
        }
        Ok(last)
    }

    /// Reads what an earlier exchange has given up waiting for.
    fn pass_over(&mut self) -> Result<(), Error> {
        while self.owed > 0 {
            self.receive()?;
            self.owed -= 1;
        }
        Ok(())
    }

    /// Notes replies that are still to come.
    fn owe(&mut self, error: &Error, replies: usize) {
        if matches!(error, Error::Timeout) {
            self.owed += replies;
        }
    }

    /// Adds a request to those that the next [`flush`](Self::flush) writes.
    pub fn queue<A: AsRef<[u8]>>(&mut self, arguments: &[A]) {
        request::encode(&mut self.outgoing, arguments);
    }

    /// Adds bytes that are already RESP, or meant not to be.
    pub fn queue_raw(&mut self, bytes: &[u8]) {
        self.outgoing.extend_from_slice(bytes);
    }

    /// Writes everything queued.
    pub fn flush(&mut self) -> Result<(), Error> {
        let written = self.transport.write_all(&self.outgoing);
        self.outgoing.clear();
        Ok(written?)
    }

    /// Waits for the next reply. Pushes that come before it are kept for
    /// [`take_push`](Self::take_push). A RESP2 subscriber's messages are plain arrays and
    /// therefore replies.
    pub fn receive(&mut self) -> Result<Value, Error> {
        loop {
            match self.receive_any()? {
                push @ Value::Push(_) => self.keep(push),
                reply => return Ok(reply),
            }
        }
    }

    /// Waits for the next reply or push, whichever the server sent first.
    pub fn receive_any(&mut self) -> Result<Value, Error> {
        loop {
            if let Some(value) = self.decoder.next()? {
                return Ok(value);
            }
            self.fill()?;
        }
    }

    /// The next reply or push that has already been read from the transport, without waiting.
    pub fn buffered(&mut self) -> Result<Option<Value>, Error> {
        Ok(self.decoder.next()?)
    }

    /// The oldest push kept by [`receive`](Self::receive).
    pub fn take_push(&mut self) -> Option<Value> {
        self.pushes.pop_front()
    }

    /// How many pushes were dropped because nobody took them.
    pub fn pushes_dropped(&self) -> u64 {
        self.pushes_dropped
    }

    /// Whether the server has closed the connection, as far as can be told without waiting. Bytes
    /// that turn up meanwhile are kept for the next receive.
    pub fn is_closed(&mut self) -> bool {
        if self.transport.set_nonblocking(true).is_err() {
            return true;
        }
        let closed = match self.transport.read(&mut self.incoming) {
            Ok(0) => true,
            Ok(count) => {
                self.decoder.feed(&self.incoming[..count]);
                false
            }
            Err(error) => {
                !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
            }
        };
        self.transport.set_nonblocking(false).is_err() || closed
    }

    /// What it is made of: the transport, and the decoder with what has been read.
    #[cfg(feature = "tokio")]
    pub(crate) fn into_parts(self) -> (Box<dyn Transport>, Decoder) {
        (self.transport, self.decoder)
    }

    /// The transport, for timeouts, polling and second handles. Bytes must not be read from it:
    /// the decoder would miss them.
    pub fn transport(&self) -> &dyn Transport {
        &*self.transport
    }

    fn receive_many(&mut self, count: usize) -> Result<Vec<Value>, Error> {
        let mut replies = Vec::with_capacity(count.min(RESERVE_MAX));
        while replies.len() < count {
            match self.receive() {
                Ok(reply) => replies.push(reply),
                Err(error) => {
                    self.owe(&error, count - replies.len());
                    return Err(error);
                }
            }
        }
        Ok(replies)
    }

    fn step(&mut self, step: HandshakeStep, arguments: &[&str]) -> Result<(), Error> {
        let reply = self.command(arguments)?;
        match reply.error_text() {
            Some(text) => Err(Error::Refused(step, String::from_utf8_lossy(text).into_owned())),
            None => Ok(()),
        }
    }

    fn fill(&mut self) -> Result<(), Error> {
        loop {
            match self.transport.read(&mut self.incoming) {
                Ok(0) => return Err(Error::Closed),
                Ok(count) => {
                    self.decoder.feed(&self.incoming[..count]);
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn keep(&mut self, push: Value) {
        if self.pushes.len() == PUSHES_MAX {
            self.pushes.pop_front();
            self.pushes_dropped += 1;
        }
        self.pushes.push_back(push);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    /// A server that answers nothing by itself: `script` plays its part on one connection.
    fn with_server<T>(
        script: impl FnOnce(TcpStream) + Send,
        client: impl FnOnce(Config) -> T,
    ) -> T {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut config = Config::tcp("127.0.0.1", listener.local_addr().unwrap().port());
        config.io_timeout = Some(Duration::from_secs(10));
        thread::scope(|scope| {
            scope.spawn(move || script(listener.accept().unwrap().0));
            client(config)
        })
    }

    fn expect(stream: &mut TcpStream, bytes: &[u8]) {
        let mut seen = vec![0; bytes.len()];
        stream.read_exact(&mut seen).unwrap();
        assert_eq!(seen, bytes, "{}", seen.escape_ascii());
    }

    #[test]
    fn opens_with_auth_hello_and_select_in_this_order() {
        let server = |mut stream: TcpStream| {
            expect(&mut stream, b"*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$1\r\np\r\n");
            stream.write_all(b"+OK\r\n").unwrap();
            expect(&mut stream, b"*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n");
            stream.write_all(b"%0\r\n").unwrap();
            expect(&mut stream, b"*2\r\n$6\r\nSELECT\r\n$1\r\n9\r\n");
            stream.write_all(b"-ERR DB index is out of range\r\n").unwrap();
        };
        let failure = with_server(server, |mut config| {
            config.username = Some("u".into());
            config.password = Some("p".into());
            config.protocol = Protocol::Resp3;
            config.database = 9;
            Connection::open(&config).err().unwrap()
        });
        assert_eq!(failure.to_string(), "SELECT failed: ERR DB index is out of range");
    }

    #[test]
    fn pushes_are_kept_apart_from_replies() {
        let server = |mut stream: TcpStream| {
            stream.write_all(b">2\r\n+a\r\n:1\r\n+PONG\r\n>1\r\n+b\r\n").unwrap();
        };
        with_server(server, |config| {
            let mut connection = Connection::open(&config).unwrap();
            assert_eq!(connection.receive().unwrap(), Value::Status(b"PONG".to_vec()));
            assert_eq!(connection.take_push().unwrap().as_slice().unwrap().len(), 2);
            assert_eq!(connection.take_push(), None);
            assert!(matches!(connection.receive_any().unwrap(), Value::Push(_)));
            assert!(matches!(connection.receive(), Err(Error::Closed)));
        });
    }

    #[test]
    fn a_pipeline_larger_than_all_buffers_does_not_lock_up() {
        const COUNT: usize = 64;
        let argument = vec![b'x'; 256 * 1024];
        let echo = |mut stream: TcpStream| {
            // Every request is answered before the next is read: the worst case for a client
            // that would write everything first.
            let header = format!("*1\r\n${}\r\n", argument.len());
            let mut request = vec![0; header.len() + argument.len() + 2];
            for _ in 0..COUNT {
                stream.read_exact(&mut request).unwrap();
                stream.write_all(&request[4..]).unwrap();
            }
        };
        with_server(echo, |config| {
            let mut connection = Connection::open(&config).unwrap();
            let commands: Vec<[&[u8]; 1]> = vec![[&argument]; COUNT];
            let replies = connection.pipeline(&commands).unwrap();
            assert_eq!(replies.len(), COUNT);
            assert!(replies.iter().all(|reply| reply.as_bytes() == Some(&argument)));
        });
    }

    #[test]
    fn a_silent_server_times_out_and_a_gone_one_is_noticed() {
        let (let_go, wait) = std::sync::mpsc::channel::<()>();
        let server = move |stream: TcpStream| {
            let _ = wait.recv();
            drop(stream);
        };
        with_server(server, |mut config| {
            config.io_timeout = Some(Duration::from_millis(20));
            let mut connection = Connection::open(&config).unwrap();
            assert!(matches!(connection.receive(), Err(Error::Timeout)));
            assert!(!connection.is_closed());
            let_go.send(()).unwrap();
            let gone = std::time::Instant::now() + Duration::from_secs(10);
            while !connection.is_closed() {
                assert!(std::time::Instant::now() < gone, "the close was never seen");
                // sleep: the function under test looks without waiting.
                thread::sleep(Duration::from_millis(1));
            }
        });
    }
}
