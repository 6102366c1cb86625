//! Both directions of a connection, without Python: each step of them waits for a moment at most,
//! so that whoever calls can look in between whether somebody wants to stop it.

use redpoll_shm::{Client, Link, Opened, Receiver, Sender, Woken};
use std::hint::spin_loop;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Bytes asked of the server at a time.
const READ_BYTES: usize = 64 * 1024;

/// Looks for a reply before the interpreter's lock is given away: about a microsecond or two, which
/// is what giving it away and getting it back costs.
pub const LOOKS: usize = 64;

/// Looks of an event loop, for which to wait costs much more.
pub const LOOKS_OF_A_LOOP: usize = 256;

/// Where requests go.
pub enum Outbox {
    /// The socket.
    Socket(UnixStream),
    /// The ring.
    Rings(Sender),
}

/// Where replies come from, and what has come and was not taken yet.
pub struct Inbox {
    source: Source,
    held: Vec<u8>,
    at: usize,
    ended: bool,
    /// Where a socket is read into.
    scratch: Box<[u8]>,
}

enum Source {
    Socket(UnixStream),
    Rings(Receiver),
}

/// Connects a socket.
pub fn connect(path: &Path) -> io::Result<UnixStream> {
    let socket = UnixStream::connect(path)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// A connection that has gone over to shared memory.
pub struct Upgraded {
    /// What both directions share.
    pub link: Arc<Link>,
    /// Where requests go.
    pub outbox: Outbox,
    /// Where replies come from.
    pub inbox: Inbox,
}

/// Asks for shared memory, within this time. The text says why it is refused, and the socket goes
/// on as it is.
pub fn go_over(
    socket: &UnixStream,
    ring: Option<usize>,
    timeout: Option<Duration>,
) -> io::Result<Result<Upgraded, String>> {
    let twin = socket.try_clone()?;
    twin.set_nonblocking(false)?;
    twin.set_read_timeout(timeout)?;
    let opened = Client::open(twin, ring);
    socket.set_nonblocking(true)?;
    match opened? {
        Opened::Refused(_, why) => Ok(Err(why)),
        Opened::Rings(client) => {
            let link = Arc::clone(client.link());
            link.socket().set_read_timeout(None)?;
            let (sender, receiver) = client.split();
            let inbox = Inbox::over(Source::Rings(receiver));
            Ok(Ok(Upgraded { link, outbox: Outbox::Rings(sender), inbox }))
        }
    }
}

impl Outbox {
    /// Sends what there is room for; 0 if that is nothing.
    pub fn try_send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Outbox::Rings(sender) => sender.try_write(bytes),
            Outbox::Socket(socket) => Ok(later(socket.write(bytes))?.unwrap_or(0)),
        }
    }

    /// Waits for room, for so long at most.
    pub fn wait(&mut self, time: Duration) -> io::Result<()> {
        match self {
            Outbox::Socket(socket) => wait_for(socket, PollFlags::OUT, time),
            Outbox::Rings(sender) => match sender.wait(Some(time)) {
                Woken::Closed => Err(ErrorKind::BrokenPipe.into()),
                Woken::Ready | Woken::TimedOut => Ok(()),
            },
        }
    }

    /// Makes the descriptor readable once there is room. False: there is.
    pub fn arm(&self) -> bool {
        match self {
            Outbox::Socket(_) => true,
            Outbox::Rings(sender) => sender.arm(),
        }
    }
}

impl Inbox {
    /// From a socket.
    pub fn new(socket: UnixStream) -> Self {
        Self::over(Source::Socket(socket))
    }

    fn over(source: Source) -> Self {
        let scratch = match source {
            Source::Socket(_) => READ_BYTES,
            Source::Rings(_) => 0,
        };
        let scratch = vec![0; scratch].into_boxed_slice();
        Inbox { source, held: Vec::with_capacity(READ_BYTES), at: 0, ended: false, scratch }
    }

    /// What has come.
    pub fn held(&self) -> &[u8] {
        &self.held[self.at..]
    }

    /// Takes so many of the bytes that have come.
    pub fn consume(&mut self, count: usize) {
        self.at += count;
        if self.at == self.held.len() {
            self.held.clear();
            self.at = 0;
        }
    }

    /// Whether the server has closed the connection and everything has been taken.
    pub fn is_at_end(&self) -> bool {
        self.ended && self.held().is_empty()
    }

    /// Takes in what is there, unless something is held already. False: nothing is there.
    pub fn fill(&mut self) -> io::Result<bool> {
        if !self.held().is_empty() || self.ended {
            return Ok(true);
        }
        match &mut self.source {
            // As much as there is room for; the room does not grow.
            Source::Rings(receiver) => Ok(receiver.try_append(&mut self.held)? > 0),
            Source::Socket(socket) => {
                let Some(count) = later(socket.read(&mut self.scratch))? else { return Ok(false) };
                self.held.extend_from_slice(&self.scratch[..count]);
                self.ended = count == 0;
                Ok(true)
            }
        }
    }

    /// Looks so many times.
    pub fn glance(&mut self, looks: usize) -> io::Result<bool> {
        if let Source::Rings(receiver) = &self.source {
            for _ in 0..looks {
                if receiver.is_ready() {
                    break;
                }
                spin_loop();
            }
        }
        self.fill()
    }

    /// Waits for something to come, for so long at most.
    pub fn wait(&mut self, time: Duration) -> io::Result<()> {
        match &mut self.source {
            Source::Socket(socket) => wait_for(socket, PollFlags::IN, time),
            Source::Rings(receiver) => {
                if receiver.wait(Some(time)) == Woken::Closed {
                    self.end()?;
                }
                Ok(())
            }
        }
    }

    /// The server is gone; what it has left counts.
    fn end(&mut self) -> io::Result<()> {
        if !self.fill()? {
            self.ended = true;
        }
        Ok(())
    }

    /// Takes the bytes with which the server rings, and notices its end. For a connection that has
    /// nothing to read.
    pub fn answer(&mut self) -> io::Result<()> {
        if let Source::Rings(receiver) = &self.source
            && !receiver.link().answer()?
        {
            self.end()?;
        }
        Ok(())
    }

    /// Makes the descriptor readable once something comes. False: it is there.
    pub fn arm(&self) -> bool {
        match &self.source {
            Source::Socket(_) => true,
            Source::Rings(receiver) => receiver.arm(),
        }
    }

    /// Takes that back: somebody is about to look.
    pub fn disarm(&self) {
        if let Source::Rings(receiver) = &self.source {
            receiver.disarm();
        }
    }
}

/// The descriptor's number.
pub fn number(socket: &UnixStream) -> RawFd {
    socket.as_raw_fd()
}

/// Sorts out what means to try again.
fn later(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Ok(count) => Ok(Some(count)),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
            Ok(None)
        }
        Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(Some(0)),
        Err(error) => Err(error),
    }
}

fn wait_for(socket: &UnixStream, flags: PollFlags, time: Duration) -> io::Result<()> {
    let time = Timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(time.subsec_nanos()),
    };
    match poll(&mut [PollFd::new(&socket.as_fd(), flags)], Some(&time)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
