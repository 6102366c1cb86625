//! A connection on which a test sends and compares bytes.

use crate::{patience, shm, tls};
use redpoll_client::{Endpoint, Tls, Transport};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// What [`Raw`] needs of a stream beyond reading and writing.
trait Stream: Read + Write + Send {
    fn set_read_timeout(&self, timeout: Duration) -> std::io::Result<()>;
    fn shut_down_writing(&self) -> std::io::Result<()>;
    fn twin(&self) -> std::io::Result<Box<dyn Stream>>;
}

impl Stream for TcpStream {
    fn set_read_timeout(&self, timeout: Duration) -> std::io::Result<()> {
        TcpStream::set_read_timeout(self, Some(timeout))
    }

    fn shut_down_writing(&self) -> std::io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn twin(&self) -> std::io::Result<Box<dyn Stream>> {
        Ok(Box::new(self.try_clone()?))
    }
}

impl Stream for UnixStream {
    fn set_read_timeout(&self, timeout: Duration) -> std::io::Result<()> {
        UnixStream::set_read_timeout(self, Some(timeout))
    }

    fn shut_down_writing(&self) -> std::io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn twin(&self) -> std::io::Result<Box<dyn Stream>> {
        Ok(Box::new(self.try_clone()?))
    }
}

/// TLS over TCP, whose half that writes is closed without a word of TLS, as by a client that dies;
/// or shared memory, which has no half that could be closed.
impl Stream for Box<dyn Transport> {
    fn set_read_timeout(&self, timeout: Duration) -> std::io::Result<()> {
        Transport::set_read_timeout(&**self, Some(timeout))
    }

    fn shut_down_writing(&self) -> std::io::Result<()> {
        let descriptor = self.poll_fd().ok_or(ErrorKind::Unsupported)?;
        TcpStream::from(descriptor.try_clone_to_owned()?).shutdown(Shutdown::Write)
    }

    fn twin(&self) -> std::io::Result<Box<dyn Stream>> {
        Ok(Box::new(self.duplicate()?))
    }
}

/// See the module's head. Every wait ends with a panic after [`PATIENCE`](crate::PATIENCE).
pub struct Raw {
    stream: Box<dyn Stream>,
}

impl Raw {
    /// Connects to a port of this host.
    #[track_caller]
    pub fn connect(port: u16) -> Raw {
        if tls::is_everywhere() {
            return Raw::tls(port, &tls::trusting());
        }
        if let Some(rings) = shm::connect(port) {
            return Raw::new(Box::new(rings));
        }
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the server's port");
        stream.set_nodelay(true).expect("a socket option");
        Raw::new(Box::new(stream))
    }

    /// Connects to a port of this host, with TLS.
    #[track_caller]
    pub fn tls(port: u16, tls: &Tls) -> Raw {
        let stream = Endpoint::tcp("127.0.0.1", port).connect_tls(Some(patience()), tls);
        Raw::new(Box::new(stream.expect("the server's TLS port")))
    }

    /// Takes over a Unix stream.
    pub fn over(stream: UnixStream) -> Raw {
        Raw::new(Box::new(stream))
    }

    fn new(stream: Box<dyn Stream>) -> Raw {
        stream.set_read_timeout(patience()).expect("a read timeout");
        Raw { stream }
    }

    /// A second handle to the same connection, so that one thread writes and another reads.
    pub fn twin(&self) -> Raw {
        Raw { stream: self.stream.twin().expect("a second handle") }
    }

    /// Sends bytes. A connection that the server has closed is no fault here: what was answered
    /// shows in what is read.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        match self.stream.write_all(bytes.as_ref()) {
            Err(error) if !is_closed(error.kind()) => panic!("cannot send: {error}"),
            _ => {}
        }
    }

    /// Tells the server that nothing more comes.
    pub fn finish(&mut self) {
        self.stream.shut_down_writing().expect("the connection is open");
    }

    /// Reads as many bytes as are expected and compares them.
    #[track_caller]
    pub fn expect(&mut self, expected: impl AsRef<[u8]>) {
        let expected = expected.as_ref();
        let mut seen = vec![0; expected.len()];
        let mut count = 0;
        while count < seen.len() && seen[..count] == expected[..count] {
            match self.stream.read(&mut seen[count..]) {
                Ok(0) => break,
                Ok(more) => count += more,
                Err(error) => {
                    let seen = seen[..count].escape_ascii();
                    panic!("{error} after {seen}, expected {}", expected.escape_ascii());
                }
            }
        }
        let (seen, expected) = (seen[..count].escape_ascii(), expected.escape_ascii());
        assert_eq!(seen.to_string(), expected.to_string());
    }

    /// Sends bytes and compares the answer.
    #[track_caller]
    pub fn check(&mut self, sent: impl AsRef<[u8]>, expected: impl AsRef<[u8]>) {
        self.send(sent);
        self.expect(expected);
    }

    /// Reads until the server closes the connection.
    #[track_caller]
    pub fn read_to_end(&mut self) -> Vec<u8> {
        let mut seen = Vec::new();
        match self.stream.read_to_end(&mut seen) {
            Err(error) if !is_closed(error.kind()) => {
                panic!("{error} instead of the end, after {}", seen.escape_ascii())
            }
            _ => seen,
        }
    }

    /// Demands that the server closes the connection without another byte.
    #[track_caller]
    pub fn expect_closed(&mut self) {
        let seen = self.read_to_end();
        assert!(seen.is_empty(), "more before the end: {}", seen.escape_ascii());
    }

    /// Reads a line without its end.
    #[track_caller]
    pub fn line(&mut self) -> String {
        let mut line = Vec::new();
        let mut byte = [0];
        while !line.ends_with(b"\r\n") {
            self.stream.read_exact(&mut byte).expect("a whole line");
            line.push(byte[0]);
        }
        line.truncate(line.len() - 2);
        String::from_utf8_lossy(&line).into_owned()
    }

    /// Reads and forgets `count` bytes.
    #[track_caller]
    pub fn skip(&mut self, count: usize) {
        let mut rest = (&mut self.stream).take(count as u64);
        let read = std::io::copy(&mut rest, &mut std::io::sink()).expect("bytes");
        assert_eq!(read, count as u64, "the connection ended early");
    }
}

fn is_closed(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}
