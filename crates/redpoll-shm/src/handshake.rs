//! How a client comes to the memory: `SHM.OPEN`, and an answer with a descriptor attached.

use crate::layout::VERSION;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Bytes of an answer at most; longer ones are none.
const ANSWER_MAX: usize = 4096;

/// The request, with the wish for rings of this size if there is one.
pub fn request(ring: Option<usize>) -> Vec<u8> {
    let mut words = vec!["SHM.OPEN".to_owned(), VERSION.to_string()];
    if let Some(ring) = ring {
        words.extend(["RING".to_owned(), ring.to_string()]);
    }
    let mut bytes = format!("*{}\r\n", words.len());
    for word in words {
        bytes += &format!("${}\r\n{word}\r\n", word.len());
    }
    bytes.into_bytes()
}

/// The answer to a request that is granted: the version, the memory's length, and the size of its
/// rings.
pub fn answer(len: usize, ring: usize) -> Vec<u8> {
    format!("*3\r\n:{VERSION}\r\n:{len}\r\n:{ring}\r\n").into_bytes()
}

/// Sends bytes with a descriptor attached to the first of them. All or an error: the socket's
/// buffer is expected to be empty.
pub fn send(socket: impl AsFd, bytes: &[u8], fd: BorrowedFd<'_>) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let fds = [fd];
    if !control.push(SendAncillaryMessage::ScmRights(&fds)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let parts = [IoSlice::new(bytes)];
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    match rustix::net::sendmsg(socket, &parts, &mut control, flags)? {
        count if count == bytes.len() => Ok(()),
        _ => Err(io::ErrorKind::WriteZero.into()),
    }
}

/// What came back.
#[derive(Debug)]
pub enum Answer {
    /// The memory's descriptor.
    Granted(OwnedFd),
    /// An error reply's text, or what is wrong with the answer. The socket works as before if it
    /// was an error reply.
    Refused(String),
}

/// Reads the answer from a blocking socket on which nothing else is expected. Fails if the
/// connection does.
pub fn receive(socket: impl AsFd) -> io::Result<Answer> {
    let mut arriving = Arriving::default();
    loop {
        match arriving.take(&socket, true) {
            Ok(Some(answer)) => return Ok(answer),
            Ok(None) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// An answer of which perhaps not everything is there yet.
#[derive(Debug, Default)]
pub struct Arriving {
    bytes: Vec<u8>,
    memory: Option<OwnedFd>,
}

impl Arriving {
    /// Takes one piece from the socket, and the answer if it is whole with that. Without `wait`,
    /// and on a socket that does not block, it fails with [`io::ErrorKind::WouldBlock`] if there is
    /// nothing now.
    pub fn take(&mut self, socket: impl AsFd, wait: bool) -> io::Result<Option<Answer>> {
        let mut chunk = [0; 512];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(&mut chunk)];
        let dontwait = if wait { RecvFlags::empty() } else { RecvFlags::DONTWAIT };
        let flags = RecvFlags::CMSG_CLOEXEC | dontwait;
        let count = rustix::net::recvmsg(&socket, &mut parts, &mut control, flags)?.bytes;
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(mut fds) = message {
                self.memory = fds.next().or(self.memory.take());
            }
        }
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.bytes.extend_from_slice(&chunk[..count]);
        if self.bytes.len() > ANSWER_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let Some(lines) = complete(&self.bytes) else { return Ok(None) };
        match (lines.as_slice(), self.memory.take()) {
            ([error], _) if error.starts_with('-') => {
                Ok(Some(Answer::Refused(error[1..].to_owned())))
            }
            ([head, version, ..], Some(memory))
                if head.starts_with('*') && *version == format!(":{VERSION}") =>
            {
                Ok(Some(Answer::Granted(memory)))
            }
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

/// The lines of an answer, if all of it is there: one, or an array of lines.
fn complete(bytes: &[u8]) -> Option<Vec<String>> {
    let text = String::from_utf8_lossy(bytes);
    let whole = text.rfind("\r\n")?;
    let lines: Vec<String> = text[..whole].split("\r\n").map(str::to_owned).collect();
    let wanted = match lines[0].strip_prefix('*') {
        Some(count) => 1 + count.parse::<usize>().unwrap_or(0),
        None => 1,
    };
    (lines.len() >= wanted).then_some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_request_is_a_command() {
        assert_eq!(request(None), b"*2\r\n$8\r\nSHM.OPEN\r\n$1\r\n2\r\n");
        let with_size = b"*4\r\n$8\r\nSHM.OPEN\r\n$1\r\n2\r\n$4\r\nRING\r\n$5\r\n65536\r\n";
        assert_eq!(request(Some(65536)), with_size);
    }

    #[test]
    fn the_descriptor_comes_with_the_answer() {
        let (server, client) = UnixStream::pair().expect("a pair");
        let file = rustix::fs::memfd_create("x", rustix::fs::MemfdFlags::CLOEXEC).expect("a file");
        send(&server, &answer(12288, 4096), file.as_fd()).expect("it is sent");
        let Ok(Answer::Granted(fd)) = receive(&client) else { panic!("granted") };
        assert_eq!(
            rustix::fs::fstat(&fd).expect("open").st_ino,
            rustix::fs::fstat(&file).expect("open").st_ino
        );
    }

    #[test]
    fn an_answer_may_come_in_pieces() {
        let (mut server, client) = UnixStream::pair().expect("a pair");
        let mut arriving = Arriving::default();
        let nothing = arriving.take(&client, false).expect_err("nothing is there");
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
        server.write_all(b"-ERR").expect("written");
        assert!(matches!(arriving.take(&client, false), Ok(None)));
        server.write_all(b" no\r\n").expect("written");
        let answer = arriving.take(&client, false);
        assert!(matches!(answer, Ok(Some(Answer::Refused(why))) if why == "ERR no"));
    }

    #[test]
    fn refusals_are_told_and_nonsense_is_an_error() {
        let (mut server, client) = UnixStream::pair().expect("a pair");
        server.write_all(b"-ERR no\r\n").expect("written");
        assert!(matches!(receive(&client), Ok(Answer::Refused(why)) if why == "ERR no"));
        for nonsense in ["+OK\r\n", "*3\r\n:2\r\n:1\r\n:1\r\n", "*1\r\n:2\r\n", ":1\r\n"] {
            server.write_all(nonsense.as_bytes()).expect("written");
            assert!(receive(&client).is_err(), "{nonsense}");
        }
        server.write_all(&[b'x'; 8192]).expect("written");
        assert!(receive(&client).is_err());
        drop(server);
    }
}
