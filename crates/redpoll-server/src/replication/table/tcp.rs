//! The carrier for any host: connections by which bytes of chunks are asked for.
//!
//! Each lane is a connection like that of the link: to the same place, with TLS if that has it,
//! logged in as it is. A chunk is asked for in pieces, all of them at once, so that the primary's
//! threads serve others in between; and before it is read, the next one is asked for if there is
//! one, so that it is under way while this one is loaded.

use super::super::follower::Link;
use super::super::handshake::{Line, is_timeout};
use parking_lot::Mutex;
use redpoll_resp::request::encode_words;
use redpoll_sync::{Carrier, Export, Lane, Place, Token};
use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::time::Instant;

/// The carrier's name.
pub const NAME: &str = "tcp";

/// Bytes that are asked for at once.
const PIECE: usize = 256 << 10;
/// The longest line before the bytes.
const HEAD_MAX: u64 = 512;

/// Anybody who is logged in and has a token may ask for chunks; nothing has to be made for it.
pub fn export() -> Box<dyn Export> {
    struct Port;
    impl Export for Port {
        fn name(&self) -> &'static str {
            NAME
        }
        fn address(&self) -> String {
            // That of the link.
            "same".to_owned()
        }
    }
    Box::new(Port)
}

/// Connections to the link's primary.
pub fn open<'l>(link: &'l Link, token: &Token) -> io::Result<Box<dyn Carrier + 'l>> {
    let carrier = Connections { link, token: token.to_string(), first: Mutex::default() };
    // Whether it works is seen now.
    let first = carrier.connect()?;
    *carrier.first.lock() = Some(first);
    Ok(Box::new(carrier))
}

struct Connections<'l> {
    link: &'l Link,
    token: String,
    /// A connection that nobody has taken yet.
    first: Mutex<Option<Connection>>,
}

impl Connections<'_> {
    fn connect(&self) -> io::Result<Connection> {
        let mut line = self.link.line()?;
        line.log_in(&self.link.engine.config)?;
        let (stream, token) = (BufReader::new(Patient(line)), self.token.clone());
        Ok(Connection { stream, token, asked: VecDeque::new(), chunk: Vec::new() })
    }
}

impl Carrier for Connections<'_> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn lane(&self) -> io::Result<Box<dyn Lane>> {
        let ready = self.first.lock().take();
        Ok(Box::new(ready.map_or_else(|| self.connect(), Ok)?))
    }
}

struct Connection {
    stream: BufReader<Patient>,
    token: String,
    /// What has been asked for and not been read yet.
    asked: VecDeque<Place>,
    chunk: Vec<u8>,
}

/// Offsets and lengths of the pieces of a chunk.
fn pieces(place: Place) -> impl Iterator<Item = (usize, usize)> {
    (0..place.len).step_by(PIECE).map(move |from| (from, PIECE.min(place.len - from)))
}

impl Lane for Connection {
    fn ask(&mut self, place: Place) -> io::Result<bool> {
        let mut requests = Vec::new();
        for (from, len) in pieces(place) {
            let (number, from, len) = (place.number.to_string(), from.to_string(), len.to_string());
            let words = ["REPLCONF", "TABLE-FETCH", &self.token, &number, &from, &len];
            encode_words(&mut requests, words.iter().map(|word| word.as_bytes()));
        }
        self.stream.get_mut().0.stream.write_all(&requests)?;
        self.asked.push_back(place);
        Ok(true)
    }

    fn fetch(&mut self, place: Place) -> io::Result<&[u8]> {
        if self.asked.is_empty() {
            self.ask(place)?;
        }
        if self.asked.pop_front() != Some(place) {
            return Err(io::Error::other("another chunk was asked for"));
        }
        // A place is within a slot, so its length is bounded.
        self.chunk.resize(place.len, 0);
        for (from, len) in pieces(place) {
            let mut head = String::new();
            self.stream.by_ref().take(HEAD_MAX).read_line(&mut head)?;
            if head.trim_end() != format!("${len}") {
                let head = head.trim_end();
                return Err(io::Error::other(format!("the primary answered with: {head}")));
            }
            self.stream.read_exact(&mut self.chunk[from..from + len])?;
            self.stream.read_exact(&mut [0; 2])?;
        }
        Ok(&self.chunk)
    }

    fn fetched(&self) -> &[u8] {
        &self.chunk
    }
}

/// Reads of it wait as long as the link is patient.
struct Patient(Line);

impl Read for Patient {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let heard = Instant::now();
        loop {
            match self.0.stream.read(out) {
                Err(error) if is_timeout(&error) => (self.0.patience)(heard.elapsed())?,
                count => return count,
            }
        }
    }
}
