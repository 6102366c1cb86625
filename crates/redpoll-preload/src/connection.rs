//! One connection, whichever way its bytes go.
//!
//! It begins as a socket that is watched. Before the question is sent nobody else may be inside a
//! call on it: another thread that sleeps in `recv` would take the answer, and one that sleeps in
//! `poll` would not be woken by the rings. Calls count themselves in and out for that.

use crate::border::{self, Parts};
use crate::dialogue::{Dialogue, GivenUp};
use crate::rings::Rings;
use crate::settings::{log, settings};
use crate::table;
use errno::{Errno, errno, set_errno};
use redpoll_shm::handshake::{self, Answer, Arriving};
use redpoll_shm::{Client, Memory, Want};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::net::{RecvFlags, SendFlags};
use std::ffi::c_int;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a call on a descriptor with O_NONBLOCK waits for the answer before it says EAGAIN.
const PATIENCE: Duration = Duration::from_millis(20);
/// How long a blocking write sleeps before it looks for room again: the first time, and at most.
const NAPS: (Duration, Duration) = (Duration::from_micros(200), Duration::from_millis(10));
/// How often the server is asked, if it wants a login first.
const ASKED_MAX: u32 = 3;

enum State {
    /// Over the socket, watched.
    Watched(Watched),
    /// The question was sent.
    Asked(Asked),
    /// Through the rings.
    Rings(Rings),
    /// Over the socket, for ever.
    Plain,
}

struct Watched {
    dialogue: Dialogue,
    /// Calls that are under way.
    inside: u32,
    /// How often the server was asked.
    asked: u32,
}

struct Asked {
    socket: UnixStream,
    arriving: Arriving,
    before: Watched,
    since: Instant,
}

/// See the module's head.
pub struct Connection {
    state: Mutex<State>,
    /// The program's descriptors.
    numbers: Mutex<Vec<c_int>>,
    name: String,
    identity: (u64, u64),
    process: u32,
}

/// A descriptor is another by now: a program has ways of closing it that are not seen.
#[derive(Debug)]
pub struct Stale;

/// What a look has found.
pub enum Look {
    /// Ask the kernel.
    Socket,
    /// What `poll` would say.
    Rings(i16),
}

/// What came of preparing to sleep.
pub enum Prepared {
    /// Ask the kernel.
    Socket,
    /// There is something already.
    Ready,
    /// Sleep until this descriptor is readable, then call [`Connection::woken`].
    Sleep(RawFd),
}

type Guard<'a> = MutexGuard<'a, State>;

impl Connection {
    /// A new connection to the socket of this name.
    pub fn new(name: String, identity: (u64, u64)) -> Connection {
        let watched = Watched { dialogue: Dialogue::new(), inside: 0, asked: 0 };
        Connection {
            state: Mutex::new(State::Watched(watched)),
            numbers: Mutex::default(),
            name,
            identity,
            process: table::process(),
        }
    }

    /// Whether it was made by this process.
    pub fn is_ours(&self) -> bool {
        self.process == table::process()
    }

    /// Whether a descriptor is this connection still. It costs a system call; so it is asked before
    /// bytes are written, and where there is nothing to read.
    pub fn is_at(&self, fd: c_int) -> bool {
        border::identity(fd) == Some(self.identity)
    }

    fn lock(&self) -> Guard<'_> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn numbers(&self) -> MutexGuard<'_, Vec<c_int>> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a descriptor be one of this connection.
    pub fn attach(self: &Arc<Self>, fd: c_int) {
        let state = self.lock();
        let kind = match &*state {
            State::Watched(_) => table::WATCHED,
            State::Asked(_) | State::Rings(_) => table::RINGS,
            State::Plain => return,
        };
        self.numbers().push(fd);
        table::track(fd, self, kind);
    }

    /// A descriptor is closed.
    pub fn detach(&self, fd: c_int) {
        self.numbers().retain(|number| *number != fd);
    }

    fn set_kind(&self, kind: u8) {
        for fd in self.numbers().iter() {
            table::set_kind(*fd, kind);
        }
    }

    /// From now on it is a socket like any other.
    fn give_up(&self, state: &mut State, why: &str) {
        log(format_args!("{}: stays on the socket: {why}", self.name));
        *state = State::Plain;
        for fd in std::mem::take(&mut *self.numbers()) {
            table::forget(fd);
        }
    }

    // --- writing

    /// What a call that writes does; `real` is the call itself.
    pub fn send(
        &self,
        fd: c_int,
        parts: &Parts<'_>,
        flags: c_int,
        real: impl Fn() -> isize,
    ) -> Result<isize, Stale> {
        if self.is_at(fd) { Ok(self.send_on(parts, flags, real)) } else { Err(Stale) }
    }

    fn send_on(&self, parts: &Parts<'_>, flags: c_int, real: impl Fn() -> isize) -> isize {
        let mut state = self.lock();
        if let State::Watched(watched) = &*state
            && watched.inside == 0
            && parts.count() > 0
            && watched.dialogue.may_ask_before(parts.bytes(0))
        {
            self.ask(&mut state);
        }
        loop {
            match &mut *state {
                State::Plain => {
                    drop(state);
                    return real();
                }
                State::Watched(_) => {
                    return self.over_socket(state, real, |watched, count| {
                        let mut left = count;
                        (0..parts.count()).try_for_each(|index| {
                            let bytes = parts.bytes(index);
                            let now = left.min(bytes.len());
                            left -= now;
                            watched.dialogue.wrote(&bytes[..now])
                        })
                    });
                }
                State::Asked(_) => match self.await_answer(state, flags) {
                    Ok(answered) => state = answered,
                    Err(error) => return failed(error),
                },
                State::Rings(_) => {
                    return match self.send_to_rings(state, parts, flags) {
                        Ok(count) => count as isize,
                        Err(error) => {
                            if error == libc::EPIPE && flags & libc::MSG_NOSIGNAL == 0 {
                                border::raise_sigpipe();
                            }
                            failed(error)
                        }
                    };
                }
            }
        }
    }

    /// Does the call itself, and reads along.
    fn over_socket(
        &self,
        mut state: Guard<'_>,
        real: impl Fn() -> isize,
        note: impl FnOnce(&mut Watched, usize) -> Result<(), GivenUp>,
    ) -> isize {
        if let State::Watched(watched) = &mut *state {
            watched.inside += 1;
        }
        drop(state);
        let result = real();
        let error = errno();
        let mut state = self.lock();
        if let State::Watched(watched) = &mut *state {
            watched.inside -= 1;
            let count = usize::try_from(result).unwrap_or(0);
            if let Err(GivenUp(why)) = note(watched, count) {
                self.give_up(&mut state, why);
            }
        }
        set_errno(error);
        result
    }

    fn send_to_rings<'a>(
        &'a self,
        mut state: Guard<'a>,
        parts: &Parts<'_>,
        flags: c_int,
    ) -> Result<usize, i32> {
        let total = parts.total();
        let mut sent = 0;
        let mut deadline = None;
        let mut nap = NAPS.0;
        loop {
            let State::Rings(rings) = &mut *state else { return Err(libc::ECONNRESET) };
            if rings.is_closed() {
                return if sent > 0 { Ok(sent) } else { Err(libc::EPIPE) };
            }
            sent += rings.put(parts, sent).map_err(|error| number(&error))?;
            if sent == total {
                return Ok(sent);
            }
            let link = rings.link();
            if flags & libc::MSG_DONTWAIT != 0 || border::is_nonblocking(link.socket()) {
                rings.answer();
                return if sent > 0 { Ok(sent) } else { Err(libc::EAGAIN) };
            }
            if rings.spin(Want::Room) {
                continue;
            }
            drop(state);
            let deadline = *deadline.get_or_insert_with(|| {
                let limit = rustix::net::sockopt::socket_timeout(
                    link.socket(),
                    rustix::net::sockopt::Timeout::Send,
                );
                limit.ok().flatten().map(|limit| Instant::now() + limit)
            });
            // A reader's bell is not for us; so this looks again by itself.
            let ended = sleep_for(link.socket(), PollFlags::RDHUP, nap);
            nap = (nap * 2).min(NAPS.1);
            state = self.lock();
            match ended {
                Err(error) if sent == 0 => return Err(error),
                Err(_) => return Ok(sent),
                Ok(true) => {
                    if let State::Rings(rings) = &mut *state {
                        rings.close();
                    }
                }
                Ok(false) if deadline.is_some_and(|deadline| Instant::now() >= deadline) => {
                    return if sent > 0 { Ok(sent) } else { Err(libc::EAGAIN) };
                }
                Ok(false) => {}
            }
        }
    }

    // --- reading

    /// What a call that reads does; `real` is the call itself.
    pub fn receive(
        &self,
        fd: c_int,
        parts: &mut Parts<'_>,
        flags: c_int,
        real: impl Fn() -> isize,
    ) -> Result<isize, Stale> {
        let mut state = self.lock();
        loop {
            match &mut *state {
                State::Plain => {
                    drop(state);
                    return Ok(real());
                }
                State::Watched(_) => {
                    return Ok(self.over_socket(state, real, |watched, count| {
                        let mut left = if flags & libc::MSG_PEEK == 0 { count } else { 0 };
                        (0..parts.count()).try_for_each(|index| {
                            let bytes = parts.bytes(index);
                            let now = left.min(bytes.len());
                            left -= now;
                            watched.dialogue.read(&bytes[..now])
                        })
                    }));
                }
                State::Asked(_) => match self.await_answer(state, flags) {
                    Ok(answered) => state = answered,
                    Err(error) => return Ok(failed(error)),
                },
                State::Rings(rings) => {
                    if rings.unread() == 0 && !self.is_at(fd) {
                        return Err(Stale);
                    }
                    let received = self.receive_from_rings(state, parts, flags);
                    return Ok(received.map_or_else(failed, |count| count as isize));
                }
            }
        }
    }

    fn receive_from_rings<'a>(
        &'a self,
        mut state: Guard<'a>,
        parts: &mut Parts<'_>,
        flags: c_int,
    ) -> Result<usize, i32> {
        let total = parts.total();
        let peek = flags & libc::MSG_PEEK != 0;
        let all = flags & libc::MSG_WAITALL != 0 && !peek;
        let (mut got, mut looked) = (0, false);
        loop {
            let State::Rings(rings) = &mut *state else { return Err(libc::ECONNRESET) };
            got += rings.take(parts, got, peek).map_err(|error| number(&error))?;
            if got == total || (got > 0 && !all) || rings.is_closed() {
                return Ok(got);
            }
            let link = rings.link();
            if flags & libc::MSG_DONTWAIT != 0 || border::is_nonblocking(link.socket()) {
                if looked {
                    return if got > 0 { Ok(got) } else { Err(libc::EAGAIN) };
                }
                // What the server wrote before it closed is in the ring by now.
                rings.answer();
                looked = true;
                continue;
            }
            if rings.spin(Want::Bytes) || !rings.prepare(libc::POLLIN) {
                continue;
            }
            drop(state);
            // The kernel minds the socket's timeout, and signals.
            let rung = rustix::net::recv(link.socket(), &mut [0][..], RecvFlags::PEEK);
            state = self.lock();
            let State::Rings(rings) = &mut *state else { return Err(libc::ECONNRESET) };
            rings.woken(matches!(rung, Ok((1.., _))));
            match rung {
                Ok((0, _)) => rings.close(),
                Ok(_) => {}
                Err(error) if got == 0 => return Err(error.raw_os_error()),
                Err(_) => return Ok(got),
            }
        }
    }

    // --- the question

    fn ask(&self, state: &mut State) {
        let Some(fd) = self.numbers().first().copied() else { return };
        let Some(socket) = border::duplicate(fd) else {
            return self.give_up(state, "no descriptor is free");
        };
        let socket = UnixStream::from(socket);
        let request = handshake::request(settings().ring);
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        let sent = rustix::net::send(&socket, &request, flags);
        if sent != Ok(request.len()) {
            table::set_kind(socket.as_raw_fd(), table::NONE);
            // A part of it would be the beginning of the program's next request.
            if matches!(sent, Ok(1..)) {
                let _ = socket.shutdown(std::net::Shutdown::Both);
            }
            return self.give_up(state, "the question cannot be sent");
        }
        let State::Watched(before) = std::mem::replace(state, State::Plain) else { return };
        let arriving = Arriving::default();
        *state = State::Asked(Asked { socket, arriving, before, since: Instant::now() });
        self.set_kind(table::RINGS);
    }

    /// Takes the answer if it is there. Whether it is.
    fn take_answer(&self, state: &mut State) -> bool {
        let State::Asked(asked) = state else { return true };
        let answer = loop {
            match asked.arriving.take(&asked.socket, false) {
                Ok(None) => {}
                Ok(Some(answer)) => break Ok(answer),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                Err(error) => break Err(error),
            }
        };
        let State::Asked(asked) = std::mem::replace(state, State::Plain) else { return true };
        let Asked { socket, mut before, .. } = asked;
        let granted = match answer {
            Ok(Answer::Granted(memory)) => Memory::open(&memory),
            Ok(Answer::Refused(why)) => {
                table::set_kind(socket.as_raw_fd(), table::NONE);
                before.asked += 1;
                if why.starts_with("NOAUTH") && before.asked < ASKED_MAX {
                    before.dialogue.postpone();
                    *state = State::Watched(before);
                    self.set_kind(table::WATCHED);
                } else {
                    self.give_up(state, &why);
                }
                return true;
            }
            Err(error) => Err(error),
        };
        match granted {
            Ok(memory) => {
                log(format_args!("{}: through shared memory", self.name));
                let client = Client::over(socket, memory);
                *state = State::Rings(Rings::new(client, settings().spin));
            }
            Err(error) => {
                // The server may think that it has granted it: nothing can be said any more.
                let _ = socket.shutdown(std::net::Shutdown::Both);
                table::set_kind(socket.as_raw_fd(), table::NONE);
                self.give_up(state, &error.to_string());
            }
        }
        true
    }

    /// Waits for the answer as the call would wait.
    fn await_answer<'a>(&'a self, mut state: Guard<'a>, flags: c_int) -> Result<Guard<'a>, i32> {
        loop {
            if self.take_answer(&mut state) {
                return Ok(state);
            }
            let State::Asked(asked) = &*state else { return Ok(state) };
            let waits = flags & libc::MSG_DONTWAIT == 0 && !border::is_nonblocking(&asked.socket);
            let passed = asked.since.elapsed();
            if !waits && passed >= PATIENCE {
                return Err(libc::EAGAIN);
            }
            let limit = rustix::net::sockopt::socket_timeout(
                &asked.socket,
                rustix::net::sockopt::Timeout::Recv,
            );
            if waits && limit.is_ok_and(|limit| limit.is_some_and(|limit| passed >= limit)) {
                return Err(libc::EAGAIN);
            }
            let Ok(socket) = asked.socket.try_clone() else { return Err(libc::EAGAIN) };
            drop(state);
            let ended = sleep_for(&socket, PollFlags::IN, PATIENCE);
            drop(socket);
            state = self.lock();
            ended?;
        }
    }

    // --- waiting

    /// Counts a call in that sleeps on the socket. False: the kernel is not whom to ask.
    pub fn enter(&self) -> bool {
        match &mut *self.lock() {
            State::Watched(watched) => {
                watched.inside += 1;
                true
            }
            State::Plain => true,
            State::Asked(_) | State::Rings(_) => false,
        }
    }

    /// Counts it out.
    pub fn leave(&self) {
        if let State::Watched(watched) = &mut *self.lock() {
            watched.inside = watched.inside.saturating_sub(1);
        }
    }

    /// What is there now.
    pub fn look(&self, events: i16) -> Look {
        let mut state = self.lock();
        if matches!(*state, State::Asked(_)) && !self.take_answer(&mut state) {
            return Look::Rings(0);
        }
        match &*state {
            State::Rings(rings) => Look::Rings(rings.revents(events)),
            _ => Look::Socket,
        }
    }

    /// Whether it is there, without locking anybody out.
    pub fn glance(&self, events: i16) -> bool {
        self.state
            .try_lock()
            .is_ok_and(|state| matches!(&*state, State::Rings(rings) if rings.revents(events) != 0))
    }

    /// Before a thread sleeps.
    pub fn prepare(&self, events: i16) -> Prepared {
        match &mut *self.lock() {
            State::Rings(rings) => match rings.prepare(events) {
                true => Prepared::Sleep(rings.link().socket().as_raw_fd()),
                false => Prepared::Ready,
            },
            State::Asked(asked) => Prepared::Sleep(asked.socket.as_raw_fd()),
            State::Watched(_) | State::Plain => Prepared::Socket,
        }
    }

    /// After it has slept.
    pub fn woken(&self, rung: bool) {
        if let State::Rings(rings) = &mut *self.lock() {
            rings.woken(rung);
        }
    }

    /// Takes a bell that nobody sleeps for.
    pub fn answer(&self) {
        if let State::Rings(rings) = &mut *self.lock() {
            rings.answer();
        }
    }

    /// For edges: bytes that have ever come.
    pub fn announced(&self) -> u64 {
        match &*self.lock() {
            State::Rings(rings) => rings.announced(),
            _ => 0,
        }
    }

    /// For edges: whether a write has found no room since this was asked last.
    pub fn take_blocked(&self) -> bool {
        match &mut *self.lock() {
            State::Rings(rings) => rings.take_blocked(),
            _ => false,
        }
    }

    /// The descriptor by which the server rings.
    pub fn bell(&self) -> Option<RawFd> {
        match &*self.lock() {
            State::Rings(rings) => Some(rings.link().socket().as_raw_fd()),
            State::Asked(asked) => Some(asked.socket.as_raw_fd()),
            State::Watched(_) | State::Plain => None,
        }
    }

    /// FIONREAD.
    pub fn unread(&self) -> Option<c_int> {
        match &*self.lock() {
            State::Rings(rings) => Some(c_int::try_from(rings.unread()).unwrap_or(c_int::MAX)),
            _ => None,
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(bell) = self.bell() {
            table::set_kind(bell, table::NONE);
        }
    }
}

/// Sleeps until the socket has one of these, for so long at most. Whether it has.
fn sleep_for(socket: &UnixStream, flags: PollFlags, at_most: Duration) -> Result<bool, i32> {
    let timeout =
        Timespec { tv_sec: at_most.as_secs() as i64, tv_nsec: i64::from(at_most.subsec_nanos()) };
    let found = rustix::event::poll(&mut [PollFd::new(socket, flags)], Some(&timeout));
    found.map(|count| count > 0).map_err(|error| error.raw_os_error())
}

/// What C programs expect.
fn number(error: &io::Error) -> i32 {
    match error.kind() {
        io::ErrorKind::BrokenPipe => libc::EPIPE,
        _ => error.raw_os_error().unwrap_or(libc::ECONNRESET),
    }
}

fn failed(error: i32) -> isize {
    set_errno(Errno(error));
    -1
}
