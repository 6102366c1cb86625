//! The carrier for other hosts with a card that reads memory by itself: RDMA READ.
//!
//! The area is registered with the primary's card, for reading only, while a pass lasts. A replica
//! comes to the port on which the primary listens over RDMA and shows its token with the request to
//! connect; the acceptance says where the area is. Each lane is a connection of its own, over which
//! its card reads chunks; the primary's processor has no part in it.

use crate::carrier::{Admits, Carrier, Export, Lane, Place};
use crate::memory::Area;
use crate::token::Token;
use redpoll_rdma::remote::{Offer, Reader};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The carrier's name.
pub const NAME: &str = "rdma";

/// How long either side waits for the other.
const PATIENCE: Duration = Duration::from_secs(10);

/// Makes the area readable through the port on which this process listens over RDMA, at these
/// addresses; one that is no address of a host stands for that of the link.
///
/// # Errors
/// If there is no RDMA here.
pub fn export(
    area: Arc<Area>,
    admits: Arc<Admits>,
    (addresses, port): (&[IpAddr], u16),
) -> io::Result<Box<dyn Export>> {
    if redpoll_rdma::devices()? == 0 {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "there is no RDMA device"));
    }
    let places: Vec<String> = addresses
        .iter()
        .map(|address| match address.is_unspecified() {
            true => format!("*:{port}"),
            false => SocketAddr::new(*address, port).to_string(),
        })
        .collect();
    let admits = Arc::new(move |word: &[u8; Token::LEN]| admits(&Token::from_bytes(*word)));
    Ok(Box::new(Offered { _offer: Offer::new(area, admits), places: places.join(",") }))
}

struct Offered {
    _offer: Offer,
    places: String,
}

impl Export for Offered {
    fn name(&self) -> &'static str {
        NAME
    }

    fn address(&self) -> String {
        self.places.clone()
    }
}

/// Connects to a primary's area at the first of its places that answers. `host` is where the link
/// leads.
///
/// # Errors
/// If there is no RDMA here, no place answers, or the area has another length.
pub fn open(
    places: &str,
    host: IpAddr,
    token: &Token,
    area_len: usize,
) -> io::Result<Box<dyn Carrier>> {
    let mut failure = io::Error::from(io::ErrorKind::InvalidInput);
    for place in places.split(',') {
        let at = match place.strip_prefix("*:").map(str::parse) {
            Some(port) => port.ok().map(|port| SocketAddr::new(host, port)),
            None => place.parse().ok(),
        };
        let Some(at) = at else { continue };
        let remote = Remote { at, token: token.clone(), area_len, first: Mutex::new(None) };
        match remote.connect() {
            Ok(first) => {
                let remote = Remote { first: Mutex::new(Some(first)), ..remote };
                return Ok(Box::new(Connections(Arc::new(remote))));
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

struct Connections(Arc<Remote>);

impl Carrier for Connections {
    fn name(&self) -> &'static str {
        NAME
    }

    fn lane(&self) -> io::Result<Box<dyn Lane>> {
        Ok(Box::new(Reads { remote: Arc::clone(&self.0), reader: None, buffer: Vec::new() }))
    }
}

struct Remote {
    at: SocketAddr,
    token: Token,
    area_len: usize,
    /// The connection that has shown that it works, for the first lane.
    first: Mutex<Option<Reader>>,
}

impl Remote {
    /// The connection that is there already, or another one.
    fn take(&self) -> io::Result<Reader> {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        first.map_or_else(|| self.connect(), Ok)
    }

    fn connect(&self) -> io::Result<Reader> {
        let reader = Reader::connect(self.at, self.token.as_bytes(), PATIENCE)?;
        match reader.region().length == self.area_len as u64 {
            true => Ok(reader),
            false => Err(io::Error::other("the area is not as long as was said")),
        }
    }
}

/// A lane, which connects when it has something to read: by then others may have read all there is,
/// and nobody is let in any more.
struct Reads {
    remote: Arc<Remote>,
    reader: Option<Reader>,
    buffer: Vec<u8>,
}

impl Lane for Reads {
    fn fetch(&mut self, place: Place) -> io::Result<&[u8]> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            None => self.reader.insert(self.remote.take()?),
        };
        self.buffer.resize(place.len, 0);
        reader.read_into(place.offset, &mut self.buffer)?;
        Ok(&self.buffer)
    }

    fn fetched(&self) -> &[u8] {
        &self.buffer
    }
}
