//! A connection: over the Unix socket at first, through shared memory when the server grants it.
//!
//! Reading and writing work in both cases, so that a program need not care which it is. The
//! descriptor is the caller's at all times: whoever has opened it closes it.

use redpoll_shm::handshake::{self, Answer, Arriving};
use redpoll_shm::{Client, Memory, Want, Woken};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, SendFlags};
use std::ffi::CString;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, IntoRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// How the bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// The server has been asked for the memory, and has not answered.
    Pending,
    /// Through the rings.
    Memory,
    /// Over the socket.
    Socket,
}

enum State {
    Socket(UnixStream),
    Asked(UnixStream, Arriving),
    Rings(Box<Client>),
    /// On the way from one to another.
    Moving,
}

/// What a caller may set; it holds for the socket and for the rings.
#[derive(Clone, Copy, Default)]
struct Settings {
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
    nonblocking: bool,
    spin: Option<Duration>,
}

/// See the module's head.
pub struct Channel {
    state: State,
    settings: Settings,
    /// Why the server has refused.
    pub refusal: CString,
    /// What has gone wrong last.
    pub error: CString,
}

impl Channel {
    /// Over a connected Unix socket, which is given back in the end ([`Channel::into_fd`]).
    pub fn new(socket: OwnedFd) -> Channel {
        Channel {
            state: State::Socket(socket.into()),
            settings: Settings::default(),
            refusal: CString::default(),
            error: CString::default(),
        }
    }

    /// Asks for the memory. The connection must be logged in, with all replies read.
    pub fn ask(&mut self, ring: Option<usize>) -> io::Result<()> {
        let State::Socket(socket) = &self.state else {
            return Err(io::ErrorKind::AlreadyExists.into());
        };
        let request = handshake::request(ring);
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        if rustix::net::send(socket, &request, flags)? < request.len() {
            // A socket without room for thirty bytes is one whose replies were not read.
            return Err(io::ErrorKind::WriteZero.into());
        }
        if let State::Socket(socket) = self.take() {
            self.state = State::Asked(socket, Arriving::default());
        }
        Ok(())
    }

    /// Takes the server's answer if it is there.
    pub fn answer(&mut self) -> io::Result<Transport> {
        let State::Asked(socket, arriving) = &mut self.state else { return Ok(self.transport()) };
        let answer = loop {
            match arriving.take(&*socket, false) {
                Ok(Some(answer)) => break answer,
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(Transport::Pending);
                }
                Err(error) => return Err(error),
            }
        };
        match answer {
            Answer::Refused(why) => {
                self.refusal = c_string(&why);
                if let State::Asked(socket, _) = self.take() {
                    self.state = State::Socket(socket);
                }
            }
            Answer::Granted(memory) => {
                let memory = Memory::open(&memory)?;
                if let State::Asked(socket, _) = self.take() {
                    self.state = State::Rings(Box::new(Client::over(socket, memory)));
                }
            }
        }
        self.apply()?;
        Ok(self.transport())
    }

    /// Asks, and waits for the answer.
    pub fn open(&mut self, ring: Option<usize>, timeout: Option<Duration>) -> io::Result<()> {
        self.ask(ring)?;
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        while self.answer()? == Transport::Pending {
            if !self.wait_for_socket(PollFlags::IN, deadline)? {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
        Ok(())
    }

    /// How the bytes go.
    pub fn transport(&self) -> Transport {
        match &self.state {
            State::Socket(_) | State::Moving => Transport::Socket,
            State::Asked(..) => Transport::Pending,
            State::Rings(_) => Transport::Memory,
        }
    }

    /// Bounds later reads and writes; `None` waits for ever.
    pub fn set_timeouts(
        &mut self,
        read: Option<Duration>,
        write: Option<Duration>,
    ) -> io::Result<()> {
        self.settings.read_timeout = read;
        self.settings.write_timeout = write;
        self.apply()
    }

    /// Whether reads and writes fail instead of waiting.
    pub fn set_nonblocking(&mut self, nonblocking: bool) -> io::Result<()> {
        self.settings.nonblocking = nonblocking;
        if let State::Socket(socket) = &self.state {
            socket.set_nonblocking(nonblocking)?;
        }
        self.apply()
    }

    /// How long to spin before sleeping.
    pub fn set_spin(&mut self, spin: Duration) -> io::Result<()> {
        self.settings.spin = Some(spin);
        self.apply()
    }

    /// Lets the settings hold. A socket is touched only where it is what carries the bytes.
    fn apply(&mut self) -> io::Result<()> {
        let settings = self.settings;
        match &mut self.state {
            State::Socket(socket) => {
                socket.set_read_timeout(settings.read_timeout)?;
                socket.set_write_timeout(settings.write_timeout)?;
                if settings.nonblocking {
                    socket.set_nonblocking(true)?;
                }
            }
            State::Rings(client) => {
                client.link().set_read_timeout(settings.read_timeout);
                client.link().set_write_timeout(settings.write_timeout);
                client.link().set_nonblocking(settings.nonblocking);
                if let Some(spin) = settings.spin {
                    client.set_spin(spin);
                }
            }
            State::Asked(..) | State::Moving => {}
        }
        Ok(())
    }

    /// Reads. 0: the server has closed the connection.
    pub fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match &mut self.state {
            State::Rings(client) => client.read(out),
            State::Socket(socket) => socket.read(out),
            State::Asked(..) => Err(io::ErrorKind::WouldBlock.into()),
            State::Moving => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Writes what there is room for, at least a byte.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.state {
            State::Rings(client) => client.write(bytes),
            State::Socket(socket) => socket.write(bytes),
            State::Asked(..) => Err(io::ErrorKind::WouldBlock.into()),
            State::Moving => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Writes and reads what can be written and read, and waits if that is nothing.
    pub fn exchange(&mut self, bytes: &[u8], out: &mut [u8]) -> io::Result<(usize, usize)> {
        match &mut self.state {
            State::Rings(client) => client.exchange(bytes, out),
            State::Socket(_) => self.exchange_over_socket(bytes, out),
            State::Asked(..) => Err(io::ErrorKind::WouldBlock.into()),
            State::Moving => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn exchange_over_socket(&self, bytes: &[u8], out: &mut [u8]) -> io::Result<(usize, usize)> {
        let timeout = self.settings.read_timeout;
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
            let written = match bytes {
                [] => None,
                _ => unless_blocked(rustix::net::send(self, bytes, flags))?,
            };
            let received = rustix::net::recv(self, &mut *out, RecvFlags::DONTWAIT);
            let read = unless_blocked(received.map(|(count, _)| count))?;
            if written.is_some_and(|count| count > 0) || read.is_some() {
                return Ok((written.unwrap_or(0), read.unwrap_or(0)));
            }
            let out = if bytes.is_empty() { PollFlags::empty() } else { PollFlags::OUT };
            if !self.wait_for_socket(PollFlags::IN | out, deadline)? {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
    }

    /// For event loops; see [`Client::arm`]. A socket is always armed.
    pub fn arm(&self, want: Want) -> bool {
        match &self.state {
            State::Rings(client) => client.arm(want),
            _ => true,
        }
    }

    /// To be called when the descriptor is readable. False: the server has closed the connection.
    pub fn answer_bell(&self) -> io::Result<bool> {
        match &self.state {
            State::Rings(client) => client.link().answer(),
            _ => Ok(true),
        }
    }

    /// Whether it is there now.
    pub fn is_ready(&self, want: Want) -> io::Result<bool> {
        let flags = match (&self.state, want) {
            (State::Rings(client), want) => return Ok(client.is_ready(want)),
            (_, Want::Bytes) => PollFlags::IN,
            (_, Want::Room) => PollFlags::OUT,
        };
        self.wait_for_socket(flags, Some(Instant::now()))
    }

    /// Spins for it, without sleeping.
    pub fn spin(&mut self, want: Want) -> io::Result<bool> {
        match &mut self.state {
            State::Rings(client) => Ok(client.spin(want)),
            _ => self.is_ready(want),
        }
    }

    /// Waits for it.
    pub fn wait(&mut self, want: Want, timeout: Option<Duration>) -> io::Result<Woken> {
        let flags = match (&mut self.state, want) {
            (State::Rings(client), want) => return Ok(client.wait(want, timeout)),
            (_, Want::Bytes) => PollFlags::IN,
            (_, Want::Room) => PollFlags::OUT,
        };
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        Ok(if self.wait_for_socket(flags, deadline)? { Woken::Ready } else { Woken::TimedOut })
    }

    /// False: time is up.
    fn wait_for_socket(&self, flags: PollFlags, deadline: Option<Instant>) -> io::Result<bool> {
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let timeout = left.map(|left| Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: i64::from(left.subsec_nanos()),
            });
            match poll(&mut [PollFd::new(self, flags)], timeout.as_ref()) {
                Ok(0) => return Ok(false),
                Ok(_) => return Ok(true),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Ends it. The descriptor stays open.
    pub fn into_fd(mut self) {
        let socket = match self.take() {
            State::Socket(socket) | State::Asked(socket, _) => Some(socket),
            State::Rings(client) => client.into_socket(),
            State::Moving => None,
        };
        if let Some(socket) = socket {
            // It is the caller's.
            let _ = socket.into_raw_fd();
        }
    }

    fn take(&mut self) -> State {
        std::mem::replace(&mut self.state, State::Moving)
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.state {
            State::Socket(socket) | State::Asked(socket, _) => socket.as_fd(),
            State::Rings(client) => client.as_fd(),
            State::Moving => unreachable!("only within a method"),
        }
    }
}

/// `None` where the call would have waited.
fn unless_blocked(result: rustix::io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Ok(count) => Ok(Some(count)),
        Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// For C: without what would end it early.
pub fn c_string(text: &str) -> CString {
    CString::new(text.replace('\0', "?")).unwrap_or_default()
}
