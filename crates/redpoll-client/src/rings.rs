//! Shared memory as a transport.

use crate::transport::{Transport, Upgraded};
use redpoll_shm::{Client, Link, Receiver, Sender};
use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A connection through shared memory, or one of several handles of it.
pub struct Rings {
    link: Arc<Link>,
    halves: RefCell<Halves>,
}

/// The two directions.
enum Halves {
    /// There is one handle only: nobody is asked.
    Own(Box<Client>),
    /// There are several.
    Shared(Arc<Mutex<Sender>>, Arc<Mutex<Receiver>>),
    /// On the way from one to the other.
    Moving,
}

impl From<Box<Client>> for Rings {
    fn from(client: Box<Client>) -> Self {
        Rings { link: Arc::clone(client.link()), halves: RefCell::new(Halves::Own(client)) }
    }
}

impl Transport for Rings {
    fn duplicate(&self) -> io::Result<Box<dyn Transport>> {
        let mut halves = self.halves.borrow_mut();
        let (sender, receiver) = match std::mem::replace(&mut *halves, Halves::Moving) {
            Halves::Own(client) => {
                let (sender, receiver) = client.split();
                (Arc::new(Mutex::new(sender)), Arc::new(Mutex::new(receiver)))
            }
            Halves::Shared(sender, receiver) => (sender, receiver),
            Halves::Moving => return Err(io::ErrorKind::Unsupported.into()),
        };
        *halves = Halves::Shared(Arc::clone(&sender), Arc::clone(&receiver));
        let link = Arc::clone(&self.link);
        Ok(Box::new(Rings { link, halves: RefCell::new(Halves::Shared(sender, receiver)) }))
    }

    fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.link.set_read_timeout(timeout);
        Ok(())
    }

    fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.link.set_write_timeout(timeout);
        Ok(())
    }

    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.link.set_nonblocking(nonblocking);
        Ok(())
    }

    fn shutdown(&self) -> io::Result<()> {
        self.link.shutdown()
    }

    /// None: the socket is readable only if that was asked for before.
    fn poll_fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn name(&self) -> &'static str {
        "shm"
    }

    fn open_rings(self: Box<Self>, _ring: Option<usize>) -> io::Result<Upgraded> {
        Ok(Upgraded { transport: self, refusal: None })
    }

    fn into_rings(self: Box<Self>) -> Result<Box<Client>, Box<dyn Transport>> {
        let Rings { link, halves } = *self;
        match halves.into_inner() {
            Halves::Own(client) => Ok(client),
            halves => Err(Box::new(Rings { link, halves: RefCell::new(halves) })),
        }
    }
}

impl Read for Rings {
    #[inline]
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.halves.get_mut() {
            Halves::Own(client) => client.read(out),
            Halves::Shared(_, receiver) => {
                receiver.lock().unwrap_or_else(PoisonError::into_inner).read(out)
            }
            Halves::Moving => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl Write for Rings {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.halves.get_mut() {
            Halves::Own(client) => client.write(bytes),
            Halves::Shared(sender, _) => {
                sender.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
            }
            Halves::Moving => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
