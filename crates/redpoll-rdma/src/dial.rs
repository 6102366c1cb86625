//! How a connection is begun, step by step, within a time.

use crate::verbs::{Channel, Event, Happening, Id};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An id for an address to which there is a way.
pub fn resolve(channel: &Arc<Channel>, to: SocketAddr, deadline: Instant) -> io::Result<Id> {
    let id = Id::new(channel)?;
    id.resolve_address(None, to, left(deadline)?)
        .map_err(|error| crate::verbs::explained(&to.to_string(), error))?;
    await_event(channel, Happening::AddressResolved, deadline)?;
    id.resolve_route(left(deadline)?)?;
    await_event(channel, Happening::RouteResolved, deadline)?;
    Ok(id)
}

/// Waits until something has happened.
pub fn await_event(
    channel: &Arc<Channel>,
    wanted: Happening,
    deadline: Instant,
) -> io::Result<Event> {
    loop {
        while let Some(event) = channel.next()? {
            match event.happening {
                Happening::Failed(why) => {
                    return Err(io::Error::new(io::ErrorKind::ConnectionRefused, why));
                }
                Happening::Ended => return Err(io::ErrorKind::ConnectionReset.into()),
                happening if happening == wanted => return Ok(event),
                _ => {}
            }
        }
        wait(&**channel, deadline)?;
    }
}

/// Waits until a descriptor is readable.
pub fn wait(on: &impl AsFd, deadline: Instant) -> io::Result<()> {
    let timeout = Timespec::try_from(left(deadline)?).map_err(io::Error::other)?;
    let mut wanted = [PollFd::new(on, PollFlags::IN)];
    match poll(&mut wanted, Some(&timeout)) {
        Ok(0) => Err(io::ErrorKind::TimedOut.into()),
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// How much time is left.
fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}
