//! Connections that go through shared memory, while they are looked at.
//!
//! A connection is *hot* from when something happens to it until nothing has been in its rings for
//! `shm-spin-us`. Then it is parked: it tells the client to ring, and costs nothing until the
//! client does, or somebody has a message for it. So the cost of looking depends on how many
//! clients are active and not on how many there are. One that comes regularly becomes hot shortly
//! before it is expected ([`foresight`](crate::foresight)), and is parked as soon as it has what it
//! usually asks for.

use crate::common::{Common, Shared};
use crate::connection::Connection;
use crate::mailbox::{Mailbox, Message};
use crate::rhythm::{Visit, Window};
use redpoll_engine::client::ClientId;
use redpoll_engine::stats::ThreadStats;
use rustix::event::epoll;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// See the module's head.
pub struct Hot {
    pub client: ClientId,
    connection: Shared,
    /// Something has happened since the clock was last read.
    active: bool,
    /// When the clock was first read after something had happened.
    since: Option<Instant>,
    /// It is looked at because it is expected.
    expected: Option<Window>,
    /// When its first request came, if that is known.
    came: Option<Instant>,
    /// The longest pause since then.
    pause: Duration,
    /// How long to look for more once it is idle, at most.
    linger: Duration,
}

impl Hot {
    /// Whether to look on, `after` being the longest time to do so in vain.
    fn stays(&self, now: Instant, since: Instant, after: Duration) -> bool {
        match self.expected {
            Some(window) if self.came.is_none() && !self.active => {
                !after.is_zero() && now < window.to
            }
            _ => now - since < after.min(self.linger),
        }
    }
}

impl Common {
    /// Makes a connection hot: because something has happened, or because it is expected to.
    pub fn heat(&self, shared: &Shared, connection: &mut Connection, expected: Option<Window>) {
        connection.is_hot = true;
        if let Some(rings) = connection.stream.rings() {
            rings.wake_up();
        }
        let came = match expected {
            Some(_) => None,
            None => self.rang_at(connection, Instant::now()),
        };
        if came.is_some() {
            // It came at another time.
            connection.expected = None;
        }
        let linger = connection.rhythm.as_ref().and_then(|rhythm| rhythm.linger());
        self.hot.borrow_mut().push(Hot {
            client: connection.session.client.id,
            connection: Rc::clone(shared),
            active: expected.is_none(),
            since: None,
            expected,
            came,
            pause: Duration::ZERO,
            linger: linger.unwrap_or(Duration::MAX),
        });
    }

    /// Adds an event for each hot connection that has something to do, up to so many events.
    pub fn add_ready(&self, events: &mut Vec<epoll::Event>, most: usize) {
        for hot in self.hot.borrow_mut().iter_mut() {
            let ready =
                hot.connection.try_borrow().is_ok_and(|connection| connection.rings_ready());
            if ready && events.len() < most {
                if hot.expected.is_some() && hot.came.is_none() {
                    hot.came = Some(Instant::now());
                }
                hot.active = true;
                let flags = epoll::EventFlags::empty();
                events.push(epoll::Event { flags, data: epoll::EventData::new_u64(hot.client) });
            }
        }
    }

    /// Parks those to which nothing has happened for so long.
    pub fn cool(&self, now: Instant, after: Duration, stats: &ThreadStats) {
        self.hot.borrow_mut().retain_mut(|hot| {
            if std::mem::take(&mut hot.active) {
                if let Some(before) = hot.since.replace(now).filter(|_| hot.came.is_some()) {
                    hot.pause = hot.pause.max(now - before);
                }
            }
            let since = *hot.since.get_or_insert(now);
            if hot.stays(now, since, after) {
                return true;
            }
            // One that is being served is not idle.
            let Ok(mut connection) = hot.connection.try_borrow_mut() else { return true };
            if connection.in_lane || !connection.park() {
                hot.active = true;
                return true;
            }
            connection.is_hot = false;
            stats.parks.add(1);
            self.took_leave(hot, &mut connection, (since, now), stats);
            false
        });
    }

    /// Learns from a stay of a client that is over.
    fn took_leave(
        &self,
        hot: &Hot,
        connection: &mut Connection,
        (left, now): (Instant, Instant),
        stats: &ThreadStats,
    ) {
        if let Some(window) = hot.expected {
            let until = hot.came.unwrap_or(now);
            let nanos = self.foresight.borrow_mut().budget.used(window.from, until);
            stats.expecting_nanos.add(nanos);
            stats.expected.add(1);
            stats.met.add(hot.came.is_some().into());
            if let Some(rhythm) = &mut connection.rhythm {
                rhythm.window_over(hot.came.is_some());
            }
        }
        if connection.stream.rings().is_some_and(|rings| rings.is_legacy()) {
            return self.look_later(connection, now, Duration::ZERO);
        }
        if let Some(came) = hot.came {
            let visit = Visit { came, left, pause: hot.pause };
            connection.rhythm.get_or_insert_default().note(visit);
            self.foresee(connection, now);
        }
    }

    /// Gives a connection to another worker.
    pub fn hand_over(&self, shared: Shared, to: &Arc<Mailbox>) {
        let client = shared.borrow().session.client.id;
        self.forget(client);
        match Rc::try_unwrap(shared) {
            Ok(connection) => {
                let mut connection = connection.into_inner();
                connection.in_held = false;
                // It cannot fail: it was added, and is open.
                let _ = epoll::delete(&self.epoll, &connection.stream);
                connection.session.client.moves_to(to.clone());
                to.post(Message::Moved(Box::new(connection)));
            }
            // Somebody holds it at this moment; so it stays here.
            Err(shared) => self.keep_rings(shared),
        }
    }
}
