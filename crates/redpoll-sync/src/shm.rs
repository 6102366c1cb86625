//! The carrier for one host: the area's file is passed over a Unix socket, and mapped.
//!
//! The socket has an abstract name that nobody can guess and that is there for one pass. Whoever
//! connects must be of the primary's user (or root), and show a token; it gets a descriptor by
//! which nothing can be written. The replica in turn maps nothing that another user than its own
//! (or root) has sent. A replica that sees other names than the primary, because it is on another
//! host or in another network namespace, is refused by its own kernel, and takes another way.
//!
//! ```text
//! replica  "RPSYNC1\n", token in 32 bytes
//! primary  "+" with the descriptor, or the connection's end
//! ```

use crate::carrier::{Admits, Carrier, Export, Lane, Place};
use crate::memory::{Area, View};
use crate::token::Token;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::*};
use std::thread;
use std::time::Duration;

/// The carrier's name.
pub const NAME: &str = "shm";

const GREETING: &[u8; 8] = b"RPSYNC1\n";
/// How long either side waits for the other.
const PATIENCE: Duration = Duration::from_secs(1);

/// Makes the area readable for replicas of this host, if the kernel has files for it.
pub fn export(area: Arc<Area>, admits: Arc<Admits>) -> io::Result<Box<dyn Export>> {
    if area.file().is_none() {
        return Err(io::Error::from(io::ErrorKind::Unsupported));
    }
    // Half of a token that is used for nothing else.
    let name = format!("redpoll-sync-{}", &Token::new()?.to_string()[..Token::LEN]);
    let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name)?)?;
    let closed = Arc::new(AtomicBool::new(false));
    let socket = Socket { name, closed: Arc::clone(&closed) };
    thread::Builder::new().name("sync-shm".to_owned()).spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            if closed.load(Acquire) {
                return;
            }
            // Who breaks the rules, or off, gets nothing.
            let _ = hand_out(&stream, &area, &*admits);
        }
    })?;
    Ok(Box::new(socket))
}

struct Socket {
    name: String,
    closed: Arc<AtomicBool>,
}

impl Export for Socket {
    fn name(&self) -> &'static str {
        NAME
    }

    fn address(&self) -> String {
        self.name.clone()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.closed.store(true, Release);
        // So that the thread looks.
        let address = SocketAddr::from_abstract_name(&self.name);
        let _ = address.and_then(|address| UnixStream::connect_addr(&address));
    }
}

/// Whether the other end belongs to this process's user, or to root.
fn is_of_us(stream: &UnixStream) -> io::Result<bool> {
    let peer = rustix::net::sockopt::socket_peercred(stream)?.uid;
    Ok(peer.is_root() || peer == rustix::process::geteuid())
}

fn hand_out(mut stream: &UnixStream, area: &Area, admits: &Admits) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let (mut greeting, mut token) = ([0; GREETING.len()], [0; Token::LEN]);
    if !is_of_us(stream)? {
        return Ok(());
    }
    stream.read_exact(&mut greeting)?;
    stream.read_exact(&mut token)?;
    if &greeting != GREETING || !admits(&Token::from_bytes(token)) {
        return Ok(());
    }
    let Some(file) = area.file() else { return Ok(()) };
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let files = [file];
    if !control.push(SendAncillaryMessage::ScmRights(&files)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    rustix::net::sendmsg(stream, &[IoSlice::new(b"+")], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Asks a primary of this host for its area, and maps it.
pub fn open(name: &str, token: &Token, area_len: usize) -> io::Result<Box<dyn Carrier>> {
    let mut stream = UnixStream::connect_addr(&SocketAddr::from_abstract_name(name)?)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    if !is_of_us(&stream)? {
        return Err(io::Error::other("the socket is another user's"));
    }
    stream.write_all(GREETING)?;
    stream.write_all(token.as_bytes())?;
    let file = receive(&stream)?.ok_or_else(|| io::Error::other("the primary refused"))?;
    Ok(Box::new(Mapped { view: Arc::new(View::open(&file, area_len)?) }))
}

fn receive(stream: &UnixStream) -> io::Result<Option<OwnedFd>> {
    let mut answer = [0; 1];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut parts = [IoSliceMut::new(&mut answer)];
    let flags = RecvFlags::CMSG_CLOEXEC;
    let count = rustix::net::recvmsg(stream.as_fd(), &mut parts, &mut control, flags)?.bytes;
    let mut received = None;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(mut files) = message {
            received = files.next().or(received);
        }
    }
    Ok(received.filter(|_| count == 1))
}

struct Mapped {
    view: Arc<View>,
}

impl Carrier for Mapped {
    fn name(&self) -> &'static str {
        NAME
    }

    fn lane(&self) -> io::Result<Box<dyn Lane>> {
        Ok(Box::new(Copies { view: Arc::clone(&self.view), buffer: Vec::new() }))
    }
}

struct Copies {
    view: Arc<View>,
    buffer: Vec<u8>,
}

impl Lane for Copies {
    fn fetch(&mut self, place: Place) -> io::Result<&[u8]> {
        match self.view.copy(place.offset, place.len, &mut self.buffer) {
            true => Ok(&self.buffer),
            false => Err(io::Error::other("the chunk is not within the area")),
        }
    }

    fn fetched(&self) -> &[u8] {
        &self.buffer
    }

    fn view(&self) -> Option<&View> {
        Some(&self.view)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_the_area_until_it_ends() {
        let area = Arc::new(Area::new(2, 1).unwrap());
        if area.file().is_none() {
            return;
        }
        area.write(1).unwrap()[..3].copy_from_slice(b"abc");
        let token = Token::new().unwrap();
        let known = token.clone();
        let admits: Arc<Admits> = Arc::new(move |token| *token == known);
        let export = export(Arc::clone(&area), admits).unwrap();
        let name = export.address();
        assert!(open(&name, &Token::new().unwrap(), area.len()).is_err(), "a stranger");
        assert!(open(&name, &token, area.len() - 1).is_err(), "another length");
        let carrier = open(&name, &token, area.len()).unwrap();
        let mut lane = carrier.lane().unwrap();
        let place = Place { number: 0, offset: area.len() as u64 / 2, len: 3 };
        assert_eq!(lane.fetch(place).unwrap(), b"abc");
        assert_eq!(lane.fetched(), b"abc");
        assert!(lane.view().is_some_and(|view| view.len() == area.len()));
        assert!(lane.fetch(Place { len: area.len(), ..place }).is_err());
        drop(export);
        // Its name goes when its thread has looked.
        while open(&name, &token, area.len()).is_ok() {
            thread::yield_now();
        }
        // What is mapped stays.
        assert_eq!(lane.fetch(place).unwrap(), b"abc");
    }

    #[test]
    fn who_says_something_else_gets_nothing() {
        let area = Arc::new(Area::new(1, 1).unwrap());
        if area.file().is_none() {
            return;
        }
        let export = export(Arc::clone(&area), Arc::new(|_| true)).unwrap();
        let address = SocketAddr::from_abstract_name(export.address()).unwrap();
        for words in [&b""[..], b"RPSYNC2\n0123456789012345678901234567890123456789", b"RPS"] {
            let mut stream = UnixStream::connect_addr(&address).unwrap();
            stream.write_all(words).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            assert!(receive(&stream).map_or(true, |file| file.is_none()), "{words:?}");
        }
        assert!(open(&export.address(), &Token::new().unwrap(), area.len()).is_ok());
    }
}
