//! `epoll`, with connections of ours among what is watched.
//!
//! As long as a connection runs over the socket, the kernel watches it as the program has told, and
//! here is only noted what that was. Once it runs through the rings it is taken out there, and its
//! bell is put into an epoll instance of our own, which is itself watched by the program's, under a
//! number that nobody else uses. So the program's instance wakes when a ring has something, and
//! what there is is told by looking at the rings: levels as they are, edges by what has come since.

use crate::connection::{Connection, Look, Prepared};
use crate::waiting::{Deadline, Sleeper, spin};
use crate::{border, table};
use errno::{Errno, errno, set_errno};
use libc::{EPOLLET, EPOLLHUP, EPOLLIN, EPOLLONESHOT, EPOLLOUT, epoll_event};
use std::collections::HashMap;
use std::ffi::c_int;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Events at a time, if the program asks for more.
const EVENTS_MAX: usize = 1024;

/// The longest sleep while an edge might come for which nobody rings.
const NAP: Duration = Duration::from_millis(10);

/// How long other descriptors may wait while rings have something.
const PERIOD: Duration = Duration::from_micros(50);

/// Who is about to sleep, and for how long at most.
struct Sleep {
    sleepers: Vec<(c_int, Sleeper)>,
    at_most: Option<Duration>,
}

/// A descriptor that the program watches.
struct Member {
    connection: Arc<Connection>,
    events: u32,
    data: u64,
    /// It was taken out of the kernel's hands; the bell is in our instance.
    bell: Option<c_int>,
    /// The program watches it. (Many take a descriptor out and put it back for each request; the
    /// bell stays where it is meanwhile.)
    active: bool,
    /// EPOLLONESHOT has fired.
    spent: bool,
    /// Bytes that had come when an edge was told last.
    seen: u64,
    /// Readiness for writing was told.
    told_room: bool,
    /// The end was told.
    told_end: bool,
}

/// An epoll instance of the program.
pub struct Epoll {
    /// Our own, for the bells.
    bells: c_int,
    members: Mutex<HashMap<c_int, Member>>,
    /// When the kernel was asked last while the rings had something.
    asked: Mutex<Option<Instant>>,
    /// Where the next look begins, so that nobody is always last.
    turn: std::sync::atomic::AtomicUsize,
}

static INSTANCES: LazyLock<Mutex<HashMap<c_int, Arc<Epoll>>>> = LazyLock::new(Mutex::default);

fn instances() -> MutexGuard<'static, HashMap<c_int, Arc<Epoll>>> {
    INSTANCES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The program's instance, if it has any connection of ours.
pub fn instance(fd: c_int) -> Option<Arc<Epoll>> {
    if table::kind(fd) != table::EPOLL {
        return None;
    }
    instances().get(&fd).cloned()
}

/// Forgets an instance that is closed.
pub fn forget(fd: c_int) {
    table::set_kind(fd, table::NONE);
    instances().remove(&fd);
}

/// Lets a descriptor be another name of an instance.
pub fn duplicate(fd: c_int, copy: c_int) {
    if let Some(epoll) = instance(fd)
        && table::set_kind(copy, table::EPOLL)
    {
        instances().insert(copy, epoll);
    }
}

/// Forgets a descriptor that is closed.
pub fn forget_member(fd: c_int) {
    let all: Vec<Arc<Epoll>> = instances().values().cloned().collect();
    for epoll in all {
        if let Some(bell) = epoll.members().remove(&fd).and_then(|member| member.bell) {
            border::real_epoll_ctl(epoll.bells, libc::EPOLL_CTL_DEL, bell, 0, 0);
        }
    }
}

/// `epoll_ctl` for a connection of ours. `None`: it is the kernel's business alone.
pub fn control(
    fd: c_int,
    operation: c_int,
    member: c_int,
    event: Option<epoll_event>,
) -> Option<c_int> {
    let mut connection = table::connection(member);
    if connection.as_ref().is_some_and(|connection| !connection.is_at(member)) {
        table::closing(member);
        connection = None;
    }
    let known = instance(fd);
    let epoll = match (known, &connection) {
        (Some(epoll), _) => epoll,
        (None, Some(_)) if operation == libc::EPOLL_CTL_ADD => Epoll::begin(fd)?,
        _ => return None,
    };
    epoll.control(fd, operation, member, connection, event)
}

impl Epoll {
    /// Begins to look after an instance.
    fn begin(fd: c_int) -> Option<Arc<Epoll>> {
        let bells = border::private_epoll()?;
        let epoll = Arc::new(Epoll {
            bells,
            members: Mutex::default(),
            asked: Mutex::default(),
            turn: Default::default(),
        });
        let (add, events) = (libc::EPOLL_CTL_ADD, EPOLLIN as u32);
        // Level-triggered: it is readable as long as any bell is. (It fails if `fd` is no
        // instance.)
        let added = border::real_epoll_ctl(fd, add, bells, events, border::magic()) == 0;
        if !added || table::kind(fd) != table::NONE || !table::set_kind(fd, table::EPOLL) {
            return None;
        }
        instances().insert(fd, Arc::clone(&epoll));
        Some(epoll)
    }

    fn members(&self) -> MutexGuard<'_, HashMap<c_int, Member>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn control(
        &self,
        own: c_int,
        operation: c_int,
        fd: c_int,
        connection: Option<Arc<Connection>>,
        event: Option<epoll_event>,
    ) -> Option<c_int> {
        let mut members = self.members();
        let (events, data) = event.map_or((0, 0), |event| (event.events, event.u64));
        let known = members.get_mut(&fd).filter(|member| member.active || member.bell.is_some());
        match (operation, known) {
            (libc::EPOLL_CTL_ADD, Some(member)) if !member.active => {
                let bell = member.bell;
                *member = Member::new(Arc::clone(&member.connection), events, data);
                member.bell = bell;
                Some(0)
            }
            (libc::EPOLL_CTL_ADD, None) => {
                let mut member = Member::new(connection?, events, data);
                match member.connection.bell() {
                    Some(bell) => self.hang(fd, &mut member, bell),
                    None => {
                        let result = border::real_epoll_ctl(own, operation, fd, events, data);
                        if result != 0 {
                            return Some(result);
                        }
                    }
                }
                members.insert(fd, member);
                Some(0)
            }
            (libc::EPOLL_CTL_ADD, Some(_)) => Some(refuse(libc::EEXIST)),
            (_, Some(member)) if !member.active => Some(refuse(libc::ENOENT)),
            (libc::EPOLL_CTL_MOD, Some(member)) => {
                if member.bell.is_none() && member.connection.bell().is_none() {
                    let result = border::real_epoll_ctl(own, operation, fd, events, data);
                    if result != 0 {
                        return Some(result);
                    }
                }
                let bell = member.bell;
                *member = Member::new(Arc::clone(&member.connection), events, data);
                member.bell = bell;
                Some(0)
            }
            (libc::EPOLL_CTL_DEL, Some(member)) => {
                if member.bell.is_some() {
                    member.active = false;
                    return Some(0);
                }
                members.remove(&fd);
                Some(border::real_epoll_ctl(own, operation, fd, 0, 0))
            }
            _ => None,
        }
    }

    /// `epoll_wait`. `own` is the program's name of it.
    pub fn wait(
        &self,
        own: c_int,
        out: &mut [epoll_event],
        timeout: Option<Duration>,
        mask: Option<&libc::sigset_t>,
    ) -> c_int {
        let most = out.len().min(EVENTS_MAX);
        let out = &mut out[..most];
        let deadline = Deadline::after(timeout);
        loop {
            let ready = self.collect(own, out);
            let left = deadline.left();
            if ready > 0 || left == Some(Duration::ZERO) {
                if ready > 0 && !self.is_time() {
                    return ready as c_int;
                }
                let others = self.ask_kernel(own, &mut out[ready..], Some(Duration::ZERO), mask);
                return if ready > 0 { ready as c_int + others.max(0) } else { others };
            }
            if self.has_rings() && spin(|| self.any()) {
                continue;
            }
            let Some(mut sleep) = self.prepare() else { continue };
            let left = sleep.at_most.map_or(left, |most| Some(left.map_or(most, |l| l.min(most))));
            let others = self.ask_kernel(own, out, left, mask);
            let error = errno();
            self.note_bells(&mut sleep);
            drop(sleep);
            if others < 0 {
                set_errno(error);
                return others;
            }
            if others > 0 {
                let more = self.collect(own, &mut out[others as usize..]);
                return others + more as c_int;
            }
        }
    }

    /// Puts a bell into our instance.
    fn hang(&self, fd: c_int, member: &mut Member, bell: c_int) {
        let (add, events) = (libc::EPOLL_CTL_ADD, EPOLLIN as u32);
        border::real_epoll_ctl(self.bells, add, bell, events, fd as u64);
        member.bell = Some(bell);
    }

    /// Moves members whose transport has changed to where they are watched now.
    fn settle(&self, own: c_int, fd: c_int, member: &mut Member) {
        let bell = member.connection.bell();
        match (member.bell, bell) {
            (None, Some(bell)) => {
                border::real_epoll_ctl(own, libc::EPOLL_CTL_DEL, fd, 0, 0);
                self.hang(fd, member, bell);
                // The kernel has told so of the socket.
                member.told_room = true;
            }
            (Some(_), None) => {
                // The server has refused, and its descriptor is closed.
                member.bell = None;
                if !member.active {
                    return;
                }
                let (events, data) = (member.events, member.data);
                border::real_epoll_ctl(own, libc::EPOLL_CTL_ADD, fd, events, data);
            }
            _ => {}
        }
    }

    /// Events of members on rings.
    fn collect(&self, own: c_int, out: &mut [epoll_event]) -> usize {
        use std::sync::atomic::Ordering::Relaxed;
        let mut members = self.members();
        // What stays on the socket is the kernel's again.
        members.retain(|fd, member| {
            self.settle(own, *fd, member);
            member.bell.is_some() || (member.active && table::kind(*fd) != table::NONE)
        });
        let mut found = 0;
        let begin = self.turn.fetch_add(1, Relaxed).checked_rem(members.len()).unwrap_or(0);
        for first in [true, false] {
            for (index, member) in members.values_mut().enumerate() {
                if (index >= begin) != first || member.bell.is_none() || found == out.len() {
                    continue;
                }
                if let Some(events) = member.due() {
                    out[found] = epoll_event { events, u64: member.data };
                    found += 1;
                }
            }
        }
        found
    }

    /// Whether the kernel is to be asked although the rings have something. It is a system call,
    /// and a program that is served through rings alone makes no other.
    fn is_time(&self) -> bool {
        let now = Instant::now();
        let mut last = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = last.is_none_or(|last| now - last >= PERIOD);
        if is_time {
            *last = Some(now);
        }
        is_time
    }

    fn has_rings(&self) -> bool {
        self.members().values().any(|member| member.bell.is_some())
    }

    /// Whether any has something, roughly.
    fn any(&self) -> bool {
        self.members().values().any(|member| {
            let waits = member.bell.is_some() && member.active && !member.spent;
            waits && member.connection.glance(member.wanted())
        })
    }

    /// Asks all servers to ring. `None`: there is something already.
    fn prepare(&self) -> Option<Sleep> {
        let members = self.members();
        let mut sleep = Sleep { sleepers: Vec::with_capacity(members.len()), at_most: None };
        for (fd, member) in members.iter().filter(|(_, member)| member.active && !member.spent) {
            let on_rings = match (member.bell, member.connection.prepare(member.sleeping())) {
                (Some(_), Prepared::Sleep(_)) => true,
                (Some(_), Prepared::Ready) if member.is_edge() && !member.is_due() => {
                    // There is something, and it was told. Nobody rings for what comes behind it.
                    sleep.at_most = Some(NAP);
                    continue;
                }
                (None, Prepared::Socket) if member.connection.enter() => false,
                (None, Prepared::Sleep(_)) => {
                    member.connection.woken(false);
                    return None;
                }
                _ => return None,
            };
            sleep.sleepers.push((*fd, Sleeper::new(&member.connection, on_rings)));
        }
        Some(sleep)
    }

    /// Notes who was woken.
    fn note_bells(&self, sleep: &mut Sleep) {
        let mut rung = [epoll_event { events: 0, u64: 0 }; 64];
        let count = border::real_epoll_pwait(self.bells, &mut rung, Some(Duration::ZERO), None);
        for event in &rung[..usize::try_from(count).unwrap_or(0)] {
            let of = |(fd, _): &&mut (c_int, Sleeper)| *fd as u64 == event.u64;
            if let Some((_, sleeper)) = sleep.sleepers.iter_mut().find(of) {
                sleeper.rung = true;
            } else if let Some(member) = self.members().get(&(event.u64 as c_int)) {
                // It was armed by another wait.
                member.connection.answer();
            }
        }
    }

    /// The kernel's own events, without ours.
    fn ask_kernel(
        &self,
        own: c_int,
        out: &mut [epoll_event],
        timeout: Option<Duration>,
        mask: Option<&libc::sigset_t>,
    ) -> c_int {
        if out.is_empty() {
            return 0;
        }
        let found = border::real_epoll_pwait(own, out, timeout, mask);
        let Ok(count) = usize::try_from(found) else { return found };
        let mut kept = 0;
        for index in 0..count {
            if out[index].u64 != border::magic() {
                out[kept] = out[index];
                kept += 1;
            }
        }
        kept as c_int
    }
}

impl Drop for Epoll {
    fn drop(&mut self) {
        border::close_private(self.bells);
    }
}

impl Member {
    fn new(connection: Arc<Connection>, events: u32, data: u64) -> Member {
        Member {
            connection,
            events,
            data,
            bell: None,
            active: true,
            spent: false,
            seen: 0,
            told_room: false,
            told_end: false,
        }
    }

    /// As `poll` would be asked. (The numbers are the same.)
    fn wanted(&self) -> i16 {
        (self.events & 0xffff) as i16
    }

    fn is_edge(&self) -> bool {
        self.events & EPOLLET as u32 != 0
    }

    /// What to be rung for: not for room that was told already.
    fn sleeping(&self) -> i16 {
        if self.is_edge() && self.told_room {
            self.wanted() & !(EPOLLOUT as i16)
        } else {
            self.wanted()
        }
    }

    /// What is there.
    fn level(&self) -> u32 {
        match self.connection.look(self.wanted()) {
            Look::Rings(revents) => u32::from(revents as u16),
            Look::Socket => 0,
        }
    }

    /// Whether `due` would say something.
    fn is_due(&self) -> bool {
        // In this order: what comes in between is of the next edge.
        let announced = self.connection.announced();
        self.is_news(self.level(), announced)
    }

    /// Whether a level is an edge.
    fn is_news(&self, level: u32, announced: u64) -> bool {
        (level & EPOLLIN as u32 != 0 && announced != self.seen)
            || (level & EPOLLOUT as u32 != 0 && !self.told_room)
            || (level & EPOLLHUP as u32 != 0 && !self.told_end)
    }

    /// What the program is to be told now.
    fn due(&mut self) -> Option<u32> {
        if self.spent || !self.active {
            return None;
        }
        if self.connection.take_blocked() {
            self.told_room = false;
        }
        let announced = self.connection.announced();
        let level = self.level();
        if level == 0 || (self.is_edge() && !self.is_news(level, announced)) {
            return None;
        }
        if level & EPOLLIN as u32 != 0 {
            // What has come meanwhile is there when the program is told.
            self.seen = self.connection.announced();
        }
        self.told_room |= level & EPOLLOUT as u32 != 0;
        self.told_end |= level & EPOLLHUP as u32 != 0;
        self.spent = self.events & EPOLLONESHOT as u32 != 0;
        Some(level)
    }
}

fn refuse(error: i32) -> c_int {
    set_errno(Errno(error));
    -1
}
