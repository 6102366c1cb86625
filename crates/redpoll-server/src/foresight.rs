//! Being awake when a client of shared memory comes that comes regularly.
//!
//! When such a client has been parked, its [`Rhythm`](crate::rhythm::Rhythm) says in which window
//! it will come next. The poller sets a timer for the earliest of all windows, and when it rings,
//! the client is looked at as one that is active, until its request is there or the window is over.
//! A [`Budget`] bounds what this may cost (`shm-expect-us`), and a client whose windows pass in
//! vain gets fewer of them. If the core is wanted by others, nobody waits for anything.
//!
//! Clients of the older protocol never ring. The same timer has the poller look at those that have
//! been parked, the more rarely the longer nothing has come.

use crate::common::{ALARM, Common};
use crate::connection::Connection;
use crate::rhythm::{Budget, Window};
use redpoll_engine::client::ClientId;
use rustix::event::epoll;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// Times of waking up that are remembered.
const KEPT: usize = 16;
/// How late a timer is before anything is known of that, and at most.
const LATE: Duration = Duration::from_micros(50);
const LATE_MAX: Duration = Duration::from_micros(400);

/// When a client that does not ring is looked at after it has been parked, and how much later each
/// time; not more rarely than that, unless there are many.
const FIRST_LOOK: Duration = Duration::from_micros(100);
const LAST_LOOK: Duration = Duration::from_millis(4);
const LOOK_OF_MANY: Duration = Duration::from_micros(40);

/// See the module's head.
pub struct Foresight {
    /// None for a worker without connections that go through shared memory.
    timer: Option<OwnedFd>,
    /// The windows to come, the earliest first. One that its client does not name any more is void.
    windows: BinaryHeap<Reverse<(Instant, ClientId)>>,
    /// When the timer is to ring.
    alarm: Option<Instant>,
    /// How late it was the last times.
    late: [Duration; KEPT],
    rung: usize,
    pub budget: Budget,
}

impl Foresight {
    /// Expects nothing yet.
    pub fn new() -> Self {
        Foresight {
            timer: None,
            windows: BinaryHeap::new(),
            alarm: None,
            late: [LATE; KEPT],
            rung: 0,
            budget: Budget::new(Instant::now()),
        }
    }

    /// How much before a window the timer must ring, for the thread to be awake by then.
    fn lead(&self) -> Duration {
        let mut sorted = self.late;
        sorted.sort_unstable();
        sorted[KEPT * 3 / 4].min(LATE_MAX)
    }

    /// The first window whose time it is to get up for.
    fn next_due(&mut self, now: Instant) -> Option<ClientId> {
        let Reverse((from, client)) = *self.windows.peek()?;
        if from > now + self.lead() {
            return None;
        }
        self.windows.pop();
        Some(client)
    }
}

impl Common {
    /// Sets the timer for the next window.
    pub fn set_alarm(&self) {
        let mut foresight = self.foresight.borrow_mut();
        let Some(Reverse((from, _))) = foresight.windows.peek() else { return };
        let when = *from - foresight.lead();
        if foresight.alarm.is_some_and(|alarm| alarm <= when) {
            return;
        }
        let Some(timer) = &foresight.timer else { return };
        // Nothing would turn it off.
        let wait = when.saturating_duration_since(Instant::now()).max(Duration::from_nanos(1));
        let none = Timespec { tv_sec: 0, tv_nsec: 0 };
        let it_value = Timespec {
            tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: wait.subsec_nanos().into(),
        };
        let time = Itimerspec { it_interval: none, it_value };
        if timerfd_settime(timer, TimerfdTimerFlags::empty(), &time).is_ok() {
            foresight.alarm = Some(when);
        }
    }

    /// Makes the timer. It is one of its own and not the time that the thread sleeps at most: that
    /// one may be rounded up to milliseconds, and the kernel takes its time with it.
    pub fn add_timer(&self) -> io::Result<()> {
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        let flags = epoll::EventFlags::IN | epoll::EventFlags::ET;
        epoll::add(&self.epoll, &timer, epoll::EventData::new_u64(ALARM), flags)?;
        self.foresight.borrow_mut().timer = Some(timer);
        Ok(())
    }

    /// Looks at those whose windows begin. `rung`: the timer has rung.
    pub fn look_ahead(&self, now: Instant, rung: bool) {
        let mut foresight = self.foresight.borrow_mut();
        if let Some(alarm) = foresight.alarm.take_if(|alarm| *alarm <= now)
            && rung
        {
            let slot = foresight.rung % KEPT;
            foresight.late[slot] = now - alarm;
            foresight.rung += 1;
        }
        while let Some(client) = foresight.next_due(now) {
            let Some(shared) = self.find(client) else { continue };
            let Ok(mut connection) = shared.try_borrow_mut() else { continue };
            let due = connection.expected.filter(|window| window.from <= now + LATE_MAX);
            let Some(window) = due else { continue };
            connection.expected = None;
            if connection.stream.rings().is_some_and(|rings| rings.is_legacy()) {
                let ready = connection.is_hot || connection.rings_ready();
                drop(foresight);
                match ready {
                    true if connection.is_hot => {}
                    true => self.heat(&shared, &mut connection, None),
                    false => self.look_later(&mut connection, now, window.len()),
                }
                foresight = self.foresight.borrow_mut();
            } else if !connection.is_hot && now < window.to {
                let window = Window { from: now, to: window.to };
                drop(foresight);
                self.heat(&shared, &mut connection, Some(window));
                foresight = self.foresight.borrow_mut();
            }
        }
    }

    /// Finds out when a client that has just been parked will come next.
    pub fn foresee(&self, connection: &mut Connection, now: Instant) {
        let pollers = self.engine.process.pollers.max(1) as u64;
        let share = self.engine.config.shm_expect_us() as u64 * 1000 / pollers;
        if share == 0 {
            return;
        }
        let Some(window) = connection.rhythm.as_mut().and_then(|rhythm| rhythm.expect()) else {
            return;
        };
        let mut foresight = self.foresight.borrow_mut();
        if window.from > now && foresight.budget.allows(window.len(), now, share) {
            connection.expected = Some(window);
            let client = connection.session.client.id;
            foresight.windows.push(Reverse((window.from, client)));
        }
    }

    /// Has a client that does not ring looked at again, later than after `before`.
    pub fn look_later(&self, connection: &mut Connection, now: Instant, before: Duration) {
        let mut foresight = self.foresight.borrow_mut();
        let many = LOOK_OF_MANY * u32::try_from(foresight.windows.len()).unwrap_or(u32::MAX);
        let wait = (before + before / 8).clamp(FIRST_LOOK, LAST_LOOK.max(many));
        let from = now + wait;
        connection.expected = Some(Window { from, to: from + wait });
        foresight.windows.push(Reverse((from, connection.session.client.id)));
    }

    /// When the request has come for which the client of this connection has rung, if it has.
    pub fn rang_at(&self, connection: &Connection, now: Instant) -> Option<Instant> {
        let before = connection.stream.rings()?.rang_before()?;
        let rang = now.checked_sub(before)?;
        let left = connection.rhythm.as_ref().and_then(|rhythm| rhythm.left());
        // It may say what it likes: nothing depends on it but when it is waited for.
        left.is_none_or(|left| left < rang).then_some(rang)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lead_follows_how_late_timers_are() {
        let mut foresight = Foresight::new();
        assert_eq!(foresight.lead(), LATE);
        foresight.late = [Duration::from_micros(20); KEPT];
        foresight.late[3] = Duration::from_secs(1);
        assert_eq!(foresight.lead(), Duration::from_micros(20));
        foresight.late = [Duration::from_secs(1); KEPT];
        assert_eq!(foresight.lead(), LATE_MAX);
    }
}
