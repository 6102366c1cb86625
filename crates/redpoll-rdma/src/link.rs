//! A byte stream over RDMA, as Valkey has it.
//!
//! Each side has memory for what it receives, and tells the other where it is (a control message,
//! sent and received). The other writes there, from the beginning on, each piece with its length as
//! a number that comes with it; and when the memory is full and has been read, it is announced
//! again. So a byte is copied once on each side, and no system call carries it.
//!
//! A link waits for nothing. Its descriptor is readable when something has happened;
//! [`stir`](Link::stir) is to be called then, and whether something can be read or written is
//! another matter. The descriptor says each thing once if it is asked to (`EPOLLET`).
//!
//! The other side is not trusted. What it says is checked before it is used: the lengths of what it
//! has written, the length of its memory (of which never more is copied ahead than this side's own
//! buffer holds), and that no more control messages come than there are answers for. It can write
//! to the memory that it was told of at any time, and to nothing else.

use crate::control::{self, Control, Window};
use crate::dial;
use crate::listener::Request;
use crate::verbs::{
    Access, Bell, Channel, Completion, Domain, Done, Happening, Id, Pages, Queue, QueuePair,
    Region, Sizes, describe,
};
use rustix::event::epoll;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Messages and pieces that the other side may have under way, as Valkey has it.
const RECEIVES: usize = 1024;
/// Messages and pieces that this side may have under way.
const SENDS: usize = 512;
/// Control messages among those.
const CONTROLS: usize = 32;
/// How often the other side hears that this one is there.
const KEEPALIVE: Duration = Duration::from_secs(3);

/// What a link is made with.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Bytes of the memory for what is received.
    pub receive: usize,
    /// Which interrupt completions raise; none: another one for each link.
    pub vector: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { receive: 1 << 20, vector: None }
    }
}

/// What reading has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Got {
    /// Nothing, for now.
    Nothing,
    /// So many bytes.
    Bytes(usize),
    /// Nothing, and nothing will come.
    End,
}

/// What is under way to the other side.
#[derive(Clone, Copy, Debug)]
enum Sent {
    /// A control message.
    Control,
    /// So many bytes.
    Bytes(usize),
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Opening,
    Open,
    Closed,
}

/// See the module's head.
pub struct Link {
    /// Dropped first: the memory below is its own no longer then.
    pair: QueuePair,
    /// Control messages that are received, and behind them those that are sent.
    controls: Region,
    /// What is received.
    input: Region,
    /// Bytes of it that the other side has written.
    written: usize,
    /// Bytes of it that have been read.
    taken: usize,
    output: Option<Output>,
    /// What has been posted and is not done, the oldest first.
    under_way: VecDeque<Sent>,
    /// Control messages posted, ever.
    posted: usize,
    /// Control messages under way.
    controls_under_way: usize,
    state: State,
    is_server: bool,
    failure: Option<io::Error>,
    /// Whether the bell rings for what has been sent, too.
    sent_rings: bool,
    keepalive: Instant,
    bell: Arc<Bell>,
    channel: Arc<Channel>,
    epoll: Arc<OwnedFd>,
    peer: Option<SocketAddr>,
    own: Option<SocketAddr>,
}

/// Where bytes are put that the device sends, and where it writes them.
struct Output {
    /// A ring.
    ring: Region,
    /// Bytes put there, ever.
    put: u64,
    /// Bytes that have left it.
    gone: u64,
    window: Window,
    /// Bytes written to the window.
    used: u32,
}

impl Output {
    /// How many bytes can be put and written at once, and from where in the ring.
    fn room(&self) -> (usize, usize) {
        let size = self.ring.pages().len();
        let at = (self.put % size as u64) as usize;
        let free = size - (self.put - self.gone) as usize;
        let left = (self.window.length - self.used) as usize;
        (free.min(size - at).min(left), at)
    }
}

fn broken(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

impl Link {
    /// Accepts a request to connect. Its bytes may be read and written at once; nothing comes or
    /// goes before the connection stands.
    ///
    /// # Errors
    /// If there is no memory for it, or the other side has gone meanwhile; it is refused then.
    pub fn accept(request: Request, settings: &Settings) -> io::Result<Link> {
        let mut id = request.id;
        let channel = Channel::open()?;
        if let Err(error) = id.migrate(&channel) {
            id.reject();
            return Err(error);
        }
        let mut link = Link::prepare(id, channel, settings)?;
        link.is_server = true;
        link.pair.id().accept(1, &[])?;
        Ok(link)
    }

    /// Connects to a server.
    ///
    /// # Errors
    /// If nobody accepts within `patience`.
    pub fn connect(to: SocketAddr, settings: &Settings, patience: Duration) -> io::Result<Link> {
        let deadline = Instant::now() + patience;
        let channel = Channel::open()?;
        let id = dial::resolve(&channel, to, deadline)?;
        let mut link = Link::prepare(id, channel, settings)?;
        link.pair.id().connect(1, &[])?;
        while link.state == State::Opening {
            dial::wait(&link, deadline)?;
            link.stir();
            if let Some(error) = link.failure.take() {
                return Err(error);
            }
        }
        link.send(Control::GetServerFeature { select: 0, features: 0 })?;
        Ok(link)
    }

    /// Makes the queues and the memory of a link.
    fn prepare(id: Id, channel: Arc<Channel>, settings: &Settings) -> io::Result<Link> {
        let domain = Domain::of(&id)?;
        let bell = Bell::new(&domain)?;
        let vector = settings.vector.unwrap_or_else(next_vector);
        let sent = Queue::new(&bell, SENDS as u32, vector)?;
        let received = Queue::new(&bell, RECEIVES as u32, vector)?;
        let sizes = Sizes { send: SENDS as u32, receive: RECEIVES as u32 };
        let (peer, own) = (id.destination(), id.source());
        let pair = QueuePair::new(id, &domain, (sent, received), sizes)?;
        let pages = |length| Pages::new(length).map(Arc::new);
        let controls = pages((RECEIVES + CONTROLS) * control::LEN)?;
        let controls = Region::new(&domain, controls, Access::Receive)?;
        let input = Region::new(&domain, pages(settings.receive)?, Access::RemoteWrite)?;
        pair.received().arm()?;
        let receives = RECEIVES.min(domain.limits().requests as usize);
        for slot in 0..receives {
            pair.receive(&controls, place(slot), slot as u64)?;
        }
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let nothing = epoll::EventData::new_u64(0);
        epoll::add(&epoll, &*bell, nothing, epoll::EventFlags::IN)?;
        epoll::add(&epoll, &*channel, nothing, epoll::EventFlags::IN)?;
        Ok(Link {
            pair,
            controls,
            input,
            written: 0,
            taken: 0,
            output: None,
            under_way: VecDeque::new(),
            posted: 0,
            controls_under_way: 0,
            state: State::Opening,
            is_server: false,
            failure: None,
            sent_rings: false,
            keepalive: Instant::now(),
            bell,
            channel,
            epoll: Arc::new(epoll),
            peer,
            own,
        })
    }

    /// The descriptor, which tells when to [`stir`](Self::stir).
    pub fn descriptor(&self) -> &Arc<OwnedFd> {
        &self.epoll
    }

    /// The address of the other side.
    pub fn peer_address(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// The address of this side.
    pub fn own_address(&self) -> Option<SocketAddr> {
        self.own
    }

    /// Whether the other side has closed, or has broken the rules. What it has sent before can be
    /// read.
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Whether something can be read.
    #[inline]
    pub fn has_bytes(&self) -> bool {
        self.taken < self.written
    }

    /// Looks at what has happened. To be called when the descriptor is readable.
    pub fn stir(&mut self) {
        if let Err(error) = self.try_stir() {
            self.fail(error);
        }
    }

    fn try_stir(&mut self) -> io::Result<()> {
        self.bell.take()?;
        if std::mem::take(&mut self.sent_rings) {
            self.bell.take()?;
        }
        self.pair.received().arm()?;
        // Behind the arming: what comes from now on rings.
        self.poll()?;
        while let Some(event) = self.channel.next()? {
            match event.happening {
                Happening::Established => {
                    self.state = State::Open;
                    self.announce()?;
                }
                Happening::Ended => {
                    // What was written before the end can be read still.
                    self.poll()?;
                    self.state = State::Closed;
                }
                Happening::Failed(why) => {
                    return Err(io::Error::new(io::ErrorKind::ConnectionRefused, why));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes note of all that is done.
    fn poll(&mut self) -> io::Result<()> {
        loop {
            let batch = self.pair.received().take()?;
            batch.iter().try_for_each(|completion| self.received(completion))?;
            if !batch.is_full() {
                return self.reap();
            }
        }
    }

    /// Takes note of what has been sent.
    fn reap(&mut self) -> io::Result<()> {
        loop {
            let batch = self.pair.sent().take()?;
            for completion in batch.iter() {
                match completion.done {
                    Done::Flushed => self.state = State::Closed,
                    Done::Failed(status) => {
                        let why = format!("sending over RDMA failed: {}", describe(status));
                        return Err(io::Error::new(io::ErrorKind::ConnectionReset, why));
                    }
                    _ => match (self.under_way.pop_front(), &mut self.output) {
                        (Some(Sent::Control), _) => self.controls_under_way -= 1,
                        (Some(Sent::Bytes(count)), Some(output)) => output.gone += count as u64,
                        _ => {}
                    },
                }
            }
            if !batch.is_full() {
                return Ok(());
            }
        }
    }

    /// Takes note of what the other side has sent or written.
    fn received(&mut self, completion: Completion) -> io::Result<()> {
        let slot = place(completion.request as usize);
        match completion.done {
            Done::Written(count) => {
                if self.state == State::Opening {
                    return Err(broken("it has written before it was told where"));
                }
                let count = count as usize;
                if count > self.input.pages().len() - self.written {
                    return Err(broken("it has written more than there is memory for"));
                }
                self.written += count;
            }
            Done::Received(count) => {
                if count as usize != control::LEN {
                    return Err(broken("it has sent a control message of another length"));
                }
                let mut bytes = [0; control::LEN];
                self.controls.pages().copy_out(slot.start, &mut bytes);
                let control = Control::decode(&bytes).map_err(|why| broken(&why.to_string()))?;
                self.obey(control)?;
            }
            Done::Sent => {}
            Done::Flushed => {
                self.state = State::Closed;
                return Ok(());
            }
            Done::Failed(status) => return Err(broken(&describe(status))),
        }
        self.pair.receive(&self.controls, slot, completion.request)
    }

    fn obey(&mut self, control: Control) -> io::Result<()> {
        match control {
            // What a server answers has the same form.
            Control::GetServerFeature { select, .. } if self.is_server => {
                self.send(Control::GetServerFeature { select, features: 0 })
            }
            Control::SetClientFeature { features, .. } if features != 0 => {
                Err(broken("it wants a feature that there is not"))
            }
            Control::GetServerFeature { .. }
            | Control::SetClientFeature { .. }
            | Control::Keepalive => Ok(()),
            Control::RegisterXferMemory(window) => self.open_window(window),
        }
    }

    /// The other side has memory: the first, or the same again, or another.
    fn open_window(&mut self, window: Window) -> io::Result<()> {
        if window.length == 0 {
            return Err(broken("its memory is empty"));
        }
        if let Some(output) = &mut self.output {
            (output.window, output.used) = (window, 0);
            return Ok(());
        }
        // As much as it takes at once, but no more than this side would have it write: it says
        // how long its memory is, and has not shown it.
        let size = (window.length as usize).min(self.input.pages().len());
        let pages = Arc::new(Pages::new(size)?);
        let ring = Region::new(self.pair.domain(), pages, Access::Send)?;
        self.output = Some(Output { ring, put: 0, gone: 0, window, used: 0 });
        Ok(())
    }

    /// Tells the other side where it may write; all that it has written before has been read.
    fn announce(&mut self) -> io::Result<()> {
        (self.written, self.taken) = (0, 0);
        let length = u32::try_from(self.input.pages().len()).unwrap_or(u32::MAX);
        let (address, key) = (self.input.address(), self.input.remote_key());
        self.send(Control::RegisterXferMemory(Window { address, length, key }))
    }

    /// Sends a control message.
    fn send(&mut self, control: Control) -> io::Result<()> {
        if self.controls_under_way == CONTROLS {
            self.reap()?;
            if self.controls_under_way == CONTROLS {
                return Err(broken("it asks and takes no answers"));
            }
        }
        let slot = place(RECEIVES + self.posted % CONTROLS);
        self.controls.pages().copy_in(slot.start, &control.encode());
        self.pair.send(&self.controls, slot, 0)?;
        self.posted += 1;
        self.controls_under_way += 1;
        self.under_way.push_back(Sent::Control);
        Ok(())
    }

    /// Appends what has come to `buffer`, within its spare capacity.
    ///
    /// # Errors
    /// If the other side has broken the rules, or cannot be reached any more.
    pub fn read(&mut self, buffer: &mut Vec<u8>) -> io::Result<Got> {
        let room = buffer.capacity() - buffer.len();
        let count = (self.written - self.taken).min(room);
        let is_broken = |error: &io::Error| error.kind() == io::ErrorKind::InvalidData;
        if count == 0 || self.failure.as_ref().is_some_and(is_broken) {
            return match self.failure.take() {
                Some(error) => Err(error),
                None if self.is_closed() && !self.has_bytes() => Ok(Got::End),
                None => Ok(Got::Nothing),
            };
        }
        self.input.pages().append_to(self.taken, count, buffer);
        self.taken += count;
        if self.taken == self.input.pages().len()
            && !self.is_closed()
            && let Err(error) = self.announce()
        {
            self.fail(error);
        }
        Ok(Got::Bytes(count))
    }

    /// Takes over as much of `bytes` as can be sent now. If that is not all, the descriptor tells
    /// when it is worth trying again.
    ///
    /// # Errors
    /// If the connection has ended.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut count = 0;
        let mut looked = 0;
        while count < bytes.len() {
            if self.is_closed() {
                let error = self.failure.take();
                return Err(error.unwrap_or_else(|| io::ErrorKind::BrokenPipe.into()));
            }
            let put = self.put(&bytes[count..]).inspect_err(|_| self.state = State::Closed)?;
            count += put;
            if put > 0 {
                looked = 0;
                continue;
            }
            match looked {
                0 => {}
                1 if self.waits_for_queue() => {
                    self.sent_rings = true;
                    self.pair.sent().arm()?;
                }
                _ => break,
            }
            looked += 1;
            if let Err(error) = self.poll() {
                self.fail(error);
            }
        }
        Ok(count)
    }

    /// Whether it is what is under way that stands in the way of more.
    fn waits_for_queue(&self) -> bool {
        self.under_way.len() >= SENDS - CONTROLS
            || self.output.as_ref().is_some_and(|it| it.used < it.window.length)
    }

    /// Puts a piece under way, if there is room for one.
    fn put(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(output) = &mut self.output else { return Ok(0) };
        let (room, at) = output.room();
        let count = room.min(bytes.len());
        if count == 0 || self.state != State::Open || self.under_way.len() >= SENDS - CONTROLS {
            return Ok(0);
        }
        output.ring.pages().copy_in(at, &bytes[..count]);
        let to = output.window.address.wrapping_add(output.used.into());
        let piece = at..at + count;
        self.pair.write(&output.ring, piece, (to, output.window.key), count as u32, 0)?;
        output.put += count as u64;
        output.used += count as u32;
        self.under_way.push_back(Sent::Bytes(count));
        Ok(count)
    }

    /// To be called now and then: lets the other side hear that this one is there, and so finds out
    /// whether the other one is.
    pub fn keep_alive(&mut self, now: Instant) {
        let due = now.saturating_duration_since(self.keepalive) >= KEEPALIVE;
        if self.state == State::Open && due {
            self.keepalive = now;
            // One that has not arrived yet asks the same.
            if self.controls_under_way == 0
                && let Err(error) = self.send(Control::Keepalive)
            {
                self.fail(error);
            } else if let Err(error) = self.reap() {
                self.fail(error);
            }
        }
    }

    /// Whether nothing is under way any more: what was written has arrived, or never will.
    pub fn is_settled(&mut self) -> bool {
        if let Err(error) = self.reap() {
            self.fail(error);
        }
        self.under_way.is_empty() || self.is_closed()
    }

    /// Waits until what was written has arrived, but not for longer than `patience`.
    pub fn settle(&mut self, patience: Duration) {
        let deadline = Instant::now() + patience;
        while !self.is_settled() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// The connection is of no use any more.
    fn fail(&mut self, error: io::Error) {
        self.state = State::Closed;
        self.failure.get_or_insert(error);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.pair.id().disconnect();
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("peer", &self.peer).field("state", &self.state).finish()
    }
}

/// Where a control message lies.
fn place(slot: usize) -> std::ops::Range<usize> {
    slot * control::LEN..(slot + 1) * control::LEN
}

/// Another vector for each link: the work is spread over the processors that take interrupts.
fn next_vector() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Relaxed)
}
