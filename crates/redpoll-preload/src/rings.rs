//! A connection's bytes through the rings, as socket calls want them.
//!
//! Who sleeps sleeps on the socket, in the kernel, and not in a futex: then timeouts of the socket,
//! signals and O_NONBLOCK are what they are for a socket, since it is the kernel that minds them.
//! The server rings by a byte on the socket.
//!
//! **Several threads.** Nobody may take such a byte that another thread is about to be woken by. So
//! sleepers look without taking, are counted, and bytes are taken only by somebody who sees no
//! sleepers, under the connection's lock.

use crate::border::Parts;
use libc::{POLLHUP, POLLIN, POLLOUT, POLLRDHUP, POLLRDNORM, POLLWRNORM};
use redpoll_shm::{Client, Link, Want};
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

/// Bytes that are looked at without being taken (MSG_PEEK), at most.
const PEEK_MAX: usize = 64 << 10;

/// See the module's head.
pub struct Rings {
    client: Box<Client>,
    /// Bytes that were looked at and not taken.
    held: Vec<u8>,
    /// Bytes taken out of the ring.
    taken: u64,
    /// The server has closed, or is gone.
    closed: bool,
    /// Threads that sleep on the socket.
    waiters: u32,
    /// A write has found no room since readiness for writing was told.
    blocked: bool,
}

impl Rings {
    /// Over a client whose rings have not been used yet.
    pub fn new(mut client: Client, spin: Duration) -> Rings {
        client.link().set_nonblocking(true);
        client.set_spin(spin);
        Rings {
            client: Box::new(client),
            held: Vec::new(),
            taken: 0,
            closed: false,
            waiters: 0,
            blocked: false,
        }
    }

    /// What threads share.
    pub fn link(&self) -> Arc<Link> {
        Arc::clone(self.client.link())
    }

    /// Whether the end was seen.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Bytes that can be read now.
    pub fn unread(&self) -> u64 {
        self.held.len() as u64 + self.client.announced().saturating_sub(self.taken)
    }

    /// Bytes that have ever come.
    pub fn announced(&self) -> u64 {
        self.client.announced()
    }

    /// Whether a write found no room since this was asked last.
    pub fn take_blocked(&mut self) -> bool {
        std::mem::take(&mut self.blocked)
    }

    /// Moves bytes to the parts, from the `skip`th byte of the room on, without waiting.
    pub fn take(&mut self, parts: &mut Parts<'_>, skip: usize, peek: bool) -> io::Result<usize> {
        if peek {
            return self.peek(parts, skip);
        }
        let mut got = 0;
        let mut skip = skip;
        for index in 0..parts.count() {
            let room = parts.room(index);
            let from = skip.min(room.len());
            skip -= from;
            let room = &mut room[from..];
            let count = self.take_into(room)?;
            got += count;
            if count < room.len() {
                break;
            }
        }
        Ok(got)
    }

    fn take_into(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if room.is_empty() {
            return Ok(0);
        }
        if !self.held.is_empty() {
            let count = room.len().min(self.held.len());
            room[..count].copy_from_slice(&self.held[..count]);
            self.held.drain(..count);
            return Ok(count);
        }
        let mut got = 0;
        while got < room.len() {
            // What wraps around the ring's end comes in one piece; what is new meanwhile, in a
            // next.
            match self.client.try_read(&mut room[got..])? {
                0 => break,
                count => got += count,
            }
        }
        self.taken += got as u64;
        Ok(got)
    }

    fn peek(&mut self, parts: &mut Parts<'_>, skip: usize) -> io::Result<usize> {
        let wanted = parts.total().min(PEEK_MAX);
        if self.held.len() < wanted {
            let mut more = vec![0; wanted - self.held.len()];
            let count = self.client.try_read(&mut more)?;
            self.taken += count as u64;
            self.held.extend_from_slice(&more[..count]);
        }
        let mut rest = self.held.get(skip..).unwrap_or_default();
        let mut got = 0;
        for index in 0..parts.count() {
            let room = parts.room(index);
            let count = room.len().min(rest.len());
            room[..count].copy_from_slice(&rest[..count]);
            rest = &rest[count..];
            got += count;
        }
        Ok(got)
    }

    /// Writes bytes of the parts, from the `skip`th on, as far as there is room.
    pub fn put(&mut self, parts: &Parts<'_>, skip: usize) -> io::Result<usize> {
        let (mut put, mut skip) = (0, skip);
        for index in 0..parts.count() {
            let bytes = parts.bytes(index);
            let from = skip.min(bytes.len());
            skip -= from;
            let mut bytes = &bytes[from..];
            while !bytes.is_empty() {
                match self.client.write(bytes) {
                    Ok(count) => {
                        put += count;
                        bytes = &bytes[count..];
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        self.blocked = true;
                        return Ok(put);
                    }
                    Err(_) if put > 0 => return Ok(put),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(put)
    }

    /// Looks for what is wanted for a while.
    pub fn spin(&mut self, want: Want) -> bool {
        self.client.spin(want)
    }

    /// Whether it can be read (or written) now.
    pub fn is_ready(&self, want: Want) -> bool {
        match want {
            Want::Bytes => !self.held.is_empty() || self.closed || self.client.is_ready(want),
            Want::Room => self.closed || self.client.is_ready(want),
        }
    }

    /// What `poll` would say.
    pub fn revents(&self, events: i16) -> i16 {
        let mut found = 0;
        if self.is_ready(Want::Bytes) {
            found |= events & (POLLIN | POLLRDNORM);
        }
        if events & (POLLOUT | POLLWRNORM) != 0 && self.is_ready(Want::Room) {
            found |= events & (POLLOUT | POLLWRNORM);
        }
        if self.closed {
            found |= POLLHUP | (events & POLLRDHUP);
        }
        found
    }

    /// Asks the server to ring for these events, before a thread sleeps on the socket. False: there
    /// is something already.
    pub fn prepare(&mut self, events: i16) -> bool {
        if self.revents(events) != 0 {
            return false;
        }
        if events & (POLLOUT | POLLWRNORM) != 0 && !self.client.arm(Want::Room) {
            return false;
        }
        // Whatever is wanted, the end is.
        if !self.client.arm(Want::Bytes) && events & (POLLIN | POLLRDNORM) != 0 {
            return false;
        }
        self.waiters += 1;
        true
    }

    /// A thread that was prepared sleeps no more.
    pub fn woken(&mut self, rung: bool) {
        // One that began to sleep before the answer came was not counted.
        self.waiters = self.waiters.saturating_sub(1);
        if rung {
            self.answer();
        }
    }

    /// The end was seen by a sleeper.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Takes the bytes by which the server has rung, and notes its end. Where others sleep they are
    /// left for the last one.
    pub fn answer(&mut self) {
        if self.waiters > 0 || self.closed {
            return;
        }
        self.closed = !self.client.link().answer().unwrap_or(false);
    }
}
