//! The task that waits for a connection's descriptor, on behalf of all who wait for replies.
//!
//! It reads what has come, writes what there was no room for, and wakes whom that concerns. It ends
//! with the last handle, or with the connection.

use super::link::{Failure, Shared};
use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::Interest;
use tokio::net::UnixStream;

/// See the module's head.
pub struct Driver {
    shared: Arc<Shared>,
    /// Another handle of the connection's socket, of whatever family: it is only ever waited for.
    /// (An `AsyncFd` would say so, but no safe function makes one any more.)
    socket: UnixStream,
}

impl Driver {
    /// Watches a descriptor.
    pub fn new(shared: Arc<Shared>, descriptor: OwnedFd) -> io::Result<Self> {
        let socket = std::os::unix::net::UnixStream::from(descriptor);
        socket.set_nonblocking(true)?;
        Ok(Driver { shared, socket: UnixStream::from_std(socket)? })
    }

    /// One turn. Ready: there may be more to do at once.
    fn turn(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut link = self.shared.lock();
        link.note_driver(cx.waker());
        if link.is_hung_up() || link.failure().is_some() {
            return Poll::Ready(Ok(()));
        }
        if link.wants_writable() && self.socket.poll_write_ready(cx)?.is_ready() {
            return Poll::Ready(self.clearing(Interest::WRITABLE, || {
                link.flush();
                link.wants_writable()
            }));
        }
        link.settle();
        ready!(self.socket.poll_read_ready(cx))?;
        let mut more = false;
        self.clearing(Interest::READABLE, || {
            let open = link.answer();
            more = link.receive();
            if !open {
                link.fail(Failure::Closed);
            }
            // Of a stream there must be nothing left before the descriptor tells again.
            !more || link.is_rings()
        })?;
        if more {
            // Others get a turn.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    /// Does something with a descriptor that is ready, which answers whether it is so no longer.
    /// What becomes ready meanwhile is not missed.
    fn clearing(&self, interest: Interest, mut work: impl FnMut() -> bool) -> io::Result<()> {
        let done = self.socket.try_io(interest, || match work() {
            true => Err(io::ErrorKind::WouldBlock.into()),
            false => Ok(()),
        });
        match done {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if let Err(error) = ready!(self.turn(cx)) {
                self.shared.lock().fail(error.into());
            }
            let link = self.shared.lock();
            if link.is_hung_up() || link.failure().is_some() {
                return Poll::Ready(());
            }
        }
    }
}

impl Drop for Driver {
    /// Whoever waits would wait for ever: the runtime has ended, or the connection has.
    fn drop(&mut self) {
        self.shared.lock().fail(Failure::Closed);
    }
}
