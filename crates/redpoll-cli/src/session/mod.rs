//! A user's session with a server: the connection and what the user did with it.
//!
//! The connection may come and go; the session remembers what the next one must be given (the
//! password, the database) and what was lost with the last one (a transaction, subscriptions).

mod issue;
mod reading_text;
mod redirect;
mod wait;

use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use redpoll_client::{Connection, Endpoint, Error, Tls, Transport, Value, locate};
use rustix::net::sockopt;

use crate::interrupt::{Interrupt, Target};
use crate::options::{Options, Resp};
use crate::stop::Stop;

pub use issue::is_command;

/// Seconds of silence after which the system probes whether the server is still there. Long
/// commands are silent; what must be noticed is a server that is gone.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// See the module's head.
pub struct Session {
    /// What the user asked for; `connect` and `SELECT` change it as the session goes on.
    pub options: Options,
    /// What Ctrl-C does.
    pub interrupt: Interrupt,
    /// Whether somebody types the commands: lost connections are then made again.
    pub interactive: bool,
    link: Option<Connection>,
    /// What TLS needs, once it has been read.
    tls: Option<Tls>,
    /// The database selected on this connection.
    database: i64,
    /// Set between MULTI and EXEC, with the database selected before MULTI.
    transaction: Option<i64>,
    subscriptions: Subscriptions,
    /// Whether this connection speaks RESP3.
    resp3: bool,
    /// After an ASK redirection: the next command needs ASKING in front.
    asking: bool,
    /// SHUTDOWN was sent: the connection's end is its answer.
    shutting_down: bool,
}

/// How many channels the server says this connection is subscribed to. The server counts shard
/// channels apart.
#[derive(Debug, Default)]
struct Subscriptions {
    channels: i64,
    shards: i64,
}

impl Session {
    /// A session without a connection.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            interrupt: Interrupt::default(),
            interactive: false,
            link: None,
            tls: None,
            database: 0,
            transaction: None,
            subscriptions: Subscriptions::default(),
            resp3: false,
            asking: false,
            shutting_down: false,
        }
    }

    /// Whether there is a connection, as far as known.
    pub fn is_connected(&self) -> bool {
        self.link.is_some()
    }

    /// Whether the connection can take ordinary commands: it is there, and neither in a
    /// transaction nor subscribed.
    pub fn is_at_ease(&self) -> bool {
        self.is_connected() && self.transaction.is_none() && !self.is_subscribed()
    }

    /// Whether messages are to be expected.
    pub fn is_subscribed(&self) -> bool {
        self.subscriptions.channels > 0 || self.subscriptions.shards > 0
    }

    /// The prompt: the address, the database if not 0, and what state the connection is in.
    pub fn prompt(&self) -> String {
        if self.link.is_none() {
            return "not connected> ".to_owned();
        }
        let mut prompt = match &self.options.socket {
            Some(path) => format!("redis {}", path.display()),
            None => self.endpoint().to_string(),
        };
        if self.database != 0 {
            prompt.push_str(&format!("[{}]", self.database));
        }
        if self.transaction.is_some() {
            prompt.push_str("(TX)");
        }
        if self.is_subscribed() {
            prompt.push_str("(subscribed mode)");
        }
        prompt + "> "
    }

    /// Connects, dropping a connection that may be there, and tells the server who is calling and
    /// which database is meant. What goes wrong is said on stderr; with `quiet`, not that nobody
    /// listens. A connection of which the server refused a step is kept: it may do for AUTH.
    pub fn connect(&mut self, quiet: bool) -> bool {
        self.disconnect();
        let _guard = self.interrupt.aim(Target::Program);
        let endpoint = self.endpoint();
        let transport = match self.open(&endpoint) {
            Ok(transport) => transport,
            Err(error) => {
                if !quiet {
                    let error = Error::Connect(error);
                    // Without the brackets that the prompt puts around IPv6 addresses.
                    let place = match &endpoint {
                        Endpoint::Tcp { host, port } | Endpoint::Rdma { host, port } => {
                            format!("{host}:{port}")
                        }
                        unix => unix.to_string(),
                    };
                    eprintln!("Could not connect to Redis at {place}: {error}");
                }
                return false;
            }
        };
        if let (Some(fd), Endpoint::Tcp { .. }) = (transport.poll_fd(), &endpoint) {
            // Where the system refuses, dead servers are noticed later; nothing else changes.
            let _ = sockopt::set_socket_keepalive(fd, true);
            let _ = sockopt::set_tcp_keepidle(fd, KEEPALIVE);
            let _ = sockopt::set_tcp_keepintvl(fd, KEEPALIVE / 3);
            let _ = sockopt::set_tcp_keepcnt(fd, 3);
        }
        if self.options.verbose {
            eprintln!("Connected to {endpoint}.");
        }
        self.link = Some(Connection::over(transport));
        self.authenticate() && self.select() && self.switch_protocol() && self.go_over(quiet)
    }

    /// Asks the server for its Unix socket, if shared memory is wanted and no socket is named.
    pub fn locate_socket(&mut self) -> Result<(), Stop> {
        if !self.options.shm || self.options.socket.is_some() {
            return Ok(());
        }
        let stop = |why: locate::Unknown| Stop::failed(format!("--shm: {why}."));
        locate::check_host(&self.endpoint()).map_err(stop)?;
        self.connect_or_stop()?;
        let Some(link) = &mut self.link else { return Err(Stop::Code(1)) };
        self.options.socket = Some(locate::unix_socket(link).map_err(stop)?);
        self.disconnect();
        Ok(())
    }

    /// Goes over to shared memory if that is asked for; where it is refused, the socket does.
    fn go_over(&mut self, quiet: bool) -> bool {
        let wanted = self.options.shm && self.options.socket.is_some();
        let Some(link) = self.link.take_if(|_| wanted) else { return true };
        match link.open_rings(None) {
            Ok(link) => {
                if let (Some(why), false) = (link.refusal(), quiet) {
                    eprintln!("Shared memory is refused: {why}. The socket is used instead.");
                }
                self.link = Some(link);
                true
            }
            Err(error) => {
                eprintln!("Shared memory cannot be used: {}", Error::Connect(error));
                false
            }
        }
    }

    /// Gives the connection up and forgets what was bound to it.
    pub fn disconnect(&mut self) {
        self.link = None;
        self.database = 0;
        self.transaction = None;
        self.subscriptions = Subscriptions::default();
        self.resp3 = false;
    }

    /// Connects, or stops with code 1: why is said already.
    pub fn connect_or_stop(&mut self) -> Result<(), Stop> {
        if self.connect(false) { Ok(()) } else { Err(Stop::Code(1)) }
    }

    /// Sends a command on the program's own account and returns its reply unprinted.
    pub fn ask<A: AsRef<[u8]>>(&mut self, arguments: &[A]) -> Result<Value, Error> {
        self.link.as_mut().ok_or(Error::Closed)?.command(arguments)
    }

    /// Sends many commands at once on the program's own account.
    pub fn ask_all<A: AsRef<[u8]>>(&mut self, commands: &[Vec<A>]) -> Result<Vec<Value>, Error> {
        self.link.as_mut().ok_or(Error::Closed)?.pipeline(commands)
    }

    /// [`ask`](Self::ask), connecting again for as long as it takes when the connection is lost.
    pub fn ask_persistently(&mut self, arguments: &[&str]) -> Result<Value, Stop> {
        let mut attempts = 0;
        loop {
            match self.ask(arguments) {
                Ok(reply) => {
                    if attempts > 0 {
                        self.print_if_terminal("\r\x1b[0K")?;
                    }
                    return Ok(reply);
                }
                Err(error @ Error::Protocol(_)) => {
                    return Err(Stop::failed(format!("Error: {error}")));
                }
                Err(_) => {}
            }
            while !self.connect(true) {
                attempts += 1;
                self.print_if_terminal(&format!("\r\x1b[0KReconnecting... {attempts}\r"))?;
                thread::sleep(Duration::from_secs(1));
            }
        }
    }

    /// Hands the connection over to a mode that reads and writes it by itself.
    pub fn take_link(&mut self) -> Option<Connection> {
        self.link.take()
    }

    /// The reply in the session's form, to stdout.
    pub fn print(&self, text: &[u8]) -> Result<(), Stop> {
        let mut out = io::stdout().lock();
        out.write_all(text)?;
        Ok(out.flush()?)
    }

    fn print_if_terminal(&self, text: &str) -> Result<(), Stop> {
        use std::io::IsTerminal;
        if io::stdout().is_terminal() { self.print(text.as_bytes()) } else { Ok(()) }
    }

    fn endpoint(&self) -> Endpoint {
        match &self.options.socket {
            Some(path) => Endpoint::Unix(path.clone()),
            None if self.options.rdma => {
                Endpoint::Rdma { host: self.options.host.clone(), port: self.options.port }
            }
            None => Endpoint::tcp(self.options.host.clone(), self.options.port),
        }
    }

    fn open(&mut self, endpoint: &Endpoint) -> io::Result<Box<dyn Transport>> {
        let timeout = self.options.connect_timeout;
        if !self.options.tls {
            return endpoint.connect(timeout);
        }
        let tls = match &self.tls {
            Some(tls) => tls,
            // The files are read once: a redirection must not fail because one is gone.
            None => {
                let tls = Tls::load(&self.options.tls_settings).map_err(io::Error::other)?;
                self.tls.insert(tls)
            }
        };
        endpoint.connect_tls(timeout, tls)
    }

    fn authenticate(&mut self) -> bool {
        let Some(password) = self.options.password.clone() else { return true };
        let mut arguments = vec![b"AUTH".to_vec()];
        arguments.extend(self.options.user.clone());
        arguments.push(password);
        self.handshake(&arguments, "AUTH").is_some()
    }

    fn select(&mut self) -> bool {
        let wanted = self.options.database;
        if wanted == self.database {
            return true;
        }
        let arguments = [b"SELECT".to_vec(), wanted.to_string().into_bytes()];
        let done = self.handshake(&arguments, &format!("SELECT {wanted}")).is_some();
        if done {
            self.database = wanted;
        }
        done
    }

    fn switch_protocol(&mut self) -> bool {
        let required = match self.options.resp {
            Resp::Unsaid | Resp::Two => return true,
            Resp::Three => true,
            Resp::ThreeIfKnown => false,
        };
        self.resp3 = self.handshake(&["HELLO", "3"], "HELLO 3").is_some();
        self.resp3 || !required
    }

    /// One command of the opening; `None` where it failed, which is said on stderr.
    fn handshake<A: AsRef<[u8]>>(&mut self, arguments: &[A], name: &str) -> Option<Value> {
        match self.ask(arguments) {
            Ok(reply) => match reply.error_text() {
                None => return Some(reply),
                Some(text) => eprintln!("{name} failed: {}", String::from_utf8_lossy(text)),
            },
            Err(_) => eprintln!("\nI/O error"),
        }
        None
    }
}
