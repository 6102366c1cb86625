//! One TLS session over a socket that does not block.
//!
//! A session that is idle owns no buffers: what arrives is decrypted in a buffer of the thread, and
//! what leaves is encrypted there. Only what is left over is kept: a part of a record, or encrypted
//! bytes that the socket did not take.
//!
//! The socket may be watched edge-triggered. So reading goes on until the socket has nothing more,
//! or until there is something to give, and then says whether there may be more; and what could not
//! be sent is counted by [`Session::pending`], so that the owner asks for [`Session::flush`] when
//! the socket has room again.

use crate::stream::Arrival;
use rustix::io::Errno;
use rustix::net::{SendFlags, send};
use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, EncryptError, UnbufferedStatus, WriteTraffic,
};
use rustls::{ClientConfig, ServerConfig};
use std::cell::RefCell;
use std::fmt;
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

/// Bytes read from a socket at once: the largest record and a little.
const READ_SIZE: usize = 17 << 10;
/// Bytes kept for want of their continuation: the largest message of a handshake, in its records.
const INCOMPLETE_MAX: usize = 80 << 10;
/// Plain bytes encrypted at once: four of the largest records.
const WRITE_SIZE: usize = 64 << 10;
/// What encryption adds to that at most, with a change of keys before it.
const ADDED_MAX: usize = 1 << 10;
/// Reads in a row that bring no data, after which others have their turn.
const EMPTY_READS_MAX: usize = 8;
/// The type of a record that opens a handshake.
const HANDSHAKE: u8 = 22;

/// Buffers of a thread, always of full length.
struct Scratch {
    incoming: Box<[u8]>,
    outgoing: Box<[u8]>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch {
        incoming: vec![0; INCOMPLETE_MAX + READ_SIZE].into_boxed_slice(),
        outgoing: vec![0; WRITE_SIZE + ADDED_MAX].into_boxed_slice(),
    });
}

enum Side {
    Server(Box<UnbufferedServerConnection>),
    Client(Box<UnbufferedClientConnection>),
}

impl fmt::Debug for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What a connection holds is secret.
        f.write_str(match self {
            Side::Server(_) => "Server",
            Side::Client(_) => "Client",
        })
    }
}

/// What is to be done once the session can send.
enum Wish<'a> {
    Nothing,
    /// Encrypt these bytes into that buffer; the count goes into the last.
    Encrypt(&'a [u8], &'a mut [u8], &'a mut usize),
    /// Say that nothing more will be sent.
    Close,
}

/// How far a session has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// There is more to do with what is there.
    Again,
    /// The handshake needs more from the other end.
    Blocked,
    /// Data may flow.
    Ready,
    /// The other end has said that it sends nothing more.
    Closed,
}

/// See the module's head.
#[derive(Debug)]
pub(crate) struct Session {
    side: Side,
    /// Bytes whose continuation has not arrived.
    incoming: Vec<u8>,
    /// Data that came together with the end of the handshake, or while something was sent.
    plain: Vec<u8>,
    /// Encrypted bytes that the socket did not take, from `sent` on.
    outgoing: Vec<u8>,
    sent: usize,
    /// Anything has been received.
    started: bool,
    ready: bool,
    closed: bool,
    /// What went wrong; nothing goes on after it.
    failed: Option<rustls::Error>,
}

impl Session {
    pub(super) fn server(config: Arc<ServerConfig>) -> Result<Self, rustls::Error> {
        let connection = UnbufferedServerConnection::new(config)?;
        Ok(Session::new(Side::Server(Box::new(connection))))
    }

    pub(super) fn client(
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> Result<Self, rustls::Error> {
        let connection = UnbufferedClientConnection::new(config, name)?;
        Ok(Session::new(Side::Client(Box::new(connection))))
    }

    fn new(side: Side) -> Self {
        Session {
            side,
            incoming: Vec::new(),
            plain: Vec::new(),
            outgoing: Vec::new(),
            sent: 0,
            started: false,
            ready: false,
            closed: false,
            failed: None,
        }
    }

    /// The certificate that the other end has shown, verified.
    pub(crate) fn peer_certificate(&self) -> Option<&CertificateDer<'static>> {
        let chain = match &self.side {
            Side::Server(connection) => connection.peer_certificates(),
            Side::Client(connection) => connection.peer_certificates(),
        };
        chain?.first()
    }

    /// Encrypted bytes that wait for the socket.
    pub(crate) fn pending(&self) -> usize {
        self.outgoing.len() - self.sent
    }

    /// Whether data waits that was decrypted already.
    pub(crate) fn has_plain(&self) -> bool {
        !self.plain.is_empty() || self.closed || self.failed.is_some()
    }

    /// Goes on with the handshake. True: it is done; false: the socket must become readable, or
    /// writable if bytes are pending.
    pub(crate) fn handshake(&mut self, socket: BorrowedFd<'_>) -> io::Result<bool> {
        SCRATCH.with_borrow_mut(|scratch| {
            let mut filled = self.restore(scratch);
            loop {
                let mut plain = std::mem::take(&mut self.plain);
                let bytes = &mut scratch.incoming[..filled];
                let (used, step) = self.process(bytes, Wish::Nothing, &mut plain);
                self.plain = plain;
                scratch.incoming.copy_within(used..filled, 0);
                filled -= used;
                let flushed = self.flush(socket);
                if step? != Step::Blocked {
                    flushed?;
                    self.keep(scratch, filled)?;
                    self.ready = true;
                    return Ok(true);
                }
                flushed?;
                if filled > INCOMPLETE_MAX {
                    return Err(too_long());
                }
                // Data may follow the handshake at once: no more of it than there is room for.
                match receive(socket, &mut scratch.incoming[filled..filled + READ_SIZE])? {
                    None => {
                        self.keep(scratch, filled)?;
                        return Ok(false);
                    }
                    Some(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                    Some(count) => filled += count,
                }
                if !std::mem::replace(&mut self.started, true) && scratch.incoming[0] != HANDSHAKE {
                    // An alert would be noise to somebody who does not speak TLS.
                    let text = "the other end does not speak TLS";
                    return Err(io::Error::new(io::ErrorKind::InvalidData, text));
                }
            }
        })
    }

    /// Appends data that has arrived to `into`.
    pub(crate) fn read(
        &mut self,
        socket: BorrowedFd<'_>,
        into: &mut Vec<u8>,
    ) -> io::Result<Arrival> {
        if !self.plain.is_empty() {
            let count = self.plain.len();
            into.append(&mut self.plain);
            self.plain = Vec::new();
            return Ok(Arrival::Bytes { count, more: true });
        }
        if let Some(error) = &self.failed {
            return Err(io::Error::new(io::ErrorKind::InvalidData, error.clone()));
        }
        if self.closed {
            return Ok(Arrival::End);
        }
        SCRATCH.with_borrow_mut(|scratch| {
            let mut filled = self.restore(scratch);
            let before = into.len();
            for _ in 0..EMPTY_READS_MAX {
                let room = &mut scratch.incoming[filled..filled + READ_SIZE];
                let full = room.len();
                let count = match receive(socket, room) {
                    Ok(Some(count @ 1..)) => count,
                    Ok(Some(0)) => return Ok(Arrival::End),
                    Ok(_) => {
                        self.keep(scratch, filled)?;
                        return Ok(Arrival::Nothing);
                    }
                    Err(error) => return Err(error),
                };
                filled += count;
                let bytes = &mut scratch.incoming[..filled];
                let (used, step) = self.process(bytes, Wish::Nothing, into);
                scratch.incoming.copy_within(used..filled, 0);
                filled -= used;
                // An answer of the protocol itself. If the socket is dead, the next read tells.
                let _ = self.flush(socket);
                let arrived = into.len() - before;
                if arrived > 0 {
                    self.keep(scratch, filled)?;
                    let more = count == full || self.has_plain();
                    return Ok(Arrival::Bytes { count: arrived, more });
                }
                step?;
                if self.closed {
                    return Ok(Arrival::End);
                }
                if filled > INCOMPLETE_MAX {
                    return Err(too_long());
                }
            }
            self.keep(scratch, filled)?;
            Ok(Arrival::Bytes { count: 0, more: true })
        })
    }

    /// Encrypts and sends as much of `bytes` as the socket takes now, and up to [`WRITE_SIZE`] more
    /// that stay [`pending`](Self::pending). Answers how many bytes are taken over.
    pub(crate) fn write(&mut self, socket: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
        self.flush(socket)?;
        let mut taken = 0;
        while taken < bytes.len() && self.pending() == 0 {
            let chunk = &bytes[taken..bytes.len().min(taken + WRITE_SIZE)];
            SCRATCH.with_borrow_mut(|scratch| {
                let mut written = 0;
                let wish = Wish::Encrypt(chunk, &mut scratch.outgoing, &mut written);
                self.process_own(wish)?;
                if written == 0 {
                    return Err(io::Error::from(io::ErrorKind::NotConnected));
                }
                self.send(socket, &scratch.outgoing[..written])
            })?;
            taken += chunk.len();
        }
        Ok(taken)
    }

    /// Sends what is pending.
    pub(crate) fn flush(&mut self, socket: BorrowedFd<'_>) -> io::Result<()> {
        if self.pending() == 0 {
            return Ok(());
        }
        self.sent += transmit(socket, &self.outgoing[self.sent..])?;
        if self.sent == self.outgoing.len() {
            self.outgoing = Vec::new();
            self.sent = 0;
        }
        Ok(())
    }

    /// Says that nothing more will be sent, as far as the socket takes it now.
    pub(crate) fn close(&mut self, socket: BorrowedFd<'_>) {
        if self.ready && self.failed.is_none() {
            // The other end learns of it by the end of the socket, too.
            let _ = self.process_own(Wish::Close).and_then(|()| self.flush(socket));
        }
    }

    /// Sends behind what is pending; what the socket does not take is pending then.
    fn send(&mut self, socket: BorrowedFd<'_>, encrypted: &[u8]) -> io::Result<()> {
        self.flush(socket)?;
        let count = if self.pending() == 0 { transmit(socket, encrypted)? } else { 0 };
        self.outgoing.extend_from_slice(&encrypted[count..]);
        Ok(())
    }

    /// Copies the bytes that wait for their continuation into the thread's buffer.
    fn restore(&mut self, scratch: &mut Scratch) -> usize {
        let kept = self.incoming.len();
        scratch.incoming[..kept].copy_from_slice(&self.incoming);
        self.incoming.clear();
        kept
    }

    /// Keeps the first bytes of the thread's buffer until more arrive.
    fn keep(&mut self, scratch: &Scratch, filled: usize) -> io::Result<()> {
        if filled > INCOMPLETE_MAX {
            return Err(too_long());
        }
        if filled == 0 {
            self.incoming = Vec::new();
        } else {
            self.incoming.extend_from_slice(&scratch.incoming[..filled]);
        }
        Ok(())
    }

    /// Carries a wish out without new bytes.
    fn process_own(&mut self, wish: Wish<'_>) -> io::Result<()> {
        let mut incoming = std::mem::take(&mut self.incoming);
        let mut plain = std::mem::take(&mut self.plain);
        let (used, step) = self.process(&mut incoming, wish, &mut plain);
        incoming.drain(..used);
        (self.incoming, self.plain) = (incoming, plain);
        step.map(|_| ())
    }

    /// Works on received bytes until more are needed; answers how many are done with.
    fn process(
        &mut self,
        bytes: &mut [u8],
        mut wish: Wish<'_>,
        plain: &mut Vec<u8>,
    ) -> (usize, io::Result<Step>) {
        let mut done = 0;
        loop {
            let (count, step) = self.step(&mut bytes[done..], &mut wish, plain);
            done += count;
            match step {
                Ok(Step::Again) => {}
                Ok(step) => {
                    self.closed |= step == Step::Closed;
                    return (done, Ok(step));
                }
                Err(error) => {
                    // The alert that tells the other end why. Once only: the bytes must not be
                    // looked at again.
                    let _ = self.step(&mut bytes[done..], &mut wish, plain);
                    self.failed = Some(error.clone());
                    let error = io::Error::new(io::ErrorKind::InvalidData, error);
                    return (done, Err(error));
                }
            }
        }
    }

    fn step(
        &mut self,
        bytes: &mut [u8],
        wish: &mut Wish<'_>,
        plain: &mut Vec<u8>,
    ) -> (usize, Result<Step, rustls::Error>) {
        let out = &mut self.outgoing;
        match &mut self.side {
            Side::Server(c) => {
                step(c.process_tls_records(bytes), wish, plain, out, &mut self.closed)
            }
            Side::Client(c) => {
                step(c.process_tls_records(bytes), wish, plain, out, &mut self.closed)
            }
        }
    }
}

fn step<D>(
    status: UnbufferedStatus<'_, '_, D>,
    wish: &mut Wish<'_>,
    plain: &mut Vec<u8>,
    outgoing: &mut Vec<u8>,
    closed: &mut bool,
) -> (usize, Result<Step, rustls::Error>) {
    let mut discard = status.discard;
    let state = match status.state {
        Ok(state) => state,
        Err(error) => return (discard, Err(error)),
    };
    let step = match state {
        ConnectionState::ReadTraffic(mut traffic) => {
            while let Some(record) = traffic.next_record() {
                match record {
                    Ok(record) => {
                        discard += record.discard;
                        plain.extend_from_slice(record.payload);
                    }
                    Err(error) => return (discard, Err(error)),
                }
            }
            Step::Again
        }
        ConnectionState::EncodeTlsData(data) => {
            encode(data, outgoing);
            Step::Again
        }
        ConnectionState::TransmitTlsData(data) => {
            data.done();
            Step::Again
        }
        ConnectionState::PeerClosed => {
            *closed = true;
            Step::Again
        }
        ConnectionState::Closed => Step::Closed,
        ConnectionState::BlockedHandshake => Step::Blocked,
        ConnectionState::WriteTraffic(traffic) => match fulfil(traffic, wish, outgoing) {
            Ok(()) => Step::Ready,
            Err(error) => return (discard, Err(error)),
        },
        _ => {
            let error = rustls::Error::General("data before the handshake is not taken".to_owned());
            return (discard, Err(error));
        }
    };
    (discard, Ok(step))
}

/// Appends a message of the protocol to what is to be sent.
fn encode<D>(mut data: EncodeTlsData<'_, D>, outgoing: &mut Vec<u8>) {
    let start = outgoing.len();
    let count = match data.encode(&mut []) {
        Err(EncodeError::InsufficientSize(size)) => {
            outgoing.resize(start + size.required_size, 0);
            data.encode(&mut outgoing[start..]).unwrap_or(0)
        }
        Ok(count) => count,
        Err(EncodeError::AlreadyEncoded) => 0,
    };
    outgoing.truncate(start + count);
}

fn fulfil<D>(
    mut traffic: WriteTraffic<'_, D>,
    wish: &mut Wish<'_>,
    outgoing: &mut Vec<u8>,
) -> Result<(), rustls::Error> {
    let failed = |error: EncryptError| rustls::Error::General(error.to_string());
    match std::mem::replace(wish, Wish::Nothing) {
        Wish::Nothing => {}
        Wish::Encrypt(bytes, into, written) => {
            *written = traffic.encrypt(bytes, into).map_err(failed)?;
        }
        Wish::Close => {
            let mut alert = [0; 256];
            let count = traffic.queue_close_notify(&mut alert).map_err(failed)?;
            outgoing.extend_from_slice(&alert[..count]);
        }
    }
    Ok(())
}

fn too_long() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a message of the handshake is too long")
}

/// Reads what the socket has; `None` if that is nothing.
fn receive(socket: BorrowedFd<'_>, into: &mut [u8]) -> io::Result<Option<usize>> {
    loop {
        match rustix::io::read(socket, &mut *into) {
            Ok(count) => return Ok(Some(count)),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Sends what the socket takes.
pub(crate) fn transmit(socket: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    loop {
        // `send` rather than `write`: a closed peer is an error here, not a signal.
        match send(socket, bytes, SendFlags::NOSIGNAL) {
            Ok(count) => return Ok(count),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(0),
            Err(error) => return Err(error.into()),
        }
    }
}
