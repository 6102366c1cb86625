//! Connections that go through shared memory, while they are looked at.
//!
//! A connection is *hot* from when something happens to it until nothing has been in its rings for
//! `shm-spin-us`. Then it is parked: it tells the client to ring, and costs nothing until the
//! client does, or somebody has a message for it. So the cost of looking depends on how many
//! clients are active and not on how many there are.

use crate::common::{Common, Shared};
use crate::connection::Connection;
use crate::mailbox::{Mailbox, Message};
use redpoll_engine::client::ClientId;
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
}

impl Common {
    /// Makes a connection hot.
    pub fn heat(&self, shared: &Shared, connection: &mut Connection) {
        connection.is_hot = true;
        if let Some(rings) = connection.stream.rings() {
            rings.wake_up();
        }
        self.hot.borrow_mut().push(Hot {
            client: connection.session.client.id,
            connection: Rc::clone(shared),
            active: true,
            since: None,
        });
    }

    /// Adds an event for each hot connection that has something to do, up to so many events.
    pub fn add_ready(&self, events: &mut Vec<epoll::Event>, most: usize) {
        for hot in self.hot.borrow_mut().iter_mut() {
            let ready =
                hot.connection.try_borrow().is_ok_and(|connection| connection.rings_ready());
            if ready && events.len() < most {
                hot.active = true;
                let flags = epoll::EventFlags::empty();
                events.push(epoll::Event { flags, data: epoll::EventData::new_u64(hot.client) });
            }
        }
    }

    /// Parks those to which nothing has happened for so long; answers how many.
    pub fn cool(&self, now: Instant, after: Duration) -> u64 {
        let mut parked = 0;
        self.hot.borrow_mut().retain_mut(|hot| {
            if std::mem::take(&mut hot.active) {
                hot.since = Some(now);
            }
            let since = *hot.since.get_or_insert(now);
            if now - since < after {
                return true;
            }
            // One that is being served is not idle.
            let Ok(mut connection) = hot.connection.try_borrow_mut() else { return true };
            if connection.in_lane || !connection.park() {
                hot.active = true;
                return true;
            }
            connection.is_hot = false;
            parked += 1;
            false
        });
        parked
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
