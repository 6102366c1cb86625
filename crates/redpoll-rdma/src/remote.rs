//! Memory that another machine may read by itself.
//!
//! Whoever has the memory makes an [`Offer`] of it, and says whom to admit: those who show a word
//! that they were told. Such a one connects ([`Reader::connect`]) and is told with the acceptance
//! where the memory is; from then on its network card reads there, and the offering side's
//! processor has no part in it. When the offer is dropped, the device forgets the memory: no key
//! leads there any more.
//!
//! The memory lies in a domain of its own: a connection of any other kind, whatever key it names,
//! does not reach it.

use crate::dial;
use crate::listener::Request;
use crate::verbs::{
    Access, Bell, Channel, Domain, Done, Happening, Pages, Queue, QueuePair, Region, Sizes, Stable,
    describe,
};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// What a reader's request begins with.
const GREETING: &[u8; 8] = b"RPREAD1\n";
/// Bytes of the word.
pub const WORD_LEN: usize = 32;
/// The word by which readers are told from others.
pub type Word = [u8; WORD_LEN];

/// Bytes that are read at once.
const PIECE: usize = 256 << 10;
/// Pieces that are under way at once.
const PIECES: usize = 8;
/// READs at once: as many as both devices can have.
const READS: u8 = 255;

/// Memory of another machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteRegion {
    /// Where it is.
    pub address: u64,
    /// Bytes.
    pub length: u64,
    /// Its key.
    pub key: u32,
}

impl RemoteRegion {
    const LEN: usize = 20;

    fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..8].copy_from_slice(&self.address.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.length.to_be_bytes());
        bytes[16..].copy_from_slice(&self.key.to_be_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<RemoteRegion> {
        let (address, rest) = bytes.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (key, _) = rest.split_first_chunk()?;
        Some(RemoteRegion {
            address: u64::from_be_bytes(*address),
            length: u64::from_be_bytes(*length),
            key: u32::from_be_bytes(*key),
        })
    }
}

/// The word of a reader, if a request comes from one.
fn word_of(request: &Request) -> Option<Word> {
    let rest = request.words.strip_prefix(GREETING)?;
    rest.first_chunk().copied()
}

/// Whether somebody who shows a word may read.
pub type Admits = dyn Fn(&Word) -> bool + Send + Sync;

/// Memory that may be read by those who show the right word, for as long as this is there.
pub struct Offer(Arc<Shared>);

/// The offers of this process. Readers come through the same ports as clients.
static OFFERS: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());

/// A lock of which no holder leaves anything half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets a reader in, if a request comes from one; or gives the request back.
///
/// # Errors
/// If it has come with a word that no offer knows, or the device refuses.
pub fn admit(request: Request) -> io::Result<Option<Request>> {
    let Some(word) = word_of(&request) else { return Ok(Some(request)) };
    let offers: Vec<Arc<Shared>> = lock(&OFFERS).iter().filter_map(Weak::upgrade).collect();
    match offers.into_iter().find(|offer| (offer.admits)(&word)) {
        Some(offer) => {
            // The first reader waits until all of the memory is locked. A reader for whom that
            // fails is refused by the end of its request.
            let accept = move || drop(offer.accept(request));
            thread::Builder::new().name("rdma-admit".to_owned()).spawn(accept)?;
            Ok(None)
        }
        None => {
            request.reject();
            Err(io::Error::new(io::ErrorKind::PermissionDenied, "a reader with a wrong word"))
        }
    }
}

/// What is offered.
struct Shared {
    memory: Arc<dyn Stable>,
    admits: Arc<Admits>,
    /// The memory as a device knows it, one for each device that readers come through, and whom
    /// it is read by; none once it is offered no more.
    devices: Mutex<Option<Vec<Offered>>>,
}

/// Memory as one device knows it.
struct Offered {
    readers: Vec<(QueuePair, Arc<Channel>)>,
    region: Region<dyn Stable>,
    domain: Arc<Domain>,
}

impl Offer {
    /// Offers memory to those whom `admits` admits by their word.
    pub fn new(memory: Arc<dyn Stable>, admits: Arc<Admits>) -> Offer {
        let shared = Arc::new(Shared { memory, admits, devices: Mutex::new(Some(Vec::new())) });
        lock(&OFFERS).push(Arc::downgrade(&shared));
        Offer(shared)
    }
}

impl Drop for Offer {
    fn drop(&mut self) {
        lock(&OFFERS).retain(|offer| !std::ptr::eq(offer.as_ptr(), Arc::as_ptr(&self.0)));
        // Somebody may be about to admit a reader; there is nothing to be admitted to any more.
        let devices = lock(&self.0.devices).take();
        for (pair, _) in devices.iter().flatten().flat_map(|offered| &offered.readers) {
            pair.id().disconnect();
        }
    }
}

impl Shared {
    /// Lets a reader in whose word is right.
    fn accept(&self, request: Request) -> io::Result<()> {
        let channel = Channel::open()?;
        let mut id = request.id;
        id.migrate(&channel)?;
        let mut devices = lock(&self.devices);
        let Some(devices) = devices.as_mut() else {
            id.reject();
            return Ok(());
        };
        let known = devices.iter().position(|offered| offered.domain.is_of(&id));
        let index = match known {
            Some(index) => index,
            None => {
                let domain = Domain::of(&id)?;
                let region = Region::readable(&domain, Arc::clone(&self.memory))?;
                devices.push(Offered { readers: Vec::new(), region, domain });
                devices.len() - 1
            }
        };
        let offered = &mut devices[index];
        let bell = Bell::new(&offered.domain)?;
        let queue = || Queue::new(&bell, 4, 0);
        let sizes = Sizes { send: 1, receive: 1 };
        let pair = QueuePair::new(id, &offered.domain, (queue()?, queue()?), sizes)?;
        let region = RemoteRegion {
            address: offered.region.address(),
            length: self.memory.len() as u64,
            key: offered.region.remote_key(),
        };
        pair.id().accept(READS, &region.encode())?;
        offered.readers.push((pair, channel));
        Ok(())
    }
}

/// A connection through which another machine's memory is read.
pub struct Reader {
    pair: QueuePair,
    room: Region,
    region: RemoteRegion,
    bell: Arc<Bell>,
    channel: Arc<Channel>,
    patience: Duration,
    /// A read has failed: what it had under way may still come.
    failed: bool,
}

impl Reader {
    /// Connects to who offers memory, with the word. `patience` is for this, and for each read.
    ///
    /// # Errors
    /// If nobody accepts, or the word is wrong.
    pub fn connect(to: SocketAddr, word: &Word, patience: Duration) -> io::Result<Reader> {
        let deadline = Instant::now() + patience;
        let channel = Channel::open()?;
        let id = dial::resolve(&channel, to, deadline)?;
        let domain = Domain::of(&id)?;
        let bell = Bell::new(&domain)?;
        let sent = Queue::new(&bell, PIECES as u32, 0)?;
        let received = Queue::new(&bell, 4, 0)?;
        let sizes = Sizes { send: PIECES as u32, receive: 1 };
        let pair = QueuePair::new(id, &domain, (sent, received), sizes)?;
        let pages = Arc::new(Pages::new(PIECE * PIECES)?);
        let room = Region::new(&domain, pages, Access::Receive)?;
        let mut words = GREETING.to_vec();
        words.extend_from_slice(word);
        pair.id().connect(READS, &words)?;
        let event = dial::await_event(&channel, Happening::Established, deadline)?;
        let region = RemoteRegion::decode(&event.words).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "it does not say where its memory is")
        })?;
        Ok(Reader { pair, room, region, bell, channel, patience, failed: false })
    }

    /// The other machine's memory.
    pub fn region(&self) -> RemoteRegion {
        self.region
    }

    /// Reads so many bytes as `into` holds, from `offset` on. Several reads are under way at once.
    ///
    /// # Errors
    /// If the memory ends before, has been taken back, or the connection is lost. Nothing can be
    /// read any more then.
    pub fn read_into(&mut self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        if self.failed {
            return Err(io::ErrorKind::NotConnected.into());
        }
        let result = self.try_read(offset, into);
        self.failed = result.is_err();
        result
    }

    fn try_read(&mut self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(into.len() as u64);
        if end.is_none_or(|end| end > self.region.length) {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the memory ends before"));
        }
        let mut deadline = Instant::now() + self.patience;
        let mut under_way: VecDeque<(usize, usize)> = VecDeque::with_capacity(PIECES);
        let (mut asked, mut done, mut slot) = (0, 0, 0);
        while done < into.len() {
            while asked < into.len() && under_way.len() < PIECES {
                let count = PIECE.min(into.len() - asked);
                let from = self.region.address.wrapping_add(offset + asked as u64);
                let at = slot * PIECE;
                let remote = (from, self.region.key);
                self.pair.read(&self.room, at..at + count, remote, slot as u64)?;
                under_way.push_back((at, count));
                asked += count;
                slot = (slot + 1) % PIECES;
            }
            let batch = self.pair.sent().take()?;
            for completion in batch.iter() {
                match completion.done {
                    Done::Sent => {}
                    Done::Failed(status) => return Err(io::Error::other(describe(status))),
                    _ => return Err(io::ErrorKind::ConnectionReset.into()),
                }
                // Reads are done in the order in which they were asked for.
                if let Some((at, count)) = under_way.pop_front() {
                    self.room.pages().copy_out(at, &mut into[done..done + count]);
                    done += count;
                }
                deadline = Instant::now() + self.patience;
            }
            if batch.iter().next().is_none() && done < into.len() {
                self.wait(deadline)?;
            }
        }
        Ok(())
    }

    /// Waits for a completion.
    fn wait(&mut self, deadline: Instant) -> io::Result<()> {
        self.bell.take()?;
        self.pair.sent().arm()?;
        // One that came before the arming does not ring; a short wait finds it.
        let soon = Instant::now() + Duration::from_millis(2);
        match dial::wait(&*self.bell, soon.min(deadline)) {
            Err(error) if error.kind() == io::ErrorKind::TimedOut && soon < deadline => {}
            result => return result,
        }
        match self.channel.next()? {
            Some(event) if event.happening == Happening::Ended => {
                Err(io::ErrorKind::ConnectionReset.into())
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.pair.id().disconnect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_memory_is_comes_back() {
        let region = RemoteRegion { address: 1 << 63, length: 77, key: 0xdead_beef };
        let mut padded = region.encode().to_vec();
        padded.extend_from_slice(&[0; 100]);
        assert_eq!(RemoteRegion::decode(&padded), Some(region));
        assert_eq!(RemoteRegion::decode(&padded[..19]), None);
    }
}
