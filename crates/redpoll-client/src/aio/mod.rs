//! The asynchronous connection, for tokio.
//!
//! A [`Connection`] is a handle: clones of it, in any number of tasks, send their requests over one
//! connection, and each gets its own replies. Requests go out in the order in which they are made,
//! and so do replies come in.
//!
//! Whoever makes a request writes it by itself, and a task of the connection's own (`driver`)
//! waits for what comes. Through shared memory most replies are there before that task would have
//! been woken; so there the requester looks for its reply by itself for a few microseconds, and
//! only then leaves the waiting to the driver, which sleeps in the runtime like everybody else.
//!
//! A request that is dropped before its reply has come (a timeout, `select!`) disturbs no other:
//! its reply is passed over. The server may have carried it out all the same.
//!
//! What one connection cannot be shared for: a command that blocks (BLPOP) holds up the replies of
//! all, MULTI in parts would take in the commands of others (use
//! [`Pipeline::atomic`](crate::Pipeline::atomic)), and WATCH would be everybody's. Open another one
//! for these.

mod carrier;
mod driver;
mod link;
mod pushes;
mod request;
mod slots;

use crate::args::ToArgs;
use crate::cmd::{Cmd, Expect, cmd};
use crate::connection::Config;
use crate::error::Error;
use crate::value::Value;
use driver::Driver;
use link::{Link, Shared};
use request::Request;
use std::fmt;
use std::io;
use std::sync::Arc;

pub use pushes::Pushes;

/// A handle of a connection. See the module's head.
#[derive(Clone)]
pub struct Connection {
    handle: Arc<Handle>,
}

/// What all clones have in common; when the last one goes, so does the connection.
struct Handle {
    shared: Arc<Shared>,
    resp3: bool,
    refusal: Option<String>,
    transport: &'static str,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.lock().hang_up();
    }
}

/// Connects to the server that a URI names; see [`uri`](crate::uri).
///
/// # Errors
/// If the URI is none, nobody answers, or a step of the opening is refused.
pub async fn connect(uri: &str) -> Result<Connection, Error> {
    Connection::open(&Config::from_uri(uri)?).await
}

impl Connection {
    /// Connects as `config` says. The timeout of reads and writes counts for the opening only; a
    /// request is bounded by `tokio::time::timeout`.
    ///
    /// # Errors
    /// As [`connect`].
    pub async fn open(config: &Config) -> Result<Connection, Error> {
        let config = config.clone();
        // The opening takes several turns, and name resolution blocks.
        let opening = tokio::task::spawn_blocking(move || crate::Connection::open(&config));
        let opened = opening.await.map_err(|error| Error::Io(io::Error::other(error)))??;
        Connection::over(opened)
    }

    /// Takes a blocking connection over, on which nothing is outstanding. To be called within a
    /// runtime that has its I/O enabled.
    ///
    /// # Errors
    /// If the runtime cannot watch its descriptor.
    pub fn over(connection: crate::Connection) -> Result<Connection, Error> {
        let resp3 = connection.is_resp3();
        let refusal = connection.refusal().map(str::to_owned);
        let transport = connection.transport().name();
        let (link, descriptor) = Link::new(connection.into_parts())?;
        let shared = Arc::new(Shared::new(link));
        tokio::spawn(Driver::new(Arc::clone(&shared), descriptor)?);
        Ok(Connection { handle: Arc::new(Handle { shared, resp3, refusal, transport }) })
    }

    /// Sends a command. The replies to commands that subscribe are messages, of which the last is
    /// given.
    ///
    /// # Errors
    /// If the connection fails. An error reply is a value.
    pub async fn send(&self, command: &Cmd) -> Result<Value, Error> {
        let expect = command.expect();
        if !self.handle.resp3 && matches!(expect, Expect::Confirmations(_)) {
            let why = "subscriptions on a shared connection need RESP3 (protocol=3)";
            return Err(Error::Io(io::Error::new(io::ErrorKind::Unsupported, why)));
        }
        let replies = Request::new(&self.handle.shared, &|out| command.encode(out), expect).await?;
        Ok(replies.last)
    }

    /// Sends requests that are encoded already, and waits for so many replies.
    ///
    /// # Errors
    /// If the connection fails. Error replies are values.
    pub async fn exchange(&self, requests: &[u8], replies: usize) -> Result<Vec<Value>, Error> {
        if replies == 0 {
            return self.handle.shared.lock().post(requests).map(|()| Vec::new());
        }
        let encode = |out: &mut Vec<u8>| out.extend_from_slice(requests);
        let expect = Expect::Replies(replies);
        let replies = Request::new(&self.handle.shared, &encode, expect).await?;
        let mut all = replies.before;
        all.push(replies.last);
        Ok(all)
    }

    /// Subscribes to channels; the messages come by [`pushes`](Self::pushes), which is best asked
    /// for before. Needs RESP3.
    ///
    /// # Errors
    /// As [`Cmd::query_async`].
    pub async fn subscribe(&self, channels: impl ToArgs) -> Result<(), Error> {
        cmd("SUBSCRIBE").arg(channels).query_async(self).await
    }

    /// Subscribes to all channels that match patterns.
    ///
    /// # Errors
    /// As [`Cmd::query_async`].
    pub async fn psubscribe(&self, patterns: impl ToArgs) -> Result<(), Error> {
        cmd("PSUBSCRIBE").arg(patterns).query_async(self).await
    }

    /// Gives subscriptions to channels up, for everybody who shares the connection.
    ///
    /// # Errors
    /// As [`Cmd::query_async`].
    pub async fn unsubscribe(&self, channels: impl ToArgs) -> Result<(), Error> {
        cmd("UNSUBSCRIBE").arg(channels).query_async(self).await
    }

    /// The messages that the server sends on its own account from now on. Each one who asks gets
    /// all of them; who falls behind too far loses the oldest.
    pub fn pushes(&self) -> Pushes {
        self.handle.shared.lock().listen()
    }

    /// Whether the connection has failed.
    pub fn is_closed(&self) -> bool {
        self.handle.shared.lock().failure().is_some()
    }

    /// Why it did not go over to shared memory, if that was asked for and refused.
    pub fn refusal(&self) -> Option<&str> {
        self.handle.refusal.as_deref()
    }

    /// What carries it: `tcp`, `tls`, `unix` or `shm`.
    pub fn transport(&self) -> &'static str {
        self.handle.transport
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("transport", &self.transport()).finish_non_exhaustive()
    }
}
